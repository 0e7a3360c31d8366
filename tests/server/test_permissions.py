"""Private data can't be reached by any trick without the role; the server is asked as a stranger would ask it."""

from __future__ import annotations

import base64
import re
from urllib.parse import quote, unquote, urlencode

import pytest

from kb.graphs import GRAPH, PRIVATE
from tests.server.live import Answer, Server

BUYER = "https://w3id.org/commerce-kb/id/buyer/abcdefghijklmnopqrstuvwxyz"
ORDER = "https://w3id.org/commerce-kb/id/order/1"
LINE = "https://w3id.org/commerce-kb/id/order-line/1"
ORDERS = f"{PRIVATE}orders"
SECRETS = ("abcdefghijklmnopqrstuvwxyz", "order/1", "order-line/1", "2026-03-02T10:00")
CKB = "https://w3id.org/commerce-kb/onto#"
OFFER = "https://w3id.org/commerce-kb/id/offer/lan-vl-red"


def sparql(text: str, **parameters: str) -> str:
    return f"/sparql?{urlencode({'query': text, **parameters})}"


QUERIES = {
    "all": "SELECT * { ?s ?p ?o }",
    "all graphs": "SELECT * { GRAPH ?g { ?s ?p ?o } }",
    "names of graphs": "SELECT DISTINCT ?g { GRAPH ?g {} }",
    "from": f"SELECT * FROM <{ORDERS}> {{ ?s ?p ?o }}",
    "from several": f"SELECT * FROM <{ORDERS}> FROM <{GRAPH}shop> FROM <{PRIVATE}inferred> {{ ?s ?p ?o }}",
    "from named": f"SELECT * FROM NAMED <{ORDERS}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
    "graph": f"SELECT * {{ GRAPH <{ORDERS}> {{ ?s ?p ?o }} }}",
    "inferred graph": f"SELECT * {{ GRAPH <{PRIVATE}inferred> {{ ?s ?p ?o }} }}",
    "private commits": f"SELECT * {{ GRAPH <{PRIVATE}commits> {{ ?s ?p ?o }} }}",
    "what points to public things": f"SELECT * {{ ?line ?p <{OFFER}> }}",
    "path back": f"SELECT * {{ <{OFFER}> (^<{CKB}lineOffer>|!<urn:x>|^!<urn:x>)+ ?x }}",
    "star": f"SELECT * {{ <{OFFER}> (^(<urn:x>|!<urn:x>)|<urn:y>)* ?x . ?x ?p ?o }}",
    "zero path": f"SELECT * {{ GRAPH ?g {{ <{OFFER}> <urn:x>* ?x }} }}",
    "subquery": f"SELECT * {{ {{ SELECT ?s ?o {{ ?s <{CKB}placedBy> ?o }} }} }}",
    "minus": f"SELECT ?s {{ ?s ?p ?o MINUS {{ ?s a <{CKB}SPU> }} FILTER(isIRI(?s)) }}",
    "describe what matches": f"DESCRIBE ?s {{ ?s a <{CKB}Buyer> }}",
    "describe": f"DESCRIBE <{OFFER}>",
    "construct": "CONSTRUCT { ?s ?p ?o } { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }",
    "labels": "SELECT (GROUP_CONCAT(STR(?s)) AS ?x) { ?s ?p ?o FILTER(CONTAINS(STR(?s), 'order')) }",
}
PARAMETERS = [
    {},
    {"reasoning": "false"},
    {"default-graph-uri": ORDERS},
    {"named-graph-uri": ORDERS},
    {"default-graph-uri": f"{PRIVATE}inferred", "named-graph-uri": f"{PRIVATE}commits"},
    {"format": "html"},
]


@pytest.fixture(scope="module")
def reader(server: Server) -> Server:
    return server.bearing("reader")


@pytest.fixture(scope="module")
def stranger_elsewhere(server: Server) -> Server:
    """An analyst and writer of another private graph than the one with the orders."""
    return server.bearing("writer", graphs=(f"{PRIVATE}events", f"{GRAPH}mine"))


@pytest.fixture(params=["anonymous", "reader", "elsewhere"])
def stranger(
    request: pytest.FixtureRequest, server: Server, reader: Server, stranger_elsewhere: Server
) -> Server:
    return {"anonymous": server, "reader": reader, "elsewhere": stranger_elsewhere}[request.param]


def leaks(answer: Answer, *, asked: str = "") -> list[str]:
    """The private words in an answer, headers and all, but for those that the request had said itself."""
    text = answer.text + str(answer.headers)
    return [word for word in SECRETS if word in text and word not in asked]


def test_an_analyst_sees_what_the_others_must_not(server: Server) -> None:
    analyst = server.bearing("analyst")
    for name in ("all", "all graphs", "from", "path back", "construct", "what points to public things"):
        assert leaks(analyst.get(sparql(QUERIES[name]))), name
    assert ORDERS in analyst.get(sparql(QUERIES["names of graphs"])).text


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_reaches_private_data(stranger: Server, name: str) -> None:
    for parameters in PARAMETERS:
        answer = stranger.get(sparql(QUERIES[name], **parameters), Accept="*/*")
        assert answer.status == 200, answer.text
        assert leaks(answer) == [], parameters
        names = answer.text if parameters.get("format") != "html" else ""
        assert ORDERS not in names.replace(QUERIES[name], "")


