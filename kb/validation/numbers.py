"""Arithmetic over columns, in doubles: each result with a bound of its error, of groups of solutions too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyoxigraph as ox
from numpy.typing import NDArray

from ..columns.values import TypeClass
from .query_tree import Call, Expression, Variable
from .scope import ValidationData

Mask = NDArray[np.bool_]
_PRECISION = 1e-14


@dataclass(frozen=True)
class Approximate:
    """Numbers and how far off each may be; NaN for what is no number."""

    value: NDArray[np.float64]
    error: NDArray[np.float64]

    def rounded(self) -> Approximate:
        """With the error that one operation adds."""
        return Approximate(self.value, self.error + _PRECISION * np.abs(self.value))

    def take(self, places: NDArray[np.integer]) -> Approximate:
        """The numbers at some places."""
        return Approximate(self.value[places], self.error[places])

    def otherwise(self, other: Approximate, use: Mask) -> Approximate:
        """These numbers, those of `other` where `use` doesn't hold."""
        return Approximate(np.where(use, self.value, other.value), np.where(use, self.error, other.error))

    def between(self, other: Approximate) -> Approximate:
        """Anything from one to the other."""
        error = np.abs(self.value - other.value) / 2 + np.maximum(self.error, other.error)
        return Approximate((self.value + other.value) / 2, error).rounded()


@dataclass(frozen=True)
class Arithmetic:
    """Numbers of solutions: `columns` are their ids (0 where a variable is unbound), `numbers` those without ids.

    In a group of solutions, aggregates are those of the `rows`, of which `places` names the group.
    """

    size: int
    columns: Mapping[Variable, NDArray]
    binds: Mapping[Variable, Expression]
    data: ValidationData
    numbers: Mapping[Variable, Approximate] = field(default_factory=dict)
    rows: Arithmetic | None = None
    places: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _known: dict[Variable, Approximate] = field(default_factory=dict, init=False, repr=False)

    def may(self, expression: Expression) -> Mask:
        """Where comparisons joined by && and || may hold; everywhere where it can't be said."""
        return self._told(
            expression, lambda low, high: ~(low.value - low.error > high.value + high.error), True
        )

    def must(self, expression: Expression) -> Mask:
        """Where they hold, if their arithmetic doesn't fail."""
        return self._told(
            expression, lambda low, high: low.value + low.error < high.value - high.error, False
        )

    def _told(
        self, expression: Expression, ordered: Callable[[Approximate, Approximate], Mask], unknown: bool
    ) -> Mask:
        if isinstance(expression, Call) and expression.name in ("&&", "||"):
            one, two = (self._told(part, ordered, unknown) for part in expression.arguments)
            return one & two if expression.name == "&&" else one | two
        if not isinstance(expression, Call) or expression.name not in ("<", "<=", ">", ">="):
            return np.full(self.size, unknown)
        sides = [self.value(one) for one in expression.arguments]
        if sides[0] is None or sides[1] is None:
            return np.full(self.size, unknown)
        low, high = (sides[0], sides[1]) if expression.name in ("<", "<=") else (sides[1], sides[0])
        return np.broadcast_to(ordered(low, high), self.size).copy()

    def value(self, expression: Expression) -> Approximate | None:
        """The numbers of an expression; None where it isn't understood."""
        if isinstance(expression, Variable):
            return self._variable(expression)
        if isinstance(expression, ox.Literal):
            try:
                return Approximate(np.float64(expression.value), np.float64(0)).rounded()  # type: ignore[arg-type]
            except ValueError:
                return None
        if not isinstance(expression, Call):
            return None
        if expression.name in ("COUNT", "SUM"):
            return self._aggregate(expression)
        if expression.name == "IF" and len(expression.arguments) == 3:
            return self._either(*expression.arguments)
        parts = [self.value(one) for one in expression.arguments]
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
            case "COALESCE", [one, two] if (of := expression.arguments[0]) in self.columns:
                return one.otherwise(two, self.columns[of] > 0)  # type: ignore[index]
            case _:
                return None

    def _variable(self, name: Variable) -> Approximate | None:
        if name in self.numbers:
            return self.numbers[name]
        if name not in self.columns:
            return self.value(self.binds[name]) if name in self.binds else None
        if name in self._known:
            return self._known[name]
        ids, places = np.unique(self.columns[name], return_inverse=True)
        typed = self.data.values.of(ids)
        number = np.where(typed.kind == TypeClass.NUMBER, typed.number, np.nan)[places]
        found = Approximate(number, np.abs(number) * 1e-7 * typed.binary[places]).rounded()
        self._known[name] = found
        return found

    def _either(self, test: Expression, first: Expression, second: Expression) -> Approximate | None:
        one, two = self.value(first), self.value(second)
        if one is None or two is None:
            return None
        known = one.otherwise(two, self.may(test))
        return known.otherwise(one.between(two), self.must(test) | ~self.may(test))

    def _aggregate(self, call: Call) -> Approximate | None:
        if self.rows is None:
            return None
        sizes = np.bincount(self.places, minlength=self.size).astype(np.float64)
        if call.name == "COUNT":
            [of] = call.arguments or (None,)
            bound = of is None or (isinstance(of, Variable) and of in self.rows.columns)
            return Approximate(sizes, np.zeros(self.size)) if bound else None
        found = self.rows.value(call.arguments[0])
        if found is None:
            return None
        value, error = (np.broadcast_to(one, len(self.places)) for one in (found.value, found.error))
        total, off, size = (
            np.bincount(self.places, weights=one, minlength=self.size)
            for one in (value, error, np.abs(value))
        )
        return Approximate(np.asarray(total, np.float64), off + _PRECISION * sizes * size)
