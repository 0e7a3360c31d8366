"""The terms of solutions: ids of the dictionary, and behind them ids of the terms that queries made.

Id 0 is unbound. Two solutions have the same term where they have the same id.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from ..columns.dictionary import Dictionary
from ..columns.values import XSD, well_formed

Ids = NDArray[np.int64]
Made = TypeVar("Made")
UNIT = 1_000_000
"""Numbers are kept as so many millionths."""
# So few terms are found sooner one by one.
_FEW = 8
# Of so many lists of ids, each up to so long, is kept what was made of them.
_KEPT = 4
_LONGEST = 1 << 20
_SUFFIX = {name: f'"^^<{XSD}{name}>' for name in ("integer", "decimal", "boolean", "dateTime", "date")}
_NUMBER = {
    "integer": r"^-?[0-9]{1,12}$",
    "decimal": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$",
    "boolean": "^(true|false)$",
    "dateTime": r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z$",
    "date": r"^[12][0-9]{3}-[01][0-9]-[0-3][0-9]$",
}
# Oxigraph writes no idle zero at the end.
_LONG = "^-?[0-9]{1,12}[.][0-9]{6,17}[1-9]$"


class Sort(IntEnum):
    """What columns know of a term; values of one sort compare by their numbers."""

    UNKNOWN = 0
    UNBOUND = 1
    IRI = 2
    BLANK = 3
    STRING = 4
    LANGUAGE = 5
    INTEGER = 6
    DECIMAL = 7
    BOOLEAN = 8
    INSTANT = 9
    """``xsd:dateTime`` in UTC: microseconds since 1970."""
    DAY = 10
    """``xsd:date`` without a zone: days since 1970."""
    LONG = 11
    """``xsd:decimal`` of 7 to 18 fractional digits: millionths rounded down, and something is left."""
    OTHER = 12


class Terms:
    """Ids to terms and back; what was once looked up is remembered.

    The terms that queries made have ids behind `room` for what the dictionary will yet learn.
    """

    def __init__(self, dictionary: Dictionary, *, room: int = 0) -> None:
        self._dictionary = dictionary
        self._end = len(dictionary) + 1
        self._base = self._end + room
        self._made: list[str] = []
        self._ids: dict[str, int] = {}
        self._sort = np.zeros(self._base, np.uint8)
        self._sort[0] = Sort.UNBOUND
        self._number = np.zeros(self._base, np.int64)
        self._kept: OrderedDict[bytes, Any] = OrderedDict()

    def __len__(self) -> int:
        """One more than the largest id."""
        return self._base + len(self._made)

    @property
    def made(self) -> int:
        """How many terms are not in the dictionary."""
        return len(self._made)

    def follow(self, dictionary: Dictionary) -> dict[int, int] | None:
        """Go on with a later state of the dictionary; gives new ids of terms that queries had made, by their old ones.

        None, and nothing is changed, where ids would mean other terms or there is no room left.
        """
        end = len(dictionary) + 1
        if end > self._base or not dictionary.continues(self._dictionary):
            return None
        learnt = range(self._end, end)
        texts = dictionary.decode(np.array(learnt, np.uint32)).to_pylist()
        moved = {self._ids[text]: one for one, text in zip(learnt, texts, strict=True) if text in self._ids}
        self._ids |= {text: one for one, text in zip(learnt, texts, strict=True) if text in self._ids}
        self._dictionary, self._end = dictionary, end
        return moved

    def ids(self, texts: Sequence[str]) -> Ids:
        """Ids of terms in stored form (N-Triples syntax); unknown ones are added."""
        known = self._ids
        fresh = list(dict.fromkeys(text for text in texts if text not in known))
        if fresh:
            dictionary = self._dictionary
            few = len(fresh) <= _FEW
            places = list(map(dictionary.id, fresh)) if few else dictionary.find(fresh).tolist()
            for text, found in zip(fresh, places, strict=True):
                # What the dictionary has learnt since is a term of queries here.
                if not found or found >= self._end:
                    found = len(self)
                    self._made.append(text)
                known[text] = found
        return np.fromiter((known[text] for text in texts), np.int64, len(texts))

    def id(self, text: str) -> int:
        """The id of one term."""
        return self._ids[text] if text in self._ids else int(self.ids([text])[0])

    def texts(self, ids: Ids) -> pa.LargeStringArray:
        """Terms in N-Triples syntax; null for unbound."""
        made = ids >= self._base
        if not made.any():
            return self._dictionary.decode(ids.astype(np.uint32))
        found = self._dictionary.decode(np.where(made, 0, ids).astype(np.uint32))
        values = [self._made[one - self._base] for one in ids[made].tolist()]
        return pc.replace_with_mask(found, pa.array(made), pa.array(values, pa.large_string()))

    def kept(self, ids: Ids, make: Callable[[Ids], Made]) -> Made:
        """What `make` makes of ids; for those asked for last it is remembered, so that there is one `make` for all."""
        key = xxhash.xxh3_128_digest(np.ascontiguousarray(ids).data)
        made = self._kept.pop(key) if key in self._kept else make(ids)
        if len(ids) <= _LONGEST:
            self._kept[key] = made
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    def lexical(self, ids: Ids) -> pa.LargeStringArray:
        """The strings of plain literals and IRIs, without quotes or brackets, escapes as they are."""
        return pc.utf8_slice_codeunits(self.texts(ids), 1, -1)

    def sorts(self, ids: Ids) -> NDArray[np.uint8]:
        """The `Sort` of each term."""
        self._know(ids)
        return self._sort[ids]

    def numbers(self, ids: Ids) -> NDArray[np.int64]:
        """The numbers of terms whose sort has them: millionths, microseconds, days, 0 or 1."""
        self._know(ids)
        return self._number[ids]

    def distinct(self, ids: Ids) -> tuple[Ids, NDArray[np.int64]]:
        """The different ids, ascending, and each row's place among them."""
        if len(ids) * 4 < len(self):
            return np.unique(ids, return_inverse=True)
        seen = np.zeros(len(self), bool)
        seen[ids] = True
        return np.flatnonzero(seen), (np.cumsum(seen) - 1)[ids]

    def _know(self, ids: Ids) -> None:
        if len(self._sort) < len(self):
            grown = len(self) + len(self) // 4
            self._sort = _grown(self._sort, grown)
            self._number = _grown(self._number, grown)
        unknown = ids[self._sort[ids] == Sort.UNKNOWN]
        if len(unknown):
            unknown = np.unique(unknown)
            self._sort[unknown], self._number[unknown] = _looked_at(self.texts(unknown))


