"""The W3C's graph store protocol tests, by their meaning: each request as a ground diff on a plain dataset.

What belongs to HTTP stays with it: the address gives the graph, and a POST that names no graph gets a new name.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest

from kb.errors import NotFound
from kb.querying.datasets import StoreQuads
from kb.querying.graph_store import Body, change
from tests.w3c.manifests import HTTP, TESTS, Manifest, canonical, name_of

STATUS = {200: "OK", 201: "Created", 204: "NoContent", 404: "NotFound"}
NEW = ox.NamedNode("http://www.example/gsp/new")


def graph_of(path: str) -> ox.NamedNode | None:
    """The graph that an address means; None for the default graph."""
    query = parse_qs(urlsplit(path).query, keep_blank_values=True)
    if "graph" in query:
        return NEW if query["graph"] == ["$LOCATION$"] else ox.NamedNode(query["graph"][0])
    return None if "default" in query else ox.NamedNode(f"http://www.example{path}")


def answer(store: ox.Store, method: str, graph: ox.NamedNode | None, body: Body) -> int:
    """Carry a request out; the status that it would have."""
    dataset = StoreQuads(store)
    if method in ("GET", "HEAD"):
        return 200 if graph is None or store.contains_named_graph(graph) else 404
    try:
        changed = change(dataset, method, graph, body)  # type: ignore[arg-type]
    except NotFound:
        return 404
    for quad in changed.diff.removed:
        store.remove(quad)
    store.extend(changed.diff.added)
    for name in list(store.named_graphs()):  # A graph exists as long as it holds a triple.
        if not any(store.quads_for_pattern(None, None, None, name)):
            store.remove_graph(name)
    return 201 if changed.created else 204


@pytest.mark.parametrize(("manifest", "tests"), [("direct", 5), ("indirect", 9)])
def test_requests_are_answered_as_the_suite_says(suite: Path, manifest: str, tests: int) -> None:
    read = Manifest(suite / "graph-store-protocol" / f"manifest-{manifest}.ttl")
    judged, wrong = 0, []
    for test in read.tests("GraphStoreProtocolTest"):
        name, store, judged = name_of(test), ox.Store(), judged + 1
        for number, request in enumerate(read.requests(test)):
            path, method = read.text(request, "absolutePath"), read.text(request, "methodName")
            graph = NEW if path == "/gsp" else graph_of(path)
            media_type = read.headers(request).get("content-type") or "text/turtle"
            status = answer(store, method, graph, Body(read.body(request).encode(), media_type))
            (response,) = read.values(request, f"{HTTP}resp")
            expected = {
                one.value.rpartition("#")[2] for one in read.values(response, f"{TESTS}expectedStatus")
            }
            if STATUS[status] not in expected and not (status == 204 and "OK" in expected):
                wrong.append((name, number, status, expected))
            if said := read.body(response):
                triples = ox.parse(said, format=ox.RdfFormat.TURTLE)
                held = store.quads_for_pattern(None, None, None, graph or ox.DefaultGraph())
                if canonical(ox.Quad(*one.triple) for one in held) != canonical(triples):
                    wrong.append((name, number, "content", held))
    assert judged == tests
    assert not wrong
