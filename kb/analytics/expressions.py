"""Expressions over tables: what numbers, instants and identity of terms decide is decided here, the rest by the oracle.

Errors are values of their own: a truth that is an error is neither true nor false (SPARQL 1.1, section 17.2).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

import numpy as np
from numpy.typing import NDArray

from .algebra import Constant, Expression, Variable
from .oracle import Oracle
from .tables import Table
from .terms import UNIT, XSD, Ids, Sort, Terms, decimal
from .texts import TESTS, tested

Mask = NDArray[np.bool_]
_NUMBERS = (Sort.INTEGER, Sort.DECIMAL)
# Of these sorts two different terms are two different values.
_BY_TERM = (Sort.IRI, Sort.BLANK, Sort.STRING)
# Terms of these sorts are equal to others of those where they are the same term, or the same number.
_ALIKE: tuple[tuple[tuple[Sort, ...], tuple[Sort, ...]], ...] = (
    ((Sort.IRI, Sort.BLANK), tuple(Sort)),
    ((Sort.STRING,), (Sort.IRI, Sort.STRING)),
    (_NUMBERS, (Sort.IRI, *_NUMBERS)),
)
_ORDERED = (*_NUMBERS, Sort.LONG)
_MOST = float(2**61)
_COMPARE: dict[str, Callable[[NDArray, NDArray], Mask]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


@dataclass(frozen=True)
class Numbers:
    """Numbers that were worked out, in millionths; `sort` is INTEGER, DECIMAL or UNBOUND for an error."""

    value: NDArray[np.int64]
    sort: NDArray[np.uint8]


@dataclass(frozen=True)
class Truths:
    """Truth values; where `error`, neither."""

    true: Mask
    error: Mask


Value = Ids | Numbers | Truths
_TRUE, _FALSE = f'"true"^^<{XSD}boolean>', f'"false"^^<{XSD}boolean>'


class _Beyond(Exception):
    """Columns don't evaluate this: the oracle does."""


