"""What the shipped ontology is for: the cases of tests/ontology/inferences, by our engine."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb.columns.dictionary import Dictionary
from kb.columns.relations import Relation, Relations
from kb.reasoning import RuleSet, compile_ontology, explain, materialise
from kb.reasoning.entailment import relations_of
from kb.resources import folder

from .conftest import to_facts

ROWS = sorted((Path(__file__).parent.parent / "ontology" / "inferences").glob("*.trig"))
TEST = "https://w3id.org/commerce-kb/test#"


@cache
def shipped() -> tuple[Dictionary, RuleSet]:
    """The rules of all modules, blank nodes kept apart by file."""
    dictionary = Dictionary()
    triples = []
    for file in sorted(folder("ontology").glob("*.ttl")):
        triples += ox.parse(path=str(file), format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)
    return dictionary, compile_ontology(triples, dictionary)


def graph(row: Path, name: str) -> list[ox.Quad]:
    return [
        quad
        for quad in ox.parse(path=str(row), format=ox.RdfFormat.TRIG)
        if quad.graph_name == (ox.NamedNode(TEST + name) if name else ox.DefaultGraph())
    ]


def clash(row: Path) -> str | None:
    return next((one.object.value for one in graph(row, "") if one.predicate.value == f"{TEST}clash"), None)


PLAIN = [row for row in ROWS if clash(row) is None]
CLASHING = [row for row in ROWS if clash(row) is not None]


def test_there_are_thirty_six_rows():
    assert len({row.name[:2] for row in ROWS}) == 36


def test_the_ontology_has_no_construct_outside_the_rules():
    assert shipped()[1].unsupported == ()
    assert shipped()[1].missing_imports == ()


@pytest.mark.parametrize("row", PLAIN, ids=lambda row: row.stem)
def test_what_must_follow_follows_and_is_proven(row):
    dictionary, rules = shipped()
    given = relations_of(dictionary, graph(row, "given"))
    found = materialise(rules, given)
    assert found.contradictions == ()
    closed = given.united(Relations({key: Relation(pairs) for key, pairs in found.relations.items()}))
    expected = {(one.subject, one.predicate, one.object) for one in graph(row, "expected")}
    assert expected
    assert expected <= to_facts(dictionary, closed)
    for fact in expected:
        ids = [dictionary.id(str(term)) for term in fact]
        assert explain(rules, closed, given, *ids, dictionary=dictionary) is not None


@pytest.mark.parametrize("row", CLASHING, ids=lambda row: row.stem)
def test_what_contradicts_is_found_by_its_rule(row):
    dictionary, rules = shipped()
    given = relations_of(dictionary, graph(row, "given"))
    assert materialise(rules, given).contradictions == ()
    faulty = given.united(relations_of(dictionary, graph(row, "fault")))
    found = materialise(rules, faulty).contradictions
    names = {one.source.names[0] for one in found}
    # One disjointness may be stated pairwise or as a group.
    assert names <= {"cax-dw", "cax-adc"} if clash(row) == "cax-dw" else clash(row) in names
    assert names
