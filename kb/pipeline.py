"""What a commit is put through: its diff against what is there, the gate, its consequences."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np
import pyoxigraph as ox

from . import gate, graphs
from .columns.batches import batches_of, lines
from .columns.image import Image
from .columns.kernels import NO_ID, NO_PAIRS, Pairs, pack, subtract, unite
from .columns.relations import Relations
from .columns.rows import Rows
from .reasoning import (
    Consequences,
    Contradiction,
    FromScratch,
    Program,
    RuleSet,
    Upkeep,
    compile_ontology,
    materialise,
    plain_label,
)
from .settings import LEFT_OUT, Reasoning, Settings
from .skolem import unskolemised_triple
from .store import Commit, Snapshot, Staging
from .store.journal import Record
from .store.private_owners import Owners
from .terms import DCTERMS, OWL, PROV, RDF, RDFS, XSD
from .validation import Policy, ShapesGraph, read_shapes
from .values import iri

_NOTHING = Consequences({}, NO_PAIRS, (), ())
# Of so few rows the text is made at once.
_FEW = 20_000


@dataclass(frozen=True)
class Model:
    """What judges data and draws conclusions from it: the shapes and the rules in an image.

    `deferred` holds the ids of the properties whose consequences Oxigraph gets only when a query asks for them;
    `policy` says what the gate does about results.
    """

    shapes: ShapesGraph
    rules: RuleSet
    deferred: frozenset[int] = frozenset()
    policy: Policy = field(default_factory=Policy)

    @classmethod
    def of(cls, image: Image, settings: Settings) -> Model:
        """The model that an image holds."""
        rules = rules_of(image, reasoning=settings.reasoning)
        deferred = deferred_of(image, settings.deferred)
        return cls(shapes_of(image), rules, deferred, Policy(settings.gate))

    @staticmethod
    def is_read_from(names: Iterable[str]) -> bool:
        """Whether one of these graphs is one that a model is read from."""
        return any(name == graphs.SHAPES or name.startswith(graphs.ONTOLOGY) for name in names)


@dataclass(frozen=True)
class Inference:
    """What reasoning made of an image; `suspects` are likely errors in the data that it met working from scratch."""

    image: Image
    rules: RuleSet
    upkeep: Upkeep
    suspects: tuple[str, ...] = ()

    @property
    def found(self) -> tuple[Contradiction, ...]:
        """What can't all be true, from public premises and from private ones."""
        return (*self.upkeep.public, *self.upkeep.private)

    @property
    def contradictions(self) -> tuple[str, ...]:
        """The same, a sentence each."""
        label = plain_label(self.rules)
        return tuple(dict.fromkeys(one.sentence(label) for one in self.found))


@dataclass
class Patch:
    """Rows to add and to remove, encoded with the dictionary of the image that they are meant for."""

    added: Rows = field(default_factory=Rows)
    removed: Rows = field(default_factory=Rows)


@dataclass(frozen=True)
class Wish:
    """A commit that somebody asks for: its header, its patch, and how the gate is to judge it.

    `judged`, by the shapes, is False only for the store's own graphs; a `dry_run` ends behind the gate.
    """

    commit: Commit
    patch: Patch
    strict: bool = False
    judged: bool = True
    dry_run: bool = False


@dataclass(frozen=True)
class Judged:
    """A wish behind the gate: what the journal gets, and the image that it makes.

    The record's rows are effective ones, notes about the commit among them, with objects as they were received;
    `rows` are those without notes, of a wish that was judged by itself. `inference` is what follows, where
    somebody had to know it so early.
    """

    record: Record
    image: Image
    verdict: gate.Verdict | None = None
    rows: Patch = field(default_factory=Patch)
    inference: Inference | None = None

    @property
    def commit(self) -> Commit:
        """The commit as it will be known."""
        return self.record.commit


def judge(staging: Staging, image: Image, wish: Wish, model: Model) -> Judged | None:
    """Put a wish for a change of `image` through the gate; None where nothing would change.

    Raises GateRefused.
    """
    added, removed = image.effective(added=wish.patch.added, removed=wish.patch.removed)
    # The first commit makes the store, even one that holds nothing.
    if wish.commit.number > 1 and not len(added) and not len(removed):
        return None
    verdict = None
    if wish.judged and model.shapes.shapes:
        verdict = gate.judge(
            staging,
            image,
            model.shapes,
            added=added,
            removed=removed,
            strict=wish.strict,
            policy=model.policy,
        )
        added, removed = verdict.added, verdict.removed
    return recorded(image, wish, Patch(added, removed), verdict)


def recorded(image: Image, wish: Wish, rows: Patch, verdict: gate.Verdict | None) -> Judged:
    """A wish whose effective rows have passed the gate."""
    added, removed, dictionary = rows.added, rows.removed, image.dictionary
    names = sorted({dictionary.text(graph)[1:-1] for graph in added.graphs | removed.graphs})
    commit = replace(wish.commit, added=len(added), removed=len(removed), graphs=" ".join(names))
    place = graphs.PRIVATE_COMMITS if any(map(graphs.is_private, names)) else graphs.COMMITS
    added = added.plus(Rows.encoded(dictionary, batches_of(provenance(commit), place)))
    changed, removed = image.changed(added=added, removed=removed), image.as_received(removed)
    came, went = added.batches(dictionary), removed.batches(dictionary)
    if place == graphs.COMMITS and len(added) + len(removed) <= _FEW:
        record = Record(commit, list(came), list(went))
    else:
        record = Record(commit, came, went, Owners(changed, removed))
    return Judged(record, changed, verdict, rows)


