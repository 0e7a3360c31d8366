"""Snapshots: immutable folders, each one commit's Oxigraph stores and columns.

    snapshots/NNNNNNNN-ID/{asserted,oxigraph,columns,views,readers,deferred,upkeep}

``oxigraph`` is there only where something was inferred. Whoever reads a snapshot holds a shared lock on
``readers``, which ends with his process: pruning leaves such a snapshot alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from ..columns.files import read_image
from ..columns.image import Image
from ..columns.kernels import subtract
from ..columns.rows import Rows
from ..graphs import Private, is_inferred, is_open, is_private, is_visible
from . import oxigraph
from .succession import READERS, succeed

DEFERRED = "deferred"
UPKEEP = "upkeep"


class Snapshot:
    """One published commit, open for reading."""

    def __init__(self, folder: Path, *, earlier: Snapshot | None = None) -> None:
        """What of its columns lies in the files of an `earlier` one's is read once.

        Raises FileNotFoundError when the snapshot is gone.
        """
        self.folder = folder
        self.name = folder.name
        self._reading = (folder / READERS).open("rb")
        fcntl.flock(self._reading, fcntl.LOCK_SH)
        self._views: dict[str, ox.Store] = {}
        self._sharing: Image | None = None
        if earlier is not None:
            self._sharing = earlier.__dict__.get("image", earlier._sharing)

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
        sharing, self._sharing = self._sharing, None
        return read_image(self.folder / "columns", sharing=sharing)

    @cached_property
    def deferred(self) -> frozenset[int]:
        """The ids of the properties whose consequences are in the columns, but not in `store`."""
        return frozenset(map(int, (self.folder / DEFERRED).read_text(encoding="ascii").split()))

    @property
    def upkeep(self) -> str:
        """What whoever keeps the consequences up to date has noted about them; empty for nothing."""
        try:
            return (self.folder / UPKEEP).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    @cached_property
    def infers(self) -> bool:
        """Whether anything was inferred."""
        return self._merged_folder.exists()

    @cached_property
    def private_graphs(self) -> frozenset[str]:
        """The private graphs that have rows."""
        return frozenset(filter(is_private, self.image.graph_names()))

    def view(
        self, *, private: Private, inferred: bool, named: bool = False, complete: bool = True
    ) -> ox.Store:
        """The graph as a reader sees it: merged in the default graph and, if `named`, by graph beside it.

        What a reader may not see is not in the view at all. Unless `complete`, consequences of deferred properties
        may be missing. All but the two private views without names (and with what is deferred) are made at their
        first call, in seconds per million triples.
        """
        inferred = inferred and self.infers
        private = self._seen(private)
        complete = named or (complete and inferred and bool(self.deferred))
        if private is True and not named and not complete:
            return self.store if inferred else self.asserted
        name = _view_name(private, inferred)
        if not named:
            if private is True:
                return self._view(name, self._deferred_rows, base=self._merged_folder)
            if private:
                self.view(private=False, inferred=inferred)
                public = self.folder / "views" / _view_name(False, inferred)
                return self._view(name, partial(self._listed, private), base=public)
            return self._view(name, lambda: self._merged(inferred=inferred))
        base = self.folder / "views" / name
        if private is True and not (inferred and self.deferred):
            base = self._merged_folder if inferred else self.folder / "asserted"
        else:
            self.view(private=private, inferred=inferred)
        batches = partial(self._named, private=private, inferred=inferred)
        return self._view(f"{name}-named", batches, base=base, graphs=True)

    def copy(self, folder: Path, *, private: Private) -> ox.Store:
        """A copy of the view with graphs by name, to change at will, in a new folder."""
        self.view(private=private, inferred=True, named=True)
        name = _view_name(self._seen(private), self.infers)
        oxigraph.clone(self.folder / "views" / f"{name}-named", folder)
        return ox.Store(str(folder))

    def _seen(self, private: Private) -> Private:
        """The same sight of this snapshot by the view that serves it."""
        if private is True or not self.private_graphs:
            return True  # There is nothing to hide, and the stores that hold all of it are there.
        if private is False:
            return False
        return tuple(sorted(one for one in self.private_graphs if is_visible(one, private))) or False

    @property
    def _merged_folder(self) -> Path:
        return self.folder / "oxigraph"

    def _deferred_rows(self) -> Iterator[pa.RecordBatch]:
        """What the merged store lacks."""
        image = self.image
        pairs = {
            (0, key): subtract(image.open_pairs(key), image.open_pairs(key, inferred=False))
            for key in self.deferred
        }
        return Rows(pairs).batches(image.dictionary)

    def _merged(self, *, inferred: bool) -> Iterator[pa.RecordBatch]:
        """The public triples."""
        image = self.image
        pairs = {
            key: image.open_pairs(key, private=False, inferred=inferred) for key in image.open_predicates
        }
        return Rows({(0, key): one for key, one in pairs.items()}).batches(image.dictionary)

    def _listed(self, graphs: tuple[str, ...]) -> Iterator[pa.RecordBatch]:
        """The triples of some graphs, as they are in the default graph."""
        for graph in filter(is_open, graphs):
            pairs = {(0, key): some for (_, key), some in self.image.rows_of(graph).pairs.items()}
            yield from Rows(pairs).batches(self.image.dictionary)

    def _named(self, *, private: Private, inferred: bool) -> Iterator[pa.RecordBatch]:
        """The quads of every graph that may be seen."""
        for graph in self.image.graph_names():
            if is_visible(graph, private) and (inferred or not is_inferred(graph)):
                yield from self.image.rows_of(graph).batches(self.image.dictionary)

    def _view(
        self,
        name: str,
        batches: Callable[[], Iterator[pa.RecordBatch]],
        *,
        base: Path | None = None,
        graphs: bool = False,
    ) -> ox.Store:
        if name not in self._views:
            place = self.folder / "views" / name
            if not place.exists():
                self._make_view(place, batches, base, graphs)
            self._views[name] = oxigraph.open_to_read(place)
        return self._views[name]

    def _make_view(
        self, place: Path, batches: Callable[[], Iterator[pa.RecordBatch]], base: Path | None, graphs: bool
    ) -> None:
        place.parent.mkdir(exist_ok=True)
        with (place.parent / f".{place.name}.lock").open("w") as turn:
            # Processes that want the same view make it once, one after another.
            fcntl.flock(turn, fcntl.LOCK_EX)
            if place.exists():
                return
            with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as draft:
                made, spool = Path(draft) / "store", Path(draft) / "spool"
                if base is not None:
                    oxigraph.clone(base, made)
                if not self._succeeds(place.name, made, spool):
                    store = ox.Store(str(made))
                    oxigraph.insert(store, batches(), spool, graphs=graphs)
                    store.flush()
                    del store
                made.rename(place)

    def _succeeds(self, name: str, made: Path, spool: Path) -> bool:
        """Whether the view is one of the two whole public ones, and was made from an earlier snapshot's."""
        for inferred in (True, False):
            if name == _view_name(False, inferred):
                return succeed(self.folder, self.image, name, made, spool, inferred=inferred)
        return False


def _view_name(private: Private, inferred: bool) -> str:
    """What a view is called by what is in it."""
    if isinstance(private, tuple):
        seen = f"some-{hashlib.blake2b(' '.join(private).encode(), digest_size=8).hexdigest()}"
    else:
        seen = "private" if private else "public"
    return f"{seen}-{'full' if inferred else 'asserted'}"


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
