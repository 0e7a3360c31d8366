"""Logical constraints (SHACL 4.6): not, and, or, xone over the conformance of values to shapes."""

from __future__ import annotations

import numpy as np

from ...columns.kernels import Pairs, contains, intersect, subtract
from .. import components as c
from ..scope import ValueNodes


def negation(constraint: c.Not, values: ValueNodes) -> Pairs:
    """Values that conform to the shape."""
    return values.where(~values.failing(constraint.shape))


def conjunction(constraint: c.And, values: ValueNodes) -> Pairs:
    """Values that fail one of the shapes."""
    left = values.distinct
    for shape in constraint.members:
        left = subtract(left, values.scope.failing(shape, left))
    return values.outside(left)


def disjunction(constraint: c.Or, values: ValueNodes) -> Pairs:
    """Values that conform to none of the shapes; each is asked about those alone that failed the ones before."""
    left = values.distinct
    for shape in constraint.members:
        left = intersect(left, values.scope.failing(shape, left))
    return values.where(contains(left, values.distinct))


def exactly_one(constraint: c.Xone, values: ValueNodes) -> Pairs:
    """Values that conform to none or to several of the shapes."""
    counts = np.zeros(len(values.distinct), np.int64)
    for shape in constraint.members:
        counts += ~values.failing(shape)
    return values.where(counts != 1)


CHECKS = {c.Not: negation, c.And: conjunction, c.Or: disjunction, c.Xone: exactly_one}
