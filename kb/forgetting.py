"""The facade's verb that forgets a buyer; `KnowledgeBase` has it."""

from __future__ import annotations

import contextlib
import fcntl
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from .core.client import routed
from .errors import UsageError
from .store import Folder, Snapshot
from .writer import Outcome, Turn, Writer

if TYPE_CHECKING:
    from .erasure import Forgotten


class Forgetting(ABC):
    """Forgetting a buyer; what a crash interrupted, the next write goes on with."""

    folder: Folder
    author: str
    routes: bool
    read_only: bool
    _writer: Writer
    _snapshot: Snapshot | None
    _abandoned: Callable[[], bool] | None

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The current snapshot."""

    @abstractmethod
    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Forgetting:
        """The same store and writer for one request that a core carries out."""

    @abstractmethod
    def recover(self) -> int:
        """Publish what a crash has left in the journal alone."""

    @routed()
    def forget(self, buyer: str) -> Forgotten:
        """Take a buyer, and all that led to them alone, out of the journal, every snapshot, the quarantine and exports.

        `buyer` is an IRI, a pseudonym, or the platform's id that it was made from. The key of their rows is destroyed.
        Takes as long as a rebuild. The report names backups, and exports that went elsewhere, which are beyond reach.
        Raises NotFound, UsageError for what is no buyer, StoreDamaged.
        """
        from .erasure import named

        if self.read_only:
            raise UsageError("This store was opened to read only")
        asked = named(self.folder, self.snapshot.image, buyer)
        with self._forgetting_alone():
            before = self._forgotten() if self._is_begun else None
            return before if before and before.buyer == asked else self._forgotten(asked)

    def _go_on_forgetting(self) -> None:
        """Bring to its end what a crash has interrupted; where somebody is just forgetting, wait until they have."""
        self._repair()
        if self._is_begun:
            with self._forgetting_alone():
                if self._is_begun:
                    self._forgotten()

    @property
    def _is_begun(self) -> bool:
        return (self.folder.forgetting / "intent.json").exists()

    @contextlib.contextmanager
    def _forgetting_alone(self) -> Iterator[None]:
        """Among all threads and processes: it is more than one turn of the writer."""
        with (self.folder.path / "forgetting.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _repair(self) -> None:
        if self.folder.forgetting.exists():
            from .erasure import repaired

            repaired(self.folder)

    def _forgotten(self, buyer: str = "") -> Forgotten:
        from .erasure import clear_away, forgotten

        found: list[tuple[Forgotten, list[Path]]] = []

        def work(_: Turn) -> Outcome:
            found.append(forgotten(self.folder, buyer, author=self.author))
            return Outcome(None)

        try:
            self._writer.submit(work, alone=True, abandoned=self._abandoned)
        finally:
            # Its stores are those of the snapshot before.
            self._writer.close()
            self._snapshot = None
        report, stale = found[0]
        clear_away(self.folder, stale)
        return report
