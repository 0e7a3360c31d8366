"""What constraints are judged against: the data as columns, and the value nodes of a set of focus nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from weakref import WeakMethod

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, Pairs, contains, degree, distinct, heads, pack, tails, unite
from ..columns.relations import Relations
from ..columns.values import TypedValues, lexical
from .classes import Hierarchy
from .paths import Path, walk
from .triples import Resource, Term
from .value_table import ValueTable
from .views import Rows, View
from .vocabulary import RDF_TYPE, RDFS_SUBCLASS


@dataclass(frozen=True)
class ValidationData:
    """The data that shapes judge.

    `relations` holds the terms as received (``Relations.as_received``, or a view); `ontology` only adds types and
    subclasses and is not judged; `store` (or what gives it when it is needed) and its `graphs` (its default graph
    where none are named) answer SPARQL, and `stored` are their rows in the terms that Oxigraph keeps: where nothing
    is said, those of `relations`. `known` ids, `classes` and the `table` of values may come from a run before.
    """

    dictionary: Dictionary
    relations: Relations | View
    store: ox.Store | Callable[[], ox.Store] | None = None
    ontology: Relations = field(default_factory=Relations)
    graphs: Sequence[ox.NamedNode] | None = None
    stored: View | None = None
    known: dict[Term, int] = field(default_factory=dict, repr=False, compare=False)
    classes: Hierarchy | None = None
    table: ValueTable | None = None

    def id(self, term: Term) -> int:
        """The id of a term, 0 where the data doesn't hold it."""
        known = self.known.get(term, 0)
        if known > 0 or known == -(size := len(self.dictionary)):
            return max(known, 0)
        # What isn't there is asked for again when the dictionary has grown.
        found = self.dictionary.id(str(term))
        self.known[term] = found or -size
        return found

    def ids(self, terms: Iterable[Term]) -> Ids:
        """The ids of those of some terms that the data holds, sorted."""
        return distinct(np.array([found for one in terms if (found := self.id(one))], np.uint32))

    def relation(self, predicate: ox.NamedNode) -> Rows:
        """The rows of a predicate."""
        return self.judged.get_rows(self.id(predicate))

    def kept(self, predicate: ox.NamedNode) -> Rows:
        """The rows of a predicate that queries see, in the terms that Oxigraph keeps."""
        return self.queried.get_rows(self.id(predicate))

    @cached_property
    def judged(self) -> View:
        """The rows that are judged."""
        if isinstance(self.relations, View):
            return self.relations
        return View([self.relations], self.dictionary, received=False, whole=True)

    @cached_property
    def queried(self) -> View:
        """The rows that queries see."""
        if self.stored is not None:
            return self.stored
        of = self.dictionary.stored_of
        kept = {
            key: distinct(pack(heads(one.pairs), of(tails(one.pairs)))) for key, one in self.relations.items()
        }
        return View([Relations.of(kept)], self.dictionary, received=False, whole=True)

    @cached_property
    def values(self) -> ValueTable:
        """Typed values of the dictionary's terms."""
        return self.table or ValueTable(self.dictionary)

    @cached_property
    def sparql(self) -> ox.Store:
        """The store, opened where that was put off."""
        assert self.store is not None, "a constraint in SPARQL without a store is a gap"
        return self.store if isinstance(self.store, ox.Store) else self.store()

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The classes of data and ontology."""
        if self.classes is not None:
            return self.classes
        known = self.ontology.get_relation(self.id(RDFS_SUBCLASS)).pairs
        return Hierarchy(unite(self.relation(RDFS_SUBCLASS).pairs, known))


class Scope:
    """The data and what has been found out about it so far in one validation."""

    def __init__(self, data: ValidationData, failing: Callable[[Resource, Ids], Ids]) -> None:
        self.data = data
        self.dictionary = data.dictionary
        # Weak, so that a finished validation lets go of the store at once and not at the next collection.
        self._failing = WeakMethod(failing)
        self._instances: dict[tuple[Term, bool], Ids] = {}
        self._forms: tuple[Ids, pa.Array] | None = None

    def failing(self, shape: Resource, nodes: Ids) -> Ids:
        """Those of `nodes` that don't conform to a shape, and perhaps others."""
        judge = self._failing()
        assert judge is not None, "a scope is used within its validation"
        return judge(shape, nodes)

    def instances(self, cls: Term, *, known_to_ontology: bool = True) -> Ids:
        """The SHACL instances of a class: typed with it or with a subclass of it."""
        if (cls, known_to_ontology) not in self._instances:
            classes = self.data.hierarchy.below(self.data.id(cls))
            typed = distinct(tails(self.data.relation(RDF_TYPE).over(classes)))
            self._instances[cls, False] = typed
            known = self.data.ontology.get_relation(self.data.id(RDF_TYPE))
            self._instances[cls, True] = unite(typed, distinct(tails(known.rows.over(classes))))
        return self._instances[cls, known_to_ontology]

    def among(self, cls: Term, nodes: Ids, *, known_to_ontology: bool = True) -> NDArray[np.bool_]:
        """For each of `nodes` (sorted, distinct), whether it is an instance of a class."""
        if not len(nodes):
            return np.zeros(0, bool)
        if self.data.judged.whole or (cls, known_to_ontology) in self._instances:
            return contains(self.instances(cls, known_to_ontology=known_to_ontology), nodes)
        classes = self.data.hierarchy.below(self.data.id(cls))
        typed = self.data.relation(RDF_TYPE).under(nodes)
        if known_to_ontology:
            known = self.data.ontology.get_relation(self.data.id(RDF_TYPE))
            typed = unite(typed, known.rows.pairs_under(nodes))
        return contains(distinct(heads(typed[contains(classes, tails(typed))])), nodes)

    def forms(self, ids: Ids) -> pa.Array:
        """The string values of terms; the last ones are remembered, since shapes share their nodes."""
        if self._forms is None or not contains(self._forms[0], ids).all():
            self._forms = ids, lexical(self.dictionary, ids)
        known, forms = self._forms
        return forms if len(known) == len(ids) else forms.take(pa.array(known.searchsorted(ids)))

    def walk(self, path: Path, nodes: Ids) -> Pairs:
        """All (node, value) along a path."""
        return walk(path, nodes, self.data.relation)


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
        return self.scope.forms(self.distinct)

    @cached_property
    def typed(self) -> TypedValues:
        """The typed value of each distinct value."""
        return self.scope.data.values.of(self.distinct)

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
