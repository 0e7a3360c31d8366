"""The steps of forgetting, in an order in which each can be begun again after a crash.

    forgetting/intent.json   who is being forgotten: there from before the first change until after the last
    forgetting/journal/      the journal without them, whole; it takes the place of the old one, forgetting/old

What the intent says is all that is needed to begin anew: the nodes could not be found any more once the journal is
another one. Everything is done again then, which changes nothing where it was done already.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from .. import graphs
from ..columns.batches import batches_of
from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..columns.rows import Rows
from ..doctor import Progress
from ..doctor.beginning import asserted
from ..doctor.diagnosis import unwatched
from ..doctor.rebuild import new_name, remade
from ..errors import NotFound
from ..pipeline import bring, provenance
from ..store import Commit, Folder, Journal, Snapshot, Staging
from ..store.durable import sync, sync_tree
from ..store.folder import PINNED
from ..store.journal import Record
from ..store.journal_copy import copy_journal
from ..store.private_owners import Owners
from ..store.quarantine import Quarantine
from ..store.snapshots import in_use
from ..store.staging import sweep
from ..versions.past import HISTORY, turn
from .outside import Fate, settled
from .traces import Traces, traces_of, written

# Seconds that readers of an older snapshot get to end.
_PATIENCE = 2.0


@dataclass(frozen=True)
class Intent:
    """Who is being forgotten, by whom, and the id of the commit that says that somebody was."""

    traces: Traces
    author: str
    commit: str

    @classmethod
    def of(cls, folder: Folder) -> Intent | None:
        """What a forgetting that has not ended noted; None where none was begun."""
        try:
            values = json.loads((folder.forgetting / "intent.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return cls(Traces(values["buyer"], tuple(values["nodes"])), values["author"], values["commit"])

    def note(self, folder: Folder) -> None:
        """Make it outlive this process."""
        place = folder.forgetting
        place.mkdir(mode=0o700, exist_ok=True)
        draft = place / "intent.draft"
        said = {
            "buyer": self.traces.buyer,
            "nodes": self.traces.nodes,
            "author": self.author,
            "commit": self.commit,
        }
        draft.write_text(json.dumps(said), encoding="utf-8")
        sync(draft)
        draft.rename(place / "intent.json")
        sync_tree(place)
        sync(folder.path)


@dataclass(frozen=True)
class Forgotten:
    """What was forgotten: `nodes` of the buyer, the commit that says so, snapshots made anew, and copies' fates."""

    buyer: str
    nodes: int
    number: int
    commit: str
    snapshots: tuple[str, ...]
    quarantined: int
    copies: tuple[Fate, ...]

    def __str__(self) -> str:
        lines = [
            f"{self.buyer} is forgotten: {self.nodes:,} nodes are out of the journal and of "
            f"{len(self.snapshots):,} snapshots, all of it made anew (commit #{self.number})",
        ]
        if self.quarantined:
            lines.append(f"  {self.quarantined:,} nodes are out of quarantine")
        lines += [f"  {one}" for one in self.copies]
        lines.append(
            "  What others have copied or mined of it, and blocks that the disk has freed, are beyond reach"
        )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "copies": [one.to_dict() for one in self.copies]}


def repaired(folder: Folder) -> None:
    """Put the new journal in its place once the old one is away, which a crash may have left undone."""
    place, journal = folder.forgetting / "journal", folder.path / "journal"
    if place.exists() and not journal.exists():
        with suppress(FileNotFoundError):  # Another process was quicker.
            place.rename(journal)
        sync(folder.path)


def forgotten(
    folder: Folder, buyer: str, *, author: str, progress: Progress = unwatched
) -> tuple[Forgotten, list[Path]]:
    """Take a buyer out of everything; needs the lock, and a snapshot in step with the journal.

    Gives the report, and the folders of older snapshots: `clear_away` removes them once the caller reads none.
    Raises NotFound, UsageError, StoreDamaged.
    """
    intent = Intent.of(folder)
    if intent is None:
        intent = Intent(traces_of(folder, buyer), author, uuid.uuid4().hex)
        intent.note(folder)
    traces = intent.traces
    _rewrite_journal(folder, intent, progress)
    with suppress(NotFound):  # Done before a crash, or no row was ever sealed for them.
        folder.journal.keys.destroy(traces.buyer)
    pinned = _remade_pinned(folder, traces)
    stale = [place for place in folder.snapshots if place.name not in pinned]
    made = remade(folder, progress=progress)
    quarantined = Quarantine(folder.path / "quarantine").expunge(traces.mentioned)
    _drop_uploads(folder, traces)
    commit = folder.journal.get(made.number)
    fates = settled(folder, traces.buyer)
    names = (made.snapshot, *pinned)
    found = Forgotten(traces.buyer, len(traces.nodes), commit.number, commit.id, names, quarantined, fates)
    return found, stale


