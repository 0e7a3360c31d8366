"""A public view made from an earlier snapshot's: it costs what has changed since, not what there is."""

from __future__ import annotations

import fcntl
from pathlib import Path

import numpy as np
import pyoxigraph as ox

from ..columns.files import read_image
from ..columns.image import Image
from ..columns.rows import Rows
from ..errors import StoreDamaged
from . import oxigraph

READERS = "readers"
# Where more than this part of a view has changed, it is loaded anew: a bulk load is several times as fast.
_MOST = 0.1


def succeed(snapshot: Path, image: Image, name: str, made: Path, spool: Path, *, inferred: bool) -> bool:
    """Make a snapshot's public view `name` in the new folder `made`, from the newest earlier one that is there.

    False where none is, or too much has changed since; then `made` was not begun.
    """
    earlier = [one for one in snapshot.parent.iterdir() if one.name[0].isdigit() and one.name < snapshot.name]
    for place in sorted(earlier, reverse=True):
        try:
            reading = (place / READERS).open("rb")
        except FileNotFoundError:  # It was pruned just now.
            continue
        with reading:
            fcntl.flock(reading, fcntl.LOCK_SH)
            if not (place / "views" / name).exists():
                continue
            found = _changes(place, image, inferred)
            if found is None:
                return False
            gained, lost = found
            oxigraph.clone(place / "views" / name, made)
            store = ox.Store(str(made))
            oxigraph.delete(store, lost.batches(image.dictionary), graphs=False)
            oxigraph.insert(store, gained.batches(image.dictionary), spool, graphs=False)
            store.flush()
            return True
    return False


def _changes(place: Path, image: Image, inferred: bool) -> tuple[Rows, Rows] | None:
    """What an image has gained and lost since the snapshot in `place`; None for too much, or another's ids."""
    try:
        earlier = read_image(place / "columns", sharing=image)
    except StoreDamaged:
        return None
    known = earlier.dictionary.hashes
    if not np.array_equal(known, image.dictionary.hashes[: len(known)]):
        return None
    gained, lost = image.difference(earlier, inferred=inferred, private=False)
    views = (image.asserted_public, image.ontology, *([image.inferred_public] if inferred else []))
    if len(gained) + len(lost) > _MOST * sum(one.size for one in views):
        return None
    return gained, lost
