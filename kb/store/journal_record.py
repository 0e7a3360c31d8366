"""A commit's record in the journal: RDF Patch text with a checksum behind it.

The text is Apache Jena's RDF Patch (https://jena.apache.org/documentation/rdf-patch/): header rows ``H``, a
transaction ``TX`` ... ``TC``, rows ``D`` and ``A`` in N-Quads syntax. What else is said about a record stands in
comments, which RDF Patch readers pass over; docs/journal.md describes every byte.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyoxigraph as ox
import xxhash

from ..graphs import BASE, Private, is_visible

_BLOCK = 1 << 22
_TRAILER = re.compile(rb"\n# xxh3-128 ([0-9a-f]{32}) (\d{1,15})(?=\n)")
_LONGEST_TRAILER = 64
_PRIVATE = re.compile(rb"^# private (\d{1,15}) (\d{1,15}) ([0-9a-f]{32})\n\Z", re.MULTILINE)
_LONGEST_PRIVATE = 96

Owner = Callable[[pa.RecordBatch], pa.Array]
"""Says for each row of a batch which buyer (IRI in N-Triples syntax) it belongs to; null for none or several."""


@dataclass(frozen=True)
class Commit:
    """Who wrote what, when, why and from where; `number` counts from 1, `added` and `removed` count quads.

    `content` is a hash of what was loaded, `graphs` the names of the graphs that were written, apart by spaces.
    """

    number: int
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))
    author: str = ""
    source: str = ""
    message: str = ""
    content: str = ""
    graphs: str = ""
    added: int = 0
    removed: int = 0

    def visible(self, private: Private) -> bool:
        """Whether somebody who sees these private graphs may know of it: of each graph that it wrote."""
        return all(is_visible(graph, private) for graph in self.graphs.split())

    @property
    def iri(self) -> str:
        """The commit as a PROV activity in the graph of commits."""
        return f"{BASE}commit/{self.id}"

    @property
    def name(self) -> str:
        """Number and id, as snapshots are named: a store made anew never repeats one.

        >>> Commit(number=3, id="4f1c08aa17").name
        '00000003-4f1c08aa'
        """
        return f"{self.number:08d}-{self.id[:8]}"

    @classmethod
    def unreadable(cls, number: int) -> Commit:
        """What stands for a commit whose record is damaged.

        >>> Commit.unreadable(3).name
        '00000003-'
        """
        return cls(number, id="", time="", message="(the record of this commit is damaged)")


_FIELDS = tuple(one.name for one in fields(Commit))


@dataclass(frozen=True)
class Record:
    """A commit with its rows, as they go into the journal.

    `owner` says whose the private ones among them are; without it they all go under the store's common key.
    """

    commit: Commit
    added: Iterable[pa.RecordBatch]
    removed: Iterable[pa.RecordBatch]
    owner: Owner | None = None

    @property
    def ready(self) -> bool:
        """Whether its rows are there as text, so that it can be written beside whatever changes the dictionary."""
        return isinstance(self.added, list) and isinstance(self.removed, list)


@dataclass(frozen=True)
class Extent:
    """Some bytes of a file and their checksum (XXH3, 128 bits, hexadecimal)."""

    offset: int = 0
    length: int = 0
    checksum: str = ""

    @property
    def end(self) -> int:
        """Where the bytes end."""
        return self.offset + self.length

    def intact(self, source: BinaryIO) -> bool:
        """Whether the bytes of an open file are still these."""
        state, left = xxhash.xxh3_128(), self.length
        source.seek(self.offset)
        while left and (block := source.read(min(left, _BLOCK))):
            state.update(block)
            left -= len(block)
        return not left and state.hexdigest() == self.checksum


@dataclass(frozen=True)
class Entry:
    """A commit and where its record lies; `segment` is empty where a base has taken the record's place.

    `text` covers the record without its checksum row, `private` its rows in the private file of the same name
    (of length 0 where it has none).
    """

    commit: Commit
    segment: str = ""
    text: Extent = Extent()
    private: Extent = Extent()

    @cached_property
    def trailer(self) -> bytes:
        """The row behind the record."""
        return trailer(self.text.checksum, self.text.length)

    @property
    def end(self) -> int:
        """Where the record ends, its checksum row included."""
        return self.text.end + len(self.trailer)


@dataclass(frozen=True)
class Found:
    """A stretch of a segment: a record, or bytes that are none."""

    text: Extent
    end: int
    intact: bool


def head(commit: Commit) -> bytes:
    """The header rows of a commit.

    >>> head(Commit(7, id="4f1c08aa17", message='two\\nlines')).decode().splitlines()[5]
    'H message "two\\\\nlines" .'
    """
    return header_rows(vars(commit))


def header_rows(values: dict[str, Any]) -> bytes:
    """Header rows of any names."""
    return "".join(f"H {name} {ox.Literal(str(value))} .\n" for name, value in values.items()).encode()


def trailer(checksum: str, length: int) -> bytes:
    """The row that ends a record: checksum and length of all before it.

    >>> trailer("00ff" * 8, 120)
    b'# xxh3-128 00ff00ff00ff00ff00ff00ff00ff00ff 120\\n'
    """
    return f"# xxh3-128 {checksum} {length}\n".encode()


def private_row(extent: Extent) -> bytes:
    """The row that says where a record's private rows lie.

    >>> private_row(Extent(0, 80, "00ff" * 8))
    b'# private 0 80 00ff00ff00ff00ff00ff00ff00ff00ff\\n'
    """
    return f"# private {extent.offset} {extent.length} {extent.checksum}\n".encode()


def private_of(source: BinaryIO, text: Extent) -> Extent | None:
    """Where the private rows of a record lie, None where it has none."""
    begin = max(text.offset, text.end - _LONGEST_PRIVATE)
    source.seek(begin)
    found = _PRIVATE.search(source.read(text.end - begin))
    return Extent(int(found[1]), int(found[2]), found[3].decode()) if found else None


def headers(source: BinaryIO, offset: int) -> dict[str, str]:
    """The header rows at a place in a file, by name."""
    found: dict[str, str] = {}
    source.seek(offset)
    for line in source:
        if not line.startswith(b"H "):
            break
        name, _, text = line[2:].decode("utf-8", "replace").removesuffix(" .\n").partition(" ")
        found[name] = _value(text)
    return found


def commit_at(source: BinaryIO, offset: int) -> Commit | None:
    """The commit whose header rows stand at a place in a file, None where they are damaged."""
    try:
        return commit_of(headers(source, offset))
    except (KeyError, ValueError, SyntaxError, StopIteration):
        return None


def commit_of(values: dict[str, Any]) -> Commit:
    """A commit from its fields as text or numbers; KeyError where one is missing."""
    known = {name: values[name] for name in _FIELDS}
    return Commit(**{**known, **{name: int(known[name]) for name in ("number", "added", "removed")}})


def older_row(commit: Commit) -> bytes:
    """A commit that a base has swallowed, as a comment in the base's record."""
    return f"# commit {json.dumps(vars(commit), ensure_ascii=False)}\n".encode()


