"""What merchants sell and influencers show, counted by category and level."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from ..knowledge_base import KnowledgeBase
from ..star import star_of
from .behaviour import plain, sql

Kind = Literal["merchant", "influencer"]


@dataclass(frozen=True)
class Dealings:
    """Deals as aligned columns: whose, of what, in which leaf category, when (None for offers).

    `ways` leads from a category to those above it and itself, by level (1 at the top).
    """

    parties: Sequence[str]
    items: Sequence[str]
    categories: Sequence[str]
    moments: Sequence[datetime | None]
    ways: Mapping[str, Mapping[int, str]]

    def field(self, category: str, level: int) -> str:
        """The category of a level that a category lies in, or the deepest above that level."""
        way = self.ways.get(category, {1: category})
        return way[max(one for one in way if one <= max(level, min(way)))]

    def levels(self) -> list[int]:
        """The levels that there are."""
        return sorted({level for way in self.ways.values() for level in way})

    def counted(self, level: int, places: Sequence[int] | None = None) -> Counted:
        """Deals (those at `places`, or all) of all parties by the categories of a level."""
        names = [self.field(one, level) for one in self.categories]
        parties, fields = sorted(set(self.parties)), sorted(set(names))
        row = {name: at for at, name in enumerate(parties)}
        column = {name: at for at, name in enumerate(fields)}
        counts = np.zeros((len(parties), len(fields)), np.int64)
        for at in places if places is not None else range(len(names)):
            counts[row[self.parties[at]], column[names[at]]] += 1
        return Counted(parties, fields, counts)


@dataclass(frozen=True)
class Counted:
    """Counts of deals, parties by fields."""

    parties: Sequence[str]
    fields: Sequence[str]
    counts: NDArray[np.int64]


def dealings_of(knowledge: KnowledgeBase, kind: Kind) -> Dealings:
    """What merchants offer (each SPU once), or what influencers show (each SPU of each content)."""
    with star_of(knowledge.snapshot.image, private=False) as star, duckdb.connect() as connection:
        named = {"offer": "dim_offer", "sku": "dim_sku", "spu": "dim_spu", "feature": "fact_feature",
                 "above": "bridge_category", "category": "dim_category"}  # fmt: skip
        for name, table in named.items():
            connection.register(name, plain(star[table].rows))
        rows = connection.sql(sql("dealings"), params={"kind": kind}).to_arrow_table().to_pydict()
        ways: dict[str, dict[int, str]] = defaultdict(dict)
        for category, above, level in connection.sql(sql("way")).fetchall():
            ways[category][level] = above
    return Dealings(rows["party"], rows["spu"], rows["category"], rows["moment"], ways)
