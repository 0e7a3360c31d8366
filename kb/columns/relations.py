"""Relations: per predicate, the (subject, object) pairs of a view of the graph, sorted both ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from .kernels import FEW, NO_PAIRS, Ids, Pairs, contains, distinct, heads, pack, subtract, tails, unite
from .layers import NO_NUMBERS, Base, Layered, Numbers

StoredOf = Callable[[Ids], Ids]
"""``Dictionary.stored_of``."""
Graph = int | Ids
"""The graph that rows lie in, or the graph of each row."""


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

    def with_graph(self, numbers: NDArray[np.integer], graph: Graph) -> Numbers:
        """The sets that `numbers` become when `graph` joins them."""
        return self._changed(numbers, graph, lambda members, one: tuple(sorted({*members, one})))

    def without_graph(self, numbers: NDArray[np.integer], graph: Graph) -> Numbers:
        """The sets that `numbers` become when `graph` leaves them."""
        return self._changed(numbers, graph, lambda members, one: tuple(m for m in members if m != one))

    def holding(self, graph: int) -> NDArray[np.bool_]:
        """By number of set, whether it holds `graph`."""
        return np.array([graph in members for members in self.sets], bool)

    def hold(self, numbers: Numbers, graph: Graph) -> NDArray[np.bool_]:
        """For each of `numbers`, whether its set holds `graph`."""
        if isinstance(graph, int) and len(numbers) and (numbers == numbers[0]).all():
            return np.full(len(numbers), graph in self.sets[numbers[0]])
        cases, places = _cases(numbers, graph)
        return np.array([one in self.sets[number] for one, number in cases], bool)[places]

    def _changed(
        self,
        numbers: NDArray[np.integer],
        graph: Graph,
        change: Callable[[tuple[int, ...], int], tuple[int, ...]],
    ) -> Numbers:
        # The usual case, without sorting.
        if isinstance(graph, int) and len(numbers) and (numbers == numbers[0]).all():
            return np.full(len(numbers), self._number(change(self.sets[numbers[0]], graph)), np.uint32)
        cases, places = _cases(numbers, graph)
        return np.array([self._number(change(self.sets[n], one)) for one, n in cases], np.uint32)[places]

    def _number(self, members: tuple[int, ...]) -> int:
        if members not in self._numbers:
            self._numbers[members] = len(self.sets)
            self.sets.append(members)
        return self._numbers[members]


def _cases(numbers: NDArray[np.integer], graph: Graph) -> tuple[list[tuple[int, int]], NDArray[np.intp]]:
    """The different graphs and numbers that go together, and the place of each row's among them."""
    packed = pack(np.broadcast_to(graph, numbers.shape), numbers)
    cases, places = np.unique(packed, return_inverse=True)
    return list(zip(heads(cases).tolist(), tails(cases).tolist(), strict=True)), places


def at(graph: Graph, places: NDArray[np.integer] | NDArray[np.bool_]) -> Graph:
    """The graph of some of the rows.

    >>> at(7, np.array([0])), at(np.array([7, 8]), np.array([1]))
    (7, array([8]))
    """
    return graph if isinstance(graph, int) else graph[places]


