"""Typed values of terms that constraints ask for again and again, worked out once."""

from __future__ import annotations

import numpy as np

from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, contains, distinct, insert
from ..columns.values import TypedValues, typed_values

# Larger sets are read as they are; a table that grows beyond so many terms begins anew.
_SMALL, _MANY = 4_000, 50_000


class ValueTable:
    """Typed values of a dictionary's terms; small sets are remembered, from commit to commit too.

    >>> dictionary = Dictionary()
    >>> one, two = dictionary.encode(['"1"', '"x"@en'])
    >>> table = ValueTable(dictionary)
    >>> table.of(np.array([two, one])).kind, len(table)
    (array([0, 1], dtype=uint8), 2)
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._known = typed_values(dictionary, np.empty(0, np.uint32))

    def __len__(self) -> int:
        return len(self._known.ids)

    def of(self, ids: Ids) -> TypedValues:
        """The values of `ids`, aligned with them."""
        if len(ids) > _SMALL:
            return typed_values(self.dictionary, ids)
        known = self._known
        fresh = ids[~contains(known.ids, ids)]
        if len(fresh):
            if len(known.ids) > _MANY:
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
