"""How likely a pair of records is of one product: gradient boosting, trained from labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .extra import needed

Labels = NDArray[np.bool_]

# Of three small ensembles the mean is steadier than one of three times the size.
_SEEDS = (0, 1, 2)
_SLACK = 0.002
_OPTIONS: dict[str, Any] = {
    "n_estimators": 150,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_child_samples": 10,
    "subsample": 0.8,
    "subsample_freq": 1,
    "colsample_bytree": 0.6,
    "n_jobs": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


@dataclass(frozen=True)
class PairModel:
    """A trained scorer of pairs; `threshold` is the score from which a pair counts as a match."""

    boosters: tuple[Any, ...]
    columns: tuple[str, ...]
    threshold: float

    @classmethod
    def trained(
        cls,
        rows: NDArray[np.float32],
        labels: Labels,
        columns: Sequence[str],
        *,
        groups: NDArray[np.integer] | None = None,
        validation: tuple[NDArray[np.float32], Labels] | None = None,
        weights: NDArray[np.floating] | None = None,
    ) -> PairModel:
        """Train on labelled rows; the threshold is the one with the best F1 on `validation`.

        Without that, on predictions for rows by models that did not see their group (five folds).
        """
        boosters = _fitted(rows, labels, weights)
        if validation is not None:
            held, truth = validation
            return cls(boosters, tuple(columns), best_threshold(truth, _mean(boosters, held)))
        owners = np.arange(len(labels)) if groups is None else groups
        folds = np.random.default_rng(0).integers(0, 5, int(owners.max(initial=0)) + 1)[owners]
        scores = np.full(len(labels), np.nan)
        for fold in range(5):
            seen = folds != fold
            if not seen.all() and 0 < labels[seen].sum() < seen.sum():
                some = None if weights is None else weights[seen]
                scores[~seen] = _mean(_fitted(rows[seen], labels[seen], some, seeds=_SEEDS[:1]), rows[~seen])
        known = ~np.isnan(scores)
        return cls(boosters, tuple(columns), best_threshold(labels[known], scores[known], slack=_SLACK))

    def scores(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The probability of each row to be a match."""
        return _mean(self.boosters, rows) if len(rows) else np.empty(0)

    def to_bytes(self) -> bytes:
        """The model as text, for its hash."""
        return "\n".join(one.booster_.model_to_string() for one in self.boosters).encode()


def best_threshold(truth: Labels, scores: NDArray[np.floating], *, slack: float = 1e-9) -> float:
    """The score between two neighbours at which F1 is best, or within `slack` of that and nearest to 0.5.

    >>> best_threshold(np.array([True, False, True]), np.array([0.9, 0.2, 0.6])).__round__(2)
    0.4
    """
    if not truth.any():
        return 1.0
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(truth[order])
    quality = 2 * found / (np.arange(1, len(truth) + 1) + truth.sum())
    # Of thresholds that are as good the one nearest to the middle: what was learnt from is never all there is.
    cuts = (scores[order] + np.append(scores[order][1:], 0.0)) / 2
    good = np.flatnonzero(quality >= quality.max() - slack)
    return float(cuts[good[np.abs(cuts[good] - 0.5).argmin()]])


def f1(truth: Labels, said: Labels) -> float:
    """The harmonic mean of precision and recall.

    >>> f1(np.array([True, True]), np.array([True, False])).__round__(2)
    0.67
    """
    return float(2 * (truth & said).sum() / max(1, truth.sum() + said.sum()))


def _fitted(
    rows: NDArray[np.float32],
    labels: Labels,
    weights: NDArray[np.floating] | None,
    *,
    seeds: Sequence[int] = _SEEDS,
) -> tuple[Any, ...]:
    learner = needed("lightgbm").LGBMClassifier
    return tuple(
        learner(**_OPTIONS, random_state=seed).fit(rows, labels, sample_weight=weights) for seed in seeds
    )


def _mean(boosters: Sequence[Any], rows: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.mean([one.booster_.predict(rows) for one in boosters], axis=0)
