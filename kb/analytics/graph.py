"""The graph that a query reads: per predicate its pairs, with places for look-ups by either end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import Pairs, contains, heads, pack, swap, tails
from .algebra import Path
from .tables import Places
from .terms import Ids, Terms


class Side:
    """Sorted pairs, looked up by their heads."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    @cached_property
    def heads(self) -> Ids:
        """The heads, ascending."""
        return heads(self.pairs).astype(np.int64)

    @cached_property
    def tails(self) -> Ids:
        """Aligned with `heads`."""
        return tails(self.pairs).astype(np.int64)

    @cached_property
    def keys(self) -> int:
        """How many different heads there are."""
        found = self.heads
        return int(np.count_nonzero(found[1:] != found[:-1])) + 1 if len(found) else 0

    @cached_property
    def _starts(self) -> tuple[int, NDArray[np.int64] | None]:
        """The first head, and where each head from it on begins; None where heads lie too far apart."""
        found = self.heads
        low, high = int(found[0]), int(found[-1])
        if high - low > 32 * len(found) + 100_000:
            return low, None
        starts = np.zeros(high - low + 3, np.int64)
        np.cumsum(np.bincount(found - low), out=starts[1:-1])
        starts[-1] = len(found)
        return low, starts

    def span(self, keys: Ids) -> tuple[Places, Places]:
        """Where the pairs of each key begin and end."""
        if not len(self.pairs):
            return np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
        low, starts = self._starts
        if starts is None or len(keys) < 4:
            return self.heads.searchsorted(keys), self.heads.searchsorted(keys, "right")
        last = len(starts) - 2
        places = np.where((keys < low) | (keys > low + last), last, keys - low)
        return starts[places], starts[places + 1]

    def of(self, key: int) -> Ids:
        """The tails of one key."""
        begin, end = self.heads.searchsorted([key, key + 1])
        return self.tails[begin:end]

    def count(self, key: int) -> int:
        """How many tails one key has."""
        begin, end = self.heads.searchsorted([key, key + 1])
        return int(end - begin)


class Edges:
    """The pairs of a predicate or a path, both ways."""

    def __init__(self, pairs: Pairs, turned: Callable[[], Pairs] | None = None) -> None:
        self.forward = Side(pairs)
        self._turned = turned

    def __len__(self) -> int:
        return len(self.forward.pairs)

    @cached_property
    def backward(self) -> Side:
        """The pairs by object."""
        return Side(self._turned() if self._turned else swap(self.forward.pairs))

    def holds(self, subjects: Ids, objects: Ids) -> NDArray[np.bool_]:
        """Whether each pair is there."""
        return contains(self.forward.pairs, pack(subjects, objects))


class Graph:
    """One view of a snapshot; `pairs_of` gives the pairs of a predicate by its id."""

    def __init__(
        self, terms: Terms, pairs_of: Callable[[int], Pairs], predicates: Callable[[], Iterable[int]]
    ) -> None:
        self.terms = terms
        self._pairs_of = pairs_of
        self._predicates = predicates
        self._edges: dict[int, Edges] = {}
        self.paths: dict[Path, Edges] = {}
        """Paths between all nodes, as far as they were asked for."""

    @cached_property
    def predicates(self) -> list[int]:
        """The ids of the predicates that have pairs."""
        return sorted(one for one in self._predicates() if len(self.edges(one)))

    @cached_property
    def nodes(self) -> Ids:
        """The ids of all subjects and objects, ascending."""
        seen = np.zeros(len(self.terms), bool)
        for one in self.predicates:
            seen[self.edges(one).forward.heads] = True
            seen[self.edges(one).forward.tails] = True
        return np.flatnonzero(seen)

    def edges(self, predicate: int) -> Edges:
        """The pairs of one predicate."""
        if predicate not in self._edges:
            self._edges[predicate] = Edges(self._pairs_of(predicate))
        return self._edges[predicate]
