"""The W3C test suite for SHACL, compared strictly: a bag of focus, path, value, component, shape, severity, message."""

from __future__ import annotations

import tarfile
from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlparse

import pyoxigraph as ox
import pytest

from kb.errors import KbError
from kb.validation import ValidationReport, read_shapes, validate
from kb.validation.paths import read_path
from kb.validation.triples import Triples
from kb.validation.vocabulary import RDF_TYPE, sh

from .reading import data, parsed

MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
SHT = "http://www.w3.org/ns/shacl-test#"

# Cases of the suite that fail, each with its reason. This list only shrinks.
FAILING: dict[str, str] = {}
CORE, SPARQL = 98, 23


@pytest.fixture(scope="session")
def suite(shared_data, tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("w3c")
    with tarfile.open(shared_data("w3c-tests") / "data-shapes-test-suite.tar.gz") as archive:
        archive.extractall(place, filter="data")
    return place / "data-shapes-test-suite" / "tests"


def cases(suite: Path, part: str) -> list[Path]:
    return [
        file
        for file in sorted((suite / part).rglob("*.ttl"))
        if any(quad.object == ox.NamedNode(SHT + "Validate") for quad in parsed(file))
    ]


def outcome(file: Path) -> tuple[Counter, Counter] | str:
    """The bags expected and found, or what failed where a failure is expected."""
    manifest = Triples(parsed(file))
    test = next(manifest.subjects(RDF_TYPE, ox.NamedNode(SHT + "Validate")))
    action = manifest.one(test, ox.NamedNode(MF + "action"))
    wanted = manifest.one(test, ox.NamedNode(MF + "result"))
    graphs = [
        Path(unquote(urlparse(manifest.one(action, ox.NamedNode(SHT + name)).value).path))
        for name in ("dataGraph", "shapesGraph")
    ]
    # Shapes and data of one file share their blank nodes: parse a file once.
    triples = {one: manifest.all if one == file else parsed(one) for one in graphs}
    if wanted == ox.NamedNode(SHT + "Failure"):
        with pytest.raises(KbError):
            validate(read_shapes(triples[graphs[1]]), data(triples[graphs[0]]))
        return Counter(), Counter()
    report = validate(read_shapes(triples[graphs[1]]), data(triples[graphs[0]]))
    assert not report.unchecked, report
    shared = graphs[1] == file
    with_messages = {
        manifest.one(node, sh("focusNode"))
        for node in manifest.objects(wanted, sh("result"))
        if manifest.objects(node, sh("resultMessage"))
    }
    return expected(manifest, wanted, shared), found(report, shared, with_messages)


def expected(manifest: Triples, wanted, shared: bool) -> Counter:
    bag: Counter = Counter()
    for node in manifest.objects(wanted, sh("result")):
        path = manifest.one(node, sh("resultPath"))
        bag[
            manifest.one(node, sh("focusNode")),
            None if path is None else str(read_path(manifest, path, node)),
            manifest.one(node, sh("value")),
            manifest.one(node, sh("sourceConstraintComponent")),
            known(manifest.one(node, sh("sourceShape")), shared),
            manifest.one(node, sh("resultSeverity")),
            frozenset(manifest.objects(node, sh("resultMessage"))),
        ] += 1
    return bag


def found(report: ValidationReport, shared: bool, with_messages: set) -> Counter:
    bag: Counter = Counter()
    for one in report.results:
        messages = frozenset(ox.Literal(text, language=tag or None) for tag, text in one.message.items())
        bag[
            one.focus,
            None if one.path is None else str(one.path),
            one.value,
            one.component,
            known(one.source_shape, shared),
            one.severity,
            messages if one.focus in with_messages else frozenset(),
        ] += 1
    return bag


def known(shape, shared: bool):
    """A source shape; blank nodes of another file can't be compared."""
    return "_:" if isinstance(shape, ox.BlankNode) and not shared else shape


def name_of(file: Path, suite: Path) -> str:
    return str(file.relative_to(suite).with_suffix(""))


@pytest.mark.parametrize(("part", "count"), [("core", CORE), ("sparql", SPARQL)])
def test_every_case_gives_the_reported_bag(suite: Path, part: str, count: int) -> None:
    files = cases(suite, part)
    wrong = {}
    for file in files:
        try:
            wanted, got = outcome(file)
            if wanted != got:
                wrong[name_of(file, suite)] = f"missing {wanted - got}, too many {got - wanted}"
        except (Exception, pytest.fail.Exception) as error:
            wrong[name_of(file, suite)] = f"{type(error).__name__}: {error}"
    assert len(files) == count
    listed = {name for name in FAILING if name.startswith(part)}
    unexpected = {name: why for name, why in wrong.items() if name not in listed}
    assert not unexpected, "\n".join(f"{name}: {why}" for name, why in unexpected.items())
    assert listed <= set(wrong), f"now pass, take them off the list: {listed - set(wrong)}"
