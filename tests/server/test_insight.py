"""The market's pages and data, from a real server on a demo shop."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.insight import INSIGHTS, Scope
from kb.workers.errands import Call, Kind
from kb.workers.worker import work
from tests.server.live import Server

BRAND = "https://w3id.org/commerce-kb/id/brand/B0005"


@pytest.fixture(scope="module")
def market(launch: Callable[..., Server], demo_store: Path) -> Server:
    return launch(demo_store).bearing("analyst")


def test_it_tells_what_the_library_tells(market: Server, demo_store: Path) -> None:
    with KnowledgeBase.open(demo_store, read_only=True) as knowledge:
        expected = knowledge.insight("top", scope=Scope(category="Beauty", limit=5))
    found = market.get("/insight/top?category=Beauty&limit=5&format=json")
    assert found.status == 200
    assert found.type == "application/json"
    assert found.json["rows"] == json.loads(json.dumps(expected.to_dict()["rows"]))
    assert found.json["sparql"].startswith("/questions/C01?category=https")
    table = list(csv.reader(io.StringIO(market.get("/insight/top?category=Beauty&limit=5&format=csv").text)))
    assert [row[1] for row in table[1:]] == [row["spu"] for row in found.json["rows"]]


def test_tables_are_made_aside_so_that_no_insight_passes_for_a_long_request(demo_store: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(theirs, demo_store, 1 << 30))
    process.start()
    theirs.close()
    kinds = [Kind(ours.recv_bytes()[:1])]
    ours.send(Call("insight", {"name": "top", "private": True}))
    while kinds[-1] is not Kind.VALUE:
        kinds.append(Kind(ours.recv_bytes()[:1]))
    ours.close()
    process.join(60)
    assert kinds == [Kind.READY, Kind.PREPARING, Kind.PREPARED, Kind.VALUE] and process.exitcode == 0


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", INSIGHTS)
def test_every_insight_has_a_page(name: str, language: str, market: Server) -> None:
    chosen = {
        "competitors": f"&family={BRAND}",
        "price-history": "&sku=https://w3id.org/commerce-kb/id/sku/K000001",
    }
    found = market.get(f"/insight/{name}?lang={language}{chosen.get(name, '')}", Accept="text/html")
    assert found.status == 200
    kind = INSIGHTS[name]
    assert (kind.title_zh if language == "zh" else kind.title) in found.text
    assert f"/questions/{kind.question}" in found.text


def test_a_page_asks_for_what_it_needs(market: Server) -> None:
    found = market.get("/insight/competitors", Accept="text/html")
    assert found.status == 200
    assert "Choose what it is about." in found.text
    assert market.get("/insight/competitors", Accept="application/json").status == 400


def test_the_question_behind_a_number_answers(market: Server) -> None:
    found = market.get(f"/insight/competitors?family={BRAND}&format=json").json
    assert market.get(f"{found['sparql']}&format=json").status == 200


def test_what_is_private_stays_so(launch: Callable[..., Server], demo_store: Path, market: Server) -> None:
    anonymous = launch(demo_store)
    assert anonymous.get("/insight/influencers?format=json").json["rows"] == []
    assert market.get("/insight/influencers?format=json").json["rows"]


def test_the_same_answer_is_not_sent_twice(market: Server) -> None:
    first = market.get("/insight/top?format=json")
    assert market.get("/insight/top?format=json", If_None_Match=first.headers["ETag"]).status == 304


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/insight/weather?format=json", 404),
        ("/insight/top?category=zzzzzzzz&format=json", 404),
        ("/insight/top?since=soon&format=json", 400),
        ("/insight/top?limit=0&format=json", 400),
        ("/insight/top?limit=999999&format=json", 400),
    ],
)
def test_mistakes_are_named(path: str, status: int, market: Server) -> None:
    found = market.get(path, Accept="application/json")
    assert found.status == status
    assert found.json["title"]


def test_the_list_links_to_all(market: Server) -> None:
    page = market.get("/insight", Accept="text/html").text
    assert all(f"/insight/{name}" in page for name in INSIGHTS)
