"""Quantities in texts: a number and a unit of the vocabulary, with what it comes to in the canonical unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from ..terms import CKB, SKOS
from .statements import Statements

# "5 in 1" and "2 a day" are no lengths and no currents.
_WORDS = {"in", "a", "d", "h", "s", "t", "m"}


@dataclass(frozen=True)
class Unit:
    """A unit by its IRI: what it measures, and its factor to the canonical unit of that."""

    iri: str
    dimension: str
    factor: Decimal


@dataclass(frozen=True)
class Quantity:
    """A quantity and where it stands."""

    begin: int
    end: int
    number: Decimal
    unit: Unit

    @property
    def canonical(self) -> Decimal:
        """The number in the canonical unit."""
        return (self.number * self.unit.factor).normalize()


class Units:
    """The names by which units are called, in any case where that is clear.

    >>> gram = Unit("urn:g", "urn:mass", Decimal(1))
    >>> units = Units({"g": gram, "kg": Unit("urn:kg", "urn:mass", Decimal(1000))})
    >>> [(str(one.number), one.unit.iri, f"{one.canonical:f}") for one in units.quantities("rice 2.5KG, salt 200 g")]
    [('2.5', 'urn:kg', '2500'), ('200', 'urn:g', '200')]
    """

    def __init__(self, names: Mapping[str, Unit]) -> None:
        self._exact = dict(names)
        self._any: dict[str, Unit | None] = {}
        for name, unit in names.items():
            low = name.lower()
            self._any[low] = unit if self._any.get(low, unit) == unit else None
        ways = "|".join(re.escape(one) for one in sorted(names, key=lambda one: (-len(one), one)))
        self._pattern = re.compile(
            rf"(?<![A-Za-z0-9.,])(?P<number>\d+(?:[.,]\d+)?)(?P<blank>[ -]?)(?P<unit>{ways})(?![A-Za-z0-9])",
            re.IGNORECASE,
        )

    @classmethod
    def read(cls, said: Statements) -> Units:
        """The units of a store, by their codes and their names in all languages."""
        dimensions, factors = dict(said.pairs(CKB.dimension)), dict(said.pairs(CKB.toCanonicalFactor))
        names: dict[str, Unit] = {}
        labels = {one: [text for text, _ in some] for one, some in said.labels(SKOS.prefLabel).items()}
        codes = {property: dict(said.pairs(property)) for property in (SKOS.notation, CKB.ucumCode)}
        for unit in sorted(factors.keys() & dimensions.keys()):
            found = Unit(unit, dimensions[unit], Decimal(factors[unit]))
            for name in [*(code.get(unit, "") for code in codes.values()), *labels.get(unit, ())]:
                for form in (name, f"{name}s" if len(name) > 3 and name.isascii() else ""):
                    if form and not form[0].isdigit():
                        names.setdefault(form, found)
        return cls(names)

    def quantities(self, text: str) -> list[Quantity]:
        """All quantities of a text, in its order."""
        found = []
        for one in self._pattern.finditer(text):
            name = one["unit"]
            unit = self._exact.get(name) or self._any.get(name.lower())
            if unit is None or (one["blank"] and name.lower() in _WORDS):
                continue
            number = Decimal(one["number"].replace(",", "."))
            found.append(Quantity(one.start(), one.end(), number, unit))
        return found
