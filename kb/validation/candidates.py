"""Candidates: the focus nodes for which a query may have a solution, found on columns.

Most focus nodes break no rule, and columns tell so: triple patterns are joined, comparisons, texts and EXISTS are
looked at, whatever isn't understood counts as true. Those that are left are asked about in SPARQL, which decides.
Every expression has two answers: where it *may* hold (it is not surely false) and where it *must*; a negation takes
one for the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import Ids, contains, distinct, expand, pack
from ..columns.values import XSD, TypeClass, compare
from .numbers import Approximate, Arithmetic
from .paths import Inverse, Predicate, walk
from .query_tree import (
    THIS,
    Call,
    Exists,
    Expression,
    Group,
    Grouping,
    Pattern,
    Place,
    Variable,
    variables_of,
)
from .scope import ValidationData
from .solutions import Table, together
from .texts import Texts
from .views import Rows

Mask = NDArray[np.bool_]
# So many focus nodes at a time, and so many joined rows at most: beyond, the rest of a query counts as true.
_BATCH, _ROWS = 20_000, 8_000_000
_ORDERS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}


@dataclass(frozen=True)
class Candidates:
    """The focus nodes left, sorted, and what the variables of their solutions may be: no solution is beyond `rows`.

    Those have the variables alone that each solution binds outside OPTIONAL; there are none for too many focus nodes.
    """

    focus: Ids
    rows: Table | None = None


def candidates(tree: Group, focus: Ids, data: ValidationData) -> Candidates:
    """Those of `focus` (sorted) that a query may say something about.

    >>> from kb.columns.dictionary import Dictionary
    >>> from kb.columns.relations import Relations
    >>> from .query_tree import read_tree
    >>> dictionary = Dictionary()
    >>> a, p, b, c = dictionary.encode(["<urn:a>", "<urn:p>", "<urn:b>", "<urn:c>"])
    >>> data = ValidationData(dictionary, Relations.of({int(p): pack([a], [c])}))
    >>> tree = read_tree("SELECT $this WHERE { $this <urn:p> ?v FILTER(?v != $this) }")
    >>> candidates(tree, np.array([a, b]), data).focus == [a]
    array([ True])
    """
    parts: list[Ids] = []
    rows: Table | None = None
    for start in range(0, len(focus), _BATCH):
        some = focus[start : start + _BATCH]
        stored = data.dictionary.stored_of(some)
        solver = _Solver(data)
        solutions = solver.solve(tree, Table({THIS: stored}, len(some)))
        if tree.grouping is not None and tree.grouping.having:
            solutions = solver.having(tree, tree.grouping, solutions)
        parts.append(some[contains(distinct(solutions.columns[THIS]), stored)])
        if len(focus) <= _BATCH and not tree.opaque:
            steady = {name for one in tree.steady for name in one.variables} | {THIS}
            kept = {name: ids for name, ids in solutions.columns.items() if name in steady}
            rows = Table(kept, solutions.size)
    return Candidates(np.concatenate(parts) if parts else focus, rows)


_ROW, _LEFT = Variable("[row]"), Variable("[left]")


class _Solver:
    def __init__(self, data: ValidationData) -> None:
        self.data = data
        self.binds: dict[Variable, Expression] = {}
        # Variables that may be bound although they have no column.
        self.loose: set[Variable] = set()
        # Those whose column has a 0 where they are unbound.
        self.nullable: set[Variable] = set()
        # Sums by $this, of sub-selects: sorted ids, and a number for each.
        self.sums: dict[Variable, tuple[Ids, Approximate]] = {}
        self.texts = Texts(data.dictionary)

    def solve(self, group: Group, table: Table, *, must: bool = False) -> Table:
        """The solutions of a group that go on from a table's; with `must` no more than there are, else no fewer."""
        odd = group.opaque or group.unions or group.selects or group.optionals or group.binds
        if must and odd:
            return table.take(np.zeros(table.size, bool))
        outside = frozenset(self.loose - table.columns.keys())
        self.binds |= group.binds
        for part in (*group.optionals, *group.selects, *(one for some in group.unions for one in some)):
            self.loose |= {name for one in part.all() for each in one.patterns for name in each.variables}
        self.loose |= self.binds.keys()
        pending, filters = list(group.patterns), list(group.filters)
        later = {name for part in group.optionals for one in part.patterns for name in one.variables}
        later |= {name for part in group.selects if part.grouping for name, _ in part.grouping.made}
        while True:
            to_come = {name for one in pending for name in one.variables} | later - table.columns.keys()
            ready = [one for one in filters if self.ready(one, to_come)]
            for expression in ready:
                filters.remove(expression)
                table = table.take(self.truth(expression, table, must=must))
            if not pending:
                break
            pattern = self.next(pending, table)
            pending.remove(pattern)
            joined = self.join(pattern, table)
            if joined is None:
                if must:
                    return table.take(np.zeros(table.size, bool))
                self.loose |= set(pattern.variables)
                continue
            table = joined
        for part in group.optionals:
            others = [one.reads for one in (*group.optionals, *group.selects) if one is not part]
            others += [one.reads for branches in group.unions for one in branches]
            elsewhere = outside.union(*others, *(one.variables for one in group.patterns), self.binds)
            table = self.left_join(part, table, elsewhere)
        for part in group.selects:
            table = self.summed(part, table)
        for expression in filters:
            table = table.take(self.truth(expression, table, must=must))
        for branches in group.unions:
            here = np.zeros(table.size, bool)
            for branch in branches:
                # Its filters see less than these rows say: only its patterns count.
                here |= self.holds(Group(patterns=branch.patterns), table, must=False)
            table = table.take(here)
        return table

    def ready(self, expression: Expression, to_come: set[Variable]) -> bool:
        """Whether nothing to come binds a variable of an expression."""
        if not to_come:
            return True
        if any(isinstance(one, Exists) for one in _all(expression)):
            return to_come.isdisjoint(self.names(expression)) and not self.binds
        return to_come.isdisjoint(self.variables(expression))

    def left_join(self, part: Group, table: Table, elsewhere: frozenset[Variable]) -> Table:
        """The solutions with those of an OPTIONAL of triple patterns; as they are where it holds more.

        What it binds may not be bound `elsewhere` without a column.
        """
        names = {name for one in part.patterns for name in one.variables}
        if part != Group(patterns=part.patterns) or names & self.nullable:
            return table
        if (names - table.columns.keys()) & elsewhere:
            return table
        places = np.arange(table.size)
        inner = table.with_column(_LEFT, places)
        for pattern in part.patterns:
            joined = self.join(pattern, inner)
            if joined is None:
                return table
            inner = joined
        alone = places[~contains(distinct(inner.columns[_LEFT]), places)]
        fresh = inner.columns.keys() - table.columns.keys() - {_LEFT}
        columns = {
            name: np.concatenate([inner.columns[name], one[alone]]) for name, one in table.columns.items()
        }
        for name in fresh:
            columns[name] = np.concatenate([inner.columns[name], np.zeros(len(alone), np.uint32)])
        self.nullable |= fresh
        return Table(columns, inner.size + len(alone))

    def summed(self, part: Group, table: Table) -> Table:
        """The solutions that a sub-select grouped by $this has a group for; its aggregates are kept as numbers."""
        grouping = part.grouping
        if grouping is None or grouping.keys != (THIS,) or grouping.having or THIS not in table.columns:
            return table
        nodes = distinct(table.columns[THIS])
        solver = _Solver(self.data)
        rows = solver.solve(part, Table({THIS: nodes}, len(nodes)))
        if not solver.exact(part, grouping):
            return table
        ids, places = np.unique(rows.columns[THIS], return_inverse=True)
        grouped = Arithmetic(
            len(ids), {THIS: ids}, {}, self.data, rows=solver.arithmetic(rows), places=places
        )
        for name, expression in grouping.made:
            found = grouped.value(expression)
            if found is not None and np.ndim(found.value):
                self.sums[name] = ids, found
        return table.take(contains(ids, table.columns[THIS]))

    def exact(self, group: Group, grouping: Grouping) -> bool:
        """Whether its solutions are as many as the query's, but for whole groups that aren't there."""
        plain = (Predicate, Inverse)
        whole = group == Group(
            patterns=group.patterns, filters=group.filters, grouping=group.grouping
        ) and all(isinstance(one.path, plain) for one in group.patterns)
        return (
            whole
            and not self.loose
            and all(
                self.names(one) & {name for each in group.patterns for name in each.variables}
                <= {*grouping.keys}
                for one in group.filters
            )
        )

    def names(self, expression: Expression) -> frozenset[Variable]:
        """The variables that an expression reads, those within EXISTS too."""
        inside = (one.group.reads for one in _all(expression) if isinstance(one, Exists))
        return frozenset().union(variables_of(expression), *inside)

    def having(self, group: Group, grouping: Grouping, table: Table) -> Table:
        """The solutions of groups that HAVING may let pass."""
        if not table.size or not self.exact(group, grouping) or not table.columns.keys() >= {*grouping.keys}:
            return table
        first, places = together([table.columns[name] for name in grouping.keys])
        keys = {name: table.columns[name][first] for name in grouping.keys}
        grouped = Arithmetic(len(first), keys, {}, self.data, rows=self.arithmetic(table), places=places)
        for expression in grouping.having:
            table, places = table.take(kept := grouped.may(expression)[places]), places[kept]
            grouped = replace(grouped, rows=self.arithmetic(table), places=places)
        return table

    def arithmetic(self, table: Table) -> Arithmetic:
        numbers = {
            name: one.take(ids.searchsorted(table.columns[THIS])) for name, (ids, one) in self.sums.items()
        }
        return Arithmetic(table.size, table.columns, self.binds, self.data, numbers)

    def variables(self, expression: Expression) -> Iterator[Variable]:
        for one in variables_of(expression):
            yield one
            if one in self.binds:
                yield from self.variables(self.binds[one])

    def next(self, pending: list[Pattern], table: Table) -> Pattern:
        """The pattern to join with first: what only filters, else what adds fewest rows."""

        def cost(pattern: Pattern) -> tuple[int, int]:
            ends = [self.known(one, table) for one in (pattern.subject, pattern.object)]
            if pattern.path is None or not any(ends):
                return 3, 0
            if all(ends):
                return 0, 0
            if not isinstance(pattern.path, Predicate):
                return 2, 0
            nodes = self.ids(pattern.subject if ends[0] else pattern.object, table)
            return 1, self.rows(pattern.path.iri).degree(nodes[:1000], back=not ends[0])

        return min(pending, key=cost) if len(pending) > 1 else pending[0]

    def join(self, pattern: Pattern, table: Table) -> Table | None:
        """The solutions with those of a pattern; None where it can't be joined."""
        path = pattern.path
        ends = [self.known(one, table) for one in (pattern.subject, pattern.object)]
        if path is None or not any(ends):
            return None
        start, end = (pattern.subject, pattern.object) if ends[0] else (pattern.object, pattern.subject)
        nodes = self.ids(start, table)
        pairs = walk(path, distinct(nodes), self.rows, back=not ends[0])
        if all(ends):
            return table.take(contains(pairs, pack(nodes, self.ids(end, table))))
        row, ids = expand(pairs, nodes)
        if len(row) > _ROWS:
            return None
        assert isinstance(end, Variable)
        return table.take(row).with_column(end, ids)

    def known(self, place: Place, table: Table) -> bool:
        return not isinstance(place, Variable) or place in table.columns

    def ids(self, place: Place, table: Table) -> NDArray:
        if isinstance(place, Variable):
            return table.columns[place]
        return np.full(table.size, self.data.id(place), np.uint32)

    def rows(self, predicate) -> Rows:
        return self.data.kept(predicate)

    def holds(self, group: Group, table: Table, *, must: bool) -> Mask:
        """For each solution, whether a group has one with it."""
        wanted = {*group.reads}
        for name in group.reads & self.binds.keys():
            wanted.update(self.variables(name))
        if must and (wanted & self.nullable or wanted & self.loose - table.columns.keys()):
            return np.zeros(table.size, bool)
        columns = {
            name: ids for name, ids in table.columns.items() if name in wanted and name not in self.nullable
        }
        first, rows = together([*columns.values()] or [np.zeros(table.size, np.uint32)])
        count = len(first)
        inner = Table({name: ids[first] for name, ids in columns.items()} | {_ROW: np.arange(count)}, count)
        found = np.zeros(count, bool)
        found[self.solve(group, inner, must=must).columns[_ROW]] = True
        return found[rows]

    def truth(self, expression: Expression, table: Table, *, must: bool) -> Mask:
        """Where an expression may hold, or must."""
        unknown = np.full(table.size, not must)
        if isinstance(expression, Exists):
            return self.holds(expression.group, table, must=must)
        if not isinstance(expression, Call):
            return unknown
        parts = expression.arguments
        match expression.name:
            case "&&":
                return self.truth(parts[0], table, must=must) & self.truth(parts[1], table, must=must)
            case "||":
                return self.truth(parts[0], table, must=must) | self.truth(parts[1], table, must=must)
            case "!":
                # An error is neither; of EXISTS there is none.
                if must and not isinstance(parts[0], Exists):
                    return unknown
                return ~self.truth(parts[0], table, must=not must)
            case "COALESCE" if not must and len(parts) == 2 and str(parts[1]).startswith('"false"'):
                return self.truth(parts[0], table, must=False)
            case "=" | "!=":
                return self.equality(expression, table, must=must)
            case "<" | "<=" | ">" | ">=":
                return self.order(expression, table, must=must)
            case _:
                found = self.texts.truth(expression, table.columns, self.binds)
                return unknown if found is None else found.where(unknown)

    def equality(self, expression: Call, table: Table, *, must: bool) -> Mask:
        one, two = (self.column(side, table) for side in expression.arguments)
        if one is None or two is None:
            return np.full(table.size, not must)
        kinds = self.data.dictionary.kind_of
        resource = (kinds(one) != Kind.LITERAL) | (kinds(two) != Kind.LITERAL)
        # What is the same term is equal, but for NaN; what isn't may be where both are literals.
        surely = (one == two) & ~np.isin(self.data.dictionary.datatype_of(one), self.floating)
        possibly = (one == two) | ~resource
        bound = (one > 0) & (two > 0)
        if expression.name == "=":
            return (surely if must else possibly) & bound
        return ~(possibly if must else surely) & bound

    def order(self, expression: Call, table: Table, *, must: bool) -> Mask:
        unknown = np.full(table.size, not must)
        found = self.texts.truth(expression, table.columns, self.binds)
        if found is not None:
            return found.where(unknown)
        left, right = expression.arguments
        if expression.name in (">", ">=") and right == Call("NOW"):
            right = self.texts.today()
        one, two = self.column(left, table), self.column(right, table)
        if one is None or two is None:
            return unknown if must else self.arithmetic(table).may(expression)
        ids = distinct(np.concatenate([one, two]))
        values = self.data.values.of(ids)
        here, there = values.take(ids.searchsorted(one)), values.take(ids.searchsorted(two))
        order = compare(here, there)
        good = np.isin(order, _ORDERS[expression.name])
        may = (good | (order == 2)) & (one > 0) & (two > 0)
        return good & (here.kind == TypeClass.NUMBER) if must else may

    def column(self, expression: Expression, table: Table) -> NDArray | None:
        """The ids of a variable with a column, a constant that the data knows, or the first of these that is bound."""
        if isinstance(expression, Variable):
            return table.columns.get(expression)
        if isinstance(expression, Exists):
            return None
        if not isinstance(expression, Call):
            return self.ids(expression, table) if self.data.id(expression) else None
        found: NDArray | None = None
        for argument in expression.arguments if expression.name == "COALESCE" else ():
            ids = self.column(argument, table)
            if ids is None:
                return None
            found = ids if found is None else np.where(found > 0, found, ids)
        return found

    @cached_property
    def floating(self) -> list[int]:
        """The ids of the datatypes that have NaN."""
        ids = (self.data.id(ox.NamedNode(f"{XSD}{name}")) for name in ("double", "float"))
        return [one for one in ids if one]


def _all(expression: Expression) -> Iterator[Expression]:
    yield expression
    if isinstance(expression, Call):
        for one in expression.arguments:
            yield from _all(one)
