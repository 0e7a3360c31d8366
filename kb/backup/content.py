"""What belongs into a backup: the parts of a store that hold what a commit has left, cut at that commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa

from .. import graphs
from ..doctor import Progress, rebuild
from ..settings import Settings
from ..store import Commit, Folder, Journal, Snapshot
from ..store.folder import PINNED
from ..store.journal import Record
from ..store.journal_copy import copy_journal
from ..store.journal_index import Index, private_file
from ..store.private import divided

IMMUTABLE = (".sst", ".npy", ".pack", ".arrow")
CLOSED = 0o600
_DERIVED = {"views"}
_SECRET = "buyer.secret"
_KEYS = "keys.db"


@dataclass(frozen=True)
class Item:
    """A file for a backup: its first `size` bytes under a `name`; one that is `shared` never changes."""

    name: str
    path: Path
    size: int
    shared: bool = False


def whole(folder: Folder, snapshot: Snapshot, scratch: Path) -> list[Item]:
    """All that a snapshot's commit needs, private rows and keys as well; `scratch` is a folder for copies."""
    items = list(_journal(folder, int(snapshot.name.split("-")[0])))
    # The keys come after the journal: whatever is sealed in it has its key by then.
    if (folder.path / _KEYS).exists():
        keys = scratch / _KEYS
        with closing(sqlite3.connect(folder.path / _KEYS)) as source, closing(sqlite3.connect(keys)) as copy:
            source.backup(copy)
        keys.chmod(CLOSED)
        items.append(_item(_KEYS, keys))
    items += _snapshot(snapshot)
    names = {one.name for one in folder.journal.commits()}
    for place in sorted((folder.path / "quarantine").glob("*")):
        if place.name in names and place.name <= snapshot.name:
            items += [_item(f"quarantine/{place.name}/{path.name}", path) for path in sorted(place.iterdir())]
    if (folder.path / _SECRET).exists():
        items.append(_item(_SECRET, folder.path / _SECRET))
    return [*items, *_settings(folder), _pointer(snapshot.name, scratch)]


def public(folder: Folder, snapshot: Snapshot, scratch: Path, progress: Progress) -> list[Item]:
    """A store without private graphs, keys and whatever private commits say of themselves, made in `scratch`."""
    made = scratch / "public"
    made.mkdir()
    for item in _settings(folder):
        (made / item.name).parent.mkdir(parents=True, exist_ok=True)
        (made / item.name).write_bytes(item.path.read_bytes())
    store = Folder(made)
    number = int(snapshot.name.split("-")[0])
    copy_journal(
        folder.journal,
        store.journal,
        until=number,
        header=_veiled,
        record=partial(_without_private, folder.journal),
        kept=_clear,
    )
    name = rebuild(store, progress=progress).snapshot
    items = [*_journal(store, number), *_snapshot(Snapshot(made / "snapshots" / name)), *_settings(store)]
    return [*items, _pointer(name, scratch)]


def _veiled(commit: Commit) -> Commit:
    """A commit's header without what it says of private data."""
    names = commit.graphs.split()
    if not any(map(graphs.is_private, names)):
        return commit
    left = " ".join(name for name in names if not graphs.is_private(name))
    return replace(
        commit, author="", source="", message="(private)", content="", graphs=left, added=0, removed=0
    )


def _without_private(journal: Journal, commit: Commit) -> Record:
    veiled = _veiled(commit)
    if veiled is not commit:
        added, removed = (
            sum(
                len(batch) - batch.column("g").to_pylist().count(f"<{graphs.COMMITS}>")
                for batch in _public_rows(journal, commit.number, adds=adds)
            )
            for adds in (True, False)
        )
        veiled = replace(veiled, added=added, removed=removed)
    return Record(
        veiled,
        _public_rows(journal, commit.number, adds=True),
        _public_rows(journal, commit.number, adds=False),
    )


def _public_rows(journal: Journal, number: int, *, adds: bool) -> Iterator[pa.RecordBatch]:
    return (clear for clear in map(_clear, journal.read(number, adds=adds)) if len(clear))


def _clear(batch: pa.RecordBatch) -> pa.RecordBatch:
    return divided(batch)[0]


def _journal(folder: Folder, number: int) -> Iterator[Item]:
    """The journal's files as far as a commit; its index is made anew by whoever opens it."""
    place = folder.path / "journal"
    index = Index(place)
    sizes: dict[str, int] = {}
    base = index.state().base
    for entry in [*([base] if base else []), *index.entries()[:number]]:
        if entry.segment:
            sizes[entry.segment] = entry.end
            if entry.private.length:
                name = private_file(place, entry.segment).relative_to(place).as_posix()
                sizes[name] = entry.private.end
    for name, size in sizes.items():
        yield Item(f"journal/{name}", place / name, size)


def _snapshot(snapshot: Snapshot) -> Iterator[Item]:
    for path in sorted(snapshot.folder.rglob("*")):
        name = path.relative_to(snapshot.folder)
        # RocksDB's own logs are of no use to others.
        needless = name.name == PINNED or name.name.startswith(("LOG", "LOCK"))
        if path.is_file() and name.parts[0] not in _DERIVED and not needless:
            yield _item(f"snapshots/{snapshot.name}/{name.as_posix()}", path)


def _settings(folder: Folder) -> Iterator[Item]:
    """The settings, and the files beside them that they name."""
    settings: Settings = folder.settings
    for name in ("kb.toml", *settings.ontology, *settings.shapes):
        path = folder.path / name
        if not Path(name).is_absolute() and path.is_file():
            yield _item(name, path)


def _pointer(name: str, scratch: Path) -> Item:
    pointer = scratch / "CURRENT"
    pointer.write_text(name, encoding="ascii")
    return _item("CURRENT", pointer)


def _item(name: str, path: Path) -> Item:
    return Item(name, path, path.stat().st_size, path.suffix in IMMUTABLE)
