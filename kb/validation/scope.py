"""What constraints are judged against: the data as columns, and the value nodes of a set of focus nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakMethod

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, Pairs, contains, degree, distinct, reach, tails, unite
from ..columns.relations import Relation, Relations
from ..columns.values import TypedValues, lexical, typed_values
from .paths import Path, walk
from .triples import Resource, Term
from .vocabulary import RDF_TYPE, RDFS_SUBCLASS


@dataclass(frozen=True)
class ValidationData:
    """The data that shapes judge.

    `relations` holds the terms as received (``Relations.as_received``); `ontology` only adds types and
    subclasses and is not judged; `store` and its `graphs` (its default graph where none are named) answer SPARQL.
    """

    dictionary: Dictionary
    relations: Relations
    store: ox.Store | None = None
    ontology: Relations = field(default_factory=Relations)
    graphs: Sequence[ox.NamedNode] | None = None
    _known: dict[Term, int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def id(self, term: Term) -> int:
        """The id of a term, 0 where the data doesn't hold it."""
        known = self._known.get(term, 0)
        if not known and (known := self.dictionary.id(str(term))):
            self._known[term] = known
        return known

    def relation(self, predicate: ox.NamedNode) -> Relation:
        """The rows of a predicate."""
        return self.relations.get_relation(self.id(predicate))


class Scope:
    """The data and what has been found out about it so far in one validation."""

    def __init__(self, data: ValidationData, failing: Callable[[Resource, Ids], Ids]) -> None:
        self.data = data
        self.dictionary = data.dictionary
        # Weak, so that a finished validation lets go of the store at once and not at the next collection.
        self._failing = WeakMethod(failing)
        self._instances: dict[tuple[Term, bool], Ids] = {}

    def failing(self, shape: Resource, nodes: Ids) -> Ids:
        """Those of `nodes` that don't conform to a shape, and perhaps others."""
        judge = self._failing()
        assert judge is not None, "a scope is used within its validation"
        return judge(shape, nodes)

    def instances(self, cls: Term, *, known_to_ontology: bool = True) -> Ids:
        """The SHACL instances of a class: typed with it or with a subclass of it."""
        if (cls, known_to_ontology) not in self._instances:
            start = self.data.id(cls)
            subclasses = unite(self._pairs(RDFS_SUBCLASS).inverse, self._ontology(RDFS_SUBCLASS).inverse)
            below = tails(reach(subclasses, np.array([start], np.uint32)))
            classes = distinct(np.append(below, np.uint32(start)))
            typed = self._typed(self._pairs(RDF_TYPE), classes)
            self._instances[cls, False] = typed
            self._instances[cls, True] = unite(typed, self._typed(self._ontology(RDF_TYPE), classes))
        return self._instances[cls, known_to_ontology]

    def walk(self, path: Path, nodes: Ids) -> Pairs:
        """All (node, value) along a path."""
        return walk(path, nodes, self.data.relation)

    def _typed(self, types: Relation, classes: Ids) -> Ids:
        inverse = types.inverse
        begin = np.searchsorted(inverse, classes.astype(np.uint64) << np.uint64(32))
        end = np.searchsorted(inverse, (classes.astype(np.uint64) + np.uint64(1)) << np.uint64(32))
        parts = [tails(inverse[one:two]) for one, two in zip(begin, end, strict=True)]
        return distinct(np.concatenate(parts)) if parts else np.empty(0, np.uint32)

    def _pairs(self, predicate: ox.NamedNode) -> Relation:
        return self.data.relation(predicate)

    def _ontology(self, predicate: ox.NamedNode) -> Relation:
        return self.data.ontology.get_relation(self.data.id(predicate))


@dataclass(frozen=True)
class ValueNodes:
    """The value nodes of one shape: sorted, distinct (focus, value) pairs of sorted, distinct focus nodes."""

    focus: Ids
    pairs: Pairs
    scope: Scope

    @cached_property
    def distinct(self) -> Ids:
        """Every value once, sorted."""
        return distinct(tails(self.pairs))

    @cached_property
    def places(self) -> NDArray[np.int64]:
        """For each pair, where its value stands in `distinct`."""
        return np.searchsorted(self.distinct, tails(self.pairs))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many values each focus node has."""
        return degree(self.pairs, self.focus)

    @cached_property
    def forms(self) -> pa.Array:
        """The string value of each distinct value, null for blank nodes."""
        return lexical(self.scope.dictionary, self.distinct)

    @cached_property
    def typed(self) -> TypedValues:
        """The typed value of each distinct value."""
        return typed_values(self.scope.dictionary, self.distinct)

    def where(self, bad: NDArray[np.bool_]) -> Pairs:
        """The pairs whose value is `bad` (aligned with `distinct`)."""
        if not bad.any():
            return self.pairs[:0]
        return self.pairs[bad[self.places]]

    def outside(self, good: Ids) -> Pairs:
        """The pairs whose value is not in the sorted ids `good`."""
        return self.where(~contains(good, self.distinct))

    def failing(self, shape: Resource) -> NDArray[np.bool_]:
        """For each distinct value, whether it fails to conform to a shape."""
        return contains(self.scope.failing(shape, self.distinct), self.distinct)
