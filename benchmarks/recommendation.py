"""Recommendation: products by who bought them, on amazon-book by KGIN's protocol, and on amazon-beauty.

    python benchmarks/recommendation.py DATA [--beauty]

DATA holds kgrec-amazon-book-interactions (train.txt.gz, test.txt.gz). All items are ranked, those of training left
out; recall and NDCG at 20, mean over the buyers of the test file, which nothing was tuned on: the powers are those
of the best of ten trials on another split of the training file. No knowledge graph is used.
"""

from __future__ import annotations

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
from scipy import sparse

from kb.mining.cooccurrence import cooccurrence

_AT_ONCE = 2_000


def lists(path: Path) -> list[np.ndarray]:
    """A buyer a line: its number, then those of its items."""
    found: dict[int, np.ndarray] = {}
    with gzip.open(path, "rt") as source:
        for line in source:
            numbers = np.array(line.split(), np.int64)
            if len(numbers):
                found[int(numbers[0])] = np.unique(numbers[1:])
    empty = np.empty(0, np.int64)
    return [found.get(one, empty) for one in range(max(found) + 1)]


def matrix(rows: list[np.ndarray], items: int) -> sparse.csr_array:
    """Buyers by items, 0 or 1."""
    ends = np.cumsum([0, *map(len, rows)])
    held = np.concatenate(rows)
    return sparse.csr_array((np.ones(len(held), np.float32), held, ends), shape=(len(rows), items))


def ranked(held: sparse.csr_array, products: sparse.csr_array, k: int) -> np.ndarray:
    """The k best items of each buyer that they don't hold, best first."""
    found = []
    for begin in range(0, held.shape[0], _AT_ONCE):
        some = held[begin : begin + _AT_ONCE]
        scores = (some @ products).toarray()
        scores[some.nonzero()] = -np.inf
        best = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


def quality(best: np.ndarray, wanted: list[np.ndarray]) -> tuple[float, float, float]:
    """Recall, NDCG and hit rate at k, means over the buyers who want something."""
    k = best.shape[1]
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0], np.cumsum(gains)])
    recalls, ndcgs = [], []
    for row, items in zip(best, wanted, strict=True):
        if len(items):
            hits = np.isin(row, items)
            recalls.append(hits.sum() / len(items))
            ndcgs.append((hits * gains).sum() / ideal[min(k, len(items))])
    return float(np.mean(recalls)), float(np.mean(ndcgs)), float(np.mean(np.array(recalls) > 0))


def book(place: Path) -> None:
    """amazon-book: asked are recall@20 0.169 and NDCG@20 0.098 in 5 CPU seconds."""
    train, test = lists(place / "train.txt.gz"), lists(place / "test.txt.gz")
    items = 1 + max(int(one.max()) for rows in (train, test) for one in rows if len(one))
    test += [np.empty(0, np.int64)] * (len(train) - len(test))
    held = matrix(train, items)
    started = time.process_time()
    products = cooccurrence(held)
    fitted = time.process_time() - started
    started = time.process_time()
    recall, ndcg, _ = quality(ranked(held, products, 20), test[: len(train)])
    print(f"amazon-book: {held.nnz:,} interactions, {len(train):,} buyers, {items:,} items")
    print(
        f"  recall@20 {recall:.4f} (asked 0.169), NDCG@20 {ndcg:.4f} (asked 0.098), {fitted:.1f} CPU s (asked 5)"
    )
    print(
        f"  ranking and measuring: {time.process_time() - started:.1f} CPU s; KGIN as published 0.1688 / 0.0915"
    )


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    book(options.data / "kgrec-amazon-book-interactions")


if __name__ == "__main__":
    main()
