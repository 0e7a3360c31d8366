"""The W3C's SPARQL 1.1 suites, asked of a real server over HTTP; what fails is listed with its cause."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.graphs import of_source
from kb.settings import Settings
from tests.conftest import ROOT
from tests.server.live import Answer, Server
from tests.w3c.answers import is_expected
from tests.w3c.manifests import (
    BASE,
    HTTP,
    TESTS,
    TYPE,
    Manifest,
    canonical,
    name_of,
    query_cases,
    read,
    syntax_cases,
    unpacked,
    update_cases,
)

pytestmark = pytest.mark.xdist_group("w3c")
HERE = Path(__file__).parent
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
FORM = "application/x-www-form-urlencoded"
N_QUADS = "application/n-quads"
HOME = ox.NamedNode(of_source("update"))
EMPTY = f"{BASE}empty"
QUERIES = (
    *("aggregates", "bind", "bindings", "cast", "construct", "exists", "functions", "grouping"),
    *("negation", "project-expression", "property-path", "subquery"),
)
UPDATES = (
    *("add", "basic-update", "clear", "copy", "delete", "delete-data", "delete-insert", "delete-where"),
    *("drop", "move", "update-silent"),
)
SD = "http://www.w3.org/ns/sparql-service-description#"
STATUS = {200: "OK", 201: "Created", 204: "NoContent", 404: "NotFound"}
FORMATS = {
    "boolean": {"application/sparql-results+json", "application/sparql-results+xml"},
    "tabular": {"application/sparql-results+json", "application/sparql-results+xml", "text/csv"},
    "RDF": {"text/turtle", "application/rdf+xml", "application/n-triples"},
}


@dataclass
class Verdicts:
    """The tests of a suite by what went wrong; nothing where they passed."""

    faults: dict[str, str] = field(default_factory=dict)

    def judge(self, name: str, passed: bool, seen: object = "") -> None:
        assert name not in self.faults, name
        self.faults[name] = "" if passed else str(seen)[:400] or "another answer"

    @property
    def failed(self) -> set[str]:
        return {name for name, fault in self.faults.items() if fault}


@pytest.fixture(scope="module")
def suite(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(shared_data("w3c-tests") / "rdf-tests-sparql.tar.gz", tmp_path_factory.mktemp("w3c"))


@pytest.fixture(scope="module")
def plain(launch: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of a store without ontology, shapes and reasoning, asked by somebody who may write."""
    place = tmp_path_factory.mktemp("plain") / "plain.kb"
    with KnowledgeBase.open(place) as knowledge:
        knowledge.init(Settings(ontology=(), shapes=(), reasoning="none"))
    return launch(place).bearing("writer")


@pytest.fixture(scope="module")
def verdicts(suite: Path, plain: Server) -> dict[str, Verdicts]:
    """What each suite's tests came to."""
    return {name: run(plain, suite) for name, run in SUITES.items()}


@pytest.fixture(scope="module")
def causes() -> dict[str, dict[str, str]]:
    """By suite and test, why a failure is expected."""
    return tomllib.loads((HERE.parent / "w3c" / "failures.toml").read_text(encoding="utf-8"))


def put(server: Server, quads: Iterator[ox.Quad] | ox.Store) -> None:
    """Make the whole dataset these quads."""
    body = ox.serialize(quads, format=ox.RdfFormat.N_QUADS)
    answer = server.ask("PUT", "/store", body=body or b"", Content_Type=N_QUADS)
    assert answer.status == 200, answer.text


def name_in_store(file: Path) -> ox.NamedNode:
    return ox.NamedNode(f"{BASE}{file.parent.name}/{file.name}")


def evaluate_queries(server: Server, suite: Path, folders: tuple[str, ...] = QUERIES) -> Verdicts:
    """All data at once, each file in a graph of its own; the protocol names those of each query."""
    found = Verdicts()
    cases = [case for folder in folders for case in query_cases(suite / folder)]
    files = {file for case in cases for file in (*case.default, *case.named)}
    put(server, (quad for file in sorted(files) for quad in read(file, name_in_store(file))))
    for case in cases:
        format = {".srj": "json", ".srx": "xml", ".csv": "csv", ".tsv": "tsv"}.get(case.result.suffix, "ttl")
        if format == "ttl" and "CONSTRUCT" not in case.text.upper():
            format = "json"
        graphs = [("default-graph-uri", name_in_store(file).value) for file in case.default]
        graphs = graphs or [("default-graph-uri", EMPTY)]
        graphs += [("named-graph-uri", name_in_store(file).value) for file in case.named]
        if "FROM" in case.text:
            graphs = []
        text = f"BASE <{BASE}{case.result.parent.name}/>\n{case.text}"
        form = urlencode([("query", text), ("format", format), *graphs])
        answer = server.ask("POST", "/sparql", body=form.encode(), Content_Type=FORM)
        passed = answer.status == 200 and is_expected(answer.body, format, case.result, case.text)
        found.judge(f"{case.result.parent.name}/{case.name}", passed, answer.text)
    return found


