"""The checks by chapter of the specification: (constraint, value nodes) to the offending (focus, value) pairs.

The value is 0 where the focus node as a whole offends. Pairs may repeat: results are a bag.
"""

from __future__ import annotations

from . import cardinality, logical, other, property_pair, shape_based, string_based, value_range, value_type

CHECKS = {
    kind: check
    for chapter in (
        value_type,
        cardinality,
        value_range,
        string_based,
        property_pair,
        logical,
        shape_based,
        other,
    )
    for kind, check in chapter.CHECKS.items()
}
