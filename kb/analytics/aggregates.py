"""Aggregates of groups (SPARQL 1.1, section 18.5.1), exact for integers and decimals.

As in Oxigraph, a value that is no number makes a group's SUM and AVG unbound, and no value at all MIN and MAX too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .algebra import Aggregate, Expression, Uncovered
from .expressions import Evaluator, Numbers, Value
from .ordering import ranked
from .tables import Places, Table, codes
from .terms import UNIT, XSD, Ids, Sort, decimal

_MOST = float(2**61)
_DIGITS = 10**18
_HALF = 26
# In these Oxigraph tells an unbound variable from an error.
_PASSES_UNBOUND = re.compile(r"\b(IF|COALESCE)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Groups:
    """The group of each row of a table."""

    table: Table
    codes: Places
    size: int


def folded(aggregate: Aggregate, groups: Groups, evaluator: Evaluator) -> Ids:
    """The value of an aggregate for each group; 0 where it has none."""
    if aggregate.argument is None:
        return _written(_counted_rows(aggregate, groups), evaluator)
    value = evaluator.value(aggregate.argument, groups.table)
    if aggregate.function == "COUNT":
        return _counted(aggregate.argument, value, groups, evaluator, once=aggregate.distinct)
    if aggregate.function == "SAMPLE":
        return _sampled(evaluator.terms_of(value), groups)
    if aggregate.function == "GROUP_CONCAT":
        return _concatenated(aggregate, evaluator.terms_of(value), groups, evaluator)
    if aggregate.function in ("MIN", "MAX"):
        return _extreme(aggregate.function, value, groups, evaluator)
    places = groups.codes
    if aggregate.distinct:
        ids = evaluator.terms_of(value)
        _, first = codes([places, ids], len(places))
        value, places = ids[first], places[first]
    numbers = evaluator.numbers_of(value)
    if numbers is None:
        text = f"{aggregate.function}(?v)"
        return evaluator.oracle.folded(text, places, evaluator.terms_of(value), groups.size)
    return _summed(aggregate.function, numbers, places, groups.size, evaluator)


def _written(counts: NDArray[np.int64], evaluator: Evaluator) -> Ids:
    value = counts.astype(np.int64) * UNIT
    return evaluator.ids_of(Numbers(value, np.full(len(value), Sort.INTEGER, np.uint8)))


def _counted_rows(aggregate: Aggregate, groups: Groups) -> NDArray[np.int64]:
    rows = groups.codes
    if aggregate.distinct:
        _, first = codes([rows, *groups.table.columns.values()], len(rows))
        rows = rows[first]
    return np.bincount(rows, minlength=groups.size)


def _counted(argument: Expression, value: Value, groups: Groups, evaluator: Evaluator, *, once: bool) -> Ids:
    """COUNT: an unbound variable is passed over, an error is the group's."""
    ids = evaluator.terms_of(value) if once or not isinstance(value, np.ndarray) else value
    there = ids != 0
    rows = groups.codes[there]
    if once:
        _, first = codes([rows, ids[there]], len(rows))
        rows = rows[first]
    found = _written(np.bincount(rows, minlength=groups.size), evaluator)
    if argument.operator != "var" and not there.all():
        if _PASSES_UNBOUND.search(argument.text):
            raise Uncovered("COUNT over IF or COALESCE")
        found[groups.codes[~there]] = 0
    return found


def _sampled(ids: Ids, groups: Groups) -> Ids:
    found = np.zeros(groups.size, np.int64)
    found[groups.codes] = ids
    if (found[groups.codes] != ids).any():
        raise Uncovered("SAMPLE of different terms, which is Oxigraph's choice")
    return found


def _concatenated(aggregate: Aggregate, ids: Ids, groups: Groups, evaluator: Evaluator) -> Ids:
    """GROUP_CONCAT where its order makes no difference."""
    if not len(ids):
        return evaluator.terms.ids(['""'] * groups.size)
    last = np.zeros(groups.size, np.int64)
    last[groups.codes] = ids
    if (last[groups.codes] != ids).any():
        raise Uncovered("GROUP_CONCAT of different terms, whose order is Oxigraph's choice")
    what = f"{'DISTINCT ' * aggregate.distinct}?v"
    what += f"; SEPARATOR = {aggregate.separator}" * bool(aggregate.separator)
    return evaluator.oracle.folded(f"GROUP_CONCAT({what})", groups.codes, ids, groups.size)


def _extreme(function: str, value: Value, groups: Groups, evaluator: Evaluator) -> Ids:
    ids = evaluator.terms_of(value)
    ranks = ranked(ids, evaluator.terms)
    if ranks is None or not ranks.total:
        raise Uncovered(f"{function} over terms of several sorts")
    unbound = ids == 0
    fold, worst = (np.minimum, np.iinfo(np.int64).max) if function == "MIN" else (np.maximum, -(2**63))
    best = np.full(groups.size, worst, np.int64)
    fold.at(best, groups.codes[~unbound], ranks.values[~unbound])
    found = np.zeros(groups.size, np.int64)
    hit = ~unbound & (ranks.values == best[groups.codes])
    found[groups.codes[hit]] = ids[hit]
    found[groups.codes[unbound]] = 0
    return found


def _summed(function: str, numbers: Numbers, places: Places, size: int, evaluator: Evaluator) -> Ids:
    good = numbers.sort != Sort.UNBOUND
    poisoned = np.zeros(size, bool)
    poisoned[places[~good]] = True
    values = np.where(good, numbers.value, 0)
    sums = _exact_sums(values, places, size)
    fractional = np.zeros(size, bool)
    fractional[places[numbers.sort == Sort.DECIMAL]] = True
    if function == "SUM":
        sort = np.where(poisoned, Sort.UNBOUND, np.where(fractional, Sort.DECIMAL, Sort.INTEGER))
        return evaluator.ids_of(Numbers(sums, sort.astype(np.uint8)))
    counts = np.bincount(places, minlength=size)
    texts = [_mean(total, n) for total, n in zip(sums.tolist(), counts.tolist(), strict=True)]
    return np.where(poisoned, 0, evaluator.terms.ids(texts))


def _exact_sums(values: NDArray[np.int64], places: Places, size: int) -> NDArray[np.int64]:
    if np.abs(values).astype(float).sum() > _MOST:
        raise Uncovered("a sum of more digits than columns keep")
    # Doubles are exact up to 2**53: the upper and the lower bits are summed by themselves.
    upper = np.bincount(places, values >> _HALF, size)
    lower = np.bincount(places, values & ((1 << _HALF) - 1), size)
    if max(np.abs(upper).max(initial=0), lower.max(initial=0)) >= 2**53:
        raise Uncovered("a sum of more digits than columns keep")
    return (upper.astype(np.int64) << _HALF) + lower.astype(np.int64)


def _mean(total: int, count: int) -> str:
    """A quotient as Oxigraph gives it: a decimal of 18 digits, the rest cut off; the integer 0 of nothing."""
    if not count:
        return f'"0"^^<{XSD}integer>'
    digits, sign = abs(total) * (_DIGITS // UNIT) // count, -1 if total < 0 else 1
    return f'"{decimal(sign * digits, _DIGITS)}"^^<{XSD}decimal>'
