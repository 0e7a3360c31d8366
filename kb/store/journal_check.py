"""What is wrong with a journal: records that were damaged, what an append that died has left, what was forgotten."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import StoreDamaged
from .journal_index import State, private_file
from .journal_record import Entry
from .keys import Keys
from .private import parts


@dataclass(frozen=True)
class Gap:
    """Rows of a commit that nobody can read any more, because their buyer was forgotten."""

    number: int
    rows: int


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; `number` is 0 where it is no commit's."""

    number: int
    segment: str
    what: str


def died(state: State) -> list[Finding]:
    """What a writer that died has left, and commits that are gone."""
    found = [
        Finding(0, one.segment, f"{one.length} bytes at {one.begin} are no whole record: an append died")
        for one in state.torn
    ]
    if state.lost:
        what = f"the index knows {state.lost} more commits than the segments hold"
        found.append(Finding(state.last + 1, "", what))
    return found


def damaged(folder: Path, records: Iterable[Entry], keys: Keys) -> Iterator[Finding]:
    """The records that are not as they were written."""
    gone = {one.id for one in keys.destroyed()}
    for entry in records:
        yield from _text(folder, entry)
        if entry.private.length:
            yield from _private(folder, entry, keys, gone)


def gaps(folder: Path, records: Iterable[Entry], keys: Keys) -> list[Gap]:
    """How many rows of each commit were sealed with keys that are destroyed."""
    gone = {one.id for one in keys.destroyed()}
    found = []
    for entry in records if gone else ():
        if entry.private.length:
            with private_file(folder, entry.segment).open("rb") as source:
                lost = sum(one.rows for one in parts(source, entry.private) if one.key in gone)
            found += [Gap(entry.commit.number, lost)] if lost else []
    return found


def _text(folder: Path, entry: Entry) -> Iterator[Finding]:
    number, segment = entry.commit.number, entry.segment
    try:
        with (folder / segment).open("rb") as source:
            if not entry.text.intact(source):
                yield Finding(number, segment, "the record fails its checksum")
            source.seek(entry.text.end)
            if source.read(len(entry.trailer)) != entry.trailer:
                yield Finding(number, segment, "the record's checksum row is damaged")
    except FileNotFoundError:
        yield Finding(number, segment, "the segment is missing")


def _private(folder: Path, entry: Entry, keys: Keys, gone: set[bytes]) -> Iterator[Finding]:
    number, path = entry.commit.number, private_file(folder, entry.segment)
    name = f"private/{path.name}"
    try:
        with path.open("rb") as source:
            if not entry.private.intact(source):
                yield Finding(number, name, "the private rows fail their checksum")
                return
            used = {one.key for one in parts(source, entry.private)} - gone
    except FileNotFoundError:
        yield Finding(number, name, "the private rows are missing")
        return
    except StoreDamaged as error:
        yield Finding(number, name, error.what)
        return
    if len(keys.known(used)) < len(used):
        yield Finding(number, name, f"keys of private rows are missing in {keys.path.name}")
