"""Rebuilding: columns, both Oxigraph stores and consequences made anew, from the journal alone."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .. import graphs
from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..errors import StoreDamaged, StoreMissing
from ..pipeline import bring
from ..store import Folder, Staging
from ..store.folder import PINNED
from ..store.snapshots import remove
from ..store.staging import sweep
from ..versions.netting import Netting, steps_until, stored_rows
from ..versions.past import HISTORY
from .beginning import begin_with_snapshot
from .diagnosis import Progress, unwatched


@dataclass(frozen=True)
class Rebuilt:
    """What was made anew: the snapshot's name, its commit, quads asserted and triples inferred."""

    snapshot: str
    number: int
    asserted: int
    inferred: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"Made {self.snapshot} anew from the journal: {self.asserted:,} quads asserted, {self.inferred:,} "
            f"triples inferred, {self.seconds:.1f} s"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def rebuild(folder: Folder, *, from_snapshot: bool = False, progress: Progress = unwatched) -> Rebuilt:
    """Make all derived parts anew and publish them; the store is as it was until they are whole.

    With `from_snapshot` the current snapshot becomes the beginning of the journal first, in place of one that can't
    be read; what could be read of it goes to ``journal/archive``. The new snapshot takes the newest commit's name
    and a number behind it. Snapshots that are not pinned, and those made of the past, go: they may share a damaged
    file. Raises StoreMissing, StoreLocked, and StoreDamaged when neither journal nor snapshot can be read.
    """
    started = time.monotonic()
    if not (folder.path / "journal").exists() and not folder.exists:
        raise StoreMissing(
            f"There is no store at {folder.path}", hint="restore a backup, or load the sources anew"
        )
    folder.lock()
    try:
        folder.journal.recover()
        if from_snapshot:
            begin_with_snapshot(folder, progress)
        earlier = folder.snapshots
        rebuilt = remade(folder, progress=progress)
        _clear(folder, earlier)
    finally:
        folder.unlock()
    return replace(rebuilt, seconds=time.monotonic() - started)


def remade(folder: Folder, *, progress: Progress = unwatched) -> Rebuilt:
    """Publish a snapshot made of the journal alone; needs the lock, and leaves the other snapshots where they are.

    Raises StoreDamaged.
    """
    started = time.monotonic()
    image = _replayed(folder, progress)
    progress("reasoning and writing", 0, 0)
    sweep(folder.path / "staging")
    staging = Staging(folder.path / "staging", None)
    try:
        image = bring(staging, image, folder.settings).image
        last = folder.journal.get(folder.journal.last)
        name = new_name(last.name, folder.snapshots)
        folder.publish(staging, name)
    finally:
        staging.close()
    asserted = sum(
        len(image.rows_of(graph)) for graph in image.graph_names() if not graphs.is_inferred(graph)
    )
    inferred = image.inferred_public.size + image.inferred_private.size
    return Rebuilt(name, last.number, asserted, inferred, time.monotonic() - started)


def _replayed(folder: Folder, progress: Progress) -> Image:
    """What the journal amounts to."""
    journal, dictionary = folder.journal, Dictionary()
    if not journal.last:
        raise StoreDamaged(
            "The journal holds no commit",
            where=str(folder.path),
            hint="kb rebuild --from snapshot, or kb restore",
        )
    done, total = 0, sum(one.added + one.removed for one in journal.commits())
    netting = Netting(dictionary)
    try:
        for steps in steps_until(journal, journal.last, dictionary):
            netting.take(steps)
            done += len(steps.keys)
            progress("reading the journal", done, total)
    except StoreDamaged as damage:
        raise StoreDamaged(
            damage.what,
            where=damage.where,
            hint="kb rebuild --from snapshot makes a sound snapshot the journal's beginning; or restore a backup",
        ) from None
    net = netting.net()
    return replace(Image(), dictionary=dictionary).changed(
        added=net.added, removed=stored_rows(net.removed, dictionary)
    )


def new_name(commit: str, there: list[Path]) -> str:
    """A name for one more snapshot of a commit: readers of the old one see that there is a new one."""
    names = {place.name for place in there}
    if commit not in names:
        return commit
    return next(name for number in range(1, 1000) if (name := f"{commit}-{number:03d}") not in names)


def _clear(folder: Folder, earlier: list[Path]) -> None:
    for place in earlier:
        if not (place / PINNED).exists():
            remove(place)
    for place in (folder.path / HISTORY).glob("[0-9]*"):
        remove(place)
