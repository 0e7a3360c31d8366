"""What lies around in a store's folder: leftovers, the quarantine, checksums of files, the index of names."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ..columns.files import damaged
from ..columns.image import Image
from ..querying.name_index import name_index
from ..store import Folder, Snapshot
from .diagnosis import Finding

_NEXT_WRITE = "the next write clears it away"
_NAMES = """
SELECT iri, field, language, text, key FROM {there}.name JOIN {there}.entity ON entity.id = name.entity
EXCEPT
SELECT iri, field, language, text, key FROM {meant}.name JOIN {meant}.entity ON entity.id = name.entity
"""


def files(place: Path) -> Iterator[Finding]:
    """The column files of a snapshot whose content is not what their names or the manifest say."""
    for name, fault in damaged(place / "columns"):
        yield Finding("columns", f"{place.name}/columns/{name} {fault}", "kb rebuild")


def names(snapshot: Snapshot, *, deep: bool) -> Iterator[Finding]:
    """The indexes of names that are there: whether SQLite can read them and, if `deep`, that they are complete."""
    for name, private in (("find.sqlite", True), ("find-public.sqlite", False)):
        place = snapshot.folder / "views" / name
        if not place.exists():
            continue
        try:
            wrong = _wrong_names(place, snapshot.image, private=private) if deep else _unreadable(place)
        except sqlite3.DatabaseError as error:
            wrong = str(error)
        if wrong:
            yield Finding("names", f"the index {name} is not sound: {wrong}", "kb rebuild")


def quarantine(folder: Folder) -> Iterator[Finding]:
    """Quarantine folders of no commit, or without what belongs into them."""
    names = {one.name: one.id for one in folder.journal.commits()}
    for place in sorted((folder.path / "quarantine").glob("*")):
        if place.name not in names:
            yield Finding("quarantine", f"{place.name} belongs to no commit", _NEXT_WRITE, fault=False)
            continue
        try:
            about = json.loads((place / "report.json").read_text(encoding="utf-8"))
            if about["commit"] != names[place.name] or not (place / "quads.nq").exists():
                yield Finding("quarantine", f"{place.name} is not whole", "load its source again")
        except (OSError, ValueError, KeyError) as error:
            yield Finding("quarantine", f"{place.name} can't be read: {error}", "load its source again")


def leftovers(folder: Folder) -> Iterator[Finding]:
    """What processes that died have left; all but a buyer half forgotten is harmless."""
    path = folder.path
    if folder.forgetting.exists():
        what = "forgetting a buyer was interrupted: until it ends, parts of the store still know them"
        yield Finding("folder", what, "kb forget goes on with it, and so does the next write")
    if holder := _stale_lock(path / "lock"):
        yield Finding(
            "folder", f"the lock names process {holder}, which holds it no more", _NEXT_WRITE, fault=False
        )
    drafts = [*(path / "snapshots").glob(".*"), *path.glob("CURRENT.draft"), *path.glob("history/.[0-9]*")]
    drafts += [
        one for one in (*path.glob("staging/writer-*"), *path.glob("history/writer-*")) if not _owned(one)
    ]
    for one in drafts:
        yield Finding("folder", f"{one.relative_to(path)} is left over", _NEXT_WRITE, fault=False)


def _unreadable(place: Path) -> str:
    with closing(sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        return "" if answer == "ok" else answer


def _wrong_names(place: Path, image: Image, *, private: bool) -> str:
    with tempfile.TemporaryDirectory(prefix="kb-names-") as scratch:
        fresh = name_index(Path(scratch), image, private=private)
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("ATTACH ? AS there", (str(place),))
            connection.execute("ATTACH ? AS meant", (str(fresh),))
            for what, one, other in (("too many", "there", "meant"), ("missing", "meant", "there")):
                rows = connection.execute(_NAMES.format(there=one, meant=other)).fetchall()
                if rows:
                    return f"{len(rows):,} names are {what}, such as '{rows[0][3]}' of {rows[0][0]}"
    return ""


def _stale_lock(lock: Path) -> str:
    """The process that a lock names though nobody holds it."""
    try:
        with lock.open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return handle.read(32).decode("ascii", "replace").strip()
    except (BlockingIOError, FileNotFoundError):
        return ""


def _owned(folder: Path) -> bool:
    """Whether somebody works in a staging folder."""
    try:
        handle = os.open(folder / "owner", os.O_RDONLY)
    except FileNotFoundError:
        return not folder.exists()
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
