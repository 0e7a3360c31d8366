"""The snapshots that are kept: which there are, what each takes on disk, and which are pinned."""

from __future__ import annotations

import os
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import NotFound, UsageError
from ..store import Folder
from ..store.folder import PINNED
from .references import Reference, commit_of


@dataclass(frozen=True)
class Kept:
    """A snapshot: `age` in seconds, `bytes` of files that no other snapshot shares."""

    name: str
    number: int
    commit: str
    age: float
    bytes: int
    pinned: bool
    current: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def kept_snapshots(folder: Folder) -> list[Kept]:
    """The snapshots that are there, oldest first."""
    current = folder.current_name()
    places = folder.snapshots
    files = {place: _files(place) for place in places}
    links = Counter(inode for found in files.values() for inode in found)
    now = time.time()
    found = []
    for place in places:
        try:
            changed = (place / "columns").stat().st_mtime
        except FileNotFoundError:  # Pruned meanwhile.
            continue
        number, commit = place.name.split("-")[:2]
        own = sum(size for inode, size in files[place].items() if links[inode] == 1)
        pinned = (place / PINNED).exists()
        found.append(Kept(place.name, int(number), commit, now - changed, own, pinned, place.name == current))
    return found


def pin(folder: Folder, reference: Reference) -> Kept:
    """Keep a snapshot from being pruned; gives it.

    Raises NotFound when the snapshot is not there any more.
    """
    place = _place(folder, reference)
    try:
        (place / PINNED).touch()
    except FileNotFoundError:
        raise NotFound(f"The snapshot {place.name} was just removed", hint="see kb snapshot list") from None
    return _kept(folder, place)


def unpin(folder: Folder, reference: Reference) -> Kept:
    """Let a snapshot be pruned again; gives it.

    Raises NotFound, UsageError when it is not pinned.
    """
    place = _place(folder, reference)
    try:
        (place / PINNED).unlink()
    except FileNotFoundError:
        raise UsageError(f"The snapshot {place.name} is not pinned", hint="see kb snapshot list") from None
    return _kept(folder, place)


def _kept(folder: Folder, place: Path) -> Kept:
    return next(one for one in kept_snapshots(folder) if one.name == place.name)


def _place(folder: Folder, reference: Reference) -> Path:
    places = {place.name: place for place in folder.snapshots}
    if str(reference) in places:
        return places[str(reference)]
    commit = commit_of(folder.journal.commits(), reference)
    found = [place for name, place in places.items() if name.startswith(commit.name)]
    if not found:
        raise NotFound(
            f"There is no snapshot of commit #{commit.number}",
            hint="see kb snapshot list; kb query --at makes one of the past",
        )
    return found[-1]


def _files(place: Path) -> dict[int, int]:
    """Sizes of the files below a snapshot, by inode."""
    found = {}
    for folder, _, names in os.walk(place):
        for name in names:
            try:
                about = Path(folder, name).stat()
            except FileNotFoundError:
                continue
            found[about.st_ino] = about.st_size
    return found
