"""Clients of all kinds, each against a real server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

import pandas
import pyoxigraph as ox
import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore, SPARQLUpdateStore
from SPARQLWrapper import CSV, JSON, POST, TURTLE, XML, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from tests.jena import class_path
from tests.server.live import Server

SPU = "https://w3id.org/commerce-kb/id/spu/velvet-lipstick"
NAMES = f"SELECT ?name WHERE {{ <{SPU}> rdfs:label ?name }} ORDER BY ?name"
LABELS = ["Velvet Lipstick", "丝绒口红"]
ASKED = f"PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\n{NAMES}"


def token_of(server: Server) -> str:
    return server.headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_sparqlwrapper_reads_every_kind_of_answer(server: Server, method: str) -> None:
    client = SPARQLWrapper(f"{server.address}/sparql")
    client.setMethod(method)
    client.setQuery(ASKED)
    client.setReturnFormat(JSON)
    rows = client.queryAndConvert()["results"]["bindings"]
    assert [row["name"]["value"] for row in rows] == LABELS
    client.setReturnFormat(XML)
    assert LABELS[0] in client.queryAndConvert().toxml()
    client.setReturnFormat(CSV)
    assert client.queryAndConvert().decode().split() == ["name", "Velvet", "Lipstick", "丝绒口红"]
    client.setQuery(f"CONSTRUCT {{ <{SPU}> a ?kind }} WHERE {{ <{SPU}> a ?kind }}")
    client.setReturnFormat(TURTLE)
    found = rdflib.Graph().parse(data=client.queryAndConvert(), format="turtle")
    assert any(str(kind).endswith("#SPU") for kind in found.objects())
    client.setQuery("SELECT ?")
    client.setReturnFormat(JSON)
    with pytest.raises(QueryBadFormed, match="line 1"):
        client.query()


def test_sparqlwrapper_updates_with_a_token(writable: Server) -> None:
    client = SPARQLWrapper(f"{writable.address}/sparql")
    client.addCustomHttpHeader(
        "Authorization", writable.bearing("writer", name="wrapper").headers["Authorization"]
    )
    client.setMethod(POST)
    client.setQuery("INSERT DATA { <urn:wrapper> <urn:says> 'hello' }")
    client.query()
    assert writable.get("/sparql?query=ASK{<urn:wrapper>+<urn:says>+'hello'}").json["boolean"] is True


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflibs_store_reads_through_the_endpoint(server: Server, method: str) -> None:
    graph = rdflib.Graph(SPARQLStore(f"{server.address}/sparql", method=method))
    subject = rdflib.URIRef(SPU)
    assert {str(name) for name in graph.objects(subject, rdflib.RDFS.label)} == set(LABELS)
    assert (subject, rdflib.RDF.type, None) in graph
    assert [str(row.name) for row in graph.query(ASKED)] == LABELS
    assert len(graph) > 1_000


def test_rdflibs_store_writes_with_a_token(writable: Server) -> None:
    bearer = writable.bearing("writer", name="rdflib").headers
    place = f"{writable.address}/sparql"
    store = SPARQLUpdateStore(place, place, headers=bearer, autocommit=False)
    name = "https://w3id.org/commerce-kb/graph/rdflib"
    graph = rdflib.Graph(store, rdflib.URIRef(name))
    triple = (rdflib.URIRef("urn:rdflib"), rdflib.URIRef("urn:says"), rdflib.Literal("Rouge", lang="fr"))
    graph.add(triple)
    graph.commit()
    assert triple in graph and len(graph) == 1
    graph.remove(triple)
    graph.commit()
    assert triple not in graph


def test_pandas_reads_csv_from_the_address(server: Server) -> None:
    text = "SELECT ?kind (COUNT(?one) AS ?count) { ?one a ?kind } GROUP BY ?kind ORDER BY ?kind"
    frame = pandas.read_csv(f"{server.address}/sparql?{urlencode({'query': text, 'format': 'csv'})}")
    assert list(frame.columns) == ["kind", "count"]
    assert frame["count"].dtype.kind == "i"
    answer = server.get(f"/sparql?{urlencode({'query': text})}").json["results"]["bindings"]
    assert frame["count"].tolist() == [int(row["count"]["value"]) for row in answer]


def test_curl_asks_updates_and_uploads(
    writable: Server, program: Callable[[str], Path], tmp_path: Path
) -> None:
    writer = writable.bearing("writer", name="curl")

    def curl(*options: str) -> str:
        command = [program("curl"), "-sS", "--fail-with-body", "--max-time", "60", *options]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return done.stdout

    endpoint = f"{writable.address}/sparql"
    asked = ["-H", "Accept: text/csv", "--data-urlencode", f"query={NAMES}", endpoint]
    assert curl(*asked).splitlines()[1:] == LABELS
    assert curl("--compressed", "-G", *asked).splitlines()[1:] == LABELS
    bearer = ["-H", f"Authorization: {writer.headers['Authorization']}"]
    file = tmp_path / "curl.ttl"
    file.write_text("<urn:curl> <urn:says> 'hello' .", encoding="utf-8")
    place = f"{writable.address}/graph/curl"
    sent = curl(*bearer, "-T", str(file), "-H", "Content-Type: text/turtle", place)
    assert json.loads(sent)["created"] is True
    assert '<urn:curl> <urn:says> "hello" .' in curl(*bearer, "-H", "Accept: application/n-triples", place)
    curl(*bearer, "--data-urlencode", "update=DELETE WHERE { <urn:curl> ?p ?o }", endpoint)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        curl(*bearer, place)
    assert json.loads(refused.value.stdout)["status"] == 404


def test_jenas_remote_query_command_reads_each_kind(
    server: Server, program: Callable[[str], Path], tmp_path: Path
) -> None:
    java, classes = program("java"), class_path(tmp_path)

    def rsparql(text: str, *options: str) -> str:
        command = [java, "-cp", classes, "arq.rsparql", "--service", f"{server.address}/sparql"]
        done = subprocess.run([*command, *options, text], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    rows = rsparql(ASKED, "--results", "json")
    assert [row["name"]["value"] for row in json.loads(rows)["results"]["bindings"]] == LABELS
    assert "true" in rsparql("ASK { ?s ?p ?o }", "--results", "csv")
    turtle = rsparql(f"CONSTRUCT {{ <{SPU}> a ?kind }} WHERE {{ <{SPU}> a ?kind }}")
    assert any(quad.object.value.endswith("#SPU") for quad in ox.parse(turtle, format=ox.RdfFormat.TURTLE))
