"""Solutions as columns of ids, and the operators that need nothing but them. Id 0 is unbound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .algebra import Uncovered
from .terms import Ids

Places = NDArray[np.int64]
ROW = "#row"
"""A column that tells rows apart; no variable has such a name."""
MOST_ROWS = 20_000_000
"""A plan that would make more rows is given up."""


@dataclass(frozen=True)
class Table:
    """A bag of solutions; what is not among its columns is unbound everywhere."""

    rows: int
    columns: dict[str, Ids]

    def take(self, places: NDArray[np.integer] | NDArray[np.bool_]) -> Table:
        """The rows at `places`, or where they are true."""
        if places.dtype == bool:
            places = np.flatnonzero(places)
        return Table(len(places), {name: column[places] for name, column in self.columns.items()})

    def having(self, **columns: Ids) -> Table:
        """The same rows with more columns."""
        return Table(self.rows, {**self.columns, **columns})

    def numbered(self) -> Table:
        """The same rows with their numbers in the column `ROW`."""
        return self.having(**{ROW: np.arange(self.rows)})

    def column(self, name: str) -> Ids:
        """A column, unbound everywhere where there is none."""
        found = self.columns.get(name)
        return np.zeros(self.rows, np.int64) if found is None else found

    def only(self, names: Sequence[str]) -> Table:
        """These columns alone."""
        return Table(self.rows, {name: self.column(name) for name in names})

    def without(self, *names: str) -> Table:
        """All columns but these."""
        return Table(self.rows, {name: one for name, one in self.columns.items() if name not in names})

    def binds(self, names: frozenset[str] | set[str]) -> bool:
        """Whether every row binds all of these."""
        return all(name in self.columns and self.columns[name].all() for name in names)


UNIT = Table(1, {})
EMPTY = Table(0, {})


def allowed(rows: int | np.integer) -> int:
    """The number of rows that a step will make.

    Raises Uncovered where they are too many.
    """
    if rows > MOST_ROWS:
        raise Uncovered(f"a step of {int(rows):,} rows")
    return int(rows)


def stacked(tables: Sequence[Table]) -> Table:
    """The rows of all tables."""
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    rows = allowed(sum(table.rows for table in tables))
    return Table(rows, {name: np.concatenate([one.column(name) for one in tables]) for name in names})


def codes(columns: Sequence[Ids], rows: int) -> tuple[Places, Places]:
    """Rows as numbers from 0, the same for rows that are the same, and the first row of each number."""
    if not columns:
        return np.zeros(rows, np.int64), np.zeros(min(rows, 1), np.int64)
    made = _dense(columns[0])
    for column in columns[1:]:
        other = _dense(column)
        width = int(other.max(initial=0)) + 1
        made = _dense(made * width + other)
    first = np.full(int(made.max(initial=-1)) + 1, -1, np.int64)
    first[made[::-1]] = np.arange(rows - 1, -1, -1)
    return made, first


def _dense(column: Ids) -> Places:
    """The rank of each value among the different ones."""
    if not len(column):
        return column.astype(np.int64)
    low, high = int(column.min()), int(column.max())
    if high - low < 8 * len(column) + 1_000:
        seen = np.zeros(high - low + 1, np.int64)
        seen[column - low] = 1
        return (np.cumsum(seen) - 1)[column - low]
    return np.unique(column, return_inverse=True)[1]


def distinct(table: Table) -> Table:
    """Each solution once, in the order of the first ones."""
    _, first = codes(list(table.columns.values()), table.rows)
    return table.take(np.sort(first))


def join(left: Table, right: Table) -> Table:
    """All pairs of compatible solutions."""
    shared = [name for name in left.columns if name in right.columns]
    parts = []
    for one, other, both in _by_boundness(left, right, shared):
        row, match = _matches(one, other, both)
        here, there = one.take(row), other.take(match)
        columns = dict(here.columns)
        for name, column in there.columns.items():
            if name in columns and name not in both:
                columns[name] = np.where(columns[name] == 0, column, columns[name])
            elif name not in columns:
                columns[name] = column
        parts.append(Table(len(row), columns))
    if not parts:
        names = [*left.columns, *(name for name in right.columns if name not in left.columns)]
        return EMPTY.only(names)
    return parts[0] if len(parts) == 1 else stacked(parts)


def lacking(left: Table, right: Table) -> Table:
    """MINUS: what has no compatible solution on the right that binds one of its variables (section 18.5)."""
    shared = [name for name in left.columns if name in right.columns]
    left = left.numbered()
    gone = np.zeros(left.rows, bool)
    for one, other, both in _by_boundness(left, right, shared):
        if both:
            gone[one.columns[ROW][_among(one, other, both)]] = True
    return left.take(~gone).without(ROW)


def _by_boundness(
    left: Table, right: Table, shared: Sequence[str]
) -> Iterator[tuple[Table, Table, list[str]]]:
    """Parts in which each shared variable is bound everywhere or nowhere, and those that are bound on both sides."""
    doubtful = [name for name in shared if not (left.columns[name].all() and right.columns[name].all())]
    if not doubtful:
        yield left, right, list(shared)
        return
    sure = [name for name in shared if name not in doubtful]
    for (one, mine), (other, theirs) in product(_cut(left, doubtful), _cut(right, doubtful)):
        yield one, other, sure + [name for name in doubtful if name in mine and name in theirs]


def _cut(table: Table, names: Sequence[str]) -> Iterator[tuple[Table, frozenset[str]]]:
    mask = np.zeros(table.rows, np.int64)
    for place, name in enumerate(names):
        mask |= (table.columns[name] != 0).astype(np.int64) << place
    for one in np.unique(mask).tolist():
        yield table.take(mask == one), frozenset(n for place, n in enumerate(names) if one >> place & 1)


def _keys(left: Table, right: Table, names: Sequence[str]) -> tuple[Places, Places]:
    """One number for what both tables have in these columns."""
    if len(names) == 1:
        return left.columns[names[0]], right.columns[names[0]]
    columns = [np.concatenate([left.columns[name], right.columns[name]]) for name in names]
    made, _ = codes(columns, left.rows + right.rows)
    return made[: left.rows], made[left.rows :]


def _among(left: Table, right: Table, names: Sequence[str]) -> NDArray[np.bool_]:
    mine, theirs = _keys(left, right, names)
    return np.isin(mine, theirs)


def _matches(left: Table, right: Table, names: Sequence[str]) -> tuple[Places, Places]:
    """The rows of both sides that go together."""
    if not names:
        allowed(left.rows * right.rows)
        return np.arange(left.rows).repeat(right.rows), np.tile(np.arange(right.rows), left.rows)
    mine, theirs = _keys(left, right, names)
    order = np.argsort(theirs, kind="stable")
    ordered = theirs[order]
    begin, end = ordered.searchsorted(mine), ordered.searchsorted(mine, "right")
    row, place = spread(begin, end)
    return row, order[place]


def spread(begin: Places, end: Places) -> tuple[Places, Places]:
    """Half-open ranges as (number of the range, place in it) one by one."""
    counts = end - begin
    total = allowed(counts.sum())
    if total == len(counts) and (counts == 1).all():
        return np.arange(total), begin
    row = np.arange(len(counts)).repeat(counts)
    return row, np.arange(total) - (counts.cumsum() - counts - begin)[row]
