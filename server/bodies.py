"""Bodies of requests: read to a limit, inflated to a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import IO, cast

import zstandard
from flask import Request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected

from kb.errors import DataError

from .faults import BodyTooLarge, BrokenBody, UnsupportedMediaType

_PIECE = 1 << 20
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def read_body(request: Request, *, most: int) -> bytes:
    """The whole body, inflated.

    Raises BodyTooLarge beyond `most` bytes on the way or inflated, UnsupportedMediaType for an unknown
    Content-Encoding, DataError for what can't be inflated.
    """
    return b"".join(pieces_of(request, most=most))


def pieces_of(request: Request, *, most: int) -> Iterator[bytes]:
    """The body in pieces, inflated; compressed once more it is refused. Raises as `read_body` does."""
    if (request.content_length or 0) > most:
        raise _too_large(most)
    request.max_content_length = most
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    coming = inflated(_sent(request.stream), encoding, most=most)
    first = next(coming, b"")
    if kind := next((name for magic, name in _MAGIC.items() if first.startswith(magic)), None):
        if encoding != "identity":
            raise DataError("The body is compressed twice", hint="compress it once")
        coming = inflated(_chained(first, coming), kind, most=most)
        first = b""
    yield first
    yield from coming


def inflated(pieces: Iterator[bytes], encoding: str, *, most: int) -> Iterator[bytes]:
    """Pieces of a body as they were before they were compressed, at most so many bytes.

    >>> import gzip
    >>> list(inflated(iter([gzip.compress(b"abc")]), "gzip", most=3))
    [b'abc']
    >>> list(inflated(iter([gzip.compress(b"abc")]), "gzip", most=2))
    Traceback (most recent call last):
    server.faults.BodyTooLarge: The body is too long. To mend it: send at most 2 bytes, inflated
    """
    plain = 0
    for piece in _decoded(pieces, encoding):
        plain += len(piece)
        if plain > most:
            raise _too_large(most)
        yield piece


def _decoded(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in ("identity", ""):
        yield from pieces
        return
    if encoding not in ("gzip", "x-gzip", "deflate", "zstd"):
        raise UnsupportedMediaType(
            f"The Content-Encoding '{encoding}' is not read here",
            hint="send gzip, zstd, or the body as it is",
        )
    try:
        if encoding == "zstd":
            # A frame may ask for a window of gigabytes.
            reader = zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(
                cast(IO[bytes], _Readable(pieces))
            )
            while piece := reader.read(_PIECE):
                yield piece
            return
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32 if encoding != "deflate" else zlib.MAX_WBITS)
        for sent in pieces:
            waiting = sent
            while waiting:
                yield inflater.decompress(waiting, _PIECE)
                waiting = inflater.unconsumed_tail
                if inflater.eof and inflater.unused_data:
                    waiting, inflater = inflater.unused_data, zlib.decompressobj(zlib.MAX_WBITS | 32)
        if not inflater.eof:
            raise DataError("The compressed body ends too early", hint="send it again")
    except (zlib.error, zstandard.ZstdError) as fault:
        raise DataError(f"The body can't be inflated: {fault}", hint="send it again") from None


class _Readable:
    """Pieces as something to read from."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        self._rest = self._rest or next(self._pieces, b"")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken


def _chained(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _sent(stream: IO[bytes]) -> Iterator[bytes]:
    try:
        while piece := stream.read(_PIECE):
            yield piece
    except (OSError, ClientDisconnected, ParseException) as fault:
        raise BrokenBody(f"The body did not come whole: {fault}", hint="send it again") from None


def _too_large(most: int) -> BodyTooLarge:
    return BodyTooLarge("The body is too long", hint=f"send at most {most:,} bytes, inflated")
