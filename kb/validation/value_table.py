"""Typed values of terms that constraints ask for again and again, worked out once."""

from __future__ import annotations

import numpy as np

from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, contains, distinct, insert
from ..columns.values import TypedValues, typed_values

# Terms remembered from commit to commit, and within one run.
LASTING, PASSING = 50_000, 2_000_000


class ValueTable:
    """Typed values of a dictionary's terms; those of sets of at most `most` are remembered, about as many in all.

    >>> dictionary = Dictionary()
    >>> one, two = dictionary.encode(['"1"', '"x"@en'])
    >>> table = ValueTable(dictionary)
    >>> table.of(np.array([two, one])).kind, len(table)
    (array([0, 1], dtype=uint8), 2)
    """

    def __init__(self, dictionary: Dictionary, *, most: int = PASSING) -> None:
        self.dictionary, self.most = dictionary, most
        self._known = typed_values(dictionary, np.empty(0, np.uint32))

    def __len__(self) -> int:
        return len(self._known.ids)

    def of(self, ids: Ids) -> TypedValues:
        """The values of `ids`, aligned with them."""
        if len(ids) > self.most:
            return typed_values(self.dictionary, ids)
        known = self._known
        fresh = ids[~contains(known.ids, ids)]
        if len(fresh):
            if len(known.ids) > self.most:
                known, fresh = typed_values(self.dictionary, fresh[:0]), ids
            more = typed_values(self.dictionary, distinct(fresh))
            # One assignment: another thread sees this table or the one before.
            self._known = known = _with(known, more)
        return known.take(known.ids.searchsorted(ids))


def _with(known: TypedValues, more: TypedValues) -> TypedValues:
    places = known.ids.searchsorted(more.ids)
    columns = (
        insert(getattr(known, name), places, getattr(more, name))
        for name in ("ids", "kind", "number", "binary")
    )
    return TypedValues(known.dictionary, *columns)
