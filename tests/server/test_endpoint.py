"""The SPARQL endpoint, asked over HTTP."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest

from tests.server.live import Server

SPU = "https://w3id.org/commerce-kb/id/spu/velvet-lipstick"
FAMILY = f"SELECT ?brand WHERE {{ <{SPU}> ckb:ofBrandFamily ?brand }} ORDER BY ?brand"
BRANDS = [f"https://w3id.org/commerce-kb/id/brand/{name}" for name in ("aurelle", "aurelle-studio")]
FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"


def sparql(text: str, **parameters: str) -> str:
    return f"/sparql?{urlencode({'query': text, **parameters})}"


def test_get_form_and_direct_post_give_the_same_answer(server: Server) -> None:
    answers = [
        server.get(sparql(FAMILY)),
        server.ask("POST", "/sparql", body=urlencode({"query": FAMILY}).encode(), Content_Type=FORM),
        server.ask("POST", "/sparql", body=FAMILY.encode(), Content_Type=QUERY),
    ]
    assert [answer.status for answer in answers] == [200] * 3
    for answer in answers:
        assert [row["brand"]["value"] for row in answer.json["results"]["bindings"]] == BRANDS


def test_solutions_come_in_each_format(server: Server) -> None:
    as_xml = server.get(sparql(FAMILY), Accept="application/sparql-results+xml")
    uris = ElementTree.fromstring(as_xml.text).iter("{http://www.w3.org/2005/sparql-results#}uri")
    assert [uri.text for uri in uris] == BRANDS
    as_csv = server.get(sparql(FAMILY), Accept="text/csv")
    assert list(csv.reader(io.StringIO(as_csv.text))) == [["brand"], *([brand] for brand in BRANDS)]
    as_tsv = server.get(sparql(FAMILY, format="tsv"))
    assert as_tsv.text.splitlines() == ["?brand", *(f"<{brand}>" for brand in BRANDS)]
    types = [answer.type for answer in (as_xml, as_csv, as_tsv)]
    assert types == ["application/sparql-results+xml", "text/csv", "text/tab-separated-values"]
    as_arrow = server.get(sparql(FAMILY), Accept="application/vnd.apache.arrow.stream")
    as_parquet = server.get(sparql(FAMILY, format="parquet"))
    tables = pa.ipc.open_stream(as_arrow.body).read_all(), pq.read_table(io.BytesIO(as_parquet.body))
    assert [table["brand"].to_pylist() for table in tables] == [BRANDS] * 2
    assert as_parquet.type == "application/vnd.apache.parquet"


@pytest.mark.parametrize(
    ("accept", "format"),
    [
        ("text/turtle", ox.RdfFormat.TURTLE),
        ("application/n-triples", ox.RdfFormat.N_TRIPLES),
        ("application/ld+json", ox.RdfFormat.JSON_LD),
        ("application/rdf+xml", ox.RdfFormat.RDF_XML),
    ],
)
def test_graphs_come_in_each_format(server: Server, accept: str, format: ox.RdfFormat) -> None:
    text = f"CONSTRUCT {{ <{SPU}> ckb:ofBrandFamily ?brand }} WHERE {{ <{SPU}> ckb:ofBrandFamily ?brand }}"
    answer = server.get(sparql(text), Accept=accept)
    assert (answer.status, answer.type) == (200, accept)
    found = {quad.object.value for quad in ox.parse(answer.body, format=format)}
    assert found == set(BRANDS)


def test_describe_gives_turtle_by_default(server: Server) -> None:
    answer = server.get(sparql(f"DESCRIBE <{SPU}>"))
    assert answer.type == "text/turtle"
    assert any(quad.object.value == "丝绒口红" for quad in ox.parse(answer.body, format=ox.RdfFormat.TURTLE))


@pytest.mark.parametrize("format", ["json", "xml", "csv", "tsv"])
def test_ask_answers_in_each_format(server: Server, format: str) -> None:
    answer = server.get(sparql(f"ASK {{ <{SPU}> a ckb:SPU }}", format=format))
    assert answer.status == 200
    assert "true" in answer.text


def test_a_browser_gets_a_table_with_labels(server: Server) -> None:
    answer = server.get(
        sparql(FAMILY), Accept="text/html,application/xml;q=0.9,*/*;q=0.8", Accept_Language="zh"
    )
    assert answer.type == "text/html"
    assert "奥蕾工坊" in answer.text and "/id/brand/aurelle-studio" in answer.text


def test_reasoning_can_be_left_out(server: Server) -> None:
    assert server.get(sparql(FAMILY)).headers["X-Commerce-KB-Reasoning"] == "true"
    answer = server.get(sparql(FAMILY, reasoning="false"))
    assert answer.json["results"]["bindings"] == []
    assert answer.headers["X-Commerce-KB-Reasoning"] == "false"


def test_the_protocol_chooses_the_dataset(server: Server) -> None:
    shop = "https://w3id.org/commerce-kb/graph/shop"
    count = "SELECT (COUNT(*) AS ?n) WHERE { ?s a ckb:Currency }"
    names = "SELECT DISTINCT ?g WHERE { GRAPH ?g { ?s ?p ?o } }"

    def first(path: str, name: str) -> list[str]:
        return [row[name]["value"] for row in server.get(path).json["results"]["bindings"]]

    assert first(sparql(count), "n") != ["0"]
    assert first(sparql(count, **{"default-graph-uri": shop}), "n") == ["0"]
    assert first(sparql(names, **{"named-graph-uri": shop}), "g") == [shop]


def test_a_syntax_error_tells_line_column_and_fragment(server: Server) -> None:
    answer = server.get(sparql("SELECT ?s WHERE {\n  ?s ?p }"))
    assert (answer.status, answer.type) == (400, "application/problem+json")
    assert answer.json["title"] == "Query error"
    assert "line 2" in answer.json["where"] and "?s ?p }" in answer.json["where"]


def test_a_browser_gets_the_error_as_a_page_without_markup_of_the_query(server: Server) -> None:
    answer = server.get(sparql("<script>alert(1)</script>"), Accept="text/html")
    assert (answer.status, answer.type) == (400, "text/html")
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "says"),
    [
        ("GET", "/sparql?timeout=1", {}, b"", 400, "'query' is missing"),
        ("GET", "/sparql", {"Accept": "image/png"}, b"", 406, "text/turtle"),
        ("POST", "/sparql", {"Content_Type": f"{QUERY}; charset=UTF-16"}, FAMILY.encode(), 415, "UTF-8"),
        ("GET", sparql(FAMILY), {"Accept": "image/png"}, b"", 406, "text/csv"),
        ("GET", sparql("CONSTRUCT WHERE { ?s ?p ?o }"), {"Accept": "text/csv"}, b"", 406, "text/turtle"),
        ("GET", sparql(FAMILY, format="yaml"), {}, b"", 406, "yaml"),
        ("POST", "/sparql", {"Content_Type": "text/plain"}, FAMILY.encode(), 415, "application/sparql-query"),
        ("PUT", "/sparql", {}, b"", 405, "GET or HEAD or POST"),
        ("POST", "/", {}, b"", 405, "GET"),
        ("GET", "/nowhere", {}, b"", 404, "/nowhere"),
        ("GET", sparql("INSERT DATA { <urn:a> <urn:b> <urn:c> }"), {}, b"", 400, "application/sparql-update"),
        ("GET", "/sparql?update=CLEAR+ALL", {}, b"", 400, "by POST"),
        ("POST", "/sparql", {"Content_Type": "application/sparql-update"}, b"CLEAR ALL", 401, "role writer"),
        ("POST", "/sparql", {"Content_Type": FORM}, b"update=CLEAR+ALL", 401, "kb token add"),
        ("GET", sparql("SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }"), {}, b"", 403, "SERVICE"),
        (
            "POST",
            "/sparql",
            {"Content_Type": QUERY},
            b"ASK " + b"{" * 9_000 + b"}" * 9_000,
            400,
            "100 levels",
        ),
        ("GET", sparql(FAMILY, **{"default-graph-uri": "a> b"}), {}, b"", 400, "is no IRI"),
        ("POST", "/sparql", {"Content_Type": QUERY}, b"#" * 3_000_000, 413, "2,000,000"),
    ],
)
def test_refusals_tell_what_is_wrong_and_what_to_do(
    server: Server, method: str, path: str, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    answer = server.ask(method, path, body=body, **headers)
    assert (answer.status, answer.type) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert says in answer.text
    assert server.get("/health").status == 200


def test_refused_methods_name_those_that_work(server: Server) -> None:
    assert server.ask("DELETE", "/sparql").headers["Allow"] == "GET, HEAD, POST, OPTIONS"


def test_head_has_the_headers_without_the_body(server: Server) -> None:
    answer = server.ask("HEAD", sparql(FAMILY))
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["ETag"] == server.get(sparql(FAMILY)).headers["ETag"]


def test_an_answer_is_tagged_by_snapshot_query_and_format(server: Server) -> None:
    answer = server.get(sparql(FAMILY))
    tag = answer.headers["ETag"]
    assert answer.headers["X-Commerce-KB-Snapshot"]
    again = server.get(sparql(FAMILY), If_None_Match=tag)
    assert (again.status, again.body) == (304, b"")
    others = [sparql(FAMILY, format="csv"), sparql(FAMILY, reasoning="false"), sparql(f"{FAMILY} LIMIT 1")]
    assert tag not in [server.get(path).headers["ETag"] for path in others]
    assert [server.get(path, If_None_Match=tag).status for path in others] == [200] * 3


def test_a_large_answer_comes_in_chunks_to_its_end(server: Server) -> None:
    answer = server.get(f"/sparql?format=csv&query={quote('SELECT * { ?a ?b ?c . ?d a ckb:Currency }')}")
    assert answer.status == 200
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(answer.body) > 8_000_000 and answer.body.endswith(b"\r\n")
