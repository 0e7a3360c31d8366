"""Relative IRIs mean the same wherever a text is sent."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.graphs import BASE
from kb.querying.mentions import may_read


def test_relative_iris_lie_below_the_own_base_unless_a_base_is_given(knowledge: KnowledgeBase) -> None:
    knowledge.update("INSERT DATA { <id/brand/x> a <onto#Brand> ; rdfs:label 'X'@en }")
    assert knowledge.query(f"ASK {{ <{BASE}id/brand/x> a ckb:Brand }}")
    assert knowledge.query("ASK { <id/brand/x> rdfs:label 'X'@en }")
    assert not knowledge.query("BASE <http://example.org/> ASK { <id/brand/x> rdfs:label 'X'@en }")
    knowledge.update(
        "DELETE { <id/brand/x> ?p ?o } INSERT { <id/brand/y> ?p ?o } WHERE { <id/brand/x> ?p ?o }"
    )
    (row,) = knowledge.query("SELECT ?s { ?s rdfs:label 'X'@en }")
    assert row["s"] == ox.NamedNode(f"{BASE}id/brand/y")


@pytest.mark.parametrize("name", ["onto#hasVariant", "./onto#hasVariant", "../commerce-kb/onto#hasVariant"])
def test_a_relative_iri_may_name_a_deferred_property(name: str) -> None:
    assert may_read(f"SELECT * {{ ?s <{name}> ?o }}", [f"{BASE}onto#hasVariant"])
