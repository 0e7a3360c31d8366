"""Products by who bought them: a sparse product of the matrix of buyers and items, damped on all three sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .extra import needed

if TYPE_CHECKING:
    from scipy import sparse

BUYER, START, FOUND = 0.5, 0.1, 0.4
"""How much long histories, popular items that are started from, and popular items that are found count less.

The best of ten on the validation split of amazon-book; see docs/mining.md.
"""


def cooccurrence(
    held: sparse.csr_array, *, buyer: float = BUYER, start: float = START, found: float = FOUND
) -> sparse.csr_array:
    """Items by items: the scores of a buyer are their row of `held` (buyers x items, 0 or 1) times this.

    >>> from scipy import sparse
    >>> held = sparse.csr_array(np.array([[1, 1, 0], [1, 0, 1], [1, 1, 0]], np.float32))
    >>> scores = (held @ cooccurrence(held)).toarray()
    >>> bool(scores[1, 1] > 0)
    True
    """
    diagonal = needed("scipy.sparse").diags_array
    held = held.astype(np.float32).tocsr()
    buyers, items = held.sum(axis=1), held.sum(axis=0)
    weighed = (diagonal(_damped(buyers, buyer)) @ held @ diagonal(_damped(items, found))).tocsr()
    products = (diagonal(_damped(items, start)) @ held.T @ weighed).tocsr()
    products.setdiag(0)
    return products


def _damped(counts: np.ndarray, power: float) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.where(counts > 0, np.asarray(counts, np.float32) ** -power, 0).astype(np.float32)
