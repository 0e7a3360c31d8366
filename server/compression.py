"""Answers compressed on their way: zstd (RFC 8878) or gzip, as the client prefers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import zstandard
from flask import Request, Response

from .negotiation import weighted

CODINGS = ("zstd", "gzip")
_LEAST_BYTES = 1_000
# Of a stream nobody knows the end, and a server has more to do than to compress.
_GZIP_LEVEL, _ZSTD_LEVEL = 4, 3
_COMPRESSIBLE = ("text/", "application/json", "application/n-", "application/rdf", "application/trig")
_STRUCTURED = ("+json", "+xml")


def compress(request: Request, response: Response) -> Response:
    """The answer in the client's coding, where that is worth it; its entity tag becomes a weak one.

    What comes in chunks stays so: a fault on the way still ends the connection without the last one. HTTP/1.0 has
    no chunks, and gets the answer as it is.
    """
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or "Content-Encoding" in response.headers:
        return response
    if request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return response
    asked = request.headers.get("Accept-Encoding")
    coding = coding_for(asked, media_type=response.mimetype, length=response.content_length)
    if coding is None:
        return response
    response.headers["Content-Encoding"] = coding
    tag, _ = response.get_etag()
    if tag is not None:
        response.set_etag(tag, weak=True)
    response.headers.pop("Content-Length", None)
    if request.method == "HEAD":
        return response
    if response.is_sequence:
        response.set_data(b"".join(Compressed(response.response, coding)))
    else:
        inner = response.response
        response.response = Compressed(inner, coding)
    return response


def coding_for(accept_encoding: str | None, *, media_type: str | None, length: int | None) -> str | None:
    """The coding for an answer of a media type and of so many bytes, where they are known; None for none."""
    if (
        not accept_encoding
        or not _is_compressible(media_type)
        or (length is not None and length < _LEAST_BYTES)
    ):
        return None
    return _chosen(accept_encoding)


class Compressed:
    """Pieces in a coding; they close, with themselves, what they are made of: a query ends with its client."""

    def __init__(self, pieces: Iterable[bytes | str], coding: str) -> None:
        self._pieces = _compressed(pieces, coding)
        self._source = pieces

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


def _compressed(pieces: Iterable[bytes | str], coding: str) -> Iterator[bytes]:
    """Each piece leaves when it comes, so that the first one is not waited for."""
    if coding == "zstd":
        zstd = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj()
        for piece in pieces:
            yield zstd.compress(_bytes(piece)) + zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        yield zstd.flush()
        return
    gzip = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    for piece in pieces:
        yield gzip.compress(_bytes(piece)) + gzip.flush(zlib.Z_SYNC_FLUSH)
    yield gzip.flush()


def _bytes(piece: bytes | str) -> bytes:
    return piece.encode() if isinstance(piece, str) else piece


def _chosen(accept_encoding: str | None) -> str | None:
    """The coding that the client likes best, or None for none.

    >>> _chosen("gzip, deflate, br, zstd"), _chosen("gzip;q=1, zstd;q=0.5"), _chosen("identity"), _chosen("gzip;q=0")
    ('zstd', 'gzip', None, None)
    """
    best, best_quality = None, 0.0
    wanted = dict(weighted(accept_encoding))
    for coding in CODINGS:
        quality = wanted.get(coding, wanted.get("*", 0.0) if coding == "gzip" else 0.0)
        if quality > best_quality:
            best, best_quality = coding, quality
    return best


def _is_compressible(media_type: str | None) -> bool:
    return (media_type or "").startswith(_COMPRESSIBLE) or (media_type or "").endswith(_STRUCTURED)