class Evaluator:
    """Evaluates the expressions of one query."""

    def __init__(self, terms: Terms, oracle: Oracle, prologue: str) -> None:
        self.terms = terms
        self.oracle = oracle
        self._prologue = prologue

    def holds(self, expression: Expression, table: Table) -> Mask:
        """Where a condition's effective boolean value is true."""
        value = self.value(expression, table)
        if isinstance(value, Truths):
            return value.true & ~value.error
        if isinstance(value, Numbers):
            return (value.value != 0) & (value.sort != Sort.UNBOUND)
        return self._truths_of(value).true

    def ids(self, expression: Expression, table: Table) -> Ids:
        """The terms that an expression gives; 0 for an error."""
        return self.terms_of(self.value(expression, table))

    def terms_of(self, value: Value) -> Ids:
        """A value as terms; 0 for an error."""
        if isinstance(value, Numbers):
            return self.ids_of(value)
        if isinstance(value, Truths):
            yes, no = self.terms.ids([_TRUE, _FALSE]).tolist()
            return np.where(value.error, 0, np.where(value.true, yes, no))
        return value

    def value(self, expression: Expression, table: Table) -> Value:
        """What an expression gives in each row."""
        try:
            return self._fast(expression, table)
        except _Beyond:
            return self._judged(expression, table)

    def ids_of(self, numbers: Numbers) -> Ids:
        """Numbers as terms."""
        values, places = np.unique(numbers.value, return_inverse=True)
        found = np.zeros(len(numbers.value), np.int64)
        for sort in _NUMBERS:
            rows = numbers.sort == sort
            if rows.any():
                used, where = np.unique(places[rows], return_inverse=True)
                found[rows] = self.terms.ids([_written(one, sort) for one in values[used].tolist()])[where]
        return found

    def numbers_of(self, value: Value) -> Numbers | None:
        """A value as numbers; None where columns can't tell."""
        if isinstance(value, Numbers):
            return value
        if isinstance(value, Truths):
            nothing = np.zeros(len(value.true), np.int64)
            return Numbers(nothing, np.full(len(nothing), Sort.UNBOUND, np.uint8))
        sorts = self.terms.sorts(value)
        if (sorts >= Sort.LONG).any():
            return None
        good = (sorts == Sort.INTEGER) | (sorts == Sort.DECIMAL)
        return Numbers(self.terms.numbers(value), np.where(good, sorts, Sort.UNBOUND).astype(np.uint8))

    def _judged(self, expression: Expression, table: Table) -> Ids:
        names = sorted(expression.variables)
        found = self.oracle.values(
            self._prologue, expression.text, names, [table.column(name) for name in names]
        )
        return np.repeat(found, table.rows) if not names else found

    def _fast(self, expression: Expression, table: Table) -> Value:
        operator, parts = expression.operator, expression.parts
        if operator == "var":
            assert isinstance(expression.term, Variable)
            return table.column(expression.term.name)
        if operator == "term":
            assert isinstance(expression.term, Constant)
            return np.full(table.rows, self.terms.id(expression.term.text))
        if operator == "BOUND":
            there = self._ids_of_part(parts[0], table) != 0
            return Truths(there, np.zeros(table.rows, bool))
        if operator == "!":
            inner = self._truths(parts[0], table)
            return Truths(~inner.true, inner.error)
        if operator in ("&&", "||"):
            return reduce(partial(self._logic, operator), (self._truths(one, table) for one in parts))
        if operator in _COMPARE:
            return self._compared(expression, table)
        if operator in ("IN", "NOT IN"):
            return self._among(parts, table, negated=operator == "NOT IN")
        if operator in ("+", "-", "*"):
            return self._computed(operator, *(self._numbers(one, table) for one in parts))
        if operator in ("YEAR", "MONTH", "DAY"):
            return self._date_part(operator, self._ids_of_part(parts[0], table))
        if operator in TESTS:
            return self._tested(expression, table)
        raise _Beyond

    def _tested(self, expression: Expression, table: Table) -> Truths:
        found = tested(expression, table.column, self.terms)
        if found is None:
            raise _Beyond
        true, error, unknown = found.true, found.error, found.unknown
        if unknown.any():
            judged = self._judged(expression, table.take(unknown))
            true[unknown], error[unknown] = judged == self.terms.id(_TRUE), judged == 0
        return Truths(true, error)

    def _ids_of_part(self, expression: Expression, table: Table) -> Ids:
        value = self._fast(expression, table)
        if not isinstance(value, np.ndarray):
            raise _Beyond
        return value

    def _numbers(self, expression: Expression, table: Table) -> Numbers:
        value = self.value(expression, table)
        if isinstance(value, np.ndarray) and np.isin(self.terms.sorts(value), (Sort.INSTANT, Sort.DAY)).any():
            raise _Beyond
        found = self.numbers_of(value)
        if found is None:
            raise _Beyond
        return found

    def _truths(self, expression: Expression, table: Table) -> Truths:
        value = self.value(expression, table)
        if isinstance(value, Truths):
            return value
        if isinstance(value, Numbers):
            return Truths(value.value != 0, value.sort == Sort.UNBOUND)
        return self._truths_of(value)

    def _truths_of(self, ids: Ids) -> Truths:
        """Effective boolean values (section 17.2.2)."""
        sorts = self.terms.sorts(ids)
        odd = sorts >= Sort.LONG
        if odd.any():
            found = self.oracle.values("", "IF(?x, true, false)", ["x"], [ids[odd]])
            true, error = self._plain_truths(ids, sorts)
            true[odd], error[odd] = found == self.terms.id(_TRUE), found == 0
            return Truths(true, error)
        return Truths(*self._plain_truths(ids, sorts))

    def _plain_truths(self, ids: Ids, sorts: NDArray[np.uint8]) -> tuple[Mask, Mask]:
        numeric = (sorts == Sort.BOOLEAN) | (sorts == Sort.INTEGER) | (sorts == Sort.DECIMAL)
        texts = sorts == Sort.STRING
        true = numeric & (self.terms.numbers(ids) != 0)
        if texts.any():
            true |= texts & (ids != self.terms.id('""'))
        return true, ~(numeric | texts)

    def _logic(self, operator: str, left: Truths, right: Truths) -> Truths:
        one, other = left.true & ~left.error, right.true & ~right.error
        if operator == "||":
            true = one | other
            return Truths(true, ~true & (left.error | right.error))
        false = (~left.true & ~left.error) | (~right.true & ~right.error)
        return Truths(one & other, ~false & (left.error | right.error))

    def _among(self, parts: tuple[Expression, ...], table: Table, *, negated: bool) -> Truths:
        """``IN`` is a disjunction of equations; those with constants are looked at all at once where terms decide."""
        left, *rest = parts
        found = Truths(np.zeros(table.rows, bool), np.zeros(table.rows, bool))
        settled = found.true.copy()
        ids = self.value(left, table)
        constants = [one.term.text for one in rest if isinstance(one.term, Constant)]
        if isinstance(ids, np.ndarray) and rest and len(constants) == len(rest):
            settled = self._among_constants(ids, self.terms.ids(constants), found)
        if not settled.all():
            left_over = np.flatnonzero(~settled)
            some = table.take(left_over)
            judged = Truths(np.zeros(some.rows, bool), np.zeros(some.rows, bool))
            for one in rest:
                names = left.variables | one.variables
                equation = Expression(f"({left.text} = {one.text})", names, "=", (left, one))
                judged = self._logic("||", judged, self._truths(equation, some))
            found.true[left_over], found.error[left_over] = judged.true, judged.error
        return Truths(~found.true, found.error) if negated else found

    def _among_constants(self, ids: Ids, constants: Ids, found: Truths) -> Mask:
        """Sets what can be told of ids by what they are alone; gives where that is."""
        sorts, others = self.terms.sorts(ids), self.terms.sorts(constants)
        settled = sorts == Sort.UNBOUND
        found.error[settled] = True
        for own, comparable in _ALIKE:
            if np.isin(others, comparable).all():
                rows = np.isin(sorts, own)
                if own is _NUMBERS:
                    numbers = self.terms.numbers(constants[np.isin(others, _NUMBERS)])
                    found.true[rows] = np.isin(self.terms.numbers(ids[rows]), numbers)
                else:
                    found.true[rows] = np.isin(ids[rows], constants)
                settled |= rows
        return settled

    def _compared(self, whole: Expression, table: Table) -> Truths:
        operator = whole.operator
        one, other = (self.value(part, table) for part in whole.parts)
        if isinstance(one, Truths) or isinstance(other, Truths):
            raise _Beyond
        mine, theirs = self._sorts(one), self._sorts(other)
        a, b = self._comparable(one), self._comparable(other)
        same = (mine == theirs) & np.isin(mine, (Sort.INSTANT, Sort.DAY, Sort.BOOLEAN))
        a, b = _doubled(a, mine), _doubled(b, theirs)
        vague = (mine == Sort.LONG) & (theirs == Sort.LONG) & (a == b)
        same |= np.isin(mine, _ORDERED) & np.isin(theirs, _ORDERED) & ~vague
        true = _COMPARE[operator](a, b) & same
        error = (mine == Sort.UNBOUND) | (theirs == Sort.UNBOUND)
        settled = same | error
        if operator in ("=", "!=") and isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
            # Terms of which one is an IRI, and strings, are equal where they are the same.
            by_term = np.isin(mine, _BY_TERM[:2]) | np.isin(theirs, _BY_TERM[:2])
            by_term |= (mine == Sort.STRING) & (theirs == Sort.STRING)
            by_term &= ~settled
            true |= by_term & _COMPARE[operator](one, other)
            settled |= by_term
        if not settled.all():
            left_over = np.flatnonzero(~settled)
            found = self._truths_of(self._judged(whole, table.take(left_over)))
            true[left_over], error[left_over] = found.true, found.error
        return Truths(true, error)

    def _sorts(self, value: Ids | Numbers) -> NDArray[np.uint8]:
        return value.sort if isinstance(value, Numbers) else self.terms.sorts(value)

    def _comparable(self, value: Ids | Numbers) -> NDArray[np.int64]:
        return value.value if isinstance(value, Numbers) else self.terms.numbers(value)

    def _computed(self, operator: str, left: Numbers, right: Numbers | None = None) -> Numbers:
        if right is None:
            raise _Beyond
        good = (left.sort != Sort.UNBOUND) & (right.sort != Sort.UNBOUND)
        a, b = np.where(good, left.value, 0), np.where(good, right.value, 0)
        bound = np.abs(a).astype(float), np.abs(b).astype(float)
        if operator == "*":
            if (bound[0] * bound[1] > _MOST).any():
                raise _Beyond
            value = a * b
            if (value % UNIT).any():
                raise _Beyond  # More digits than columns keep.
            value //= UNIT
        else:
            if (bound[0] + bound[1] > _MOST).any():
                raise _Beyond
            value = a + b if operator == "+" else a - b
        whole = (left.sort == Sort.INTEGER) & (right.sort == Sort.INTEGER)
        sort = np.where(good, np.where(whole, Sort.INTEGER, Sort.DECIMAL), Sort.UNBOUND)
        return Numbers(value, sort.astype(np.uint8))

    def _date_part(self, operator: str, ids: Ids) -> Numbers:
        sorts = self.terms.sorts(ids)
        if not np.isin(sorts, (Sort.INSTANT, Sort.DAY, Sort.UNBOUND)).all():
            raise _Beyond
        numbers = self.terms.numbers(ids)
        days = np.where(sorts == Sort.INSTANT, numbers // 86_400_000_000, numbers).astype("datetime64[D]")
        months = days.astype("datetime64[M]")
        if operator == "YEAR":
            value = days.astype("datetime64[Y]").astype(np.int64) + 1970
        elif operator == "MONTH":
            value = months.astype(np.int64) % 12 + 1
        else:
            value = (days - months).astype(np.int64) + 1
        sort = np.where(sorts == Sort.UNBOUND, Sort.UNBOUND, Sort.INTEGER)
        return Numbers(value * UNIT, sort.astype(np.uint8))


def _doubled(numbers: NDArray[np.int64], sorts: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Twice the numbers, and one more where something is left of a number: what is exact compares with what is not."""
    return numbers * 2 + (sorts == Sort.LONG)


def _written(number: int, sort: Sort) -> str:
    if sort == Sort.INTEGER:
        return f'"{number // UNIT}"^^<{XSD}integer>'
    return f'"{decimal(number)}"^^<{XSD}decimal>'
