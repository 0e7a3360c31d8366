"""The class hierarchy that data and ontology make: what lies below and above a class."""

from __future__ import annotations

import numpy as np

from ..columns.kernels import NO_PAIRS, Ids, Pairs, distinct, reach, swap, tails, unite


class Hierarchy:
    """The ``rdfs:subClassOf`` pairs of a graph; answers are remembered.

    >>> from kb.columns.kernels import pack
    >>> hierarchy = Hierarchy(pack([2, 3], [1, 2]))
    >>> hierarchy.below(1).tolist(), hierarchy.above(np.array([3])).tolist()
    ([1, 2, 3], [1, 2, 3])
    """

    def __init__(self, pairs: Pairs = NO_PAIRS) -> None:
        self.pairs = pairs
        self._inverse = swap(pairs)
        self._below: dict[int, Ids] = {}

    def below(self, cls: int) -> Ids:
        """A class and its subclasses, sorted."""
        if cls not in self._below:
            self._below[cls] = self._reached(self._inverse, np.array([cls], np.uint32))
        return self._below[cls]

    def above(self, classes: Ids) -> Ids:
        """Classes and their superclasses, sorted."""
        return self._reached(self.pairs, classes)

    def _reached(self, pairs: Pairs, starts: Ids) -> Ids:
        starts = distinct(np.asarray(starts, np.uint32))
        return unite(starts, distinct(tails(reach(pairs, starts))))
