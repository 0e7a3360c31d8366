"""A shape that a change leaves out would have judged the same: every planted fault, and random removals."""

from __future__ import annotations

import random
from collections import Counter
from functools import cache

import pyoxigraph as ox
import pytest

from kb.terms import RDF, RDFS
from kb.validation import Changed, ValidationReport, affected, validate
from kb.validation.dependencies import _read
from tests.shapes.cases import Case, find_cases, parse, subclass_axioms, surroundings

from .reading import data
from .test_shape_fixtures import own_shapes


@cache
def superclasses() -> dict[str, set[str]]:
    direct: dict[str, set[str]] = {}
    for axiom in subclass_axioms():
        direct.setdefault(axiom.subject.value, set()).add(axiom.object.value)
    closed = {}
    for start in direct:
        found, pending = {start}, [start]
        while pending:
            for above in direct.get(pending.pop(), set()) - found:
                found.add(above)
                pending.append(above)
        closed[start] = found
    return closed


def changed_by(triples: list[ox.Triple]) -> Changed:
    classes = {triple.object.value for triple in triples if triple.predicate == RDF.type}
    above = {name for one in classes for name in superclasses().get(one, {one})}
    predicates = {triple.predicate.value for triple in triples if triple.predicate != RDF.type}
    return Changed(frozenset(predicates), frozenset(above))


def bag(report: ValidationReport) -> Counter:
    return Counter((str(one.focus), one.shape_id, str(one.value)) for one in report.results)


@pytest.mark.parametrize("case", [one for one in find_cases() if one.breaks], ids=str)
def test_the_shapes_that_a_fault_affects_find_all_that_all_shapes_find(case: Case) -> None:
    chosen = affected(own_shapes(), changed_by(parse(case.file)))
    assert bag(validate(chosen, data(case.triples()))) == bag(validate(own_shapes(), data(case.triples())))
    assert sum(1 for _ in chosen.roots()) < sum(1 for _ in own_shapes().roots())


@pytest.mark.parametrize("seed", range(12))
def test_shapes_left_out_judge_as_before_when_rows_go(seed: int) -> None:
    shop = surroundings()
    gone = random.Random(seed).sample([one for one in shop if one.predicate != RDFS.subClassOf], 3)
    chosen = {shape.identifier for shape in affected(own_shapes(), changed_by(gone)).roots()}
    before = bag(validate(own_shapes(), data(shop)))
    after = bag(validate(own_shapes(), data([one for one in shop if one not in gone])))
    idle = {row: count for row, count in (after - before).items() if row[1] not in chosen}
    assert idle == {}


@pytest.mark.parametrize(
    ("query", "predicate", "class_"),
    [
        ("{ $this ?p ?o }", True, False),
        ("{ $this <urn:p> ?o ; ?p ?q . }", True, False),
        ("{ $this <urn:p> ?o , ?q ; <urn:q> ?r }", False, False),
        ("{ $this a ?type }", False, True),
        ("{ $this <urn:a>/<urn:b>* ?o . FILTER(?o != ?x && ?y < ?z) }", False, False),
        ("{ $this <urn:p> ?o FILTER EXISTS { ?s ?any ?o } }", True, False),
    ],
)
def test_variables_in_the_place_of_predicates_and_classes_are_seen(
    query: str, predicate: bool, class_: bool
) -> None:
    read = _read(f"SELECT $this WHERE {query}")
    assert (read.any_predicate, read.any_class) == (predicate, class_)
