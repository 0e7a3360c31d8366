"""The pairs of one predicate in layers that are looked up and never gone through, and a small change on top."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import (
    FEW,
    NO_PAIRS,
    Ids,
    Pairs,
    contains,
    degree,
    distinct,
    expand,
    heads,
    pack,
    subtract,
    swap,
    unite,
)
from ..columns.layers import Layered, run_of

_LOW = 0xFFFFFFFF
_NONE: frozenset[int] = frozenset()
MANY = 64
"""So many rows are looked up one by one, more of them by arrays."""


def in_order(rows: Set[int], dtype: type = np.uint64) -> NDArray:
    """Rows as a sorted array.

    >>> in_order({7, 3})
    array([3, 7], dtype=uint64)
    """
    found: NDArray = np.fromiter(rows, dtype, len(rows))
    found.sort()
    return found


class Stack:
    """The pairs of one predicate: what several layers hold, without `gone`, with `fresh`."""

    def __init__(self, parts: Sequence[Layered], gone: Set[int] = _NONE, fresh: Set[int] = _NONE) -> None:
        self._parts = [one for one in parts if len(one)]
        self._has = [one.has for one in self._parts]
        self._named_as_subject: dict[int, bool] = {}
        self._named_as_object: dict[int, bool] = {}
        self.gone = gone
        self.fresh = fresh

    @cached_property
    def _gone_pairs(self) -> Pairs:
        return in_order(self.gone)

    @cached_property
    def _fresh_pairs(self) -> Pairs:
        return in_order(self.fresh)

    @cached_property
    def _gone_turned(self) -> Pairs:
        return swap(self._gone_pairs)

    @cached_property
    def _fresh_turned(self) -> Pairs:
        return swap(self._fresh_pairs)

    @cached_property
    def _fresh_tails(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for pair in self.fresh:
            found[pair >> 32].append(pair & _LOW)
        return found

    @cached_property
    def _fresh_heads(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for pair in self.fresh:
            found[pair & _LOW].append(pair >> 32)
        return found

    def __len__(self) -> int:
        """At least the number of pairs."""
        return self._size

    @cached_property
    def _size(self) -> int:
        return sum(map(len, self._parts)) + len(self.fresh)

    @cached_property
    def pairs(self) -> Pairs:
        """All of them, sorted: only for a rule that nothing narrows."""
        known = reduce(unite, (one.pairs for one in self._parts), NO_PAIRS)
        return unite(subtract(known, self._gone_pairs), self._fresh_pairs)

    @cached_property
    def subjects(self) -> Ids:
        """All subjects, sorted, each once."""
        return distinct(heads(self.pairs))

    def holds(self, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether it is here."""
        if len(pairs) <= FEW:
            return np.fromiter(map(self.has, pairs.tolist()), bool, len(pairs))
        found = np.zeros(len(pairs), bool)
        for one in self._parts:
            found |= one.find(pairs) > 0
        if self.gone:
            found &= ~contains(self._gone_pairs, pairs)
        return found | contains(self._fresh_pairs, pairs) if self.fresh else found

    def having(self, pairs: Set[int]) -> set[int]:
        """Those of `pairs` that are here."""
        if len(pairs) <= MANY:
            has = self.has
            return {pair for pair in pairs if has(pair)}
        some = in_order(pairs)
        return set(some[self.holds(some)].tolist())

    def has(self, pair: int) -> bool:
        """Whether one pair is here."""
        if pair in self.fresh:
            return True
        if pair in self.gone:
            return False
        for has in self._has:  # noqa: SIM110  A generator takes twice the time.
            if has(pair):
                return True
        return False

    def names(self, end: int, *, inverse: bool) -> bool:
        """Whether one id is the subject of any pair, or the object."""
        found = self._named_as_object if inverse else self._named_as_subject
        if end not in found:
            found[end] = any(self._naming(end, inverse=inverse))
        return found[end]

    def _naming(self, end: int, *, inverse: bool) -> Iterator[bool]:
        yield end in (self._fresh_heads if inverse else self._fresh_tails)
        for one in self._parts:
            for base in (one.base, one.overlay) if len(one.overlay) else (one.base,):
                rows = base.turned_rows if inverse else base.sorted_rows
                for place in range(bisect_left(rows, end << 32), len(rows)):
                    row = rows[place]
                    if row >> 32 != end:
                        break
                    pair = (row & _LOW) << 32 | end if inverse else row
                    if pair not in self.gone and (
                        (base is one.base and not len(one.overlay)) or one.has(pair)
                    ):
                        yield True

    def tails_of(self, subject: int, most: int) -> set[int] | None:
        """The objects of one subject; None where a layer has more than `most`."""
        found: set[int] = set()
        for one in self._parts:
            tails = run_of(one.base.sorted_rows, subject, most + 1)
            if len(tails) > most:
                return None
            found.update(one.tails_of(subject) if len(one.overlay) else tails)
        if self.gone:
            found = {one for one in found if subject << 32 | one not in self.gone}
        if self.fresh:
            found.update(self._fresh_tails.get(subject, ()))
        return found

    def heads_of(self, value: int, most: int) -> set[int] | None:
        """The subjects of one object; None where a layer has more than `most`."""
        found: set[int] = set()
        for one in self._parts:
            heads = run_of(one.base.turned_rows, value, most + 1)
            if len(heads) > most:
                return None
            found.update(one.heads_of(value) if len(one.overlay) else heads)
        if self.gone:
            found = {one for one in found if one << 32 | value not in self.gone}
        if self.fresh:
            found.update(self._fresh_heads.get(value, ()))
        return found

    def degree(self, end: int, *, inverse: bool, most: int = sys.maxsize) -> int:
        """About how many pairs one subject has, or one object; counted in each layer to `most`."""
        count = 0
        for one in self._parts:
            rows = one.base.turned_rows if inverse else one.base.sorted_rows
            begin = bisect_left(rows, end << 32)
            count += bisect_left(rows, end + 1 << 32, begin, min(begin + most, len(rows))) - begin
        return count

    def under(self, subjects: Ids) -> Pairs:
        """The pairs of `subjects` (sorted, distinct), sorted."""
        found = [one.pairs_under(subjects) for one in self._parts]
        return _patched(found, subjects, self._gone_pairs, self._fresh_pairs)

    def over(self, objects: Ids) -> Pairs:
        """The pairs of `objects` (sorted, distinct) as ``o << 32 | s``, sorted."""
        found = [one.over(objects) for one in self._parts]
        return _patched(found, objects, self._gone_turned, self._fresh_turned)

    def fanout(self, ids: Ids, *, inverse: bool) -> int:
        """About how many pairs `ids` have as subjects, or as objects."""
        bases = [one.base.inverse if inverse else one.base.pairs for one in self._parts]
        return sum(int(degree(one, ids).sum()) for one in bases)

    def patched(self, gone: Set[int], fresh: Set[int]) -> Stack:
        """These without some that are here, or with some that are not."""
        back, lately = self.gone & fresh, self.fresh & gone
        found = Stack((), (self.gone - back) | (gone - lately), (self.fresh - lately) | (fresh - back))
        found._parts, found._has = self._parts, self._has
        return found


def _patched(found: list[Pairs], keys: Ids, gone: Pairs, fresh: Pairs) -> Pairs:
    if len(fresh):
        row, tail = expand(fresh, keys)
        found.append(pack(keys[row], tail))
    found = [one for one in found if len(one)]
    if not found:
        return NO_PAIRS
    pairs = found[0] if len(found) == 1 else distinct(np.concatenate(found))
    return subtract(pairs, gone)
