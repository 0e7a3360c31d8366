"""Incremental validation: the focus nodes that a change can affect, for each shape.

From each changed row the way leads back along the edges of shapes (`dependencies`) to focus nodes. For a shape's
own paths the graph after the change is enough: of a path that came or went, the edges before its first changed one
are unchanged. The patterns of queries are followed over the rows after the change and those that went together,
where every solution of before and after has all its rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..columns.kernels import NO_PAIRS, Ids, Pairs, contains, distinct, heads, pack, tails, unite
from .classes import Hierarchy
from .dependencies import Edge, Plan, Reading, edges
from .paths import Inverse, Path, Predicate, walk
from .query_tree import THIS, Pattern, Place, Variable
from .scope import ValidationData
from .triples import Resource, Term
from .views import Rows
from .vocabulary import RDF_TYPE, RDFS_SUBCLASS

Foci = dict[Resource, Ids | None]
"""By shape with a target the nodes (sorted) to judge it for, None for all; a shape that isn't in it is left alone."""

# With more nodes than these a shape is rather judged as a whole, with more rows every shape that reads some.
_HUB, _MANY = 20_000, 50_000
NO_IDS: Ids = np.empty(0, np.uint32)


@dataclass(frozen=True)
class Delta:
    """Changed rows by predicate, their objects as received and as stored; `removed` are those that went."""

    rows: Mapping[int, Pairs]
    removed: Mapping[int, Pairs]

    @classmethod
    def of(cls, dictionary: Dictionary, *, added: Mapping[int, Pairs], removed: Mapping[int, Pairs]) -> Delta:
        """A change of rows with objects as they were written."""
        went = {key: _both_ways(pairs, dictionary) for key, pairs in removed.items()}
        rows = dict(went)
        for key, pairs in added.items():
            rows[key] = unite(_both_ways(pairs, dictionary), rows.get(key, NO_PAIRS))
        return cls(rows, went)


def _both_ways(pairs: Pairs, dictionary: Dictionary) -> Pairs:
    stored = distinct(pack(heads(pairs), dictionary.stored_of(tails(pairs))))
    return unite(distinct(pairs), stored)


def affected(plan: Plan, data: ValidationData, delta: Delta) -> Foci:
    """The focus nodes whose results a change can affect; some aren't targets of their shape (any more).

    `data` is that after the change; it should look up rather than merge.
    """
    return _Search(plan, data, delta).found()


