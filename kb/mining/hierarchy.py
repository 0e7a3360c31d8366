"""Classification into a tree: a linear classifier at each inner node, paths by beam, scores calibrated."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from ..errors import DataError
from .extra import needed
from .titles import TitleFeatures

if TYPE_CHECKING:
    from scipy import sparse

# How many paths are followed at once, so that a wrong turn at the top can be made good below.
_BEAM = 3
# What is less likely than that is not followed, if there is anything better.
_LEAST = 0.02
# Distances from a hyperplane become shares by a softmax of so many times the distance.
_SHARPNESS = 4.0
_FOLDS = 5
# From so many examples on one fold is enough to calibrate with.
_MANY = 5_000
_FEWEST_CALIBRATED = 30
_TOP = ""


@dataclass(frozen=True)
class Tree:
    """Categories by their parents."""

    parents: Mapping[str, str]

    def path(self, category: str) -> tuple[str, ...]:
        """The way from the top to a category, which is its last step; a cycle is cut.

        >>> Tree({"kettle": "kitchen", "kitchen": "home"}).path("kettle")
        ('home', 'kitchen', 'kettle')
        """
        way = [category]
        while (above := self.parents.get(way[-1])) is not None and above not in way:
            way.append(above)
        return tuple(reversed(way))


@dataclass(frozen=True)
class Guess:
    """The likeliest category of a title (none where all are barred), how likely it is, and the runner-up."""

    category: str
    score: float
    next: str


@dataclass(frozen=True)
class _Fork:
    """A node's classifier: its children, the columns that it looks at, weights (columns by children)."""

    children: NDArray[Any]
    columns: NDArray[np.int64]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]

    def distances(self, rows: sparse.csr_array) -> NDArray[np.float32]:
        some = rows if len(self.columns) == rows.shape[1] else rows[:, self.columns]
        return some @ self.weights + self.bias


