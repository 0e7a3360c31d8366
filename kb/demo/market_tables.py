"""The market: segments, weekly sales, price history, engagement, audiences, search demand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from . import cast
from .blocks import Block, Column, codes, cut, money, to_rows
from .calendar import LAST_DAY, WEEKS, write_days
from .cast import PANEL, Part
from .content_tables import CAMPAIGN_WEEKS, Publications, draw_followers
from .lexicon import read_rows
from .order_tables import SEGMENT_COUNT, get_segment
from .population import Population

RECENT_WEEKS = 8
SEASONS = {
    "": [100] * 12,
    "summer": [260, 240, 150, 80, 50, 40, 35, 40, 60, 95, 170, 240],
    "winter": [40, 40, 60, 110, 220, 300, 310, 230, 110, 60, 45, 40],
    "mid-autumn": [40, 200, 620, 90, 15, 10, 10, 10, 10, 10, 10, 15],
}
"""Demand by month, July first, in per cent of the year's mean (roughly)."""
_RISE = [100, 100, 150, 260, 420, 640]
_WAR_STEPS = [100, 97, 94, 90, 87, 82, 80, 76]
_PANEL_EVERY = 32
_PRICED_EVERY = 6
_PRICE_DAYS = np.arange(0, LAST_DAY, 61)


def build_market(population: Population, videos: Publications) -> Iterator[Block]:
    """The tables of the market, block by block."""
    yield from _build_segments(population)
    for index in cut(population.sizes.spus):
        yield from _build_sales(population, index)
    for index in cut(len(population.offer_sku)):
        yield from _build_prices(population, index)
    for index in cut(len(videos.offer)):
        yield _build_engagement(population, index)
    for index in cut(population.sizes.influencers):
        yield _build_audiences(population, index)
    yield from _build_demand()


def _build_segments(population: Population) -> Iterator[Block]:
    rows = read_rows("segments")
    members = np.bincount(get_segment(np.arange(population.sizes.buyers)), minlength=SEGMENT_COUNT)
    yield to_rows(
        "buyer_segments",
        [
            {"code": row["code"], "label_en": row["label_en"], "label_zh": row["label_zh"], "members": count}
            for row, count in zip(rows, members.tolist(), strict=True)
        ],
    )
    brand_seen = np.unique(population.spu_leaf.astype(np.int64) * (1 << 32) + population.spu_brand)
    leaves = population.lexicon.leaves
    yield to_rows(
        "markets",
        [
            {
                "code": f"{row['code']}-mid",
                "label_en": f"{row['label_en']}, mid price",
                "label_zh": f"{row['label_zh']} 中价位",
                "category": row["code"],
                "price_band": "mid",
                "region": "cn-east",
            }
            for row in leaves
        ],
    )
    yield Block(
        "brand_markets",
        {
            "brand": codes("B", brand_seen & 0xFFFFFFFF, 4),
            "market": [f"{leaves[leaf]['code']}-mid" for leaf in (brand_seen >> 32).tolist()],
        },
    )


def weekly_units(population: Population, spu: np.ndarray) -> np.ndarray:
    """Units sold of each SPU (rows) in each of the 52 weeks (columns), with what is planted."""
    draws = population.draws
    weeks = np.arange(WEEKS)
    month = weeks * 12 // WEEKS
    table = np.array([SEASONS[row["season"]] for row in population.lexicon.leaves])
    season = table[population.spu_leaf[spu]][:, month]
    fame = draws.below("sales/level", spu, 1000)
    level = 40 + fame * fame // 1000 * fame // 1000
    level[np.isin(spu, [*PANEL])] = 500
    level[spu == Part.NEWCOMER] = 2600
    slope = draws.below("sales/slope", spu, 41) - 20
    noise = 93 + draws.below("sales/noise", spu[:, None] * WEEKS + weeks, 15)
    planted = np.full((len(spu), WEEKS), 100)
    planted[spu == Part.RISER, -len(_RISE) :] = _RISE
    for faller in cast.FALLERS:
        planted[spu == faller, -8:] = [90, 80, 70, 60, 48, 36, 28, 22]
    planted[spu == Part.CAMPAIGN_LIFTED, slice(*CAMPAIGN_WEEKS)] = 310
    trend = 100 + slope[:, None] * (weeks - 26) // 52
    units = level[:, None] * season // 100 * trend // 100 * noise // 100 * planted // 100
    born = population.spu_first_day[spu][:, None] > weeks * 7
    return np.where(born, 0, units)


