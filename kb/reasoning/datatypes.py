"""The datatypes of OWL 2 RL (dt-*): what lies in a value space, and which literals have one value.

Membership of literals is asked, never stored: RDF has no literal subjects, and pairs of equal or different
literals would be quadratic. Value spaces are those of OWL 2 (Structural Specification, section 4): float,
double and decimal share no value, and two instants with different zones are equal but not identical.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal, InvalidOperation

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.dictionary import RDF_LANG_STRING, Dictionary, Kind
from ..columns.kernels import Ids
from ..columns.values import INTEGER_BOUNDS, XSD, lexical, well_formed

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
LITERAL = "http://www.w3.org/2000/01/rdf-schema#Literal"
PLAIN_LITERAL = f"{RDF}PlainLiteral"
_LANG_STRING = RDF_LANG_STRING[1:-1]

_NAME = r"[\p{L}_:][\p{L}\p{N}\p{M}.\-_:]*"
_STRINGS = {
    f"{XSD}string": r"(?s).*",
    f"{XSD}normalizedString": r"[^\t\n\r]*",
    f"{XSD}token": r"([^ \t\n\r]+( [^ \t\n\r]+)*)?",
    f"{XSD}language": "[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*",
    f"{XSD}NMTOKEN": r"[\p{L}\p{N}\p{M}.\-_:]+",
    f"{XSD}Name": _NAME,
    f"{XSD}NCName": _NAME.replace(":", ""),
}
_NUMBERS = {f"{XSD}{name}" for name in (*INTEGER_BOUNDS, "decimal")}
_BINARY = {f"{XSD}hexBinary": bytes.fromhex, f"{XSD}base64Binary": lambda text: text.replace(" ", "")}
RL_DATATYPES = frozenset(
    {
        *_STRINGS,
        *_NUMBERS,
        *_BINARY,
        *(f"{XSD}{name}" for name in ("boolean", "anyURI", "dateTime", "dateTimeStamp")),
        f"{RDF}XMLLiteral",
        PLAIN_LITERAL,
        LITERAL,
    }
)
"""The datatypes of the profile (OWL 2 Profiles, section 4.2.1)."""

_MORE = ("float", "double", "date", "time", "gYear", "gYearMonth", "gMonthDay", "gMonth", "gDay", "duration")
KNOWN_DATATYPES = RL_DATATYPES | {_LANG_STRING, *(f"{XSD}{name}" for name in _MORE)}
"""Those of the profile, and some beyond it that are checked in the same way."""

_UNCHECKED = np.uint32(0xFFFFFFFF)
_DAYS = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
    "(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    "02-(0[1-9]|1[0-9]|2[0-8])",
)
_DATE = f"[0-9]{{4}}-({'|'.join(_DAYS)})"
_CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?"
# What most literals look like; those that look otherwise are read as their datatype demands.
_USUAL = {
    f"{XSD}decimal": r"[+-]?[0-9]+(\.[0-9]+)?",
    f"{XSD}integer": r"[+-]?[0-9]+",
    f"{XSD}nonNegativeInteger": "[0-9]+",
    f"{XSD}double": r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?",
    f"{XSD}boolean": "true|false",
    f"{XSD}date": _DATE,
    f"{XSD}dateTime": f"{_DATE}T{_CLOCK}Z?",
    f"{XSD}anyURI": r'[^\s<>"{}|\\^`]*',
}


def family(datatype: str) -> str:
    """The primitive datatype that holds a datatype's values; those of two families share none.

    >>> family(XSD + "byte") == family(XSD + "decimal") != family(XSD + "double")
    True
    """
    if datatype in _NUMBERS:
        return f"{XSD}decimal"
    if datatype in _STRINGS or datatype in (PLAIN_LITERAL, _LANG_STRING):
        return PLAIN_LITERAL
    return f"{XSD}dateTime" if datatype == f"{XSD}dateTimeStamp" else datatype


def includes(high: str, parts: Iterable[str]) -> bool:
    """Whether the intersection of known datatypes lies in another one, by their value spaces.

    >>> byte, short, unsigned = (XSD + name for name in ("byte", "short", "unsignedByte"))
    >>> includes(short, [byte]), includes(byte, [short]), includes(unsigned, [byte, XSD + "nonNegativeInteger"])
    (True, False, True)
    """
    lows = [one for one in parts if one != LITERAL]
    if high == LITERAL or high in lows or len({family(one) for one in lows}) > 1:
        return True
    if not lows or family(high) != family(lows[0]):
        return False
    if high in _NUMBERS:
        return _covers(_interval([high]), _interval(lows))
    if high == PLAIN_LITERAL:
        return True
    if high in _STRINGS and lows[0] in _STRINGS:
        order = list(_STRINGS)
        chains = (order[:4], [*order[:3], *order[4:7]])
        return any(high in one and any(low in one[one.index(high) :] for low in lows) for one in chains)
    return f"{XSD}dateTimeStamp" in lows


def _interval(names: Iterable[str]) -> tuple[bool, float | int, float | int]:
    """Whether only integers, and the bounds, of an intersection of numeric datatypes."""
    whole, least, most = False, -np.inf, np.inf
    for name in names:
        low, high = INTEGER_BOUNDS.get(name.removeprefix(XSD), (None, None))
        whole |= name != f"{XSD}decimal"
        least = least if low is None else max(least, low)
        most = most if high is None else min(most, high)
    return whole, least, most


def _covers(high: tuple[bool, float | int, float | int], low: tuple[bool, float | int, float | int]) -> bool:
    if low[1] > low[2]:
        return True
    return (low[0] or not high[0]) and high[1] <= low[1] and low[2] <= high[2]


def value_of(literal: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> Hashable:
    """What a literal stands for; two literals are one value (dt-eq) where this is equal.

    >>> number = lambda text, kind: ox.Literal(text, datatype=ox.NamedNode(XSD + kind))
    >>> value_of(number("1", "integer")) == value_of(number("1.0", "decimal")) != value_of(number("1", "float"))
    True
    """
    if not isinstance(literal, ox.Literal):
        return literal
    kind, text = literal.datatype.value, literal.value
    if not well_formed(pa.array([text], pa.large_string()), kind)[0]:
        return literal
    try:
        if kind in _NUMBERS:
            return "number", Decimal(text)
        if kind in (f"{XSD}float", f"{XSD}double"):
            number = float(text)
            return kind, repr(np.float32(number) if kind.endswith("float") else number)
        if kind in _BINARY:
            return kind, _BINARY[kind](text)
    except (InvalidOperation, ValueError):
        return literal
    if kind in _STRINGS:
        return "text", text
    return kind, {"1": "true", "0": "false"}.get(text, text) if kind == f"{XSD}boolean" else (
        text,
        literal.language,
    )


class Datatypes:
    """What the literals of a dictionary are; whether a literal is well-formed is found out once."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        # The datatype of literals found to be well-formed, 0 for ill-formed ones.
        self._fitting: Ids = np.empty(0, np.uint32)
        # By datatype, the id up to which all its literals have been looked at.
        self._looked_at: dict[int, int] = {}

    def name(self, identifier: int) -> str:
        """The IRI with this id."""
        return self._dictionary.text(identifier)[1:-1]

    def is_range(self, identifier: int) -> bool:
        """Whether an id stands for a data range: a known datatype, or a literal for its value alone."""
        if self._dictionary.kind[identifier] == Kind.LITERAL:
            return True
        return self.name(identifier) in KNOWN_DATATYPES

    def within(self, ids: Ids, data_range: int) -> NDArray[np.bool_]:
        """Which ids are literals with a value in the data range (dt-type2, dt-eq)."""
        if self._dictionary.kind[data_range] == Kind.LITERAL:
            return self._equal_to(ids, data_range)
        return self._places(ids, data_range)[0]

    def holds(self, literal: int, data_range: int) -> bool:
        """Whether one literal has a value in the data range."""
        return bool(self.within(np.array([literal], np.uint32), data_range)[0])

    def outside(self, ids: Ids, datatype: int) -> NDArray[np.bool_]:
        """Which ids are literals that surely have no value in the datatype (dt-not-type).

        Literals of unknown datatypes may have one.
        """
        for _ in range(2):
            # The usual case: all are literals of this very datatype, and well-formed.
            if (
                len(ids)
                and int(ids.max()) < len(self._fitting)
                and (self._fitting.take(ids) == datatype).all()
            ):
                return np.zeros(len(ids), bool)
            self._well_formed(ids)
        return self._places(ids, datatype)[1]

    def canonical(self, ids: Ids) -> Ids:
        """Ids with literals of one value exchanged for the same one of them."""
        mixed = self._mixed(ids)
        if not mixed.any():
            return ids
        found = ids.copy()
        first: dict[Hashable, int] = {}
        distinct, places = np.unique(ids[mixed], return_inverse=True)
        values = [first.setdefault(value_of(self._dictionary.term(one)), int(one)) for one in distinct]
        found[mixed] = np.array(values, np.uint32)[places]
        return found

    def differ(self, one: int, other: int) -> bool:
        """Whether two literals have different values (dt-diff)."""
        return value_of(self._dictionary.term(one)) != value_of(self._dictionary.term(other))

    def _mixed(self, ids: Ids) -> NDArray[np.bool_]:
        """Which ids are literals of a family that occurs with several datatypes.

        Within one datatype, Oxigraph keeps one literal for a value.
        """
        datatypes = self._dictionary.datatype[ids]
        if len(datatypes) and (datatypes == datatypes[0]).all():
            return np.zeros(len(ids), bool)
        by_family: dict[str, list[int]] = {}
        for one in _present(datatypes):
            by_family.setdefault(family(self.name(one)), []).append(one)
        wanted = [one for group in by_family.values() if len(group) > 1 for one in group]
        return np.isin(datatypes, wanted)

    def _equal_to(self, ids: Ids, literal: int) -> NDArray[np.bool_]:
        found = ids == literal
        kind = family(self.name(self._dictionary.datatype[literal]))
        datatypes = self._dictionary.datatype[ids]
        for one in _present(datatypes[~found]):
            if family(self.name(one)) == kind:
                value = value_of(self._dictionary.term(literal))
                places = np.flatnonzero((datatypes == one) & ~found)
                found[places] = [
                    value_of(self._dictionary.term(other)) == value for other in ids[places].tolist()
                ]
        return found

    def _places(self, ids: Ids, datatype: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Per id whether it is surely in the value space, and whether it is surely not."""
        name = self.name(datatype)
        within, outside = np.zeros(len(ids), bool), np.zeros(len(ids), bool)
        if name not in KNOWN_DATATYPES:
            return self._dictionary.datatype[ids] == datatype, outside
        datatypes = self._dictionary.datatype[ids]
        for one in _present(datatypes):
            own = self.name(one)
            places = np.flatnonzero(datatypes == one)
            if own not in KNOWN_DATATYPES:
                within[places] = name == LITERAL
                continue
            good = self._well_formed(ids[places])
            if not includes(name, [own]):
                good = good & self._values_within(ids[places], own, name)
            within[places], outside[places] = good, ~good
        return within, outside

    def _values_within(self, ids: Ids, own: str, name: str) -> NDArray[np.bool_]:
        """Which well-formed literals of the datatype `own` have a value in `name`."""
        if family(own) != family(name):
            return np.zeros(len(ids), bool)
        forms = lexical(self._dictionary, ids)
        if name in _STRINGS:
            return _matching(forms, f"({_STRINGS[name]})$") & (own != _LANG_STRING)
        if name == f"{XSD}dateTimeStamp":
            return well_formed(forms, name)
        if name in _NUMBERS:
            whole = pc.replace_substring_regex(forms, r"\.0*$", "")
            return well_formed(whole, name)
        return np.full(len(ids), name == _LANG_STRING and own == _LANG_STRING)

    def _well_formed(self, ids: Ids) -> NDArray[np.bool_]:
        """Which literals are well-formed; all of their datatypes are looked at, once."""
        size = len(self._dictionary) + 1
        if len(self._fitting) < size:
            room = np.full(size + size // 4 - len(self._fitting), _UNCHECKED, np.uint32)
            self._fitting = np.concatenate([self._fitting, room])
        fresh = ids[self._fitting[ids] == _UNCHECKED]
        for one in _present(self._dictionary.datatype_of(fresh)):
            first = self._looked_at.get(one, 1)
            part = np.flatnonzero(self._dictionary.datatype[first:] == one) + first
            self._fitting[part] = np.where(self._forms_fit(part.astype(np.uint32), self.name(one)), one, 0)
            self._looked_at[one] = size
        return self._fitting[ids] != 0

    def _forms_fit(self, ids: Ids, name: str) -> NDArray[np.bool_]:
        if name in (f"{XSD}string", _LANG_STRING):
            return np.ones(len(ids), bool)
        usual = np.zeros(len(ids), bool)
        if name in _USUAL:
            usual |= _matching(self._dictionary.decode(ids), f'"({_USUAL[name]})"\\^')
        odd = np.flatnonzero(~usual)
        if len(odd):
            forms = lexical(self._dictionary, ids[odd])
            usual[odd] = (
                _matching(forms, f"({_STRINGS[name]})$") if name in _STRINGS else well_formed(forms, name)
            )
        return usual


def _present(datatypes: Ids) -> list[int]:
    """The datatypes that occur, without that of IRIs (0)."""
    if len(datatypes) and (datatypes == datatypes[0]).all():
        datatypes = datatypes[:1]
    return np.unique(datatypes[datatypes != 0]).tolist()


def _matching(forms: pa.Array, pattern: str) -> NDArray[np.bool_]:
    return pc.match_substring_regex(forms, f"^{pattern}").to_numpy(zero_copy_only=False)
