"""Is it more than noise? Small statistics for insights, on whole columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def two_sided(z: Floats) -> Floats:
    """The probability of a standard normal value at least as far from 0.

    >>> two_sided(np.array([0.0, 1.96])).round(3).tolist()
    [1.0, 0.05]
    """
    from math import erfc, sqrt

    return np.array([erfc(abs(one) / sqrt(2)) for one in z])


def spread(values: Floats, *, least: float) -> float:
    """The standard deviation as outliers don't move it: 1.4826 times the median absolute deviation; at least `least`.

    >>> round(spread(np.array([0.0, 0.1, -0.1, 0.2, 50.0]), least=0.01), 3)
    0.148
    """
    return max(1.4826 * float(np.median(np.abs(values - np.median(values)))), least)


def discoveries(p: Floats, *, rate: float = 0.05) -> NDArray[np.bool_]:
    """Which of many tests to believe when at most a share of `rate` of those may be false
    (Benjamini and Hochberg, J. R. Statist. Soc. B 57, 1995).

    >>> discoveries(np.array([0.001, 0.04, 0.03, 0.9])).tolist()
    [True, False, False, False]
    """
    order = np.argsort(p)
    passes = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / max(len(p), 1))
    found = np.zeros(len(p), bool)
    if len(passes):
        found[order[: passes[-1] + 1]] = True
    return found


def mann_kendall(series: Floats) -> tuple[float, float]:
    """Kendall's tau of a series with time, and the two-sided probability of such a trend by chance (Mann 1945,
    normal approximation with the correction for ties).

    >>> tau, p = mann_kendall(np.arange(12.0))
    >>> round(tau, 2), p < 0.001
    (1.0, True)
    """
    count = len(series)
    if count < 3:
        return 0.0, 1.0
    rises = np.sign(series[None, :] - series[:, None])[np.triu_indices(count, 1)].sum()
    _, ties = np.unique(series, return_counts=True)
    variance = (count * (count - 1) * (2 * count + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18
    if variance <= 0:
        return 0.0, 1.0
    z = (rises - np.sign(rises)) / np.sqrt(variance)
    return float(rises / (count * (count - 1) / 2)), float(two_sided(np.array([z]))[0])
