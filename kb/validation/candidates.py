"""Candidates: the focus nodes for which a query may have a solution, found on columns.

Most focus nodes break no rule, and columns tell so: triple patterns are joined, comparisons, texts and EXISTS are
looked at, whatever isn't understood counts as true. Those that are left are asked about in SPARQL, which decides.
Every expression has two answers: where it *may* hold (it is not surely false) and where it *must*; a negation takes
one for the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import Ids, contains, distinct, expand, pack
from ..columns.values import XSD, TypeClass, compare
from . import numbers
from .paths import Predicate, walk
from .query_tree import THIS, Call, Exists, Expression, Group, Pattern, Place, Variable
from .scope import ValidationData
from .texts import Texts
from .views import Rows

Mask = NDArray[np.bool_]
# So many focus nodes at a time, and so many joined rows at most: beyond, the rest of a query counts as true.
_BATCH, _ROWS = 20_000, 8_000_000
_ORDERS = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}


def candidates(tree: Group, focus: Ids, data: ValidationData) -> Ids:
    """Those of `focus` (sorted) that a query may say something about.

    >>> from kb.columns.dictionary import Dictionary
    >>> from kb.columns.relations import Relations
    >>> from .query_tree import read_tree
    >>> dictionary = Dictionary()
    >>> a, p, b, c = dictionary.encode(["<urn:a>", "<urn:p>", "<urn:b>", "<urn:c>"])
    >>> data = ValidationData(dictionary, Relations.of({int(p): pack([a], [c])}))
    >>> tree = read_tree("SELECT $this WHERE { $this <urn:p> ?v FILTER(?v != $this) }")
    >>> candidates(tree, np.array([a, b]), data) == [a]
    array([ True])
    """
    parts = []
    for start in range(0, len(focus), _BATCH):
        some = focus[start : start + _BATCH]
        stored = data.dictionary.stored_of(some)
        solutions = _Solver(data).solve(tree, Table({THIS: stored}, len(some)))
        parts.append(some[contains(distinct(solutions.columns[THIS]), stored)])
    return np.concatenate(parts) if parts else focus


@dataclass(frozen=True)
class Table:
    """Solutions as aligned columns of ids."""

    columns: dict[Variable, NDArray]
    size: int

    def take(self, rows: NDArray) -> Table:
        """The solutions at some places, or where a mask holds."""
        if rows.dtype == bool and rows.all():
            return self
        columns = {name: one[rows] for name, one in self.columns.items()}
        return Table(columns, int(np.count_nonzero(rows)) if rows.dtype == bool else len(rows))

    def with_column(self, name: Variable, ids: NDArray) -> Table:
        """These solutions with one variable more."""
        return Table({**self.columns, name: ids}, self.size)


_ROW = Variable("[row]")


class _Solver:
    def __init__(self, data: ValidationData) -> None:
        self.data = data
        self.binds: dict[Variable, Expression] = {}
        # Variables that may be bound although they have no column.
        self.loose: set[Variable] = set()
        self.texts = Texts(data.dictionary)

    def solve(self, group: Group, table: Table, *, must: bool = False) -> Table:
        """The solutions of a group that go on from a table's; with `must` no more than there are, else no fewer."""
        odd = group.opaque or group.unions or group.selects or group.optionals or group.binds
        if must and odd:
            return table.take(np.zeros(table.size, bool))
        self.binds |= group.binds
        for part in (*group.optionals, *group.selects, *(one for some in group.unions for one in some)):
            self.loose |= {name for one in part.all() for each in one.patterns for name in each.variables}
        self.loose |= self.binds.keys()
        pending, filters = list(group.patterns), list(group.filters)
        while True:
            ready = [one for one in filters if self.ready(one, table, pending)]
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
        for branches in group.unions:
            here = np.zeros(table.size, bool)
            for branch in branches:
                # Its filters see less than these rows say: only its patterns count.
                here |= self.holds(Group(patterns=branch.patterns), table, must=False)
            table = table.take(here)
        return table

    def ready(self, expression: Expression, table: Table, pending: list[Pattern]) -> bool:
        """Whether no pattern to come binds a variable of an expression; EXISTS waits for all of them."""
        if not pending:
            return True
        if any(isinstance(one, Exists) for one in _all(expression)):
            return False
        to_come = {variable for pattern in pending for variable in pattern.variables} - table.columns.keys()
        return not to_come & set(self.variables(expression))

    def variables(self, expression: Expression) -> Iterator[Variable]:
        for one in _all(expression):
            if isinstance(one, Variable):
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
        wanted = {variable for part in group.all() for one in part.patterns for variable in one.variables}
        wanted |= {one for part in group.all() for test in part.filters for one in self.variables(test)}
        if must and wanted & self.loose - table.columns.keys():
            return np.zeros(table.size, bool)
        columns = {name: ids for name, ids in table.columns.items() if name in wanted}
        rows = np.zeros(table.size, np.int64)
        for ids in columns.values():
            _, rows = np.unique(pack(rows, np.unique(ids, return_inverse=True)[1]), return_inverse=True)
        count = int(rows.max()) + 1 if table.size else 0
        first = np.zeros(count, np.int64)
        first[rows] = np.arange(table.size)
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
        left, right = expression.arguments
        if not self.plain(left, table) or not self.plain(right, table):
            return np.full(table.size, not must)
        one, two = self.ids(left, table), self.ids(right, table)
        kinds = self.data.dictionary.kind_of
        resource = (kinds(one) != Kind.LITERAL) | (kinds(two) != Kind.LITERAL)
        # What is the same term is equal, but for NaN; what isn't may be where both are literals.
        surely = (one == two) & ~np.isin(self.data.dictionary.datatype_of(one), self.floating)
        possibly = (one == two) | ~resource
        if expression.name == "=":
            return surely if must else possibly
        return ~possibly if must else ~surely

    def order(self, expression: Call, table: Table, *, must: bool) -> Mask:
        unknown = np.full(table.size, not must)
        found = self.texts.truth(expression, table.columns, self.binds)
        if found is not None:
            return found.where(unknown)
        left, right = expression.arguments
        if expression.name in (">", ">=") and right == Call("NOW"):
            right = self.texts.today()
        if not self.plain(left, table) or not self.plain(right, table):
            return unknown if must else numbers.may_hold(expression, table.columns, self.binds, self.data)
        one, two = self.ids(left, table), self.ids(right, table)
        ids = distinct(np.concatenate([one, two]))
        values = self.data.values.of(ids)
        here, there = values.take(ids.searchsorted(one)), values.take(ids.searchsorted(two))
        order = compare(here, there)
        good = np.isin(order, _ORDERS[expression.name])
        return good & (here.kind == TypeClass.NUMBER) if must else good | (order == 2)

    def plain(self, expression: Expression, table: Table) -> TypeGuard[Place]:
        """Whether an expression is a variable with a column, or a constant that the data knows."""
        if isinstance(expression, Variable):
            return expression in table.columns
        return not isinstance(expression, (Call, Exists)) and self.data.id(expression) > 0

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
