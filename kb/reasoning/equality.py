"""Equality: cliques of individuals under one representative each, never a quadratic number of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..columns import kernels
from ..columns.kernels import NO_PAIRS, Ids, Pairs, distinct, heads, pack, tails
from .joins import Pattern, Solutions
from .rules import EqualityRule, Source
from .tables import CLASS, Links, Members, Tables

CLIQUE_CAP = 50
"""Cliques of more members are reported as suspected data errors and not merged."""

MOST_COMBINATIONS = 10_000
"""Individuals whose values for a key combine in more ways are left out of it: the join would have no bound."""


@dataclass(frozen=True, slots=True)
class Oversized:
    """A clique above the cap, which is most likely an error in the data.

    Its members (ids), the axioms that would have merged them, and the values of the key (ids) that most of
    them share; none where they were stated to be the same.
    """

    members: tuple[int, ...]
    sources: tuple[Source, ...]
    values: tuple[int, ...] = ()

    def sentence(self, label: Callable[[int], str]) -> str:
        """One plain sentence; `label` names an id."""
        some = ", ".join(map(label, self.members[:3]))
        axioms = "; ".join(dict.fromkeys(one.axiom for one in self.sources))
        shared = f", sharing {' and '.join(map(label, self.values))}" if self.values else ""
        return f"{len(self.members)} individuals ({some}, ...) would be one{shared}: not merged ({axioms})."


@dataclass(frozen=True, slots=True)
class Unkeyed:
    """Individuals (ids) that a key is not used for, since their values combine in too many ways."""

    members: tuple[int, ...]
    source: Source

    def sentence(self, label: Callable[[int], str]) -> str:
        """One plain sentence; `label` names an id."""
        some = ", ".join(map(label, self.members[:3]))
        return (
            f"{len(self.members)} individuals ({some}) have more than {MOST_COMBINATIONS} combinations "
            f"of values for a key: it was not used for them ({self.source.axiom})."
        )


def unbounded(rule: EqualityRule, body: Sequence[Pattern], tables: Tables) -> Ids:
    """The individuals for which the parts of a key have too many values together."""
    counted = []
    for one in body:
        if one.object in rule.keys and one.subject == rule.merged:
            owners, degrees = np.unique(heads(tables.links(one.key).rows), return_counts=True)
            counted.append((owners, degrees.astype(np.float64)))
    if len(counted) < 2:
        return np.empty(0, np.uint32)
    ids, product = counted[0]
    for others, counts in counted[1:]:
        ids, left, right = np.intersect1d(ids, others, assume_unique=True, return_indices=True)
        product = product[left] * counts[right]
    return ids[product > MOST_COMBINATIONS]


def groups(found: Solutions, keys: Sequence[str], merged: str, canonical: Callable[[Ids], Ids]) -> Pairs:
    """Distinct (group, value) pairs: values of `merged` that agree in all `keys` share a group number.

    `canonical` gives literals of one value one id.
    """
    if not found.count:
        return NO_PAIRS
    values = found.columns[merged]
    if len(keys) == 1:
        return distinct(pack(canonical(found.columns[keys[0]]), values))
    return distinct(pack(_numbered(found, keys, canonical), values))


def _numbered(found: Solutions, keys: Sequence[str], canonical: Callable[[Ids], Ids]) -> NDArray[np.integer]:
    """Per solution the number of its keys."""
    number: NDArray[np.integer] = np.zeros(found.count, np.uint32)
    for key in keys:
        _, number = np.unique(pack(number, canonical(found.columns[key])), return_inverse=True)
    return number


def shared_by_most(
    found: Solutions, rule: EqualityRule, members: Ids, canonical: Callable[[Ids], Ids]
) -> tuple[int, tuple[int, ...]]:
    """How many solutions of a rule about `members` agree in its keys at most, and in which values."""
    found = found.where(np.isin(found.columns[rule.merged], members))
    if not found.count or not rule.keys:
        return 0, ()
    _, first, counts = np.unique(
        _numbered(found, rule.keys, canonical), return_index=True, return_counts=True
    )
    place = first[counts.argmax()]
    return int(counts.max()), tuple(int(found.columns[key][place]) for key in rule.keys)


def neighbours(grouped: Pairs) -> Pairs:
    """Within each group, each value paired with the next one: enough to connect them all.

    >>> tails(neighbours(pack(np.array([1, 1, 1, 2]), np.array([4, 5, 6, 4]))))
    array([5, 6], dtype=uint32)
    """
    group, value = heads(grouped), tails(grouped)
    same = group[1:] == group[:-1]
    return pack(value[:-1][same], value[1:][same])


def components(edges: Pairs) -> tuple[Ids, Ids]:
    """The nodes of `edges`, sorted, and the least node that each is connected with.

    >>> components(pack(np.array([7, 3]), np.array([9, 7])))
    (array([3, 7, 9], dtype=uint32), array([3, 3, 3], dtype=uint32))
    """
    nodes = distinct(np.concatenate([heads(edges), tails(edges)]))
    left, right = np.searchsorted(nodes, heads(edges)), np.searchsorted(nodes, tails(edges))
    root = np.arange(len(nodes))
    while True:
        low, high = np.minimum(root[left], root[right]), np.maximum(root[left], root[right])
        apart = low != high
        if not apart.any():
            return nodes, nodes[root]
        left, right, low, high = left[apart], right[apart], low[apart], high[apart]
        np.minimum.at(root, high, low)
        while (above := root[root]).tobytes() != root.tobytes():
            root = above


class Representatives:
    """Who stands for whom (eq-sym, eq-trans); an id that stands for itself alone is in no clique.

    `withheld` are ids that must stay by themselves.
    """

    def __init__(self, bound: int, withheld: Ids) -> None:
        self._edges: Pairs = NO_PAIRS
        self.nodes: Ids = np.empty(0, np.uint32)
        self.roots: Ids = np.empty(0, np.uint32)
        self.of = np.arange(bound, dtype=np.uint32)
        self._free = np.ones(bound, bool)
        self._free[withheld] = False

    def merge(self, edges: Pairs) -> Ids:
        """Merge the ends of `edges`; the ids whose representative changed."""
        ends = heads(edges), tails(edges)
        fresh = (self.of[ends[0]] != self.of[ends[1]]) & self._free[ends[0]] & self._free[ends[1]]
        if not fresh.any():
            return np.empty(0, np.uint32)
        self._edges = np.concatenate([self._edges, edges[fresh]])
        self.nodes, self.roots = components(self._edges)
        changed = self.nodes[self.of[self.nodes] != self.roots]
        self.of[self.nodes] = self.roots
        return changed

    def find(self, identifier: int) -> int:
        """The representative of one id."""
        return int(self.of[identifier])

    @property
    def cliques(self) -> Pairs:
        """All (representative, member), the representative itself among its members."""
        return np.sort(pack(self.roots, self.nodes))

    def above(self, cap: int) -> Ids:
        """The members of cliques with more than `cap` members."""
        root, size = np.unique_counts(self.roots)
        return self.nodes[np.isin(self.roots, root[size > cap])]

    def rewritten(self, pairs: Pairs) -> Pairs:
        """Pairs with every id exchanged for its representative, in no order."""
        return pack(self.of[heads(pairs)], self.of[tails(pairs)])


class Expansion:
    """From facts about representatives to facts about all members (eq-rep-s, eq-rep-o)."""

    def __init__(self, representatives: Representatives, bound: int) -> None:
        self.cliques = representatives.cliques
        self._nodes = representatives.nodes
        self._is_merged = np.zeros(bound, bool)
        self._is_merged[self._nodes] = True

    @property
    def any(self) -> bool:
        """Whether anybody is equal to somebody else."""
        return len(self.cliques) > 0

    def touched(self, table: Members | Links) -> NDArray[np.bool_] | None:
        """Which rows of a table name a member of a clique; None where none does."""
        return table.naming(self._nodes, self._is_merged) if self.any else None

    def names(self, key: int, rows: NDArray) -> NDArray[np.bool_]:
        """Which rows of a table name a member of a clique."""
        if key >= CLASS:
            return self._is_merged[rows]
        return self._is_merged[heads(rows)] | self._is_merged[tails(rows)]

    def told(self, key: int, rows: NDArray) -> NDArray:
        """Rows of a table that name representatives, told of every member of their cliques; sorted."""
        if key >= CLASS:
            return np.sort(self._spread(rows, rows)[0])
        left, right = self._spread(heads(rows), tails(rows))
        right, left = self._spread(right, left)
        return distinct(pack(left, right))

    def same_as(self) -> Pairs:
        """All pairs of different members of one clique."""
        row, other = kernels.expand(self.cliques, heads(self.cliques))
        member = tails(self.cliques)[row]
        return np.sort(pack(member, other)[member != other])

    def _spread(self, ids: Ids, beside: Ids) -> tuple[Ids, Ids]:
        merged = self._is_merged[ids]
        row, members = kernels.expand(self.cliques, ids[merged])
        return np.concatenate([ids[~merged], members]), np.concatenate([beside[~merged], beside[merged][row]])
