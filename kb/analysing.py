"""The facade's verb that looks at the market; `KnowledgeBase` has it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .graphs import Private
from .querying.naming import entity_named
from .reading import Reading
from .terms import CKB

if TYPE_CHECKING:
    from .insight import Insight, Market, Scope

_KINDS = {
    "category": (CKB.Category, "category"),
    "family": (CKB.Brand, "brand"),
    "region": (CKB.Region, "region"),
    "merchant": (CKB.Merchant, "merchant"),
    "sku": (CKB.SKU, "SKU"),
}


class Analysing(Reading):
    """What analysts ask of the current snapshot."""

    _market: tuple[tuple[str, Private], Market] | None = None

    def insight(self, name: str, *, scope: Scope | None = None, private: Private = True) -> Insight:
        """One insight: top, movers, share, concentration, competitors, price-position, price-history, white-space,
        influencers, campaigns, seasonality.

        What the scope names is given as IRI, CURIE or what it is called. The tables behind it are made at the first
        call on a snapshot, in seconds per million triples. Raises NotFound, UsageError, and SourceError without the
        data that it reads.
        """
        from .insight import Scope, insight_of  # Ibis takes a while to import.

        return insight_of(self._market_of(private), name, self._resolved(scope or Scope(), private))

    def prepare_insight(self, *, private: Private = True) -> None:
        """Make the tables behind insights ready now, so that the first one need not."""
        self._market_of(private).prepare()

    def _market_of(self, private: Private) -> Market:
        from .insight import Market
        from .star import Relational, Star

        key = (self.snapshot.name, private)
        if self._market is None or self._market[0] != key:
            self._market = (key, Market(Star(Relational(self.snapshot.image, private=private))))
        return self._market[1]

    def _resolved(self, scope: Scope, private: Private) -> Scope:
        find = partial(self.find, private=private)
        found: dict[str, Any] = {}
        for name, (kind, called) in _KINDS.items():
            text = getattr(scope, name)
            if text is not None:
                found[name] = entity_named(text, find, kind=kind.value, called=called, where=name).value
        return replace(scope, **found)
