"""The facade's verbs about quarantine: what is there, mending it, letting it into the graph, throwing it away.

What is let in goes the way of every commit. A node that still breaks a rule stays, with its new reasons.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Self

import pyarrow as pa
import pyoxigraph as ox

from . import gate, graphs, pipeline
from .columns.batches import batches_of, lines
from .columns.image import Image
from .columns.kernels import distinct
from .columns.rows import Rows
from .core.client import routed
from .errors import SourceError, UsageError
from .loading.rdf import read_rdf
from .pipeline import Judged, Model, Patch, Wish
from .reports import LoadReport, QuarantineReport
from .skolem import prefix
from .store import Commit, Folder, Snapshot
from .store.quarantine import Quarantine, StoredEntry
from .validation import Origin, ValidationReport
from .writer import Outcome, Turn, Writer


class Holding(ABC):
    """What can be done with what the gate held back; `KnowledgeBase` has them all."""

    folder: Folder
    author: str
    routes: bool
    read_only: bool
    _writer: Writer
    _abandoned: Callable[[], bool] | None

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The current snapshot."""

    @abstractmethod
    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Self:
        """The same store and writer for one request that a core carries out."""

    @abstractmethod
    def recover(self) -> int:
        """Publish what a crash has left in the journal alone."""

    def quarantine(self) -> list[StoredEntry]:
        """What the gate held back, oldest first."""
        return self._quarantine.entries()

    def quarantine_entry(self, id: str) -> StoredEntry:
        """An entry by its id (``4056d00b``), or one node of it (``4056d00b/2``, or the node's IRI).

        Raises NotFound.
        """
        return self._quarantine.entry(id)

    def quarantine_quads(self, id: str) -> bytes:
        """All that the nodes of an entry would say in its graphs, as N-Quads text: what to edit for a fix.

        Raises NotFound.
        """
        entry, image = self.quarantine_entry(id), self.snapshot.image
        removed = Rows.encoded(image.dictionary, _batches(entry.about(entry.nodes, added=False)))
        added = Rows.encoded(image.dictionary, _batches(entry.about(entry.nodes)))
        whole = self._stored(image, entry, entry.nodes).minus(removed).plus(added)
        return b"".join(sorted(line for batch in whole.batches(image.dictionary) for line in _lines(batch)))

    @routed(paths=("file",))
    def quarantine_fix(self, id: str, file: str | Path) -> QuarantineReport:
        """Replace all that is said of the nodes that an RDF file speaks of, and judge it; nothing is let in yet.

        The file says the nodes whole, as far as the entry's graphs go (`quarantine_quads` gives what they would say
        now); quads without a graph go where the node's were meant to go. Raises NotFound, UsageError for a file that
        speaks of none of the entry's nodes, and what reading RDF raises.
        """
        self._writable()
        started, path = time.monotonic(), Path(file)

        def fixed(turn: Turn) -> Wish | Outcome:
            entry = self.quarantine_entry(id)
            whole = self._quarantine.whole(entry)
            batches = read_rdf(path, graph=entry.graph(), skolem=prefix(turn_id(turn), 0))
            said = b"".join(bytes(lines(batch)) for batch in batches)
            about = {line.split(b" ", 1)[0].decode() for line in said.splitlines()}
            if not about & set(entry.nodes):
                raise UsageError(
                    f"{path} says nothing of the nodes of {id}",
                    hint=f"see what they are with kb quarantine show {id}",
                )
            untold = [node for node in whole.nodes if node not in about]
            stale = self._stored(turn.staging.image, whole, sorted(about & set(whole.nodes)))
            gone = b"".join(bytes(lines(batch)) for batch in stale.batches(turn.staging.image.dictionary))
            removed = whole.about(untold, added=False) + gone
            self._quarantine.restate(whole, added=whole.about(untold) + said, removed=removed)
            return self._release_of(
                turn, self._quarantine.entry(id), "judge what is in quarantine", dry_run=True
            )

        outcome = self._writer.submit(fixed, alone=True, abandoned=self._abandoned)
        return self._in_step(id, outcome, started, dry_run=True)

    @routed()
    def quarantine_release(self, id: str) -> QuarantineReport:
        """Let the nodes of an entry into the graph, as one commit; those that still break a rule stay.

        Raises NotFound, GateRefused.
        """
        self._writable()
        started = time.monotonic()

        def released(turn: Turn) -> Wish | Outcome:
            entry = self.quarantine_entry(id)
            wish = self._release_of(turn, entry, f"release {id} from quarantine")
            tried = self._tried(turn, wish)
            if tried is None or tried.verdict is None or not tried.verdict.nodes:
                return wish
            passed = Patch(tried.verdict.added, tried.verdict.removed)
            if not len(passed.added) and not len(passed.removed):
                return Outcome(None, tried.verdict)
            still = tried.verdict
            held.append((still.nodes, still.report))
            return Wish(wish.commit, passed)

        held: list[tuple[tuple[str, ...], ValidationReport]] = []
        outcome = self._writer.submit(released, alone=True, abandoned=self._abandoned)
        return self._in_step(id, outcome, started, held=held)

    @routed()
    def quarantine_drop(self, id: str) -> tuple[str, ...]:
        """Throw away an entry, or one node of it; gives the nodes.

        Raises NotFound.
        """
        self._writable()

        def dropped(turn: Turn) -> Outcome:
            entry = self.quarantine_entry(id)
            self._quarantine.let_go(self._quarantine.whole(entry), entry.nodes)
            nodes.extend(entry.nodes)
            return Outcome(None)

        nodes: list[str] = []
        self._writer.submit(dropped, alone=True, abandoned=self._abandoned)
        return tuple(nodes)

    def _supersede(self, id: str) -> None:
        """Drop what earlier loads of a commit's source left here: the source has been said anew."""
        commit = next(one for one in reversed(self.folder.journal.commits()) if one.id == id)
        self._quarantine.supersede(commit)

    def _placed(self, report: LoadReport, origins: Mapping[str, Origin]) -> LoadReport:
        """The report of a load, and what it left here, with what is known about nodes."""
        if report.validation is None or not origins:
            return report
        if report.nodes and report.commit and not report.dry_run:
            known = {node: origins[node].to_dict() for node in report.nodes if node in origins}
            self._quarantine.describe(self.quarantine_entry(report.commit), origins=known)
        return report.with_origins(origins)

    @staticmethod
    def _stored(image: Image, entry: StoredEntry, nodes: Sequence[str]) -> Rows:
        """What the store holds of nodes in the graphs that their quads in quarantine are meant for."""
        names = {batch["g"] for one in _batches(entry.about(nodes)) for batch in one.to_pylist()}
        wanted = distinct(image.dictionary.find(list(nodes)))
        found = Rows()
        for name in sorted(names or {f"<{graphs.of_source(entry.source)}>"}):
            found = found.plus(gate.rows_about(image.rows_of(name[1:-1]), wanted))
        return found

    @property
    def _quarantine(self) -> Quarantine:
        return Quarantine(self.folder.path / "quarantine")

    def _writable(self) -> None:
        if self.read_only:
            raise UsageError("This store was opened to read only")

    def _release_of(self, turn: Turn, entry: StoredEntry, message: str, *, dry_run: bool = False) -> Wish:
        """The commit that would let an entry's nodes in."""
        whole = self._quarantine.whole(entry)
        dictionary = turn.staging.image.dictionary
        added = Rows.encoded(dictionary, _batches(whole.about(entry.nodes) + whole.beside()))
        removed = Rows.encoded(dictionary, _batches(whole.about(entry.nodes, added=False)))
        commit = Commit(turn.number, author=self.author, source=entry.source, message=message)
        return Wish(commit, Patch(added, removed), dry_run=dry_run)

    def _tried(self, turn: Turn, wish: Wish) -> Judged | None:
        model = Model.of(turn.staging.image, self.folder.settings)
        return pipeline.judge(turn.staging, turn.staging.image, wish, model)

    def _in_step(
        self,
        id: str,
        outcome: Outcome,
        started: float,
        *,
        held: Sequence[tuple[tuple[str, ...], ValidationReport]] = (),
        dry_run: bool = False,
    ) -> QuarantineReport:
        """Bring the entry in step with what the gate said of it."""
        entry = self.quarantine_entry(id)
        verdicts = [*held]
        if outcome.verdict is not None:
            verdicts.append((outcome.verdict.nodes, outcome.verdict.report))
        still = {node for nodes, _ in verdicts for node in nodes} & set(entry.nodes)
        kept = tuple(node for node in entry.nodes if node in still)
        free = tuple(node for node in entry.nodes if node not in still)
        whole = self._quarantine.whole(entry)
        if verdicts:
            whole = self._with_reasons(whole, entry, verdicts[0][1])
        if not dry_run:
            self._quarantine.let_go(whole, free)
        commit = None if dry_run else outcome.commit
        return QuarantineReport(
            id,
            released=free,
            held=kept,
            reasons={node: whole.reasons(node) for node in kept},
            commit=commit.id if commit else None,
            number=commit.number if commit else None,
            added=commit.added if commit else 0,
            removed=commit.removed if commit else 0,
            dry_run=dry_run,
            seconds=time.monotonic() - started,
        )

    def _with_reasons(self, whole: StoredEntry, judged: StoredEntry, report: ValidationReport) -> StoredEntry:
        """The entry with what was just said about some of its nodes in place of what was said before."""
        about = set(judged.nodes)
        old = [one for one in whole.report["results"] if one["focus"] not in about]
        new = [one for one in report.to_dict()["results"] if one["focus"] in about]
        self._quarantine.describe(whole, report={**whole.report, "results": old + new})
        return self._quarantine.whole(whole)


def _lines(batch: pa.RecordBatch) -> list[bytes]:
    return bytes(lines(batch)).splitlines(keepends=True)


def turn_id(turn: Turn) -> str:
    """What blank nodes of a fix are named below."""
    return Commit(turn.number).id


def _batches(text: bytes) -> Iterator[pa.RecordBatch]:
    """N-Quads text as batches, terms as they were received."""
    try:
        yield from batches_of(ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=True))
    except SyntaxError as fault:
        raise SourceError(f"What lies in quarantine does not parse: {fault.msg}", hint="kb doctor") from None
