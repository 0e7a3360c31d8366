"""Clusters of records from scored pairs: the surest pairs first, as long as nothing speaks against it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .blocking import Pairs

# Pairs that no blocking proposed count as half a pair of score 0 each, up to so many between two clusters: near ones
# would have been proposed, but nobody has more neighbours than blocking looks for.
_UNSEEN_WEIGHT = 0.5
_UNSEEN_MOST = 20


@dataclass(frozen=True)
class Constraints:
    """What may not meet in one cluster.

    `keys` are columns of sets by record (SPUs, GTINs, sources): a cluster is refused when both halves have values of
    one column and none in common. `apart` and `together` are pairs that somebody has decided about. A cluster of
    `most` records takes no more.
    """

    keys: Mapping[str, Sequence[frozenset[str]]]
    apart: frozenset[tuple[int, int]] = frozenset()
    together: tuple[tuple[int, int], ...] = ()
    most: int = 500


@dataclass(frozen=True)
class Clustering:
    """The cluster of each record, from 0 on; how many merges were refused, by reason."""

    labels: NDArray[np.int64]
    refused: Mapping[str, int]


@dataclass
class _Cluster:
    members: list[int]
    said: dict[str, frozenset[str]]
    links: dict[int, tuple[float, int, float]]


class _Merging:
    """Linkage (the mean of average and single) over a sparse graph, by a heap; outdated entries are passed over."""

    def __init__(
        self,
        size: int,
        pairs: Pairs,
        scores: NDArray[np.floating],
        constraints: Constraints,
        threshold: float,
    ) -> None:
        self.constraints, self.threshold = constraints, threshold
        self.refused: dict[str, int] = {}
        touched = np.unique(np.concatenate([pairs.left, pairs.right])).tolist()
        ends = [end for pair in (*constraints.together, *constraints.apart) for end in pair]
        self.clusters = {one: self._single(one) for one in {*touched, *ends}}
        self.owner = {one: one for one in self.clusters}
        self.heap: list[tuple[float, int, int]] = []
        self.apart: dict[int, set[int]] = {}
        for one, two in constraints.apart:
            self.apart.setdefault(one, set()).add(two)
            self.apart.setdefault(two, set()).add(one)
        for one, two, score in zip(pairs.left.tolist(), pairs.right.tolist(), scores.tolist(), strict=True):
            self.clusters[one].links[two] = self.clusters[two].links[one] = (score, 1, score)
            if score >= threshold:
                self.heap.append((-score, one, two))
        heapq.heapify(self.heap)

    def _single(self, one: int) -> _Cluster:
        said = {name: column[one] for name, column in self.constraints.keys.items() if column and column[one]}
        return _Cluster([one], said, {})

    def run(self) -> None:
        for one, two in self.constraints.together:
            first, second = self.owner[one], self.owner[two]
            if first != second and not self._refusal(first, second, decided=True):
                self._merge(first, second)
        while self.heap:
            score, one, two = heapq.heappop(self.heap)
            if one not in self.clusters or two not in self.clusters:
                continue
            # A pair whose mean has changed since has an entry of its own.
            if two not in self.clusters[one].links or -score != self._likeness(one, two):
                continue
            reason = self._refusal(one, two)
            if reason:
                self.refused[reason] = self.refused.get(reason, 0) + 1
                del self.clusters[one].links[two], self.clusters[two].links[one]
            else:
                self._merge(one, two)

    def _refusal(self, one: int, two: int, *, decided: bool = False) -> str:
        first, second = self.clusters[one], self.clusters[two]
        if len(first.members) + len(second.members) > self.constraints.most:
            return "size"
        for name, values in first.said.items():
            others = second.said.get(name)
            if others and not values & others and not (decided and name != "spu"):
                return name
        if self.apart:
            foes: Iterable[int] = (foe for member in first.members for foe in self.apart.get(member, ()))
            if any(self.owner.get(foe) == two for foe in foes):
                return "decision"
        return ""

    def _merge(self, one: int, two: int) -> None:
        if len(self.clusters[one].links) < len(self.clusters[two].links):
            one, two = two, one
        kept, gone = self.clusters[one], self.clusters.pop(two)
        for member in gone.members:
            self.owner[member] = one
        kept.members += gone.members
        for name, values in gone.said.items():
            kept.said[name] = kept.said.get(name, frozenset()) | values
        kept.links.pop(two, None)
        for other, (total, known, best) in gone.links.items():
            if other == one:
                continue
            there = kept.links.get(other, (0.0, 0, 0.0))
            link = (there[0] + total, there[1] + known, max(there[2], best))
            neighbour = self.clusters[other]
            neighbour.links.pop(two, None)
            kept.links[other] = neighbour.links[one] = link
        for other in kept.links:
            self._push(one, other)

    def _likeness(self, one: int, two: int) -> float:
        first, second = self.clusters[one], self.clusters[two]
        total, known, best = first.links[two]
        unseen = max(0, min(len(first.members) * len(second.members), _UNSEEN_MOST) - known)
        return (best + total / (known + _UNSEEN_WEIGHT * unseen)) / 2

    def _push(self, one: int, two: int) -> None:
        likeness = self._likeness(one, two)
        if likeness >= self.threshold:
            heapq.heappush(self.heap, (-likeness, one, two))


def cluster(
    size: int,
    pairs: Pairs,
    scores: NDArray[np.floating],
    *,
    threshold: float,
    constraints: Constraints | None = None,
) -> Clustering:
    """Clusters of records (0 to `size` - 1) by linkage of scored pairs, down to a threshold: halfway between the
    mean of all pairs of two clusters and the best one.

    >>> pairs = Pairs(np.array([0, 1, 2]), np.array([1, 2, 3]))
    >>> cluster(4, pairs, np.array([0.9, 0.2, 0.8]), threshold=0.5).labels
    array([0, 0, 1, 1])
    """
    merging = _Merging(size, pairs, scores, constraints or Constraints({}), threshold)
    merging.run()
    first = np.arange(size)
    for one in merging.clusters.values():
        first[one.members] = min(one.members)
    return Clustering(np.unique(first, return_inverse=True)[1].astype(np.int64), merging.refused)


def b_cubed(labels: NDArray[np.integer], truth: NDArray[np.integer]) -> tuple[float, float, float]:
    """B-cubed precision, recall and F1 (Bagga and Baldwin 1998) of a clustering against another one.

    >>> [round(one, 3) for one in b_cubed(np.array([0, 0, 1]), np.array([0, 0, 0]))]
    [1.0, 0.556, 0.714]
    """
    both = np.unique(np.column_stack([labels, truth]), axis=0, return_inverse=True)[1].ravel()
    shared, ours, theirs = (np.bincount(one)[one] for one in (both, labels, truth))
    precision, recall = float((shared / ours).mean()), float((shared / theirs).mean())
    return precision, recall, 2 * precision * recall / (precision + recall)