@pytest.mark.parametrize(
    "text",
    [
        f"ASK {{ <{BUYER}> ?p ?o }}",
        f"ASK {{ GRAPH <{ORDERS}> {{}} }}",
        f"ASK {{ ?s a <{CKB}Buyer> }}",
        f"ASK {{ ?s a <{CKB}Order> }}",
        f"ASK {{ FILTER EXISTS {{ <{ORDER}> ?p ?o }} }}",
    ],
)
def test_no_question_tells_whether_it_is_there(stranger: Server, text: str) -> None:
    assert stranger.get(sparql(text)).json["boolean"] is False


def test_counts_are_those_of_public_graphs(stranger: Server, server: Server) -> None:
    count = sparql("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    own, analyst = (
        int(one.get(count).json["results"]["bindings"][0]["n"]["value"])
        for one in (stranger, server.bearing("analyst"))
    )
    assert own < analyst
    page = stranger.get("/", Accept="text/html").text
    assert "</b> buyer" not in page and "</b> order" not in page
    assert "orders" not in stranger.get("/commits", Accept="text/html").text


PATHS = [
    BUYER.removeprefix("https://w3id.org/commerce-kb"),
    ORDER.removeprefix("https://w3id.org/commerce-kb"),
    LINE.removeprefix("https://w3id.org/commerce-kb"),
    f"/graph/{ORDERS.removeprefix(GRAPH)}",
    f"/graph/{ORDERS.removeprefix(GRAPH)}?format=nt",
    "/graph/private/../private/orders",
    "/graph/private%2Forders",
    f"/store?graph={quote(ORDERS, safe='')}",
    f"/store?graph={quote(PRIVATE + 'inferred', safe='')}",
    "/store",
    "/store?default&source=private/orders",
    "/store?format=trig",
    "/changes",
    "/changes?since=1",
    "/find?q=abcdefghijklmnopqrstuvwxyz",
    "/find?q=abcdefghijklmnopqrstuvwxyz&kind=ckb:Buyer",
    f"/explain?{urlencode({'s': ORDER, 'p': CKB + 'placedBy', 'o': f'<{BUYER}>'})}",
    f"/explain?{urlencode({'s': LINE, 'p': CKB + 'lineOffer', 'o': OFFER})}",
    "/id/offer/lan-vl-red",
    "/id/sku/velvet-lipstick-red",
    "/commits",
    "/",
    "/queries",
    "/loads/0000",
    "/contradictions",
    "/.well-known/void",
    "/sparql",
    "/metrics",
    "/ready",
    "/insight",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_no_page_dump_patch_or_error_reaches_private_data(stranger: Server, path: str, accept: str) -> None:
    answer = stranger.get(path, Accept=accept)
    assert answer.status in (200, 302, 400, 401, 403, 404, 406)
    assert leaks(answer, asked=unquote(path)) == []


def test_what_is_hidden_is_told_in_the_same_words_as_what_is_not_there(stranger: Server) -> None:
    def said(path: str, name: str) -> tuple[int, str]:
        answer = stranger.get(path)
        return answer.status, re.sub(r"\s+", " ", answer.text.replace(name, "X"))

    assert said("/graph/private/orders", "orders") == said("/graph/private/nothing", "nothing")
    assert said(PATHS[0], PATHS[0]) == said("/id/buyer/nobody", "/id/buyer/nobody")
    explained = [
        f"/explain?{urlencode({'s': subject, 'p': CKB + 'placedBy', 'o': BUYER})}"
        for subject in (ORDER, "urn:x")
    ]
    assert said(explained[0], ORDER) == said(explained[1], "urn:x")


def test_questions_about_buyers_answer_strangers_with_nothing(stranger: Server) -> None:
    for name in ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08"):
        assert leaks(stranger.get(f"/questions/{name}", Accept="application/sparql-results+json")) == [], name


@pytest.mark.parametrize(
    "update",
    [
        "INSERT {{ GRAPH <{mine}> {{ ?s ?p ?o }} }} WHERE {{ ?s a <{ckb}Order> ; ?p ?o }}",
        "INSERT {{ GRAPH <{mine}> {{ ?s ?p ?o }} }} WHERE {{ GRAPH <{orders}> {{ ?s ?p ?o }} }}",
        "INSERT {{ GRAPH <{mine}> {{ ?s ?p ?o }} }} USING <{orders}> WHERE {{ ?s ?p ?o }}",
        "INSERT DATA {{ GRAPH <{mine}> {{ <urn:a> <urn:b> 1 }} }} ;"
        "INSERT {{ GRAPH <{mine}> {{ ?s ?p ?o }} }} WHERE {{ GRAPH ?g {{ ?s <{ckb}placedBy> ?x ; ?p ?o }} }}",
        "ADD <{orders}> TO <{mine}>",
        "COPY SILENT <{orders}> TO <{mine}>",
        "ADD <{private}inferred> TO <{mine}>",
        "MOVE SILENT <{orders}> TO <{mine}>",
    ],
)
def test_no_update_copies_private_data_into_sight(writable: Server, update: str) -> None:
    limited = writable.bearing("writer", graphs=(f"{GRAPH}mine",))
    text = update.format(mine=f"{GRAPH}mine", orders=ORDERS, ckb=CKB, private=PRIVATE)
    answer = limited.ask("POST", "/sparql", body=text.encode(), Content_Type="application/sparql-update")
    assert answer.status in (200, 403, 404), answer.text
    assert leaks(answer, asked=text) == []
    shown = limited.get(f"/store?graph={quote(GRAPH + 'mine', safe='')}&format=nt")
    assert leaks(shown) == []
    analyst = writable.bearing("analyst")
    assert leaks(analyst.get(sparql(QUERIES["from"])))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", f"/graph/{ORDERS.removeprefix(GRAPH)}", b"<urn:s> <urn:p> 1 ."),
        ("DELETE", f"/graph/{ORDERS.removeprefix(GRAPH)}", b""),
        ("POST", "/graph/shop", b"<urn:s> <urn:p> 1 ."),
        ("DELETE", "/graph/shop", b""),
        ("PUT", "/graph/shapes", b"<urn:s> <urn:p> 1 ."),
        ("PATCH", "/graph/private/orders", b"A <urn:s> <urn:p> <urn:o> ."),
    ],
)
def test_a_token_for_some_graphs_changes_no_other(
    writable: Server, method: str, path: str, body: bytes
) -> None:
    limited = writable.bearing("writer", graphs=(f"{GRAPH}mine",))
    kind = "application/rdf-patch" if method == "PATCH" else "text/turtle"
    before = writable.get("/health").json
    assert limited.ask(method, path, body=body, Content_Type=kind).status == 403
    assert writable.get("/health").json == before


