"""A new beginning: the snapshot becomes the journal's base where the journal can't be read any more."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from .. import graphs
from ..columns.image import Image
from ..errors import StoreDamaged
from ..store import Commit, Folder, Journal, Snapshot
from ..store.journal import Record
from ..store.private_owners import Owners
from ..versions.netting import net_of, steps_of, stored_rows
from .comparison import columns_and_oxigraph, journal_and_columns
from .diagnosis import Progress
from .housekeeping import files


def begin_with_snapshot(folder: Folder, progress: Progress) -> None:
    """Write the state of the current snapshot, and of commits after it, as the base of the journal.

    The older segments go to ``journal/archive``. Raises StoreDamaged when the snapshot is not sound, or commits
    after it can't be read.
    """
    journal, snapshot = folder.journal, folder.current()
    image = _sound(snapshot, progress)
    number = int(snapshot.name.split("-")[0])
    if number <= journal.last and not journal.check():
        _agreed(journal, number, image, progress)
    if number < journal.last:
        image = _with_later(journal, image, number)
    if not journal.last:
        journal.append([Record(Commit(1, source="rebuild", message=f"begun with {snapshot.name}"), (), ())])
    journal.compact(asserted(image), through=journal.get(journal.last), owner=Owners(image), keep=True)


def _sound(snapshot: Snapshot, progress: Progress) -> Image:
    """The snapshot's columns, when they are as they were written and Oxigraph says the same."""
    image = snapshot.image
    faults = [*files(snapshot.folder), *columns_and_oxigraph(snapshot.asserted, image, "asserted", progress)]
    if faults:
        raise StoreDamaged(
            f"The snapshot is not sound either: {faults[0].what}",
            where=snapshot.name,
            hint="restore a backup",
        )
    return image


def _agreed(journal: Journal, number: int, image: Image, progress: Progress) -> None:
    """A journal that can be read is believed before any snapshot."""
    _, apart = journal_and_columns(journal, number, image, progress)
    if apart:
        raise StoreDamaged(
            "The journal can be read, and the snapshot is not what it says",
            hint="kb rebuild believes the journal",
        )


def _with_later(journal: Journal, image: Image, number: int) -> Image:
    dictionary = image.dictionary
    try:
        net = net_of(steps_of(journal, range(number + 1, journal.last + 1), dictionary), dictionary)
    except StoreDamaged as damage:
        raise StoreDamaged(
            f"Commits after the snapshot's (#{number}) can't be read: {damage.what}",
            where=damage.where,
            hint="restore a backup",
        ) from None
    return image.changed(added=net.added, removed=stored_rows(net.removed, dictionary))


def asserted(image: Image) -> Iterator[pa.RecordBatch]:
    """All quads but consequences, as they were received."""
    for name in image.graph_names():
        if not graphs.is_inferred(name):
            yield from image.as_received(image.rows_of(name)).batches(image.dictionary)
