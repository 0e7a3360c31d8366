"""The 52 rules: each is described in full, finds its bad fixture and leaves its good one alone."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import cache

import pyoxigraph as ox
import pytest
import rdflib
from pyshacl import validate
from rdflib import DCTERMS, SH
from rdflib.plugins.sparql import processor
from rdflib.plugins.sparql.sparql import Query

from tests.shapes.cases import ROOT, Case, find_cases, parse, shape_files, surroundings

CASES = find_cases()
RULES = [f"CKB-{number:03}" for number in range(1, 53)]


def as_graph(triples: list[ox.Triple]) -> rdflib.Graph:
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    return rdflib.Graph().parse(io.BytesIO(text), format="nt")


@cache
def shapes() -> rdflib.Graph:
    return as_graph([triple for file in shape_files() for triple in parse(file)])


@pytest.fixture(scope="module", autouse=True)
def queries_parsed_once() -> Iterator[None]:
    """Keeps rdflib from parsing a constraint's query again for every focus node: minutes become seconds."""
    parse_query, translate = processor.parseQuery, processor.translateQuery
    parsed: dict[str, Query] = {}

    def translate_once(text: str, base: str | None = None, names: dict[str, str] | None = None) -> Query:
        if text not in parsed:
            parsed[text] = translate(parse_query(text), base, names)
        return parsed[text]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processor, "parseQuery", lambda text: text)
        patch.setattr(processor, "translateQuery", translate_once)
        yield


def judge(triples: list[ox.Triple]) -> set[str]:
    """The parts of rules (such as CKB-007a) that pySHACL finds broken in some triples."""
    _, report, _ = validate(as_graph(triples), shacl_graph=shapes(), inference="none")
    broken = (report.value(result, SH.sourceShape) for result in report.objects(None, SH.result))
    return {str(shapes().value(shape, DCTERMS.identifier)) for shape in broken}


def described() -> list[tuple[str, rdflib.term.Node]]:
    return sorted((str(name), shape) for shape, name in shapes().subject_objects(DCTERMS.identifier))


def parts_of(rule: str) -> set[str]:
    return {name for name, _ in described() if name[:7] == rule}


def test_all_52_rules_are_there() -> None:
    assert sorted({name[:7] for name, _ in described()}) == RULES
    assert sorted({case.rule for case in CASES}) == RULES


def test_identifiers_are_unique_and_lettered_without_gaps() -> None:
    names = [name for name, _ in described()]
    assert len(names) == len(set(names))
    for rule in RULES:
        letters = sorted(name[7:] for name in parts_of(rule))
        assert letters == [""] or letters == [chr(ord("a") + i) for i in range(len(letters))]


@pytest.mark.parametrize(("name", "shape"), [pytest.param(*entry, id=entry[0]) for entry in described()])
def test_shape_describes_itself(name: str, shape: rdflib.URIRef) -> None:
    graph = shapes()
    assert re.fullmatch(r"CKB-\d{3}[a-z]?", name)
    assert re.fullmatch(r"https://w3id\.org/commerce-kb/shapes#[A-Z]\w+Shape", shape)
    assert {text.language for text in graph.objects(shape, SH.name)} == {"en", "zh"}
    holders = list(graph.objects(shape, SH.sparql)) or [shape]
    for holder in holders:
        messages = list(graph.objects(holder, SH.message))
        assert sorted(text.language for text in messages) == ["en", "zh"]
        assert all(str(text)[-1] in ".。" for text in messages)
    assert graph.value(shape, SH.severity) in (SH.Violation, SH.Warning, SH.Info)
    requirement = rdflib.URIRef(f"https://w3id.org/commerce-kb/requirements#{name[:7]}")
    assert requirement in graph.objects(shape, DCTERMS.source)


def test_only_described_shapes_have_targets() -> None:
    graph = shapes()
    kinds = (SH.targetClass, SH.targetSubjectsOf, SH.targetObjectsOf, SH.targetNode)
    targeted = {shape for kind in kinds for shape in graph.subjects(kind)}
    assert targeted == {shape for _, shape in described()}


def test_sparql_constraints_keep_to_what_set_evaluation_can_run() -> None:
    for text in map(str, shapes().objects(None, SH.select)):
        assert re.match(r"\s*SELECT (DISTINCT )?\$this ", text)
        assert not re.search(r"\b(MINUS|VALUES|SERVICE)\b", text)
        assert "$this" in text.split("WHERE {", 1)[1].split(".", 1)[0]
        for inner in re.findall(r"\{\s*SELECT (.*?) WHERE", text):
            assert inner.startswith("$this ")
        for variable in re.findall(r"{\?(\w+)}", " ".join(messages_with(text))):
            assert f"?{variable}" in text.split("WHERE", 1)[0].replace("$", "?")


def messages_with(select: str) -> list[str]:
    graph = shapes()
    holder = graph.value(predicate=SH.select, object=rdflib.Literal(select))
    return [str(text) for text in graph.objects(holder, SH.message)]


def test_surroundings_break_no_rule() -> None:
    assert judge(surroundings()) == set()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fixture_is_judged_as_stated(case: Case) -> None:
    expected = parts_of(case.rule) if case.breaks else set()
    assert judge(case.triples()) == expected


def test_table_in_the_documentation_lists_every_part_with_its_severity_and_file() -> None:
    table = (ROOT / "docs" / "shapes.md").read_text(encoding="utf-8")
    for file in shape_files():
        for triple in parse(file):
            if triple.predicate.value == str(DCTERMS.identifier):
                severity = shapes().value(rdflib.URIRef(triple.subject.value), SH.severity)
                row = next(
                    line for line in table.splitlines() if line.startswith(f"| {triple.object.value} |")
                )
                assert str(severity).rsplit("#", 1)[1] in row
                assert file.name in row
