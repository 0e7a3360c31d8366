"""The kernels of the house: set operations, joins and closure over packed pairs.

A pair of 32-bit ids is packed as ``head << 32 | tail`` in a uint64; a *set of pairs* is a sorted array of
distinct packed pairs. Reasoning, validation, analytics and mining are all written over these functions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.uint32]
Pairs = NDArray[np.uint64]

NO_ID = 0
NO_PAIRS: Pairs = np.empty(0, np.uint64)
NO_PAIRS.flags.writeable = False
FEW = 12
"""So many rows are looked at one by one: a call of numpy costs as much as ten of them."""

_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


def pack(heads: NDArray[np.integer], tails: NDArray[np.integer]) -> Pairs:
    """Pack two aligned id arrays; the result has their order.

    >>> pack(np.array([1, 2]), np.array([7, 9])) >> np.uint64(32)
    array([1, 2], dtype=uint64)
    """
    return (np.asarray(heads).astype(np.uint64) << _SHIFT) | np.asarray(tails).astype(np.uint64)


def heads(pairs: Pairs) -> Ids:
    """The upper ids of packed pairs."""
    return (pairs >> _SHIFT).astype(np.uint32)


def tails(pairs: Pairs) -> Ids:
    """The lower ids of packed pairs."""
    return pairs.astype(np.uint32)


def distinct(values: NDArray) -> NDArray:
    """Sort and drop repeats (faster than ``np.unique`` on input that is sorted already).

    >>> distinct(np.array([3, 1, 3]))
    array([1, 3])
    """
    if len(values) < 2:
        return values
    if len(values) <= FEW:
        some = values.tolist()
        each = sorted(set(some))
        return values if each == some else np.array(each, values.dtype)
    if not (values[:-1] < values[1:]).all():
        values = np.sort(values)
        values = values[np.concatenate(([True], values[1:] != values[:-1]))]
    return values


def swap(pairs: Pairs) -> Pairs:
    """The inverse set: heads and tails change places, sorted anew.

    >>> tails(swap(pack(np.array([1, 2]), np.array([9, 7]))))
    array([2, 1], dtype=uint32)
    """
    return np.sort((pairs << _SHIFT) | (pairs >> _SHIFT))


def contains(pairs: NDArray, values: NDArray) -> NDArray[np.bool_]:
    """For each of `values`, whether it is in the sorted array `pairs` (ids or packed pairs)."""
    if not len(pairs):
        return np.zeros(len(values), bool)
    places = pairs.searchsorted(values)
    return pairs[np.minimum(places, len(pairs) - 1)] == values


def unite(left: NDArray, right: NDArray) -> NDArray:
    """The union of two sorted sets.

    >>> unite(np.array([1, 5]), np.array([2, 5]))
    array([1, 2, 5])
    """
    if not len(left):
        return right
    if not len(right):
        return left
    if len(left) + len(right) <= FEW:
        return distinct(np.concatenate([left, right]))
    fresh = right[~contains(left, right)]
    if not len(fresh):
        return left
    return insert(left, left.searchsorted(fresh), fresh)


def insert(values: NDArray, places: NDArray[np.integer], others: NDArray) -> NDArray:
    """`values` with `others` before the rows at `places` (ascending): ``np.insert`` with less ado.

    >>> insert(np.array([1, 5]), np.array([1, 1]), np.array([2, 3]))
    array([1, 2, 3, 5])
    """
    if not len(others):
        return values
    made = np.empty(len(values) + len(others), values.dtype)
    theirs = places + np.arange(len(others))
    mine = np.ones(len(made), bool)
    mine[theirs] = False
    made[theirs], made[mine] = others, values
    return made


def subtract(left: NDArray, right: NDArray) -> NDArray:
    """What `left` has and `right` lacks.

    >>> subtract(np.array([1, 2, 5]), np.array([2]))
    array([1, 5])
    """
    if not len(left) or not len(right):
        return left
    if len(left) + len(right) <= FEW:
        gone = set(right.tolist())
        kept = [one for one in left.tolist() if one not in gone]
        return left if len(kept) == len(left) else np.array(kept, left.dtype)
    return left[~contains(right, left)]


def intersect(left: NDArray, right: NDArray) -> NDArray:
    """What both sorted sets have.

    >>> intersect(np.array([1, 2, 5]), np.array([2, 7]))
    array([2])
    """
    small, large = (left, right) if len(left) <= len(right) else (right, left)
    return small[contains(large, small)]


def span(pairs: Pairs, keys: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the pairs of each key begin and end: two arrays of row numbers, half-open."""
    wide = np.asarray(keys).astype(np.uint64) << _SHIFT
    return pairs.searchsorted(wide), pairs.searchsorted(wide | _LOW, "right")


def degree(pairs: Pairs, keys: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many tails each key has.

    >>> degree(pack(np.array([1, 1, 2]), np.array([4, 5, 4])), np.array([1, 3]))
    array([2, 0])
    """
    begin, end = span(pairs, keys)
    return end - begin


def expand(pairs: Pairs, keys: NDArray[np.integer]) -> tuple[NDArray[np.int64], Ids]:
    """Join keys with pairs: for each key all its tails, as (row of the key, tail), in the keys' order.

    >>> row, tail = expand(pack(np.array([1, 1, 2]), np.array([4, 5, 6])), np.array([2, 1]))
    >>> row, tail
    (array([0, 1, 1]), array([6, 4, 5], dtype=uint32))
    """
    begin, end = span(pairs, keys)
    counts = end - begin
    if not counts.any():
        return np.empty(0, np.int64), np.empty(0, np.uint32)
    row = np.arange(len(counts)).repeat(counts)
    offsets = np.arange(len(row)) - (counts.cumsum() - counts)[row]
    return row, tails(pairs[begin[row] + offsets])


def tails_of(pairs: Pairs, key: int) -> Ids:
    """The tails of one key, sorted.

    >>> tails_of(pack(np.array([1, 1, 2]), np.array([4, 5, 6])), 1)
    array([4, 5], dtype=uint32)
    """
    begin, end = span(pairs, np.array([key], np.uint64))
    return tails(pairs[begin[0] : end[0]])


def semijoin(pairs: Pairs, keys: NDArray[np.integer]) -> Pairs:
    """The pairs whose head is in the sorted array `keys`.

    >>> heads(semijoin(pack(np.array([1, 2, 3]), np.array([4, 5, 6])), np.array([1, 3], np.uint32)))
    array([1, 3], dtype=uint32)
    """
    return pairs[contains(np.asarray(keys), heads(pairs))]


def reach(pairs: Pairs, starts: NDArray[np.integer]) -> Pairs:
    """All (start, reached) with at least one step over `pairs`; ends on cycles too.

    >>> tails(reach(pack(np.array([1, 2]), np.array([2, 3])), np.array([1])))
    array([2, 3], dtype=uint32)
    """
    starts = np.asarray(starts)
    row, tail = expand(pairs, starts)
    frontier = distinct(pack(starts[row], tail))
    found = frontier
    while len(frontier):
        row, tail = expand(pairs, tails(frontier))
        frontier = subtract(distinct(pack(heads(frontier)[row], tail)), found)
        found = unite(found, frontier)
    return found


def closure(pairs: Pairs) -> Pairs:
    """The transitive closure.

    >>> len(closure(pack(np.array([1, 2, 3]), np.array([2, 3, 1]))))
    9
    """
    return reach(pairs, distinct(heads(pairs)))
