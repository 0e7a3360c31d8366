"""Who may see some private graphs sees these, all public ones, and nothing that follows from the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from kb import KnowledgeBase, LoadOptions, Solutions
from kb.errors import NotFound
from kb.graphs import GRAPH, INFERRED, PRIVATE, PRIVATE_INFERRED, Private
from kb.settings import Settings

ORDERS, EVENTS = f"{PRIVATE}orders", f"{PRIVATE}events"
PUBLIC = "<urn:brand> a ckb:Brand ; <urn:said> 1 ."
PREFIX = "@prefix ckb: <https://w3id.org/commerce-kb/onto#> .\n"


@pytest.fixture(scope="module")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """A public graph, and two private ones."""
    place = tmp_path_factory.mktemp("sight")
    with KnowledgeBase.open(place / "shop.kb") as opened:
        opened.init(Settings(shapes=()))
        for name, text in (
            ("shop", PUBLIC),
            ("orders", "<urn:order> ckb:placedBy <urn:buyer> ; <urn:said> 2 ."),
            ("events", "<urn:event> a ckb:Order ; <urn:said> 3 ."),
        ):
            file = place / f"{name}.ttl"
            file.write_text(PREFIX + text)
            opened.load(file, source=name, options=LoadOptions(private=name != "shop"))
        yield opened


SIGHTS: list[tuple[Private, set[str]]] = [
    (True, {"1", "2", "3"}),
    (False, {"1"}),
    ((), {"1"}),
    ((ORDERS,), {"1", "2"}),
    ((EVENTS, ORDERS), {"1", "2", "3"}),
    ((PRIVATE_INFERRED, f"{PRIVATE}none"), {"1"}),
]


@pytest.mark.parametrize(("private", "wanted"), SIGHTS)
@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?n { ?s <urn:said> ?n }",
        "SELECT ?n { GRAPH ?g { ?s <urn:said> ?n } }",
        "SELECT ?n { ?s (<urn:said>|^<urn:never>)+ ?n }",
        f"SELECT ?n FROM <{ORDERS}> FROM <{EVENTS}> FROM <{GRAPH}shop> {{ ?s <urn:said> ?n }}",
    ],
)
def test_a_query_reads_what_may_be_seen(
    knowledge: KnowledgeBase, private: Private, wanted: set[str], text: str
) -> None:
    for reasoning in (True, False):
        rows = cast(Solutions, knowledge.query(text, private=private, reasoning=reasoning))
        assert {row["n"].value for row in rows} == wanted


def test_consequences_of_private_graphs_are_for_who_sees_all_of_them(knowledge: KnowledgeBase) -> None:
    inferred = "ASK { <urn:event> a owl:Thing }"
    typed = "ASK { <urn:buyer> a ckb:Buyer }"
    assert knowledge.query(typed) or knowledge.query(inferred)
    for text in (typed, inferred):
        assert not knowledge.query(text, private=(ORDERS,))
    names = cast(Solutions, knowledge.query("SELECT DISTINCT ?g { GRAPH ?g {} }", private=(ORDERS,)))
    seen = {row["g"].value for row in names}
    assert {ORDERS, INFERRED} <= seen
    assert not seen & {EVENTS, PRIVATE_INFERRED, f"{PRIVATE}commits"}


@pytest.mark.parametrize(("private", "wanted"), [(True, 4), (False, 2), ((ORDERS,), 3)])
def test_commits_counts_and_dumps_follow(knowledge: KnowledgeBase, private: Private, wanted: int) -> None:
    assert len(knowledge.log(private=private)) == wanted == knowledge.stats(private=private).commits
    stats = knowledge.stats(private=private)
    assert any(one.name == EVENTS for one in stats.graphs) is (private is True)
    assert (stats.bytes is None, stats.terms is None) == (private is not True,) * 2
    text = b"".join(knowledge.dump(private=private)).decode()
    assert ("<urn:order>" in text, "<urn:event>" in text) == (private is not False, private is True)


def test_a_proof_rests_on_what_may_be_seen(knowledge: KnowledgeBase) -> None:
    assert knowledge.explain("urn:order", "urn:said", 2, private=(ORDERS,)).asserted
    with pytest.raises(NotFound):
        knowledge.explain("urn:event", "urn:said", 3, private=(ORDERS,))
    with pytest.raises(NotFound):
        knowledge.explain("urn:order", "urn:said", 2, private=False)


def test_a_store_without_private_graphs_has_no_view_of_its_own(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path / "shop.kb") as opened:
        opened.update("INSERT DATA { <urn:s> <urn:p> 1 }")
        assert opened.query("ASK { <urn:s> <urn:p> 1 }", private=False)
        assert not (opened.snapshot.folder / "views").exists()
