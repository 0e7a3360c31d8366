"""Logical constraints (SHACL 4.6): not, and, or, xone over the conformance of values to shapes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...columns.kernels import Pairs
from .. import components as c
from ..scope import ValueNodes


def negation(constraint: c.Not, values: ValueNodes) -> Pairs:
    """Values that conform to the shape."""
    return values.where(~values.failing(constraint.shape))


def conjunction(constraint: c.And, values: ValueNodes) -> Pairs:
    """Values that fail one of the shapes."""
    return values.where(_conforming(constraint, values) < len(constraint.members))


def disjunction(constraint: c.Or, values: ValueNodes) -> Pairs:
    """Values that conform to none of the shapes."""
    return values.where(_conforming(constraint, values) == 0)


def exactly_one(constraint: c.Xone, values: ValueNodes) -> Pairs:
    """Values that conform to none or to several of the shapes."""
    return values.where(_conforming(constraint, values) != 1)


def _conforming(constraint: c.Listed, values: ValueNodes) -> NDArray[np.int64]:
    counts = np.zeros(len(values.distinct), np.int64)
    for shape in constraint.members:
        counts += ~values.failing(shape)
    return counts


CHECKS = {c.Not: negation, c.And: conjunction, c.Or: disjunction, c.Xone: exactly_one}
