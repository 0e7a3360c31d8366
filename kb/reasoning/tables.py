"""The facts that rules are joined with: a table per predicate, and one per class in place of rdf:type."""

from __future__ import annotations

import sys
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..columns import kernels
from ..columns.kernels import NO_PAIRS, Ids, Pairs
from ..columns.relations import Relations
from .datatypes import Datatypes

CLASS = 1 << 32
"""Added to the id of a class, it is the key of the table of its members."""

NO_IDS: Ids = np.empty(0, np.uint32)
_DENSE = 16


def merged(left: NDArray, right: NDArray) -> NDArray:
    """The union of two sorted sets that share nothing; linear, for both are runs to a stable sort.

    >>> merged(np.array([1, 5]), np.array([2, 7]))
    array([1, 2, 5, 7])
    """
    if not len(left) or not len(right):
        return left if len(left) else right
    return np.sort(np.concatenate([left, right]), kind="stable")


class Members:
    """The members of one class: sorted ids below `bound`."""

    def __init__(self, rows: Ids, bound: int) -> None:
        self.rows = rows
        self.bound = bound

    def __len__(self) -> int:
        return len(self.rows)

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        """For each id whether it is a member."""
        if len(ids) * _DENSE < self.bound:
            return kernels.contains(self.rows, ids)
        flags = np.zeros(self.bound, bool)
        flags[self.rows] = True
        return flags[ids]


class Literals(Members):
    """The literals of a data range: asked one by one, never stored."""

    def __init__(self, datatypes: Datatypes, data_range: int, bound: int) -> None:
        self._datatypes = datatypes
        self._range = data_range
        self.bound = bound

    def __len__(self) -> int:
        return sys.maxsize

    @cached_property
    def rows(self) -> Ids:  # type: ignore[override]
        """All of them that the dictionary holds: only for a rule that nothing else narrows."""
        ids = np.arange(1, self.bound, dtype=np.uint32)
        return ids[self.holds(ids)]

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        return self._datatypes.within(ids, self._range)


class Links:
    """The pairs of one predicate, with both orders and an offset table for joins with many keys."""

    def __init__(self, rows: Pairs, bound: int, inverse: Pairs | None = None) -> None:
        self.rows = rows
        self.bound = bound
        if inverse is not None:
            self.inverse = inverse

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def inverse(self) -> Pairs:
        """The pairs as ``o << 32 | s``, sorted."""
        return kernels.swap(self.rows)

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        return _offsets(self.rows, self.bound)

    @cached_property
    def _inverse_offsets(self) -> NDArray[np.int64]:
        return _offsets(self.inverse, self.bound)

    def objects(self, subjects: Ids) -> tuple[NDArray[np.int64], Ids]:
        """(row of the subject, object) for each subject."""
        if len(subjects) * _DENSE < self.bound:
            return kernels.expand(self.rows, subjects)
        return _expand(self.rows, self._offsets, subjects)

    def holds(self, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether it is here."""
        return kernels.contains(self.rows, pairs)

    def fanout(self, subjects: Ids | None, objects: Ids | None) -> int:
        """About how many rows there are for known subjects, or objects; exact for a single one."""
        if subjects is not None and len(subjects) == 1:
            return int(kernels.degree(self.rows, subjects)[0])
        if objects is not None and len(objects) == 1:
            return int(kernels.degree(self.inverse, objects)[0])
        return len(self)

    def subjects(self, objects: Ids) -> tuple[NDArray[np.int64], Ids]:
        """(row of the object, subject) for each object."""
        if len(objects) * _DENSE < self.bound:
            return kernels.expand(self.inverse, objects)
        return _expand(self.inverse, self._inverse_offsets, objects)


def _offsets(pairs: Pairs, bound: int) -> NDArray[np.int64]:
    offsets = np.zeros(bound + 1, np.int64)
    np.cumsum(np.bincount(kernels.heads(pairs), minlength=bound), out=offsets[1:])
    return offsets


def _expand(pairs: Pairs, offsets: NDArray[np.int64], keys: Ids) -> tuple[NDArray[np.int64], Ids]:
    begin = offsets[keys]
    counts = offsets[keys.astype(np.int64) + 1] - begin
    ends = np.cumsum(counts)
    row = np.repeat(np.arange(len(keys)), counts)
    places = np.arange(len(row)) + (begin - ends + counts)[row]
    return row, kernels.tails(pairs[places])


class Tables:
    """All tables of a view, made when a rule first asks for one.

    With `datatypes`, data ranges have tables too.
    """

    def __init__(self, view: Relations, kind: int, bound: int, datatypes: Datatypes | None = None) -> None:
        self._datatypes = datatypes
        self.bound = bound
        self.kind = kind
        self.view = view
        self._tables: dict[int, Members | Links] = {}

    def members(self, key: int) -> Members:
        """The table of a class."""
        table = self._tables.get(key)
        if table is None and self._datatypes is not None and self._datatypes.is_range(key - CLASS):
            table = self._tables[key] = Literals(self._datatypes, key - CLASS, self.bound)
        if table is None:
            types = self.view.get_relation(self.kind)
            rows = kernels.tails_of(types.inverse, key - CLASS) if len(types) else NO_IDS
            table = self._tables[key] = Members(rows, self.bound)
        return table  # type: ignore[return-value]

    def links(self, key: int) -> Links:
        """The table of a predicate."""
        table = self._tables.get(key)
        if table is None:
            relation = self.view.get_relation(key)
            inverse = relation.__dict__.get("inverse")
            table = self._tables[key] = Links(relation.pairs, self.bound, inverse)
        return table  # type: ignore[return-value]

    def __getitem__(self, key: int) -> Members | Links:
        return self.members(key) if key >= CLASS else self.links(key)

    def replace(self, key: int, rows: NDArray) -> None:
        """Give a table other rows."""
        self._tables[key] = table_of(key, rows, self.bound)

    def known(self) -> dict[int, Members | Links]:
        """The tables of stored facts made so far."""
        return {key: table for key, table in self._tables.items() if not isinstance(table, Literals)}


def table_of(key: int, rows: NDArray, bound: int) -> Members | Links:
    """A table of its own for rows of `key`."""
    return Members(rows, bound) if key >= CLASS else Links(rows, bound)


def no_rows(key: int) -> NDArray:
    """The empty rows of a key's table."""
    return NO_IDS if key >= CLASS else NO_PAIRS
