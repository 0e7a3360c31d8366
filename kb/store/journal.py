"""The journal: every commit as RDF Patch in append-only segments, each record with a checksum.

    journal/  NNNNNNNN.rdfp  private/NNNNNNNN.sealed  index.jsonl  torn-...

A segment is named by its first commit; rows of private graphs lie sealed in the private file of the same name.
`docs/journal.md` describes every byte. Reading needs no lock; whatever changes the journal is called by the
holder of the store's write lock alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Literal

import pyarrow as pa

from ..columns.batches import from_lines, lines
from ..columns.files import link
from ..errors import NotFound, StoreDamaged
from .durable import sync
from .journal_check import Finding, Gap, damaged, died, gaps
from .journal_files import Extension, shorten
from .journal_index import SEGMENT, Index, State, Torn, base_name, private_file, segments, swallowed
from .journal_record import (
    Commit,
    Entry,
    Extent,
    Owner,
    Record,
    head,
    header_rows,
    older_row,
    private_row,
    rows,
    trailer,
)
from .keys import Keys
from .private import Sealer, divided, unsealed

__all__ = ["Commit", "Finding", "Gap", "Journal", "Record"]

SEGMENT_BYTES = 64 << 20
_LETTERS = {True: "A ", False: "D "}


class Journal:
    """The commits of a store, in a folder.

    `durability` "os" leaves it to the system when bytes reach the disk; `keys` is the file of the buyers' keys, by
    default ``keys.db`` beside the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        durability: Literal["disk", "os"] = "disk",
        segment_bytes: int = SEGMENT_BYTES,
        keys: Path | None = None,
    ) -> None:
        self.folder = folder
        self.keys = Keys(keys or folder.parent / "keys.db")
        self.durable = durability == "disk"
        self._segment_bytes = segment_bytes
        self._index = Index(folder)
        self._swept = False

    @property
    def last(self) -> int:
        """The number of the newest commit, 0 where there is none."""
        return self._index.state().last

    @property
    def base(self) -> Commit | None:
        """The commit as of which the whole state was written down, None where all commits can be read."""
        base = self._index.state().base
        return base.commit if base else None

    @property
    def oldest(self) -> int:
        """The number of the first commit that can be read: 1, or the one after the base."""
        return self.base.number + 1 if self.base else 1

    def commits(self) -> list[Commit]:
        """All commits, oldest first."""
        return [one.commit for one in self._index.entries()]

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
            with Extension(self.folder / segment, begin) as text, self._private(state, segment) as private:
                for number, record in enumerate(records, state.last + 1):
                    if record.commit.number != number:
                        raise ValueError(f"commit {record.commit.number} can't follow commit {number - 1}")
                    text.write(head(record.commit))
                    entries.append(self._written(text, private, record))
                # What the rows in clear refer to is there before them.
                private.finish(durable=self.durable)
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
                size = keep if segment == gone[0].segment else 0
                shorten(self.folder / segment, size)
                if not size:
                    private_file(self.folder, segment).unlink(missing_ok=True)
            sync(self.folder)
            self._index.write(state.base, left)

    def read(self, number: int, *, adds: bool) -> Iterator[pa.RecordBatch]:
        """The rows that a commit added (or removed), as batches, when the record has proved intact.

        Rows of buyers who were forgotten are left out; `gaps` counts them. Raises NotFound, also for a commit that
        is part of the base, and StoreDamaged for a record that fails its checksum.
        """
        entry = self._entry(number)
        if not entry.segment:
            left = f"commits from #{self.oldest} on" if self.oldest <= self.last else "later commits"
            raise NotFound(
                f"The patch of commit #{number} went into the journal's base, as of commit #{self.oldest - 1}",
                hint=f"the patches of {left} can be read",
            )
        yield from self._rows(entry, adds=adds)

    def adds(self, number: int, quads: Sequence[bytes]) -> list[bool]:
        """For each line of N-Quads (as received, without line end), whether a commit added it; nothing is decoded.

        Raises what `read` raises.
        """
        entry = self._entry(number)
        needles = [b"\n" + _LETTERS[True].encode() + one + b"\n" for one in quads]
        found = [False] * len(needles)
        for piece in self._pieces(entry, adds=True):
            text = b"\n" + piece
            found = [known or one in text for known, one in zip(found, needles, strict=True)]
        return found

    def read_base(self) -> Iterator[pa.RecordBatch]:
        """The whole asserted state as of the commit `base`; nothing where there is none.

        Raises StoreDamaged.
        """
        base = self._index.state().base
        if base:
            yield from self._rows(base, adds=True)

    def compact(
        self,
        state: Iterable[pa.RecordBatch],
        *,
        through: Commit,
        owner: Owner | None = None,
        keep: bool = False,
    ) -> None:
        """Write the whole asserted state as of the newest commit as a base in the place of all patches.

        The older segments are removed, or moved to ``archive/`` if they are to be kept. Whatever fails, the
        journal is the old one or the new one.
        """
        self.recover()
        if not through.number or through != self.get(self.last):
            raise ValueError(
                f"a base holds the state as of the newest commit, not of commit {through.number}"
            )
        self._swept = False
        old, commits = segments(self.folder), self.commits()
        name = base_name(through.number, old)
        draft, private = self.folder / f"{name}.draft", private_file(self.folder, name)
        with self._index.changing():
            with Extension(draft, 0) as text, Extension(private, 0, private=True) as sealed:
                text.write(header_rows({"base": through.number, "id": through.id}))
                for one in commits:
                    text.write(older_row(one))
                base = replace(self._written(text, sealed, Record(through, state, (), owner)), segment=name)
                sealed.finish(durable=True)
                text.finish(durable=True)
            if keep:
                self._archive(old)
            draft.rename(self.folder / name)
            sync(self.folder)
            self._sweep()
            self._index.write(base, [Entry(one) for one in commits])

    def _rows(self, entry: Entry, *, adds: bool) -> Iterator[pa.RecordBatch]:
        for piece in self._pieces(entry, adds=adds):
            yield from from_lines(piece, prefix=_LETTERS[adds])

    def _pieces(self, entry: Entry, *, adds: bool) -> Iterator[bytes]:
        """The rows of a record as they stand, in pieces of whole lines."""
        with self._opened(entry, entry.segment, entry.text) as source:
            yield from rows(source, entry.text, adds=adds)
        if entry.private.length:
            private = private_file(self.folder, entry.segment)
            with self._opened(entry, f"private/{private.name}", entry.private) as source:
                yield from unsealed(source, entry.private, self.keys, adds=adds)

    def gaps(self) -> list[Gap]:
        """What forgetting has left of each commit: how many rows are lost for good."""
        return gaps(self.folder, self._records(), self.keys)

    def check(self) -> list[Finding]:
        """Read every record and tell what is damaged; an empty list says that every byte is as written."""
        return [*died(self._index.state()), *damaged(self.folder, self._records(), self.keys)]

    def recover(self) -> list[Finding]:
        """Put right what a writer that died has left: torn bytes go to a file of their own, the index is mended.

        Gives what was found; nothing and at once where all is well.
        """
        state = self._index.state()
        found = died(state)
        for one in state.torn:
            if one.length:
                self._set_aside(one)
            shorten(self.folder / one.segment, one.begin)
        if state.torn or not state.sound:
            self._index.write(state.base, self._index.entries())
        if not self._swept:
            self._sweep()
        return found

    def _records(self) -> list[Entry]:
        """All records that are there, the base first."""
        base = self._index.state().base
        return [*([base] if base else []), *(one for one in self._index.entries() if one.segment)]

    def _archive(self, names: list[str]) -> None:
        """Give segments and their private files a second name in the archive."""
        for name in names:
            for path in (self.folder / name, private_file(self.folder, name)):
                place = self.folder / "archive" / path.relative_to(self.folder)
                if path.exists() and not place.exists():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    link(path, place)
                    sync(place.parent)
        sync(self.folder)

    def _sweep(self) -> None:
        """Remove what a base has made needless, and what a writer that died had not finished."""
        for path in (*swallowed(self.folder), *self.folder.glob("*.draft")):
            path.unlink()
        self._swept = True

    def _entry(self, number: int) -> Entry:
        if not 0 < number <= self.last:
            raise NotFound(f"There is no commit #{number}", hint="see kb log")
        return self._index.entries()[number - 1]

    @contextmanager
    def _opened(self, entry: Entry, name: str, extent: Extent) -> Iterator[BinaryIO]:
        """A file of the journal, when what a commit has in it has proved intact."""
        try:
            with (self.folder / name).open("rb") as source:
                if not extent.intact(source):
                    raise StoreDamaged(
                        f"The record of commit #{entry.commit.number} fails its checksum",
                        where=f"journal/{name}",
                        hint="see kb doctor",
                    )
                yield source
        except FileNotFoundError:
            raise StoreDamaged(
                f"The record of commit #{entry.commit.number} is missing",
                where=f"journal/{name}",
                hint="see kb doctor",
            ) from None

    def _private(self, state: State, segment: str) -> Extension:
        """The private file of a segment, to be written on; it is made when the first row comes."""
        path = private_file(self.folder, segment)
        tail = state.tail
        begin = tail.private.end if tail and tail.segment == segment else 0
        return Extension(path, begin, private=True)

    def _written(self, text: Extension, private: Extension, record: Record) -> Entry:
        """Write a record's rows, behind its header, and what ends it."""
        commit = record.commit
        sealer = Sealer(private, self.keys, commit.number, record.owner)
        text.write(b"TX .\n")
        for adds, batches in ((False, record.removed), (True, record.added)):
            for batch in batches:
                clear, hidden = divided(batch)
                if len(clear):
                    text.write(lines(clear, _LETTERS[adds]))
                if len(hidden):
                    sealer.add(hidden, adds=adds)
        sealer.flush()
        sealed = private.cut()
        text.write(b"TC .\n" + (private_row(sealed) if sealed.length else b""))
        extent = text.cut()
        text.write(trailer(extent.checksum, extent.length))
        text.cut()
        return Entry(commit, text.path.name, extent, sealed)

    def _place(self, state: State) -> tuple[str, int]:
        """The segment that the next record goes to, and where in it."""
        tail = state.tail
        if tail and tail.segment and tail.end + tail.private.end < self._segment_bytes:
            return tail.segment, tail.end
        return f"{state.last + 1:08d}{SEGMENT}", 0

    def _set_aside(self, torn: Torn) -> None:
        """Keep torn bytes in a file of their own."""
        with (self.folder / torn.segment).open("rb") as source:
            source.seek(torn.begin)
            left = source.read()
        with Extension(self.folder / f"torn-{Path(torn.segment).stem}-{torn.begin}", 0) as kept:
            kept.write(left)
            kept.finish(durable=True)
