"""Trade: merchants and their shops, brand authorisations, listings and offers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .blocks import Block, Column, codes, cut, money, to_rows
from .calendar import LAST_DAY, write_days
from .cast import SELF_BROADCASTERS, Part
from .catalog_tables import get_spu_label
from .lexicon import read_rows
from .names import Namer
from .population import Population
from .wording import write_carelessly

_SHOP_TYPES = ("flagship", "authorised", "self-run")


def build_trade(population: Population, noise: float = 0.0) -> Iterator[Block]:
    """The tables of trade, block by block; `noise` is the share of listings without SPU and with a careless title."""
    yield from _build_merchants(population)
    for index in cut(len(population.listing_spu)):
        yield _build_listings(population, index, noise)
    for index in cut(len(population.offer_sku)):
        yield build_offers(population, index, noise)


def _build_merchants(population: Population) -> Iterator[Block]:
    namer = Namer(population.draws.seed * 53)
    for index in cut(population.sizes.merchants):
        names = [namer.merchant(number) for number in index.tolist()]
        merchants = codes("M", index, 4)
        yield Block(
            "merchants",
            {
                "code": merchants,
                "label_en": [name.en for name in names],
                "label_zh": [name.zh for name in names],
            },
        )
        kinds = [_SHOP_TYPES[number % 3] for number in index.tolist()]
        shops = {
            "code": codes("H", index, 4),
            "merchant": merchants,
            "label_en": [f"{name.en} {kind} shop" for name, kind in zip(names, kinds, strict=True)],
            "label_zh": [f"{name.zh}店铺" for name in names],
            "shop_type": kinds,
        }
        yield Block("shops", shops)
    pairs = authorized_pairs(population)
    for index in cut(len(pairs)):
        merchant, brand = np.divmod(pairs[index], population.sizes.brands)
        yield Block("authorizations", {"merchant": codes("M", merchant, 4), "brand": codes("B", brand, 4)})
    yield to_rows("self_broadcasters", [{"influencer": f"I{number + 1:05d}"} for number in SELF_BROADCASTERS])


def authorized_pairs(population: Population) -> np.ndarray:
    """merchant * brands + brand of every authorised pair that trades; the counterfeit's pair is never one."""
    brands = population.sizes.brands
    brand = population.spu_brand[population.listing_spu]
    pairs = np.unique(population.listing_merchant * brands + brand)
    pairs = pairs[population.is_authorized(pairs // brands, pairs % brands)]
    fake = population.spu_first_listing[Part.COUNTERFEIT] + 2
    return pairs[pairs != population.listing_merchant[fake] * brands + brand[fake]]


def is_careless(population: Population, listings: np.ndarray, noise: float) -> np.ndarray:
    """Which listings (by index) somebody has written carelessly, without saying which SPU they are of."""
    return population.draws.chance("listing/careless", listings, round(noise * 1000))


def _build_listings(population: Population, index: np.ndarray, noise: float) -> Block:
    spu = population.listing_spu[index]
    labels = [get_spu_label(population, number) for number in spu.tolist()]
    listings = codes("L", index, 6)
    careless = is_careless(population, index, noise).tolist()
    brands = [Namer(population.draws.seed * 53).brand(brand) for brand in population.spu_brand[spu].tolist()]
    english = [label[0] for label in labels]
    chinese: list[str | None] = [f"{label[1]} 官方正装" for label in labels]
    for row in np.flatnonzero(careless).tolist():
        english[row] = write_carelessly(english[row], brands[row].en, population.draws, int(index[row]))
        chinese[row] = None
    columns: dict[str, Column] = {
        "code": listings,
        "spu": [None if one else code for one, code in zip(careless, codes("P", spu), strict=True)],
        "label_en": english,
        "label_zh": chinese,
        "url": [f"https://shop.example/item/{code}" for code in listings],
    }
    return Block("listings", columns)


def build_offers(population: Population, index: np.ndarray, noise: float = 0.0) -> Block:
    """Rows of the offers of these indexes; those of careless listings don't say which listing they stand in."""
    draws, regions = population.draws, [row["code"] for row in read_rows("regions")]
    listing, sku = population.offer_listing[index], population.offer_sku[index]
    spu, from_day = population.listing_spu[listing], population.offer_from_day[index]
    state = draws.below("offer/state", index, 100)
    availability = np.select(
        [state < 91, state < 96, state < 98], ["in_stock", "out_of_stock", "preorder"], "discontinued"
    )
    availability[spu == Part.OUT_OF_STOCK] = "out_of_stock"
    merchants, skus = codes("M", population.listing_merchant[listing], 4), codes("K", sku, 6)
    stock = np.where(availability == "in_stock", 1 + draws.below("offer/stock", index, 400), 0)
    ends = ((index % 3 == 0) | (availability == "discontinued")).tolist()
    region = draws.below("offer/region", listing, 6).tolist()
    through = write_days(np.full(len(index), LAST_DAY + 184))
    return Block(
        "offers",
        {
            "code": codes("F", index, 6),
            "sku": skus,
            "merchant": merchants,
            "listing": [
                None if careless else code
                for careless, code in zip(
                    is_careless(population, listing, noise).tolist(), codes("L", listing, 6), strict=True
                )
            ],
            "merchant_sku_code": [
                f"{merchant}.{code}" for merchant, code in zip(merchants, skus, strict=True)
            ],
            "price": money(population.offer_price[index]),
            "currency": ["CNY"] * len(index),
            "valid_from": write_days(from_day),
            "valid_through": [day if there else None for day, there in zip(through, ends, strict=True)],
            "availability": availability.tolist(),
            "stock": stock.tolist(),
            "region": [regions[number] if number < 4 else None for number in region],
        },
    )
