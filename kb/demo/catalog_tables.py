"""The catalogue: series, SPUs with key attributes, SKUs with sale attributes, relations between SPUs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import cast
from .blocks import Block, add_check_digit, codes, cut, to_rows
from .brand_tables import build_brands
from .calendar import write_days
from .cast import PERIOD, Part
from .lexicon import Rule, read_rows
from .names import Namer
from .population import Population
from .taxonomy_tables import build_taxonomy

_ADJECTIVES = (
    ("Daily", "日常"), ("Soft", "柔感"), ("Bright", "亮采"), ("Pure", "纯享"), ("Compact", "轻巧"), ("Classic", "经典"),
    ("Calm", "静享"), ("Breeze", "清风"), ("Plus", "加强"), ("Light", "轻盈"), ("Prime", "臻选"), ("Studio", "工坊"),
)  # fmt: skip
_FACTORS = {"ml": 1, "g": 1, "l": 1000, "w": 1, "cm": 10, "pcs": 1, "h": 3600}
_COMPANY_PREFIX = 690_9900
"""The fictional shop's GS1 company prefixes are drawn from 6909900 on."""
_PACKS = "2"


def build_catalog(population: Population) -> Iterator[Block]:
    """The tables of the catalogue, block by block."""
    yield from build_taxonomy(population)
    yield from build_brands(population)
    yield _build_series(population)
    for index in cut(population.sizes.spus):
        yield _build_spus(population, index)
        yield _build_spu_attributes(population, index)
    for index in cut(len(population.sku_spu)):
        yield from _build_skus(population, index)
        yield _build_sku_attributes(population, index)
    yield from _build_relations(population)