def clear_away(folder: Folder, stale: Sequence[Path]) -> None:
    """Remove older snapshots, then the note that somebody is being forgotten: the end."""
    history = folder.path / HISTORY
    with turn(history):
        sweep(history)
        for place in [*stale, *history.glob("[0-9]*")]:
            _evict(place)
        # What a crash has left of snapshots that were being made, or removed.
        for left in (
            *history.glob(".[0-9]*"),
            *history.glob(".gone-*"),
            *(folder.path / "snapshots").glob(".gone-*"),
        ):
            shutil.rmtree(left)
    shutil.rmtree(folder.forgetting, ignore_errors=True)
    sync(folder.path)


def _evict(folder: Path) -> None:
    """Remove a snapshot even though somebody reads it, once they have had time to end."""
    end = time.monotonic() + _PATIENCE
    with suppress(FileNotFoundError):
        while in_use(folder) and time.monotonic() < end:
            time.sleep(0.02)
        gone = folder.with_name(f".gone-{folder.name}")
        folder.rename(gone)
        shutil.rmtree(gone)


def _rewrite_journal(folder: Folder, intent: Intent, progress: Progress) -> None:
    """Write the journal anew without the buyer, with one more commit, and put it in the place of the old one."""
    progress("writing the journal anew", 0, 0)
    source, traces, place = folder.journal, intent.traces, folder.forgetting
    for left in ("draft", "journal", "old"):
        shutil.rmtree(place / left, ignore_errors=True)
    target = Journal(place / "draft", durability="disk" if source.durable else "os", keys=source.keys.path)
    owner = Owners(*written(folder))

    def header(commit: Commit) -> Commit:
        author, source, message = (
            "(forgotten)" if traces.mentioned(one) else one
            for one in (commit.author, commit.source, commit.message)
        )
        return replace(commit, author=author, source=source, message=message)

    def rows(number: int, *, adds: bool) -> Iterator[pa.RecordBatch]:
        kept = map(traces.without, source.read(number, adds=adds))
        return (batch for batch in kept if len(batch))

    def record(commit: Commit) -> Record:
        added, removed = (rows(commit.number, adds=adds) for adds in (True, False))
        return Record(header(commit), added, removed, owner)

    last = source.last
    copy_journal(source, target, until=last, header=header, record=record, kept=traces.without, owner=owner)
    if source.get(last).id != intent.commit:
        said = Commit(
            last + 1, id=intent.commit, author=intent.author, source="forget", message="a buyer was forgotten"
        )
        target.append([Record(said, list(batches_of(provenance(said), graphs.COMMITS)), [])])
    (place / "draft").rename(place / "journal")
    sync_tree(place)
    source.folder.rename(place / "old")
    repaired(folder)
    shutil.rmtree(place / "old")


def _remade_pinned(folder: Folder, traces: Traces) -> tuple[str, ...]:
    """Make each pinned snapshot anew without the buyer, under another name; gives the names.

    Of several of one commit, which a crash may have left, the newest is the one.
    """
    by_commit: dict[str, Path] = {"-".join(one.name.split("-")[:2]): one for one in folder.pinned}
    made = []
    for commit, place in by_commit.items():
        snapshot = Snapshot(place)
        dictionary = Dictionary()
        rows = Rows.encoded(dictionary, map(traces.without, asserted(snapshot.image)))
        image = replace(Image(), dictionary=dictionary).changed(added=rows, removed=Rows())
        staging = Staging(folder.path / "staging", None)
        name = new_name(commit, folder.snapshots)
        draft = folder.path / "snapshots" / f".{name}"
        try:
            bring(staging, image, folder.settings)
            shutil.rmtree(draft, ignore_errors=True)
            staging.checkpoint(draft)
        finally:
            staging.close()
        (draft / PINNED).touch()
        draft.rename(draft.with_name(name))
        made.append(name)
    return tuple(made)


def _drop_uploads(folder: Folder, traces: Traces) -> None:
    """Remove what a server keeps of uploads that mention the buyer."""
    needle = traces.word.encode()
    for place in (folder.path / "loads").glob("*"):
        if any(needle in one.read_bytes() for one in place.rglob("*") if one.is_file()):
            shutil.rmtree(place, ignore_errors=True)
