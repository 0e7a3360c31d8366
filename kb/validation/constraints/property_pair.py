"""Property pair constraints (SHACL 4.5): the values of two predicates of one node compared."""

from __future__ import annotations

import numpy as np

from ...columns.kernels import Pairs, contains, distinct, expand, heads, intersect, subtract, tails, unite
from ...columns.values import compare
from .. import components as c
from ..paths import Predicate
from ..scope import ValueNodes


def equals(constraint: c.Equals, values: ValueNodes) -> Pairs:
    """Values that only one side has."""
    other = values.scope.walk(Predicate(constraint.predicate), values.focus)
    return unite(subtract(values.pairs, other), subtract(other, values.pairs))


def disjoint(constraint: c.Disjoint, values: ValueNodes) -> Pairs:
    """Values that both sides have."""
    return intersect(values.pairs, values.scope.walk(Predicate(constraint.predicate), values.focus))


def less_than(constraint: c.LessThan | c.LessThanOrEquals, values: ValueNodes) -> Pairs:
    """Values, once for each value of the other side that they are not less than, or don't compare with."""
    other = values.scope.walk(Predicate(constraint.predicate), values.focus)
    row, right = expand(other, heads(values.pairs))
    pairs = values.pairs[row]
    ids = distinct(np.concatenate([values.distinct, right]))
    typed = values.scope.data.values.of(ids)
    order = compare(typed.take(np.searchsorted(ids, tails(pairs))), typed.take(np.searchsorted(ids, right)))
    good = (-1,) if isinstance(constraint, c.LessThan) else (-1, 0)
    return pairs[~contains(np.array(sorted(good)), order)]


CHECKS = {
    c.Equals: equals,
    c.Disjoint: disjoint,
    c.LessThan: less_than,
    c.LessThanOrEquals: less_than,
}
