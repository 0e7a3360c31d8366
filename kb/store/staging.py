"""Staging: a writer's own pair of Oxigraph stores, changed in place from commit to commit, and its image.

It begins as hard links to a snapshot's files and hands out checkpoints, which are hard links again: what a
commit costs depends on the commit. Nothing in it is ever trusted after a crash (docs/decisions/0004).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyoxigraph as ox

from ..columns.files import write_ahead, write_image
from ..columns.image import Image
from ..columns.kernels import subtract
from ..columns.rows import Rows
from . import oxigraph
from .durable import sync
from .snapshots import DEFERRED, READERS, UPKEEP, Snapshot

_OWNER = "owner"


class Staging:
    """The stores of one writer in a folder of their own below `parent`, begun on a snapshot or empty.

    `image` is what the writer has brought them to, `name` the snapshot that they were last in step with.
    """

    def __init__(self, parent: Path, base: Snapshot | None) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="writer-", dir=parent))
        # The lock tells others that somebody works here; it ends with the process.
        self._owner = (self.folder / _OWNER).open("w")
        self.base = base
        try:
            fcntl.flock(self._owner, fcntl.LOCK_EX)
            self._begin(base)
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            self._owner.close()
            raise

    def _begin(self, base: Snapshot | None) -> None:
        self.image = base.image if base else Image()
        if base:
            oxigraph.clone(base.folder / "asserted", self.folder / "asserted")
        self.asserted = ox.Store(str(self.folder / "asserted"))
        self._merged: ox.Store | None = None
        if base and base.infers:
            oxigraph.clone(base.folder / "oxigraph", self.folder / "oxigraph")
            self._merged = ox.Store(str(self.folder / "oxigraph"))
        self._rebased = False
        self._deferred = base.deferred if base else frozenset()
        self._upkeep = ""
        self._in_asserted = self._in_merged = self.image

    @property
    def _ahead(self) -> Path:
        return self.folder / "ahead"

    @property
    def name(self) -> str:
        """The name of the snapshot that the stores were last in step with, empty for none."""
        return self.base.name if self.base else ""

    def assert_image(self, image: Image) -> None:
        """Bring the asserted store to `image`."""
        gained, lost = image.difference(self._in_asserted, inferred=False)
        if len(lost) > image.asserted_public.size + image.asserted_private.size:
            self._assert_anew(image)
        else:
            self._change(self.asserted, gained, lost, image)
        self.image = self._in_asserted = image

    def with_asserted(self, image: Image) -> ox.Store:
        """The asserted store, brought to `image`."""
        self.assert_image(image)
        return self.asserted

    def infer_image(self, image: Image, *, deferred: frozenset[int] = frozenset(), upkeep: str = "") -> None:
        """Bring the merged store to `image`, whose asserted part the asserted store has already.

        What was inferred of the `deferred` properties (ids) is left out: see `Snapshot.view`. `upkeep` is noted
        for the next writer's first commit.
        """
        inferred = image.inferred_public.size + image.inferred_private.size
        if not inferred:
            self._drop_merged()
        else:
            gained, lost = self._merged_difference(image)
            if self._merged is None or self._deferred != deferred or len(gained) + len(lost) > inferred:
                self._deferred = deferred
                self._merge_anew(image)
            else:
                self._change(self._merged, gained, lost, image)
        self.image = self._in_merged = image
        self._upkeep = upkeep

    def merged(self, image: Image) -> Image:
        """An image with the relations merged that are due, their files written ahead; for another thread."""
        merged = image.merged()
        for path in write_ahead(merged, self._ahead):
            sync(path)
        return merged

    def rebase(self, merged: Image) -> None:
        """Go on over what `merged` gave, of the image of some earlier commit."""
        self.assert_image(self.image)  # The gate may have left it at what it refused.
        self.image = self._in_asserted = self._in_merged = self.image.rebased(merged)
        self._rebased = True

    def checkpoint(self, place: Path, *, durable: bool = True) -> None:
        """Write a snapshot of the stores and the image into the new folder `place`."""
        place.mkdir(parents=True)
        stores = {"asserted": self.asserted} | ({"oxigraph": self._merged} if self._merged else {})
        earlier = self.base.folder / "columns" if self.base else None
        with ThreadPoolExecutor(len(stores), "kb-checkpoint") as pool:
            backups = [pool.submit(store.backup, str(place / name)) for name, store in stores.items()]
            new = write_image(self.image, place / "columns", earlier=earlier, ahead=self._ahead)
            new += [place / "columns", *self._notes(place)]
            for path in new if durable else []:
                sync(path)
            # RocksDB syncs what it makes for a checkpoint, and its folder.
            for backup in backups:
                backup.result()
        if self._rebased:  # What was written ahead is linked by now.
            shutil.rmtree(self._ahead)
            self._rebased = False
        if durable:
            sync(place)

    def _notes(self, place: Path) -> list[Path]:
        """Write the small files of a snapshot; gives the new ones."""
        (place / DEFERRED).write_text(" ".join(map(str, sorted(self._deferred))), encoding="ascii")
        (place / READERS).touch()
        new = [place / DEFERRED, place / READERS]
        if not self._upkeep:
            return new
        if self.base and self.base.upkeep == self._upkeep:  # Most commits change nothing of it.
            with suppress(OSError):
                os.link(self.base.folder / UPKEEP, place / UPKEEP)
                return new
        (place / UPKEEP).write_text(self._upkeep, encoding="utf-8")
        return [*new, place / UPKEEP]

    def close(self) -> None:
        """Let go of the stores and remove them; nothing the second time."""
        if "asserted" in self.__dict__:
            del self.asserted
            self._drop_merged()
            shutil.rmtree(self.folder, ignore_errors=True)
            self._owner.close()

    def _drop_merged(self) -> None:
        if self._merged is not None:
            self._merged = None
            shutil.rmtree(self.folder / "oxigraph", ignore_errors=True)

    def _assert_anew(self, image: Image) -> None:
        """A removal costs as much as a bulk load's row: where less stays than goes, what stays is loaded."""
        del self.asserted
        shutil.rmtree(self.folder / "asserted")
        self.asserted = ox.Store(str(self.folder / "asserted"))
        rows = {(0, key): image.open_pairs(key, inferred=False) for key in image.open_predicates}
        self._change(self.asserted, Rows(rows), Rows(), image)

    def _merge_anew(self, image: Image) -> None:
        """Less work than bringing it there by changes: a copy of the asserted store and all that is inferred."""
        self._drop_merged()
        self.asserted.backup(str(self.folder / "oxigraph"))
        self._merged = ox.Store(str(self.folder / "oxigraph"))
        rows = {
            (0, key): subtract(image.open_pairs(key), image.open_pairs(key, inferred=False))
            for key in {*image.inferred_public, *image.inferred_private} - self._deferred
        }
        self._change(self._merged, Rows(rows), Rows(), image)

    def _merged_difference(self, image: Image) -> tuple[Rows, Rows]:
        """What is to be added to the merged store and taken from it; of deferred properties what was asserted."""
        gained, lost = image.difference(self._in_merged, inferred=True)
        if not self._deferred:
            return gained, lost
        came, went = image.difference(self._in_merged, inferred=False)
        return self._chosen(gained, came), self._chosen(lost, went)

    def _chosen(self, others: Rows, deferred: Rows) -> Rows:
        rows = {key: pairs for key, pairs in others.pairs.items() if key[1] not in self._deferred}
        return Rows(rows | {key: one for key, one in deferred.pairs.items() if key[1] in self._deferred})

    def _change(self, store: ox.Store, gained: Rows, lost: Rows, image: Image) -> None:
        oxigraph.delete(store, lost.batches(image.dictionary), graphs=False)
        oxigraph.insert(store, gained.batches(image.dictionary), self.folder / "spool", graphs=False)


def sweep(parent: Path) -> None:
    """Remove what dead writers have left below `parent`; needs the write lock."""
    for folder in parent.glob("writer-*"):
        try:
            with (folder / _OWNER).open("w") as owner:
                fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except FileNotFoundError:
            pass
        shutil.rmtree(folder, ignore_errors=True)
