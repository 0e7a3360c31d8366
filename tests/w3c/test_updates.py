"""The W3C's SPARQL 1.1 update tests, evaluation and syntax, each through the ground diff on a plain dataset."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb.errors import QueryError
from kb.querying.datasets import StoreQuads
from kb.querying.syntax import operations
from kb.querying.updates import diff_of, judge

FOLDERS = (
    *("add", "basic-update", "clear", "copy", "delete", "delete-data", "delete-insert", "delete-where"),
    *("drop", "move", "update-silent"),
)
MANIFEST = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
UPDATE = "http://www.w3.org/2009/sparql/tests/test-update#"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
EVALUATED = 94


@dataclass(frozen=True)
class Case:
    """One test: a request, the dataset it finds, the dataset it should leave."""

    name: str
    request: str
    before: ox.Store
    after: ox.Store


def cases(folder: Path) -> list[Case]:
    base = "http://example.test/"
    manifest = ox.Store()
    manifest.load(path=str(folder / "manifest.ttl"), format=ox.RdfFormat.TURTLE, base_iri=base)

    def one(subject, predicate: ox.NamedNode):
        return next((quad.object for quad in manifest.quads_for_pattern(subject, predicate, None)), None)

    def path_of(term: ox.NamedNode) -> Path:
        return folder / term.value.removeprefix(base)

    def dataset(node) -> ox.Store:
        store = ox.Store()
        for quad in manifest.quads_for_pattern(node, ox.NamedNode(f"{UPDATE}data"), None):
            store.load(path=str(path_of(quad.object)), format=ox.RdfFormat.TURTLE, base_iri=base)
        for quad in manifest.quads_for_pattern(node, ox.NamedNode(f"{UPDATE}graphData"), None):
            name = ox.NamedNode(one(quad.object, LABEL).value)
            file = path_of(one(quad.object, ox.NamedNode(f"{UPDATE}graph")))
            store.load(path=str(file), format=ox.RdfFormat.TURTLE, base_iri=base, to_graph=name)
        return store

    kind = ox.NamedNode(f"{MANIFEST}UpdateEvaluationTest")
    tests = [quad.subject for quad in manifest.quads_for_pattern(None, TYPE, kind)]
    found = []
    for test in tests:
        action = one(test, ox.NamedNode(f"{MANIFEST}action"))
        request = path_of(one(action, ox.NamedNode(f"{UPDATE}request"))).read_text(encoding="utf-8")
        result = one(test, ox.NamedNode(f"{MANIFEST}result"))
        found.append(Case(test.value.rpartition("#")[2], request, dataset(action), dataset(result)))
    return found


def canonical(quads) -> ox.Dataset:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


@pytest.mark.parametrize("folder", FOLDERS)
def test_updates_leave_the_dataset_that_the_suite_expects(suite: Path, folder: str) -> None:
    wrong = []
    judged = cases(suite / folder)
    for case in judged:
        diff = diff_of(StoreQuads(case.before), case.request)
        left = (set(case.before) - set(diff.removed)) | set(diff.added)
        if canonical(left) != canonical(case.after):
            wrong.append(case.name)
    assert judged and not wrong


def test_no_evaluation_test_of_the_suite_is_left_out(suite: Path) -> None:
    kind = "mf:UpdateEvaluationTest"
    texts = [path.read_text(encoding="utf-8") for path in suite.glob("*/manifest.ttl")]
    assert sum(len(cases(suite / folder)) for folder in FOLDERS) == EVALUATED
    assert sum(text.count(kind) for text in texts) == EVALUATED


@pytest.mark.parametrize("kind", ["Positive", "Negative"])
def test_updates_parse_as_the_suite_says(suite: Path, kind: str) -> None:
    wrong = []
    judged = 0
    for folder in ("syntax-update-1", "syntax-update-2"):
        manifest = ox.Store()
        manifest.load(path=str(suite / folder / "manifest.ttl"), format=ox.RdfFormat.TURTLE, base_iri="x:/")
        tests = ox.NamedNode(f"{MANIFEST}{kind}UpdateSyntaxTest11")
        for test in manifest.quads_for_pattern(None, TYPE, tests):
            (action,) = manifest.quads_for_pattern(test.subject, ox.NamedNode(f"{MANIFEST}action"), None)
            text = (suite / folder / action.object.value.removeprefix("x:/")).read_text(encoding="utf-8")
            judged += 1
            if parses(f"BASE <http://example.test/>\n{text}") != (kind == "Positive"):
                wrong.append(action.object.value)
    assert judged == {"Positive": 42, "Negative": 13}[kind]
    assert not wrong


def parses(text: str) -> bool:
    """Whether a request gets as far as its operations."""
    try:
        judge(text)
        operations(text)
    except QueryError:
        return False
    return True