def infer(
    image: Image,
    rules: RuleSet | None = None,
    *,
    reasoning: Reasoning = "full",
    before: Inference | None = None,
) -> Inference:
    """All consequences of an image: those of public premises alone, and what private ones add to them.

    Those of `before`, an earlier image with the same rules, are brought up to date where that is possible;
    `image` must hold what was inferred then.
    """
    rules = rules or rules_of(image, reasoning=reasoning)
    program = before.upkeep.program if before and before.rules is rules else Program(rules)
    if reasoning == "none":
        upkeep = Upkeep.of(program, _NOTHING, _NOTHING)
        return Inference(image.with_inferred(public={}, private={}), rules, upkeep)
    if before and before.rules is rules:
        with suppress(FromScratch):
            image, upkeep = before.upkeep.after(before.image, image)
            return Inference(image, rules, upkeep)
    public = materialise(rules, image.asserted_public)
    closed = image.asserted_public.united(Relations.of(public.relations))
    private = materialise(rules, image.asserted_private, given=closed)
    image = image.with_inferred(public=_with_schema(rules, image, public), private=private.relations)
    label = plain_label(rules)
    oversized = (one.sentence(label) for part in (public, private) for one in part.oversized)
    unkeyed = (one.sentence(label) for part in (public, private) for one in part.unkeyed)
    suspects = tuple(dict.fromkeys((*oversized, *unkeyed)))
    return Inference(image, rules, Upkeep.of(program, public, private), suspects)


def bring(
    staging: Staging,
    image: Image,
    settings: Settings,
    *,
    model: Model | None = None,
    before: Inference | None = None,
    ready: Inference | None = None,
) -> Inference:
    """Bring staging stores to an image and to what follows from it; `model` is the image's, where it is known.

    Without `before`, what the last writer has left is brought up to date, where the rules are the same; `ready` is
    what follows, where that is known.
    """
    rules = model.rules if model else rules_of(image, reasoning=settings.reasoning)
    inference = ready or infer(
        image, rules, reasoning=settings.reasoning, before=before or left(staging, rules)
    )
    staging.assert_image(inference.image)
    deferred = model.deferred if model else deferred_of(image, settings.deferred)
    upkeep = inference.upkeep.to_json() if settings.reasoning != "none" else ""
    staging.infer_image(inference.image, deferred=deferred, upkeep=upkeep)
    return inference


def left(staging: Staging, rules: RuleSet) -> Inference | None:
    """What was made of the snapshot that staging stores have begun on, where maintenance can go on from it."""
    return noted(staging.base, rules) if staging.base is not None else None


def noted(snapshot: Snapshot, rules: RuleSet) -> Inference | None:
    """What was made of a snapshot, where its last writer followed the same rules."""
    upkeep = Upkeep.of_json(snapshot.upkeep, Program(rules))
    return Inference(snapshot.image, rules, upkeep) if upkeep else None


def _with_schema(rules: RuleSet, image: Image, public: Consequences) -> dict[int, Pairs]:
    """Public consequences with those about classes and properties (the scm-* rules)."""
    merged = dict(public.relations)
    for key in {predicate for _, predicate, _ in rules.schema}:
        rows = np.array([(s, o) for s, predicate, o in rules.schema if predicate == key], np.uint32)
        pairs = np.unique(pack(rows[:, 0], rows[:, 1]))
        known = unite(image.ontology.get_relation(key).pairs, image.asserted_public.get_relation(key).pairs)
        merged[key] = unite(merged.get(key, NO_PAIRS), subtract(pairs, known))
    return merged


def rules_of(image: Image, *, reasoning: Reasoning = "full") -> RuleSet:
    """The rules of the ontologies in an image, as far as a profile takes them."""
    left_out = {f"{graphs.ONTOLOGY}{name}" for name in LEFT_OUT.get(reasoning, ())}
    names = [one for one in image.graph_names() if one.startswith(graphs.ONTOLOGY) and one not in left_out]
    return compile_ontology(triples_of(image, names if reasoning != "none" else []), image.dictionary)


def axioms_of(image: Image) -> list[ox.Triple]:
    """The axioms of the ontologies in an image, without what classification added to them."""
    names = [one for one in image.graph_names() if one.startswith(graphs.ONTOLOGY)]
    return triples_of(image, [one for one in names if one != graphs.CLASSIFIED])


def shapes_of(image: Image) -> ShapesGraph:
    """The shapes in an image."""
    return read_shapes(triples_of(image, [graphs.SHAPES]))


def deferred_of(image: Image, names: Iterable[str]) -> frozenset[int]:
    """The ids of properties (IRIs or CURIEs); ``inverses`` stands for all that an ontology calls an inverse.

    Raises UsageError for what is neither.
    """
    found: set[int] = set()
    for name in names:
        if name == "inverses":
            inverses = image.ontology.get_relation(image.dictionary.id(str(OWL.inverseOf)))
            found |= set(np.unique(inverses.subjects).tolist())
        else:
            found.add(image.dictionary.id(f"<{iri(name).value}>"))
    return frozenset(found - {NO_ID})


def triples_of(image: Image, names: Iterable[str]) -> list[ox.Triple]:
    """The triples of graphs, blank nodes again blank."""
    found: list[ox.Triple] = []
    for graph in names:
        for batch in image.rows_of(graph).batches(image.dictionary):
            text = bytes(lines(batch, graphs=False))
            quads = ox.parse(text, format=ox.RdfFormat.N_TRIPLES, lenient=True)
            found += map(unskolemised_triple, quads)
    return found


def provenance(commit: Commit) -> list[ox.Triple]:
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
