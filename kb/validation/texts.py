"""Functions of SPARQL on texts, over columns: each is worked out once for every distinct combination of arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import contains, ge, gt, le, lt
from typing import Any

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.dictionary import Dictionary
from ..columns.kernels import pack
from ..columns.values import lexical
from ..errors import ShapesError
from .constraints.string_based import matches
from .query_tree import Call, Expression, Variable
from .triples import Term

_STRING = "http://www.w3.org/2001/XMLSchema#string"
_DATE_TIME = ox.NamedNode("http://www.w3.org/2001/XMLSchema#dateTime")


def _before(text: str, mark: str) -> str:
    return text.partition(mark)[0] if mark in text else ""


def _after(text: str, mark: str) -> str:
    return text.partition(mark)[2] if mark in text else ""


_MADE: dict[str, Callable[..., str]] = {
    "CONCAT": lambda *texts: "".join(texts),
    "STRBEFORE": _before,
    "STRAFTER": _after,
}
_SAID: dict[str, Callable[[str, str], bool]] = {
    "STRSTARTS": str.startswith,
    "STRENDS": str.endswith,
    "CONTAINS": contains,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
}


@dataclass(frozen=True)
class Coded:
    """A column by its distinct values (None where there is none), and the place of each row's among them."""

    values: list[Any]
    places: NDArray[np.int64]

    def where(self, unknown: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The truth values as a mask; what is none as `unknown` says."""
        values = np.array([2 if one is None else int(one) for one in self.values], np.int8)[self.places]
        return np.where(values == 2, unknown, values == 1)


class Texts:
    """The texts of a dictionary's terms, and what functions make of them."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._known: dict[tuple[Expression, int], tuple[NDArray, Coded | None]] = {}

    def truth(
        self, call: Call, columns: Mapping[Variable, NDArray], binds: Mapping[Variable, Expression]
    ) -> Coded | None:
        """What a call says of each row; None where it isn't understood."""
        if call.name == "REGEX" and len(call.arguments) in (2, 3):
            text = self.text(call.arguments[0], columns, binds)
            options = [_constant(one) for one in call.arguments[1:]]
            if text is None or any(one is None or "\\" in one or "(?" in one for one in options):
                return None
            try:
                found = matches(pa.array(text.values, pa.large_string()), *(one or "" for one in options))
            except ShapesError:
                return None
            said = [None if one is None else bool(hit) for one, hit in zip(text.values, found, strict=True)]
            return Coded(said, text.places)
        if call.name in _SAID and len(call.arguments) == 2:
            return self._applied(_SAID[call.name], call, columns, binds)
        return None

    def text(
        self,
        expression: Expression,
        columns: Mapping[Variable, NDArray],
        binds: Mapping[Variable, Expression],
    ) -> Coded | None:
        """A text for each row; None where it isn't understood."""
        size = len(next(iter(columns.values()))) if columns else 0
        if isinstance(expression, Variable):
            return self.text(binds[expression], columns, binds) if expression in binds else None
        constant = _constant(expression)
        if constant is not None:
            return Coded([constant], np.zeros(size, np.int64))
        if not isinstance(expression, Call):
            return None
        rows = next(iter(columns.values()))
        key = expression, id(rows)  # The rows are kept, so that the number stays theirs.
        if key not in self._known:
            self._known[key] = rows, self._called(expression, columns, binds)
        return self._known[key][1]

    def _called(
        self, call: Call, columns: Mapping[Variable, NDArray], binds: Mapping[Variable, Expression]
    ) -> Coded | None:
        of = call.arguments[0] if call.arguments else None
        if call.name == "STR" and isinstance(of, Variable) and of in columns:
            ids, places = np.unique(columns[of], return_inverse=True)
            return Coded(lexical(self.dictionary, ids).to_pylist(), places)
        made = _MADE.get(call.name)
        return None if made is None else self._applied(made, call, columns, binds)

    def today(self) -> Term:
        """The beginning of this day: not after NOW()."""
        day = ox.Literal(f"{datetime.now(UTC):%Y-%m-%d}T00:00:00Z", datatype=_DATE_TIME)
        self.dictionary.encode([str(day)])
        return day

    def _applied(
        self,
        function: Callable[..., Any],
        call: Call,
        columns: Mapping[Variable, NDArray],
        binds: Mapping[Variable, Expression],
    ) -> Coded | None:
        given = [self.text(one, columns, binds) for one in call.arguments]
        texts = [one for one in given if one is not None]
        if not texts or len(texts) < len(given):
            return None
        varied = [one for one in texts if len(one.values) > 1]
        if len(varied) == 1:
            places, count = varied[0].places, len(varied[0].values)
            arguments = [one.values if one is varied[0] else one.values * count for one in texts]
        else:
            places = np.zeros(len(texts[0].places), np.int64)
            for one in varied:
                places = np.unique(pack(places, one.places), return_inverse=True)[1]
            first = np.zeros(int(places.max()) + 1 if len(places) else 0, np.int64)
            first[places] = np.arange(len(places))
            arguments = [[one.values[place] for place in one.places[first].tolist()] for one in texts]
        made = [None if None in row else function(*row) for row in zip(*arguments, strict=True)]
        values = list(dict.fromkeys(made))
        numbers = {value: number for number, value in enumerate(values)}
        return Coded(values, np.array([numbers[one] for one in made], np.int64)[places])


def _constant(expression: Expression) -> str | None:
    if isinstance(expression, ox.Literal) and expression.datatype.value == _STRING:
        return expression.value
    return None
