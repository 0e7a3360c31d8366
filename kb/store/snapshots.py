"""Snapshots: immutable folders, each one commit's Oxigraph stores and columns.

    snapshots/NNNNNNNN-ID/{asserted,oxigraph,columns,views,readers}

``oxigraph`` is there only where something was inferred. Whoever reads a snapshot holds a shared lock on
``readers``, which ends with his process: pruning leaves such a snapshot alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from ..columns.files import read_image
from ..columns.image import Image
from ..columns.rows import Rows
from ..graphs import is_inferred, is_private
from . import oxigraph

READERS = "readers"


class Snapshot:
    """One published commit, open for reading."""

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError when the snapshot is gone."""
        self.folder = folder
        self.name = folder.name
        self._reading = (folder / READERS).open("rb")
        fcntl.flock(self._reading, fcntl.LOCK_SH)
        self._views: dict[str, ox.Store] = {}

    @cached_property
    def store(self) -> ox.Store:
        """The merged view: every open triple, once, in the default graph."""
        return oxigraph.open_to_read(self._merged_folder) if self.infers else self.asserted

    @cached_property
    def asserted(self) -> ox.Store:
        """The merged view without what was inferred."""
        return oxigraph.open_to_read(self.folder / "asserted")

    @cached_property
    def image(self) -> Image:
        """The columns."""
        return read_image(self.folder / "columns")

    @property
    def infers(self) -> bool:
        """Whether anything was inferred."""
        return self._merged_folder.exists()

    def view(self, *, private: bool, inferred: bool, named: bool = False) -> ox.Store:
        """The graph as a reader sees it: merged in the default graph and, if `named`, by graph beside it.

        What a reader may not see is not in the view at all. All but the two private views without names are
        made at their first call, in seconds per million triples.
        """
        inferred = inferred and self.infers
        if private and not named:
            return self.store if inferred else self.asserted
        name = "-".join(("private" if private else "public", "full" if inferred else "asserted"))
        if not named:
            return self._view(name, lambda: self._merged(inferred=inferred))
        if not private:
            self.view(private=False, inferred=inferred)
        base = self.folder / ({True: "oxigraph", False: "asserted"}[inferred] if private else f"views/{name}")
        batches = partial(self._named, private=private, inferred=inferred)
        return self._view(f"{name}-named", batches, base=base)

    @property
    def _merged_folder(self) -> Path:
        return self.folder / "oxigraph"

    def _merged(self, *, inferred: bool) -> Iterator[pa.RecordBatch]:
        """The public triples."""
        image = self.image
        pairs = {
            key: image.open_pairs(key, private=False, inferred=inferred) for key in image.open_predicates
        }
        return Rows({(0, key): one for key, one in pairs.items()}).batches(image.dictionary)

    def _named(self, *, private: bool, inferred: bool) -> Iterator[pa.RecordBatch]:
        """The quads of every graph that may be seen."""
        for graph in self.image.graph_names():
            if (private or not is_private(graph)) and (inferred or not is_inferred(graph)):
                yield from self.image.rows_of(graph).batches(self.image.dictionary)

    def _view(
        self, name: str, batches: Callable[[], Iterator[pa.RecordBatch]], *, base: Path | None = None
    ) -> ox.Store:
        if name not in self._views:
            place = self.folder / "views" / name
            if not place.exists():
                self._make_view(place, batches, base)
            self._views[name] = oxigraph.open_to_read(place)
        return self._views[name]

    def _make_view(
        self, place: Path, batches: Callable[[], Iterator[pa.RecordBatch]], base: Path | None
    ) -> None:
        place.parent.mkdir(exist_ok=True)
        with (place.parent / f".{place.name}.lock").open("w") as turn:
            # Processes that want the same view make it once, one after another.
            fcntl.flock(turn, fcntl.LOCK_EX)
            if place.exists():
                return
            with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as draft:
                made = Path(draft) / "store"
                if base is not None:
                    oxigraph.clone(base, made)
                store = ox.Store(str(made))
                oxigraph.insert(store, batches(), Path(draft) / "spool", graphs=base is not None)
                store.flush()
                del store
                made.rename(place)


def in_use(folder: Path) -> bool:
    """Whether some process has the snapshot in `folder` open."""
    with (folder / READERS).open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def remove(folder: Path) -> None:
    """Remove a snapshot, unless somebody reads it or its folder can't be cleared away now."""
    with contextlib.suppress(OSError):
        if not in_use(folder):
            shutil.rmtree(folder)
