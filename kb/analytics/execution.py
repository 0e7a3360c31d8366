"""A query's algebra evaluated over a graph, bottom up (SPARQL 1.1, section 18.6)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from ..querying.plans import Step
from .aggregates import Groups, folded
from .algebra import (
    Bgp,
    Bind,
    Element,
    Exists,
    Expression,
    Filter,
    Group,
    Minus,
    Optional,
    OrderKey,
    Pattern,
    Query,
    Select,
    Uncovered,
    Union,
    Values,
    variables_of,
)
from .expressions import Evaluator
from .graph import Graph
from .matching import Matcher, starting
from .oracle import Oracle
from .ordering import ranked
from .tables import ROW, UNIT, Table, codes, distinct, join, lacking, stacked


@dataclass
class Execution:
    """One evaluation of a query; `steps` tells what was done."""

    query: Query
    graph: Graph
    oracle: Oracle
    steps: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._matcher = Matcher(self.graph)
        self._evaluator = Evaluator(self.graph.terms, self.oracle, self.query.prologue)

    def run(self) -> Table:
        """The solutions, in order; the columns are the query's variables.

        Raises Uncovered where that shows only now.
        """
        return self._select(self.query.select, limit=1 if self.query.asks else None)

    @contextmanager
    def _told(self, what: Callable[[], str], expected: float | None = None) -> Iterator[list[Table]]:
        made: list[Table] = []
        began = time.perf_counter()
        yield made
        seconds = time.perf_counter() - began
        self.steps.append(Step(what(), expected, made[0].rows, seconds))

    # Groups

    def _group(self, group: Group, *, filters: bool = True) -> Table:
        table = UNIT
        pending = list(group.filters) if filters else []
        run: list[Element] = []
        for element in (*group.elements, None):
            if isinstance(element, (Bgp, Values, Union, Select)):
                run.append(element)
                continue
            if run:
                table, pending = self._joined(table, run, pending)
                run = []
            if isinstance(element, Optional):
                table = self._with_optional(table, element.group)
            elif isinstance(element, Minus):
                with self._told(lambda: "MINUS") as made:
                    made.append(lacking(table, self._group(element.group)))
                table = made[0]
            elif isinstance(element, Bind):
                table = self._bound(table, element)
            table, pending = self._filtered(table, pending)
        return self._filtered(table, pending, last=True)[0]

    def _joined(
        self, table: Table, run: Sequence[Element], pending: list[Filter | Exists]
    ) -> tuple[Table, list[Filter | Exists]]:
        """A table joined with patterns and other tables, the smallest first, filters as soon as they can be."""
        patterns = [one for element in run if isinstance(element, Bgp) for one in element.patterns]
        tables = [self._table(element) for element in run if not isinstance(element, Bgp)]
        table, pending = self._filtered(table, pending)
        while patterns or tables:
            known = frozenset(table.columns)
            choices = [(self._cost(table, one, known), 0, place) for place, one in enumerate(tables)]
            choices += [
                (self._pattern_cost(table, one, known), 1, place) for place, one in enumerate(patterns)
            ]
            (_, expected), kind, place = min(choices)
            if kind == 0:
                other = tables.pop(place)
                with self._told(lambda: "join", expected) as made:
                    made.append(other if starting(table) else join(table, other))
            else:
                pattern = patterns.pop(place)
                with self._told(lambda: _shown(pattern), expected) as made:  # noqa: B023 - it is told at once
                    made.append(self._extended(table, pattern))
            table, pending = self._filtered(self._needed(made[0], patterns), pending)
        return table, pending

    def _needed(self, table: Table, patterns: Sequence[Pattern]) -> Table:
        """A table without the hidden variables that no pattern left has: only those of one group share them."""
        left = frozenset(name for one in patterns for name in one.variables)
        done = [name for name in table.columns if name.startswith(self.query.marker) and name not in left]
        return table.without(*done) if done else table

    def _extended(self, table: Table, pattern: Pattern) -> Table:
        shared = pattern.variables & table.columns.keys()
        if table.binds(shared):
            return self._matcher.extended(table, pattern)
        return join(table, self._matcher.extended(UNIT, pattern))

    def _pattern_cost(
        self, table: Table, pattern: Pattern, known: frozenset[str]
    ) -> tuple[tuple[bool, float], float]:
        """Whether it makes a product of what has nothing in common, and how many rows; the same number again."""
        rows = self._matcher.estimate(pattern, known, table.rows)
        apart = bool(known) and bool(pattern.variables) and not (pattern.variables & known)
        return (apart, rows), rows

    def _cost(self, table: Table, other: Table, known: frozenset[str]) -> tuple[tuple[bool, float], float]:
        shared = [name for name in other.columns if name in known]
        if not shared:
            rows = float(table.rows * other.rows)
            return (bool(known), rows), rows
        _, first = codes([other.columns[name] for name in shared], other.rows)
        rows = table.rows * min(1.0, len(first) / max(table.rows, 1)) * other.rows / max(len(first), 1)
        return (False, rows), rows

    def _table(self, element: Element) -> Table:
        if isinstance(element, Values):
            return self._inline(element)
        if isinstance(element, Union):
            with self._told(lambda: "UNION" if len(element.groups) > 1 else "group") as made:
                made.append(stacked([self._group(one) for one in element.groups]))
            return made[0]
        assert isinstance(element, Select)
        with self._told(lambda: "sub-select") as made:
            made.append(self._select(element))
        return made[0]

    def _inline(self, values: Values) -> Table:
        columns = {}
        for place, name in enumerate(values.names):
            texts = [row[place] for row in values.rows]
            found = self.graph.terms.ids([text or "<>" for text in texts])
            columns[name] = np.where([text is not None for text in texts], found, 0).astype(np.int64)
        return Table(len(values.rows), columns)

    def _with_optional(self, table: Table, group: Group) -> Table:
        numbered = table.numbered()
        with self._told(lambda: "OPTIONAL") as made:
            patterns = all(isinstance(one, Bgp) for one in group.elements)
            shared = set(variables_of(group)) & table.columns.keys()
            if patterns and table.binds(shared):
                found, pending = self._joined(numbered, group.elements, list(group.filters))
            else:
                found, pending = join(numbered, self._group(group, filters=False)), list(group.filters)
            found = self._filtered(found, pending, last=True)[0]
            lonely = np.ones(table.rows, bool)
            lonely[found.columns[ROW]] = False
            made.append(stacked([found.without(ROW), table.take(lonely)]))
        return made[0]

    def _bound(self, table: Table, bind: Bind) -> Table:
        with self._told(lambda: f"BIND ?{bind.name}") as made:
            made.append(table.having(**{bind.name: self._evaluator.ids(bind.expression, table)}))
        return made[0]

    # Filters

    def _filtered(
        self, table: Table, pending: list[Filter | Exists], *, last: bool = False
    ) -> tuple[Table, list[Filter | Exists]]:
        """A table after those filters that can be applied, and the others; what binds all variables stays as it is."""
        left: list[Filter | Exists] = []
        for one in pending:
            if isinstance(one, Filter) and (last or table.binds(one.condition.variables)):
                condition = one.condition
                with self._told(lambda: f"FILTER {condition.text}") as made:  # noqa: B023
                    made.append(table.take(self._evaluator.holds(condition, table)))
                table = made[0]
            elif isinstance(one, Exists) and last:
                word = "NOT EXISTS" if one.negated else "EXISTS"
                with self._told(lambda: f"FILTER {word}") as made:  # noqa: B023
                    made.append(table.take(self._exist(table, one.group) ^ one.negated))
                table = made[0]
            else:
                left.append(one)
        return table, left

    def _exist(self, table: Table, group: Group) -> np.ndarray:
        """For each row whether a group of triple patterns has a solution with its terms for its variables."""
        if not all(isinstance(one, Bgp) for one in group.elements):
            raise Uncovered("EXISTS over more than triple patterns")
        if not all(isinstance(one, Filter) for one in group.filters):
            raise Uncovered("EXISTS within EXISTS")
        shared = sorted(set(variables_of(group)) & table.columns.keys())
        if not table.binds(set(shared)):
            raise Uncovered("EXISTS over what may be unbound")
        places, first = codes([table.columns[name] for name in shared], table.rows)
        seeds = table.take(first).only(shared).numbered()
        found, pending = self._joined(seeds, group.elements, list(group.filters))
        found = self._filtered(found, pending, last=True)[0]
        there = np.zeros(len(first), bool)
        there[found.columns[ROW]] = True
        return there[places]

    # Selects

    def _select(self, select: Select, *, limit: int | None = None) -> Table:
        table = self._group(select.where)
        if select.values is not None:
            table = join(table, self._inline(select.values))
        if select.grouped:
            table = self._grouped(select, table)
        for one in select.extends:
            table = self._bound(table, one)
        if select.order:
            with self._told(lambda: "ORDER BY") as made:
                made.append(table.take(self._order(select.order, table)))
            table = made[0]
        names = select.names or tuple(
            name for name in table.columns if not name.startswith(self.query.marker)
        )
        table = table.only(names)
        if select.distinct:
            with self._told(lambda: "DISTINCT") as made:
                made.append(distinct(table))
            table = made[0]
        most = [one for one in (select.limit, limit) if one is not None]
        if select.offset or most:
            end = select.offset + min(most) if most else table.rows
            table = table.take(np.arange(min(select.offset, table.rows), min(end, table.rows)))
        return table

    def _grouped(self, select: Select, table: Table) -> Table:
        for key in select.keys:
            if key.expression.operator != "var":
                table = self._bound(table, key)
        names = [key.name for key in select.keys]
        with self._told(lambda: "GROUP BY" if names else "aggregate") as made:
            places, first = codes([table.column(name) for name in names], table.rows)
            size = len(first) if names else 1
            groups = Groups(table, places, size)
            columns = {name: table.column(name)[first] for name in names}
            for one in select.aggregates:
                if one.argument is None and one.distinct and self.query.hides:
                    raise Uncovered("COUNT(DISTINCT *) over blank nodes")
                columns[one.name] = folded(one, groups, self._evaluator)
            made.append(Table(size, columns))
        found = made[0]
        for condition in select.having:
            with self._told(lambda: "HAVING") as made:
                made.append(found.take(self._evaluator.holds(condition, found)))
            found = made[0]
        return found

    def _order(self, keys: Sequence[OrderKey], table: Table) -> np.ndarray:
        ranks = []
        for key in keys:
            rank = self._rank(key.expression, table)
            ranks.append(-rank if key.descending else rank)
        return np.lexsort(ranks[::-1])

    def _rank(self, expression: Expression, table: Table) -> np.ndarray:
        ranks = ranked(self._evaluator.ids(expression, table), self.graph.terms)
        if ranks is None:
            raise Uncovered("ORDER BY over terms of several sorts")
        return ranks.values


def _shown(pattern: Pattern) -> str:
    parts = []
    for one in (pattern.subject, pattern.predicate, pattern.object):
        if hasattr(one, "name"):
            parts.append(f"?{one.name}")
        else:
            parts.append(getattr(one, "text", "") or f"path {one.operator}")  # type: ignore[union-attr]
    return " ".join(parts)
