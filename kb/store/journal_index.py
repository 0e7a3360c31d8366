"""The index of a journal: one line of JSON a commit, so that nobody has to read the segments.

It is derived: what the segments hold counts. An index that is missing, too short or too long is put right from
them, in memory by a reader, on disk by a writer.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, zip_longest
from pathlib import Path
from typing import Any

from .journal_record import (
    Commit,
    Entry,
    Extent,
    Found,
    commit_at,
    commit_of,
    headers,
    older_commits,
    private_of,
    records,
)

SEGMENT = ".rdfp"
BASE = ".base.rdfp"
PRIVATE = ".sealed"
_FORMAT = 1


@dataclass(frozen=True)
class Torn:
    """Bytes at the end of a segment that are no whole record: what an append that died has left."""

    segment: str
    begin: int
    length: int


@dataclass
class State:
    """What a journal holds; `entries` is read when first asked for, `sound` says whether the index file is right.

    `lost` counts the commits that the index knows and the segments lack.
    """

    base: Entry | None = None
    tail: Entry | None = None
    entries: list[Entry] | None = None
    torn: tuple[Torn, ...] = ()
    sound: bool = True
    lost: int = 0

    @property
    def last(self) -> int:
        """The number of the newest commit."""
        return self.tail.commit.number if self.tail else 0


@dataclass
class Index:
    """The index of the journal in a folder; keeps what it has read until the files change."""

    folder: Path
    _stamp: Any = field(default=None, repr=False)
    _state: State = field(default_factory=State, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _changing: bool = field(default=False, repr=False)

    @property
    def file(self) -> Path:
        """Where the index lies."""
        return self.folder / "index.jsonl"

    def state(self) -> State:
        """The newest commit and all that is cheap to know; reads no segment where the index is right."""
        with self._lock:
            if not self._changing and (stamp := self._look()) != self._stamp:
                self._state = self._found(segments(self.folder))
                self._stamp = stamp
            return self._state

    def entries(self) -> list[Entry]:
        """All commits, oldest first."""
        with self._lock:
            state = self.state()
            if state.entries is None:
                state.entries = self._read()[1][: state.last]
            return state.entries

    @contextmanager
    def changing(self) -> Iterator[State]:
        """While the one writer changes the segments, other threads see what was there before."""
        state = self.state()
        self._changing = True
        try:
            yield state
        finally:
            self._changing = False

    def grow(self, entries: list[Entry]) -> None:
        """Note entries that were appended to the segments."""
        state = self._state
        known = self.file.exists()
        added = b"".join(map(_line, entries))
        # The commits are there by now: an index that can't be written is made anew by whoever misses it.
        with suppress(OSError), self.file.open("ab") as sink:
            sink.write(added if known else _first_line(state.base) + added)
        if state.entries is not None:
            state.entries.extend(entries)
        state.tail = entries[-1]
        self._stamp = self._look()

    def write(self, base: Entry | None, entries: list[Entry]) -> None:
        """Write the index anew."""
        draft = self.file.with_suffix(".draft")
        with draft.open("wb") as sink:
            sink.write(_first_line(base))
            sink.writelines(map(_line, entries))
        draft.replace(self.file)
        self._state = State(base, entries[-1] if entries else None, entries)
        self._stamp = self._look()

    def _look(self) -> Any:
        """What changes whenever the journal does."""
        names = segments(self.folder)
        size = (self.folder / names[-1]).stat().st_size if names else 0
        try:
            index = self.file.stat()
        except FileNotFoundError:
            return names, size, None
        return names, size, (index.st_ino, index.st_size, index.st_mtime_ns)

    def _found(self, names: list[str]) -> State:
        """The state by the index, completed from the segments behind its end; by the segments if it fails."""
        if not names:
            return State(entries=[], sound=not self.file.exists())
        base_name = names[0] if names[0].endswith(BASE) else ""
        try:
            noted, tail = self._ends()
        except (OSError, ValueError, KeyError, IndexError):
            return self._rebuilt(names)
        if (noted.segment if noted else "") != base_name:
            return self._rebuilt(names)
        place = tail if tail and tail.segment else noted
        if tail is None or place is None or not self._confirms(place):
            return self._shortened(names)
        if place.segment == names[-1] and (self.folder / place.segment).stat().st_size == place.end:
            return State(noted, tail)
        more, torn = self._scanned(names, place)
        entries = [*self._read()[1], *more] if more else None
        return State(noted, more[-1] if more else tail, entries, torn, sound=not more)

    def _shortened(self, names: list[str]) -> State:
        """The state where the index goes on behind the end of the segments, or is another journal's."""
        try:
            base, entries = self._read()
        except (OSError, ValueError, KeyError, IndexError):
            return self._rebuilt(names)
        known = len(entries)
        while entries and not (entries[-1].segment and self._confirms(entries[-1])):
            entries.pop()
        if not entries:
            rebuilt = self._rebuilt(names)
            rebuilt.lost = max(0, known - rebuilt.last)
            return rebuilt
        more, torn = self._scanned(names, entries[-1])
        entries += more
        return State(base, entries[-1], entries, torn, sound=False, lost=max(0, known - len(entries)))

    def _rebuilt(self, names: list[str]) -> State:
        """The state by the segments alone."""
        base: Entry | None = None
        entries: list[Entry] = []
        if names[0].endswith(BASE):
            base, entries = self._base(names[0])
        more, torn = self._scanned(names, base or Entry(Commit(0)))
        entries += more
        return State(base, entries[-1] if entries else None, entries, torn, sound=False)

    def _base(self, name: str) -> tuple[Entry, list[Entry]]:
        path = self.folder / name
        number = int(name.split(".")[0])
        found = next(records(path), Found(Extent(), 0, False))
        with path.open("rb") as source:
            try:
                older = older_commits(source, found.text.offset)
            except (ValueError, KeyError):
                older = []
            private = private_of(source, found.text) or Extent()
        known = {one.number: one for one in older}
        entries = [Entry(known.get(one, Commit.unreadable(one))) for one in range(1, number + 1)]
        return Entry(entries[-1].commit, name, found.text, private), entries

    def _scanned(self, names: list[str], after: Entry) -> tuple[list[Entry], tuple[Torn, ...]]:
        """The records behind an entry, and what no record is at the end of the last segment."""
        found = [after]
        doubtful: list[Found] = []
        names = [
            one for one in names[names.index(after.segment) if after.segment else 0 :] if not _is_base(one)
        ]
        for name, following in zip_longest(names, names[1:]):
            doubtful = []
            for one in records(self.folder / name, found[-1].end if found[-1].segment == name else 0):
                entry = self._entry_of(name, one, found[-1])
                if entry is None:
                    doubtful.append(one)
                    continue
                found += _damaged(name, doubtful, found[-1], entry.commit.number)
                found.append(entry)
                doubtful = []
            if following:
                # A segment is left behind only when its last record is whole.
                found += _damaged(name, doubtful, found[-1], _first(following))
        if not doubtful:
            empty = names and not (self.folder / names[-1]).stat().st_size
            return found[1:], (Torn(names[-1], 0, 0),) if empty else ()
        begin = doubtful[0].text.offset
        return found[1:], (Torn(names[-1], begin, doubtful[-1].end - begin),)

    def _entry_of(self, name: str, found: Found, previous: Entry) -> Entry | None:
        """The entry of a record, None where it is damaged or its private rows are not there."""
        if not found.intact:
            return None
        with (self.folder / name).open("rb") as source:
            private = private_of(source, found.text)
            commit = commit_at(source, found.text.offset)
        if commit is None or not self._sealed(name, private):
            return None
        return Entry(commit, name, found.text, private or Extent(_sealed_end(previous, name)))

    def _sealed(self, segment: str, private: Extent | None) -> bool:
        """Whether the private rows of a record are there."""
        if private is None:
            return True
        try:
            with private_file(self.folder, segment).open("rb") as source:
                return private.intact(source)
        except FileNotFoundError:
            return False

    def _confirms(self, entry: Entry) -> bool:
        """Whether a record lies where an entry says: its beginning or its end (one may be damaged) is as it was."""
        try:
            with (self.folder / entry.segment).open("rb") as source:
                source.seek(entry.text.end)
                end = source.read(len(entry.trailer))
                if len(end) < len(entry.trailer):
                    return False
                if end == entry.trailer:
                    return True
                known = headers(source, entry.text.offset)
        except (OSError, ValueError, SyntaxError, StopIteration):
            return False
        return known.get("id", known.get("base")) == entry.commit.id

    def _ends(self) -> tuple[Entry | None, Entry | None]:
        """The base and the newest entry by the index file."""
        with self.file.open("rb") as source:
            base = _base_of(source.readline())
            begin, size = source.tell(), source.seek(0, os.SEEK_END)
            reach = 4096
            while True:
                place = max(begin, size - reach)
                source.seek(place)
                block = source.read()
                lines = block.split(b"\n")
                if lines[-1]:
                    raise ValueError("an unfinished line")
                if len(lines) > 2 or place == begin:
                    return base, _entry(json.loads(lines[-2])) if len(lines) > 1 else None
                reach *= 4

    def _read(self) -> tuple[Entry | None, list[Entry]]:
        with self.file.open("rb") as source:
            base = _base_of(source.readline())
            lines = source.read().split(b"\n")
        # One call for all lines is several times faster than one each.
        entries = [_entry(one) for one in json.loads(b"[" + b",".join(lines[:-1]) + b"]")]
        if any(one.commit.number != place for place, one in enumerate(entries, 1)):
            raise ValueError("a line is missing")
        return base, entries