class _Search:
    def __init__(self, plan: Plan, data: ValidationData, delta: Delta) -> None:
        self.plan, self.data, self.delta = plan, data, delta
        self.rows = {data.dictionary.text(key)[1:-1]: pairs for key, pairs in delta.rows.items()}
        self.union = data.queried.with_more(delta.removed)
        self.whole: set[Resource] = set()
        self.nodes: dict[Resource, list[Ids]] = defaultdict(list)
        self._walked: dict[tuple[object, ...], Ids] = {}

    def found(self) -> Foci:
        if not self.rows:
            return {}
        self.whole.update(self.plan.always[0])
        self.subclasses()
        if sum(map(len, self.rows.values())) > _MANY:
            return dict.fromkeys(self.whole | self.touched())
        for predicate, of_edges in self.plan.edges.items():
            if predicate is None or predicate.value in self.rows:
                for edge, shapes in of_edges.items():
                    self.note(shapes, self.by_edge(edge))
        for predicate, readings in self.plan.readings.items():
            if predicate is None or predicate.value in self.rows:
                for reading, shapes in readings.items():
                    if not self.whole.issuperset(shapes):
                        self.note(shapes, self.by_reading(reading))
        foci: Foci = dict.fromkeys(self.whole)
        for node, parts in self.nodes.items():
            if node not in foci:
                together = distinct(np.concatenate(parts)) if len(parts) > 1 else parts[0]
                foci[node] = together if len(together) <= _HUB else None
        return foci

    def note(self, shapes: list[Resource], nodes: Ids | None) -> None:
        if nodes is None or len(nodes) > _HUB:
            self.whole.update(shapes)
        elif len(nodes):
            for shape in shapes:
                self.nodes[shape].append(nodes)

    def touched(self) -> set[Resource]:
        """The shapes that read changed rows, with no look at what these say but for the classes of rdf:type."""
        found: set[Resource] = set()
        for reads in (self.plan.edges, self.plan.readings):
            for predicate, ways in reads.items():
                if predicate is None or predicate.value in self.rows:
                    for way, shapes in ways.items():
                        cls = way.cls if isinstance(way, Edge) else None
                        if cls is None or len(self.typed(self.rows[RDF_TYPE.value], cls)):
                            found.update(shapes)
        return found

    def subclasses(self) -> None:
        """Shapes that name a class whose instances other subclasses change are judged as a whole."""
        changed = self.rows.get(RDFS_SUBCLASS.value, NO_PAIRS)
        if len(changed):
            moved = Hierarchy(unite(self.data.hierarchy.pairs, changed)).above(heads(changed))
            names = set(moved.tolist())
            for node, needs in self.plan.dependencies.items():
                if any(self.data.id(cls) in names for cls in needs.classes):
                    self.whole.add(node)

    def by_edge(self, edge: Edge) -> Ids:
        """The focus nodes from which changed rows are reached by an edge."""
        if edge.predicate is None:
            starts = distinct(np.concatenate([heads(pairs) for pairs in self.rows.values()]))
        else:
            pairs = self.rows[edge.predicate.value]
            if edge.cls is not None:
                pairs = self.typed(pairs, edge.cls)
            starts = distinct(tails(pairs) if edge.inverse else heads(pairs))
        return self.back(edge.back, starts)

    def typed(self, pairs: Pairs, cls: Term) -> Pairs:
        classes = self.data.hierarchy.below(self.data.id(cls))
        return pairs[contains(classes, tails(pairs))]

    def back(self, path: Path | None, starts: Ids) -> Ids:
        if path is None or not len(starts):
            return starts
        key = path, starts.tobytes()
        if key not in self._walked:
            pairs = walk(path, starts, self.data.relation, back=True)
            self._walked[key] = distinct(tails(pairs))
        return self._walked[key]

    def by_reading(self, reading: Reading) -> Ids | None:
        """The focus nodes that a changed row and the patterns around it lead back to; None for any."""
        first, *others = reading.patterns
        known = self.matched(first)
        if known is None:
            return NO_IDS
        if reading.whole:
            return None
        pending = [one for one in others if one.path is not None]
        while THIS not in known:
            reachable = [one for one in pending if any(end in known for end in one.variables)]
            best = min(reachable, key=lambda one: self.cost(one, known))
            pending.remove(best)
            self.follow(best, known)
            if any(not len(nodes) for nodes in known.values()):
                return NO_IDS
            if any(len(nodes) > _HUB for nodes in known.values()):
                return None
        return self.back(reading.back, known[THIS])

    def matched(self, pattern: Pattern) -> dict[Variable, Ids] | None:
        """What the variables of a pattern may be where a changed row is in its match; None where none is."""
        if pattern.path is None:
            subjects = distinct(np.concatenate([heads(one) for one in self.rows.values()]))
            objects = distinct(np.concatenate([tails(one) for one in self.rows.values()]))
        elif isinstance(pattern.path, Predicate):
            pairs = self.rows[pattern.path.iri.value]
            for end, ids in ((pattern.subject, heads(pairs)), (pattern.object, tails(pairs))):
                if not isinstance(end, Variable):
                    pairs = pairs[ids == self.data.id(end)]
                    break
            subjects, objects = distinct(heads(pairs)), distinct(tails(pairs))
        else:
            parts = [NO_IDS]
            for edge in edges(pattern.path):
                assert edge.predicate is not None
                pairs = self.rows.get(edge.predicate.value, NO_PAIRS)
                starts = distinct(tails(pairs) if edge.inverse else heads(pairs))
                if edge.back is not None and len(starts):
                    starts = distinct(tails(walk(edge.back, starts, self.joined, back=True)))
                parts.append(starts)
            subjects = distinct(np.concatenate(parts))
            objects = distinct(tails(walk(pattern.path, subjects, self.joined)))
        known: dict[Variable, Ids] = {}
        for end, ids in ((pattern.subject, subjects), (pattern.object, objects)):
            ids = ids if isinstance(end, Variable) else ids[ids == self.data.id(end)]
            if not len(ids):
                return None
            if isinstance(end, Variable):
                known[end] = ids
        return known

    def joined(self, predicate: ox.NamedNode) -> Rows:
        return self.union.get_rows(self.data.id(predicate))

    def cost(self, pattern: Pattern, known: Mapping[Variable, Ids]) -> int:
        """About how many rows following a pattern touches."""
        path, forward = pattern.path, pattern.subject in known
        start = pattern.subject if forward else pattern.object
        assert isinstance(start, Variable)
        nodes = known[start]
        if isinstance(path, Inverse):
            path, forward = path.path, not forward
        if not isinstance(path, Predicate):
            return 4 * len(nodes)
        return self.union.get_rows(self.data.id(path.iri)).degree(nodes, back=not forward)

    def follow(self, pattern: Pattern, known: dict[Variable, Ids]) -> None:
        """Carry what is known of one end of a pattern to its other end."""
        assert pattern.path is not None
        forward = pattern.subject in known
        start, end = (pattern.subject, pattern.object) if forward else (pattern.object, pattern.subject)
        assert isinstance(start, Variable)
        pairs = walk(pattern.path, known[start], self.joined, back=not forward)
        wanted = self.wanted(end, known)
        if wanted is not None:
            pairs = pairs[contains(wanted, tails(pairs))]
        known[start] = distinct(heads(pairs))
        if isinstance(end, Variable):
            known[end] = distinct(tails(pairs))

    def wanted(self, end: Place, known: Mapping[Variable, Ids]) -> Ids | None:
        if isinstance(end, Variable):
            return known.get(end)
        return np.array([self.data.id(end)], np.uint32)
