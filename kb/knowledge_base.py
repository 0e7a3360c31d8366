"""KnowledgeBase: one store's facade. Every write is a commit, every read is of a snapshot."""

from __future__ import annotations

import contextlib
import copy
import getpass
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import pyoxigraph as ox

from . import gate, graphs, pipeline, skolem, statistics
from .administration import Administration
from .columns.batches import batches_of, lines
from .columns.relations import Relations
from .columns.rows import Rows
from .core.client import routed
from .errors import Forbidden, NotFound, OntologyError, SourceError, UsageError
from .formats import stem_of
from .initial import initial_batches
from .loading.inputs import Inputs
from .loading.pseudonyms import secret_of
from .loading.rdf import read_rdf
from .loading.sources import RejectedRow
from .pipeline import Patch, Wish
from .querying.competency import Given, question
from .querying.datasets import SnapshotQuads
from .querying.documents import Documents
from .querying.find import Match, find
from .querying.graph_store import Body, Method, change
from .querying.results import Result
from .querying.run import Dataset, run
from .querying.updates import ground_diff
from .reasoning import OntologyCheck, Proof, RuleSet, check_ontology, explain
from .reports import LoadReport, ReasoningReport
from .settings import Settings
from .store import Commit, Folder, Snapshot
from .store.quarantine import Entry, Quarantine
from .validation import ValidationReport
from .values import Term, Value, iri, node, predicate, term
from .writer import Outcome, Turn, Work, Writer


@dataclass(frozen=True)
class LoadOptions:
    """How a load behaves.

    `mode` replaces what the source said before, or adds to it; `private` puts quads without a graph name among
    the private graphs; `strict` refuses the whole load for one violation; `dry_run` stops before the journal;
    `format` is for standard input and odd suffixes.
    """

    mode: Literal["replace", "add"] = "replace"
    private: bool = False
    strict: bool = False
    dry_run: bool = False
    format: ox.RdfFormat | None = None


class Change:
    """The quads that a ``with kb.commit(...)`` block adds and removes; `report` is there after the block."""

    def __init__(self, graph: str) -> None:
        self._graph = ox.NamedNode(graph)
        self.added: list[ox.Quad] = []
        self.removed: list[ox.Quad] = []
        self.report = LoadReport()

    def add(self, subject: Value, property: Value, object: Value) -> None:
        """Add a triple; strings are IRIs or CURIEs, numbers and dates become typed literals."""
        self.added.append(self._quad(subject, property, object))

    def remove(self, subject: Value, property: Value, object: Value) -> None:
        """Remove a triple from the source's graph."""
        self.removed.append(self._quad(subject, property, object))

    def _quad(self, subject: Value, property: Value, object: Value) -> ox.Quad:
        return ox.Quad(node(subject), predicate(property), term(object), self._graph)


