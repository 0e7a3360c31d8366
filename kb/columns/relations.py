"""Relations: per predicate, the (subject, object) pairs of a view of the graph, sorted both ways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from .kernels import NO_PAIRS, Ids, Pairs, contains, distinct, heads, pack, subtract, swap, tails, unite

NO_SETS: NDArray[np.uint32] = np.empty(0, np.uint32)


class GraphSets:
    """The sets of graphs that rows lie in; a row carries the number of its set.

    >>> sets = GraphSets()
    >>> sets.members(sets.with_graph(np.array([0]), 7)[0])
    (7,)
    """

    def __init__(self, sets: Iterable[tuple[int, ...]] = ((),)) -> None:
        self.sets = list(sets)
        self._numbers = {members: number for number, members in enumerate(self.sets)}

    def members(self, number: int) -> tuple[int, ...]:
        """The graph ids of one set, ascending."""
        return self.sets[number]

    def with_graph(self, numbers: NDArray[np.integer], graph: int) -> NDArray[np.uint32]:
        """The sets that `numbers` become when `graph` joins them."""
        return self._changed(numbers, lambda members: tuple(sorted({*members, graph})))

    def without_graph(self, numbers: NDArray[np.integer], graph: int) -> NDArray[np.uint32]:
        """The sets that `numbers` become when `graph` leaves them."""
        return self._changed(numbers, lambda members: tuple(one for one in members if one != graph))

    def holding(self, graph: int) -> NDArray[np.bool_]:
        """By number of set, whether it holds `graph`."""
        return np.array([graph in members for members in self.sets], bool)

    def _changed(self, numbers: NDArray[np.integer], change) -> NDArray[np.uint32]:
        before, places = np.unique(numbers, return_inverse=True)
        after = np.array([self._number(change(self.sets[one])) for one in before], np.uint32)
        return after[places] if len(after) else NO_SETS

    def _number(self, members: tuple[int, ...]) -> int:
        if members not in self._numbers:
            self._numbers[members] = len(self.sets)
            self.sets.append(members)
        return self._numbers[members]


@dataclass(frozen=True)
class Relation:
    """The pairs of one predicate.

    `pairs` holds stored ids; `sets` (aligned) the graph set of each row, or nothing where graphs don't
    matter; `received` the packed (subject, object as received) of rows whose object was written otherwise.

    >>> relation = Relation(pack(np.array([1, 2]), np.array([8, 7])))
    >>> relation.objects, tails(relation.inverse)
    (array([8, 7], dtype=uint32), array([2, 1], dtype=uint32))
    """

    pairs: Pairs = field(default_factory=lambda: NO_PAIRS)
    sets: NDArray[np.uint32] = field(default_factory=lambda: NO_SETS)
    received: Pairs = field(default_factory=lambda: NO_PAIRS)

    def __len__(self) -> int:
        return len(self.pairs)

    @cached_property
    def inverse(self) -> Pairs:
        """The same rows as ``o << 32 | s``, sorted."""
        return swap(self.pairs)

    @property
    def subjects(self) -> Ids:
        """Subjects of `pairs`, with repeats."""
        return heads(self.pairs)

    @property
    def objects(self) -> Ids:
        """Objects of `pairs`, with repeats."""
        return tails(self.pairs)

    def as_received(self, stored: Ids) -> Pairs:
        """The pairs with objects as they were written; `stored` is the dictionary's column."""
        if not len(self.received):
            return self.pairs
        covered = distinct(pack(heads(self.received), stored[tails(self.received)]))
        return unite(subtract(self.pairs, covered), self.received)

    def added(self, pairs: Pairs, graph: int, sets: GraphSets, stored: Ids) -> Relation:
        """This relation with rows of `graph` (objects as received) added."""
        plain = distinct(pack(heads(pairs), stored[tails(pairs)]))
        known = contains(self.pairs, plain)
        places = np.searchsorted(self.pairs, plain)
        numbers = self.sets.copy()
        numbers[places[known]] = sets.with_graph(numbers[places[known]], graph)
        alone = sets.with_graph(np.zeros(1, np.uint32), graph)[0]
        fresh = places[~known]
        rewritten = pairs[stored[tails(pairs)] != tails(pairs)]
        return Relation(
            np.insert(self.pairs, fresh, plain[~known]) if len(fresh) else self.pairs,
            np.insert(numbers, fresh, alone) if len(fresh) else numbers,
            unite(self.received, rewritten),
        )

    def removed(self, pairs: Pairs, graph: int, sets: GraphSets, stored: Ids) -> Relation:
        """This relation without the rows `pairs` (stored ids) in `graph`; rows in other graphs stay."""
        places = np.searchsorted(self.pairs, pairs)[contains(self.pairs, pairs)]
        numbers = self.sets.copy()
        numbers[places] = sets.without_graph(numbers[places], graph)
        kept = numbers != 0
        left = self.pairs[kept]
        received = self.received
        if len(received):
            received = received[contains(left, pack(heads(received), stored[tails(received)]))]
        return Relation(left, numbers[kept], received)

    def of_graph(self, graph: int, sets: GraphSets) -> Pairs:
        """The pairs that lie in `graph`."""
        if not len(self.sets):
            return NO_PAIRS
        return self.pairs[sets.holding(graph)[self.sets]]


EMPTY = Relation()


class Relations(Mapping[int, Relation]):
    """Predicate id -> Relation.

    >>> len(Relations().get_relation(7))
    0
    """

    def __init__(self, relations: Mapping[int, Relation] | None = None) -> None:
        self._relations = {int(key): one for key, one in (relations or {}).items() if len(one)}

    @classmethod
    def of(cls, pairs: Mapping[int, Pairs]) -> Relations:
        """Relations of bare pairs.

        >>> Relations.of({7: pack(np.array([1]), np.array([2]))}).size
        1
        """
        return cls({predicate: Relation(some) for predicate, some in pairs.items()})

    def __getitem__(self, predicate: int) -> Relation:
        return self._relations[predicate]

    def __iter__(self) -> Iterator[int]:
        return iter(self._relations)

    def __len__(self) -> int:
        return len(self._relations)

    def get_relation(self, predicate: int) -> Relation:
        """The relation of a predicate, empty where it has no row."""
        return self._relations.get(predicate, EMPTY)

    @property
    def size(self) -> int:
        """Rows over all predicates."""
        return sum(len(one) for one in self._relations.values())

    def united(self, other: Relations) -> Relations:
        """The union of two views; graph sets are left behind."""
        shared = {
            key: Relation(
                unite(one.pairs, other[key].pairs), received=unite(one.received, other[key].received)
            )
            for key, one in self.items()
            if key in other
        }
        return Relations({**self._relations, **other._relations, **shared})

    def as_received(self, stored: Ids) -> Relations:
        """The same rows with objects as they were written: what validation judges."""
        return Relations(
            {
                key: Relation(one.as_received(stored)) if len(one.received) else one
                for key, one in self.items()
            }
        )
