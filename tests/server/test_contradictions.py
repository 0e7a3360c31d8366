"""Contradictions over HTTP: as kb reason tells them, and only of what the caller sees."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kb import KnowledgeBase, LoadOptions
from kb.settings import Settings
from tests.server.live import Server
from tests.server.test_pages import PAGE, plain
from tests.test_contradictions import BAD, EX, ONTOLOGY, turtle


@pytest.fixture(scope="module")
def contradictory(launch: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of a store with one contradiction in public, and one that takes a private fact."""
    folder = tmp_path_factory.mktemp("contradictory")
    with KnowledgeBase.open(folder / "shop.kb") as knowledge:
        knowledge.init(Settings(ontology=(str(turtle(folder, ONTOLOGY, "onto.ttl")),), shapes=()))
        knowledge.load(turtle(folder, BAD))
        hidden = turtle(folder, ":good :likes :hidden .", "secrets.ttl")
        knowledge.load(hidden, source="secrets", options=LoadOptions(private=True))
    return launch(folder / "shop.kb")


def test_the_server_tells_what_the_facade_tells(contradictory: Server) -> None:
    answer = contradictory.bearing("analyst").get("/contradictions", Accept="application/json")
    with KnowledgeBase.open(contradictory.store, read_only=True) as knowledge:
        assert answer.json == knowledge.contradictions().to_dict()
        anew = knowledge.reason(accounts=None)
    told = [one["sentence"] for one in answer.json["contradictions"]]
    assert sorted(told) == sorted(anew.contradictions) and len(told) == 2


def test_programs_elsewhere_get_what_the_facade_gives(contradictory: Server) -> None:
    token = contradictory.bearing("analyst").headers["Authorization"].removeprefix("Bearer ")
    with (
        KnowledgeBase.open(contradictory.store, read_only=True) as local,
        KnowledgeBase.connect(contradictory.address, token=token) as analyst,
        KnowledgeBase.connect(contradictory.address) as stranger,
    ):
        assert analyst.contradictions(accounts=10) == local.contradictions(accounts=10)
        assert stranger.contradictions() == local.contradictions(private=False)


@pytest.mark.parametrize("accept", ["application/json", PAGE])
def test_strangers_see_contradictions_of_public_facts_alone(contradictory: Server, accept: str) -> None:
    elsewhere = contradictory.bearing("analyst", graphs=("https://w3id.org/commerce-kb/graph/private/other",))
    for stranger in (contradictory, contradictory.bearing("reader"), elsewhere):
        answer = stranger.get("/contradictions", Accept=accept)
        assert answer.status == 200 and "hidden" not in answer.text and f"{EX}good" not in answer.text
        if accept != PAGE:
            assert answer.json["count"] == 1
    assert "hidden" in contradictory.bearing("analyst").get("/contradictions", Accept=accept).text


def test_the_page_has_the_sentence_both_proofs_and_what_to_take_back(contradictory: Server) -> None:
    page = contradictory.get("/contradictions", Accept=PAGE)
    text = plain(page.text)
    assert "exclude each other" in text and "cax-dw" in text and "asserted" in text
    assert "To mend it, take back one of these" in text
    assert "矛盾" in contradictory.get("/contradictions?lang=zh", Accept=PAGE).text


def test_a_consistent_store_says_so(server: Server) -> None:
    assert server.get("/contradictions", Accept="application/json").json == {"count": 0, "contradictions": []}
    assert "can be true together" in plain(server.get("/contradictions", Accept=PAGE).text)
