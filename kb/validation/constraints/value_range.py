"""Value range constraints (SHACL 4.3): exact comparison; what doesn't compare violates."""

from __future__ import annotations

import numpy as np

from ...columns.kernels import Pairs
from ...columns.values import compare
from .. import components as c
from ..scope import ValueNodes

_GOOD = {
    c.MinExclusive: (1,),
    c.MinInclusive: (0, 1),
    c.MaxExclusive: (-1,),
    c.MaxInclusive: (-1, 0),
}


def bound(constraint: c.Bound, values: ValueNodes) -> Pairs:
    """Values beyond the limit."""
    limit = values.scope.data.values.of(values.scope.dictionary.encode([str(constraint.limit)]))
    order = compare(values.typed, limit.take(np.zeros(len(values.distinct), int)))
    return values.where(~np.isin(order, _GOOD[type(constraint)]))


CHECKS = dict.fromkeys(_GOOD, bound)
