"""Comparisons of arithmetic over columns, in doubles: each result with a bound of its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.values import TypeClass
from .query_tree import Call, Expression, Variable
from .scope import ValidationData

_PRECISION = 1e-14


@dataclass(frozen=True)
class Approximate:
    """Numbers and how far off each may be; NaN for what is no number."""

    value: NDArray[np.float64]
    error: NDArray[np.float64]

    def rounded(self) -> Approximate:
        """With the error that one operation adds."""
        return Approximate(self.value, self.error + _PRECISION * np.abs(self.value))


def may_hold(
    comparison: Call,
    columns: Mapping[Variable, NDArray],
    binds: Mapping[Variable, Expression],
    data: ValidationData,
) -> NDArray[np.bool_]:
    """Where one side may be less than (or greater than) the other; everywhere where it can't be said."""
    size = len(next(iter(columns.values()))) if columns else 0
    sides = [_value(one, columns, binds, data) for one in comparison.arguments]
    if sides[0] is None or sides[1] is None:
        return np.ones(size, bool)
    left, right = (sides[0], sides[1]) if comparison.name in ("<", "<=") else (sides[1], sides[0])
    surely_not = left.value - left.error > right.value + right.error
    return np.broadcast_to(~surely_not, size).copy()


def _value(
    expression: Expression,
    columns: Mapping[Variable, NDArray],
    binds: Mapping[Variable, Expression],
    data: ValidationData,
) -> Approximate | None:
    if isinstance(expression, Variable):
        if expression in columns:
            ids, places = np.unique(columns[expression], return_inverse=True)
            typed = data.values.of(ids)
            number = np.where(typed.kind == TypeClass.NUMBER, typed.number, np.nan)[places]
            return Approximate(number, np.abs(number) * 1e-7 * typed.binary[places]).rounded()
        return _value(binds[expression], columns, binds, data) if expression in binds else None
    if isinstance(expression, ox.Literal):
        try:
            return Approximate(np.float64(expression.value), np.float64(0)).rounded()  # type: ignore[arg-type]
        except ValueError:
            return None
    if not isinstance(expression, Call):
        return None
    parts = [_value(one, columns, binds, data) for one in expression.arguments]
    known = [one for one in parts if one is not None]
    if len(known) < len(parts):
        return None
    match expression.name, known:
        case "ABS", [one]:
            return Approximate(np.abs(one.value), one.error)
        case ("+" | "-") as sign, [one, two]:
            value = one.value + two.value if sign == "+" else one.value - two.value
            return Approximate(value, one.error + two.error).rounded()
        case "*", [one, two]:
            error = np.abs(one.value) * two.error + np.abs(two.value) * one.error + one.error * two.error
            return Approximate(one.value * two.value, error).rounded()
        case _:
            return None
