"""Rebuilding: columns, both Oxigraph stores and consequences made anew, from the journal alone."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..errors import StoreDamaged, StoreMissing
from ..pipeline import infer
from ..store import Folder, Staging
from ..store.folder import PINNED
from ..store.snapshots import remove
from ..store.staging import sweep
from ..versions.netting import Netting, steps_of
from ..versions.past import HISTORY
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


def rebuild(folder: Folder, *, progress: Progress = unwatched) -> Rebuilt:
    """Make all derived parts anew and publish them; the store is as it was until they are whole.

    The new snapshot takes the newest commit's name and a number behind it. Snapshots that are not pinned, and those
    made of the past, go: they may share a damaged file. Raises StoreMissing, StoreLocked, and StoreDamaged when the
    journal can't be read.
    """
    started = time.monotonic()
    if not (folder.path / "journal").exists():
        raise StoreMissing(
            f"There is no journal at {folder.path}", hint="restore a backup, or load the sources anew"
        )
    folder.lock()
    try:
        folder.journal.recover()
        image = infer(_replayed(folder, progress), reasoning=folder.settings.reasoning).image
        progress("writing", 0, 0)
        sweep(folder.path / "staging")
        staging = Staging(folder.path / "staging", None)
        try:
            staging.assert_image(image)
            staging.infer_image(image)
            earlier = folder.snapshots
            last = folder.journal.get(folder.journal.last)
            name = _new_name(last.name, earlier)
            folder.publish(staging, name)
        finally:
            staging.close()
        _clear(folder, earlier)
    finally:
        folder.unlock()
    asserted = sum(len(image.rows_of(graph)) for graph in image.graph_names() if "inferred" not in graph)
    inferred = image.inferred_public.size + image.inferred_private.size
    return Rebuilt(name, last.number, asserted, inferred, time.monotonic() - started)


def _replayed(folder: Folder, progress: Progress) -> Image:
    """What the journal amounts to."""
    journal, dictionary = folder.journal, Dictionary()
    commits = journal.commits()
    if not commits:
        raise StoreMissing(
            "The journal holds no commit", where=str(folder.path), hint="load the sources anew"
        )
    done, total = 0, sum(one.added + one.removed for one in commits)
    netting = Netting(dictionary)
    try:
        for steps in steps_of(journal, [one.number for one in commits], dictionary):
            netting.take(steps)
            done += len(steps.keys)
            progress("reading the journal", done, total)
    except StoreDamaged as damage:
        raise StoreDamaged(
            damage.what,
            where=damage.where,
            hint="if the snapshot is sound (kb doctor), kb rebuild --from snapshot makes it the new beginning",
        ) from None
    return replace(Image(), dictionary=dictionary).changed(
        added=netting.net().added, removed=netting.net().removed
    )


def _new_name(commit: str, there: list[Path]) -> str:
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
