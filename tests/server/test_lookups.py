"""The short way of a look-up gives what the long way gives: the same answer, the same headers, the same faults."""

from __future__ import annotations

import http.client
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.test import Client, TestResponse

from kb.tokens import Role, Tokens
from server.app import create_app
from tests.server.live import Server

BRAND = "https://w3id.org/commerce-kb/id/brand/aurelle"
QUERIES = {
    "select": f"SELECT ?p ?o {{ <{BRAND}> ?p ?o }} ORDER BY ?p ?o",
    "many rows": "SELECT * { ?s ?p ?o } ORDER BY ?s ?p ?o",
    "ask": f"ASK {{ <{BRAND}> a ckb:Brand }}",
    "describe": f"DESCRIBE <{BRAND}>",
    "private": "SELECT (COUNT(*) AS ?n) { GRAPH ?g { ?s a ckb:Buyer } }",
    "wrong": "SELECT * {",
    "update": "INSERT DATA { <urn:a> <urn:b> <urn:c> }",
    "service": "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
    "deep": "SELECT * { " + "{" * 200 + "}" * 200 + " }",
    "nothing": "",
}
HEADERS = {
    "plain": {},
    "turtle or csv": {"Accept": "text/turtle, text/csv"},
    "page": {"Accept": "text/html"},
    "nothing fits": {"Accept": "image/png"},
    "compressed": {"Accept-Encoding": "gzip, zstd;q=0.5"},
    "chinese": {"Accept-Language": "zh"},
    "another host": {"Host": "shop.example"},
    "a wrong token": {"Authorization": "Bearer wrong"},
    "another site": {"Origin": "https://shop.example"},
    "allowed site": {"Origin": "https://trusted.example"},
    "forwarded": {"X-Forwarded-For": "203.0.113.9"},
    "known": {"If-None-Match": "*"},
}


@pytest.fixture(scope="module")
def app(shop: Path) -> Flask:
    app = create_app(shop, origins=["https://trusted.example"])
    yield app
    app.extensions["pool"].close()


def asked(app: Flask, path: str, *, long: bool = False, **headers: str) -> TestResponse:
    application = app.wsgi_app._long if long else app.wsgi_app  # type: ignore[attr-defined]
    near = {"REMOTE_ADDR": "127.0.0.1"}
    return Client(application).get(path, headers={"Host": "localhost", **headers}, environ_overrides=near)


def seen(answer: TestResponse) -> tuple[object, ...]:
    headers = {name: value for name, value in answer.headers.items() if name != "Date"}
    if "Vary" in headers:
        headers["Vary"] = ", ".join(sorted(headers["Vary"].split(", ")))
    return answer.status_code, headers, answer.data


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("headers", HEADERS.values(), ids=HEADERS)
def test_both_ways_give_the_same(app: Flask, text: str, headers: dict[str, str]) -> None:
    path = f"/sparql?query={quote(text)}"
    assert seen(asked(app, path, **headers)) == seen(asked(app, path, long=True, **headers))


@pytest.mark.parametrize(
    "more",
    [
        "&format=csv",
        "&format=nonsense",
        "&reasoning=false",
        "&reasoning=perhaps",
        "&default-graph-uri=urn:nowhere",
        "&default-graph-uri=not an iri",
        "&query=ASK{}",
        "&timeout=0",
        "&update=CLEAR ALL",
    ],
)
def test_parameters_mean_the_same(app: Flask, more: str) -> None:
    path = f"/sparql?query={quote(QUERIES['select'])}{quote(more, safe='&=')}"
    assert seen(asked(app, path)) == seen(asked(app, path, long=True))


def test_who_may_see_private_graphs_sees_them(app: Flask, shop: Path) -> None:
    token = Tokens(shop).add(Role.ANALYST, name="looks-up")[0]
    path = f"/sparql?query={quote(QUERIES['private'])}"
    header = {"Authorization": f"Bearer {token}"}
    short, long = asked(app, path, **header), asked(app, path, long=True, **header)
    assert seen(short) == seen(long)
    assert seen(short) != seen(asked(app, path))
    Tokens(shop).remove("looks-up")


def test_look_ups_are_counted_like_others(server: Server) -> None:
    def counted() -> float:
        text = server.get("/metrics").text
        wanted = 'kb_request_seconds_count{engine="oxigraph",method="GET",route="/sparql",status="200"}'
        return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(wanted))

    before = counted()
    for number in range(3):
        assert server.get(f"/sparql?query={quote(f'ASK {{ ?s ?p {number} }}')}").status == 200
    assert counted() == before + 3


def test_an_answer_has_one_date(server: Server) -> None:
    for way in ("", "&timeout=20"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", f"/sparql?query={quote('ASK {}')}{way}")
        assert len(connection.getresponse().headers.get_all("Date")) == 1


def test_a_fault_of_ours_is_told_as_any_other(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    path = f"/sparql?query={quote(QUERIES['select'])}"
    monkeypatch.setattr("server.reader.View.stream", broken)
    short, long = asked(app, path), asked(app, path, long=True)
    assert short.status_code == 500
    assert seen(short) == seen(long)
