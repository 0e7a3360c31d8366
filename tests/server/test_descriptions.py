"""What the server says of itself, how it compresses, and which methods it names."""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Callable
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
import zstandard

from tests.server.live import Answer, Server

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
ALL = "SELECT ?s ?p ?o { ?s ?p ?o }"
ORDERS = "https://w3id.org/commerce-kb/graph/private/orders"


def graph(answer: Answer) -> ox.Store:
    assert (answer.status, answer.type) == (200, "text/turtle")
    store = ox.Store()
    store.load(answer.body, format=ox.RdfFormat.TURTLE)
    return store


def number(server: Server, text: str) -> int:
    answer = server.get(f"/sparql?{urlencode({'query': text})}")
    return int(next(iter(answer.json["results"]["bindings"]))["n"]["value"])


def void_number(store: ox.Store, text: str) -> int:
    found = next(iter(store.query(text, prefixes={"void": VOID, "sd": SD})))  # type: ignore[call-overload]
    return int(found["n"].value)


@pytest.mark.parametrize("who", ["anybody", "analyst", "analyst of orders"])
def test_void_counts_what_queries_of_the_caller_find(server: Server, who: str) -> None:
    graphs = (ORDERS,) if who == "analyst of orders" else ()
    caller = server if who == "anybody" else server.bearing("analyst", name=who, graphs=graphs)
    said = graph(caller.get("/.well-known/void", Accept="text/turtle"))
    data = "?d void:sparqlEndpoint ?e ; "
    assert void_number(said, f"SELECT ?n {{ {data} void:triples ?n }}") == number(
        caller, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    )
    for property, variable in (("distinctSubjects", "s"), ("distinctObjects", "o"), ("properties", "p")):
        counted = number(caller, f"SELECT (COUNT(DISTINCT ?{variable}) AS ?n) {{ ?s ?p ?o }}")
        assert void_number(said, f"SELECT ?n {{ {data} void:{property} ?n }}") == counted
    kinds = said.query(f"SELECT ?c ?n {{ ?x <{VOID}class> ?c ; <{VOID}entities> ?n }}")
    counts = {row["c"].value: int(row["n"].value) for row in kinds}  # type: ignore[union-attr]
    answer = caller.get(
        f"/sparql?{urlencode({'query': 'SELECT ?c (COUNT(?s) AS ?n) { ?s a ?c } GROUP BY ?c'})}"
    )
    found = answer.json["results"]["bindings"]
    assert counts == {row["c"]["value"]: int(row["n"]["value"]) for row in found}
    assert any(one.endswith("#Order") for one in counts) == (who != "anybody")
    names = {quad.object.value for quad in said.quads_for_pattern(None, ox.NamedNode(f"{SD}name"), None)}
    assert (ORDERS in names) == (who != "anybody")


def test_the_service_describes_itself_in_each_format(server: Server) -> None:
    endpoint = ox.NamedNode(f"{server.address}/sparql")
    said = graph(server.get("/sparql"))
    kinds = {quad.object.value for quad in said.quads_for_pattern(endpoint, None, None)}
    assert {f"{SD}Service", f"{SD}SPARQL11Update", f"{SD}UnionDefaultGraph"} <= kinds
    assert "http://www.w3.org/ns/owl-profile/RL" in kinds
    for accept, format in (("application/rdf+xml", ox.RdfFormat.RDF_XML), ("application/ld+json", None)):
        answer = server.get("/sparql", Accept=accept)
        assert (answer.status, answer.type) == (200, accept)
        parsed = list(ox.parse(answer.body, format=format or ox.RdfFormat.JSON_LD))
        assert len(parsed) == len(said)
    assert server.get("/sparql", Accept="text/html").headers["Location"].endswith("/#editor")
    assert not any(ORDERS in str(quad) for quad in said)


@pytest.mark.parametrize("path", ["/sparql", "/.well-known/void", "/store"])
def test_what_is_described_is_tagged_by_snapshot(server: Server, path: str) -> None:
    first = server.get(path)
    again = server.get(path, If_None_Match=first.headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    assert first.headers["X-Commerce-KB-Snapshot"] in first.text or path != "/.well-known/void"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/sparql", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("/store", {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}),
        ("/graph/shop", {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"}),
        ("/.well-known/void", {"GET", "HEAD", "OPTIONS"}),
        ("/queries/x", {"DELETE", "OPTIONS"}),
    ],
)
def test_options_names_the_methods_and_the_others_are_refused(
    server: Server, path: str, methods: set[str]
) -> None:
    answer = server.ask("OPTIONS", path)
    assert (answer.status, set(answer.headers["Allow"].split(", "))) == (200, methods)
    for method in {"PUT", "PATCH", "DELETE"} - methods:
        refused = server.ask(method, path)
        assert (refused.status, set(refused.headers["Allow"].split(", "))) == (405, methods)


INFLATE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


@pytest.mark.parametrize("coding", INFLATE)
@pytest.mark.parametrize(
    "path",
    [
        f"/sparql?{urlencode({'query': f'{ALL} LIMIT 100', 'format': 'json'})}",
        f"/sparql?{urlencode({'query': 'SELECT * { ?a ?b ?c . ?d a ckb:Currency }', 'format': 'csv'})}",
        "/store",
        "/onto?format=ttl",
        "/changes",
        "/",
    ],
    ids=["whole", "stream", "dump", "ontology", "changes", "page"],
)
def test_answers_are_compressed_as_the_client_prefers(server: Server, path: str, coding: str) -> None:
    plain = server.get(path)
    packed = server.get(path, Accept_Encoding=f"br;q=1, {coding};q=0.9, identity;q=0.1")
    assert (packed.status, packed.headers["Content-Encoding"]) == (200, coding)
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert INFLATE[coding](packed.body) == plain.body
    assert len(packed.body) < len(plain.body) / 2
    if "ETag" in plain.headers:
        assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
        again = server.get(path, If_None_Match=packed.headers["ETag"], Accept_Encoding=coding)
        assert (again.status, again.body) == (304, b"")


def test_short_answers_and_those_for_http_1_0_stay_as_they_are(server: Server) -> None:
    assert "Content-Encoding" not in server.get("/sparql?query=ASK{}", Accept_Encoding="gzip").headers
    assert "Content-Encoding" not in server.get("/store", Accept_Encoding="gzip;q=0, br").headers
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
    connection.request("GET", "/store", headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    assert "Content-Encoding" not in response.headers
    assert len(response.read()) == int(response.headers["Content-Length"])
    connection.close()


def test_a_compressed_stream_that_fails_ends_without_its_last_chunk(server: Server) -> None:
    failing = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
    path = f"/sparql?{urlencode({'query': failing, 'format': 'csv', 'timeout': '1'})}"
    with pytest.raises(http.client.IncompleteRead):
        server.get(path, Accept_Encoding="gzip")
    assert server.get("/health").status == 200
