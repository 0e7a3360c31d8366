"""The image: one commit's graph as columns, in views (asserted or inferred, public or private, our own)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any

import numpy as np

from .. import graphs
from .dictionary import Dictionary
from .kernels import NO_PAIRS, Pairs, distinct, heads, pack, subtract, tails, unite
from .relations import Graph, GraphSets, Relation, Relations, StoredOf, at
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

    def view(self, *, private: graphs.Private, inferred: bool) -> Relations:
        """The union of the views that a reader sees."""
        view = self.asserted_public
        if private is True:
            view = view.united(self.asserted_private)
        elif private:
            for graph in private:
                if graphs.is_visible(graph, private):
                    pairs = {key: some for (_, key), some in self.rows_of(graph).pairs.items()}
                    view = view.united(Relations.of(pairs))
        if inferred:
            view = view.united(self.inferred_public)
        if private is True and inferred:
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

    def differing(self, before: Image, *, inferred: bool, private: bool = True) -> dict[int, int]:
        """The predicates of which open relations are others than in `before`, and how many rows must be compared.

        These are few where both relations have their base in common.
        """
        found: dict[int, int] = defaultdict(int)
        for old, new in self._open_views(before, inferred=inferred, private=private):
            for key in new.differing(old):
                one, other = old.get_relation(key).rows, new.get_relation(key).rows
                layers = (one.overlay, other.overlay) if one.base is other.base else (one, other)
                found[key] += sum(map(len, layers))
        return found

    def difference(
        self,
        before: Image,
        *,
        inferred: bool,
        private: bool = True,
        predicates: Iterable[int] | None = None,
    ) -> tuple[Rows, Rows]:
        """The open triples (of some `predicates`) that came since `before` and those that went, each once, in graph 0.

        Costs what changed where both images have their relations' bases in common.
        """
        views = self._open_views(before, inferred=inferred, private=private)
        if predicates is None:
            predicates = {key for old, new in views for key in new.differing(old)}
        gained, lost = {}, {}
        for predicate in predicates:
            relations = [(old.get_relation(predicate), new.get_relation(predicate)) for old, new in views]
            touched = [new.rows.touched(old.rows) for old, new in relations if old is not new]
            pairs = distinct(np.concatenate(touched))
            was, is_now = (
                np.logical_or.reduce([one.holds(pairs) for one in states])
                for states in zip(*relations, strict=True)
            )
            gained[0, predicate] = pairs[is_now & ~was]
            lost[0, predicate] = pairs[was & ~is_now]
        return Rows(gained), Rows(lost)

    def _open_views(
        self, before: Image, *, inferred: bool, private: bool
    ) -> list[tuple[Relations, Relations]]:
        names = [name for name in _OPEN if inferred or not name.startswith("inferred")]
        names = [name for name in names if private or not name.endswith("private")]
        return [(getattr(before, name), getattr(self, name)) for name in names]

    def graph_id(self, graph: str) -> int:
        """The id of a graph name, 0 where no row lies in it."""
        return self.dictionary.id(f"<{graph}>")

    def rows_of(self, graph: str) -> Rows:
        """All rows of one graph, in stored ids."""
        identifier = self.graph_id(graph)
        view: Relations = getattr(self, _view_of(graph))
        if graphs.is_inferred(graph):
            return Rows({(identifier, key): one.pairs for key, one in view.items()})
        return Rows({(identifier, key): one.of_graph(identifier, self.sets) for key, one in view.items()})

    def graphs_of(self, predicate: int, pair: Pairs) -> list[str]:
        """The graphs in which one pair (stored ids) is asserted."""
        numbers = [int(self._relation(name, predicate).rows.find(pair)[0]) for name in _GROUND]
        return [self.dictionary.text(one)[1:-1] for number in numbers for one in self.sets.members(number)]

    def graph_sizes(self) -> dict[str, int]:
        """How many rows each graph has, by its name, sorted; at the cost of the number of relations."""
        sizes: dict[int, int] = defaultdict(int)
        for view in (getattr(self, name) for name in _GROUND):
            for one in view.values():
                for number, count in one.rows.counts.items():
                    for graph in self.sets.members(number):
                        sizes[graph] += count
        found = {self.dictionary.text(graph)[1:-1]: size for graph, size in sizes.items()}
        found |= {
            graphs.INFERRED: self.inferred_public.size,
            graphs.PRIVATE_INFERRED: self.inferred_private.size,
        }
        return {name: found[name] for name in sorted(found) if found[name]}

    def graph_names(self) -> list[str]:
        """The names of the graphs that have rows, sorted."""
        return list(self.graph_sizes())

    def effective(self, *, added: Rows, removed: Rows) -> tuple[Rows, Rows]:
        """What a patch really changes: the rows added that are not there yet, and the rows removed that are.

        What is added keeps its terms as received, what is removed is in stored ids. A quad both removed and
        added stays. A quad that is there with its object written otherwise is removed and added again as it
        is written now; of several forms in one patch one counts, rather one that Oxigraph rewrites.
        """
        stored_of = self.dictionary.stored_of
        really_added: dict[tuple[int, int], Pairs] = {}
        really_removed: dict[tuple[int, int], Pairs] = {}
        for view, predicate, bundled, graph in self._bundles(added):
            relation = self._relation(view, predicate)
            plain, pairs = _one_form_each(bundled, stored_of)
            there = relation.in_graph(plain, graph, self.sets)
            if not there.any():
                if isinstance(graph, int) and len(pairs) == len(bundled):
                    really_added[graph, predicate] = bundled  # Not a copy: a bulk load's rows are many.
                else:
                    really_added |= _by_graph(predicate, pairs, graph)
                continue
            written = relation.written(plain[there], at(graph, there), self.sets, stored_of)
            respelt, fresh = written != pairs[there], ~there
            fresh[there] = respelt
            really_added |= _by_graph(predicate, pairs[fresh], at(graph, fresh))
            really_removed |= _by_graph(predicate, plain[there][respelt], at(at(graph, there), respelt))
        stale = {}
        for key, pairs in removed.pairs.items():
            kept = added.pairs.get(key, NO_PAIRS)
            stale[key] = subtract(_as_stored(pairs, stored_of), _as_stored(kept, stored_of))
        for view, predicate, pairs, graph in self._bundles(Rows(stale)):
            there = self._relation(view, predicate).in_graph(pairs, graph, self.sets)
            for key, gone in _by_graph(predicate, pairs[there], at(graph, there)).items():
                really_removed[key] = unite(gone, really_removed.get(key, NO_PAIRS))
        return Rows(really_added), Rows(really_removed)

    def as_received(self, rows: Rows) -> Rows:
        """Rows of stored ids with their objects as they were written: what the journal keeps of removals."""
        stored_of = self.dictionary.stored_of
        written: dict[tuple[int, int], Pairs] = {}
        for view, predicate, pairs, graph in self._bundles(rows):
            found = self._relation(view, predicate).written(pairs, graph, self.sets, stored_of)
            written |= _by_graph(predicate, found, graph)
        return Rows(written)

    def changed(self, *, added: Rows, removed: Rows) -> Image:
        """The image after an effective patch of asserted or own graphs; views that it leaves alone stay the same."""
        stored_of = self.dictionary.stored_of
        changes: dict[str, dict[int, Relation]] = defaultdict(dict)
        for rows, change in ((removed, Relation.removed), (added, Relation.added)):
            for view, predicate, pairs, graph in self._bundles(rows):
                known = changes[view]
                relation = known[predicate] if predicate in known else self._relation(view, predicate)
                known[predicate] = change(relation, pairs, graph, self.sets, stored_of)
        return self._exchanged(changes)

    def merge_due(self) -> tuple[tuple[str, int], ...]:
        """The relations, by view and predicate, whose changes have become so many that a merge pays."""
        views = ((name, getattr(self, name)) for name in VIEWS)
        return tuple((name, key) for name, view in views for key, relation in view.items() if relation.due)

    def merged(self) -> Image:
        """The same image with the relations merged that are due; may be made in another thread."""
        changes: dict[str, dict[int, Relation]] = defaultdict(dict)
        for name, predicate in self.merge_due():
            changes[name][predicate] = getattr(self, name)[predicate].merged()
        return self._exchanged(changes)

    def rebased(self, merged: Image) -> Image:
        """This image over relations that were merged of an earlier one; what was merged here since stays."""
        changes = {}
        for name in VIEWS:
            mine, theirs = getattr(self, name), getattr(merged, name)
            changes[name] = {key: mine[key].rebased(theirs[key]) for key in mine if key in theirs}
        return self._exchanged(changes)

    def with_inferred(self, *, public: dict[int, Pairs], private: dict[int, Pairs]) -> Image:
        """The image with its consequences exchanged."""
        self.dictionary.encode([f"<{graph}>" for graph in (graphs.INFERRED, graphs.PRIVATE_INFERRED)])
        return replace(
            self,
            inferred_public=self.inferred_public.brought_to(public),
            inferred_private=self.inferred_private.brought_to(private),
        )

    def _bundles(self, rows: Rows) -> Iterator[tuple[str, int, Pairs, Graph]]:
        """Rows by view and predicate, sorted by their stored ids where they lie in several graphs.

        Those of several graphs come together unless one row lies in two of them.
        """
        found: dict[tuple[str, int], list[tuple[int, Pairs]]] = defaultdict(list)
        views = {graph: self._view_of(graph) for graph in rows.graphs}
        for graph, predicate, pairs in rows:
            found[views[graph], predicate].append((graph, pairs))
        for (view, predicate), parts in found.items():
            if len(parts) > 1:
                pairs = np.concatenate([some for _, some in parts])
                plain = pack(heads(pairs), self.dictionary.stored_of(tails(pairs)))
                order = np.argsort(plain)
                if (plain[order[1:]] != plain[order[:-1]]).all():
                    names = np.array([graph for graph, _ in parts], np.uint32)
                    owners = np.repeat(names, [len(some) for _, some in parts])
                    yield view, predicate, pairs[order], owners[order]
                    continue
            for graph, pairs in parts:
                yield view, predicate, pairs, graph

    def _relation(self, view: str, predicate: int) -> Relation:
        relations: Relations = getattr(self, view)
        return relations.get_relation(predicate)

    def _exchanged(self, changes: Mapping[str, Mapping[int, Relation]]) -> Image:
        made: dict[str, Any] = {name: getattr(self, name).changed(some) for name, some in changes.items()}
        return replace(self, **made)

    def _view_of(self, graph: int) -> str:
        return _view_of(self.dictionary.text(graph)[1:-1])


def _view_of(graph: str) -> str:
    if graphs.is_inferred(graph):
        return "inferred_private" if graphs.is_private(graph) else "inferred_public"
    if not graphs.is_data(graph):
        return "ontology" if graphs.is_open(graph) else "own"
    return "asserted_private" if graphs.is_private(graph) else "asserted_public"


def _as_stored(pairs: Pairs, stored_of: StoredOf) -> Pairs:
    """Rows as received in stored ids, sorted and distinct."""
    return distinct(pack(heads(pairs), stored_of(tails(pairs))))


def _by_graph(predicate: int, pairs: Pairs, graph: Graph) -> dict[tuple[int, int], Pairs]:
    """Rows of one predicate by graph and predicate, sorted."""
    if isinstance(graph, int):
        return {(graph, predicate): np.sort(pairs)} if len(pairs) else {}
    order = np.lexsort((pairs, graph))
    names, begins = np.unique(graph[order], return_index=True)
    parts = np.split(pairs[order], begins[1:])
    return {(name, predicate): part for name, part in zip(names.tolist(), parts, strict=False)}


def _one_form_each(pairs: Pairs, stored_of: StoredOf) -> tuple[Pairs, Pairs]:
    """Rows as stored, sorted and distinct, and aligned one of the forms in which `pairs` write each."""
    plain = pack(heads(pairs), stored_of(tails(pairs)))
    order = np.lexsort((pairs == plain, plain))
    plain, pairs = plain[order], pairs[order]
    first = np.ones(len(plain), bool)
    first[1:] = plain[1:] != plain[:-1]
    return plain[first], pairs[first]
