"""Typed values of literals: lexical forms, well-formedness, numbers and instants that compare exactly.

Everything here is computed for distinct ids, mostly by Arrow; Python looks only at what is odd.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .dictionary import XSD_STRING, Dictionary, Kind, parse_term
from .kernels import Ids

XSD = "http://www.w3.org/2001/XMLSchema#"
# So many terms are cut one by one sooner than by Arrow.
_FEW = 400
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
_DAY = r"(0[1-9]|[12][0-9]|3[01])"
_SHORT = r"((0[469]|11)-31|02-3[01])"
_DATE = rf"-?([1-9][0-9]{{4,}}|[0-9]{{4}})-(0[1-9]|1[0-2])-{_DAY}"
_TIME = r"(([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?|24:00:00(\.0+)?)"
_INTEGER = r"[+-]?[0-9]+"
_DURATION_DAY = r"[0-9]+D"
_DURATION_TIME = r"T([0-9]+H([0-9]+M)?([0-9]+(\.[0-9]+)?S)?|[0-9]+M([0-9]+(\.[0-9]+)?S)?|[0-9]+(\.[0-9]+)?S)"
_DURATION_YEAR = r"([0-9]+Y([0-9]+M)?|[0-9]+M)"

_FORMS = {
    "boolean": "true|false|0|1",
    "decimal": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)",
    "double": r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?INF|NaN",
    "dateTime": f"{_DATE}T{_TIME}{_ZONE}",
    "date": f"{_DATE}{_ZONE}",
    "time": f"{_TIME}{_ZONE}",
    "gYear": rf"-?([1-9][0-9]{{4,}}|[0-9]{{4}}){_ZONE}",
    "gYearMonth": rf"-?([1-9][0-9]{{4,}}|[0-9]{{4}})-(0[1-9]|1[0-2]){_ZONE}",
    "gMonthDay": rf"--(0[1-9]|1[0-2])-{_DAY}{_ZONE}",
    "gMonth": rf"--(0[1-9]|1[0-2]){_ZONE}",
    "gDay": rf"---{_DAY}{_ZONE}",
    "duration": rf"-?P({_DURATION_YEAR}({_DURATION_DAY})?|{_DURATION_DAY})({_DURATION_TIME})?|-?P{_DURATION_TIME}",
    "dayTimeDuration": rf"-?P({_DURATION_DAY}({_DURATION_TIME})?|{_DURATION_TIME})",
    "yearMonthDuration": rf"-?P{_DURATION_YEAR}",
    "hexBinary": "([0-9a-fA-F]{2})*",
    "base64Binary": r"(([A-Za-z0-9+/] ?){4})*(([A-Za-z0-9+/] ?){3}=|([A-Za-z0-9+/] ?){2}= ?=)?",
    "language": "[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*",
    "anyURI": '[^\\s<>"{}|\\\\^`]*',
}
_FORMS |= {"float": _FORMS["double"], "dateTimeStamp": _FORMS["dateTime"].removesuffix("?")}
INTEGER_BOUNDS: dict[str, tuple[int | None, int | None]] = {
    "integer": (None, None),
    "long": (-(2**63), 2**63 - 1),
    "int": (-(2**31), 2**31 - 1),
    "short": (-(2**15), 2**15 - 1),
    "byte": (-128, 127),
    "nonNegativeInteger": (0, None),
    "positiveInteger": (1, None),
    "nonPositiveInteger": (None, 0),
    "negativeInteger": (None, -1),
    "unsignedLong": (0, 2**64 - 1),
    "unsignedInt": (0, 2**32 - 1),
    "unsignedShort": (0, 2**16 - 1),
    "unsignedByte": (0, 255),
}


class TypeClass(IntEnum):
    """Values of one class compare with each other; with NONE nothing compares."""

    NONE = 0
    STRING = 1
    NUMBER = 2
    BOOLEAN = 3
    DATETIME = 4
    DATETIME_ZONED = 5
    DATE = 6
    DATE_ZONED = 7
    TIME = 8
    TIME_ZONED = 9


def lexical(dictionary: Dictionary, ids: Ids) -> pa.Array:
    """The string value of terms: lexical forms, IRIs without brackets, null for blank nodes.

    >>> dictionary = Dictionary()
    >>> lexical(dictionary, dictionary.encode(['"a\\\\"b"@en', "<urn:c>"])).to_pylist()
    ['a"b', 'urn:c']
    """
    ids = np.asarray(ids)
    terms = dictionary.decode(ids)
    if len(ids) <= _FEW:
        return pa.array(
            [None if one is None else _lexical(one) for one in terms.to_pylist()], pa.large_string()
        )
    kind = dictionary.kind_of(ids)
    # All terms of one datatype and language have as many characters to cut off behind the lexical form.
    sorts = (dictionary.datatype_of(ids).astype(np.uint64) << np.uint64(16)) | dictionary.language_of(ids)
    parts, places = [], []
    kinds = np.unique(sorts)
    for sort in kinds:
        of_sort = np.flatnonzero(sorts == sort)
        part = terms.take(pa.array(of_sort)) if len(kinds) > 1 else terms
        parts.append(pc.binary_slice(part.cast(pa.large_binary()), 1, -_suffix_length(dictionary, int(sort))))
        places.append(of_sort)
    if not parts:
        return terms
    bare = parts[0]
    if len(parts) > 1:
        order = np.argsort(np.concatenate(places))
        bare = pa.concat_arrays(parts).take(pa.array(order))
    bare = bare.cast(pa.large_string())
    escaped = np.flatnonzero(pc.match_substring(terms, "\\").fill_null(False).to_numpy(False))
    if len(escaped):
        mask = np.zeros(len(ids), bool)
        mask[escaped] = True
        values = pa.array([parse_term(terms[place].as_py()).value for place in escaped], pa.large_string())
        bare = pc.replace_with_mask(bare, mask, values)
    blank = kind == Kind.BLANK
    return pc.if_else(pa.array(blank), pa.scalar(None, pa.large_string()), bare) if blank.any() else bare


def _lexical(term: str) -> str | None:
    if "\\" in term:
        return parse_term(term).value
    if term[0] == '"':
        return term[1 : term.rindex('"')]
    return None if term[0] == "_" else term[1:-1]


def _suffix_length(dictionary: Dictionary, sort: int) -> int:
    """How many bytes follow the lexical form: quote and datatype, quote and language tag, or one bracket or quote."""
    datatype, language = sort >> 16, sort & 0xFFFF
    if language:
        return len(f'"@{dictionary.languages[language]}')
    if not datatype or dictionary.text(datatype) == XSD_STRING:
        return 1
    return len(f'"^^{dictionary.text(datatype)}'.encode())


def well_formed(forms: pa.Array, datatype: str) -> NDArray[np.bool_]:
    """Whether lexical forms belong to the datatype with this IRI; datatypes beyond XSD take every form.

    >>> well_formed(pa.array(["300", "-1", "x"]), XSD + "byte")
    array([False,  True, False])
    """
    name = datatype.removeprefix(XSD) if datatype.startswith(XSD) else ""
    if name in INTEGER_BOUNDS:
        return _integers(forms, *INTEGER_BOUNDS[name])
    if name not in _FORMS:
        return np.ones(len(forms), bool)
    good = _matches(forms, _FORMS[name])
    if name in ("dateTime", "dateTimeStamp", "date", "gMonthDay"):
        good &= ~_found(forms, f"^[^T]*-{_SHORT}")
        for place in np.flatnonzero(good & _found(forms, "^-?[0-9]+-02-29")):
            year = _date_of(forms[place].as_py())[0]
            good[place] = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return good


def _integers(forms: pa.Array, least: int | None, most: int | None) -> NDArray[np.bool_]:
    good = _matches(forms, _INTEGER)
    if least is None and most is None:
        return good
    short = good & _matches(forms, "-?[0-9]{1,18}")
    numbers = pc.if_else(pa.array(short), forms, pa.scalar("0", forms.type)).cast(pa.int64()).to_numpy(False)
    inside = np.ones(len(good), bool)
    if least is not None:
        inside &= numbers >= max(least, -(10**18))
    if most is not None:
        inside &= numbers <= min(most, 10**18)
    for place in np.flatnonzero(good & ~short):
        number = int(forms[place].as_py())
        inside[place] = (least is None or number >= least) and (most is None or number <= most)
    return good & inside


def _matches(forms: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return _found(forms, f"^({pattern})$")


def _found(forms: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return pc.match_substring_regex(forms, pattern).fill_null(False).to_numpy(False).copy()


@dataclass(frozen=True)
class TypedValues:
    """Comparable values of `ids` of a dictionary: `kind` says of what class, `number` orders all but strings.

    Where two `number` are equal, `compare` looks at the exact values; ``xsd:double`` and ``float`` are as exact
    as they are. NaN compares with nothing. A literal that is ill-formed has the class NONE.
    """

    dictionary: Dictionary
    ids: Ids
    kind: NDArray[np.uint8]
    number: NDArray[np.float64]
    binary: NDArray[np.bool_]

    def take(self, places: NDArray[np.integer]) -> TypedValues:
        """The values at `places`."""
        return TypedValues(
            self.dictionary, self.ids[places], self.kind[places], self.number[places], self.binary[places]
        )

    def texts(self, places: NDArray[np.integer]) -> list[str]:
        """The lexical forms at `places`."""
        return lexical(self.dictionary, self.ids[places]).to_pylist()


def typed_values(dictionary: Dictionary, ids: Ids) -> TypedValues:
    """Typed values of `ids` (distinct ids are cheapest).

    >>> dictionary = Dictionary()
    >>> found = typed_values(dictionary, dictionary.encode([f'"2.50"^^<{XSD}decimal>', f'"x"^^<{XSD}integer>']))
    >>> found.kind, found.number[:1]
    (array([2, 0], dtype=uint8), array([2.5]))
    """
    forms = lexical(dictionary, ids)
    kind = np.zeros(len(ids), np.uint8)
    number = np.full(len(ids), np.nan)
    binary = np.zeros(len(ids), bool)
    datatypes = dictionary.datatype_of(ids)
    for datatype in np.unique(datatypes[datatypes != 0]):
        iri = dictionary.text(datatype)[1:-1]
        name = iri.removeprefix(XSD) if iri.startswith(XSD) else ""
        places = np.flatnonzero(datatypes == datatype)
        if name == "string":
            kind[places] = TypeClass.STRING
        reader = _reader_of(name)
        if reader is None:
            continue
        part = forms.take(pa.array(places))
        good = well_formed(part, iri)
        places, part = places[good], part.filter(pa.array(good))
        kind[places], number[places] = reader(part)
        binary[places] = name in ("double", "float")
    return TypedValues(dictionary, ids, kind, number, binary)


def compare(left: TypedValues, right: TypedValues) -> NDArray[np.int8]:
    """Aligned values compared: -1, 0, 1, or 2 where they don't compare.

    >>> dictionary = Dictionary()
    >>> ids = dictionary.encode([f'"{n}"^^<{XSD}decimal>' for n in ("0.1", "0.10", "0.10000000000000000001")])
    >>> values = typed_values(dictionary, ids)
    >>> compare(values, values.take(np.array([1, 2, 0]))).tolist()
    [0, -1, 1]
    """
    result = np.full(len(left.ids), 2, np.int8)
    same = (left.kind == right.kind) & (left.kind != TypeClass.NONE)
    numeric = same & (left.kind != TypeClass.STRING) & ~np.isnan(left.number) & ~np.isnan(right.number)
    a, b = left.number[numeric], right.number[numeric]
    result[numeric] = (a > b).astype(np.int8) - (a < b)
    doubtful = (
        numeric & (left.number == right.number) & (left.ids != right.ids) & ~left.binary & ~right.binary
    )
    for place, *forms in _aligned(left, right, doubtful):
        one, two = (_exact(form, left.kind[place]) for form in forms)
        result[place] = (one > two) - (one < two)
    for place, first, second in _aligned(left, right, same & (left.kind == TypeClass.STRING)):
        result[place] = (first > second) - (first < second)
    return result


def _aligned(
    left: TypedValues, right: TypedValues, mask: NDArray[np.bool_]
) -> Iterator[tuple[int, str, str]]:
    places = np.flatnonzero(mask)
    if len(places):
        yield from zip(places.tolist(), left.texts(places), right.texts(places), strict=True)


def _reader_of(name: str) -> Callable[[pa.Array], tuple[NDArray, NDArray]] | None:
    if name in INTEGER_BOUNDS or name in ("decimal", "double", "float"):
        return lambda forms: (np.full(len(forms), TypeClass.NUMBER), _numbers(forms, name == "float"))
    if name == "boolean":
        truth = pa.array(["true", "1"], pa.large_string())
        return lambda forms: (
            np.full(len(forms), TypeClass.BOOLEAN),
            pc.is_in(forms, truth).to_numpy(False).astype(float),
        )
    kinds = {
        "dateTime": TypeClass.DATETIME,
        "dateTimeStamp": TypeClass.DATETIME,
        "date": TypeClass.DATE,
        "time": TypeClass.TIME,
    }
    return None if name not in kinds else lambda forms: _instants(forms, kinds[name])


def _numbers(forms: pa.Array, single: bool) -> NDArray[np.float64]:
    plain = _matches(forms, r"-?[0-9]+(\.[0-9]+)?")
    numbers = (
        pc.if_else(pa.array(plain), forms, pa.scalar("0", forms.type))
        .cast(pa.float64())
        .to_numpy(False)
        .copy()
    )
    for place in np.flatnonzero(~plain):
        numbers[place] = float(forms[place].as_py())
    return numbers.astype(np.float32).astype(np.float64) if single else numbers


def _instants(forms: pa.Array, kind: TypeClass) -> tuple[NDArray, NDArray]:
    """Seconds since 1970 (times: since midnight), in UTC where there is a zone."""
    zoned = _found(forms, r"(Z|[+-][0-9]{2}:[0-9]{2})$")
    seconds = np.empty(len(forms))
    usual = _matches(forms, r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-9:]{5}(\.[0-9]{1,6})?Z?")
    if kind == TypeClass.DATETIME and usual.any():
        stamps = pc.utf8_rtrim(forms.filter(pa.array(usual)), "Z").cast(pa.timestamp("us"))
        seconds[usual] = stamps.cast(pa.int64()).to_numpy(False) / 1e6
    else:
        usual[:] = False
    for place in np.flatnonzero(~usual):
        seconds[place] = float(_exact(forms[place].as_py(), kind))
    return kind + zoned, seconds


def _exact(form: str, kind: int) -> Fraction:
    """The exact value of a well-formed number, boolean or instant."""
    if kind in (TypeClass.NUMBER, TypeClass.BOOLEAN):
        return Fraction({"true": "1", "false": "0"}.get(form, form))
    zone = re.search(r"(?<=[0-9])(Z|[+-][0-9]{2}:[0-9]{2})$", form)
    offset = 0
    if zone is not None:
        form = form[: zone.start()]
        if zone[0] != "Z":
            hours, minutes = zone[0][1:].split(":")
            offset = (int(hours) * 60 + int(minutes)) * (-60 if zone[0][0] == "-" else 60)
    date, _, clock = (
        form.rpartition("T") if "T" in form else (form, "", "") if ":" not in form else ("", "", form)
    )
    total = Fraction(-offset)
    if date:
        total += _days(*_date_of(date)) * 86400
    if clock:
        hours, minutes, rest = clock.split(":")
        total += int(hours) * 3600 + int(minutes) * 60 + Fraction(rest)
    return total


def _date_of(form: str) -> tuple[int, int, int]:
    """Year, month and day of a date or of what begins with one."""
    sign = -1 if form[0] == "-" else 1
    year, month, day = form.lstrip("-").split("-")[:3]
    return sign * int(year), int(month), int(day[:2])


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 in the proleptic Gregorian calendar, for any year."""
    cycles, year = divmod(year - 2000, 400)
    start = datetime(2000 + year, month, day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return start // timedelta(days=1) + cycles * 146_097