def segments(folder: Path) -> list[str]:
    """The segments that count, oldest first: the newest base, if any, and what came after it."""
    try:
        names = sorted(one.name for one in folder.iterdir() if one.name.endswith(SEGMENT))
    except FileNotFoundError:
        return []
    base = max((name for name in names if name.endswith(BASE)), default="")
    if not base:
        return names
    return [base, *(name for name in names if not name.endswith(BASE) and _first(name) > _first(base))]


def swallowed(folder: Path) -> list[Path]:
    """The segments and private files that a base has made needless, or whose segment never came to be."""
    live = set(segments(folder))
    found = [path for path in folder.glob(f"*{SEGMENT}") if path.name not in live]
    stems = {private_file(folder, name).name for name in live}
    return found + [path for path in folder.glob(f"private/*{PRIVATE}") if path.name not in stems]


def base_name(number: int, names: list[str]) -> str:
    """The name of a new base as of a commit; one that was made before, of the same commit, is outdone.

    >>> base_name(12, ["00000012.00.base.rdfp"])
    '00000012.01.base.rdfp'
    """
    return next(name for serial in count() if (name := f"{number:08d}.{serial:02d}{BASE}") not in names)


def private_file(folder: Path, segment: str) -> Path:
    """The file of a segment's private rows."""
    return folder / "private" / (segment.removesuffix(SEGMENT) + PRIVATE)