def evaluate_updates(server: Server, suite: Path) -> Verdicts:
    found = Verdicts()
    for folder in UPDATES:
        for case in update_cases(suite / folder):
            put(server, case.before)
            text = f"BASE <{BASE}{folder}/>\n{case.request}"
            answer = server.ask("POST", "/sparql", body=text.encode(), Content_Type=UPDATE)
            left = held(server)
            found.judge(
                f"{folder}/{case.name}",
                answer.status == 200 and canonical(left) == canonical(case.after),
                answer.text if answer.status != 200 else left,
            )
    return found


def held(server: Server) -> list[ox.Quad]:
    """All quads, those of the graph that unnamed ones go to in the default graph."""
    dump = server.get("/store", Accept=N_QUADS)
    return [
        ox.Quad(*quad.triple, ox.DefaultGraph() if quad.graph_name == HOME else quad.graph_name)
        for quad in ox.parse(dump.body, format=ox.RdfFormat.N_QUADS)
    ]


def parse_queries(server: Server, suite: Path) -> Verdicts:
    return parsed(server, suite, ("syntax-query", *QUERIES), "", QUERY)


def parse_updates(server: Server, suite: Path) -> Verdicts:
    found = parsed(server, suite, ("syntax-update-1", "syntax-update-2"), "Update", UPDATE)
    wrong = parsed(server, suite, ("delete-insert",), "", UPDATE)
    return Verdicts({**found.faults, **wrong.faults})


def parsed(server: Server, suite: Path, folders: tuple[str, ...], kind: str, media_type: str) -> Verdicts:
    """What is right gets past the parser, what is wrong is refused as wrong."""
    found = Verdicts()
    for folder in folders:
        for positive in (True, False):
            name = f"{'Positive' if positive else 'Negative'}{kind}SyntaxTest11"
            for test, text in syntax_cases(suite / folder, name):
                path = f"/sparql?default-graph-uri={EMPTY}" if media_type == QUERY else "/sparql"
                answer = server.ask("POST", path, body=text.encode(), Content_Type=media_type)
                # What parses may speak of a graph that is not there, or LOAD what may not be read.
                statuses = (
                    (200, 403, 404) if positive and media_type == UPDATE else (200 if positive else 400,)
                )
                found.judge(f"{folder}/{test}", answer.status in statuses, answer.text)
    return found


def follow_protocol(server: Server, suite: Path) -> Verdicts:
    found, manifest = Verdicts(), Manifest(suite / "protocol" / "manifest.ttl")
    for test in manifest.tests("ProtocolTest"):
        put(server, (quad for name, file in manifest.named(test) for quad in read(file, name)))
        faults = []
        for request in manifest.requests(test):
            answer = sent(server, manifest, request, lambda path: path.replace("/sparql/", "/sparql", 1))
            (response,) = manifest.values(request, f"{HTTP}resp")
            wanted = {one.value[-3:] for one in manifest.values(response, f"{TESTS}expectedStatus")}
            format = manifest.value(response, f"{TESTS}expectedFormat")
            truth = manifest.value(response, f"{TESTS}expectedBoolean")
            if f"{answer.status // 100}xx" not in wanted:
                faults.append(answer.text)
            elif format is not None and answer.type not in FORMATS[format.value]:
                faults.append(answer.type)
            elif truth is not None and answer.json["boolean"] != (truth.value == "true"):
                faults.append(answer.text)
        found.judge(name_of(test), not faults, faults)
    return found


def store_graphs(server: Server, suite: Path) -> Verdicts:
    """The graph store is at /store, and graphs by their own address are below /graph."""
    found = Verdicts()
    for kind in ("direct", "indirect"):
        manifest = Manifest(suite / "graph-store-protocol" / f"manifest-{kind}.ttl")
        for test in manifest.tests("GraphStoreProtocolTest"):
            put(server, iter(()))
            faults, location = [], ""
            for request in manifest.requests(test):
                answer = sent(server, manifest, request, lambda path, place=location: in_store(path, place))
                location = answer.headers.get("Location") or location
                (response,) = manifest.values(request, f"{HTTP}resp")
                status = STATUS.get(answer.status, str(answer.status))
                wanted = manifest.values(response, f"{TESTS}expectedStatus")
                if status not in {one.value.rpartition("#")[2] for one in wanted}:
                    faults.append(answer.text)
                elif body := manifest.body(response):
                    expected = ox.parse(body, format=ox.RdfFormat.TURTLE)
                    if canonical(ox.parse(answer.body, format=ox.RdfFormat.TURTLE)) != canonical(expected):
                        faults.append(answer.text)
            found.judge(f"{kind}/{name_of(test)}", not faults, faults)
    return found


def in_store(path: str, location: str) -> str:
    if "$LOCATION$" in path:
        return location
    name, question, query = path.removeprefix("/gsp").partition("?")
    return f"/graph/gsp{name}" if name else f"/store{question}{query}"


