"""Views of a graph that constraints read: rows by predicate, as a whole or only what is looked up.

Rows in layers are never merged: what a look-up costs depends on what is looked up, not on the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, reduce
from typing import Protocol

import numpy as np

from ..columns.dictionary import Dictionary
from ..columns.kernels import (
    NO_PAIRS,
    Ids,
    Pairs,
    contains,
    degree,
    distinct,
    expand,
    heads,
    pack,
    semijoin,
    subtract,
    swap,
    tails,
    unite,
)
from ..columns.relations import Relation, Relations

# Look-ups of so many nodes at most are remembered.
_FEW = 5_000
NO_IDS: Ids = np.empty(0, np.uint32)


class Rows(Protocol):
    """The (subject, object) pairs of one predicate."""

    @property
    def pairs(self) -> Pairs:
        """All of them, sorted."""

    @property
    def inverse(self) -> Pairs:
        """All of them as (object, subject), sorted."""

    def __len__(self) -> int: ...

    def under(self, nodes: Ids) -> Pairs:
        """Those whose subject is among `nodes` (sorted, distinct), sorted."""

    def over(self, values: Ids) -> Pairs:
        """Those whose object is among `values` (sorted, distinct), as (object, subject), sorted."""

    def degree(self, nodes: Ids, *, back: bool) -> int:
        """About how many rows have their subject, or with `back` their object, among `nodes`."""


class WholeRows:
    """The rows of a relation whose pairs are at hand.

    >>> rows = WholeRows(Relation(pack([1, 2], [8, 7])))
    >>> tails(rows.under([2])), heads(rows.over([8]))
    (array([7], dtype=uint32), array([8], dtype=uint32))
    """

    def __init__(self, relation: Relation) -> None:
        self.relation = relation

    def __len__(self) -> int:
        return len(self.relation)

    @property
    def pairs(self) -> Pairs:
        return self.relation.pairs

    @property
    def inverse(self) -> Pairs:
        return self.relation.inverse

    def under(self, nodes: Ids) -> Pairs:
        return _among(self.pairs, nodes)

    def over(self, values: Ids) -> Pairs:
        return _among(self.inverse, values)

    def degree(self, nodes: Ids, *, back: bool) -> int:
        return int(degree(self.inverse if back else self.pairs, nodes).sum())


class LayeredRows:
    """The rows of several relations together, and of `more` beside them; `received` gives objects as written."""

    def __init__(
        self, relations: Sequence[Relation], dictionary: Dictionary, received: bool, more: Pairs = NO_PAIRS
    ) -> None:
        self.relations = relations
        self.dictionary = dictionary
        self.more = more
        self.spelt = [one for one in relations if received and len(one.forms)]
        # Shapes of one class ask about the same nodes: what was looked up, and for which of them.
        self._seen, self._found = NO_IDS, NO_PAIRS

    def __len__(self) -> int:
        return sum(map(len, self.relations)) + len(self.more)

    @cached_property
    def pairs(self) -> Pairs:
        found = reduce(unite, (one.pairs for one in self.relations), NO_PAIRS)
        return unite(self._as_received(found, [one.received for one in self.spelt]), self.more)

    @cached_property
    def inverse(self) -> Pairs:
        return swap(self.pairs)

    def under(self, nodes: Ids) -> Pairs:
        if len(nodes) > _FEW:
            return self._looked_up(nodes)
        fresh = nodes[~contains(self._seen, nodes)]
        if len(fresh):
            self._found = unite(self._found, self._looked_up(fresh))
            self._seen = unite(self._seen, fresh)
        return self._found if len(nodes) == len(self._seen) else _among(self._found, nodes)

    def _looked_up(self, nodes: Ids) -> Pairs:
        found = reduce(unite, (one.rows.pairs_under(nodes) for one in self.relations), NO_PAIRS)
        if self.spelt:
            found = self._as_received(found, [one.forms.pairs_under(nodes) for one in self.spelt])
        return unite(found, _among(self.more, nodes)) if len(self.more) else found

    def over(self, values: Ids) -> Pairs:
        stored = distinct(self.dictionary.stored_of(values)) if self.spelt else values
        found = reduce(unite, (one.rows.over(stored) for one in self.relations), NO_PAIRS)
        if self.spelt and len(found):
            written = self.under(distinct(tails(found)))
            found = swap(written[contains(values, tails(written))])
        return unite(found, _among(swap(self.more), values)) if len(self.more) else found

    def degree(self, nodes: Ids, *, back: bool) -> int:
        bases = (one.rows.base for one in self.relations)
        return sum(int(degree(one.inverse if back else one.pairs, nodes).sum()) for one in bases)

    def _as_received(self, pairs: Pairs, forms: Sequence[Pairs]) -> Pairs:
        written = reduce(unite, forms, NO_PAIRS)
        if not len(written):
            return pairs
        covered = distinct(pack(heads(written), self.dictionary.stored_of(tails(written))))
        return unite(subtract(pairs, covered), written)


def _among(pairs: Pairs, keys: Ids) -> Pairs:
    if len(keys) > len(pairs) // 8:
        return semijoin(pairs, keys)
    row, value = expand(pairs, keys)
    return pack(keys[row], value)


NO_ROWS = WholeRows(Relation())


class View(Mapping[int, Rows]):
    """Predicate id -> rows, of several relations together; rows are looked at when they are asked for.

    A `whole` view merges what it is asked for, once; another one looks up. With `received`, objects are as they
    were written, else as Oxigraph stores them. `more` holds rows beside those of the relations, by predicate.
    """

    def __init__(
        self,
        parts: Sequence[Relations],
        dictionary: Dictionary,
        *,
        received: bool = True,
        whole: bool = False,
        more: Mapping[int, Pairs] | None = None,
    ) -> None:
        self.parts = parts
        self.dictionary = dictionary
        self.received, self.whole = received, whole
        self.more = more or {}
        self._rows: dict[int, Rows] = {}

    def get_rows(self, predicate: int) -> Rows:
        """The rows of a predicate, none where it is unknown."""
        found = self._rows.get(predicate)
        if found is None:
            found = self._rows[predicate] = self._made(predicate)
        return found

    def _made(self, predicate: int) -> Rows:
        there = [part[predicate] for part in self.parts if predicate in part]
        more = self.more.get(predicate, NO_PAIRS)
        if not there and not len(more):
            return NO_ROWS
        rows = LayeredRows(there, self.dictionary, self.received, more)
        if not self.whole:
            return rows
        if len(there) == 1 and not rows.spelt and not len(more):
            return WholeRows(there[0])
        return WholeRows(Relation(rows.pairs))

    def with_more(self, rows: Mapping[int, Pairs]) -> View:
        """This view, not merged, with some rows more."""
        return View(self.parts, self.dictionary, received=self.received, more=rows)

    def __getitem__(self, predicate: int) -> Rows:
        if predicate not in set(self):
            raise KeyError(predicate)
        return self.get_rows(predicate)

    def __iter__(self) -> Iterator[int]:
        return iter(dict.fromkeys(key for part in (*self.parts, self.more) for key in part))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def size(self) -> int:
        """Rows over all predicates, those of several parts as often as they are there."""
        return sum(part.size for part in self.parts) + sum(map(len, self.more.values()))
