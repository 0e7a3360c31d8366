"""Who keeps to one field and who doesn't: a mixture of specialists and generalists, fitted to counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 30
# Before anything is seen, one deal in five is outside a specialist's field; it is never more than half.
_STRAY, _WORTH, _MOST_STRAY = 0.2, 10.0, 0.5


@dataclass(frozen=True)
class Mixture:
    """What a fit says: `stray` is how often specialists deal outside their field, `base` the fields' overall shares.

    `likely` has a row for each party, a column for each field, and a last one for being a generalist; rows sum to 1.
    """

    stray: float
    base: NDArray[np.float64]
    likely: NDArray[np.float64]

    @classmethod
    def fitted(cls, counts: NDArray[np.integer]) -> Mixture:
        """Fit to counts of deals (parties by fields) by expectation and maximisation.

        A specialist's deal is in their field, or, with the share `stray`, anywhere as all deals are; a generalist's is
        anywhere. So who has few deals, or deals in a field where everybody does, is not told a specialist.

        >>> Mixture.fitted(np.array([[9, 1, 0], [0, 8, 1], [5, 4, 4]])).likely.argmax(axis=1).tolist()
        [0, 1, 3]
        """
        parties, fields = counts.shape
        base = (counts.sum(axis=0) + 1.0) / (counts.sum() + fields)
        stray, generalists = _STRAY, 0.5
        for _ in range(_ROUNDS):
            likely = cls._posterior(counts, base, stray, generalists)
            sure = likely[:, :fields]
            outside = (sure * (counts.sum(axis=1, keepdims=True) - counts)).sum()
            by_chance = stray * base / (1 - stray + stray * base)
            strayed = outside + (sure * counts * by_chance).sum()
            deals = (sure * counts.sum(axis=1, keepdims=True)).sum()
            stray = min(_MOST_STRAY, (strayed + _STRAY * _WORTH) / (deals + _WORTH))
            generalists = (likely[:, fields].sum() + 1) / (parties + 2)
        return cls(stray, base, cls._posterior(counts, base, stray, generalists))

    @staticmethod
    def _posterior(
        counts: NDArray[np.integer], base: NDArray[np.float64], stray: float, generalists: float
    ) -> NDArray[np.float64]:
        total, fields = counts.sum(axis=1, keepdims=True), len(base)
        inside = np.log((1 - stray + stray * base) / base)
        told = counts * inside + (total - counts) * np.log(stray) + np.log((1 - generalists) / fields)
        whole = np.hstack([told, np.full((len(counts), 1), np.log(generalists))])
        raised = np.exp(whole - whole.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    def of(self, counts: NDArray[np.integer]) -> NDArray[np.float64]:
        """`likely` for other counts of the same fields, such as those of a window of time."""
        generalists = float(np.clip(self.likely[:, -1].mean(), 0.05, 0.95))
        return self._posterior(counts, self.base, self.stray, generalists)


def wilson(hits: NDArray[np.integer], total: NDArray[np.integer]) -> NDArray[np.float64]:
    """The lower bound of a share at 95 % (Wilson).

    >>> wilson(np.array([8]), np.array([10])).round(3).tolist()
    [0.49]
    """
    z, n = 1.96, np.maximum(total, 1)
    p = hits / n
    return (p + z * z / 2 / n - z * np.sqrt(p * (1 - p) / n + z * z / 4 / n / n)) / (1 + z * z / n)
