"""The manifests of the W3C's SPARQL 1.1 suite: what each test says."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

BASE = "http://example.test/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPE = ox.NamedNode(f"{RDF}type")
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TESTS = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
QUERY = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UPDATE = "http://www.w3.org/2009/sparql/tests/test-update#"
HTTP = "http://www.w3.org/2011/http#"
CHARS = "http://www.w3.org/2011/content#chars"
_SYNTAXES = {".ttl": ox.RdfFormat.TURTLE, ".nt": ox.RdfFormat.N_TRIPLES, ".rdf": ox.RdfFormat.RDF_XML}


def unpacked(archive: Path, place: Path) -> Path:
    """The folder ``sparql11`` of the suite, below `place`."""
    with tarfile.open(archive) as suite:
        suite.extractall(place, filter="data")
    return place / "sparql" / "sparql11"


class Manifest:
    """One manifest as a graph; files have IRIs below the suite's own base."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.base = f"{BASE}{path.parent.name}/"
        self.store = ox.Store()
        self.store.load(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=self.base)

    def tests(self, kind: str) -> Iterator:
        """The tests of one class."""
        for quad in self.store.quads_for_pattern(None, TYPE, ox.NamedNode(f"{TESTS}{kind}")):
            yield quad.subject

    def values(self, node, *path: str) -> list:
        """What a path of properties leads to."""
        nodes = [node]
        for name in path:
            nodes = [
                quad.object
                for one in nodes
                for quad in self.store.quads_for_pattern(one, ox.NamedNode(name), None)
            ]
        return nodes

    def value(self, node, *path: str):
        """The one thing that a path leads to, or None."""
        return next(iter(self.values(node, *path)), None)

    def members(self, head) -> Iterator:
        """The members of a list."""
        while head.value != f"{RDF}nil":
            yield self.value(head, f"{RDF}first")
            head = self.value(head, f"{RDF}rest")

    def file(self, term) -> Path:
        """The file that an IRI names."""
        return self.folder / term.value.removeprefix(self.base)

    def text(self, node, name: str) -> str:
        """One value of a request, empty where there is none."""
        return next((one.value for one in self.values(node, f"{HTTP}{name}")), "")

    def body(self, node) -> str:
        """What a request carries, or a response."""
        chars = self.value(node, f"{HTTP}body", CHARS)
        return chars.value if chars else ""

    def headers(self, node) -> dict[str, str]:
        """The header fields of a request, names in lower case."""
        fields = [one for some in self.values(node, f"{HTTP}headers") for one in self.members(some)]
        return {
            (self.text(one, "fieldName") or "content-type").lower(): self.text(one, "fieldValue")
            for one in fields
        }

    def requests(self, test) -> list:
        """The requests of a test, in their order."""
        (listed,) = self.values(test, f"{TESTS}action", f"{HTTP}requests")
        return list(self.members(listed))

    def named(self, node, kind: str = UPDATE) -> Iterator[tuple[ox.NamedNode, Path]]:
        """The graphs of a dataset by their names."""
        for graph in self.values(node, f"{kind}graphData"):
            if isinstance(graph, ox.NamedNode):
                yield graph, self.file(graph)
            else:
                yield (
                    ox.NamedNode(self.value(graph, LABEL).value),
                    self.file(self.value(graph, f"{kind}graph")),
                )


def name_of(test) -> str:
    """A test's short name."""
    return test.value.rpartition("#")[2]


def read(file: Path, graph: ox.NamedNode | ox.DefaultGraph | None = None) -> Iterator[ox.Quad]:
    """The triples of a file, in a graph."""
    base = f"{BASE}{file.parent.name}/{file.name}"
    for quad in ox.parse(
        path=str(file), format=_SYNTAXES[file.suffix], base_iri=base, rename_blank_nodes=True
    ):
        yield ox.Quad(*quad.triple, graph or ox.DefaultGraph())


def canonical(quads: Iterable[ox.Quad]) -> ox.Dataset:
    """A dataset that is equal to others that differ in the names of blank nodes alone."""
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


@dataclass(frozen=True)
class UpdateCase:
    """An update, the dataset it finds, the dataset it should leave."""

    name: str
    request: str
    before: ox.Store
    after: ox.Store


def update_cases(folder: Path) -> list[UpdateCase]:
    """The evaluation tests of updates in a folder."""
    manifest = Manifest(folder / "manifest.ttl")

    def dataset(node) -> ox.Store:
        store = ox.Store()
        for file in manifest.values(node, f"{UPDATE}data"):
            store.extend(read(manifest.file(file)))
        for name, file in manifest.named(node):
            store.extend(read(file, name))
        return store

    found = []
    for test in manifest.tests("UpdateEvaluationTest"):
        action = manifest.value(test, f"{TESTS}action")
        request = manifest.file(manifest.value(action, f"{UPDATE}request")).read_text(encoding="utf-8")
        result = manifest.value(test, f"{TESTS}result")
        found.append(UpdateCase(name_of(test), request, dataset(action), dataset(result)))
    return found


def syntax_cases(folder: Path, kind: str) -> list[tuple[str, str]]:
    """The name and the text of each syntax test of one class."""
    manifest = Manifest(folder / "manifest.ttl")
    return [
        (name_of(test), manifest.file(manifest.value(test, f"{TESTS}action")).read_text(encoding="utf-8"))
        for test in manifest.tests(kind)
    ]


@dataclass(frozen=True)
class QueryCase:
    """A query, the graphs that it reads, and the file with its answer."""

    name: str
    text: str
    default: tuple[Path, ...]
    named: tuple[Path, ...]
    result: Path


def query_cases(folder: Path) -> list[QueryCase]:
    """The evaluation tests of queries in a folder; those with a SERVICE are left out."""
    manifest = Manifest(folder / "manifest.ttl")
    found = []
    for kind in ("QueryEvaluationTest", "CSVResultFormatTest"):
        for test in manifest.tests(kind):
            action = manifest.value(test, f"{TESTS}action")
            found.append(
                QueryCase(
                    name_of(test),
                    manifest.file(manifest.value(action, f"{QUERY}query")).read_text(encoding="utf-8"),
                    tuple(manifest.file(one) for one in manifest.values(action, f"{QUERY}data")),
                    tuple(file for _, file in manifest.named(action, QUERY)),
                    manifest.file(manifest.value(test, f"{TESTS}result")),
                )
            )
    return found