@dataclass(frozen=True)
class PathModel:
    """A fork for each inner node that has a choice; `calibration` maps a path's share to how often it is right."""

    features: TitleFeatures
    forks: Mapping[str, _Fork]
    calibration: tuple[NDArray[np.float64], NDArray[np.float64]]

    @classmethod
    def trained(
        cls,
        titles: Sequence[str],
        categories: Sequence[str],
        tree: Tree,
        *,
        names: Sequence[tuple[str, str]] = (),
    ) -> PathModel:
        """Learn from titles and their categories; `names` are further (text, category), as categories are called.

        Equal titles are never on both sides of a fold. Raises DataError where there is no choice.
        """
        texts = [*titles, *(text for text, _ in names)]
        paths = [tree.path(one) for one in (*categories, *(category for _, category in names))]
        if len({path[-1] for path in paths}) < 2:
            raise DataError("There is one category at most to choose from", hint="load a taxonomy first")
        features = TitleFeatures.fitted(texts)
        rows = features.of(texts)
        parts = np.array(
            [xxhash.xxh3_64_intdigest(one.lower().encode()) % _FOLDS for one in titles], np.int64
        )
        always = np.arange(len(titles), len(texts))
        shares, right = [np.zeros(0)], [np.zeros(0)]
        for fold in range(_FOLDS if len(titles) < _MANY else 1):
            held, kept = np.flatnonzero(parts == fold), np.flatnonzero(parts != fold)
            if len(held) and len(kept):
                learnt = np.concatenate([kept, always])
                forks = _forks(rows[learnt], [paths[one] for one in learnt.tolist()])
                best = [some[0] for some in _descended(forks, rows[held])]
                shares.append(np.array([share for _, share in best]))
                right.append(
                    np.array([one == paths[at][-1] for at, (one, _) in zip(held, best, strict=True)])
                )
        forks = _forks(rows, paths)
        return cls(features, forks, _calibrated(np.concatenate(shares), np.concatenate(right)))

    def to_bytes(self) -> bytes:
        """The weights, to be hashed."""
        return b"".join(node.encode() + one.weights.tobytes() for node, one in sorted(self.forks.items()))

    def scores(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """How often a path with such a share is right."""
        return np.interp(shares, *self.calibration)

    def guesses(self, titles: Sequence[str], barred: Sequence[Collection[str]] | None = None) -> list[Guess]:
        """The likeliest category of each title, none of those that are barred for it."""
        if not titles:
            return []
        found = _descended(self.forks, self.features.of(titles), barred)
        scores = self.scores(np.array([paths[0][1] for paths in found]))
        return [
            Guess(paths[0][0], score, paths[1][0] if len(paths) > 1 else "")
            for paths, score in zip(found, scores.tolist(), strict=True)
        ]

    def reasons(self, title: str, category: str, most: int = 3) -> tuple[str, ...]:
        """The words of a title that speak most for a category, at the last fork on its way."""
        fork = next((one for one in self.forks.values() if category in one.children), None)
        if fork is None:
            return ()
        child = int(np.flatnonzero(fork.children == category)[0])
        some = self.features.of([title])[:, fork.columns].tocoo()
        told = some.data * fork.weights[some.coords[1], child]
        words, columns = self.features.words, fork.columns[some.coords[1]].tolist()
        ranked = sorted(
            (-weight, words[column])
            for weight, column in zip(told.tolist(), columns, strict=True)
            if column < len(words) and weight > 0
        )
        return tuple(word for _, word in ranked[:most])


def _forks(rows: sparse.csr_array, paths: Sequence[tuple[str, ...]]) -> dict[str, _Fork]:
    """A classifier for each node with several ways on; who stays at an inner node takes the way to itself."""
    taken: dict[str, list[tuple[int, str]]] = defaultdict(list)
    inner = {node for path in paths for node in path[:-1]}
    for place, path in enumerate(paths):
        for above, below in zip((_TOP, *path), path, strict=False):
            taken[above].append((place, below))
        if path[-1] in inner:
            taken[path[-1]].append((place, path[-1]))
    forks = {}
    for node, some in taken.items():
        names = np.array([below for _, below in some], object)
        children, labels = np.unique(names.astype(str), return_inverse=True)
        part = rows[[place for place, _ in some]]
        forks[node] = _fork(part, children, labels)
    return forks


def _fork(rows: sparse.csr_array, children: NDArray[Any], labels: NDArray[np.intp]) -> _Fork:
    if len(children) == 1:
        nothing = np.zeros((0, 1), np.float32)
        return _Fork(children, np.zeros(0, np.int64), nothing, np.zeros(1, np.float32))
    columns = np.unique(rows.indices).astype(np.int64)
    fitted = needed("sklearn.svm").LinearSVC(C=3.0).fit(rows[:, columns], labels)
    weight, bias = fitted.coef_.T, fitted.intercept_
    if len(children) == 2:
        weight, bias = np.hstack([-weight, weight]), np.concatenate([-bias, bias])
    return _Fork(children, columns, weight.astype(np.float32), bias.astype(np.float32))


def _descended(
    forks: Mapping[str, _Fork], rows: sparse.csr_array, barred: Sequence[Collection[str]] | None = None
) -> list[list[tuple[str, float]]]:
    """For each row the likeliest ends of paths with their shares, best first."""
    size = rows.shape[0]
    ends: list[list[tuple[float, str]]] = [[] for _ in range(size)]
    front: list[list[tuple[float, str]]] = [[(1.0, _TOP)] for _ in range(size)]
    while any(front):
        at: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, some in enumerate(front):
            for share, node in some:
                at[node].append((row, share))
        following: list[list[tuple[float, str]]] = [[] for _ in range(size)]
        for node, visits in at.items():
            fork, places = forks[node], [row for row, _ in visits]
            shares = np.array([share for _, share in visits])[:, None]
            ways = _shares(fork.distances(rows[places])) * shares if len(fork.children) > 1 else shares
            best = np.argsort(-ways, axis=1, kind="stable")[:, :_BEAM]
            children = fork.children[best].tolist()
            for row, names, some in zip(
                places, children, np.take_along_axis(ways, best, 1).tolist(), strict=True
            ):
                for child, share in zip(names, some, strict=True):
                    ended = child == node or child not in forks
                    if (share < _LEAST and barred is None and share < some[0]) or (
                        ended and barred is not None and child in barred[row]
                    ):
                        continue
                    (ends if ended else following)[row].append((share, child))
        front = []
        for row, some in enumerate(following):
            ends[row] = sorted(ends[row], key=lambda one: (-one[0], one[1]))[:_BEAM]
            floor = ends[row][-1][0] if len(ends[row]) == _BEAM else 0.0
            ranked = sorted(some, key=lambda one: (-one[0], one[1]))[:_BEAM]
            front.append([one for one in ranked if one[0] > floor])
    return [[(name, share) for share, name in some] or [("", 0.0)] for some in ends]


def _shares(distances: NDArray[np.float32]) -> NDArray[np.float64]:
    raised = np.exp(_SHARPNESS * (distances - distances.max(axis=1, keepdims=True)).astype(np.float64))
    return raised / raised.sum(axis=1, keepdims=True)


def _calibrated(
    shares: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Isotonic regression as its steps; with too few examples a share is taken for what it is."""
    if len(shares) < _FEWEST_CALIBRATED:
        return np.array([0.0, 1.0]), np.array([0.0, 0.99])
    fitted = needed("sklearn.isotonic").IsotonicRegression(y_min=0.0, y_max=0.99, out_of_bounds="clip")
    fitted.fit(shares, right)
    return fitted.X_thresholds_, fitted.y_thresholds_
