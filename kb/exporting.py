"""The facade's verb that hands data out; `KnowledgeBase` has it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .loading.pseudonyms import secret_of
from .reading import Reading
from .store.copies import Copies, Copy
from .versions import Reference, as_of, commit_of

if TYPE_CHECKING:
    from .exports import Delivered, ExportOptions


class Exporting(Reading):
    """Files for other teams, made of the current snapshot."""

    def export(
        self,
        format: str,
        target: str | Path,
        *,
        options: ExportOptions | None = None,
        since: Reference | None = None,
    ) -> Delivered:
        """Write a format (`kb.exports.FORMATS`: ``star-schema``, ``recbole``, ...) to a folder, with a manifest.

        With `since` (star-schema only) what changed after that commit: upserts and deletes of each table. Of an
        earlier state: ``kb.at(time).export(...)``. The store notes exports that hold buyers.
        Raises NotFound, UsageError, SourceError, WriteFailed.
        """
        from .exports import FORMATS, deliver  # DuckDB takes a while to import.

        before = None
        if since is not None:
            before = as_of(self.folder, commit_of(self.folder.journal.commits(), since))
        secret, place, snapshot = secret_of(self.folder.path), Path(target).absolute(), self.snapshot
        if format in FORMATS and FORMATS[format].personal:
            name = (options and options.name) or format
            Copies(self.folder.path).note(Copy("export", place, snapshot.name, format, name))
        return deliver(snapshot, Path(target), format=format, secret=secret, options=options, since=before)
