"""Connections that are slow, broken, lying or many."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from tests.attacks.conftest import Target

GET = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n"
POST = b"POST /sparql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/sparql-query\r\n"
MANY = 300


@contextlib.contextmanager
def connections(target: Target, count: int, begin: bytes) -> Iterator[list[socket.socket]]:
    """So many connections, each of which has sent the same beginning."""
    with contextlib.ExitStack() as kept:
        opened = []
        for _ in range(count):
            one = kept.enter_context(socket.create_connection(("127.0.0.1", target.port), timeout=20))
            one.sendall(begin)
            opened.append(one)
        yield opened


def said(client: socket.socket) -> bytes:
    """All that the server says until it closes."""
    with contextlib.suppress(ConnectionResetError):
        return b"".join(iter(lambda: client.recv(65_536), b""))
    return b""


def answered_at_once(target: Target, times: int = 10) -> None:
    began = time.monotonic()
    for _ in range(times):
        assert target.query("ASK { <urn:s7> <urn:p> 'item 7' }").json["boolean"] is True
        assert target.server.get("/find?q=item").status == 200
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"G",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        POST + b"Content-Length: 1000\r\n\r\nASK",
        POST + b"Content-Length: 1000\r\n",
        GET + b"\r\n" + GET,
    ],
    ids=["silent", "a letter", "half a head", "half a body", "no end of the head", "half a second request"],
)
def test_many_who_send_slowly_keep_nobody_waiting(target: Target, begin: bytes) -> None:
    with connections(target, MANY, begin) as opened:
        answered_at_once(target)
        for one in opened[:50]:
            with contextlib.suppress(OSError):
                one.sendall(b"a")
        answered_at_once(target)


def test_who_never_finishes_a_request_is_shown_out(target: Target) -> None:
    with connections(target, 1, GET) as (client,):
        began = time.monotonic()
        assert b" 408 " in said(client)
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("chunked", [False, True])
def test_many_who_send_long_bodies_slowly_keep_nobody_waiting(target: Target, chunked: bool) -> None:
    more = (
        b"Transfer-Encoding: chunked\r\n\r\nFFFF\r\nASK" if chunked else b"Content-Length: 900000\r\n\r\nASK"
    )
    with connections(target, MANY, POST + more):
        time.sleep(1.5)
        answered_at_once(target)


def test_many_who_do_not_read_keep_nobody_waiting(target: Target) -> None:
    text = "SELECT%20*%20%7B%20?a%20?b%20?c%20.%20?d%20?e%20?f%20%7D%20LIMIT%209000"
    request = b"GET /sparql?query=" + text.encode() + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with contextlib.ExitStack() as kept:
        for _ in range(90):
            client = kept.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", target.port))
            client.sendall(request)
        time.sleep(2)
        answered_at_once(target)


def test_who_keeps_its_end_open_keeps_nobody_waiting(target: Target) -> None:
    with connections(target, 60, GET + b"Connection: close\r\n\r\n") as opened:
        answered_at_once(target)
        assert b" 200 " in said(opened[0])[:20]


@pytest.mark.parametrize("begin", [GET + b"\r\n", GET, POST + b"Content-Length: 9\r\n\r\nASK"])
def test_half_closed_connections_are_closed(target: Target, begin: bytes) -> None:
    with connections(target, 20, begin) as opened:
        for one in opened:
            one.shutdown(socket.SHUT_WR)
        for one in opened:
            assert said(one)[:12] in (b"", b"HTTP/1.1 200", b"HTTP/1.1 503", b"HTTP/1.1 400", b"HTTP/1.1 499")


def test_connections_that_are_reset_leave_nothing(target: Target) -> None:
    for begin in (GET, GET + b"\r\n", POST + b"Content-Length: 900000\r\n\r\nASK {"):
        with connections(target, 50, begin) as opened:
            for one in opened:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    answered_at_once(target)


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: -1\r\n\r\nASK {}",
        POST + b"Content-Length: abc\r\n\r\nASK {}",
        POST + b"Content-Length: 3, 6\r\n\r\nASK {}",
        POST + b"Content-Length: 6\r\nContent-Length: 7\r\n\r\nASK {}",
        POST + b"Content-Length: +6\r\n\r\nASK {}",
        POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: cow\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nASK {}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nASK {}\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFF\r\nASK {}\r\n0\r\n\r\n",
        POST + b"Content-Length: 99999999999999999\r\n\r\nASK {}",
        POST + b"\r\nASK {}",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example.org\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET  /health\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /he\x00alth HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX Y: 1\r\n\r\n",
        b"CONNECT evil.example.org:443 HTTP/1.1\r\nHost: evil.example.org:443\r\n\r\n",
        b"TRACE / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer secret\r\n\r\n",
    ],
)
def test_a_request_that_lies_is_refused(target: Target, request_: bytes) -> None:
    with connections(target, 1, request_) as (client,):
        client.settimeout(1.5)
        with contextlib.suppress(TimeoutError):
            answer = client.recv(65_536)
            status = int(answer.split(b" ")[1]) if answer else 400
            assert 400 <= status < 506 and status != 500, answer
            assert b"secret" not in answer


def test_malformed_requests_fill_no_log(target: Target) -> None:
    """Nobody reads what this server says, and a pipe holds 64 KiB: two lines for each of these would be too many."""
    for _ in range(1_500):
        with connections(target, 1, b"GET  /health\r\n\r\n") as (client,):
            assert client.recv(64).startswith(b"HTTP/1.1 400")
    answered_at_once(target)


@pytest.mark.parametrize(
    ("head", "statuses"),
    [
        (b"".join(b"X-%d: a\r\n" % n for n in range(5_000)), (b"400", b"431")),
        (b"X: " + b"a" * 2_000_000 + b"\r\n", (b"400", b"431")),
        (b"Cookie: " + b"a=b; " * 1_500 + b"\r\n", (b"200",)),
        (b"Accept: " + b"text/html;q=0.1," * 500 + b"\r\n", (b"200", b"400", b"406", b"431")),
        (b"Accept-Language: " + b"en;q=0.1," * 800 + b"\r\n", (b"200", b"400")),
        (b"Range: bytes=" + b"0-1," * 1_500 + b"0-1\r\n", (b"200", b"206", b"416", b"400")),
        (b"If-None-Match: " + b'"a",' * 1_500 + b'"b"\r\n', (b"200",)),
        (b"Authorization: Bearer " + b"a" * 8_000 + b"\r\n", (b"401", b"429", b"200")),
    ],
)
def test_floods_of_headers_are_bounded(target: Target, head: bytes, statuses: tuple[bytes, ...]) -> None:
    with connections(target, 1, b"") as (client,):
        with contextlib.suppress(ConnectionError):
            client.sendall(GET + head + b"\r\n")
        with contextlib.suppress(ConnectionError):
            assert client.recv(65_536)[9:12] in statuses


def test_a_path_as_long_as_can_be_is_refused(target: Target) -> None:
    for path in ("/" + "a" * 9_000, "/id/" + "a/" * 4_500, "/sparql?query=" + "a" * 9_000):
        assert target.server.get(path).status in (400, 414)


def test_a_thousand_connections_are_too_few_to_shut_out_others(target: Target) -> None:
    with connections(target, 900, GET):
        answered_at_once(target, 3)