@dataclass
class KnowledgeBase(Administration):
    """A knowledge base in a folder; open it with `KnowledgeBase.open`."""

    folder: Folder
    read_only: bool = False
    author: str = field(default_factory=getpass.getuser)
    routes: bool = field(init=False, repr=False)
    _abandoned: Callable[[], bool] | None = field(init=False, repr=False, default=None)
    _writer: Writer = field(init=False, repr=False)
    _snapshot: Snapshot | None = field(default=None, repr=False)
    _proving: dict[tuple[str, bool], tuple[RuleSet, Relations, Relations]] = field(
        default_factory=dict, repr=False
    )

    def __post_init__(self) -> None:
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
        return self._writer.recover()

    @property
    def settings(self) -> Settings:
        """What the store's ``kb.toml`` says."""
        return self.folder.settings

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

    @routed(paths=("paths", "mapping"))
    def load(
        self,
        paths: str | Path | Sequence[str | Path],
        *,
        source: str | None = None,
        mapping: str | Path | None = None,
        message: str | None = None,
        options: LoadOptions | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load files as one commit: RDF as it is, tables through a mapping (RML or YARRRML).

        `source` (by default the first file's stem) names the graph that unnamed quads go to. `progress` is told
        bytes as they are read. Raises SourceError, SyntaxFault, UnsupportedFormat, MappingError, GateRefused.
        """
        options = options or LoadOptions()
        files = tuple(Path(path) for path in ([paths] if isinstance(paths, (str, Path)) else paths))
        if not files:
            raise UsageError("No file to load", hint="name one or more files")
        inputs = Inputs(files, Path(mapping) if mapping else None, options.format)
        source = source or graphs.source_name(stem_of(files[0]))
        graph = graphs.of_source(source, private=options.private)
        rejected: list[RejectedRow] = []

        def loaded(turn: Turn) -> Wish | Outcome:
            content = inputs.content(source, options.mode, options.private)
            if content and not (options.strict or options.dry_run) and self._same_again(source, content):
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
            if options.mode == "replace":
                for name in sorted(self._written_by(source)):
                    patch.removed = patch.removed.plus(image.rows_of(name))
                if len(patch.removed) and not len(patch.added):
                    raise SourceError(
                        f"No quad came of the files, and loading them would empty the source '{source}'",
                        where=", ".join(map(str, files)),
                        hint=f"if that is meant: kb update 'CLEAR GRAPH <{graph}>'",
                    )
            return Wish(commit, patch, strict=options.strict, dry_run=options.dry_run)

        return self._write(source, loaded, alone=True).with_rejected(rejected)

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
        def changed(turn: Turn) -> Wish:
            return self._diff(turn, self._header(turn, source, message), added, removed)

        return self._write(source, changed)

    @routed()
    def update(self, text: str, *, source: str = "update", message: str | None = None) -> LoadReport:
        """Run a SPARQL update as one commit; quads without a graph go to the source's graph.

        LOAD reads files below the `load_folders` of the store's settings. Raises QueryError, Forbidden (other files,
        SERVICE, own graphs), NotFound, GateRefused, and for LOAD what `load` raises.
        """
        folders = tuple(self.folder.path / name for name in self.folder.settings.load_folders)
        documents = Documents(folders, read_rdf)

        def updated(turn: Turn) -> Wish:
            diff = ground_diff(self.snapshot, text, graph=graphs.of_source(source), documents=documents)
            commit = self._header(turn, source, message or "an update")
            return self._diff(turn, commit, diff.added, diff.removed)

        return self._write(source, updated, alone=True)

    @routed()
    def graph_store(
        self,
        method: Method,
        graph: str | None = None,
        body: Body | None = None,
        *,
        source: str = "update",
        message: str | None = None,
    ) -> LoadReport:
        """Carry out PUT, POST, DELETE or PATCH of the SPARQL 1.1 Graph Store Protocol as one commit; GET is `dump`.

        Without `graph` it is about the source's graph. The report says whether the graph was `created`. Raises
        NotFound (DELETE, PATCH), Forbidden, UnsupportedFormat, SyntaxFault, QueryError, DataError, GateRefused.
        """
        created = False

        def requested(turn: Turn) -> Wish:
            nonlocal created
            dataset = SnapshotQuads(self.snapshot, graphs.of_source(source))
            asked = change(dataset, method, iri(graph) if graph else None, body)
            created = asked.created
            commit = self._header(turn, source, message or f"{method} {graph or graphs.of_source(source)}")
            return self._diff(turn, commit, asked.diff.added, asked.diff.removed)

        return replace(self._write(source, requested, alone=True), created=created)

    @routed()
    def revert(self, reference: str) -> LoadReport:
        """Undo one commit by a new one: what it added goes, what it removed comes back.

        Raises NotFound.
        """
        undone = self.folder.journal.find(reference)

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

    def check_ontology(self, *, write: bool = False) -> OntologyCheck:
        """Check the store's ontology with HermiT: consistency, impossible classes, classification.

        With `write`, what classification adds to the rules becomes part of the ontology, as a commit; reasoning
        reads only that. Raises ToolMissing without Java, OntologyError for what HermiT can't read.
        """
        found = check_ontology(pipeline.axioms_of(self.snapshot.image))
        if write:
            if not found.consistent:
                raise OntologyError("The ontology is inconsistent: " + "; ".join(found.conflict))
            place = ox.NamedNode(graphs.CLASSIFIED)
            self._classify([ox.Quad(one.subject, one.predicate, one.object, place) for one in found.added])
        return found

    @routed()
    def _classify(self, quads: Sequence[ox.Quad]) -> LoadReport:
        """Make these quads the classified graph of the ontology."""

        def classified(turn: Turn) -> Wish:
            commit = self._header(turn, "ontology", "what classification adds to the ontology")
            image = turn.staging.image
            wanted = Rows.encoded(image.dictionary, batches_of(quads))
            stale = image.rows_of(graphs.CLASSIFIED)
            return Wish(commit, Patch(wanted.minus(stale), stale.minus(wanted)), judged=False)

        return self._write("ontology", classified, alone=True)

    def reason(self) -> ReasoningReport:
        """Reason over the whole graph anew and report; every commit does so by itself."""
        started = time.monotonic()
        inference = pipeline.infer(self.snapshot.image, reasoning=self.settings.reasoning)
        return ReasoningReport(
            public=inference.image.inferred_public.size,
            private=inference.image.inferred_private.size,
            rules=len(inference.rules.rules),
            seconds=time.monotonic() - started,
            contradictions=inference.contradictions,
            unsupported=tuple(str(one) for one in inference.rules.unsupported),
        )

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot; one look at the pointer tells whether another process has moved it."""
        name = self.folder.current_name()
        if self._snapshot is None or self._snapshot.name != name:
            self._snapshot = self.folder.current()
        return self._snapshot

    def query(
        self,
        text: str,
        *,
        reasoning: bool = True,
        private: bool = True,
        parameters: Mapping[str, Term] | None = None,
        dataset: Dataset | None = None,
    ) -> Result:
        """Run a SPARQL query; common prefixes are known. Raises QueryError, Forbidden (SERVICE)."""
        chosen = dataset or Dataset(private=private, inferred=reasoning)
        return run(self.snapshot, text, dataset=chosen, parameters=parameters)

    def ask(
        self,
        id: str,
        values: Mapping[str, Given] | None = None,
        *,
        reasoning: bool = True,
        private: bool = True,
    ) -> Result:
        """Ask a competency question by its id; what `values` leave out has its default.

        An entity is given as IRI, CURIE or what it is called. Raises NotFound, UsageError.
        """
        asked = question(id)
        terms = asked.terms(values or {}, partial(self.find, private=private))
        return self.query(asked.bound(terms), reasoning=reasoning, private=private)

    def find(
        self, text: str, *, kind: str | None = None, limit: int = 10, private: bool = True
    ) -> list[Match]:
        """The entities that come closest to a name, code or GTIN, best first; typing errors are forgiven."""
        return find(self.snapshot, text, kind=kind, limit=limit, private=private)

    def validate(self) -> ValidationReport:
        """Judge everything asserted by the store's shapes."""
        image = self.snapshot.image
        return gate.judged(pipeline.shapes_of(image), image)

    def explain(self, subject: Value, property: Value, object: Value, *, private: bool = True) -> Proof:
        """Why a triple holds: a proof down to what was asserted.

        Raises NotFound when it does not hold, or no proof is found within the bounds of the search.
        """
        rules, view, asserted = self._premises(private)
        dictionary = rules.dictionary
        triple = [str(term(part)) for part in (subject, property, object)]
        ids = (int(dictionary.stored[dictionary.id(part)]) for part in triple)
        proof = explain(rules, view, asserted, *ids, dictionary=dictionary)
        if proof is None:
            raise NotFound(
                f"No proof was found of {' '.join(triple)}", hint="ask with kb query whether it holds"
            )
        return proof

    def log(self, *, private: bool = True) -> list[Commit]:
        """All commits, oldest first; without `private` only those that touched no private graph."""
        commits = self.folder.journal.commits()
        return [one for one in commits if private or not any(map(graphs.is_private, one.graphs.split()))]

    def quarantine(self) -> list[Entry]:
        """What the gate held back, oldest first."""
        return Quarantine(self.folder.path / "quarantine").entries()

    def stats(self, *, private: bool = True) -> statistics.Stats:
        """The store in numbers."""
        return statistics.stats(self.folder, self.snapshot, private=private)

    def dump(self, *, graph: str | None = None, private: bool = True) -> Iterator[bytes]:
        """All asserted data (or one graph of any kind) as N-Quads text in pieces, blank nodes blank again.

        The ontology, the shapes and the commits are a store's own and are dumped by name only.

        Raises NotFound for an unknown graph.
        """
        image = self.snapshot.image
        names = [name for name in image.graph_names() if private or not graphs.is_private(name)]
        if graph is not None and graph not in names:
            raise NotFound(f"There is no graph {graph}", hint="see kb stats for the graphs there are")
        for name in [graph] if graph else [name for name in names if not graphs.is_own(name)]:
            for batch in image.rows_of(name).batches(image.dictionary):
                yield bytes(lines(skolem.unskolemised_batch(batch)))

    def _premises(self, private: bool) -> tuple[RuleSet, Relations, Relations]:
        """Rules, all facts and asserted facts of the current snapshot, made once for it."""
        key = (self.snapshot.name, private)
        known = self._proving.get(key)
        if known is None:
            image = self.snapshot.image
            everything = image.view(private=private, inferred=True).united(image.ontology)
            asserted = image.view(private=private, inferred=False).united(image.ontology)
            known = (pipeline.rules_of(image, reasoning=self.settings.reasoning), everything, asserted)
            self._proving = {key: known}
        return known

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

    @staticmethod
    def _diff(turn: Turn, commit: Commit, added: Sequence[ox.Quad], removed: Sequence[ox.Quad]) -> Wish:
        dictionary, beginning = turn.staging.image.dictionary, skolem.prefix(commit.id, 0)
        fresh = (skolem.skolemised(batch, beginning) for batch in batches_of(added))
        patch = Patch(Rows.encoded(dictionary, fresh), Rows.encoded(dictionary, batches_of(removed)))
        return Wish(commit, patch)

    def _write(self, source: str, work: Work, *, alone: bool = False) -> LoadReport:
        """Carry out what `work` wishes; the store is made first where there is none."""
        started = time.monotonic()
        self._init()
        outcome = self._writer.submit(work, alone=alone, abandoned=self._abandoned)
        return LoadReport.of(outcome, source=source, seconds=time.monotonic() - started)
