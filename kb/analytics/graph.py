"""The graph that a query reads: per predicate its pairs, with places for look-ups by either end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import (
    NO_PAIRS,
    Pairs,
    contains,
    degree,
    distinct,
    heads,
    insert,
    pack,
    span,
    subtract,
    swap,
    tails,
    unite,
)
from .algebra import Path
from .tables import Places
from .terms import Ids, Terms


class Side:
    """Sorted pairs, looked up by their heads."""

    def __init__(self, pairs: Pairs) -> None:
        self.pairs = pairs

    def changed(self, gained: Pairs, lost: Pairs) -> Side:
        """These pairs without those that were `lost`, with others (sorted)."""
        gone = self.pairs.searchsorted(lost)
        at = self.pairs.searchsorted(gained)
        at -= gone.searchsorted(at)

        def after(values: NDArray, fresh: NDArray) -> NDArray:
            return insert(np.delete(values, gone), at, fresh)

        made = Side(after(self.pairs, gained))
        for name, ends in (("heads", heads), ("tails", tails)):
            if name in self.__dict__:
                made.__dict__[name] = after(self.__dict__[name], ends(gained))
        return made

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
            return span(self.pairs, keys)
        last = len(starts) - 2
        places = np.where((keys < low) | (keys > low + last), last, keys - low)
        return starts[places], starts[places + 1]

    def count(self, key: int) -> int:
        """How many tails one key has."""
        return int(degree(self.pairs, np.array([key]))[0])


class Edges:
    """The pairs of a predicate or a path, both ways."""

    def __init__(self, pairs: Pairs, turned: Callable[[], Pairs] | None = None) -> None:
        self.forward = Side(pairs)
        self._turned = turned

    def __len__(self) -> int:
        return len(self.forward.pairs)

    def changed(self, gained: Pairs, lost: Pairs) -> Edges:
        """These without those that were `lost`, with others (sorted)."""
        made = Edges(NO_PAIRS)
        made.forward = self.forward.changed(gained, lost)
        if "backward" in self.__dict__:
            made.__dict__["backward"] = self.backward.changed(swap(gained), swap(lost))
        return made

    def settle(self) -> None:
        """Make now what look-ups would make."""
        for side in (self.forward, self.__dict__.get("backward")):
            if side is not None and len(side.pairs):
                side.keys, side._starts  # noqa: B018

    @cached_property
    def backward(self) -> Side:
        """The pairs by object."""
        return Side(self._turned() if self._turned else swap(self.forward.pairs))

    def holds(self, subjects: Ids, objects: Ids) -> NDArray[np.bool_]:
        """Whether each pair is there."""
        return contains(self.forward.pairs, pack(subjects, objects))


@dataclass(frozen=True)
class Change:
    """What pairs came and went, each sorted; what is in both is there."""

    gained: Pairs
    lost: Pairs

    def then(self, later: Change) -> Change:
        """Both, one behind the other."""
        return Change(
            unite(subtract(self.gained, later.lost), later.gained),
            unite(self.lost, subtract(later.lost, self.gained)),
        )


class Graph:
    """One view of a snapshot; `pairs_of` gives the pairs of a predicate by its id."""

    def __init__(
        self, terms: Terms, pairs_of: Callable[[int], Pairs], predicates: Callable[[], Iterable[int]]
    ) -> None:
        self.terms = terms
        self._pairs_of = pairs_of
        self._predicates = predicates
        self._edges: dict[int, Edges] = {}
        # What is to be done to edges before they are right.
        self._changes: dict[int, Change] = {}
        self.paths: dict[Path, Edges] = {}
        """Paths between all nodes, as far as they were asked for."""
        # The nodes of an earlier snapshot, and what came and went since.
        self._earlier: tuple[Ids, tuple[Change, ...]] | None = None

    def take_over(self, earlier: Graph, changes: Mapping[int, Change | None]) -> None:
        """Keep what is known of an earlier snapshot; `changes` are those since by predicate, None for unknown ones."""
        self._edges = {key: one for key, one in earlier._edges.items() if changes.get(key, True)}
        for key in self._edges:
            parts = [one for one in (earlier._changes.get(key), changes.get(key)) if one]
            if parts:
                self._changes[key] = reduce(Change.then, parts)
        changed = {self.terms.texts(np.array([key]))[0].as_py() for key in changes}
        self.paths = {path: one for path, one in earlier.paths.items() if not _reads(path, changed)}
        known = (earlier.nodes, ()) if "nodes" in earlier.__dict__ else earlier._earlier
        if known is not None and None not in changes.values():
            self._earlier = known[0], (*known[1], *filter(None, changes.values()))

    def settle(self) -> None:
        """Do now what would be done when edges are asked for."""
        for key in list(self._changes):
            self.edges(key).settle()
        if self._earlier is not None:
            self.nodes  # noqa: B018

    @cached_property
    def predicates(self) -> list[int]:
        """The ids of the predicates that have pairs."""
        return sorted(one for one in self._predicates() if len(self.edges(one)))

    @cached_property
    def nodes(self) -> Ids:
        """The ids of all subjects and objects, ascending."""
        if self._earlier is not None:
            nodes, changes = self._earlier
            came, went = (
                distinct(
                    np.concatenate([end(one) for one in some for end in (heads, tails)]).astype(np.int64)
                )
                for some in (
                    [NO_PAIRS, *(one.gained for one in changes)],
                    [NO_PAIRS, *(one.lost for one in changes)],
                )
            )
            there = unite(subtract(nodes, went), subtract(came, went))
            return unite(there, went[self._occur(went)])
        seen = np.zeros(len(self.terms), bool)
        for one in self.predicates:
            seen[self.edges(one).forward.heads] = True
            seen[self.edges(one).forward.tails] = True
        return np.flatnonzero(seen)

    def _occur(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of `ids` are nodes."""
        seen = np.zeros(len(self.terms), bool)
        if len(ids):
            wanted = seen.copy()
            wanted[ids] = True
            for one in self.predicates:
                for ends in (self.edges(one).forward.heads, self.edges(one).forward.tails):
                    seen[ends[wanted[ends]]] = True
        return seen[ids]

    def edges(self, predicate: int) -> Edges:
        """The pairs of one predicate."""
        if predicate not in self._edges:
            self._edges[predicate] = Edges(self._pairs_of(predicate))
        elif predicate in self._changes:
            change = self._changes.pop(predicate)
            self._edges[predicate] = self._edges[predicate].changed(change.gained, change.lost)
        return self._edges[predicate]


def _reads(path: Path, predicates: set[str]) -> bool:
    """Whether a path is another one where predicates are."""
    return (
        path.operator in "*?!" or path.iri in predicates or any(_reads(one, predicates) for one in path.parts)
    )
