"""Records: what is known of each listing, as aligned columns; what matching works on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_SPLIT = re.compile(r"[^\w.]+|(?<!\d)\.|\.(?!\d)|_")
_CODE = re.compile(r"(?=\S*\d)[a-z0-9][a-z0-9/.+_-]*[a-z0-9]")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_JOINERS = re.compile(r"[\s/.+_-]+")
_HAN = re.compile(r"([\u3040-\u30ff\u3400-\u9fff])")


def words(text: str) -> list[str]:
    """The words of a text in lower case; each Han character is one, numbers keep their point.

    >>> words("TP-Link 10.5 in, 口红")
    ['tp', 'link', '10.5', 'in', '口', '红']
    """
    return [one for one in _SPLIT.split(_HAN.sub(r" \1 ", text.lower())) if one]


def codes(text: str) -> frozenset[str]:
    """What may be a model number: tokens of letters and digits, or of four digits and more, punctuation dropped.

    >>> sorted(codes("Sony KDL-40 (40in) 8.5x11 KDL40V2500/B 12345"))
    ['12345', '40in', '85x11', 'kdl40', 'kdl40v2500b']
    """
    found = set()
    for one in _CODE.findall(text.lower()):
        bare = _JOINERS.sub("", one)
        if (len(bare) >= 4 if bare.isdigit() else len(bare) >= 4 and not bare.isalpha()) and len(bare) <= 24:
            found.add(bare)
    return frozenset(found)


def numbers_in(text: str) -> frozenset[str]:
    """The numbers of a text.

    >>> sorted(numbers_in("2 x 3.5 in"))
    ['2', '3.5']
    """
    return frozenset(_NUMBER.findall(text))


@dataclass(frozen=True)
class Records:
    """Listings as columns: names, titles, further texts, brands ("" for none), prices (NaN for none), GTINs.

    `blocks` are codes that two records of one product must share where both have one (0 for none): the currency
    a price is in has its own. All columns have one length.
    """

    names: Sequence[str]
    titles: Sequence[str]
    texts: Sequence[str] = field(default=())
    brands: Sequence[str] = field(default=())
    prices: NDArray[np.float64] | None = None
    gtins: Sequence[frozenset[str]] = field(default=())
    models: Sequence[str] = field(default=())

    def __len__(self) -> int:
        return len(self.names)

    def column(self, name: str) -> Sequence[str]:
        """A column of texts; empty ones where there is none."""
        values: Sequence[str] = getattr(self, name)
        return values if len(values) else [""] * len(self)

    @cached_property
    def price(self) -> NDArray[np.float64]:
        """Prices, NaN where there is none."""
        return np.full(len(self), np.nan) if self.prices is None else self.prices

    @cached_property
    def whole(self) -> list[str]:
        """All that a record says in words."""
        columns = [self.column(one) for one in ("brands", "titles", "models", "texts")]
        return [" ".join(filter(None, row)) for row in zip(*columns, strict=True)]

    @cached_property
    def squeezed(self) -> list[str]:
        """The same without blanks and punctuation, for model numbers that are written otherwise."""
        return [_JOINERS.sub("", one.lower()) for one in self.whole]

    @cached_property
    def codes(self) -> list[frozenset[str]]:
        """What may be model numbers in titles and model columns."""
        columns = zip(self.column("titles"), self.column("models"), strict=True)
        return [codes(f"{title} {model}") for title, model in columns]

    @cached_property
    def bags(self) -> list[frozenset[str]]:
        """The words of brands and titles."""
        columns = zip(self.column("brands"), self.column("titles"), self.column("models"), strict=True)
        return [frozenset(words(" ".join(row))) for row in columns]

    @cached_property
    def bags_of_all(self) -> list[frozenset[str]]:
        """The words of all texts."""
        return [frozenset(words(one)) for one in self.whole]

    @cached_property
    def numbers_of_all(self) -> list[frozenset[str]]:
        """The numbers in all texts."""
        return [numbers_in(one) for one in self.whole]

    @cached_property
    def firsts(self) -> list[str]:
        """The first word of each title."""
        return [next(iter(words(one)), "") for one in self.titles]

    @cached_property
    def numbers(self) -> list[frozenset[str]]:
        """The numbers in titles."""
        return [numbers_in(one) for one in self.column("titles")]

    def taken(self, places: NDArray[np.integer]) -> Records:
        """The records at some places."""
        at = places.tolist()

        def some(values: Sequence) -> list:
            return [values[one] for one in at] if len(values) else []

        return Records(
            some(self.names),
            some(self.titles),
            some(self.texts),
            some(self.brands),
            None if self.prices is None else self.prices[places],
            some(self.gtins),
            some(self.models),
        )

    def plus(self, other: Records) -> Records:
        """These, and others behind them."""
        columns = ("names", "titles", "texts", "brands", "models")
        both = {one: [*self.column(one), *other.column(one)] for one in columns}
        gtins = [*(self.gtins or [frozenset()] * len(self)), *(other.gtins or [frozenset()] * len(other))]
        return Records(**both, prices=np.concatenate([self.price, other.price]), gtins=gtins)
