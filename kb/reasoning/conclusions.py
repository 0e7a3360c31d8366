"""From a closed state about representatives to what follows for everybody: the rows that a view lacks."""

from __future__ import annotations

from collections.abc import KeysView, Mapping, Sequence, Set
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import NO_PAIRS, Pairs, distinct, pack, subtract, tails
from .equality import Expansion, Representatives
from .rules import Vocabulary
from .tables import CLASS, Members, Tables, merged

Drawn = Mapping[int, Sequence[NDArray]]
"""By the key of its table, the rows that were added to it, in parts that share nothing."""


def conclusions(
    tables: Tables,
    representatives: Representatives,
    vocabulary: Vocabulary,
    drawn: Drawn,
    named: Set[int],
) -> dict[int, Pairs]:
    """Per predicate, the pairs that the tables' view lacks.

    Only the tables `named` may name a member of a clique; rows that don't are those of the view and those `drawn`.
    """
    expansion = Expansion(representatives, tables.bound)
    kind, same_as = vocabulary.type, vocabulary.same_as
    found: dict[int, Pairs] = {}
    types: list[Pairs] = []
    known = tables.known()
    for key, table in known.items():
        if key in (kind, same_as):
            continue
        fresh: NDArray = reduce(merged, drawn[key]) if key in drawn else table.rows[:0]
        touched = expansion.touched(table) if key in named else None
        if touched is not None:
            fresh = fresh[~expansion.names(key, fresh)]
            told = expansion.told(key, table.rows[touched])
            fresh = merged(fresh, subtract(told, tables.original(key)))
        if isinstance(table, Members):
            types.append(pack(fresh, np.full(len(fresh), key - CLASS)))
        else:
            found[key] = fresh
    if expansion.any:
        untold = _untold(tables, representatives, expansion, known.keys())
        types.append(untold.pop(kind, NO_PAIRS))
        found |= untold
        found[same_as] = subtract(expansion.same_as(), tables.original(same_as))
    found[kind] = distinct(np.concatenate(types)) if types else NO_PAIRS
    return {key: rows for key, rows in found.items() if len(rows)}


def _untold(
    tables: Tables, representatives: Representatives, expansion: Expansion, known: KeysView[int]
) -> dict[int, Pairs]:
    """Facts that no rule reads, for the other members of the cliques that they name."""
    found: dict[int, Pairs] = {}
    for key, relation in tables.view.items():
        if key in known:
            continue
        rows = relation.pairs[expansion.names(key, relation.pairs)]
        if key == tables.kind:
            told = np.fromiter((one - CLASS for one in known if one >= CLASS), np.uint32)
            rows = rows[~np.isin(tails(rows), told)]
        expanded = expansion.told(key, distinct(representatives.rewritten(rows)))
        found[key] = subtract(expanded, relation.pairs)
    return found