def _grown(column: NDArray, size: int) -> NDArray:
    made = np.zeros(size, column.dtype)
    made[: len(column)] = column
    return made


def _looked_at(texts: pa.LargeStringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    sort = np.full(len(texts), Sort.OTHER, np.uint8)
    number = np.zeros(len(texts), np.int64)
    triple = _where(pc.starts_with(texts, "<<"))  # Of RDF 1.2: equal by the values within, and no IRI.
    sort[_where(pc.starts_with(texts, "<")) & ~triple] = Sort.IRI
    sort[_where(pc.starts_with(texts, "_"))] = Sort.BLANK
    literal = (sort == Sort.OTHER) & ~triple
    sort[literal & _where(pc.ends_with(texts, '"'))] = Sort.STRING
    sort[literal & _where(pc.match_substring_regex(texts, '"@[A-Za-z0-9-]+$'))] = Sort.LANGUAGE
    for name, suffix in _SUFFIX.items():
        places = np.flatnonzero(literal & _where(pc.ends_with(texts, suffix)))
        if not len(places):
            continue
        forms = pc.utf8_slice_codeunits(texts.take(pa.array(places)), 1, -len(suffix))
        if name == "decimal":
            long = _where(pc.match_substring_regex(forms, _LONG))
            sort[places[long]] = Sort.LONG
            number[places[long]] = [_floor(one) for one in forms.filter(pa.array(long)).to_pylist()]
        good = _where(pc.match_substring_regex(forms, _NUMBER[name])) & well_formed(forms, XSD + name)
        places, forms = places[good], forms.filter(pa.array(good))
        sort[places] = _SORTS[name]
        number[places] = _read(name, forms)
    return sort, number


def _floor(form: str) -> int:
    whole, _, rest = form.partition(".")
    number = int(whole.lstrip("-") + rest[:6])
    return -number - 1 if form[0] == "-" else number


_SORTS = {
    "integer": Sort.INTEGER,
    "decimal": Sort.DECIMAL,
    "boolean": Sort.BOOLEAN,
    "dateTime": Sort.INSTANT,
    "date": Sort.DAY,
}


def _read(name: str, forms: pa.LargeStringArray) -> NDArray[np.int64]:
    if name == "integer":
        return forms.cast(pa.int64()).to_numpy(False) * UNIT
    if name == "decimal":
        exact = forms.cast(pa.decimal128(19, 6))
        words = np.frombuffer(exact.buffers()[1], np.int64)
        return words[2 * exact.offset : 2 * (exact.offset + len(exact)) : 2]
    if name == "boolean":
        return _where(pc.equal(forms, "true")).astype(np.int64)
    if name == "dateTime":
        return pc.utf8_rtrim(forms, "Z").cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(False)
    return forms.cast(pa.string()).cast(pa.date32()).cast(pa.int32()).to_numpy(False).astype(np.int64)


def _where(found: pa.BooleanArray) -> NDArray[np.bool_]:
    return found.fill_null(False).to_numpy(False)


def decimal(number: int, unit: int = UNIT) -> str:
    """A number of `unit` parts as Oxigraph writes an ``xsd:decimal``.

    >>> decimal(-1_500_000), decimal(2_000_000), decimal(-1)
    ('-1.5', '2', '-0.000001')
    """
    whole, rest = divmod(abs(number), unit)
    digits = f"{rest:0{len(str(unit)) - 1}d}".rstrip("0")
    return ("-" if number < 0 else "") + (f"{whole}.{digits}" if digits else str(whole))
