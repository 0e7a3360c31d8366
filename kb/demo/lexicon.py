"""The static world: category tree, attributes, values, rules, needs, topics, segments, read from ``world/*.csv``."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files


def read_rows(name: str) -> list[dict[str, str]]:
    """The rows of one file of the world."""
    text = (files(__package__) / "world" / f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Rule:
    """One attribute that a category's products carry, and the values or numbers it may take there."""

    category: str
    attribute: str
    role: str
    required: bool
    values: tuple[str, ...]
    numeric: bool


@dataclass(frozen=True)
class Lexicon:
    """The static world, as rows of its files."""

    categories: tuple[dict[str, str], ...]
    attributes: tuple[dict[str, str], ...]
    values: tuple[dict[str, str], ...]
    category_attributes: tuple[dict[str, str], ...]

    @classmethod
    def read(cls) -> Lexicon:
        names = ("categories", "attributes", "attribute_values", "category_attributes")
        return cls(*(tuple(read_rows(name)) for name in names))

    @cached_property
    def parent(self) -> dict[str, str]:
        return {row["code"]: row["parent"] for row in self.categories}

    @cached_property
    def leaves(self) -> tuple[dict[str, str], ...]:
        return tuple(row for row in self.categories if row["noun_en"])

    @cached_property
    def departments(self) -> tuple[str, ...]:
        return tuple(row["code"] for row in self.categories if not row["parent"])

    @cached_property
    def attribute(self) -> dict[str, dict[str, str]]:
        return {row["code"]: row for row in self.attributes}

    @cached_property
    def value(self) -> dict[str, dict[str, str]]:
        return {row["code"]: row for row in self.values}

    def get_path(self, category: str) -> list[str]:
        """The category and its ancestors, root last.

        >>> Lexicon.read().get_path("lipstick")
        ['lipstick', 'lip-makeup', 'makeup', 'beauty']
        """
        path = [category]
        while self.parent[path[-1]]:
            path.append(self.parent[path[-1]])
        return path

    def get_rules(self, category: str) -> list[Rule]:
        """The attribute rules that hold for a category, its ancestors' included, nearest first.

        >>> [rule.attribute for rule in Lexicon.read().get_rules("sunscreen")]
        ['spf', 'skin-type', 'net-volume', 'texture', 'pack-count']
        """
        rules = []
        for ancestor in self.get_path(category):
            for row in self.category_attributes:
                if row["category"] == ancestor:
                    attribute = self.attribute[row["attribute"]]
                    numbers = tuple(filter(None, attribute["numbers"].split(";")))
                    listed = tuple(filter(None, row["values"].split(";")))
                    scheme = tuple(
                        value["code"] for value in self.values if value["attribute"] == attribute["code"]
                    )
                    rules.append(
                        Rule(
                            ancestor,
                            attribute["code"],
                            row["role"],
                            row["required"] == "true",
                            listed or numbers or scheme,
                            bool(numbers),
                        )
                    )
        return rules
