"""Reviewing over HTTP: what waits as the queue says it, decided about by writers, hidden where its graph is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb import KnowledgeBase
from kb.graphs import of_source
from kb.mining import decisions, queue
from kb.mining.review import REVIEWS
from tests.mining.test_runs import SHOP, record, spu
from tests.server.live import Server
from tests.server.test_pages import PAGE, plain
from tests.shop import turtle

JSON = "application/json"


@pytest.fixture(scope="module")
def mined(launch: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of a store with two edges that wait, and one of a private run."""
    folder = tmp_path_factory.mktemp("review")
    with KnowledgeBase.open(folder / "shop.kb") as knowledge:
        knowledge.load(turtle(folder, SHOP), source="feed")
        record(knowledge, [("a", "b", 0.6), ("a", "c", 0.5)])
        record(knowledge, [("b", "c", 0.4)], miner="baskets", private=True)
    return launch(folder / "shop.kb")


def test_what_waits_is_what_the_queue_says_as_far_as_it_may_be_seen(mined: Server) -> None:
    with KnowledgeBase.open(mined.store, read_only=True) as knowledge:
        near = [one.to_dict() for one in queue(knowledge)]
    assert mined.bearing("analyst").get("/review", Accept=JSON).json == near
    public = mined.get("/review", Accept=JSON).json
    assert [one["score"] for one in public] == [0.6, 0.5] and len(near) == 3
    assert mined.get("/review?limit=1", Accept=JSON).json == public[:1]
    assert mined.get("/review?kind=lists-spu", Accept=JSON).json == []
    assert mined.get("/review?limit=none", Accept=JSON).status == 400
    with KnowledgeBase.connect(mined.address) as remote:
        assert [one.to_dict() for one in queue(remote)] == public
    page = plain(mined.get("/review", Accept=PAGE).text)
    assert (
        "Tea a" in page and "seen with 0.6" in page and "seen with 0.4" not in page and "/accept" not in page
    )
    assert "审核" in mined.get("/review?lang=zh", Accept=PAGE).text


def test_a_writer_decides_and_the_queue_moves_on(mined: Server) -> None:
    first, second = (one["id"] for one in mined.get("/review", Accept=JSON).json)
    accept = f"/review/{first}/accept"
    assert mined.ask("POST", accept).status == 401
    assert mined.bearing("analyst").ask("POST", accept).status == 403
    assert mined.bearing("writer", graphs=(of_source("feed"),)).ask("POST", accept).status == 403
    hidden = mined.bearing("analyst").get("/review", Accept=JSON).json[2]["id"]
    blind = mined.bearing("writer", graphs=(REVIEWS,))
    assert blind.ask("POST", f"/review/{hidden}/accept").status == 404
    assert blind.ask("POST", accept).json["commit"]
    assert blind.ask("POST", f"/review/{second}/reject?note=another%20brew").json["commit"]
    assert mined.get("/review", Accept=JSON).json == []
    told = mined.get("/review/decided", Accept=JSON).json
    assert {(one["object"], one["accepted"]) for one in told} == {(spu("b"), True), (spu("c"), False)}
    with KnowledgeBase.open(mined.store, read_only=True) as knowledge:
        assert [one.to_dict() for one in decisions(knowledge)] == told
    assert "accepted" in plain(mined.get("/review/decided", Accept=PAGE).text)
