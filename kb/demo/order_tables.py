"""Private: buyers, orders with their lines, reviews and returns, views and carts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .blocks import Block, Column, codes, cut, money
from .calendar import LAST_DAY, write_hours, write_optional_hours
from .cast import COMPLEMENTS, PROMOTED_TOGETHER, SUBSTITUTES, Part
from .content_tables import Publications
from .lexicon import read_rows
from .population import Population

LINES = 3
SEGMENT_COUNT = 6
_LAST_HOUR = LAST_DAY * 24
PROMOTION_DAYS = (200, 207)
_REASONS = ("too small", "not as pictured", "damaged on arrival", "changed my mind", "arrived late")


def get_segment(buyer: np.ndarray) -> np.ndarray:
    """The number of each buyer's segment: in turn, so that every segment has at least 1/6 of the buyers."""
    return buyer % SEGMENT_COUNT


def build_orders(population: Population, videos: Publications, segments: Publications) -> Iterator[Block]:
    """The private tables, block by block."""
    attribution = _Attribution(population, videos, segments)
    for index in cut(population.sizes.buyers):
        yield _build_buyers(population, index)
    for index in cut(population.sizes.orders):
        yield from _build_orders(population, attribution, index)
    for index in cut(population.sizes.views):
        yield _build_visits(population, index, "view")
    for index in cut(population.sizes.carts):
        yield _build_visits(population, index, "cart")


class _Attribution:
    """For each SPU, the content that featured it, in the order of its publication."""

    def __init__(self, population: Population, videos: Publications, segments: Publications) -> None:
        self.videos = len(videos.spu)
        spu = np.concatenate([videos.spu, segments.spu])
        self.hour = np.concatenate([videos.hour, segments.hour])
        self.order = np.argsort(spu, kind="stable")
        self.first = np.searchsorted(spu[self.order], np.arange(population.sizes.spus + 1))

    def choose(
        self, population: Population, index: np.ndarray, spu: np.ndarray, hour: np.ndarray
    ) -> np.ndarray:
        """A piece of content about each SPU that was out by that hour, -1 for none."""
        count = self.first[spu + 1] - self.first[spu]
        place = self.first[spu] + population.draws.below("order/content", index, np.maximum(count, 1))
        chosen = self.order[np.minimum(place, len(self.order) - 1)]
        return np.where((count > 0) & (self.hour[chosen] < hour), chosen, -1)

    def write(self, chosen: np.ndarray) -> tuple[list[str | None], list[str | None]]:
        """The codes of the videos and of the live segments among the chosen."""
        videos: list[str | None] = []
        segments: list[str | None] = []
        for number in chosen.tolist():
            is_video = 0 <= number < self.videos
            videos.append(f"V{number + 1:06d}" if is_video else None)
            place = number - self.videos
            segments.append(f"R{place // 5 + 1:05d}-{place % 5 + 1}" if place >= 0 else None)
        return videos, segments


def _build_buyers(population: Population, index: np.ndarray) -> Block:
    names = [row["code"] for row in read_rows("segments")]
    segment = [names[number] for number in get_segment(index).tolist()]
    pseudonyms = population.draws.pseudonyms("buyer", index)
    return Block("buyers", {"code": pseudonyms, "pseudonym": pseudonyms, "segment": segment})


def _follow(spus: np.ndarray, pairs: dict[Part, Part]) -> np.ndarray:
    follower = np.full(max(int(spus.max(initial=0)) + 1, 64), -1)
    for first, second in pairs.items():
        follower[first] = second
    return follower[spus]