def _damaged(name: str, found: list[Found], previous: Entry, until: int) -> list[Entry]:
    """Entries for the commits between two, whose records are damaged."""
    if not found:
        return []
    text = Extent(found[0].text.offset, found[-1].end - found[0].text.offset)
    numbers = range(previous.commit.number + 1, until)
    return [Entry(Commit.unreadable(one), name, text, Extent(_sealed_end(previous, name))) for one in numbers]


def _sealed_end(previous: Entry, segment: str) -> int:
    return previous.private.end if previous.segment == segment else 0


def _is_base(name: str) -> bool:
    return name.endswith(BASE)


def _first(name: str) -> int:
    return int(name.split(".")[0])


def _line(entry: Entry) -> bytes:
    values = dict(vars(entry.commit))
    if entry.segment:
        places = [[one.offset, one.length, one.checksum] for one in (entry.text, entry.private)]
        values |= {"segment": entry.segment, "text": places[0], "private": places[1]}
    return json.dumps(values, ensure_ascii=False).encode() + b"\n"


def _first_line(base: Entry | None) -> bytes:
    about = json.loads(_line(base)) if base else None
    return json.dumps({"format": _FORMAT, "base": about}, ensure_ascii=False).encode() + b"\n"


def _base_of(line: bytes) -> Entry | None:
    about = json.loads(line)
    if about["format"] != _FORMAT:
        raise ValueError("an index of another format")
    return _entry(about["base"]) if about["base"] else None


def _entry(values: dict[str, Any]) -> Entry:
    commit = commit_of(values)
    if "segment" not in values:
        return Entry(commit)
    return Entry(commit, values["segment"], Extent(*values["text"]), Extent(*values["private"]))
