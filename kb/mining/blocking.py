"""Blocking: which pairs of records are worth a look.

Two records meet when their texts are near each other (the nearest by TF-IDF over character n-grams, in both
directions), or when they share a rare code (a model number, a GTIN).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .extra import needed
from .records import Records, words

Places = NDArray[np.int64]

# A code that so many records have is no model number.
_COMMON = 20
# N-grams that more records have say little, and cost most.
_WIDESPREAD = 2_000


@dataclass(frozen=True)
class Pairs:
    """Pairs of places, left and right, aligned; each once."""

    left: Places
    right: Places

    def __len__(self) -> int:
        return len(self.left)

    @classmethod
    def of(cls, parts: Iterable[tuple[Places, Places]], *, width: int, same: bool) -> Pairs:
        """The pairs in some parts, each once; the right table has `width` records, and is the left one if `same`."""
        left, right = (np.concatenate([np.empty(0, np.int64), *some]) for some in zip(*parts, strict=True))
        if same:
            left, right = np.minimum(left, right), np.maximum(left, right)
            left, right = left[left != right], right[left != right]
        keys = np.unique(left * width + right)
        return cls(keys // width, keys % width)


def vectors(texts: Sequence[str], **options: Any) -> Any:
    """Texts as rows of a sparse TF-IDF matrix of unit length (scipy CSR, float32)."""
    text, sparse = needed("sklearn.feature_extraction.text"), needed("scipy.sparse")
    try:
        return text.TfidfVectorizer(sublinear_tf=True, dtype=np.float32, **options).fit_transform(texts)
    except ValueError:  # Nothing but blanks.
        return sparse.csr_matrix((len(texts), 1), dtype=np.float32)


def gram_vectors(records: Records) -> Any:
    """What records say, as TF-IDF over character n-grams."""
    texts = [" ".join(words(one)) for one in records.whole]
    return vectors(texts, analyzer="char_wb", ngram_range=(3, 5), max_df=0.3 if len(texts) > 100 else 1.0)


def nearest(left: Any, right: Any, k: int, *, same: bool = False) -> tuple[Places, Places]:
    """For each row of `left` the `k` rows of `right` with the greatest product; with `same` not itself.

    Columns that very many rows of `right` have are passed over, so the cost grows with the rows, not with their square.
    """
    topn = needed("sparse_dot_topn")
    rare = np.flatnonzero(np.bincount(right.indices, minlength=right.shape[1]) <= _WIDESPREAD)
    found = topn.sp_matmul_topn(
        left[:, rare].tocsr(), right[:, rare].T.tocsr(), top_n=k + same, n_threads=1
    ).tocoo()
    ours, theirs = found.row.astype(np.int64), found.col.astype(np.int64)
    kept = (found.data > 0) & ~(same & (ours == theirs))
    return ours[kept], theirs[kept]


def sharing(left: Sequence[Iterable[str]], right: Sequence[Iterable[str]]) -> tuple[Places, Places]:
    """The pairs that share a key which few records have."""
    owners: dict[str, list[int]] = {}
    for place, keys in enumerate(right):
        for key in keys:
            owners.setdefault(key, []).append(place)
    pairs = [
        (place, other)
        for place, keys in enumerate(left)
        for key in keys
        for other in owners.get(key, ())
        if len(owners[key]) <= _COMMON
    ]
    both = np.array(pairs, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def candidates(left: Records, right: Records | None = None, *, k: int = 20) -> Pairs:
    """The pairs of two tables (of one with itself without `right`) that may be of one product.

    `k` neighbours of each record on both sides, and whoever shares a code or a GTIN.
    """
    other = left if right is None else right
    both = gram_vectors(left if right is None else left.plus(right))
    first, second = both[: len(left)], both[len(both.indptr) - 1 - len(other) :]
    parts = [nearest(first, second, k, same=right is None)]
    if right is not None:
        back, forth = nearest(second, first, k)
        parts.append((forth, back))
    parts.append(sharing(left.codes, other.codes))
    parts.append(sharing(left.gtins or [()] * len(left), other.gtins or [()] * len(other)))
    return Pairs.of(parts, width=len(other), same=right is None)
