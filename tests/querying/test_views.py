"""Which view of a snapshot a query reads."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase

BRAND = "https://w3id.org/commerce-kb/id/brand/heron"


@pytest.mark.parametrize(
    "text",
    [
        "# Brands from a to z, whatever graph they are in\nSELECT ?label { ?brand a ckb:Brand ; rdfs:label ?label }",
        'SELECT ?graph { ?graph a ckb:Brand FILTER("from" != "graph") }',
    ],
)
def test_a_word_in_a_comment_makes_no_view_by_graph(knowledge: KnowledgeBase, text: str) -> None:
    with knowledge.commit(source="manual", message="a brand") as change:
        change.add(BRAND, "rdf:type", "ckb:Brand")
        change.add(BRAND, "rdfs:label", ox.Literal("Heron", language="en"))
    assert len(knowledge.query(text)) == 1
    assert not (knowledge.snapshot.folder / "views").exists()


def test_a_query_of_graphs_sees_them(knowledge: KnowledgeBase) -> None:
    with knowledge.commit(source="manual", message="a brand") as change:
        change.add(BRAND, "rdf:type", "ckb:Brand")
        change.add(BRAND, "rdfs:label", ox.Literal("Heron", language="en"))
    (row,) = knowledge.query(f"SELECT ?g {{ graph ?g {{ <{BRAND}> a ckb:Brand }} }}")
    assert row["g"].value == "https://w3id.org/commerce-kb/graph/manual"
