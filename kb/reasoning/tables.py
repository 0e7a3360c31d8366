"""The facts that rules are joined with: a table per predicate, and one per class in place of rdf:type."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..columns import kernels
from ..columns.kernels import NO_PAIRS, Ids, Pairs
from ..columns.relations import Relation, Relations
from .datatypes import Datatypes

CLASS = 1 << 32
"""Added to the id of a class, it is the key of the table of its members."""

NO_IDS: Ids = np.empty(0, np.uint32)
_LOW = np.uint64(0xFFFFFFFF)
_DENSE = 16
_FEW = 8


def merged(left: NDArray, right: NDArray) -> NDArray:
    """The union of two sorted sets that share nothing; linear, for both are runs to a stable sort.

    >>> merged(np.array([1, 5]), np.array([2, 7]))
    array([1, 2, 5, 7])
    """
    if not len(left) or not len(right):
        return left if len(left) else right
    return np.sort(np.concatenate([left, right]), kind="stable")


def _united(left: NDArray, right: NDArray) -> tuple[NDArray, NDArray]:
    """The union of two sorted sets, and what `right` has more than `left`."""
    if len(right) * _FEW < len(left):
        fresh = kernels.subtract(right, left)
        return merged(left, fresh), fresh
    # To merge two runs costs a fifth of looking each value up.
    both = merged(left, right)
    again = both[1:] == both[:-1]
    common = both[1:][again]
    if not len(common):
        return both, right
    kept = np.ones(len(both), bool)
    kept[1:] = ~again
    return both[kept], _without(right, common)


def _without(values: NDArray, some: NDArray) -> NDArray:
    """A sorted set without `some` of its own."""
    both = merged(values, some)
    again = both[1:] == both[:-1]
    single = np.ones(len(both), bool)
    single[1:] = ~again
    single[:-1] &= ~again
    return both[single]


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
        return self._flags.take(ids)

    @cached_property
    def _flags(self) -> NDArray[np.bool_]:
        flags = np.zeros(self.bound, bool)
        flags[self.rows] = True
        return flags

    def meets(self, other: Members) -> bool:
        """Whether both have a member in common."""
        small, large = sorted((self, other), key=len)
        if not len(small):
            return False
        if not isinstance(large, Literals) and (
            small.rows[-1] < large.rows[0] or large.rows[-1] < small.rows[0]
        ):
            return False
        return bool(large.holds(small.rows).any())

    def naming(self, ids: Ids, flags: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """Which rows are among `ids`, which have `flags`; None where none is."""
        found = flags.take(self.rows)
        return found if found.any() else None

    def extended(self, parts: Sequence[Ids]) -> tuple[Members, Ids]:
        """The table with ids in any order added, and those that are new, sorted."""
        if (len(self.rows) + sum(map(len, parts))) * _DENSE < self.bound:
            ids = kernels.distinct(np.concatenate(parts))
            fresh = kernels.subtract(ids, self.rows)
            return (Members(merged(self.rows, fresh), self.bound) if len(fresh) else self), fresh
        flags = np.zeros(self.bound, bool)
        for part in parts:
            flags[part] = True
        flags[self.rows] = False
        fresh = np.flatnonzero(flags).astype(np.uint32)
        if not len(fresh):
            return self, fresh
        if len(self.rows):
            flags[self.rows] = True
            return Members(np.flatnonzero(flags).astype(np.uint32), self.bound), fresh
        return Members(fresh, self.bound), fresh


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
    """The pairs of one predicate, with both orders and an offset table for joins with many keys.

    `relation` is what the rows are of, where it can be asked for the other order.
    """

    def __init__(
        self, rows: Pairs, bound: int, *, inverse: Pairs | None = None, relation: Relation | None = None
    ) -> None:
        self.rows = rows
        self.bound = bound
        self._relation = relation
        if inverse is not None:
            self.inverse = inverse

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def inverse(self) -> Pairs:
        """The pairs as ``o << 32 | s``, sorted."""
        return kernels.swap(self.rows) if self._relation is None else self._relation.inverse

    @cached_property
    def _index(self) -> _Index:
        return _Index.of(self.rows, self.bound)

    @cached_property
    def _inverse_index(self) -> _Index:
        return _Index.of(self.inverse, self.bound)

    def objects(self, subjects: Ids) -> tuple[NDArray[np.int64], Ids]:
        """(row of the subject, object) for each subject."""
        if len(subjects) * _DENSE < self.bound:
            return kernels.expand(self.rows, subjects)
        return self._index.expand(self.rows, subjects)

    def holds(self, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether it is here."""
        return kernels.contains(self.rows, pairs)

    def fanout(self, subjects: Ids | None, objects: Ids | None) -> int:
        """About how many rows there are for known subjects, or objects; exact for a single one."""
        if subjects is not None and len(subjects) == 1:
            return int(kernels.degree(self.rows, subjects)[0])
        if objects is not None and len(objects) == 1:
            if "inverse" not in self.__dict__:
                return int(np.count_nonzero(self._with_object(objects)))
            return int(kernels.degree(self.inverse, objects)[0])
        return len(self)

    def subjects(self, objects: Ids) -> tuple[NDArray[np.int64], Ids]:
        """(row of the object, subject) for each object."""
        if len(objects) == 1 and "inverse" not in self.__dict__:
            found = kernels.heads(self.rows[self._with_object(objects)])
            return np.zeros(len(found), np.int64), found
        if len(objects) * _DENSE < self.bound:
            return kernels.expand(self.inverse, objects)
        return self._inverse_index.expand(self.inverse, objects)

    def naming(self, ids: Ids, flags: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
        """Which rows name one of `ids`, which have `flags`; None where none does."""
        found = flags.take((self.rows & _LOW).view(np.int64))
        if kernels.degree(self.rows, ids).any():
            found |= flags[kernels.heads(self.rows)]
        return found if found.any() else None

    def extended(self, parts: Sequence[Pairs]) -> tuple[Links, Pairs]:
        """The table with pairs in any order added, and those that are new, sorted."""
        pairs = kernels.distinct(np.concatenate(parts) if len(parts) > 1 else parts[0])
        rows, fresh = _united(self.rows, pairs)
        if not len(fresh):
            return self, fresh
        inverse = merged(self.inverse, kernels.swap(fresh)) if "inverse" in self.__dict__ else None
        return Links(rows, self.bound, inverse=inverse), fresh

    def _with_object(self, objects: Ids) -> NDArray[np.bool_]:
        return kernels.tails(self.rows) == objects[0]


@dataclass(frozen=True, slots=True)
class _Index:
    """Where the pairs of each head begin, and how many there are."""

    begin: NDArray[np.uint32]
    count: NDArray[np.uint32]

    @classmethod
    def of(cls, pairs: Pairs, bound: int) -> _Index:
        made = cls(np.zeros(bound, np.uint32), np.zeros(bound, np.uint32))
        if len(pairs):
            heads = kernels.heads(pairs)
            first = np.flatnonzero(heads[1:] != heads[:-1]) + 1
            first = np.concatenate(([0], first))
            made.begin[heads[first]] = first
            made.count[heads[first]] = np.diff(first, append=len(pairs))
        return made

    def expand(self, pairs: Pairs, keys: Ids) -> tuple[NDArray[np.int64], Ids]:
        """`kernels.expand`, for many keys."""
        begin, counts = self.begin.take(keys), self.count.take(keys)
        if not len(keys) or counts.max() < 2:
            row = np.flatnonzero(counts)
            return row, kernels.tails(pairs[begin[row]])
        row = np.repeat(np.arange(len(keys)), counts)
        offsets = np.cumsum(counts, dtype=np.int64) - counts
        return row, kernels.tails(pairs[np.arange(len(row)) + (begin - offsets)[row]])


class Tables:
    """All tables of a view, made when a rule first asks for one; `ranges` are the keys of data ranges."""

    def __init__(
        self,
        view: Relations,
        kind: int,
        bound: int,
        datatypes: Datatypes | None = None,
        ranges: Iterable[int] = (),
    ) -> None:
        self.bound = bound
        self.kind = kind
        self.view = view
        self._tables: dict[int, Members | Links] = {}
        if datatypes is not None:
            self._tables |= {key: Literals(datatypes, key - CLASS, bound) for key in ranges}

    def members(self, key: int) -> Members:
        """The table of a class."""
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = Members(self._of_class.get(key, NO_IDS), self.bound)
        return table  # type: ignore[return-value]

    def links(self, key: int) -> Links:
        """The table of a predicate."""
        table = self._tables.get(key)
        if table is None:
            relation = self.view.get_relation(key)
            table = self._tables[key] = Links(relation.pairs, self.bound, relation=relation)
        return table  # type: ignore[return-value]

    def __getitem__(self, key: int) -> Members | Links:
        table = self._tables.get(key)
        if table is None:
            table = self.members(key) if key >= CLASS else self.links(key)
        return table

    def exchange(self, key: int, table: Members | Links) -> None:
        """Exchange a table."""
        self._tables[key] = table

    def known(self) -> dict[int, Members | Links]:
        """The tables of stored facts made so far."""
        return {key: table for key, table in self._tables.items() if not isinstance(table, Literals)}

    def original(self, key: int) -> NDArray:
        """The rows that the view has for a table."""
        return self._of_class.get(key, NO_IDS) if key >= CLASS else self.view.get_relation(key).pairs

    def present(self) -> Iterator[int]:
        """The keys of the tables that the view has rows for."""
        yield from self._of_class
        yield from self.view

    @cached_property
    def _of_class(self) -> dict[int, Ids]:
        """The members that the view has, by the key of their class."""
        return by_class(self.view.get_relation(self.kind).inverse)


def by_class(types: Pairs) -> dict[int, Ids]:
    """Members by the key of their class, of sorted pairs (class, member).

    >>> by_class(kernels.pack(np.array([3, 3]), np.array([7, 8])))[CLASS + 3]
    array([7, 8], dtype=uint32)
    """
    if not len(types):
        return {}
    classes, members = kernels.heads(types), kernels.tails(types)
    begins = np.flatnonzero(np.concatenate(([True], classes[1:] != classes[:-1])))
    ends = [*begins[1:].tolist(), len(types)]
    return {
        CLASS + int(classes[begin]): members[begin:end]
        for begin, end in zip(begins.tolist(), ends, strict=True)
    }


def table_of(key: int, rows: NDArray, bound: int) -> Members | Links:
    """A table of its own for rows of `key`."""
    return Members(rows, bound) if key >= CLASS else Links(rows, bound)


def no_rows(key: int) -> NDArray:
    """The empty rows of a key's table."""
    return NO_IDS if key >= CLASS else NO_PAIRS
