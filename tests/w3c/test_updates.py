"""The W3C's SPARQL 1.1 update tests, each through the ground diff on a plain dataset."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb.errors import Forbidden
from kb.querying.datasets import StoreQuads
from kb.querying.updates import diff_of

FOLDERS = (
    *("add", "basic-update", "clear", "copy", "delete", "delete-data", "delete-insert", "delete-where"),
    *("drop", "move", "update-silent"),
)
MANIFEST = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
UPDATE = "http://www.w3.org/2009/sparql/tests/test-update#"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
REFUSED = {"load-silent", "load-into-silent"}
"""LOAD reads files and addresses, which an update may not: refused, SILENT or not."""


@dataclass(frozen=True)
class Case:
    """One test: a request, the dataset it finds, the dataset it should leave."""

    name: str
    request: str
    before: ox.Store
    after: ox.Store


@pytest.fixture(scope="module")
def suite(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("w3c")
    with tarfile.open(shared_data("w3c-tests") / "rdf-tests-sparql.tar.gz") as archive:
        archive.extractall(place, filter="data")
    return place / "sparql" / "sparql11"


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
    judged = [case for case in cases(suite / folder) if case.name not in REFUSED]
    for case in judged:
        diff = diff_of(StoreQuads(case.before), case.request)
        left = (set(case.before) - set(diff.removed)) | set(diff.added)
        if canonical(left) != canonical(case.after):
            wrong.append(case.name)
    assert judged and not wrong


def test_loading_is_refused_even_when_silent(suite: Path) -> None:
    refused = [case for case in cases(suite / "update-silent") if case.name in REFUSED]
    assert {case.name for case in refused} == REFUSED
    for case in refused:
        with pytest.raises(Forbidden, match="kb load"):
            diff_of(StoreQuads(case.before), case.request)
