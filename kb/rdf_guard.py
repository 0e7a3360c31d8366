"""Looks at RDF before a parser sees it: what would bring a parser down with few bytes is refused.

Entities of RDF/XML multiply (the parser takes a DOCTYPE wherever it stands, also behind a long comment), and
nesting without end is quadratic in JSON-LD and RDF/XML and exhausts the stack by triple terms. A long base makes
gigabytes of kilobytes. What passes may still be wrong: saying so is the parser's work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from random import getrandbits

import pyoxigraph as ox

from .errors import DataError

MOST_LEVELS = 500
_MARKUP = re.compile(
    rb"""<!-- | <!\[CDATA\[ | <! | <\?
      | <(?P<end>/?) [^\s<>/!?"'] (?: [^>"'] | "[^"]*" | '[^']*' )* >
      | (?P<part> < )""",
    re.VERBOSE,
)
_CLOSERS = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
_JSON = re.compile(rb'\\.|["{}\[\]]', re.DOTALL)
_QUOTED = re.compile(
    rb"""(?P<skipped> "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*' | <[^<>"{}|^`\\\s]*> ) | (?P<mark> << | >> )
      | (?P<quote> ["'] )""",
    re.VERBOSE | re.DOTALL,
)
_LONGEST_TAG = 1 << 20
_LONG = 1 << 16
# A document may become so much longer by its prefixes, in bytes and in times.
_EXPANDED = 64_000_000
_MOST_TIMES = 100


class Watch:
    """Sees the bytes of one document pass, in pieces.

    >>> Watch(ox.RdfFormat.RDF_XML).take(b"<!-- x --><!DOCTYPE x>")
    Traceback (most recent call last):
    kb.errors.DataError: RDF/XML with a DOCTYPE is refused. To mend it: expand its entities first
    """

    def __init__(self, form: ox.RdfFormat, where: str | None = None) -> None:
        self._where = where
        self._depth = 0
        self._rest = b""
        self._closer = b""
        self._in_string = False
        watches: dict[ox.RdfFormat, Callable[[bytes], None]] = {
            ox.RdfFormat.RDF_XML: self._xml,
            ox.RdfFormat.JSON_LD: self._json,
        }
        self._look: Callable[[bytes], None] = watches.get(form, self._turtle)
        self.bytes = 0

    def take(self, piece: bytes) -> None:
        """Look at the next bytes. Raises DataError."""
        self.bytes += len(piece)
        self._look(piece)

    def modest(self, quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
        """Quads of the document as they come.

        Raises DataError where names with a long prefix or base multiply what came; one in sixteen is looked at.
        """
        spent = 0
        for quad in quads:
            if not getrandbits(4):
                spent += 16 * len(str(quad))
                if spent > _EXPANDED + _MOST_TIMES * self.bytes:
                    raise self._refusal("Its prefixes and bases make it many times longer", "shorten them")
            yield quad

    def _xml(self, piece: bytes) -> None:
        data, at = self._rest + piece, 0
        while True:
            if self._closer:
                found = data.find(self._closer, at)
                if found < 0:
                    self._rest = data[max(at, len(data) - len(self._closer) + 1) :]
                    return
                at, self._closer = found + len(self._closer), b""
            markup = _MARKUP.search(data, at)
            if markup is None:
                self._rest = b""
                return
            token, begin = markup.group(), markup.start()
            if markup["part"] or (token == b"<!" and len(data) - begin < len(b"<![CDATA[")):
                # A tag whose end is not here yet.
                self._rest = data[begin:]
                if len(self._rest) > _LONGEST_TAG:
                    raise self._refusal("A tag is longer than 1 MiB")
                return
            if token == b"<!":
                raise self._refusal("RDF/XML with a DOCTYPE is refused", "expand its entities first")
            at = markup.end()
            if token in _CLOSERS:
                self._closer = _CLOSERS[token]
            elif markup["end"]:
                self._depth -= 1
            elif not token.endswith(b"/>"):
                self._deeper()

    def _json(self, piece: bytes) -> None:
        data = self._rest + piece
        held = (len(data) - len(data.rstrip(b"\\"))) % 2
        self._rest = data[len(data) - held :]
        for found in _JSON.finditer(data, 0, len(data) - held):
            token = found.group()
            if token == b'"':
                self._in_string = not self._in_string
            elif not self._in_string and token in b"{[":
                self._deeper()
            elif not self._in_string and token in b"}]":
                self._depth -= 1

    def _turtle(self, piece: bytes) -> None:
        """Triple terms; a long piece without any costs one search."""
        data = self._rest + piece
        self._rest = b"<" if data[-2:-1] != b"<" and data.endswith(b"<") else b""
        if b"<<" not in data:
            self._depth = 0 if len(data) > _LONG else self._depth
            return
        for found in _QUOTED.finditer(data):
            if found["mark"] == b"<<":
                self._deeper()
            elif found["mark"]:
                self._depth = max(0, self._depth - 1)
            elif found["quote"] and b"\n" not in data[found.start() :] and len(data) - found.start() < _LONG:
                self._rest = data[found.start() :]  # A string whose end is not here yet.
                return

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MOST_LEVELS:
            raise self._refusal(f"It nests deeper than {MOST_LEVELS} levels")

    def _refusal(self, what: str, hint: str | None = None) -> DataError:
        return DataError(what, where=self._where, hint=hint)
