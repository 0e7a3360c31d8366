"""Layers: sorted packed pairs with a number each, as a large base under a small overlay.

A change costs what the overlay costs: nothing of the base is copied or read as a whole. An overlay says what is
different from the base: (pair, number), the number 0 for a pair that is gone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .kernels import NO_PAIRS, Ids, Pairs, contains, distinct, expand, insert, pack, swap

Numbers = NDArray[np.uint32]
NO_NUMBERS: Numbers = np.empty(0, np.uint32)
NO_NUMBERS.flags.writeable = False

# A base of so few rows is merged with every change: that costs no more than an overlay.
_AT_ONCE = 1024
# An overlay is merged when it is an eighth of its base, but not before the least; beyond the most, a merge pays.
_LEAST, _MOST = 4096, 32_768


class Base:
    """Sorted distinct packed pairs and, aligned, a number for each; none in a `bare` one, where presence is all.

    >>> base = Base(pack(np.array([1, 2]), np.array([8, 7])), np.array([3, 4], np.uint32))
    >>> base.find(pack(np.array([2, 2]), np.array([7, 8])))
    array([4, 0], dtype=uint32)
    """

    def __init__(self, pairs: Pairs = NO_PAIRS, numbers: Numbers = NO_NUMBERS, *, bare: bool = False) -> None:
        self.pairs = pairs
        self.numbers = numbers
        self.bare = bare
        # In which files the arrays lie, for those who write the next snapshot.
        self.kept: Mapping[str, tuple[str, int, int]] = {}

    def __len__(self) -> int:
        return len(self.pairs)

    def find(self, pairs: Pairs) -> Numbers:
        """The number of each of `pairs`, 0 for those that are not here; in a bare base 1 for those that are."""
        places, hit = self.places(pairs)
        numbers = hit.astype(np.uint32)
        if not self.bare:
            numbers[hit] = self.numbers[places[hit]]
        return numbers

    def places(self, pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Where each of `pairs` is or would be, and whether it is there."""
        places = self.pairs.searchsorted(pairs)
        if not len(self.pairs):
            return places, np.zeros(len(pairs), bool)
        return places, self.pairs[np.minimum(places, len(self.pairs) - 1)] == pairs

    def under(self, heads: Ids) -> Pairs:
        """The pairs whose head is among `heads` (sorted, distinct)."""
        row, tail = expand(self.pairs, heads)
        return pack(heads[row], tail)

    def under_overlay(self, overlay: Base) -> Base:
        """This base as `overlay` changes it."""
        places, there = self.places(overlay.pairs)
        left = overlay.numbers > 0
        gone, fresh, changed = places[there & ~left], ~there & left, there & left
        at = places[fresh] - np.searchsorted(gone, places[fresh])
        pairs = insert(np.delete(self.pairs, gone), at, overlay.pairs[fresh])
        if self.bare:
            return Base(pairs, bare=True)
        numbers = np.array(self.numbers)
        numbers[places[changed]] = overlay.numbers[changed]
        return Base(pairs, insert(np.delete(numbers, gone), at, overlay.numbers[fresh]))

    @cached_property
    def inverse(self) -> Pairs:
        """The pairs as ``tail << 32 | head``, sorted; made once for all states that share the base."""
        return swap(self.pairs)

    @cached_property
    def sorted_rows(self) -> memoryview:
        """The pairs for look-ups one by one, which need no arrays then."""
        return self.pairs.data

    @cached_property
    def turned_rows(self) -> memoryview:
        """`inverse` in the same way."""
        return self.inverse.data

    @cached_property
    def counts(self) -> dict[int, int]:
        """How many rows have each number; all have 1 in a bare base."""
        return {1: len(self)} if self.bare else _counts(self.numbers)


@dataclass(frozen=True)
class Written:
    """What was written of a state, as long as its layers lie where they did: they are `kept` there."""

    base: Mapping[str, tuple[str, int, int]]
    overlay: Mapping[str, tuple[str, int, int]]
    text: str


