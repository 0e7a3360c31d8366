"""What is planted in the data to be found, for ``truth.json``: IRIs and the numbers that make it true."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import graphs
from . import cast
from .brand_tables import get_brand_parent
from .calendar import write_days
from .cast import PERIOD, Part
from .catalog_tables import make_gtin
from .content_tables import CAMPAIGN_WEEKS, DECLARED_NICHE, OBSERVED_NICHE, Niches
from .lexicon import read_rows
from .market_tables import SEASONS, weekly_units
from .order_tables import PROMOTION_DAYS
from .population import Population
from .trade_tables import authorized_pairs, is_careless

_LISTED = 50
"""At most this many of each finding that recurs with the scale are listed."""


def _spu(number: int) -> str:
    return f"{graphs.DATA}spu/P{number + 1:05d}"


def _brand(number: int) -> str:
    return f"{graphs.DATA}brand/B{number + 1:04d}"


def _offer(number: int) -> str:
    return f"{graphs.DATA}offer/F{number + 1:06d}"


def _category(code: str) -> str:
    return f"{graphs.DATA}category/{code}"


def _recurring(population: Population, part: Part) -> list[int]:
    return list(range(part, population.sizes.spus, PERIOD))[:_LISTED]


def tell_truth(population: Population, noise: float = 0.0) -> dict[str, Any]:
    """Every planted finding by name."""
    return {
        "top_riser": _tell_change(population, Part.RISER),
        "fallers": [_tell_change(population, faller) for faller in cast.FALLERS],
        "seasonal_categories": [
            {"category": _category(row["code"]), "peak_month": _peak_month(row["season"])}
            for row in population.lexicon.leaves
            if row["season"]
        ],
        "drifted_influencer": {
            "influencer": f"{graphs.DATA}influencer/I{cast.DRIFTED_INFLUENCER + 1:05d}",
            "declares": _category(DECLARED_NICHE),
            "shows": _category(OBSERVED_NICHE),
        },
        "niches": _tell_niches(population),
        "merchant_types": {
            f"{graphs.DATA}merchant/M{number + 1:04d}": (
                _category(population.lexicon.departments[number % 6]) if number % 6 < 5 else "generalist"
            )
            for number in range(population.sizes.merchants)
        },
        "influencer_merchants": [
            f"{graphs.DATA}influencer/I{number + 1:05d}" for number in cast.SELF_BROADCASTERS
        ],
        "suspicious_offers": _tell_counterfeits(population),
        "brand_family": _tell_family(population),
        "brand_alias": {"brand": _brand(3), "written_as": f"{graphs.DATA}brand/B0000"},
        "complements": [[_spu(first), _spu(second)] for first, second in cast.COMPLEMENTS.items()],
        "substitutes": [[_spu(first), _spu(second)] for first, second in cast.SUBSTITUTES.items()],
        "promoted_together": {
            "spus": [_spu(part) for part in cast.PROMOTED_TOGETHER],
            "from": write_days(np.array(PROMOTION_DAYS))[0],
            "to": write_days(np.array(PROMOTION_DAYS))[1],
        },
        "segments": [
            {"segment": f"{graphs.DATA}segment/{row['code']}", "over_indexes_on": _category(row["prefers"])}
            for row in read_rows("segments")
        ],
        "missed_merges": [
            [_spu(number - second + first), _spu(number)]
            for second, first in cast.TWINS.items()
            for number in _recurring(population, second)
        ],
        "shared_gtins": [
            {
                "gtin": make_gtin(int(population.spu_first_sku[number - 1])),
                "spus": [_spu(number - 1), _spu(number)],
            }
            for number in _recurring(population, Part.TWIN_CREAM_AGAIN)
        ],
        "miscategorised": [
            {"spu": _spu(number), "sits_in": _category(cast.LEAVES[part]), "belongs_in": _category(leaf)}
            for part, leaf in cast.TITLED_AS.items()
            for number in _recurring(population, part)
        ],
        "two_patterns": [_spu(number) for number in _recurring(population, Part.TWO_PATTERNS)],
        "mixed_materials": [_spu(number) for number in _recurring(population, Part.MIXED_MATERIALS)],
        "spus_without_sku": [_spu(number) for number in _recurring(population, Part.NO_SKU)],
        "content_but_out_of_stock": _spu(Part.OUT_OF_STOCK),
        "price_war": {"spu": _spu(Part.PRICE_WAR), "first_to_move": _tell_first_mover(population)},
        "white_space": {
            "need": f"{graphs.DATA}need/{cast.WHITE_SPACE_NEED}",
            "served_by": [_spu(Part.WHITE_SPACE)],
        },
        "careless_listings": _tell_careless(population, noise),
        "lifting_campaign": {
            "campaign": f"{graphs.DATA}campaign/N0001",
            "spu": _spu(Part.CAMPAIGN_LIFTED),
            "from": write_days(np.array(CAMPAIGN_WEEKS) * 7)[0],
            "to": write_days(np.array(CAMPAIGN_WEEKS) * 7)[1],
        },
        "generations": [_spu(watch) for watch in cast.WATCHES],
        "replenished": _spu(Part.REPLENISHED),
        "newcomer": _spu(Part.NEWCOMER),
        "dominated_category": {
            "category": _category("phone-case"),
            "value": f"{graphs.DATA}attribute-value/silicone",
        },
    }


def _tell_niches(population: Population) -> dict[str, str]:
    niches, index = Niches.of(population), np.arange(population.sizes.influencers)
    codes = [niches.codes[number] for number in niches.of_influencer(index).tolist()]
    codes[cast.DRIFTED_INFLUENCER] = OBSERVED_NICHE
    return {
        f"{graphs.DATA}influencer/I{number + 1:05d}": _category(code) for number, code in enumerate(codes)
    }


def _tell_careless(population: Population, noise: float) -> dict[str, str]:
    index = np.arange(len(population.listing_spu))
    index = index[is_careless(population, index, noise)]
    spus = population.listing_spu[index].tolist()
    return {
        f"{graphs.DATA}listing/L{one + 1:06d}": _spu(spu)
        for one, spu in zip(index.tolist(), spus, strict=True)
    }


def _tell_change(population: Population, part: Part) -> dict[str, Any]:
    units = weekly_units(population, np.array([part]))[0]
    return {
        "spu": _spu(part),
        "units_before": int(units[-8:-4].sum()),
        "units_last_month": int(units[-4:].sum()),
    }


def _peak_month(season: str) -> int:
    months = SEASONS[season]
    return (months.index(max(months)) + 6) % 12 + 1


def _tell_counterfeits(population: Population) -> list[dict[str, Any]]:
    listing = int(population.spu_first_listing[Part.COUNTERFEIT]) + 2
    merchant, brand = int(population.listing_merchant[listing]), int(population.spu_brand[Part.COUNTERFEIT])
    assert merchant * population.sizes.brands + brand not in authorized_pairs(population)
    first, last = population.listing_first_offer[listing : listing + 2].tolist()
    return [
        {
            "offer": _offer(offer),
            "spu": _spu(Part.COUNTERFEIT),
            "merchant": f"{graphs.DATA}merchant/M{merchant + 1:04d}",
        }
        for offer in range(first, last)
    ]


def _tell_family(population: Population) -> dict[str, Any]:
    family = [brand for brand in (0, 5, 10) if brand < population.sizes.brands]
    assert [get_brand_parent(brand) for brand in family] == [None, *family[:-1]]
    return {"top": _brand(0), "levels": [_brand(brand) for brand in family]}


def _tell_first_mover(population: Population) -> str:
    merchant = int(population.listing_merchant[population.spu_first_listing[Part.PRICE_WAR]])
    return f"{graphs.DATA}merchant/M{merchant + 1:04d}"
