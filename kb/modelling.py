"""The facade's verbs about the ontology: check it, weigh an edit, load it as a commit, compare two versions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyoxigraph as ox

from . import graphs, pipeline, skolem
from .columns.batches import batches_of
from .columns.image import Image
from .columns.rows import Rows
from .conditions import Conditions
from .core.client import routed
from .errors import KbError, OntologyError
from .ontology.difference import Difference, difference, ontology_files, read_ontology, short
from .ontology.impact import Impact, Touched, consequences, questions_naming, shapes_naming
from .pipeline import Patch, Wish
from .querying.competency import catalogue
from .querying.plans import Choice
from .querying.results import Solutions
from .querying.run import Dataset, Result
from .reasoning import OntologyCheck, check_ontology
from .reports import LoadReport
from .store import Commit, Folder, Snapshot, oxigraph
from .terms import OWL, PREFIXES, RDF
from .values import Term
from .writer import Turn, Work

WEIGHING = "drawing consequences with it and without"


@dataclass(frozen=True)
class _Edited:
    """An ontology file and the graph of the store that it is the new text of."""

    path: Path
    graph: str
    triples: list[ox.Triple]

    def rows(self, image: Image, beginning: str) -> Patch:
        """What brings the graph to the file's text; nothing where only blank nodes are named otherwise."""
        stale = image.rows_of(self.graph)
        if not difference(_triples_of(image, self.graph), self.triples):
            return Patch()
        batches = (skolem.skolemised(one, beginning) for one in batches_of(self.triples, self.graph))
        wanted = Rows.encoded(image.dictionary, batches)
        return Patch(wanted.minus(stale), stale.minus(wanted))