class Layered:
    """A base under an overlay; immutable. `origin` is the state that a merge was made of.

    >>> layered = Layered(Base(pack(np.array([1, 2]), np.array([8, 7])), np.array([3, 4], np.uint32)))
    >>> changed = layered.put(pack(np.array([1, 5]), np.array([8, 5])), np.array([0, 6], np.uint32))
    >>> len(changed), changed.numbers
    (2, array([4, 6], dtype=uint32))
    """

    def __init__(
        self,
        base: Base,
        overlay: Base | None = None,
        *,
        size: int | None = None,
        origin: Layered | None = None,
    ) -> None:
        self.base = base
        self.overlay = overlay or Base()
        self.origin = origin
        # For those who write the next snapshot: most states are in many.
        self.written: Written | None = None
        if size is None:
            there = np.count_nonzero(base.find(self.overlay.pairs))
            size = len(base) + int(np.count_nonzero(self.overlay.numbers)) - int(there)
        self._size = size

    def __len__(self) -> int:
        return self._size

    @cached_property
    def due(self) -> bool:
        """Whether the overlay has grown so large that a merge pays."""
        return len(self.overlay) > min(_bound(self.base), _MOST)

    @property
    def pairs(self) -> Pairs:
        """All pairs, sorted."""
        return self._whole.pairs

    @property
    def numbers(self) -> Numbers:
        """Aligned with `pairs`; nothing where the base is bare."""
        return self._whole.numbers

    @cached_property
    def inverse(self) -> Pairs:
        """The pairs as ``tail << 32 | head``, sorted."""
        if not len(self.overlay):
            return self.base.inverse
        turned = self.overlay.pairs << np.uint64(32) | self.overlay.pairs >> np.uint64(32)
        order = np.argsort(turned)
        overlay = Base(turned[order], self.overlay.numbers[order])
        return Base(self.base.inverse, bare=True).under_overlay(overlay).pairs

    @cached_property
    def counts(self) -> dict[int, int]:
        """How many rows have each number."""
        counts = dict(self.base.counts)
        for number, count in _counts(self.overlay.numbers).items():
            counts[number] = counts.get(number, 0) + count
        for number, count in _counts(self.base.find(self.overlay.pairs)).items():
            counts[number] -= count
        return {number: count for number, count in counts.items() if count}

    def find(self, pairs: Pairs) -> Numbers:
        """The number of each of `pairs`, 0 for those that are not there."""
        numbers = self.base.find(pairs)
        if len(self.overlay):
            places, hit = self.overlay.places(pairs)
            numbers[hit] = self.overlay.numbers[places[hit]]
        return numbers

    def under(self, heads: Ids) -> tuple[Pairs, Numbers]:
        """The rows whose head is among `heads` (sorted, distinct): pairs, sorted, and their numbers."""
        pairs = self.base.under(heads)
        if len(self.overlay):
            pairs = distinct(np.concatenate([pairs, self.overlay.under(heads)]))
        numbers = self.find(pairs)
        return pairs[numbers > 0], numbers[numbers > 0]

    def pairs_under(self, heads: Ids) -> Pairs:
        """The pairs whose head is among `heads` (sorted, distinct), sorted."""
        return self.under(heads)[0] if len(self.overlay) else self.base.under(heads)

    def over(self, tails: Ids) -> Pairs:
        """The rows whose tail is among `tails` (sorted, distinct), as ``tail << 32 | head``, sorted."""
        row, head = expand(self.base.inverse, tails)
        turned = pack(tails[row], head)
        if not len(self.overlay):
            return turned
        row, head = expand(self.overlay.inverse, tails)
        if len(row):
            turned = distinct(np.concatenate([turned, pack(tails[row], head)]))
        return turned[self.find(turned << np.uint64(32) | turned >> np.uint64(32)) > 0]

    @cached_property
    def has(self) -> Callable[[int], bool]:
        """Whether one pair is here; ten times as quick as `find` for it alone, and it holds all that it looks at."""
        rows, size = self.base.sorted_rows, len(self.base)

        def below(pair: int) -> bool:
            place = bisect_left(rows, pair)
            return place < size and rows[place] == pair

        if not len(self.overlay):
            return below
        upper, count, numbers = self.overlay.sorted_rows, len(self.overlay), self.overlay.numbers

        def layered(pair: int) -> bool:
            place = bisect_left(upper, pair)
            return bool(numbers[place]) if place < count and upper[place] == pair else below(pair)

        return layered

    def tails_of(self, head: int) -> list[int]:
        """The tails of one head, in no order."""
        found = run_of(self.base.sorted_rows, head)
        if len(self.overlay) and (others := run_of(self.overlay.sorted_rows, head)):
            return [tail for tail in {*found, *others} if self.has(head << 32 | tail)]
        return found

    def may_have_tail(self, tail: int) -> bool:
        """False only where no pair has this tail."""
        return any(len(run_of(one.turned_rows, tail, 1)) for one in (self.base, self.overlay))

    def heads_of(self, tail: int) -> list[int]:
        """The heads of one tail, in no order."""
        found = run_of(self.base.turned_rows, tail)
        if len(self.overlay) and (others := run_of(self.overlay.turned_rows, tail)):
            return [head for head in {*found, *others} if self.has(head << 32 | tail)]
        return found

    def put(self, pairs: Pairs, numbers: Numbers) -> Layered:
        """This state but for `pairs` (sorted, distinct), which have `numbers` now; 0 takes a pair away."""
        below = self.base.find(pairs)
        at, hit = self.overlay.places(pairs)
        before = (
            np.where(hit, self.overlay.numbers[np.minimum(at, len(self.overlay) - 1)], below)
            if hit.any()
            else below
        )
        if np.array_equal(before, numbers):
            return self
        size = len(self) + int(np.count_nonzero(numbers)) - int(np.count_nonzero(before))
        others, other_numbers = self.overlay.pairs, self.overlay.numbers
        if hit.any():
            others, other_numbers = np.delete(others, at[hit]), np.delete(other_numbers, at[hit])
            at = others.searchsorted(pairs)
        different = numbers != below
        at = at[different]
        overlay = Base(insert(others, at, pairs[different]), insert(other_numbers, at, numbers[different]))
        if len(overlay) > _bound(self.base):
            return Layered(self.base.under_overlay(overlay), size=size)
        return Layered(self.base, overlay, size=size)

    def merged(self) -> Layered:
        """The same rows without an overlay."""
        return Layered(self._whole, size=len(self), origin=self) if len(self.overlay) else self

    def rebased(self, merged: Layered) -> Layered:
        """These rows over the base of `merged`, if that was made of an earlier state of these; else as they are."""
        origin = merged.origin
        if origin is None or origin.base is not self.base:
            return self
        pairs = distinct(np.concatenate([self.overlay.pairs, origin.overlay.pairs]))
        numbers = self.find(pairs)
        different = numbers != merged.base.find(pairs)
        return Layered(merged.base, Base(pairs[different], numbers[different]), size=len(self))

    def touched(self, other: Layered) -> Pairs:
        """All pairs that are in one of both states alone, and some that are in both; sorted."""
        if self is other:
            return NO_PAIRS
        mine, theirs = self.overlay, other.overlay
        if self.base is other.base:
            return distinct(np.concatenate([_unlike(mine, theirs), _unlike(theirs, mine)]))
        one, two = self.pairs, other.pairs
        return distinct(np.concatenate([one[~contains(two, one)], two[~contains(one, two)]]))

    @cached_property
    def _whole(self) -> Base:
        return self.base.under_overlay(self.overlay) if len(self.overlay) else self.base


def run_of(rows: memoryview, head: int, most: int | None = None) -> list[int]:
    """The tails of one head among sorted packed pairs, or only the first of them.

    >>> run_of(memoryview(pack(np.array([1, 1, 2]), np.array([4, 5, 6]))), 1)
    [4, 5]
    """
    begin = bisect_left(rows, head << 32)
    end = bisect_left(
        rows, head + 1 << 32, begin, len(rows) if most is None else min(begin + most, len(rows))
    )
    return [row & 0xFFFFFFFF for row in rows[begin:end].tolist()]


def _bound(base: Base) -> int:
    return 0 if len(base) <= _AT_ONCE else max(_LEAST, len(base) // 8)


def _counts(numbers: Numbers) -> dict[int, int]:
    found = np.bincount(numbers)
    return {int(number): int(found[number]) for number in np.flatnonzero(found) if number}


def _unlike(left: Base, right: Base) -> Pairs:
    """The pairs of an overlay about which another one says something else, or nothing."""
    places, hit = right.places(left.pairs)
    hit[hit] = right.numbers[places[hit]] == left.numbers[hit]
    return left.pairs[~hit]
