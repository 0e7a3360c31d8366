"""Snapshots: immutable folders, each one commit's Oxigraph stores and columns, and the pointer to the newest.

    shop.kb/  kb.toml  CURRENT  lock  journal/NNNNNNNN.rdfp
              snapshots/NNNNNNNN-ID/{asserted,oxigraph,columns,views}  quarantine/

Readers open what CURRENT names and need no lock. The one writer clones it into a staging folder, changes the
clone, and publishes by two renames: the folder into its place, then CURRENT.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from ..columns.files import read_image, write_image
from ..columns.image import Image
from ..columns.kernels import subtract
from ..columns.rows import Rows
from ..errors import StoreLocked, StoreMissing
from ..graphs import is_inferred, is_private
from . import oxigraph
from .journal import Journal, sync

KEPT = 3
KEPT_SECONDS = 600.0


class Snapshot:
    """One published commit, open for reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self._views: dict[str, ox.Store] = {}

    @cached_property
    def store(self) -> ox.Store:
        """The merged view: every open triple, once, in the default graph."""
        return oxigraph.open_to_read(self.folder / "oxigraph")

    @cached_property
    def asserted(self) -> ox.Store:
        """The merged view without what was inferred."""
        return oxigraph.open_to_read(self.folder / "asserted")

    @cached_property
    def image(self) -> Image:
        """The columns."""
        return read_image(self.folder / "columns")

    def view(self, *, private: bool, inferred: bool, named: bool = False) -> ox.Store:
        """The graph as a reader sees it: merged in the default graph and, if `named`, by graph beside it.

        What a reader may not see is not in the view at all. All but the two private views without names are
        made at their first call, in seconds per million triples.
        """
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
        draft = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent)) / "store"
        if base is not None:
            oxigraph.clone(base, draft)
        store = ox.Store(str(draft))
        oxigraph.insert(store, batches(), draft.with_suffix(".spool"), graphs=base is not None)
        store.flush()
        del store
        # Another process may have been faster; its view is the same.
        with contextlib.suppress(OSError):
            draft.rename(place)
        shutil.rmtree(draft.parent)


class Staging:
    """Clones of the current snapshot's stores that a writer changes and then publishes."""

    def __init__(self, folder: Path, base: Snapshot | None) -> None:
        self.folder = folder
        self.base = base
        self.image = base.image if base else Image()
        folder.mkdir(parents=True)
        if base:
            for name in ("asserted", "oxigraph"):
                oxigraph.clone(base.folder / name, folder / name)
        self.asserted = ox.Store(str(folder / "asserted"))
        self.store = ox.Store(str(folder / "oxigraph"))
        self._in_asserted = self._in_store = self.image

    def assert_image(self, image: Image) -> None:
        """Bring the asserted store to `image`."""
        self._bring(self.asserted, self._in_asserted, image, inferred=False)
        self.image = self._in_asserted = image

    def with_asserted(self, image: Image) -> ox.Store:
        """The asserted store, brought to `image`."""
        self.assert_image(image)
        return self.asserted

    def infer_image(self, image: Image) -> None:
        """Bring the merged store, consequences included, to `image`."""
        self._bring(self.store, self._in_store, image, inferred=True)
        self.image = self._in_store = image

    def close(self) -> None:
        """Flush both stores and let go of them; nothing the second time."""
        for name in ("asserted", "store"):
            if name in self.__dict__:
                getattr(self, name).flush()
                delattr(self, name)

    def _bring(self, store: ox.Store, before: Image, after: Image, *, inferred: bool) -> None:
        gained, lost = {}, {}
        for predicate in before.differing(after):
            old = before.open_pairs(predicate, inferred=inferred)
            new = after.open_pairs(predicate, inferred=inferred)
            gained[0, predicate] = subtract(new, old)
            lost[0, predicate] = subtract(old, new)
        oxigraph.delete(store, Rows(lost).batches(after.dictionary), graphs=False)
        oxigraph.insert(store, Rows(gained).batches(after.dictionary), self.folder / "spool", graphs=False)


class Folder:
    """A store's folder: its journal, its snapshots, its lock."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = Journal(path / "journal")
        self._lock: int | None = None
        self._turn = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether a snapshot was ever published here."""
        return (self.path / "CURRENT").exists()

    def current_name(self) -> str:
        """The name of the current snapshot.

        Raises StoreMissing.
        """
        try:
            return (self.path / "CURRENT").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise StoreMissing(
                f"There is no store at {self.path}", hint="make one with kb load FILE or kb demo"
            ) from None

    def current(self) -> Snapshot:
        """The current snapshot, open for reading."""
        return Snapshot(self.path / "snapshots" / self.current_name())

    def lock(self) -> None:
        """Become the one writer; threads of one process that share this object wait for each other.

        Raises StoreLocked, naming the holder's process.
        """
        self._turn.acquire()
        try:
            self._lock = self._locked()
        except BaseException:
            self._turn.release()
            raise

    def _locked(self) -> int:
        self.path.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode() or "another process"
            os.close(handle)
            raise StoreLocked(
                f"Process {holder} is writing to this store",
                where=str(self.path),
                hint="wait until it has finished",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        return handle

    def unlock(self) -> None:
        """Let other writers in."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None
            self._turn.release()

    def stage(self) -> Staging:
        """A staging folder on the current snapshot; needs the lock."""
        self.discard()
        base = self.current() if self.exists else None
        return Staging(self.path / "staging", base)

    def discard(self) -> None:
        """Throw the staging folder away, whoever left it."""
        shutil.rmtree(self.path / "staging", ignore_errors=True)

    def publish(self, staging: Staging, name: str) -> None:
        """Make a staging folder the current snapshot."""
        staging.close()
        earlier = staging.base.folder / "columns" if staging.base else None
        write_image(staging.image, staging.folder / "columns", earlier=earlier)
        place = self.path / "snapshots" / name
        if place.exists():
            shutil.rmtree(place)  # Left by a crash between the two renames.
        place.parent.mkdir(exist_ok=True)
        _sync_tree(staging.folder)
        staging.folder.rename(place)
        sync(place.parent)
        pointer = self.path / "CURRENT.draft"
        with pointer.open("w", encoding="ascii") as sink:
            sink.write(name)
            sink.flush()
            os.fsync(sink.fileno())
        pointer.rename(self.path / "CURRENT")
        sync(self.path)
        # The commit is there by now: what can't be cleared away is left for the next one.
        with contextlib.suppress(OSError):
            self._prune(name)

    def _prune(self, current: str) -> None:
        names = sorted(path.name for path in (self.path / "snapshots").iterdir())
        for name in names[:-KEPT]:
            folder = self.path / "snapshots" / name
            # A reader that opened an old snapshot lately may still be reading it.
            if name != current and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    sync(folder)
