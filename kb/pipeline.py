"""The commit pipeline: a ground diff passes the gate, is journalled, gets its consequences, becomes visible.

The order is that of docs/architecture.md: gate, journal (this is the commit), consequences, snapshot, pointer.
All of it happens on a staging clone; whatever fails leaves the store as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pyoxigraph as ox

from . import gate, graphs
from .columns.batches import batches_of, lines
from .columns.image import Image
from .columns.kernels import NO_PAIRS, Pairs, pack, subtract, unite
from .columns.relations import Relations
from .columns.rows import Rows
from .reasoning import Consequences, RuleSet, compile_ontology, materialise, plain_label
from .skolem import unskolemised_triple
from .store import Commit, Folder, Staging
from .store.quarantine import Quarantine
from .terms import DCTERMS, PROV, RDF, RDFS, XSD
from .validation import ShapesGraph, read_shapes


@dataclass(frozen=True)
class Inference:
    """What reasoning made of an image."""

    image: Image
    rules: RuleSet
    public: Consequences
    private: Consequences

    @property
    def contradictions(self) -> tuple[str, ...]:
        """What can't all be true, from public premises and from private ones, a sentence each."""
        label = plain_label(self.rules)
        found = (*self.public.contradictions, *self.private.contradictions)
        return tuple(dict.fromkeys(one.sentence(label) for one in found))


@dataclass
class Patch:
    """Rows to add and to remove, encoded with the dictionary of the staging folder that they are meant for."""

    added: Rows = field(default_factory=Rows)
    removed: Rows = field(default_factory=Rows)


@dataclass(frozen=True)
class Outcome:
    """What became of a patch; `commit` is None where nothing changed."""

    commit: Commit | None
    verdict: gate.Verdict | None = None
    inference: Inference | None = None


@contextlib.contextmanager
def writing(folder: Folder) -> Iterator[Staging]:
    """Hold the write lock and a staging folder; whatever is not published is thrown away."""
    folder.lock()
    staging = None
    try:
        recover(folder)
        staging = folder.stage()
        yield staging
    finally:
        if staging is not None:
            staging.close()
        folder.discard()
        folder.unlock()


def write(
    folder: Folder,
    staging: Staging,
    commit: Commit,
    patch: Patch,
    *,
    strict: bool = False,
    judged: bool = True,
    dry_run: bool = False,
) -> Outcome:
    """Carry a patch through the pipeline and publish it.

    `judged` is False only for the store's own graphs; a `dry_run` ends behind the gate. Raises GateRefused.
    """
    added, removed = staging.image.effective(added=patch.added, removed=patch.removed)
    if not len(added) and not len(removed):
        return Outcome(None)
    verdict = None
    image = staging.image
    if judged:
        verdict = gate.judge(staging, shapes_of(image), added=added, removed=removed, strict=strict)
        added, removed = verdict.added, verdict.removed
    names = sorted({image.dictionary.text(graph)[1:-1] for graph in added.graphs | removed.graphs})
    commit = replace(commit, added=len(added), removed=len(removed), graphs=" ".join(names))
    if dry_run:
        return Outcome(commit, verdict)
    place = graphs.PRIVATE_COMMITS if any(map(graphs.is_private, names)) else graphs.COMMITS
    notes = Rows.encoded(image.dictionary, batches_of(_provenance(commit), place))
    added = added.plus(notes)
    image = image.changed(added=added, removed=removed)
    quarantine = Quarantine(folder.path / "quarantine")
    try:
        if verdict and verdict.nodes:
            quads = verdict.quarantined.batches(image.dictionary)
            quarantine.put(commit, nodes=verdict.nodes, quads=quads, report=verdict.report.to_dict())
        folder.journal.write(
            commit,
            added=added.batches(image.dictionary),
            removed=staging.image.as_received(removed).batches(image.dictionary),
        )
        return Outcome(commit, verdict, publish(folder, staging, image, commit.name))
    except BaseException:
        if not folder.exists or folder.current_name() != commit.name:
            folder.journal.remove(commit)
            quarantine.drop(commit)
        raise


