"""The facade's verbs about versions and care; `KnowledgeBase` has them all."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from .backup import BackedUp, Restored, backup, restore
from .doctor import Diagnosis, Progress, Rebuilt, diagnose, rebuild
from .doctor.diagnosis import unwatched
from .errors import UsageError
from .graphs import Private
from .store import Commit, Folder
from .store.copies import Copies, Copy
from .versions import (
    Changes,
    Kept,
    PastFolder,
    Reference,
    changes_between,
    changes_of,
    commit_of,
    kept_snapshots,
    pin,
    unpin,
    visible,
)


class Administration:
    """What can be done with a store as a whole: look at its history, keep its snapshots, prove and mend it."""

    def __init__(self, folder: Folder, read_only: bool = False) -> None:
        self.folder = folder
        self.read_only = read_only

    def at(self, reference: Reference, *, private: Private = True) -> Self:
        """The knowledge base as it was at a commit or a time, to read only; consequences are those of then.

        `reference` is a number, an id or the beginning of one, a snapshot's name, or a time: ISO 8601, or Python's
        `datetime` or `date` (UTC without a zone). Only commits whose graphs may all be seen can be named.
        Raises NotFound, UsageError.
        """
        return type(self)(PastFolder(self.folder, self._commit(reference, private)), True)

    def show(self, reference: Reference, *, private: Private = True) -> Changes:
        """What one commit changed.

        Raises NotFound, UsageError.
        """
        return changes_of(self.folder.journal, self._commit(reference, private), private=private)

    def diff(self, before: Reference, after: Reference | None = None, *, private: Private = True) -> Changes:
        """The net difference of two commits' states; `after` is the newest commit where it is not given.

        What was added and removed again between them is not in it. Raises NotFound, UsageError.
        """
        commits = visible(self.folder.journal.commits(), private=private)
        newer = commits[-1] if after is None else commit_of(commits, after)
        return changes_between(self.folder.journal, commit_of(commits, before), newer, private=private)

    def snapshots(self) -> list[Kept]:
        """The snapshots that are kept, oldest first."""
        return kept_snapshots(self.folder)

    def pin(self, reference: Reference) -> Kept:
        """Keep a snapshot from being pruned, until `unpin`.

        Raises NotFound, UsageError.
        """
        return pin(self.folder, reference)

    def unpin(self, reference: Reference) -> Kept:
        """Let a pinned snapshot be pruned again.

        Raises NotFound, UsageError.
        """
        return unpin(self.folder, reference)

    def doctor(self, *, deep: bool = False, progress: Progress = unwatched) -> Diagnosis:
        """Prove that journal, columns and Oxigraph hold the same; changes nothing, works beside a writer.

        With `deep` it reasons anew too, and compares all that is kept. Raises StoreMissing.
        """
        return diagnose(self.folder, deep=deep, progress=progress)

    def rebuild(self, *, from_snapshot: bool = False, progress: Progress = unwatched) -> Rebuilt:
        """Make the derived parts (columns, Oxigraph's stores, consequences) anew from the journal.

        Where the journal can't be read, `from_snapshot` makes a sound snapshot its new beginning.

        Raises UsageError for a store opened to read only, StoreLocked, StoreDamaged, StoreMissing.
        """
        if self.read_only:
            raise UsageError("This store was opened to read only")
        return rebuild(self.folder, from_snapshot=from_snapshot, progress=progress)

    def backup(
        self, destination: str | Path, *, private: bool = True, progress: Progress = unwatched
    ) -> BackedUp:
        """Copy the whole store to a folder (or a ``.tar`` or ``.tar.zst``), verified, while writers work.

        Secrets and keys are in it; without `private` they and all private graphs are not. The store notes where it is.
        Raises UsageError when the destination is there, StoreMissing, StoreDamaged, WriteFailed.
        """
        if private:
            place = Path(destination).absolute()
            Copies(self.folder.path).note(Copy("backup", place, self.folder.current_name()))
        return backup(self.folder, Path(destination), private=private, progress=progress)

    @staticmethod
    def restore(source: str | Path, path: str | Path, *, progress: Progress = unwatched) -> Restored:
        """Make a new store at `path` of a backup, proved by its checksums and by the doctor.

        Raises UsageError when something is at `path`, SourceError, StoreDamaged.
        """
        return restore(Path(source), Path(path), progress=progress)

    def _commit(self, reference: Reference, private: Private) -> Commit:
        return commit_of(visible(self.folder.journal.commits(), private=private), reference)
