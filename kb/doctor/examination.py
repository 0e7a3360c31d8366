"""The examination: everything that can be proved of a store, part by part. It changes nothing and needs no lock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from ..columns.dictionary import Dictionary
from ..columns.files import damaged
from ..columns.image import Image
from ..errors import NotFound, StoreDamaged
from ..store import Commit, Folder, Snapshot
from ..store.oxigraph import open_to_read
from . import housekeeping
from .comparison import columns_and_oxigraph, consequences, journal_and_columns
from .diagnosis import Diagnosis, Finding, GraphSum, Progress, unwatched

_REBUILD = "kb rebuild"


def diagnose(folder: Folder, *, deep: bool = False, progress: Progress = unwatched) -> Diagnosis:
    """Prove that journal, columns and Oxigraph hold the same quads; `deep` reasons anew and indexes names anew.

    Works beside a writer: it looks at the snapshot that is current when it begins. Raises StoreMissing.
    """
    started = time.monotonic()
    name = folder.current_name()
    case = _Case(folder, deep, progress)
    case.findings += case.examined()
    return Diagnosis(
        store=str(folder.path),
        snapshot=case.snapshot.name if case.snapshot else name,
        graphs=tuple(case.graphs),
        findings=tuple(case.findings),
        deep=deep,
        seconds=time.monotonic() - started,
    )


@dataclass
class _Case:
    """One examination."""

    folder: Folder
    deep: bool
    progress: Progress
    snapshot: Snapshot | None = None
    image: Image | None = None
    graphs: list[GraphSum] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def examined(self) -> Iterator[Finding]:
        yield from self._opened()
        commits = self.folder.journal.commits()
        broken = [self._of_journal(one) for one in self.folder.journal.check()]
        yield from broken
        if self.image is not None and self.snapshot is not None:
            yield from self._compared(commits, readable=not any(one.fault for one in broken))
            yield from self._oxigraph(self.snapshot, self.image)
            if self.deep:
                self.progress("reasoning anew", 0, 0)
                yield from consequences(self.image, self.folder.settings.reasoning)
                yield from housekeeping.names(self.snapshot, deep=True)
            else:
                yield from housekeeping.names(self.snapshot, deep=False)
        self.progress("reading files", 0, 0)
        for place in self.folder.snapshots:
            if self.deep or (self.snapshot and place == self.snapshot.folder):
                yield from housekeeping.files(place)
        yield from housekeeping.quarantine(self.folder)
        yield from housekeeping.leftovers(self.folder)

    def _opened(self) -> Iterator[Finding]:
        try:
            self.snapshot = self.folder.current()
            image = self.snapshot.image
            if any(damaged(self.snapshot.folder / "columns")):
                return  # Told with the other files; nothing can be compared with such columns.
            # Reading the journal encodes terms: they must not get into the snapshot's own dictionary.
            own = Dictionary(image.dictionary.segments, image.dictionary.languages)
            self.image = replace(image, dictionary=own)
        except StoreDamaged as damage:
            yield Finding("columns" if self.snapshot else "folder", damage.what, _REBUILD)

    def _compared(self, commits: list[Commit], *, readable: bool) -> Iterator[Finding]:
        assert self.image is not None and self.snapshot is not None
        number = int(self.snapshot.name.split("-")[0])
        until = [one for one in commits if one.number <= number]
        if not until or not self.snapshot.name.startswith(until[-1].name):
            yield Finding(
                "folder", f"the snapshot {self.snapshot.name} is of no commit in the journal", _REBUILD
            )
            return
        ahead = self.folder.journal.last - number
        if ahead > 0 and self.folder.current_name() == self.snapshot.name:
            what = f"{ahead} commits are in the journal and not yet in a snapshot"
            yield Finding("journal", what, "the next write publishes them", fault=False)
        if not readable:
            return
        try:
            self.graphs, apart = journal_and_columns(self.folder.journal, number, self.image, self.progress)
            yield from apart
        except NotFound as missing:
            yield Finding(
                "folder", f"the snapshot is older than the journal's base: {missing.what}", _REBUILD
            )
        except StoreDamaged as damage:
            yield Finding("journal", str(damage), "kb rebuild --from snapshot")

    def _oxigraph(self, snapshot: Snapshot, image: Image) -> Iterator[Finding]:
        for part in ("asserted", "oxigraph"):
            place = snapshot.folder / part
            if part == "oxigraph" and not place.exists():
                if image.inferred_public or image.inferred_private:
                    yield Finding(part, "the store with consequences is missing", _REBUILD)
                continue
            try:
                store = open_to_read(place)
                yield from columns_and_oxigraph(store, image, part, self.progress, deferred=snapshot.deferred)
            except (StoreDamaged, OSError, RuntimeError, ValueError) as error:
                reason = str(error).partition(" (")[0].removeprefix("Oxigraph can't read its files: ")
                yield Finding(part, f"Oxigraph can't read its files: {reason}", _REBUILD)

    @staticmethod
    def _of_journal(one) -> Finding:
        where = f"commit #{one.number}: " if one.number else ""
        place = f" (journal/{one.segment})" if one.segment else ""
        if not one.number:
            return Finding("journal", f"{one.what}{place}", "the next write sets them aside", fault=False)
        return Finding("journal", f"{where}{one.what}{place}", "kb rebuild --from snapshot, or kb restore")
