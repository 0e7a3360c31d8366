"""What the columns of tables about goods mean, guessed from their headers and values, with how sure the guess is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from .column_profile import ColumnProfile, TableProfile

# Shares of values that must have a pattern, and points for what speaks for a meaning.
_MOST = 0.8
_HEADER, _PART, _VALUES = 0.6, 0.35, 0.35
_LEAST = 0.4


@dataclass(frozen=True)
class Meaning:
    """What a column is taken for: a name in ``fields.yml``, None where nobody knows; `confidence` is from 0 to 1."""

    column: str
    field: str | None
    confidence: float
    personal: bool
    samples: tuple[str, ...]

    def __str__(self) -> str:
        field = f"{self.field or '-'}{' (personal: left out)' if self.personal else ''}"
        return f"{self.column:<28} {field:<26} {self.confidence:.0%}  {' | '.join(self.samples)[:60]}"


def guess_meanings(table: TableProfile) -> tuple[Meaning, ...]:
    """A meaning for each column, in their order; no two columns have the same one, unless it is personal."""
    fields = _fields()
    scores = sorted(
        (
            (_score(column, name, field), column, name)
            for column in table.columns
            for name, field in fields.items()
        ),
        key=lambda one: -one[0],
    )
    chosen: dict[str, tuple[float, str]] = {}
    for score, column, name in scores:
        taken = name in (field for _, field in chosen.values())
        if score >= _LEAST and column.name not in chosen and (not taken or fields[name].get("personal")):
            chosen[column.name] = score, name
    _fall_back(table, chosen)
    nothing = 0.0, None
    return tuple(
        Meaning(
            column.name,
            name,
            min(score, 0.99),
            bool(name and fields[name].get("personal")),
            column.samples,
        )
        for column in table.columns
        for score, name in [chosen.get(column.name, nothing)]
    )


def _score(column: ColumnProfile, name: str, field: Mapping[str, Any]) -> float:
    header = re.sub(r"[\W_]+", "", column.name.lower())
    words = [str(word) for word in field["words"]]
    score = _HEADER if header in words else _PART if any(_ends(column.name, word) for word in words) else 0.0
    if pattern := field.get("pattern"):
        fits = column.patterns[pattern] >= _MOST
        if not fits:
            return 0.0 if name != "phone" else score
        return score + _VALUES if score or name in ("gtin", "email") else 0.0
    if not score:
        return 0.0
    plausible = {
        "key": column.distinct > 0.98 and column.filled > 0.98,
        "title": 2 < column.length < 250 and column.distinct > 0.2,
        "brand": column.length < 60 and column.distinct < 0.7,
        "category": column.distinct < 0.9,
        "description": column.length > 20,
    }
    return score + (_VALUES if plausible.get(name, True) else -0.1)


def _ends(header: str, word: str) -> bool:
    """Whether a header's last words are `word`: "List price", "product_title", "productTitle"."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+", header)
    tails = ("".join(parts[first:]).lower() for first in range(1, len(parts)))
    return word in tails


def _fall_back(table: TableProfile, chosen: dict[str, tuple[float, str]]) -> None:
    """A key and a title by their values alone, where no header says it."""
    known = {field for _, field in chosen.values()}
    left = [column for column in table.columns if column.name not in chosen]
    if "key" not in known:
        keys = [one for one in left if one.distinct == 1.0 and one.filled == 1.0 and 0 < one.length < 40]
        for column in keys[:1]:
            chosen[column.name] = _LEAST, "key"
    if "title" not in known:
        texts = [
            one
            for one in left
            if one.name not in chosen
            and 8 < one.length < 150
            and one.distinct > 0.5
            and not one.patterns["number"]
        ]
        for column in sorted(texts, key=lambda one: -one.length)[:1]:
            chosen[column.name] = _LEAST, "title"


def _fields() -> dict[str, dict[str, Any]]:
    text = resources.files(__package__).joinpath("fields.yml").read_text("utf-8")
    fields: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return fields
