"""Other constraints (SHACL 4.8): closed, hasValue, in."""

from __future__ import annotations

import numpy as np

from ...columns.kernels import Ids, Pairs, contains, expand, heads, pack, tails
from .. import components as c
from ..paths import no_values
from ..scope import ValueNodes


def has_value(constraint: c.HasValue, values: ValueNodes) -> Pairs:
    """Focus nodes that lack the value."""
    wanted = np.full(len(values.focus), values.scope.data.id(constraint.value))
    return no_values(values.focus[~contains(values.pairs, pack(values.focus, wanted))])


def member(constraint: c.In, values: ValueNodes) -> Pairs:
    """Values that are not in the list; terms are compared, not values."""
    return values.outside(values.scope.data.ids(constraint.values))


def beyond_closed(constraint: c.Closed, values: ValueNodes) -> tuple[Pairs, Ids]:
    """(focus, object) of the triples of value nodes with a predicate that is not allowed, and that predicate."""
    allowed = {values.scope.data.id(one) for one in constraint.allowed}
    found, predicates = [values.pairs[:0]], []
    for predicate, rows in values.scope.data.judged.items():
        if predicate not in allowed and len(beyond := rows.under(values.distinct)):
            row, value = expand(beyond, tails(values.pairs))
            found.append(pack(heads(values.pairs)[row], value))
            predicates += [predicate] * len(row)
    return np.concatenate(found), np.array(predicates, np.uint32)


CHECKS = {c.HasValue: has_value, c.In: member}
