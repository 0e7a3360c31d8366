"""KnowledgeBase: one store's facade. Every write is a commit, every read is of a snapshot."""

from __future__ import annotations

import contextlib
import copy
import getpass
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyoxigraph as ox

from . import graphs
from .administration import Administration
from .analysing import Analysing
from .changing import Changing
from .columns.image import Image
from .columns.rows import Rows
from .conditions import Conditions
from .core.client import routed
from .drafts import Draft
from .errors import Forbidden, SourceError, UsageError
from .exporting import Exporting
from .forgetting import Forgetting
from .formats import stem_of
from .holding import Holding
from .initial import initial_batches
from .judging import Judging
from .loading.inputs import Inputs
from .loading.mapping import mapping_named
from .loading.pseudonyms import secret_of
from .loading.sources import RejectedRow
from .modelling import Modelling
from .origins import origins_of_load
from .pipeline import Patch, Wish
from .reading import Reading
from .reports import LoadReport
from .settings import Settings
from .store import Commit, Folder
from .writer import Outcome, Turn, Work, Writer
from .writes import Change, LoadOptions

if TYPE_CHECKING:
    from .loading.drafting import MappingDraft
    from .remote import RemoteKnowledgeBase


@dataclass
class KnowledgeBase(Analysing, Exporting, Changing, Judging, Modelling, Holding, Forgetting, Administration):
    """A knowledge base in a folder; open it with `KnowledgeBase.open`."""

    folder: Folder
    read_only: bool = False
    author: str = field(default_factory=getpass.getuser)
    routes: bool = field(init=False, repr=False)
    _abandoned: Callable[[], bool] | None = field(init=False, repr=False, default=None)
    _writer: Writer = field(init=False, repr=False)

    def __post_init__(self) -> None:
        Reading.__init__(self, self.folder)
        self.routes = not self.read_only
        self._writer = Writer(self.folder)

    @classmethod
    def open(cls, path: str | Path, *, read_only: bool = False) -> KnowledgeBase:
        """Open the store at `path`; the first write makes it where there is none.

        Raises StoreMissing for `read_only` without a store.
        """
        opened = cls(Folder(Path(path)), read_only)
        if read_only:
            opened.folder.current_name()
        return opened

    @staticmethod
    def connect(url: str, *, token: str | None = None, timeout: float = 60) -> RemoteKnowledgeBase:
        """The knowledge base behind a server (``kb serve``), with the verbs of this one, as far as a token lets them.

        `timeout` is the longest silence of the server, in seconds. Nothing is asked yet. Raises UsageError for what is
        no address.
        """
        from .remote import RemoteKnowledgeBase  # TLS takes its time to import.

        return RemoteKnowledgeBase(url, token=token, timeout=timeout)

    def close(self) -> None:
        """Let go of the files."""
        self._writer.close()
        self._snapshot = None

    def __enter__(self) -> KnowledgeBase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Self:
        """The same store and writer for one request that a core carries out: see `kb.core.client.Routing`."""
        other = copy.copy(self)
        other.author, other.routes, other._abandoned = author, False, abandoned
        return other

    def recover(self) -> int:
        """Publish what a crash has left in the journal alone; gives the number of commits. Every write does so.

        Raises StoreLocked, StoreDamaged.
        """
        self._repair()
        replayed = self._writer.recover()
        self._go_on_forgetting()
        return replayed

    def init(self, settings: Settings | None = None) -> None:
        """Make the store, with the ontology, its vocabularies and the shapes that its settings name.

        Nothing where it is there. Raises UsageError for other `settings` than it has, OntologyError.
        """
        self._init(settings)
        self.folder.settings = Settings.of(self.folder.path)

    @routed()
    def _init(self, settings: Settings | None = None) -> None:
        if self.read_only:
            raise UsageError("This store was opened to read only")
        if settings not in (None, self.settings):
            if self.folder.exists:
                raise UsageError(
                    "The store is there already, with other settings",
                    where=str(self.folder.path / "kb.toml"),
                    hint="make another store, or see docs/settings.md for what can be changed later",
                )
            self.folder.settings = settings
        if self.folder.exists:
            return

        def first(turn: Turn) -> Wish | Outcome:
            if turn.number > 1:  # Another process made it meanwhile, or a crash had left its first commit.
                return Outcome(None)
            commit = self._header(turn, "ontology", "the ontology, its vocabularies, the shapes")
            batches = initial_batches(self.settings, commit.id, self.folder.path)
            return Wish(commit, Patch(Rows.encoded(turn.staging.image.dictionary, batches)), judged=False)

        try:
            self._writer.submit(first, alone=True, abandoned=self._abandoned)
        except BaseException:
            self._writer.close()
            self.folder.remove_unused()
            raise
        self.settings.write(self.folder.path)

    @staticmethod
    def map(paths: str | Path | Sequence[str | Path], *, currency: str | None = None) -> MappingDraft:
        """Draft a mapping for tables of products that nobody has mapped, from names and values of their columns.

        `currency` (ISO 4217) is for prices whose currency no column says. Raises MappingError where no file looks like
        a table of products or of categories, SourceError, UnsupportedFormat.
        """
        from .loading.drafting import draft_mapping

        files = [paths] if isinstance(paths, (str, Path)) else paths
        return draft_mapping([Path(path) for path in files], currency=currency)

    @routed(paths=("paths", "mapping"))
    def load(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        source: str | None = None,
        mapping: str | Path | None = None,
        message: str | None = None,
        options: LoadOptions | None = None,
        conditions: Conditions | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load files as one commit: RDF as it is, tables through a mapping (RML or YARRRML).

        `source` (by default the first file's stem) names the graph that unnamed quads go to. `progress` is told
        bytes as they are read. Raises SourceError, SyntaxFault, UnsupportedFormat, MappingError, GateRefused, and with
        `conditions` Outdated and Forbidden.
        """
        options, agreed = options or LoadOptions(), conditions or Conditions()
        strict = options.strict or agreed.strict
        files = tuple(Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths))
        if not files:
            raise UsageError("No file to load", hint="name one or more files")
        inputs = Inputs(files, mapping_named(mapping) if mapping else None, options.format)
        source = source or graphs.source_name(stem_of(files[0]))
        graph = graphs.of_source(source, private=options.private)
        rejected: list[RejectedRow] = []
        seen: list[tuple[Image, Rows]] = []

        def loaded(turn: Turn) -> Wish | Outcome:
            agreed.check_snapshot(turn.staging.name)
            content = inputs.content(source, options.mode, options.private)
            if content and not (strict or options.dry_run) and self._same_again(source, content):
                return Outcome(None)
            names = ", ".join(path.name for path in files)
            commit = self._header(turn, source, message or f"load {names}", content)
            batches = inputs.batches(
                graph=graph,
                commit=commit.id,
                secret=secret_of(self.folder.path),
                rejected=rejected,
                progress=progress,
            )
            image = turn.staging.image
            patch = Patch(Rows.encoded(image.dictionary, batches))
            seen.append((image, patch.added))
            if options.mode == "replace":
                for name in sorted(self._written_by(source)):
                    patch.removed = patch.removed.plus(image.rows_of(name))
                if len(patch.removed) and not len(patch.added):
                    raise SourceError(
                        f"No quad came of the files, and loading them would empty the source '{source}'",
                        where=", ".join(map(str, files)),
                        hint=f"if that is meant: kb update 'CLEAR GRAPH <{graph}>'",
                    )
            for touched in sorted(patch.added.graphs | patch.removed.graphs):
                agreed.grant.check(image.dictionary.text(touched)[1:-1])
            return Wish(commit, patch, strict=strict, dry_run=options.dry_run)

        report = self._write(source, loaded, alone=True).with_rejected(rejected)
        if options.mode == "replace" and report.commit and not options.dry_run:
            self._supersede(report.commit)
        for image, added in seen:
            secret = secret_of(self.folder.path)
            known = origins_of_load(image, added, inputs, report, graph=graph, secret=secret)
            report = self._placed(report, known)
        return report

    @contextlib.contextmanager
    def commit(self, *, source: str, message: str, private: bool = False) -> Iterator[Change]:
        """Collect changes in a ``with`` block and write them as one commit at its end."""
        change = Change(graphs.of_source(source, private=private))
        yield change
        change.report = self._commit_quads(source, message, change.added, change.removed)

    @routed()
    def _commit_quads(
        self, source: str, message: str, added: Sequence[ox.Quad], removed: Sequence[ox.Quad]
    ) -> LoadReport:
        commit = Commit(0, author=self.author, source=source, message=message)
        return self._write(source, Draft.of(commit, added=added, removed=removed))

    @routed()
    def revert(self, reference: str) -> LoadReport:
        """Undo one commit by a new one: what it added goes, what it removed comes back.

        Raises NotFound.
        """
        undone = self._commit(reference, True)

        def reverted(turn: Turn) -> Wish:
            commit = self._header(turn, undone.source, f"revert #{undone.number}: {undone.message}")
            dictionary = turn.staging.image.dictionary
            added, removed = (
                Rows.encoded(dictionary, self.folder.journal.read(undone.number, adds=adds))
                for adds in (False, True)
            )
            own = {one for one in added.graphs | removed.graphs if graphs.is_own(dictionary.text(one)[1:-1])}
            notes = dictionary.find([f"<{graphs.COMMITS}>", f"<{graphs.PRIVATE_COMMITS}>"])
            if own - set(notes.tolist()):
                raise Forbidden(
                    f"Commit #{undone.number} made the ontology and the shapes, which no revert takes away",
                    hint="to begin anew, remove the store's folder",
                )
            removed = Rows({key: pairs for key, pairs in removed.pairs.items() if key[0] not in notes})
            return Wish(commit, Patch(added, removed))

        return self._write(undone.source, reverted, alone=True)

    def _header(self, turn: Turn, source: str, message: str, content: str = "") -> Commit:
        return Commit(turn.number, author=self.author, source=source, message=message, content=content)

    def _same_again(self, source: str, content: str) -> bool:
        """Whether the source's last load was of this content, went in whole, and still stands."""
        commits = self.log()
        last = next((one for one in reversed(commits) if one.source == source), None)
        if last is None or last.content != content or any(one.commit == last.id for one in self.quarantine()):
            return False
        later = {name for one in commits[last.number :] for name in one.graphs.split()}
        return not later & set(last.graphs.split())

    def _written_by(self, source: str) -> set[str]:
        """The graphs that a load of the source replaces: its own two, and those that it alone has written."""
        own: set[str] = set()
        others: set[str] = set()
        for one in self.log():
            (own if one.source == source else others).update(one.graphs.split())
        return {graphs.of_source(source), graphs.of_source(source, private=True)} | (own - others)

    def _write(self, source: str, work: Work, *, alone: bool = False) -> LoadReport:
        """Carry out what `work` wishes; the store is made first where there is none."""
        started = time.monotonic()
        if self.read_only or not self.folder.exists:
            self._init()
        self._go_on_forgetting()
        outcome = self._writer.submit(work, alone=alone, abandoned=self._abandoned)
        return LoadReport.of(outcome, source=source, seconds=time.monotonic() - started)