def older_commits(source: BinaryIO, offset: int) -> list[Commit]:
    """The commits that the base at a place in a file has swallowed, oldest first."""
    found = []
    source.seek(offset)
    for line in source:
        if line.startswith(b"# commit "):
            found.append(commit_of(json.loads(line[9:])))
        elif not line.startswith(b"H "):
            break
    return found


def records(path: Path, start: int = 0) -> Iterator[Found]:
    """The records of a segment from a place on, checked, with whatever lies between and behind them.

    Every record ends with its length, so that what follows a damaged one is found again.
    """
    with path.open("rb") as source:
        expected = start
        for place, checksum, length in _trailers(source, start):
            begin = place - length
            if begin > expected:
                yield Found(Extent(expected, begin - expected), begin, False)
            text = Extent(max(begin, expected), place - max(begin, expected), checksum)
            end = place + len(trailer(checksum, length))
            yield Found(text, end, begin >= expected and text.intact(source))
            expected = end
        left = source.seek(0, 2) - expected
        if left:
            yield Found(Extent(expected, left), expected + left, False)


def rows(source: BinaryIO, text: Extent, *, adds: bool) -> Iterator[bytes]:
    """The rows that a record adds (or removes), letter and all, in pieces of whole lines."""
    source.seek(text.offset)
    beginning, left, rest = (b"\nA " if adds else b"\nD "), text.length, b"\n"
    while left and (block := source.read(min(left, _BLOCK))):
        left -= len(block)
        block = rest + block
        whole = block.rfind(b"\n") + 1
        # Removed rows stand before added ones: those of one letter lie side by side.
        begin, last = block.find(beginning, 0, whole), block.rfind(beginning, 0, whole)
        if begin >= 0:
            yield block[begin + 1 : block.find(b"\n", last + 1) + 1]
        rest = block[whole - 1 :]


def _trailers(source: BinaryIO, start: int) -> Iterator[tuple[int, str, int]]:
    """Place, checksum and length of all checksum rows from a place on."""
    place, rest = start, b""
    while True:
        source.seek(place + len(rest))
        block = source.read(_BLOCK)
        last = not block
        block = rest + block
        # A row that the block may cut in two is looked for in the next one.
        cut = len(block) if last else max(len(block) - _LONGEST_TRAILER, 0)
        for found in _TRAILER.finditer(block):
            if found.start() < cut:
                yield place + found.start() + 1, found[1].decode(), int(found[2])
        if last:
            return
        place, rest = place + cut, block[cut:]


def _value(text: str) -> str:
    return next(iter(ox.parse(f"<urn:s> <urn:p> {text} .", format=ox.RdfFormat.N_TRIPLES))).object.value