@pytest.mark.parametrize("role", ["reader", "analyst"])
def test_readers_and_analysts_change_nothing(writable: Server, role: str) -> None:
    before = writable.get("/health").json
    asker = writable.bearing(role)
    for method, path in (
        ("POST", "/sparql"),
        ("PUT", "/store?default"),
        ("DELETE", "/store"),
        ("POST", "/loads"),
        ("DELETE", "/graph/shop"),
    ):
        kind = "application/sparql-update" if path == "/sparql" else "text/turtle"
        answer = asker.ask(method, path, body=b"CLEAR ALL", Content_Type=kind)
        assert answer.status == 403, (method, path)
        assert "role writer" in answer.text
    assert writable.get("/health").json == before


def test_a_sign_in_of_a_browser_reads_and_does_not_write(writable: Server) -> None:
    token = writable.bearing("writer").headers["Authorization"].removeprefix("Bearer ")
    basic = "Basic " + base64.b64encode(f"me:{token}".encode()).decode()
    assert writable.get("/sign-in", Authorization=basic).status == 303
    assert leaks(writable.get(sparql(QUERIES["all"]), Authorization=basic))
    body = b"INSERT DATA { <urn:x> <urn:y> 1 }"
    answer = writable.ask(
        "POST", "/sparql", body=body, Content_Type="application/sparql-update", Authorization=basic
    )
    assert (answer.status, "Bearer" in answer.text) == (403, True)
    challenge = writable.get("/sign-in", Accept="text/html")
    assert (challenge.status, challenge.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")


def test_wrong_tokens_are_refused_and_counted(launch, shop) -> None:
    server = launch(shop, "--public")
    statuses = [server.get("/", Authorization=f"Bearer {n}").status for n in range(80)]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 10 * 4  # Each HTTP process, at most four, counts by itself.
    assert server.get("/").status == 200


def test_pages_of_other_sites_send_nothing_and_read_only_if_they_are_named(launch, shop) -> None:
    server = launch(shop, "--allow-origin", "https://shop.example.org")
    writer = server.bearing("writer")
    body = {"body": b"update=CLEAR+ALL", "Content_Type": "application/x-www-form-urlencoded"}
    for origin in ("https://evil.example.org", "null", "http://127.0.0.1:1", "https://shop.example.org"):
        answer = writer.ask("POST", "/sparql", Origin=origin, **body)
        assert answer.status == 403, origin
    query = {"body": b"query=ASK+%7B%7D", "Content_Type": "application/x-www-form-urlencoded"}
    named = server.ask("POST", "/sparql", Origin="https://shop.example.org", **query)
    assert named.status == 200
    assert named.headers["Access-Control-Allow-Origin"] == "https://shop.example.org"
    other = server.get(sparql("ASK {}"), Origin="https://evil.example.org")
    assert "Access-Control-Allow-Origin" not in other.headers
    assert server.ask("OPTIONS", "/sparql", Origin="https://shop.example.org").headers[
        "Access-Control-Allow-Methods"
    ]
    assert "Set-Cookie" not in server.get("/", Accept="text/html").headers
