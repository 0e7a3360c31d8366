"""The journal: every commit as RDF Patch in append-only segments, each record with a checksum.

    journal/  NNNNNNNN.rdfp  index.jsonl  torn-...  archive/

A segment is named by its first commit. `docs/journal.md` describes every byte. Reading needs no lock; whatever
changes the journal is called by the holder of the store's write lock alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from ..columns.batches import from_lines, lines
from ..errors import NotFound, StoreDamaged
from .durable import sync
from .journal_files import Extension
from .journal_index import SEGMENT, Index, State, Torn
from .journal_record import Commit, Entry, Extent, Record, head, rows, trailer

__all__ = ["Commit", "Finding", "Journal", "Record"]

SEGMENT_BYTES = 64 << 20
_LETTERS = {True: "A ", False: "D "}


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; `number` is 0 where it is no commit's."""

    number: int
    segment: str
    what: str


class Journal:
    """The commits of a store, in a folder; `durability` "os" leaves it to the system when bytes reach the disk."""

    def __init__(
        self,
        folder: Path,
        *,
        durability: Literal["disk", "os"] = "disk",
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.folder = folder
        self.durable = durability == "disk"
        self._segment_bytes = segment_bytes
        self._index = Index(folder)

    @property
    def last(self) -> int:
        """The number of the newest commit, 0 where there is none."""
        return self._index.state().last

    def commits(self) -> list[Commit]:
        """All commits, oldest first."""
        return [one.commit for one in self._index.entries()]

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
        """The commit of a number.

        Raises NotFound.
        """
        return self._entry(number).commit

    def append(self, records: Sequence[Record]) -> None:
        """Append commits, numbered on from the last; when this returns they are on disk, by one sync for all.

        Whatever fails leaves the journal as it was.
        """
        self.recover()
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._index.changing() as state:
            segment, begin = self._place(state)
            entries: list[Entry] = []
            with Extension(self.folder / segment, begin) as text:
                for number, record in enumerate(records, state.last + 1):
                    if record.commit.number != number:
                        raise ValueError(f"commit {record.commit.number} can't follow commit {number - 1}")
                    entries.append(Entry(record.commit, segment, _written(text, record)))
                text.finish(durable=self.durable)
            if entries:
                self._index.grow(entries)

    def cut(self, *, after: int) -> None:
        """Take back the commits after one, which were not published."""
        entries = self._index.entries()
        gone, left = entries[after:], entries[:after]
        if not gone:
            return
        if not gone[0].segment:
            raise ValueError(f"commit {after + 1} is part of the base and can't be taken back")
        with self._index.changing() as state:
            keep = gone[0].text.offset
            for segment in sorted({one.segment for one in gone}, reverse=True):
                if segment == gone[0].segment and keep:
                    with Extension(self.folder / segment, keep) as text:
                        text.finish(durable=self.durable)
                else:
                    (self.folder / segment).unlink()
            sync(self.folder)
            self._index.write(state.base, left)

    def read(self, number: int, *, adds: bool) -> Iterator[pa.RecordBatch]:
        """The rows that a commit added (or removed), as batches, when the record has proved intact.

        Raises NotFound, and StoreDamaged for a record that fails its checksum.
        """
        entry = self._entry(number)
        with (self.folder / entry.segment).open("rb") as source:
            if not entry.text.intact(source):
                raise StoreDamaged(
                    f"The record of commit #{number} fails its checksum",
                    where=f"journal/{entry.segment}",
                    hint="see kb doctor",
                )
            for piece in rows(source, entry.text, adds=adds):
                yield from from_lines(piece, prefix=_LETTERS[adds])

    def check(self) -> list[Finding]:
        """Read every record and tell what is damaged; an empty list says that every byte is as written."""
        state = self._index.state()
        found = [_torn(one) for one in state.torn]
        if state.lost:
            found.append(_lost(state))
        for entry in self._index.entries():
            if entry.segment:
                found += self._checked(entry)
        return found

    def recover(self) -> list[Finding]:
        """Put right what a writer that died has left: torn bytes go to a file of their own, the index is mended.

        Gives what was found; nothing and at once where all is well.
        """
        state = self._index.state()
        found = [_torn(one) for one in state.torn]
        if state.lost:
            found.append(_lost(state))
        for one in state.torn:
            self._set_aside(one)
        if state.torn or not state.sound:
            self._index.write(state.base, self._index.entries())
        return found

    def _entry(self, number: int) -> Entry:
        if not 0 < number <= self.last:
            raise NotFound(f"There is no commit #{number}", hint="see kb log")
        return self._index.entries()[number - 1]

    def _place(self, state: State) -> tuple[str, int]:
        """The segment that the next record goes to, and where in it."""
        tail = state.tail
        if tail and tail.segment and tail.end + tail.private.end < self._segment_bytes:
            return tail.segment, tail.end
        return f"{state.last + 1:08d}{SEGMENT}", 0

    def _set_aside(self, torn: Torn) -> None:
        """Move torn bytes out of their segment."""
        path = self.folder / torn.segment
        with path.open("rb") as source:
            source.seek(torn.begin)
            left = source.read()
        copy = self.folder / f"torn-{path.stem}-{torn.begin}"
        with Extension(copy, 0) as kept:
            kept.write(left)
            kept.finish(durable=True)
        with Extension(path, torn.begin) as cut:
            cut.finish(durable=True)
        if not torn.begin:
            path.unlink()

    def _checked(self, entry: Entry) -> Iterator[Finding]:
        number, segment = entry.commit.number, entry.segment
        try:
            with (self.folder / segment).open("rb") as source:
                if not entry.text.intact(source):
                    yield Finding(number, segment, "the record fails its checksum")
                source.seek(entry.text.end)
                if source.read(len(entry.trailer)) != entry.trailer:
                    yield Finding(number, segment, "the record's checksum row is damaged")
        except FileNotFoundError:
            yield Finding(number, segment, "the segment is missing")


def _written(text: Extension, record: Record) -> Extent:
    """Write one record."""
    text.write(head(record.commit) + b"TX .\n")
    for adds, batches in ((False, record.removed), (True, record.added)):
        for batch in batches:
            text.write(lines(batch, _LETTERS[adds]))
    text.write(b"TC .\n")
    extent = text.cut()
    text.write(trailer(extent.checksum, extent.length))
    text.cut()
    return extent


def _torn(torn: Torn) -> Finding:
    return Finding(
        0, torn.segment, f"{torn.length} bytes at {torn.begin} are no whole record: an append died"
    )


def _lost(state: State) -> Finding:
    return Finding(state.last + 1, "", f"the index knows {state.lost} more commits than the segments hold")
