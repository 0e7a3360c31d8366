"""Cardinality constraints (SHACL 4.2)."""

from __future__ import annotations

from ...columns.kernels import Pairs
from .. import components as c
from ..paths import no_values
from ..scope import ValueNodes


def min_count(constraint: c.MinCount, values: ValueNodes) -> Pairs:
    """Focus nodes with too few values."""
    return no_values(values.focus[values.counts < constraint.count])


def max_count(constraint: c.MaxCount, values: ValueNodes) -> Pairs:
    """Focus nodes with too many values."""
    return no_values(values.focus[values.counts > constraint.count])


CHECKS = {c.MinCount: min_count, c.MaxCount: max_count}
