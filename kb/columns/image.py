"""The image: one commit's graph as columns, in four views (asserted or inferred, public or private)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from .. import graphs
from .dictionary import Dictionary
from .kernels import Pairs, contains, heads, pack, tails
from .relations import GraphSets, Relation, Relations
from .rows import Rows


@dataclass(frozen=True)
class Image:
    """A graph in columns; immutable but for its dictionary, which only grows.

    `own` holds the graphs that reasoning and validation pass over (ontology, shapes, commits).
    """

    dictionary: Dictionary = field(default_factory=Dictionary)
    sets: GraphSets = field(default_factory=GraphSets)
    asserted_public: Relations = field(default_factory=Relations)
    asserted_private: Relations = field(default_factory=Relations)
    inferred_public: Relations = field(default_factory=Relations)
    inferred_private: Relations = field(default_factory=Relations)
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

    def changed(self, *, added: Rows, removed: Rows) -> Image:
        """The image after an effective patch of asserted or own graphs."""
        stored = self.dictionary.stored
        views = {name: dict(getattr(self, name)) for name in ("asserted_public", "asserted_private", "own")}
        for graph, predicate, pairs in removed:
            view = views[self._view_of(self.dictionary.text(graph)[1:-1])]
            if predicate in view:
                view[predicate] = view[predicate].removed(pairs, graph, self.sets, stored)
        for graph, predicate, pairs in added:
            view = views[self._view_of(self.dictionary.text(graph)[1:-1])]
            view[predicate] = view.get(predicate, Relation()).added(pairs, graph, self.sets, stored)
        return replace(self, **{name: Relations(view) for name, view in views.items()})

    def with_inferred(self, *, public: dict[int, Pairs], private: dict[int, Pairs]) -> Image:
        """The image with its consequences exchanged."""
        return replace(
            self,
            inferred_public=Relations({key: Relation(one) for key, one in public.items()}),
            inferred_private=Relations({key: Relation(one) for key, one in private.items()}),
        )

    def _pairs(self, graph: int, predicate: int) -> Pairs:
        view: Relations = getattr(self, self._view_of(self.dictionary.text(graph)[1:-1]))
        return view.get_relation(predicate).of_graph(graph, self.sets)

    def _asserted_views(self) -> Iterable[Relations]:
        return (self.asserted_public, self.asserted_private, self.own)

    @staticmethod
    def _view_of(graph: str) -> str:
        if graphs.is_inferred(graph):
            return "inferred_private" if graphs.is_private(graph) else "inferred_public"
        if not graphs.is_data(graph):
            return "own"
        return "asserted_private" if graphs.is_private(graph) else "asserted_public"
