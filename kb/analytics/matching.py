"""Triple patterns joined: which first, and how each extends a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ..columns.kernels import (
    NO_PAIRS,
    Pairs,
    closure,
    distinct,
    heads,
    intersect,
    pack,
    reach,
    semijoin,
    swap,
    tails,
    unite,
)
from .algebra import Constant, Path, Pattern, Term, Uncovered, Variable
from .graph import Edges, Graph
from .tables import EMPTY, UNIT, Table, allowed, spread, stacked
from .terms import Ids


@dataclass(frozen=True)
class Matcher:
    """Joins tables with the triple patterns of a graph."""

    graph: Graph

    def extended(self, table: Table, pattern: Pattern) -> Table:
        """A table joined with one pattern; the variables that both have are bound in every row."""
        predicate = pattern.predicate
        if isinstance(predicate, Variable):
            return self._by_any(table, pattern, predicate)
        if isinstance(predicate, Path) and predicate.operator == "!":
            parts = [self._by_edges(table, pattern, self.graph.edges(one)) for one in self._others(predicate)]
            return stacked([EMPTY.only([*dict.fromkeys((*table.columns, *pattern.variables))]), *parts])
        if isinstance(predicate, Path) and predicate.operator != "|":
            return self._by_edges(table, pattern, self._reached(table, pattern, predicate))
        return self._by_edges(table, pattern, self._edges(predicate))

    def estimate(self, pattern: Pattern, known: frozenset[str], rows: float) -> float:
        """About how many rows come of joining a table of so many `rows` with a pattern; exact where it is alone."""
        predicate = pattern.predicate
        if isinstance(predicate, Constant) or (isinstance(predicate, Path) and predicate.operator == "|"):
            edges = self._edges(predicate)
            size = len(edges)
            bound = [not isinstance(end, Variable) or end.name in known for end in _ends(pattern)]
            if not size:
                return 0.0
            if isinstance(pattern.subject, Constant):
                here = edges.forward.count(self._id(pattern.subject))
                return rows * (min(1.0, here / edges.backward.keys) if bound[1] else here)
            if isinstance(pattern.object, Constant):
                here = edges.backward.count(self._id(pattern.object))
                return rows * (min(1.0, here / edges.forward.keys) if bound[0] else here)
            if all(bound):
                return rows * min(1.0, size / edges.forward.keys / edges.backward.keys)
            if bound[0]:
                return rows * size / edges.forward.keys
            if bound[1]:
                return rows * size / edges.backward.keys
            return rows * size
        sizes = [len(self.graph.edges(one)) for one in self.graph.predicates]
        there = sum(not isinstance(end, Variable) or end.name in known for end in _ends(pattern))
        if isinstance(predicate, Path):
            return rows * (1e7, 20.0, 1.0)[there]
        return rows * (float(sum(sizes)), 30.0, 1.0)[there]

    def _others(self, path: Path) -> list[int]:
        """The predicates that a negated property set leaves."""
        named = {self._id(Constant(one.iri)) for one in path.parts}
        return [one for one in self.graph.predicates if one not in named]

    def widest(self, patterns: Sequence[Pattern]) -> float:
        """About how many rows the widest step of joining patterns has, the smallest first."""
        left, known = list(patterns), frozenset[str]()
        rows = most = 1.0
        while left:
            costs = [
                (bool(known) and not known & one.variables, self.estimate(one, known, rows)) for one in left
            ]
            place = min(range(len(left)), key=costs.__getitem__)
            rows, known = costs[place][1], known | left.pop(place).variables
            most = max(most, rows)
        return most

    def _edges(self, predicate: Constant | Path) -> Edges:
        if isinstance(predicate, Constant):
            return self.graph.edges(self._id(predicate))
        if predicate not in self.graph.paths:
            self.graph.paths[predicate] = Edges(self._pairs(predicate))
        return self.graph.paths[predicate]

    def _id(self, term: Constant) -> int:
        return self.graph.terms.id(term.text)

    def _by_any(self, table: Table, pattern: Pattern, predicate: Variable) -> Table:
        parts = []
        given = table.columns.get(predicate.name)
        for one in self.graph.predicates:
            rows = table if given is None else table.take(given == one)
            if not rows.rows:
                continue
            if predicate.name in (getattr(end, "name", "") for end in _ends(pattern)):
                rows = rows.having(**{predicate.name: np.full(rows.rows, one)})
            found = self._by_edges(rows, pattern, self.graph.edges(one))
            parts.append(found.having(**{predicate.name: np.full(found.rows, one)}))
        names = dict.fromkeys((*table.columns, *pattern.variables))
        return stacked(parts) if parts else EMPTY.only(list(names))

    def _by_edges(self, table: Table, pattern: Pattern, edges: Edges) -> Table:
        subjects, objects = (self._column(table, end) for end in _ends(pattern))
        subject, object = (end.name if isinstance(end, Variable) else "" for end in _ends(pattern))
        if subjects is not None and objects is not None:
            return table.take(edges.holds(subjects, objects))
        if subjects is not None:
            row, places = spread(*edges.forward.span(subjects))
            return table.take(row).having(**{object: edges.forward.tails[places]})
        if objects is not None:
            row, places = spread(*edges.backward.span(objects))
            return table.take(row).having(**{subject: edges.backward.tails[places]})
        side = edges.forward
        ends = {subject: side.heads, object: side.tails}
        found = Table(len(side.pairs), ends)
        if subject == object:
            found = found.take(side.heads == side.tails)
        if table.columns or table.rows != 1:
            allowed(table.rows * found.rows)
            row = np.arange(table.rows).repeat(found.rows)
            other = np.tile(np.arange(found.rows), table.rows)
            return table.take(row).having(**found.take(other).columns)
        return found

    def _column(self, table: Table, end: Term) -> Ids | None:
        if isinstance(end, Variable):
            return table.columns.get(end.name)
        return np.full(table.rows, self._id(end))

    def _reached(self, table: Table, pattern: Pattern, path: Path) -> Edges:
        """The pairs of a closure, from those ends that are known."""
        pairs = self._pairs(path.parts[0])
        subjects, objects = (self._column(table, end) for end in _ends(pattern))
        # What is no node of the graph has no path, not even one of no length.
        nodes = self.graph.nodes if path.operator in "*?" else np.empty(0, np.int64)
        if subjects is None and objects is None:
            found = pairs if path.operator == "?" else closure(pairs)
            return Edges(unite(found, pack(nodes, nodes)))
        turned = subjects is None
        starts = distinct(np.sort(objects if turned else subjects))  # type: ignore[arg-type]
        if turned:
            pairs = swap(pairs)
        if path.operator == "?":
            found = semijoin(pairs, starts.astype(np.uint32))
        else:
            found = reach(pairs, starts.astype(np.uint64))
        starts = intersect(starts, nodes)
        found = unite(found, pack(starts, starts))
        return Edges(swap(found) if turned else found)

    def _pairs(self, path: Path) -> Pairs:
        """All pairs that a path joins, each once."""
        if path.operator == "iri":
            return self.graph.edges(self._id(Constant(path.iri))).forward.pairs
        if path.operator == "^":
            return swap(self._pairs(path.parts[0]))
        if path.operator == "|":
            return unite(*(self._pairs(one) for one in path.parts))
        if path.operator == "!":
            return reduce(
                unite, (self.graph.edges(one).forward.pairs for one in self._others(path)), NO_PAIRS
            )
        if path.operator in "+*?":
            inner = self._pairs(path.parts[0])
            inner = inner if path.operator == "?" else closure(inner)
            nodes = self.graph.nodes
            return inner if path.operator == "+" else unite(inner, pack(nodes, nodes))
        if path.operator == "/":
            first, second = (self._pairs(one) for one in path.parts)
            if not len(first) or not len(second):
                return NO_PAIRS
            row, place = spread(*Edges(second).forward.span(tails(first).astype(np.int64)))
            return distinct(pack(heads(first)[row], tails(second)[place]))
        raise Uncovered(f"the path {path.operator} within a path")


def _ends(pattern: Pattern) -> tuple[Term, Term]:
    return pattern.subject, pattern.object


def starting(table: Table) -> bool:
    """Whether a table is the one empty solution, which every join leaves as the other side is."""
    return table is UNIT or (table.rows == 1 and not table.columns)