class Modelling(ABC):
    """What can be done with a store's ontology; `KnowledgeBase` has them all."""

    folder: Folder
    author: str
    routes: bool

    @abstractmethod
    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Self:
        """The same store and writer for one request that a core carries out."""

    @abstractmethod
    def recover(self) -> int:
        """Publish what a crash has left in the journal alone."""

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The current snapshot."""

    @abstractmethod
    def query(
        self,
        text: str,
        *,
        reasoning: bool = True,
        private: graphs.Private = True,
        parameters: Mapping[str, Term] | None = None,
        dataset: Dataset | None = None,
        engine: Choice = "auto",
    ) -> Result:
        """Run a SPARQL query."""

    @abstractmethod
    def _header(self, turn: Turn, source: str, message: str, content: str = "") -> Commit:
        """What a commit says of itself."""

    @abstractmethod
    def _write(self, source: str, work: Work, *, alone: bool = False) -> LoadReport:
        """Carry out what `work` wishes."""

    def check_ontology(
        self, *, write: bool = False, progress: Callable[[str], None] = lambda step: None
    ) -> OntologyCheck:
        """Check the store's ontology: OWL 2 DL and RL, and with HermiT consistency, impossible classes, classification.

        With `write`, what classification adds to the rules becomes part of the ontology, as a commit; reasoning
        reads only that. `progress` is told each of `kb.reasoning.checking.STEPS`. Raises ToolMissing without Java,
        with `write` OntologyError for what is inconsistent or HermiT can't read.
        """
        found = check_ontology(pipeline.axioms_of(self.snapshot.image), progress=progress)
        if write:
            if not found.consistent:
                raise OntologyError(
                    found.refused or "The ontology is inconsistent: " + "; ".join(found.conflict)
                )
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

    @routed(paths=("paths",))
    def load_ontology(
        self,
        paths: Sequence[str | Path],
        *,
        message: str | None = None,
        conditions: Conditions | None = None,
    ) -> LoadReport:
        """Make files (or the files of folders) the text of the ontologies that they name, as one commit.

        A file whose ontology the store does not have adds it; of a folder such files are left out. Reasoning and
        shapes follow in the same commit; what classification had added goes, as it was drawn from other axioms. The
        shapes don't judge data again; contradictions that the axioms bring about are in the report, or refuse the
        commit where the store's settings say so. Raises SourceError, UnsupportedFormat, OntologyError, GateRefused,
        Outdated where `conditions` name another snapshot.
        """
        files, agreed = ontology_files(paths), conditions or Conditions()

        def loaded(turn: Turn) -> Wish:
            agreed.check_snapshot(turn.staging.name)
            image = turn.staging.image
            names = ", ".join(path.name for path in files)
            commit = self._header(turn, "ontology", message or f"ontology: {names}")
            patch = _patch(image, _edited(image, paths), commit.id)
            return Wish(commit, patch, judged=False)

        return self._write("ontology", loaded, alone=True)

    def weigh_ontology(
        self,
        paths: Sequence[str | Path],
        *,
        hermit: bool = True,
        progress: Callable[[str], None] = lambda step: None,
    ) -> Impact:
        """What the store's ontology would be with these files, in words, and what that means; nothing is written.

        Consequences are drawn anew in memory, and those questions are asked again (with their defaults) that name
        a term whose consequences change. `progress` is told WEIGHING, then what `check_ontology` tells. Raises what
        `load_ontology` raises, ToolMissing without Java where `hermit`.
        """
        progress(WEIGHING)
        snapshot = self.folder.current()  # One of its own: what is tried adds terms to its dictionary.
        image, settings = snapshot.image, self.folder.settings
        edited = _edited(image, paths)
        old = [one for file in edited for one in _triples_of(image, file.graph)]
        told = difference(old, [one for file in edited for one in file.triples])
        patch = _patch(image, edited, "edit")
        changed = image.changed(added=patch.added, removed=patch.removed)
        inference = pipeline.infer(changed, reasoning=settings.reasoning)
        drawn = consequences(image, inference.image)
        check = check_ontology(pipeline.axioms_of(changed), progress=progress) if hermit else None
        before = pipeline.infer(image, reasoning=settings.reasoning).contradictions
        return Impact(
            told,
            drawn,
            shapes_naming(pipeline.shapes_of(image).triples, told.gone),
            tuple(self._questions(told, [one.term for one in drawn], inference.image)),
            tuple(one for one in inference.contradictions if one not in before),
            check,
        )

    def diff_ontology(
        self, before: Sequence[str | Path], after: Sequence[str | Path] | None = None
    ) -> Difference:
        """What differs between two versions of an ontology in files or folders; without `after`, from the store.

        Raises SourceError, UnsupportedFormat, OntologyError.
        """
        if after is not None:
            return difference(read_ontology(before), read_ontology(after))
        image = self.snapshot.image
        edited = _edited(image, before)
        old = [one for file in edited for one in _triples_of(image, file.graph)]
        return difference(old, [one for file in edited for one in file.triples])

    def _questions(self, told: Difference, touched: Sequence[str], after: Image) -> Iterator[Touched]:
        asked = [one for one in catalogue() if not one.between]
        gone = questions_naming(asked, told.gone)
        for id, names in gone.items():
            yield Touched(id, f"names {', '.join(map(short, names))}, which is gone")
        others = questions_naming(asked, touched)
        if others.keys() <= gone.keys():
            return
        store = oxigraph.in_memory(_open_batches(after))
        for one in asked:
            if one.id in others and one.id not in gone:
                try:
                    text = one.bound(one.terms({}, lambda *_, **__: []))
                    now = self.query(text)
                except KbError:  # A default that this store has no entity for.
                    continue
                then = store.query(text, prefixes=dict(PREFIXES))
                if isinstance(now, Solutions) and isinstance(then, ox.QuerySolutions):
                    counts = Counter(map(str, now)), Counter(map(str, then))
                    if counts[0] != counts[1]:
                        rows = f"{counts[0].total():,} rows now, {counts[1].total():,} then"
                        yield Touched(one.id, f"answers otherwise: {rows}", breaks=False)


def _edited(image: Image, paths: Sequence[str | Path]) -> list[_Edited]:
    """The files named, and of folders those whose ontology the store has: optional modules stay optional."""
    known = {
        one.subject.value: graph
        for graph in image.graph_names()
        if graph.startswith(graphs.ONTOLOGY)
        for one in _triples_of(image, graph)
        if one.predicate == RDF.type and one.object == OWL.Ontology and isinstance(one.subject, ox.NamedNode)
    }
    found = []
    named = {Path(path) for path in paths}
    for file in ontology_files(paths):
        triples = read_ontology([file])
        headers = [one.subject for one in triples if one.predicate == RDF.type and one.object == OWL.Ontology]
        if len(set(headers)) != 1 or not isinstance(headers[0], ox.NamedNode):
            raise OntologyError(
                f"It names {len(set(headers))} ontologies, so it is nobody's new text",
                where=str(file),
                hint="a file has one `<IRI> a owl:Ontology`; Protégé: Active ontology > Ontology IRI",
            )
        if file not in named and headers[0].value not in known:
            continue
        fallback = f"{graphs.ONTOLOGY}{graphs.source_name(file.stem)}"
        found.append(_Edited(file, known.get(headers[0].value, fallback), triples))
    return found


def _patch(image: Image, edited: Sequence[_Edited], commit: str) -> Patch:
    """What brings the store to the files' texts; what classification drew from other axioms goes."""
    patch = Patch()
    for part, one in enumerate(edited):
        rows = one.rows(image, skolem.prefix(commit, part))
        patch = Patch(patch.added.plus(rows.added), patch.removed.plus(rows.removed))
    if len(patch.added) or len(patch.removed):
        patch.removed = patch.removed.plus(image.rows_of(graphs.CLASSIFIED))
    return patch


def _triples_of(image: Image, graph: str) -> list[ox.Triple]:
    return pipeline.triples_of(image, [graph])


def _open_batches(image: Image):
    place = image.graph_id(graphs.INFERRED)
    view = image.view(private=True, inferred=True).united(image.ontology)
    return Rows({(place, key): one.pairs for key, one in view.items()}).batches(image.dictionary)
