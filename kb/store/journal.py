"""The journal: one RDF Patch file a commit, numbered, never changed.

RDF Patch is the format of Apache Jena's RDF Delta (https://afs.github.io/rdf-delta/rdf-patch.html): header lines
``H``, a transaction ``TX`` ... ``TC``, rows ``A`` (add) and ``D`` (delete) in N-Quads syntax. A patch is written
beside its place, synced and renamed: it is there whole or not at all.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyoxigraph as ox

from ..columns.batches import BATCH_ROWS, batches_of, lines
from ..errors import NotFound, StoreDamaged
from ..graphs import BASE
from .durable import sync


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


@dataclass(frozen=True)
class Record:
    """A commit with its rows, as they go into the journal."""

    commit: Commit
    added: Iterable[pa.RecordBatch]
    removed: Iterable[pa.RecordBatch]


class Journal:
    """The patches of a store, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def last(self) -> int:
        """The number of the newest commit, 0 where there is none."""
        return max((int(path.stem) for path in self.folder.glob("*.rdfp")), default=0)

    def commits(self) -> list[Commit]:
        """All commits, oldest first."""
        return [self._header(path) for path in sorted(self.folder.glob("*.rdfp"))]

    def find(self, reference: str) -> Commit:
        """A commit by number, id or unambiguous beginning of an id.

        Raises NotFound.
        """
        commits = self.commits()
        found = [one for one in commits if str(one.number) == reference.lstrip("#")]
        found = found or [one for one in commits if one.id.startswith(reference)]
        if len(found) != 1:
            raise NotFound(
                f"{'No' if not found else 'More than one'} commit is called {reference}", hint="see kb log"
            )
        return found[0]

    def get(self, number: int) -> Commit:
        """The commit of a number that is there."""
        return self._header(self._path(number))

    def append(self, records: Iterable[Record]) -> None:
        """Append commits; when this returns they are on disk."""
        for one in records:
            self._write(one.commit, one.added, one.removed)

    def _write(
        self, commit: Commit, added: Iterable[pa.RecordBatch], removed: Iterable[pa.RecordBatch]
    ) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"{commit.number:08d}.draft"
        try:
            with draft.open("wb") as sink:
                sink.write(_head(commit).encode())
                for prefix, batches in (("D ", removed), ("A ", added)):
                    for batch in batches:
                        sink.write(lines(batch, prefix))
                sink.write(b"TC .\n")
                sink.flush()
                os.fsync(sink.fileno())
            draft.rename(self._path(commit.number))
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        sync(self.folder)

    def cut(self, *, after: int) -> None:
        """Take back the commits after one, which were not published."""
        for number in range(self.last, after, -1):
            self._path(number).unlink()
        sync(self.folder)

    def read(self, number: int, *, adds: bool) -> Iterator[pa.RecordBatch]:
        """The rows that a commit added (or removed), as batches."""
        with self._path(number).open("rb") as source:
            letter = b"A " if adds else b"D "
            rows = (line[2:] for line in source if line.startswith(letter))
            while block := list(islice(rows, BATCH_ROWS)):
                yield from batches_of(
                    ox.parse(
                        b"".join(block), format=ox.RdfFormat.N_QUADS, lenient=True, rename_blank_nodes=False
                    )
                )

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:08d}.rdfp"

    def _header(self, path: Path) -> Commit:
        parts: dict[str, str] = {}
        with path.open(encoding="utf-8") as source:
            for line in source:
                if not line.startswith("H "):
                    break
                name, text = line[2:].removesuffix(" .\n").split(" ", 1)
                parts[name] = _value(text)
        try:
            values: dict[str, Any] = {one.name: parts[one.name] for one in fields(Commit)}
            return Commit(**{**values, **{name: int(parts[name]) for name in ("number", "added", "removed")}})
        except KeyError as missing:
            raise StoreDamaged(f"A patch without its header {missing}", where=str(path)) from None


def _head(commit: Commit) -> str:
    lines_ = [f"H {one.name} {ox.Literal(str(getattr(commit, one.name)))} .\n" for one in fields(commit)]
    return "".join(lines_) + "TX .\n"


def _value(text: str) -> str:
    return next(iter(ox.parse(f"<urn:s> <urn:p> {text} .", format=ox.RdfFormat.N_TRIPLES))).object.value
