"""Joining a rule's body with tables, the most selective atom first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..columns import kernels
from ..columns.kernels import Ids
from .rules import Atom, Term
from .tables import CLASS, Links, Members, Tables

Columns = dict[str, Ids]
Resolve = Callable[[int], int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """An atom as tables know it: the members of a class have no object."""

    key: int
    subject: Term
    object: Term | None

    @property
    def variables(self) -> tuple[str, ...]:
        """Its variables."""
        return tuple(one for one in (self.subject, self.object) if isinstance(one, str))


def pattern(atom: Atom, kind: int) -> Pattern:
    """The pattern of an atom; `kind` is the id of rdf:type."""
    if atom.predicate == kind and isinstance(atom.object, int):
        return Pattern(CLASS + atom.object, atom.subject, None)
    return Pattern(atom.predicate, atom.subject, atom.object)


@dataclass(frozen=True, slots=True)
class Solutions:
    """`count` rows; `columns` has the ids of each variable that is still needed."""

    columns: Columns
    count: int

    def where(self, mask: NDArray[np.bool_]) -> Solutions:
        """The rows that `mask` keeps."""
        if mask.all():
            return self
        return Solutions({name: column[mask] for name, column in self.columns.items()}, int(mask.sum()))

    def at(self, rows: NDArray[np.int64], **more: Ids) -> Solutions:
        """The rows at `rows`, with more columns beside them."""
        return Solutions({**{name: column[rows] for name, column in self.columns.items()}, **more}, len(rows))

    def only(self, names: Iterable[str]) -> Solutions:
        """The rows with some of the columns."""
        return Solutions({name: self.columns[name] for name in names if name in self.columns}, self.count)


ONE = Solutions({}, 1)


def solve(
    body: Sequence[Pattern],
    tables: Tables,
    *,
    wanted: Iterable[str],
    resolve: Resolve = int,
    start: Solutions = ONE,
    delta: tuple[int, Members | Links] | None = None,
) -> Solutions:
    """All solutions of `body`, with the columns `wanted`.

    `delta` puts other rows in the place of the table of one atom (by its number), which is then joined
    first; `start` gives values to begin with; `resolve` exchanges constants for their representatives.
    """
    open_ = {number: (one, tables[one.key]) for number, one in enumerate(body)}
    if delta is not None:
        open_[delta[0]] = (body[delta[0]], delta[1])
    wanted = frozenset(wanted)
    found = start if all(len(table) for _, table in open_.values()) else Solutions({}, 0)
    first = delta[0] if delta is not None else None
    while open_ and found.count:
        number = first if first is not None else _next(open_, found.columns)
        first = None
        one, table = open_.pop(number)
        found = _join(found, one, table, resolve)
        needed = wanted.union(*(other.variables for other, _ in open_.values()))
        found = found.only(found.columns.keys() & needed)
    if not found.count:
        return Solutions({name: np.empty(0, np.uint32) for name in wanted}, 0)
    return found


def _next(open_: dict[int, tuple[Pattern, Members | Links]], known: Columns) -> int:
    def cost(number: int) -> tuple[bool, bool, int]:
        one, table = open_[number]
        terms = [one.subject] if one.object is None else [one.subject, one.object]
        free = [term for term in terms if isinstance(term, str) and term not in known]
        tied = len(free) < len(terms)
        size = len(table)
        if tied and free and isinstance(table, Links):
            size = table.fanout(_ends(one.subject, known), _ends(one.object, known))
        return bool(free) and bool(known), not tied and bool(known), size

    return min(open_, key=cost)


def _ends(term: Term | None, known: Columns) -> Ids | None:
    return np.array([term], np.uint32) if isinstance(term, int) else known.get(str(term))


def _join(found: Solutions, one: Pattern, table: Members | Links, resolve: Resolve) -> Solutions:
    subject = _ids(found, one.subject, resolve)
    if isinstance(table, Members):
        if subject is not None:
            return found.where(table.holds(subject))
        return _product(found, {str(one.subject): table.rows})
    value = _ids(found, one.object, resolve)  # type: ignore[arg-type]
    if subject is None and value is None:
        rows = table.rows
        if one.subject == one.object:
            own = kernels.heads(rows)
            return _product(found, {str(one.subject): own[own == kernels.tails(rows)]})
        both = {str(one.subject): kernels.heads(rows), str(one.object): kernels.tails(rows)}
        return _product(found, both)
    if value is None:
        row, more = table.objects(subject)  # type: ignore[arg-type]
        return found.at(row, **{str(one.object): more})
    if subject is None:
        row, more = table.subjects(value)
        return found.at(row, **{str(one.subject): more})
    return found.where(table.holds(kernels.pack(subject, value)))


def _ids(found: Solutions, term: Term, resolve: Resolve) -> Ids | None:
    if isinstance(term, str):
        return found.columns.get(term)
    return np.full(found.count, resolve(term), np.uint32)


def _product(found: Solutions, more: Columns) -> Solutions:
    size = len(next(iter(more.values())))
    if not found.columns and found.count == 1:
        return Solutions(more, size)
    columns = {name: np.repeat(column, size) for name, column in found.columns.items()}
    more = {name: np.tile(column, found.count) for name, column in more.items()}
    return Solutions({**columns, **more}, found.count * size)
