"""Bodies that are more than they seem."""

from __future__ import annotations

import gzip
import zlib

import pytest
import zstandard

from tests.attacks.conftest import Target

TURTLE = "text/turtle"
LINE = b"<urn:s> <urn:p> <urn:o> .\n"
# More than any of these addresses take, in a few kilobytes.
BOMB = LINE * 2_000_000
WINDOW = zstandard.ZstdCompressor(
    compression_params=zstandard.ZstdCompressionParameters(window_log=30, enable_ldm=True)
)


@pytest.fixture(scope="module")
def bombs() -> dict[str, tuple[bytes, str]]:
    once = gzip.compress(BOMB, 1)
    return {
        "gzip": (once, "gzip"),
        "deflate": (zlib.compress(BOMB, 1), "deflate"),
        "zstd": (zstandard.compress(BOMB), "zstd"),
        "gzip members": (gzip.compress(LINE * 100_000, 1) * 20, "gzip"),
        "gzip in gzip": (gzip.compress(once), "gzip"),
        "a window of a gigabyte": (WINDOW.compress(BOMB), "zstd"),
        "gzip unannounced": (once, "identity"),
    }


KINDS = [
    "gzip",
    "deflate",
    "zstd",
    "gzip members",
    "gzip in gzip",
    "a window of a gigabyte",
    "gzip unannounced",
]


@pytest.mark.parametrize("name", KINDS)
def test_a_compression_bomb_is_refused(
    target: Target, bombs: dict[str, tuple[bytes, str]], name: str
) -> None:
    body, encoding = bombs[name]
    answer = target.writer.ask(
        "POST", "/graph/bomb", body=body, Content_Type=TURTLE, Content_Encoding=encoding
    )
    assert answer.status in (400, 413), answer.text
    assert target.writer.get("/graph/bomb").status == 404


@pytest.mark.parametrize("name", KINDS)
def test_a_compressed_query_is_inflated_to_its_limit_alone(
    target: Target, bombs: dict[str, tuple[bytes, str]], name: str
) -> None:
    body, encoding = bombs[name]
    answer = target.server.ask(
        "POST", "/sparql", body=body, Content_Type="application/sparql-query", Content_Encoding=encoding
    )
    assert answer.status in (400, 413), answer.text


@pytest.mark.parametrize("encoding", ["br", "compress", "gzip, gzip", "gzip, identity", "exi", "\xe9"])
def test_unknown_and_stacked_encodings_are_refused(target: Target, encoding: str) -> None:
    answer = target.writer.ask(
        "POST", "/graph/bomb", body=gzip.compress(LINE), Content_Type=TURTLE, Content_Encoding=encoding
    )
    assert answer.status == 415


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\x00" * 100_000, TURTLE),
        (b"\xff\xfe" * 100_000, TURTLE),
        (b"@prefix : <" + b"a" * 1_000_000 + b"> . :s :p :o .", TURTLE),
        (b"@base <urn:" + b"a" * 100_000 + b"> . " + b"<> <> <> . " * 20_000, TURTLE),
        (b'<urn:s> <urn:p> "' + b"x" * 20_000_000, TURTLE),
        (b"<urn:s> <urn:p> '''" + b"'' " * 1_000_000, TURTLE),
        (b"<urn:s> <urn:p> 1e" + b"9" * 100_000 + b" .", TURTLE),
        (b"{" * 400, "application/ld+json"),
        (b'{"@context": {"a": {"@id": "b"}, "b": {"@id": "a"}}, "a": 1}', "application/ld+json"),
        (b'{"@context": ["file:///etc/passwd"], "a": 1}', "application/ld+json"),
        (b'{"@context": {"@import": "http://127.0.0.1:1/c"}, "a": 1}', "application/ld+json"),
        (b'{"@id": "urn:a", "urn:b": ' + b"9" * 1_000_000 + b"}", "application/ld+json"),
        (b"<a " + b"b='c' " * 200_000 + b"/>", "application/rdf+xml"),
        (b"<a" + b"a" * 2_000_000, "application/rdf+xml"),
        (b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "application/rdf+xml"),
        (b"TX .\n" * 100_000, "application/rdf-patch"),
    ],
)
def test_a_body_that_is_no_data_is_refused(target: Target, body: bytes, kind: str) -> None:
    method = "PATCH" if kind.endswith("patch") else "PUT"
    answer = target.writer.ask(method, "/graph/hostile", body=body, Content_Type=kind)
    assert answer.status in (200, 201, 400, 404, 413, 415), answer.text[:300]
    assert b"root:" not in answer.body and answer.headers["Content-Security-Policy"]
    target.writer.ask("DELETE", "/graph/hostile")


def test_a_bulk_upload_that_is_no_data_leaves_nothing(target: Target) -> None:
    before = {one.name for one in (target.server.store / "loads").glob("*")}
    answer = target.writer.ask(
        "POST",
        "/loads",
        body=b'{"a":' * 5_000,
        Content_Type="application/ld+json",
        Content_Encoding="identity",
    )
    assert answer.status == 400
    assert {one.name for one in (target.server.store / "loads").glob("*")} == before
