"""How many of each there are and how they hang together: small integer arrays from which every table is derived."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from . import cast
from .calendar import LAST_DAY
from .cast import Part
from .draws import Draws
from .lexicon import Lexicon


def _offsets(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)])


@dataclass(frozen=True)
class Sizes:
    """Counts at one scale; those that questions need at least some of have a floor."""

    brands: int
    spus: int
    merchants: int
    influencers: int
    videos: int
    posts: int
    streams: int
    collaborations: int
    buyers: int
    orders: int
    views: int
    carts: int

    @classmethod
    def at(cls, scale: float) -> Sizes:
        """
        >>> Sizes.at(1).orders, Sizes.at(0.01).spus
        (1150, 40)
        """

        def scaled(count: int, floor: int) -> int:
            return max(floor, round(count * scale))

        return cls(
            brands=max(20, 5 * round(8 * scale**0.5)),
            spus=scaled(160, 40),
            merchants=6 * scaled(4, 2),
            influencers=scaled(40, 12),
            videos=scaled(200, 48),
            posts=scaled(120, 12),
            streams=scaled(24, 6),
            collaborations=scaled(50, 8),
            buyers=scaled(320, 180),
            orders=scaled(1150, 160),
            views=scaled(1500, 60),
            carts=scaled(500, 30),
        )


@dataclass(frozen=True)
class Population:
    """The skeleton of the shop. Money is in cents, times are days or hours since the start of the year."""

    draws: Draws
    lexicon: Lexicon
    sizes: Sizes
    spu_leaf: np.ndarray
    spu_brand: np.ndarray
    spu_price: np.ndarray
    spu_first_day: np.ndarray
    spu_first_sku: np.ndarray
    sku_spu: np.ndarray
    sku_bundle: np.ndarray
    sku_price: np.ndarray
    spu_first_listing: np.ndarray
    listing_spu: np.ndarray
    listing_merchant: np.ndarray
    listing_first_offer: np.ndarray
    offer_listing: np.ndarray
    offer_sku: np.ndarray
    offer_price: np.ndarray
    offer_from_day: np.ndarray
    noise: float
    """The share of what merchants sell, and of what influencers show, that lies outside their field."""
    pools: tuple[np.ndarray, ...]
    """SPUs that can be bought, best known first: of all, then of each segment's preferred category."""

    @cached_property
    def offer_spu(self) -> np.ndarray:
        return self.listing_spu[self.offer_listing]

    @cached_property
    def offer_merchant(self) -> np.ndarray:
        return self.listing_merchant[self.offer_listing]

    def strays(self, stream: str, index: np.ndarray) -> np.ndarray:
        """Which of what a stream draws lies outside somebody's field."""
        return self.draws.chance(f"{stream}/strays", index, round(self.noise * 1000))

    def get_leaf(self, spu: int) -> dict[str, str]:
        """The leaf category in which an SPU sits."""
        return self.lexicon.leaves[self.spu_leaf[spu]]

    def is_authorized(self, merchant: np.ndarray, brand: np.ndarray) -> np.ndarray:
        """Whether each merchant may sell each brand: seven in ten, drawn per pair."""
        return self.draws.chance("authorization", merchant * 1_000_003 + brand, 700)

    def choose_offers(self, stream: str, index: np.ndarray, spus: np.ndarray) -> np.ndarray:
        """One offer of each SPU."""
        first = self.listing_first_offer[self.spu_first_listing[spus]]
        last = self.listing_first_offer[self.spu_first_listing[spus + 1]]
        return first + self.draws.below(stream, index, last - first)

    def choose_spus(self, stream: str, index: np.ndarray, segment: np.ndarray) -> np.ndarray:
        """What a member of each segment takes: half the time from the segment's preferred category."""
        sizes = np.array([len(pool) for pool in self.pools])
        pool = np.where(self.draws.chance(f"{stream}/preferred", index, 500), segment + 1, 0)
        starts = _offsets(sizes)
        place = self.draws.skewed(f"{stream}/place", index, sizes[pool])
        return np.concatenate(self.pools)[starts[pool] + place]


