"""Requests that would have the server fetch, read or serve what is not its own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.attacks.conftest import Target

# All of these are this machine, or one that only this machine reaches.
NEAR = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "017700000001",
    "0",
    "0.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[64:ff9b::7f00:1]",
    "169.254.169.254",
    "10.0.0.1",
    "user@127.0.0.1",
    "127.0.0.1%00.example.org",
]
FILES = [
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "file:/etc/passwd",
    "file:///proc/self/environ",
    "FILE:///etc/passwd",
    "file:///etc%2fpasswd",
    "file://127.0.0.1/etc/passwd",
    "jar:file:///etc/passwd",
    "ftp://127.0.0.1/x",
    "data:text/turtle,<urn:s> <urn:p> <urn:o> .".replace(" ", "%20").replace("<", "%3C").replace(">", "%3E"),
    "/etc/passwd",
]


@pytest.fixture(scope="module")
def trap() -> Iterator[tuple[int, list[bytes]]]:
    """A port of this machine, and who came to it."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.settimeout(1)
                    came.append(b"connected")
                    client.sendall(
                        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"
                    )

        threading.Thread(target=listen, daemon=True).start()
        yield listener.getsockname()[1], came
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("host", NEAR)
def test_no_query_and_no_update_reaches_an_address(
    target: Target, trap: tuple[int, list[bytes]], host: str
) -> None:
    port, came = trap
    address = f"http://{host}:{port}/x.ttl"
    for silent in ("", "SILENT "):
        for text in (
            f"SELECT * {{ SERVICE {silent}<{address}> {{ ?s ?p ?o }} }}",
            f"SELECT * {{ BIND(<{address}> AS ?x) SERVICE {silent}?x {{ ?s ?p ?o }} }}",
            f"SELECT * FROM <{address}> {{ ?s ?p ?o }}",
            f"SELECT * FROM NAMED <{address}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        ):
            answer = target.query(text)
            assert answer.status in (200, 400, 403), answer.text
            assert answer.status != 200 or answer.json["results"]["bindings"] == []
        for server in (target.writer, target.admin):
            loaded = server.ask(
                "POST",
                "/sparql",
                body=f"LOAD {silent}<{address}>".encode(),
                Content_Type="application/sparql-update",
            )
            assert loaded.status in ((200, 400, 403) if silent else (400, 403)), loaded.text
            assert loaded.status != 200 or loaded.json["added"] == 0
    text = f"INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{address}> {{ ?s ?p ?o }} }}"
    assert target.update(text).status in (400, 403)
    given = target.query("SELECT * { ?s ?p ?o }", **{"default-graph-uri": address})
    assert given.status in (200, 400)
    assert came == []


@pytest.mark.parametrize(
    "escaped", ["\\u0053ERVICE", "SERVI\\u0043E", "/**/SERVICE", "SERVICE#\n", "\ufeffSERVICE"]
)
def test_no_spelling_hides_a_service(target: Target, trap: tuple[int, list[bytes]], escaped: str) -> None:
    port, came = trap
    answer = target.query(f"SELECT * {{ {escaped} <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}")
    assert answer.status in (400, 403)
    assert came == []


@pytest.mark.parametrize("file", FILES)
def test_no_query_and_no_update_reads_a_file(target: Target, file: str) -> None:
    for text in (f"LOAD <{file}>", f"LOAD SILENT <{file}>", f"LOAD <{file}> INTO GRAPH <urn:g>"):
        for server in (target.writer, target.admin):
            answer = server.ask(
                "POST", "/sparql", body=text.encode(), Content_Type="application/sparql-update"
            )
            assert answer.status in ((200, 400, 403) if "SILENT" in text else (400, 403)), answer.text
            assert answer.status != 200 or answer.json["added"] == 0
    answer = target.query(f"SELECT * FROM <{file}> {{ ?s ?p ?o }}")
    assert answer.status in (200, 400)
    assert answer.status != 200 or answer.json["results"]["bindings"] == []
    assert b"root:" not in answer.body


def test_no_body_has_the_server_fetch_something(target: Target, trap: tuple[int, list[bytes]]) -> None:
    port, came = trap
    address = f"http://127.0.0.1:{port}/c"
    bodies = [
        (f'{{"@context": "{address}", "a": 1}}', "application/ld+json"),
        (f'{{"@context": ["{address}", {{}}], "a": 1}}', "application/ld+json"),
        (f'{{"@context": {{"@import": "{address}"}}, "a": 1}}', "application/ld+json"),
        (f'{{"@context": {{"a": {{"@id": "urn:a", "@context": "{address}"}}}}, "a": {{}}}}', "application/ld+json"),
        (f'<!DOCTYPE a SYSTEM "{address}"><a/>', "application/rdf+xml"),
        (f'<?xml-stylesheet href="{address}"?><a xmlns:xi="http://www.w3.org/2001/XInclude">'
         f'<xi:include href="{address}"/></a>', "application/rdf+xml"),
        (f"@import <{address}> . <urn:s> <http://www.w3.org/2002/07/owl#imports> <{address}> .", "text/turtle"),
        (f"<urn:s> <http://www.w3.org/2002/07/owl#imports> <{address}> .", "text/turtle"),
    ]  # fmt: skip
    for body, kind in bodies:
        answer = target.writer.ask("PUT", "/graph/fetching", body=body.encode(), Content_Type=kind)
        assert answer.status in (200, 201, 400), answer.text
    assert came == []
    target.writer.ask("DELETE", "/graph/fetching")


PATHS = [
    "/static/../app.py",
    "/static/..%2f..%2fapp.py",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..\\..\\app.py",
    "/static//etc/passwd",
    "/static/%00",
    "/static/vendor/../../app.py",
    "/id/../../etc/passwd",
    "/id/%2e%2e/%2e%2e/etc/passwd",
    "/graph/../../../etc/passwd",
    "/graph/..%2f..%2ftokens.json",
    "/onto/../../etc/passwd",
    "/onto/..%2f..%2fkb%2fterms",
    "/onto/core/..%2f..",
    "/questions/..%2f..%2fqueries",
    "/loads/..%2f..%2ftokens.json",
    "/loads/..",
    "/queries/..%2f..",
    "//etc/passwd",
    "/%2e%2e/tokens.json",
    "/store/tokens.json",
    "/tokens.json",
    "/kb.toml",
    "/.git/config",
]


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_pages(target: Target, path: str) -> None:
    for server in (target.server, target.admin):
        answer = server.get(path)
        assert answer.status in (301, 302, 308, 400, 401, 403, 404, 405), answer.text[:200]
        for secret in (b"root:", b"sha256", b"def ", b"durability"):
            assert secret not in answer.body


@pytest.mark.parametrize("name", ["../../../x", "a/../../x", "x\x00", "..", "/etc/x", "a" * 5_000])
def test_no_name_of_a_source_leads_out_of_the_store(target: Target, name: str) -> None:
    before = sorted(one.name for one in target.server.store.parent.iterdir())
    for path in (f"/graph/{quote(name, safe='')}", f"/loads?source={quote(name, safe='')}"):
        method = "PUT" if path.startswith("/graph") else "POST"
        answer = target.writer.ask(
            method, path, body=b"<urn:s> <urn:p> <urn:o> .", Content_Type="text/turtle"
        )
        assert answer.status in (200, 201, 202, 308, 400, 403, 404, 414), answer.text
        if answer.status == 201:
            assert target.writer.ask("DELETE", path).status == 200
    assert sorted(one.name for one in target.server.store.parent.iterdir()) == before


@pytest.mark.parametrize(
    "where",
    ["//evil.example.org", "/\\evil.example.org", "/%5cevil.example.org", "/%2f%2fevil.example.org/.."],
)
def test_no_redirect_leads_elsewhere(target: Target, where: str) -> None:
    answer = target.server.get(where, Accept="text/html")
    assert "evil" not in answer.headers.get("Location", "").replace("%5C", "").split("evil")[0]
    assert not answer.headers.get("Location", "/").startswith(("//", "/\\", "http://evil"))
