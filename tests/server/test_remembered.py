"""Answers that are kept: told again word by word, until a commit, and to nobody who may see more or less."""

from __future__ import annotations

import http.client
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from pyoxigraph import Literal

from kb import KnowledgeBase
from server.remembered import Answers
from tests.server.live import Answer, Server

BRAND = "https://w3id.org/commerce-kb/id/brand/aurelle"
NAMES = f"/sparql?query={quote(f'SELECT ?name {{ <{BRAND}> skos:altLabel ?name }}')}"


def asked(connection: http.client.HTTPConnection, path: str, **headers: str) -> Answer:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return Answer(response.status, response.headers, response.read())


def test_a_request_that_comes_again_gets_the_same_answer(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    first, *others = (asked(connection, NAMES) for _ in range(3))
    assert first.headers["X-Cache"] is None
    for other in others:
        assert other.headers["X-Cache"] == "hit"
        assert other.body == first.body
        same = {name for name in first.headers if name not in ("Date", "X-Cache")}
        assert {name: other.headers[name] for name in same} == {name: first.headers[name] for name in same}
    known = asked(connection, NAMES, **{"If-None-Match": first.headers["ETag"]})
    assert known.status == 304


def test_a_commit_is_seen_by_the_next_request(
    launch: Callable[..., Server], shop: Path, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(shop, tmp_path / "shop.kb"))
    server = launch(place)
    for number in range(3):
        name = f"Aurelle {number}"
        with KnowledgeBase.open(place) as knowledge, knowledge.commit(source="m", message="a name") as change:
            change.add(BRAND, "skos:altLabel", Literal(name))
        # A connection's first request is always evaluated; a connection that waits for long is closed.
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        asked(connection, "/health")
        answers = [asked(connection, NAMES) for _ in range(3)]
        assert [answer.headers["X-Cache"] for answer in answers] == [None, "hit", "hit"]
        assert all(name in answer.text for answer in answers)
        assert len({answer.headers["X-Commerce-KB-Snapshot"] for answer in answers}) == 1


def test_repetitions_are_counted(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    text = "SELECT ?counted { ?counted a ckb:Brand }"
    hits = [asked(connection, f"/sparql?query={quote(text)}").headers["X-Cache"] for _ in range(3)]
    assert hits == [None, "hit", "hit"]
    counted = server.bearing("admin").get("/metrics").text
    assert any('engine="memory"' in line and "_count" in line for line in counted.splitlines())


def test_nothing_is_kept_of_who_shows_a_token(server: Server) -> None:
    text = "SELECT (COUNT(*) AS ?n) { ?s a ckb:Buyer }"
    path = f"/sparql?query={quote(text)}"
    analyst = server.bearing("analyst").headers
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    assert [asked(connection, path, **analyst).headers["X-Cache"] for _ in range(3)] == [None] * 3
    seen = asked(connection, path, **analyst).json["results"]["bindings"][0]["n"]["value"]
    anonymous = [asked(connection, path) for _ in range(2)]
    assert [one.json["results"]["bindings"][0]["n"]["value"] for one in anonymous] == ["0", "0"]
    assert seen != "0"


def test_a_request_that_brings_a_body_is_answered_each_time(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(3):
        connection.request("GET", NAMES, body=b"GET / HTTP/1.1\r\n\r\n")
        response = connection.getresponse()
        response.read()
        assert (response.status, response.headers["X-Cache"]) == (200, None)


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("1")
    answers = Answers(tmp_path, most=20_000)
    body = b"x" * 1_000
    sent = [b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 1000\r\n\r\n", body]
    for number in range(100):
        answers.keep(("peer", b"%d" % number), answers.pointer(), sent, again=print)
    found = [number for number in range(100) if answers.find(("peer", b"%d" % number))]
    assert found == list(range(100 - len(found), 100))
    assert 5 <= len(found) <= 20
    kept = answers.find(("peer", b"99"))
    assert kept is not None and kept.now().endswith(b"\r\n\r\n" + body)
    (tmp_path / "new").write_text("1")
    (tmp_path / "new").replace(tmp_path / "CURRENT")
    assert answers.find(("peer", b"99")) is None


def test_an_answer_that_was_cut_or_has_no_length_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("1")
    answers = Answers(tmp_path)
    for sent in (
        b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 9\r\n\r\n12345",
        b"HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
    ):
        answers.keep(("peer", b"GET"), answers.pointer(), [sent], again=print)
        assert answers.find(("peer", b"GET")) is None
