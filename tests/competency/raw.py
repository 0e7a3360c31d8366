"""The demo shop as plain Python dictionaries, read from its files: no store, no rules, no SPARQL."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyoxigraph as ox

ID = "https://w3id.org/commerce-kb/id/"
CKB = "https://w3id.org/commerce-kb/onto#"
VOCAB = "https://w3id.org/commerce-kb/vocab/"


class Raw:
    """What the files state, and the few steps that the tests below take through it."""

    def __init__(self, folder: Path) -> None:
        self._values: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for path in sorted(folder.glob("*.nq")):
            for quad in ox.parse(path=path, format=ox.RdfFormat.N_QUADS):
                name = quad.predicate.value.removeprefix(CKB).rpartition("#")[2]
                self._values[name][quad.subject.value].append(quad.object.value)

    def all(self, name: str, subject: str) -> list[str]:
        """The values of a property at a subject."""
        return self._values[name].get(subject, [])

    def one(self, name: str, subject: str) -> str:
        """The only value."""
        (value,) = self.all(name, subject)
        return value

    def number(self, name: str, subject: str) -> Decimal:
        return Decimal(self.one(name, subject))

    def subjects(self, name: str, value: str | None = None) -> list[str]:
        """The subjects that have a property, or a value of it."""
        return [one for one, found in self._values[name].items() if value is None or value in found]

    def members(self, cls: str) -> list[str]:
        return self.subjects("type", CKB + cls)

    def closure(self, name: str, start: str) -> set[str]:
        """What `name` reaches from `start`, itself included."""
        reached, new = {start}, [start]
        while new:
            new = [one for each in new for one in self.all(name, each) if one not in reached]
            reached.update(new)
        return reached

    def spu(self, sku: str) -> str:
        return self.one("variantOf", sku)

    def brand(self, sku: str) -> str:
        return self.one("directBrand", self.spu(sku))

    def categories(self, spu: str) -> set[str]:
        return {
            one for leaf in self.all("directCategory", spu) for one in self.closure("broaderCategory", leaf)
        }

    def lines(self) -> list[tuple[str, str, str, str]]:
        """Buyer, order, line, SKU."""
        return [
            (self.one("placedBy", order), order, line, self.one("lineSku", line))
            for order in self.members("Order")
            for line in self.all("hasLine", order)
        ]

    def sales(self, metric: str) -> list[tuple[str, str, str, Decimal]]:
        """SPU, region, first day of the week, result."""
        return [
            (
                self.one("observedEntity", one),
                self.one("observedRegion", one),
                self.one("periodStart", one),
                self.number("numericResult", one),
            )
            for one in self.subjects("observedMetric", f"{VOCAB}metric/{metric}")
            if one in self._values["periodStart"]
        ]
