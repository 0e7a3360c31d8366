"""The shop speaks the ontology: no term of ours that the ontology does not declare, no reference to nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

OURS = "https://w3id.org/commerce-kb/onto#"
VOCAB = "https://w3id.org/commerce-kb/vocab/"
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")


@pytest.fixture(scope="module")
def declared(repository: Path) -> ox.Store:
    store = ox.Store()
    for file in [
        *(repository / "ontology").glob("*.ttl"),
        *(repository / "ontology" / "vocab").glob("*.ttl"),
    ]:
        store.bulk_load(path=str(file), format=ox.RdfFormat.TURTLE)
    return store


def test_every_property_and_class_is_declared(store: ox.Store, declared: ox.Store) -> None:
    used = {quad.predicate for quad in store} | {quad.object for quad in store if quad.predicate == TYPE}
    ours = {term for term in used if term.value.startswith(OURS)}
    assert len(ours) > 100
    assert {term.value for term in ours if not list(declared.quads_for_pattern(term, TYPE, None))} == set()


def test_every_term_of_a_vocabulary_is_declared(store: ox.Store, declared: ox.Store) -> None:
    used = {
        q.object for q in store if isinstance(q.object, ox.NamedNode) and q.object.value.startswith(VOCAB)
    }
    assert used
    assert {term.value for term in used if not list(declared.quads_for_pattern(term, TYPE, None))} == set()


def test_every_individual_that_is_named_is_described(store: ox.Store) -> None:
    described = {quad.subject.value for quad in store if quad.predicate == TYPE}
    named = {q.object.value for q in store if isinstance(q.object, ox.NamedNode) and "/id/" in q.object.value}
    assert named - described == set()


def test_names_are_bilingual(ask: Callable[..., list[tuple[str | None, ...]]]) -> None:
    for name in ("rdfs:label", "skos:prefLabel"):
        rows = ask(
            f"SELECT ?x {{ ?x {name} ?any }} GROUP BY ?x HAVING (COUNT(DISTINCT LANG(?any)) < 2 || COUNT(?any) != 2)"
        )
        assert rows == []
    assert len(ask("SELECT ?x { ?x a ckb:SPU ; rdfs:label ?any }")) == 320


def test_brand_names_are_different(ask: Callable[..., list[tuple[str | None, ...]]]) -> None:
    rows = ask("SELECT ?label { ?brand a ckb:Brand ; rdfs:label ?label . FILTER(LANG(?label) = 'en') }")
    assert len(rows) == len(set(rows)) == 41