class Relation:
    """The pairs of one predicate; immutable, and changed at the cost of the change.

    `rows` holds the pairs of stored ids with the number of each row's graph set, or bare where graphs don't
    matter. `forms` holds (subject, object as received) of rows whose object was written otherwise, with the
    number of the set of graphs in which it was written so. A row of one graph is written in one form.

    >>> relation = Relation(pack(np.array([1, 2]), np.array([8, 7])))
    >>> relation.objects, tails(relation.inverse)
    (array([8, 7], dtype=uint32), array([2, 1], dtype=uint32))
    """

    def __init__(
        self, pairs: Pairs = NO_PAIRS, sets: Numbers = NO_NUMBERS, received: Pairs = NO_PAIRS
    ) -> None:
        self.rows = Layered(Base(pairs, sets, bare=len(pairs) != len(sets)))
        self.forms = Layered(Base(received, bare=len(received) > 0))

    @classmethod
    def of(cls, rows: Layered, forms: Layered) -> Relation:
        """The relation of these rows and forms."""
        made = cls.__new__(cls)
        made.rows, made.forms = rows, forms
        return made

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def pairs(self) -> Pairs:
        """All pairs in stored ids, sorted; the first call after a change costs a merge."""
        return self.rows.pairs

    @property
    def sets(self) -> Numbers:
        """The number of each row's graph set, aligned with `pairs`; nothing where graphs don't matter."""
        return self.rows.numbers

    @property
    def received(self) -> Pairs:
        """(subject, object as received) of the rows whose object was written otherwise, sorted."""
        return self.forms.pairs

    @property
    def inverse(self) -> Pairs:
        """The same rows as ``o << 32 | s``, sorted."""
        return self.rows.inverse

    @property
    def subjects(self) -> Ids:
        """Subjects of `pairs`, with repeats."""
        return heads(self.pairs)

    @property
    def objects(self) -> Ids:
        """Objects of `pairs`, with repeats."""
        return tails(self.pairs)

    def holds(self, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether it is here; nothing is merged for it."""
        if len(pairs) <= FEW:
            return np.fromiter(map(self.rows.has, pairs.tolist()), bool, len(pairs))
        return self.rows.find(pairs) > 0

    def as_received(self, stored: Ids) -> Pairs:
        """The pairs with objects as they were written; `stored` is the dictionary's column."""
        if not len(self.forms):
            return self.pairs
        covered = distinct(pack(heads(self.received), stored[tails(self.received)]))
        return unite(subtract(self.pairs, covered), self.received)

    def added(self, pairs: Pairs, graph: Graph, sets: GraphSets, stored_of: StoredOf) -> Relation:
        """This relation with rows of `graph` added (objects as received, no two with one stored form)."""
        plain = pack(heads(pairs), stored_of(tails(pairs)))
        order = np.argsort(plain, kind="stable")  # Mostly in order already, which this kind makes use of.
        keys, owner = plain[order], at(graph, order)
        before, forms = self.rows.find(keys), self.forms
        if len(forms):
            held = sets.hold(before, owner)
            forms = self._forgotten(keys[held], at(owner, held), sets, stored_of)
        spelt = np.flatnonzero(pairs != plain)
        if len(spelt):
            spelt = spelt[np.argsort(pairs[spelt])]
            numbers = sets.with_graph(forms.find(pairs[spelt]), at(graph, spelt))
            forms = forms.put(pairs[spelt], numbers)
        return Relation.of(self.rows.put(keys, sets.with_graph(before, owner)), forms)

    def removed(self, pairs: Pairs, graph: Graph, sets: GraphSets, stored_of: StoredOf) -> Relation:
        """This relation without the rows `pairs` (stored ids, sorted) in `graph`; rows in other graphs stay."""
        before = self.rows.find(pairs)
        return Relation.of(
            self.rows.put(pairs, sets.without_graph(before, graph)),
            self._forgotten(pairs, graph, sets, stored_of),
        )

    def changed(self, gained: Pairs, lost: Pairs) -> Relation:
        """This relation of bare pairs with some `gained` and others `lost`.

        >>> Relation(pack(np.array([1, 2]), np.array([8, 7]))).changed(NO_PAIRS, pack([1], [8])).objects
        array([7], dtype=uint32)
        """
        rows = self.rows if len(self) else Layered(Base(bare=True))
        rows = rows.put(lost, np.zeros(len(lost), np.uint32)).put(gained, np.ones(len(gained), np.uint32))
        return Relation.of(rows, self.forms)

    def with_of(self, pairs: Pairs, wanted: NDArray[np.bool_]) -> Relation:
        """This relation of bare pairs, with those of `pairs` (sorted, distinct) alone that are `wanted`."""
        there = self.holds(pairs)
        if np.array_equal(there, wanted):
            return self
        return self.changed(pairs[wanted & ~there], pairs[there & ~wanted])

    def brought_to(self, pairs: Pairs) -> Relation:
        """The relation of these bare pairs, by way of what differs where that is little."""
        lost, gained = subtract(self.pairs, pairs), subtract(pairs, self.pairs)
        if len(lost) + len(gained) > len(pairs) // 8:
            return Relation(pairs)
        return self.changed(gained, lost) if len(lost) + len(gained) else self

    def in_graph(self, pairs: Pairs, graph: Graph, sets: GraphSets) -> NDArray[np.bool_]:
        """For each of `pairs` (stored ids), whether it lies in `graph`."""
        return sets.hold(self.rows.find(pairs), graph)

    def of_graph(self, graph: int, sets: GraphSets) -> Pairs:
        """The pairs that lie in `graph`."""
        if not len(self.sets):
            return NO_PAIRS
        return self.pairs[sets.holding(graph)[self.sets]]

    def written(self, pairs: Pairs, graph: Graph, sets: GraphSets, stored_of: StoredOf) -> Pairs:
        """Rows `pairs` of `graph` (stored ids, sorted, distinct) as they were written there, aligned."""
        spelt, numbers, places = self._forms_of(pairs, stored_of)
        there = sets.hold(numbers, at(graph, places))
        written = pairs.copy()
        written[places[there]] = spelt[there]
        return written

    def merged(self) -> Relation:
        """The same rows without overlays."""
        return Relation.of(self.rows.merged(), self.forms.merged())

    def rebased(self, merged: Relation) -> Relation:
        """These rows over what was merged of an earlier state of theirs; the same object where nothing was."""
        rows, forms = self.rows.rebased(merged.rows), self.forms.rebased(merged.forms)
        return self if rows is self.rows and forms is self.forms else Relation.of(rows, forms)

    @property
    def due(self) -> bool:
        """Whether a merge pays."""
        return self.rows.due or self.forms.due

    def _forms_of(self, pairs: Pairs, stored_of: StoredOf) -> tuple[Pairs, Numbers, NDArray[np.intp]]:
        """What is known about how rows `pairs` (stored ids, sorted) were written, in which graphs, and of which row."""
        if not len(self.forms) or not len(pairs):
            return NO_PAIRS, NO_NUMBERS, np.empty(0, np.intp)
        spelt, numbers = self.forms.under(distinct(heads(pairs)))
        plain = pack(heads(spelt), stored_of(tails(spelt)))
        meant = contains(pairs, plain)
        return spelt[meant], numbers[meant], np.searchsorted(pairs, plain[meant])

    def _forgotten(self, pairs: Pairs, graph: Graph, sets: GraphSets, stored_of: StoredOf) -> Layered:
        """The forms without those of rows `pairs` in `graph`."""
        if not len(self.forms) or not len(pairs):
            return self.forms
        spelt, numbers, places = self._forms_of(pairs, stored_of)
        return self.forms.put(spelt, sets.without_graph(numbers, at(graph, places)))


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

    def hold(self, predicate: int, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether a predicate has it; nothing is merged for it."""
        return self.get_relation(predicate).holds(pairs)

    @property
    def size(self) -> int:
        """Rows over all predicates."""
        return sum(len(one) for one in self._relations.values())

    def changed(self, relations: Mapping[int, Relation]) -> Relations:
        """These with some exchanged; the same object where none is another one."""
        if all(self.get_relation(key) is one for key, one in relations.items()):
            return self
        return Relations({**self._relations, **relations})

    def brought_to(self, pairs: Mapping[int, Pairs]) -> Relations:
        """The relations of bare pairs, by way of what differs where that is little."""
        keys = {*self, *pairs}
        return self.changed(
            {key: self.get_relation(key).brought_to(pairs.get(key, NO_PAIRS)) for key in keys}
        )

    def differing(self, other: Relations) -> set[int]:
        """The predicates whose relation is another one in `other`."""
        if self is other:
            return set()
        return {key for key in {*self, *other} if self.get_relation(key) is not other.get_relation(key)}

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