def draw_population(scale: float, seed: int, segments: list[str], noise: float = 0.0) -> Population:
    """The skeleton at one scale; ``segments`` are the categories that the buyer segments prefer."""
    draws, lexicon, sizes = Draws(seed), Lexicon.read(), Sizes.at(scale)
    spu = np.arange(sizes.spus)
    part = spu % cast.PERIOD
    leaf = _draw_leaves(draws, lexicon, spu, part)
    price_of_leaf = np.array([int(row["price"]) for row in lexicon.leaves])
    price = price_of_leaf[leaf] * (600 + draws.below("spu/price", spu, 1100)) // 1000
    brand = _draw_brands(draws, lexicon, sizes, spu, leaf)
    first_day = np.where(
        draws.chance("spu/new", spu, 120),
        draws.below("spu/day", spu, 300),
        -100 - draws.below("spu/day", spu, 800),
    )
    first_day[[*cast.WATCHES]] = [-700, -320, 60]
    first_day[Part.NEWCOMER] = LAST_DAY - 26
    first_day[
        [
            *cast.PANEL,
            Part.PRICE_WAR,
            Part.COUNTERFEIT,
            Part.REPLENISHED,
            *cast.PROMOTED_TOGETHER,
            *cast.BEST_KNOWN,
        ]
    ] = -400
    for second, first in cast.TWINS.items():
        twins = spu[part == second]
        brand[twins], price[twins], first_day[twins] = (
            values[twins - second + first] for values in (brand, price, first_day)
        )

    skus = 1 + draws.below("spu/skus", spu, 4)
    skus[part == Part.NO_SKU] = 0
    skus[[Part.COUNTERFEIT, Part.PRICE_WAR, Part.MIXED_MATERIALS]] = 2
    first_sku = _offsets(skus)
    sku_spu = np.repeat(spu, skus)
    sku = np.arange(len(sku_spu))
    place = sku - first_sku[sku_spu]
    bundle = (place == skus[sku_spu] - 1) & (place >= 2) & draws.chance("sku/bundle", sku, 400)
    sku_price = price[sku_spu] * np.where(bundle, 190, 100 + 12 * place) // 1000 * 10

    listings = np.where(skus > 0, 1 + draws.below("spu/listings", spu, 3), 0)
    listings[[Part.COUNTERFEIT, Part.PRICE_WAR]] = 3
    listing_spu = np.repeat(spu, listings)
    first_listing = _offsets(listings)
    listing = np.arange(len(listing_spu))
    rank = listing - first_listing[listing_spu]
    merchant = _draw_merchants(draws, lexicon, sizes, leaf[listing_spu], listing_spu, rank)
    stray = draws.chance("listing/strays", listing, round(noise * 1000))
    stray &= ~np.isin(listing_spu, [Part.COUNTERFEIT, Part.PRICE_WAR])
    # Those that stray change places, so that each merchant has as much as before.
    places = np.flatnonzero(stray)
    merchant[places] = merchant[places[np.argsort(draws.bits("listing/anywhere", places), kind="stable")]]
    offers = skus[listing_spu]
    first_offer = _offsets(offers)
    offer_listing = np.repeat(listing, offers)
    offer = np.arange(len(offer_listing))
    offer_sku = first_sku[listing_spu[offer_listing]] + offer - first_offer[offer_listing]
    offer_price = sku_price[offer_sku] * (940 + draws.below("offer/price", offer, 120)) // 1000
    fake = (listing_spu[offer_listing] == Part.COUNTERFEIT) & (rank[offer_listing] == 2)
    offer_price[fake] = offer_price[fake] * 38 // 100
    from_day = np.minimum(first_day[listing_spu] + draws.below("listing/day", listing, 60), LAST_DAY - 25)
    from_day[listing_spu == Part.NEWCOMER] = LAST_DAY - 25
    return Population(
        draws, lexicon, sizes,
        leaf, brand, price, first_day, first_sku, sku_spu, bundle, sku_price,
        first_listing, listing_spu, merchant, first_offer,
        offer_listing, offer_sku, np.maximum(offer_price // 10 * 10, 100), from_day[offer_listing], noise,
        _rank_pools(draws, lexicon, leaf, skus > 0, segments),
    )  # fmt: skip


def _draw_leaves(draws: Draws, lexicon: Lexicon, spu: np.ndarray, part: np.ndarray) -> np.ndarray:
    number = {row["code"]: place for place, row in enumerate(lexicon.leaves)}
    leaf = (spu + spu // cast.PERIOD * 31) % len(lexicon.leaves)
    for actor, code in cast.LEAVES.items():
        leaf[part == actor] = number[code]
    return leaf


def _draw_brands(
    draws: Draws, lexicon: Lexicon, sizes: Sizes, spu: np.ndarray, leaf: np.ndarray
) -> np.ndarray:
    department_of_leaf = np.array(
        [lexicon.departments.index(lexicon.get_path(row["code"])[-1]) for row in lexicon.leaves]
    )
    per_department = sizes.brands // 5
    place = draws.skewed("spu/brand", spu, per_department)
    place[Part.FORMULA_ONE], place[Part.FORMULA_TWO] = 0, 3
    place[[*cast.WATCHES]] = 1
    return department_of_leaf[leaf] + 5 * place


def _draw_merchants(
    draws: Draws, lexicon: Lexicon, sizes: Sizes, leaf: np.ndarray, spu: np.ndarray, rank: np.ndarray
) -> np.ndarray:
    """A merchant of the SPU's department, a generalist (group 5), then another one of the department."""
    department_of_leaf = np.array(
        [lexicon.departments.index(lexicon.get_path(row["code"])[-1]) for row in lexicon.leaves]
    )
    group = sizes.merchants // 6
    home = draws.skewed("listing/home", spu, group)
    place = np.select(
        [rank == 0, rank == 1], [home, draws.below("listing/generalist", spu, group)], (home + 1) % group
    )
    return np.where(rank == 1, 5, department_of_leaf[leaf]) + 6 * place


def _rank_pools(
    draws: Draws, lexicon: Lexicon, leaf: np.ndarray, sold: np.ndarray, segments: list[str]
) -> tuple[np.ndarray, ...]:
    spu = np.arange(len(leaf))
    fame = draws.below("spu/fame", spu, 1 << 30) + len(cast.BEST_KNOWN)
    fame[[*cast.BEST_KNOWN]] = np.arange(len(cast.BEST_KNOWN))
    ranked = np.argsort(fame, kind="stable")
    ranked = ranked[sold[ranked]]
    pools = [ranked]
    for category in segments:
        inside = np.array([category in lexicon.get_path(row["code"]) for row in lexicon.leaves])
        pools.append(ranked[inside[leaf[ranked]]])
    return tuple(pools)
