"""The algebra of queries, read once each."""

from __future__ import annotations

from collections import OrderedDict

import pyoxigraph as ox

from ..querying.run import answered
from .algebra import Query, Uncovered
from .reading import read
from .templates import Templates

MOST_PLANS = 512


class Plans:
    """Queries that were read, by their text; those asked for last are kept."""

    def __init__(self) -> None:
        self._nothing = ox.Store()
        self._known: OrderedDict[str, Query | Uncovered] = OrderedDict()
        self.blocks = Templates(self.of).blocks

    def of(self, text: str) -> Query:
        """The algebra of a query.

        Raises QueryError for what Oxigraph does not accept, Uncovered.
        """
        found = self._known.pop(text, None)
        if found is None:
            answered(self._nothing, text)
            try:
                found = read(text)
            except Uncovered as reason:
                found = reason
        self._known[text] = found
        while len(self._known) > MOST_PLANS:
            self._known.popitem(last=False)
        if isinstance(found, Uncovered):
            raise Uncovered(*found.args)
        return found