def publish(folder: Folder, staging: Staging, image: Image, name: str) -> Inference:
    """Reason over an image and make it the current snapshot."""
    inference = infer(image)
    staging.assert_image(inference.image)
    staging.infer_image(inference.image)
    folder.publish(staging, name)
    return inference


def recover(folder: Folder) -> int:
    """Replay what the journal holds beyond the current snapshot; gives the number of commits replayed."""
    current = int(folder.current_name().split("-")[0]) if folder.exists else 0
    last = folder.journal.last
    Quarantine(folder.path / "quarantine").keep({one.name for one in folder.journal.commits()})
    for number in range(current + 1, last + 1):
        staging = folder.stage()
        dictionary = staging.image.dictionary
        added, removed = (
            Rows.encoded(dictionary, folder.journal.read(number, adds=adds)) for adds in (True, False)
        )
        added, removed = staging.image.effective(added=added, removed=removed)
        publish(
            folder,
            staging,
            staging.image.changed(added=added, removed=removed),
            folder.journal.get(number).name,
        )
    return last - current


def infer(image: Image) -> Inference:
    """All consequences of an image: those of public premises alone, and what private ones add to them."""
    rules = rules_of(image)
    public = materialise(rules, image.asserted_public)
    closed = image.asserted_public.united(Relations.of(public.relations))
    private = materialise(rules, image.asserted_private, given=closed)
    image = image.with_inferred(public=_with_schema(rules, image, public), private=private.relations)
    return Inference(image, rules, public, private)


def _with_schema(rules: RuleSet, image: Image, public: Consequences) -> dict[int, Pairs]:
    """Public consequences with those about classes and properties (the scm-* rules)."""
    merged = dict(public.relations)
    for key in {predicate for _, predicate, _ in rules.schema}:
        rows = np.array([(s, o) for s, predicate, o in rules.schema if predicate == key], np.uint32)
        pairs = np.unique(pack(rows[:, 0], rows[:, 1]))
        known = unite(image.ontology.get_relation(key).pairs, image.asserted_public.get_relation(key).pairs)
        merged[key] = unite(merged.get(key, NO_PAIRS), subtract(pairs, known))
    return merged


def rules_of(image: Image) -> RuleSet:
    """The rules of the ontologies in an image."""
    return compile_ontology(_triples(image, graphs.ONTOLOGY), image.dictionary)


def shapes_of(image: Image) -> ShapesGraph:
    """The shapes in an image."""
    return read_shapes(_triples(image, graphs.SHAPES))


def _triples(image: Image, prefix: str) -> list[ox.Triple]:
    """The triples of the own graphs whose names start so, blank nodes again blank."""
    found: list[ox.Triple] = []
    for graph in image.graph_names():
        if graph == prefix or (prefix.endswith("/") and graph.startswith(prefix)):
            for batch in image.rows_of(graph).batches(image.dictionary):
                text = bytes(lines(batch, graphs=False))
                quads = ox.parse(text, format=ox.RdfFormat.N_TRIPLES, lenient=True)
                found += map(unskolemised_triple, quads)
    return found


def _provenance(commit: Commit) -> list[ox.Triple]:
    """A commit as a PROV-O activity."""
    node = ox.NamedNode(commit.iri)
    stamp = ox.Literal(commit.time.replace("+00:00", "Z"), datatype=XSD.dateTime)
    about: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]] = [
        (RDF.type, PROV.Activity),
        (DCTERMS.identifier, ox.Literal(commit.id)),
        (PROV.endedAtTime, stamp),
        (RDFS.comment, ox.Literal(commit.message)),
        (DCTERMS.source, ox.Literal(commit.source)),
        (DCTERMS.creator, ox.Literal(commit.author)),
    ]
    return [ox.Triple(node, predicate, value) for predicate, value in about if value.value]