def _build_sales(population: Population, index: np.ndarray) -> Iterator[Block]:
    index = index[population.spu_first_sku[index + 1] > population.spu_first_sku[index]]
    regions = [row["code"] for row in read_rows("regions")]
    units = weekly_units(population, index)
    followed = np.isin(index, [*PANEL]) | (index % _PANEL_EVERY == _PANEL_EVERY - 1)
    weeks = np.arange(WEEKS)
    wanted = (units > 0) & (followed[:, None] | (weeks >= WEEKS - RECENT_WEEKS))
    for share, turn, kept in ((70, 0, wanted), (30, 1, wanted & followed[:, None] & (weeks >= WEEKS - 12))):
        row, week = np.nonzero(kept)
        spu = index[row]
        sold = units[row, week] * share // 100 + 1
        region = [regions[number] for number in ((spu + turn) % 4).tolist()]
        code = codes("P", spu)
        columns: dict[str, Column] = {
            "code": [f"{c}-{r}-{w + 1:02d}" for c, r, w in zip(code, region, week.tolist(), strict=True)],
            "spu": code,
            "region": region,
            "week_start": write_days(week * 7),
            "week_end": write_days(week * 7 + 7),
            "units": sold.tolist(),
            "gmv": money(sold * (population.spu_price[spu] // 10 * 10)),
            "currency": ["CNY"] * len(code),
            "source": [f"panel-{r}" for r in region],
        }
        yield Block("sales", columns)


def _build_prices(population: Population, index: np.ndarray) -> Iterator[Block]:
    price, begun = population.offer_price[index], population.offer_from_day[index]
    war = population.offer_spu[index] == Part.PRICE_WAR
    followed = (index % _PRICED_EVERY == 0) & ~war
    row, place = np.nonzero((begun[:, None] <= _PRICE_DAYS) & followed[:, None])
    wave = 96 + population.draws.below("price/wave", index[row] * 8 + place, 9)
    wave[place == len(_PRICE_DAYS) - 1] = 100
    yield _to_price_block(index[row], _PRICE_DAYS[place], price[row] * wave // 1000 * 10)
    row, step = np.nonzero(np.repeat(war[:, None], len(_WAR_STEPS), axis=1))
    if len(row):
        rank = population.offer_listing[index[row]] - population.spu_first_listing[Part.PRICE_WAR]
        day = LAST_DAY - 7 * (len(_WAR_STEPS) - step) + rank
        start = price[row] * 100 // _WAR_STEPS[-1]
        fall = np.array(_WAR_STEPS)[np.where(rank == 2, 0, step)]
        now = np.where((step == len(_WAR_STEPS) - 1), price[row], start * fall // 1000 * 10)
        yield _to_price_block(index[row], day, now)


def _to_price_block(offer: np.ndarray, day: np.ndarray, price: np.ndarray) -> Block:
    code = codes("F", offer, 6)
    return Block(
        "prices",
        {
            "code": [f"{c}-{d}" for c, d in zip(code, day.tolist(), strict=True)],
            "offer": code,
            "observed": write_days(day),
            "price": money(price),
            "currency": ["CNY"] * len(code),
            "source": ["price-crawl"] * len(code),
        },
    )


def _build_engagement(population: Population, index: np.ndarray) -> Block:
    views = 800 + population.draws.skewed("video/views", index, 900_000)
    columns: dict[str, Column] = {
        "video": codes("V", index, 6),
        "observed": write_days(np.full(len(index), LAST_DAY - 1)),
        "views": views.tolist(),
        "likes": (views * (2 + population.draws.below("video/likes", index, 7)) // 100).tolist(),
        "source": ["platform-statistics"] * len(index),
    }
    return Block("video_statistics", columns)


def _build_audiences(population: Population, index: np.ndarray) -> Block:
    followers, _ = draw_followers(population, index)
    months = np.arange(4)
    growth = 1 + population.draws.below("influencer/growth", index, 6)
    counts = followers[:, None] * (100 - growth[:, None] * (3 - months)) // 100
    code = codes("I", index)
    columns: dict[str, Column] = {
        "code": [f"{c}-{m}" for c in code for m in months.tolist()],
        "influencer": [c for c in code for _ in months],
        "observed": write_days(np.tile(LAST_DAY - 1 - 91 * (3 - months), len(index))),
        "followers": counts.ravel().tolist(),
        "source": ["platform-statistics"] * counts.size,
    }
    return Block("audience_statistics", columns)


def _build_demand() -> Iterator[Block]:
    """Monthly searches per need; the white space rises where few SPUs serve it."""
    rows, queries = [], []
    days = np.arange(4, LAST_DAY, 30)
    for place, need in enumerate(read_rows("needs")):
        for month, day in enumerate(write_days(days)):
            level = 3000 + 350 * (place * 5 % 11)
            count = (
                400 * (month + 1) ** 2
                if need["code"] == cast.WHITE_SPACE_NEED
                else level + (place * 31 + month * 17) % 90
            )
            rows.append(
                {
                    "code": f"{need['code']}-{month + 1:02d}",
                    "need": need["code"],
                    "observed": day,
                    "views": count,
                    "source": "search-log",
                }
            )
        queries.append(
            {
                "code": need["code"],
                "text_en": need["label_en"].lower(),
                "text_zh": need["label_zh"],
                "searches": count,
            }
        )
    yield to_rows("need_demand", rows)
    yield to_rows("search_queries", queries)
