"""A store's folder: its journal, its snapshots and the pointer to the newest, its lock.

    shop.kb/  kb.toml  CURRENT  lock  journal/  snapshots/NNNNNNNN-ID/  staging/  quarantine/

Readers open what CURRENT names and need no lock. The one writer publishes by two renames: a snapshot's folder
into its place, then CURRENT.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import StoreDamaged, StoreLocked, StoreMissing
from ..settings import Settings
from .durable import sync
from .journal import Journal
from .snapshots import Snapshot, remove
from .staging import Staging, sweep

PINNED = "pinned"
# However young they are: a writer of twenty commits a second must not fill the disk.
_MOST_SNAPSHOTS = 100


class Folder:
    """A store's folder; many threads may share one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = Settings.of(path)
        self.journal = Journal(path / "journal", durability=self.settings.durability)
        self._lock: int | None = None
        self._turn = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether a snapshot was ever published here."""
        return (self.path / "CURRENT").exists()

    @property
    def snapshots(self) -> list[Path]:
        """The folders of the snapshots that are there, oldest first."""
        place = self.path / "snapshots"
        return [place / name for name in sorted(entry.name for entry in _published(place))]

    @property
    def forgetting(self) -> Path:
        """A folder that is there while a buyer is being forgotten, or since a crash (see `kb.erasure`)."""
        return self.path / "forgetting"

    @property
    def pinned(self) -> list[Path]:
        """The folders of the snapshots that pruning leaves alone, oldest first."""
        return [place for place in self.snapshots if (place / PINNED).exists()]

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

    def current(self, *, earlier: Snapshot | None = None) -> Snapshot:
        """The current snapshot, open for reading; it shares with an `earlier` one what both have in common.

        Raises StoreMissing, StoreDamaged.
        """
        name = self.current_name()
        while True:
            try:
                return Snapshot(self.path / "snapshots" / name, earlier=earlier)
            except FileNotFoundError:
                # It may just have been pruned; then there is a newer one.
                missing, name = name, self.current_name()
                if name == missing:
                    raise StoreDamaged(
                        f"The snapshot {name} is not there",
                        where=str(self.path),
                        hint="kb rebuild makes it anew",
                    ) from None

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
        if not self._is_lock(handle):  # Its holder has removed it with a store that never came to be.
            os.close(handle)
            return self._locked()
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        return handle

    def _is_lock(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), (self.path / "lock").stat())
        except FileNotFoundError:
            return False

    def unlock(self) -> None:
        """Let other writers in."""
        if self._lock is not None:
            os.ftruncate(self._lock, 0)
            os.close(self._lock)
            self._lock = None
            self._turn.release()

    def stage(self) -> Staging:
        """A writer's stores on the current snapshot; needs the lock."""
        sweep(self.path / "staging")
        for draft in (self.path / "snapshots").glob(".*"):
            shutil.rmtree(draft, ignore_errors=True)
        return Staging(self.path / "staging", self.current() if self.exists else None)

    def publish(self, staging: Staging, name: str, journalled: Callable[[], None] = lambda: None) -> None:
        """Make what a writer has staged the current snapshot; the writer goes on from it.

        `journalled` returns when the journal holds it all; nothing is to be seen before, and nothing if it raises.
        """
        durable = self.settings.durability == "disk"
        place = self.path / "snapshots" / name
        draft = place.with_name(f".{name}")
        for left in (draft, place):  # By a crash before the pointer moved.
            if left.exists():
                shutil.rmtree(left)
        staging.checkpoint(draft, durable=durable)
        journalled()
        draft.rename(place)
        if durable:
            sync(place.parent)
        pointer = self.path / "CURRENT.draft"
        with pointer.open("w", encoding="ascii") as sink:
            sink.write(name)
            sink.flush()
            if durable:
                os.fsync(sink.fileno())
        pointer.rename(self.path / "CURRENT")
        if durable:
            sync(self.path)
        staging.base = Snapshot(place)

    def remove_unused(self) -> None:
        """Remove what a first commit that failed has left, where nobody works here."""
        with contextlib.suppress(StoreLocked):
            self.lock()
            try:
                if not self.exists and not self.journal.last:
                    self._remove_empty()
            finally:
                self.unlock()

    def _remove_empty(self) -> None:
        for name in ("staging", "snapshots", "journal"):
            with contextlib.suppress(OSError):
                (self.path / name).rmdir()
        (self.path / "lock").unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()

    def prune(self) -> None:
        """Remove old snapshots, but not those that are pinned or being read."""
        settings = self.settings
        entries = sorted(_published(self.path / "snapshots"), key=lambda one: one.name, reverse=True)
        least = max(1, settings.keep_snapshots)
        for number, entry in enumerate(entries[least:], settings.keep_snapshots):
            # What can't be looked at or cleared away now is left for the next time.
            with contextlib.suppress(OSError):
                young = time.time() - entry.stat().st_mtime < settings.keep_seconds
                if not (young and number < _MOST_SNAPSHOTS) and not Path(entry, PINNED).exists():
                    remove(Path(entry))


def _published(place: Path) -> list[os.DirEntry[str]]:
    """The folders of snapshots in `place`, in no order; drafts are hidden."""
    try:
        return [entry for entry in os.scandir(place) if entry.name[0].isdigit()]
    except FileNotFoundError:
        return []