def _build_orders(population: Population, attribution: _Attribution, index: np.ndarray) -> Iterator[Block]:
    draws, sizes = population.draws, population.sizes
    regulars = max(4, sizes.orders // 400)
    regular = index % 40 == 7
    turn = index // 40
    buyer = np.where(regular, turn % regulars, draws.below("order/buyer", index, sizes.buyers))
    hour = 24 + draws.below("order/hour", index, _LAST_HOUR - 48)
    hour = np.where(regular, (30 + 30 * (turn // regulars)) % (LAST_DAY - 10) * 24 + 10, hour)
    spus = np.stack(
        [population.choose_spus(f"order/spu/{line}", index, get_segment(buyer)) for line in range(LINES)],
        axis=1,
    )
    count = np.where(
        regular, 1, 1 + np.searchsorted([620, 890], draws.below("order/lines", index, 1000), side="right")
    )
    spus[regular, 0] = Part.REPLENISHED
    partner = _follow(spus[:, 0], COMPLEMENTS)
    taken = (partner >= 0) & draws.chance("order/partner", index, 450)
    spus[taken, 1] = partner[taken]
    promoted = ~regular & draws.chance("order/promotion", index, 20)
    spus[promoted, 0], spus[promoted, 1] = PROMOTED_TOGETHER
    count = np.where(taken | promoted, np.maximum(count, 2), count)
    hour = np.where(
        promoted, hour % ((PROMOTION_DAYS[1] - PROMOTION_DAYS[0]) * 24) + PROMOTION_DAYS[0] * 24, hour
    )

    lines = np.arange(LINES)
    cells = index[:, None] * LINES + lines
    offers = population.choose_offers("order/offer", cells.ravel(), spus.ravel()).reshape(cells.shape)
    offers[regular, 0] = population.listing_first_offer[population.spu_first_listing[Part.REPLENISHED]]
    used = lines < count[:, None]
    begun = np.where(used, population.offer_from_day[offers], -9999).max(axis=1)
    hour = np.maximum(hour, begun * 24 + 24)
    quantity = 1 + draws.below("order/quantity", cells.ravel(), 20).reshape(cells.shape) // 17
    price = population.offer_price[offers]
    gross = (quantity * price * used).sum(axis=1)
    discount = np.where(draws.chance("order/discount", index, 300), gross * 5 // 100, 0)
    shipping = np.where(gross < 9900, 800, 0)
    paid = hour + draws.below("order/paid", index, 2)
    shipped = paid + 8 + draws.below("order/shipped", index, 40)
    delivered = shipped + 20 + draws.below("order/delivered", index, 60)
    order, who = codes("O", index, 7), draws.pseudonyms("buyer", buyer)
    yield Block(
        "orders",
        {
            "code": order,
            "buyer": who,
            "ordered": write_hours(hour),
            "paid": write_hours(paid),
            "shipped": write_optional_hours(shipped, shipped < _LAST_HOUR),
            "delivered": write_optional_hours(delivered, delivered < _LAST_HOUR),
            "discount": money(discount),
            "shipping_fee": money(shipping),
            "total": money(gross - discount + shipping),
            "currency": ["CNY"] * len(index),
        },
    )
    row, line = np.nonzero(used)
    names = [f"{order[r]}-{number + 1}" for r, number in zip(row.tolist(), line.tolist(), strict=True)]
    told = draws.chance("order/told", cells[used], 350)
    content = attribution.choose(population, cells[used], spus[used], hour[row])
    seen_videos, seen_segments = attribution.write(np.where(told, content, -1))
    columns: dict[str, Column] = {
        "code": names,
        "order": [order[r] for r in row.tolist()],
        "offer": codes("F", offers[used], 6),
        "sku": codes("K", population.offer_sku[offers[used]], 6),
        "quantity": quantity[used].tolist(),
        "unit_price": money(price[used]),
        "video": seen_videos,
        "live_segment": seen_segments,
    }
    yield Block("order_lines", columns)
    yield from _build_feedback(population, index, order, who, offers[:, 0], spus[:, 0], delivered)


def _build_feedback(
    population: Population, index: np.ndarray, order: list[str], who: list[str], offer: np.ndarray, spu: np.ndarray,
    delivered: np.ndarray,
) -> Iterator[Block]:  # fmt: skip
    """Reviews and returns of first lines."""
    draws = population.draws
    sku = codes("K", population.offer_sku[offer], 6)
    later = delivered + 24 + draws.below("review/hours", index, 240)
    brand_care = population.spu_brand[spu] % 7
    rating = 5 - np.searchsorted(
        [480 + 40 * 6, 850, 930, 980], draws.below("review/rating", index, 1000) + (6 - brand_care) * 30
    )
    rating = np.clip(rating, 1, 5).tolist()
    leaf = population.lexicon.leaves
    sized = np.array(
        [
            row["code"] in ("dress", "blouse", "shirt", "trousers", "sneakers", "boots", "sandals")
            for row in leaf
        ]
    )
    fits = sized[population.spu_leaf[spu]]
    for table, share in (("reviews", 260), ("returns", np.where(fits, 140, 45))):
        rows = np.nonzero(draws.chance(table, index, share) & (later < _LAST_HOUR))[0]
        if not len(rows):
            continue
        picked = rows.tolist()
        columns: dict[str, Column] = {
            "code": [f"{order[r]}-{table[2]}" for r in picked],
            "buyer": [who[r] for r in picked],
            "sku": [sku[r] for r in picked],
            "occurred": write_hours(later[rows]),
        }
        if table == "reviews":
            columns["rating"] = [rating[r] for r in picked]
        else:
            reason = draws.below("return/reason", index, len(_REASONS)).tolist()
            columns["order_line"] = [f"{order[r]}-1" for r in picked]
            columns["reason"] = [
                _REASONS[0] if fits[r] and index[r] % 3 else _REASONS[reason[r]] for r in picked
            ]
        yield Block(table, columns)


def _build_visits(population: Population, index: np.ndarray, kind: str) -> Block:
    draws = population.draws
    pair = index - (index % 50 == 4)
    buyer = draws.below(f"{kind}/buyer", pair, population.sizes.buyers)
    spu = population.choose_spus(f"{kind}/spu", index, get_segment(buyer))
    first, second = next(iter(SUBSTITUTES.items()))
    spu = np.select([index % 50 == 3, index % 50 == 4], [first, second], spu)
    offer = population.choose_offers(f"{kind}/offer", index, spu)
    hour = np.maximum(
        draws.below(f"{kind}/hour", pair, _LAST_HOUR - 2), population.offer_from_day[offer] * 24 + 24
    )
    return Block(
        f"{kind}s",
        {
            "code": codes(kind[0].upper(), index, 8),
            "buyer": draws.pseudonyms("buyer", buyer),
            "offer": codes("F", offer, 6),
            "occurred": write_hours(hour),
        },
    )
