"""Shape-based constraints (SHACL 4.7): node and the qualified counts; sh:property is the engine's own matter."""

from __future__ import annotations

import numpy as np

from ...columns.kernels import Pairs, degree
from .. import components as c
from ..paths import no_values
from ..scope import ValueNodes


def node(constraint: c.Node, values: ValueNodes) -> Pairs:
    """Values that fail the shape."""
    return values.where(values.failing(constraint.shape))


def qualified(constraint: c.Qualified, values: ValueNodes) -> Pairs:
    """Focus nodes with too few or too many values that conform to the shape (and to no sibling of it)."""
    good = ~values.failing(constraint.shape)
    for sibling in constraint.siblings:
        good &= values.failing(sibling)
    counts = degree(values.where(good), values.focus)
    if isinstance(constraint, c.QualifiedMinCount):
        bad = counts < constraint.count
    else:
        bad = counts > constraint.count
    return no_values(values.focus[np.asarray(bad)])


CHECKS = {c.Node: node, c.QualifiedMinCount: qualified, c.QualifiedMaxCount: qualified}
