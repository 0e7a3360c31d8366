"""The taxonomy: categories, attributes with their values, which category wants which, needs and topics."""

from __future__ import annotations

from collections.abc import Iterator

from .blocks import Block, to_rows
from .lexicon import read_rows
from .population import Population


def build_taxonomy(population: Population) -> Iterator[Block]:
    """The tables of the static world."""
    lexicon = population.lexicon
    columns = ("code", "parent", "label_en", "label_zh")
    categories = [
        {"notation": f"C{place + 1:03d}", **{key: row[key] for key in columns}}
        for place, row in enumerate(lexicon.categories)
    ]
    yield to_rows("categories", categories)
    yield to_rows("departments", [{"category": code} for code in lexicon.departments])
    used = {value["attribute"] for value in lexicon.values}
    kept = ("code", "label_en", "label_zh", "dimension", "single_valued", "plausible_min", "plausible_max")
    yield to_rows(
        "attributes",
        [
            {**{key: row[key] for key in kept}, "value_list": row["code"] if row["code"] in used else ""}
            for row in lexicon.attributes
        ],
    )
    yield to_rows("attribute_values", list(lexicon.values))
    rules = [
        {"code": f"{row['category']}-{row['attribute']}", **{key: row[key] for key in row if key != "values"}}
        for row in lexicon.category_attributes
    ]
    yield to_rows("category_attributes", rules)
    for table in ("needs", "need_categories", "topics"):
        yield to_rows(table, read_rows(table))
