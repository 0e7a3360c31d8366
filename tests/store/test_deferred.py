"""Deferred properties: what follows is answered when a query asks, and no query can tell the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.settings import Settings
from tests.shop import turtle

DATA = """
@prefix sku: <https://w3id.org/commerce-kb/id/sku/> .
@prefix spu: <https://w3id.org/commerce-kb/id/spu/> .
brand:big a ckb:Brand . brand:small a ckb:Brand ; ckb:directSubBrandOf brand:big .
sku:1 ckb:variantOf spu:1 . sku:2 ckb:variantOf spu:1 . spu:1 ckb:directBrand brand:small .
spu:2 ckb:hasVariant sku:3 .
"""
ID = "https://w3id.org/commerce-kb/id/"
QUERIES = [
    "SELECT ?s ?o { ?s ckb:hasVariant ?o }",
    "SELECT ?s ?o { ?s ckb:hasSubBrand ?o }",
    "SELECT ?s ?o { ?o ^ckb:hasVariant ?s }  # hasVariant backwards",
    "SELECT ?p ?o { <https://w3id.org/commerce-kb/id/spu/1> ?p ?o }",
    "SELECT ?s ?o { ?s ckb:variantOf ?o }",
    "SELECT ?s ?o { ?s !ckb:variantOf ?o . ?s ckb:directBrand ?b }",
    "SELECT ?g ?s { GRAPH ?g { ?s ckb:hasVariant ?o } }",
    "PREFIX x: <https://w3id.org/commerce-kb/onto#hasV> SELECT ?s { ?s x:ariant ?o }",
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o FILTER(?p != <urn:x>) FILTER(STRSTARTS(STR(?p), STR(ckb:))) }",
]


def opened(place: Path, tmp_path: Path, **settings) -> KnowledgeBase:
    knowledge = KnowledgeBase.open(place)
    knowledge.init(Settings(shapes=(), **settings))
    knowledge.load(turtle(tmp_path, DATA))
    return knowledge


@pytest.fixture
def both(tmp_path: Path):
    with (
        opened(tmp_path / "ready.kb", tmp_path) as ready,
        opened(tmp_path / "deferred.kb", tmp_path, deferred=("inverses", "ckb:hasSubBrand")) as deferred,
    ):
        yield ready, deferred


def answers(knowledge: KnowledgeBase, query: str, **options) -> list[tuple[str, ...]]:
    return sorted(tuple(map(str, row)) for row in knowledge.query(query, **options))


@pytest.mark.parametrize("query", QUERIES)
def test_answers_are_those_of_a_store_that_defers_nothing(both, query: str) -> None:
    ready, deferred = both
    for options in ({}, {"private": False}, {"reasoning": False}):
        found = answers(deferred, query, **options)
        assert found == answers(ready, query, **options)
        assert found or options.get("reasoning") is False


def test_what_is_deferred_is_not_written(both) -> None:
    ready, deferred = both
    assert len(deferred.snapshot.store) < len(ready.snapshot.store)
    assert not (deferred.snapshot.folder / "views").exists()
    assert deferred.doctor() and ready.doctor()


def test_commits_keep_what_is_deferred_in_step(both) -> None:
    for knowledge in both:
        with knowledge.commit(source="more", message="asserted what followed, and a new variant") as change:
            change.add(
                f"{ID}spu/1",
                "ckb:hasVariant",
                f"{ID}sku/1",
            )
            change.add(
                f"{ID}sku/9",
                "ckb:variantOf",
                f"{ID}spu/2",
            )
    ready, deferred = both
    assert len(answers(deferred, QUERIES[0])) == 4
    for knowledge in both:
        knowledge.revert(str(knowledge.log()[-1].number))
    for query in QUERIES:
        assert answers(deferred, query) == answers(ready, query)
    assert deferred.doctor()
