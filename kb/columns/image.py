"""The image: one commit's graph as columns, in views (asserted or inferred, public or private, our own)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from .. import graphs
from .dictionary import Dictionary
from .kernels import Pairs, contains, heads, pack, subtract, tails, unite
from .relations import GraphSets, Relation, Relations
from .rows import Rows

VIEWS = ("asserted_public", "asserted_private", "inferred_public", "inferred_private", "ontology", "own")
_OPEN = VIEWS[:-1]
_GROUND = ("asserted_public", "asserted_private", "ontology", "own")


@dataclass(frozen=True)
class Image:
    """A graph in columns; immutable but for its dictionary, which only grows.

    `ontology` holds the ontologies' graphs, `own` the shapes and the commits: rules and shapes pass over both,
    and queries read `own` only by name.
    """

    dictionary: Dictionary = field(default_factory=Dictionary)
    sets: GraphSets = field(default_factory=GraphSets)
    asserted_public: Relations = field(default_factory=Relations)
    asserted_private: Relations = field(default_factory=Relations)
    inferred_public: Relations = field(default_factory=Relations)
    inferred_private: Relations = field(default_factory=Relations)
    ontology: Relations = field(default_factory=Relations)
    own: Relations = field(default_factory=Relations)

    def view(self, *, private: bool, inferred: bool) -> Relations:
        """The union of the views that a reader sees."""
        view = self.asserted_public
        if private:
            view = view.united(self.asserted_private)
        if inferred:
            view = view.united(self.inferred_public)
        if private and inferred:
            view = view.united(self.inferred_private)
        return view

    def open_pairs(self, predicate: int, *, private: bool = True, inferred: bool = True) -> Pairs:
        """The pairs of one predicate that a query without graph names sees; each once."""
        views = [self.ontology, self.asserted_public]
        views += [self.asserted_private] * private + [self.inferred_public] * inferred
        views += [self.inferred_private] * (private and inferred)
        return reduce(unite, (view.get_relation(predicate).pairs for view in views))

    @property
    def open_predicates(self) -> set[int]:
        """The predicates that have rows in any open graph."""
        return {key for name in _OPEN for key in getattr(self, name)}

    def differing(self, other: Image) -> set[int]:
        """The open predicates whose relation is another one in `other`."""
        different: set[int] = set()
        for name in _OPEN:
            old, new = getattr(self, name), getattr(other, name)
            if old is not new:
                keys = {*old, *new}
                different |= {key for key in keys if old.get_relation(key) is not new.get_relation(key)}
        return different

    def graph_id(self, graph: str) -> int:
        """The id of a graph name, 0 where no row lies in it."""
        return self.dictionary.id(f"<{graph}>")

    def rows_of(self, graph: str) -> Rows:
        """All rows of one graph, in stored ids."""
        identifier = self.graph_id(graph)
        view: Relations = getattr(self, self._view_of(graph))
        if graphs.is_inferred(graph):
            return Rows({(identifier, key): one.pairs for key, one in view.items()})
        return Rows({(identifier, key): one.of_graph(identifier, self.sets) for key, one in view.items()})

    def graph_names(self) -> list[str]:
        """The names of the graphs that have rows, sorted."""
        numbers = [one.sets for view in self._asserted_views() for one in view.values() if len(one.sets)]
        used = np.unique(np.concatenate(numbers)) if numbers else ()
        ids = {graph for number in used for graph in self.sets.members(int(number))}
        names = [self.dictionary.text(one)[1:-1] for one in ids]
        names += [graphs.INFERRED] * bool(self.inferred_public)
        names += [graphs.PRIVATE_INFERRED] * bool(self.inferred_private)
        return sorted(names)

    def effective(self, *, added: Rows, removed: Rows) -> tuple[Rows, Rows]:
        """What a patch really changes: the rows added that are not there yet, and the rows removed that are.

        What is added keeps its terms as received, what is removed is in stored ids. A quad both removed and
        added stays.
        """
        stored = self.dictionary.stored
        plain = {key: pack(heads(pairs), stored[tails(pairs)]) for key, pairs in added.pairs.items()}
        really_added, really_removed = {}, {}
        for key, pairs in added.pairs.items():
            there = self._pairs(*key)
            really_added[key] = pairs[~contains(there, plain[key])]
        for (graph, predicate), pairs in removed.pairs.items():
            there = self._pairs(graph, predicate)
            gone = np.unique(pack(heads(pairs), stored[tails(pairs)]))
            gone = gone[contains(there, gone)]
            if (graph, predicate) in plain:
                gone = gone[~contains(np.unique(plain[graph, predicate]), gone)]
            really_removed[graph, predicate] = gone
        return Rows(really_added), Rows(really_removed)

    def as_received(self, rows: Rows) -> Rows:
        """Rows of stored ids with their objects as they were written: what the journal keeps of removals."""
        written = {}
        for (graph, predicate), pairs in rows.pairs.items():
            name = self._view_of(self.dictionary.text(graph)[1:-1])
            received = getattr(self, name).get_relation(predicate).received
            covered = pack(heads(received), self.dictionary.stored[tails(received)])
            meant = contains(pairs, covered)
            written[graph, predicate] = unite(
                subtract(pairs, np.sort(covered[meant])), np.sort(received[meant])
            )
        return Rows(written)

    def changed(self, *, added: Rows, removed: Rows) -> Image:
        """The image after an effective patch of asserted or own graphs."""
        stored = self.dictionary.stored
        views = {name: dict(getattr(self, name)) for name in _GROUND}
        for graph, predicate, pairs in removed:
            view = views[self._view_of(self.dictionary.text(graph)[1:-1])]
            if predicate in view:
                view[predicate] = view[predicate].removed(pairs, graph, self.sets, stored)
        for graph, predicate, pairs in added:
            view = views[self._view_of(self.dictionary.text(graph)[1:-1])]
            view[predicate] = view.get(predicate, Relation()).added(pairs, graph, self.sets, stored)
        made: dict[str, Any] = {name: Relations(view) for name, view in views.items()}
        return replace(self, **made)

    def with_inferred(self, *, public: dict[int, Pairs], private: dict[int, Pairs]) -> Image:
        """The image with its consequences exchanged."""
        self.dictionary.encode([f"<{graph}>" for graph in (graphs.INFERRED, graphs.PRIVATE_INFERRED)])
        return replace(
            self,
            inferred_public=Relations.of(public),
            inferred_private=Relations.of(private),
        )

    def _pairs(self, graph: int, predicate: int) -> Pairs:
        view: Relations = getattr(self, self._view_of(self.dictionary.text(graph)[1:-1]))
        return view.get_relation(predicate).of_graph(graph, self.sets)

    def _asserted_views(self) -> Iterable[Relations]:
        return (getattr(self, name) for name in _GROUND)

    @staticmethod
    def _view_of(graph: str) -> str:
        if graphs.is_inferred(graph):
            return "inferred_private" if graphs.is_private(graph) else "inferred_public"
        if not graphs.is_data(graph):
            return "ontology" if graphs.is_open(graph) else "own"
        return "asserted_private" if graphs.is_private(graph) else "asserted_public"