def _build_series(population: Population) -> Block:
    namer = Namer(population.draws.seed * 53)
    rows = []
    for number in range(population.sizes.brands * 2):
        brand, (adjective_en, adjective_zh) = namer.brand(number // 2), _ADJECTIVES[number * 7 % 12]
        rows.append(
            {
                "code": f"{number // 2 + 1:04d}-{number % 2 + 1}",
                "label_en": f"{brand.en} {adjective_en}",
                "label_zh": f"{brand.zh}{adjective_zh}系列",
                "brand": f"B{number // 2 + 1:04d}",
            }
        )
    return to_rows("series", rows)


def get_spu_label(population: Population, spu: int) -> tuple[str, str]:
    """The English and the Chinese title of an SPU."""
    namer = Namer(population.draws.seed * 53)
    brand = namer.brand(int(population.spu_brand[spu]))
    leaf = population.get_leaf(spu)
    title = cast.TITLED_AS.get(Part(spu % PERIOD)) if spu % PERIOD in cast.TITLED_AS else None
    if title:
        leaf = next(row for row in population.lexicon.leaves if row["code"] == title)
    adjective = _ADJECTIVES[spu * 5 % 12]
    return (
        f"{brand.en} {adjective[0]} {leaf['noun_en']} {spu % 97 + 3}",
        f"{brand.zh}{adjective[1]}{leaf['noun_zh']}{spu % 97 + 3}",
    )


def _build_spus(population: Population, index: np.ndarray) -> Block:
    leaves, draws = population.lexicon.leaves, population.draws
    needs: dict[str, list[str]] = {}
    for served in read_rows("need_categories"):
        needs.setdefault(served["category"], []).append(served["need"])
    stated = draws.chance("spu/need", index, 400).tolist()
    series = draws.chance("spu/series", index, 600).tolist()
    labels = [get_spu_label(population, spu) for spu in index.tolist()]
    brands = population.spu_brand[index].tolist()
    columns: dict[str, list[Any]] = {
        "code": codes("P", index),
        "label_en": [label[0] for label in labels],
        "label_zh": [label[1] for label in labels],
        "brand": codes("B", population.spu_brand[index], 4),
        "category": [leaves[leaf]["code"] for leaf in population.spu_leaf[index].tolist()],
        "series": [
            f"{brand + 1:04d}-{spu % 2 + 1}" if there else None
            for spu, brand, there in zip(index.tolist(), brands, series, strict=True)
        ],
        "model_number": [get_model_number(population, spu) for spu in index.tolist()],
        "first_seen": write_days(population.spu_first_day[index]),
        "need": [None] * len(index),
        "replaces": [None] * len(index),
    }
    for row, spu in enumerate(index.tolist()):
        fitting = [
            need
            for step in population.lexicon.get_path(str(columns["category"][row]))
            for need in needs.get(step, [])
        ]
        if fitting and stated[row]:
            columns["need"][row] = fitting[spu % len(fitting)]
        if spu in cast.WATCHES:
            columns["series"][row] = f"{brands[row] + 1:04d}-1"
            columns["replaces"][row] = None if spu == Part.WATCH_FIRST else f"P{spu:05d}"
        if spu == Part.WHITE_SPACE:
            columns["need"][row] = cast.WHITE_SPACE_NEED
    return Block("spus", columns)


def get_model_number(population: Population, spu: int) -> str:
    """The maker's model number; a missed merge writes its twin's without the hyphen."""
    twin = cast.TWINS.get(Part(spu % PERIOD)) if spu % PERIOD in cast.TWINS else None
    number = spu if twin is None else spu - spu % PERIOD + twin
    leaf = population.get_leaf(number)["code"]
    return f"{leaf[:2].upper()}{'-' if twin is None else ''}{number + 1:04d}"


def _choose_values(rule: Rule, draw: int, count: int = 1) -> list[str]:
    return [rule.values[(draw + step) % len(rule.values)] for step in range(count)]


class _Assertions:
    """Attribute assertions as columns of a table, being filled."""

    def __init__(self, population: Population, subject: str) -> None:
        self.attributes = population.lexicon.attribute
        names = (
            "code",
            subject,
            "attribute",
            "value",
            "number",
            "unit",
            "canonical",
            "text",
            "origin",
            "confidence",
        )
        self.columns: dict[str, list[Any]] = {name: [] for name in (*names, "mined_by", "mined_from")}
        self.subject = subject

    def add(self, subject: str, rule: Rule, value: str, *, mined: bool = False, again: str = "") -> None:
        unit = self.attributes[rule.attribute]["units"] if rule.numeric else None
        text = rule.attribute == "fits-model"
        cells = {
            "code": f"{subject}-{rule.attribute}{again}",
            self.subject: subject,
            "attribute": rule.attribute,
            "value": None if rule.numeric or text else value,
            "number": value if rule.numeric else None,
            "unit": unit,
            "canonical": _to_canonical(value, unit) if unit else None,
            "text": value if text else None,
            "origin": "mined" if mined else "merchant",
            "confidence": "0.87" if mined else None,
            "mined_by": "title-attributes-2026-06" if mined else None,
            "mined_from": "listing-titles" if mined else None,
        }
        for name, cell in cells.items():
            self.columns[name].append(cell)


def _to_canonical(number: str, unit: str) -> str:
    whole, _, fraction = number.partition(".")
    tenths = int(whole) * 10 + int(fraction or 0)
    scaled = tenths * _FACTORS[unit]
    return f"{scaled // 10}" if scaled % 10 == 0 else f"{scaled // 10}.{scaled % 10}"


def _build_spu_attributes(population: Population, index: np.ndarray) -> Block:
    draws = population.draws
    table = _Assertions(population, "spu")
    part = index % PERIOD
    seen = index.copy()
    for second, first in cast.TWINS.items():
        seen[part == second] -= second - first
    rules = {
        leaf: population.lexicon.get_rules(row["code"]) for leaf, row in enumerate(population.lexicon.leaves)
    }
    choice = [draws.below(f"spu/value/{place}", seen, 1 << 20).tolist() for place in range(5)]
    gap = draws.chance("spu/gap", index, 12).tolist()
    mined = draws.chance("spu/mined", index, 150).tolist()
    leaves, spus = population.spu_leaf[index].tolist(), codes("P", index)
    for row, spu in enumerate(spus):
        for place, rule in enumerate(rules[leaves[row]]):
            if rule.role == "sale" or (rule.role == "descriptive" and gap[row]):
                continue
            if not rule.required and choice[place % 5][row] % 2:
                continue
            if rule.attribute == "fits-model":
                model = get_model_number(population, int(Part.PHONE))
                table.add(spu, rule, model)
                continue
            value = _choose_values(rule, choice[place % 5][row])[0]
            if rule.attribute == "material" and rule.category == "phone-accessories" and choice[4][row] % 8:
                value = "silicone"
            table.add(spu, rule, value, mined=bool(mined[row] and rule.role == "descriptive"))
            if part[row] == Part.TWO_PATTERNS and rule.attribute == "pattern":
                other = _choose_values(rule, choice[place % 5][row] + 1)[0]
                table.add(spu, rule, other, mined=True, again="-mined")
    return Block("spu_attributes", table.columns)


def make_gtin(number: int) -> str:
    """A GTIN-14 (a padded GTIN-13 of a fictional company) with its check digit.

    >>> make_gtin(0)
    '06909900000001'
    """
    return add_check_digit(f"0{_COMPANY_PREFIX * 100_000 + number}")


def _build_skus(population: Population, index: np.ndarray) -> Iterator[Block]:
    spu = population.sku_spu[index]
    labels = {code: get_spu_label(population, code) for code in set(spu.tolist())}
    place = (index - population.spu_first_sku[spu]).tolist()
    spus, part = spu.tolist(), spu % PERIOD
    number = index.copy()
    twin = (part == Part.TWIN_CREAM_AGAIN) & (np.array(place) == 0)
    number[twin] = population.spu_first_sku[spu[twin] - 1]
    columns: dict[str, list[Any]] = {
        "code": codes("K", index, 6),
        "spu": codes("P", spu),
        "gtin": [make_gtin(each) for each in number.tolist()],
        "label_en": [
            f"{labels[code][0]}, variant {which + 1}" for code, which in zip(spus, place, strict=True)
        ],
        "label_zh": [f"{labels[code][1]} 款式{which + 1}" for code, which in zip(spus, place, strict=True)],
    }
    bundle = population.sku_bundle[index].tolist()
    for table, wanted in (("skus", False), ("bundles", True)):
        rows = [row for row, is_bundle in enumerate(bundle) if is_bundle == wanted]
        if rows:
            yield Block(table, {name: [cells[row] for row in rows] for name, cells in columns.items()})


def _build_sku_attributes(population: Population, index: np.ndarray) -> Block:
    table = _Assertions(population, "sku")
    lexicon, draws = population.lexicon, population.draws
    rules = {leaf: lexicon.get_rules(row["code"]) for leaf, row in enumerate(lexicon.leaves)}
    spu = population.sku_spu[index]
    place = (index - population.spu_first_sku[spu]).tolist()
    start = draws.below("sku/value", spu, 1 << 20).tolist()
    other = draws.below("sku/other", spu, 1 << 20).tolist()
    bundle = population.sku_bundle[index].tolist()
    leaves, spus = population.spu_leaf[spu].tolist(), spu.tolist()
    for row, sku in enumerate(codes("K", index, 6)):
        sale = [rule for rule in rules[leaves[row]] if rule.role == "sale" and rule.attribute != "pack-count"]
        which = 0 if bundle[row] else place[row]
        table.add(sku, sale[0], _choose_values(sale[0], start[row] + which)[0])
        for rule in sale[1:]:
            table.add(sku, rule, _choose_values(rule, other[row])[0])
        if bundle[row]:
            table.add(
                sku, next(rule for rule in rules[leaves[row]] if rule.attribute == "pack-count"), _PACKS
            )
        if spus[row] % PERIOD == Part.MIXED_MATERIALS:
            material = next(rule for rule in rules[leaves[row]] if rule.attribute == "material")
            table.add(sku, material, material.values[place[row]])
    return Block("sku_attributes", table.columns)


def _build_relations(population: Population) -> Iterator[Block]:
    def code(spu: int) -> str:
        return f"P{spu + 1:05d}"

    complements = [(code(first), code(second)) for first, second in cast.COMPLEMENTS.items()]
    substitutes = [(code(first), code(second)) for first, second in cast.SUBSTITUTES.items()]
    yield to_rows("complements", [{"spu": first, "other": second} for first, second in complements])
    yield to_rows("substitutes", [{"spu": first, "other": second} for first, second in substitutes])
    accessories = [(Part.PHONE_CASE, Part.PHONE), (Part.SCREEN_PROTECTOR, Part.PHONE)]
    yield to_rows(
        "accessories", [{"spu": code(first), "host": code(second)} for first, second in accessories]
    )
    runs = [
        {
            "code": "title-attributes-2026-06",
            "label_en": "Attributes from listing titles, June 2026",
            "label_zh": "2026年6月标题属性抽取",
        },
        {
            "code": "baskets-2026-06",
            "label_en": "Relations from baskets, June 2026",
            "label_zh": "2026年6月购物篮关系挖掘",
        },
    ]
    yield to_rows("mining_runs", runs)
    inputs = [
        {"code": "listing-titles", "label_en": "Listing titles", "label_zh": "商品标题"},
        {"code": "order-baskets", "label_en": "Order baskets", "label_zh": "订单购物篮"},
    ]
    yield to_rows("mining_inputs", inputs)
    scored = [("complement", pair) for pair in complements] + [("substitute", pair) for pair in substitutes]
    yield to_rows(
        "relations",
        [
            {
                "code": f"{kind}-{first}-{second}",
                "kind": kind,
                "spu": first,
                "other": second,
                "score": f"0.{91 - 4 * place}",
                "support": 30 - 2 * place,
                "window_days": 364,
                "mined_by": "baskets-2026-06",
                "mined_from": "order-baskets",
            }
            for place, (kind, (first, second)) in enumerate(scored)
        ],
    )
