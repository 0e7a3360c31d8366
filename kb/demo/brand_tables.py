"""Brands in families of up to three levels, and the organizations that own them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .blocks import Block, codes, to_rows
from .names import Namer
from .population import Population


def get_brand_parent(brand: int) -> int | None:
    """The brand of which this one is a sub-brand: in each department one family of three levels in eight brands.

    >>> [get_brand_parent(brand) for brand in (0, 5, 10, 15, 20)]
    [None, 0, 5, None, 15]
    """
    return brand - 5 if brand // 5 % 8 in (1, 2, 4) else None


def build_brands(population: Population) -> Iterator[Block]:
    """The tables of organizations and brands; the last brand is another one written in a second way."""
    namer, count = Namer(population.draws.seed * 53), population.sizes.brands
    groups = count // 10
    organizations = []
    for number in range(groups + count // 2):
        name = namer.organization(number)
        group = f"G{(number - groups) % groups + 1:04d}" if number >= groups and number % 3 else ""
        organizations.append(
            {"code": f"G{number + 1:04d}", "label_en": name.en, "label_zh": name.zh, "parent": group}
        )
    yield to_rows("organizations", organizations)
    brands = []
    for number in range(count):
        name, parent = namer.brand(number), get_brand_parent(number)
        alias = f"{name.en.upper()} {name.zh}" if number % 3 == 0 else ""
        owner = "" if parent is not None and number // 5 % 8 != 4 else f"G{groups + number // 2 + 1:04d}"
        brands.append(
            {
                "code": codes("B", np.array([number]), 4)[0],
                "label_en": name.en,
                "label_zh": name.zh,
                "also_known_as": alias,
                "parent": "" if parent is None else f"B{parent + 1:04d}",
                "owner": owner,
            }
        )
    twin = brands[3]
    brands.append(
        {
            **twin,
            "code": "B0000",
            "label_en": f"{twin['label_en'][:3]} {twin['label_en'][3:].capitalize()}",
            "also_known_as": "",
            "parent": "",
            "owner": f"G{groups + 2:04d}",
        }
    )
    yield to_rows("brands", brands)