def sent(server: Server, manifest: Manifest, request, place: Callable[[str], str]) -> Answer:
    """One request of a manifest."""
    encoding = "utf-16" if "UTF-16" in str(manifest.headers(request)) else "utf-8"
    return server.ask(
        manifest.text(request, "methodName"),
        place(manifest.text(request, "absolutePath")),
        body=manifest.body(request).encode(encoding),
        **manifest.headers(request),
    )


def describe_service(server: Server, suite: Path) -> Verdicts:
    """The three tests are sentences: RDF comes, of this endpoint, in terms of the vocabulary."""
    found = Verdicts()
    answer = server.get("/sparql")
    graph = ox.Store()
    graph.load(answer.body, format=ox.RdfFormat.TURTLE)
    endpoint = ox.NamedNode(f"{server.address}/sparql")
    has = (endpoint, ox.NamedNode(f"{SD}endpoint"), endpoint)
    wrong = [quad for quad in graph if not fits(graph, quad)]
    judged = {
        "returns-rdf": answer.status == 200 and len(graph) > 0,
        "has-endpoint-triple": any(graph.quads_for_pattern(*has)),
        "conforms-to-schema": bool(len(graph)) and not wrong,
    }
    manifest = Manifest(suite / "service-description" / "manifest.ttl")
    for test in manifest.tests("ServiceDescriptionTest"):
        found.judge(name_of(test), judged[name_of(test)], wrong or answer.text)
    return found


# Properties of the vocabulary: what they are said of, what they lead to.
SCHEMA = {
    "endpoint": ("Service", None),
    "supportedLanguage": ("Service", {"SPARQL10Query", "SPARQL11Query", "SPARQL11Update"}),
    "feature": (
        "Service",
        {"DereferencesURIs", "UnionDefaultGraph", "RequiresDataset", "EmptyGraphs", "BasicFederatedQuery"},
    ),
    "resultFormat": ("Service", None),
    "inputFormat": ("Service", None),
    "defaultEntailmentRegime": ("Service", None),
    "defaultSupportedEntailmentProfile": ("Service", None),
    "defaultDataset": ("Service", "Dataset"),
    "defaultGraph": ("Dataset", "Graph"),
    "namedGraph": ("Dataset", "NamedGraph"),
    "name": ("NamedGraph", None),
    "graph": ("NamedGraph", "Graph"),
}


def fits(graph: ox.Store, quad: ox.Quad) -> bool:
    """Whether a triple is one that the vocabulary of service descriptions has a place for."""
    if not quad.predicate.value.startswith(SD):
        return True
    domain, range = SCHEMA.get(quad.predicate.value.removeprefix(SD), ("", None))

    def is_a(node, name: str) -> bool:
        kind = ox.NamedNode(SD + name)
        return any(graph.quads_for_pattern(node, TYPE, kind))

    if isinstance(range, set):
        return is_a(quad.subject, domain) and quad.object.value.removeprefix(SD) in range
    return is_a(quad.subject, domain) and (range is None or is_a(quad.object, range))


SUITES: dict[str, Callable[[Server, Path], Verdicts]] = {
    "Query: evaluation": evaluate_queries,
    "Query: syntax": parse_queries,
    "Results in CSV and TSV": lambda server, suite: evaluate_queries(server, suite, ("csv-tsv-res",)),
    "Results in JSON": lambda server, suite: evaluate_queries(server, suite, ("json-res",)),
    "Update: evaluation": evaluate_updates,
    "Update: syntax": parse_updates,
    "Protocol": follow_protocol,
    "Graph Store Protocol": store_graphs,
    "Service Description": describe_service,
}
TESTS_OF = {
    **{"Query: evaluation": 225, "Query: syntax": 103, "Results in CSV and TSV": 6, "Results in JSON": 4},
    **{"Update: evaluation": 94, "Update: syntax": 63, "Protocol": 34, "Graph Store Protocol": 14},
    "Service Description": 3,
}


@pytest.mark.parametrize("name", SUITES)
def test_the_suites_pass_but_for_what_is_listed(
    verdicts: dict[str, Verdicts], causes: dict[str, dict[str, str]], name: str
) -> None:
    found = verdicts[name]
    assert {test: found.faults[test] for test in found.failed - causes.get(name, {}).keys()} == {}
    assert causes.get(name, {}).keys() - found.failed == set(), "these pass now"
    assert len(found.faults) == TESTS_OF[name]


def test_the_table_of_the_documentation_is_true(causes: dict[str, dict[str, str]]) -> None:
    table = (ROOT / "docs" / "server.md").read_text(encoding="utf-8")
    for name, count in TESTS_OF.items():
        assert row(name, count, causes.get(name, {})) in table.splitlines()


def row(name: str, count: int, failing: dict[str, str]) -> str:
    by_cause: dict[str, list[str]] = {}
    for test, cause in failing.items():
        by_cause.setdefault(cause, []).append(f"`{test}`")
    told = "; ".join(f"{', '.join(tests)}: {cause}" for cause, tests in by_cause.items())
    return f"| {name} | {count} | {count - len(failing)} | {told} |".replace("|  |", "| |")
