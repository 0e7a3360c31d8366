"""The past: a snapshot of any commit, made from the nearest one that is there and the patches between.

    history/NNNNNNNN-ID/{asserted,oxigraph,columns,views,readers}   made when asked for, the least used goes first

Patches hold only what really changed, so that each can be undone exactly: removals for additions and the reverse.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import NotFound, UsageError
from ..pipeline import bring
from ..store import Commit, Folder, Journal, Snapshot, Staging
from ..store.snapshots import remove
from ..store.staging import sweep
from .netting import net_of, steps_of, steps_until, stored_rows

KEPT = 4
HISTORY = "history"


def as_of(folder: Folder, commit: Commit) -> Snapshot:
    """The snapshot of a commit, consequences included; made at the first call, in seconds per million triples.

    Raises NotFound when the journal does not reach back that far.
    """
    history = folder.path / HISTORY
    found = _opened(_places(folder), commit)
    if found is None:
        with turn(history):
            found = _opened(_places(folder), commit) or _made(folder, commit, history)
    if found.folder.parent == history:
        os.utime(found.folder)
    return found


def snapshot_named(folder: Folder, name: str, *, earlier: Snapshot | None = None) -> Snapshot:
    """The snapshot with a name, a kept one or one that was brought back; it shares with an `earlier` one.

    Raises FileNotFoundError where it is no more.
    """
    place = folder.path / "snapshots" / name
    return Snapshot(place if place.exists() else folder.path / HISTORY / name, earlier=earlier)


class PastFolder(Folder):
    """A store's folder as if a commit were the newest; to read only."""

    def __init__(self, folder: Folder, commit: Commit) -> None:
        super().__init__(folder.path)
        self.journal = _PastJournal(folder.journal.folder, commit.number)
        self._past = as_of(folder, commit)

    def current_name(self) -> str:
        """The name of the commit's snapshot."""
        return self._past.name

    def current(self, *, earlier: Snapshot | None = None) -> Snapshot:
        """The commit's snapshot."""
        return self._past

    def lock(self) -> None:
        """Raises UsageError: the past can't be written."""
        raise UsageError("The past is there to read only", hint="kb revert undoes a commit by a new one")


class _PastJournal(Journal):
    """A journal up to a commit."""

    def __init__(self, folder: Path, newest: int) -> None:
        super().__init__(folder)
        self._newest = newest

    @property
    def last(self) -> int:
        return self._newest

    def commits(self) -> list[Commit]:
        return [one for one in super().commits() if one.number <= self._newest]


def _places(folder: Folder) -> dict[str, Path]:
    """The snapshots that are there, by number and id of their commits."""
    found = [*(folder.path / HISTORY).glob("[0-9]*"), *folder.snapshots]
    return {"-".join(place.name.split("-")[:2]): place for place in found}


def _opened(places: dict[str, Path], commit: Commit) -> Snapshot | None:
    if commit.name in places:
        with suppress(FileNotFoundError):  # Pruned a moment ago.
            return Snapshot(places[commit.name])
    return None


def _made(folder: Folder, commit: Commit, history: Path) -> Snapshot:
    sweep(history)
    base, start = _nearest(folder, commit)
    staging = Staging(history, base)
    try:
        dictionary = staging.image.dictionary
        low, high = sorted((start, commit.number))
        if base is None:
            net = net_of(steps_until(folder.journal, commit.number, dictionary), dictionary)
        else:
            net = net_of(steps_of(folder.journal, range(low + 1, high + 1), dictionary), dictionary)
        net = net if start == low else net.inverse
        image = staging.image.changed(added=net.added, removed=stored_rows(net.removed, dictionary))
        bring(staging, image, folder.settings)
        place, draft = history / commit.name, history / f".{commit.name}"
        shutil.rmtree(draft, ignore_errors=True)
        staging.checkpoint(draft, durable=False)
        draft.rename(place)
    finally:
        staging.close()
    found = Snapshot(place)
    _prune(history)
    return found


def _nearest(folder: Folder, commit: Commit) -> tuple[Snapshot | None, int]:
    """The snapshot from which the fewest quads lead to a commit, and the number of its own; None and 0 for nothing.

    Raises NotFound when neither a snapshot nor the journal's beginning leads there.
    """
    journal = folder.journal
    commits = {one.number: one for one in journal.commits()}
    quads = {number: one.added + one.removed for number, one in commits.items()}
    names = {one.name: number for number, one in commits.items()}
    ways: list[tuple[int, int, Path]] = []
    for name, place in _places(folder).items():
        if name in names:
            low, high = sorted((names[name], commit.number))
            if low + 1 >= journal.oldest:
                ways.append((sum(quads[one] for one in range(low + 1, high + 1)), names[name], place))
    beginning = sum(quads[one] for one in range(1, commit.number + 1))
    for cost, number, place in sorted(ways):
        if cost <= beginning or commit.number < journal.oldest - 1:
            with suppress(FileNotFoundError):
                return Snapshot(place), number
    if commit.number < journal.oldest - 1:
        raise NotFound(
            f"Commit #{commit.number} went into the journal's base, which is of #{journal.oldest - 1}",
            hint=f"commits from #{journal.oldest - 1} on can be reached, and those of pinned snapshots",
        )
    return None, 0


def _prune(history: Path) -> None:
    """Keep those used last; one that is being read stays."""
    used = sorted(history.glob("[0-9]*"), key=lambda place: place.stat().st_mtime)
    for place in used[:-KEPT]:
        remove(place)


@contextmanager
def turn(history: Path) -> Iterator[None]:
    """One process at a time makes a snapshot of the past: what two want is made once."""
    history.mkdir(exist_ok=True)
    with (history / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
