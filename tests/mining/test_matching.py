"""The steps of matching: blocking, clustering under constraints, identities over runs."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import ToolMissing
from kb.mining import extra
from kb.mining.blocking import Pairs, gram_vectors, nearest
from kb.mining.clustering import Constraints, cluster
from kb.mining.identity import identify
from kb.mining.records import Records

TITLES = st.lists(st.text("abcd 12", min_size=1, max_size=12), min_size=2, max_size=15)


@given(TITLES, st.integers(1, 5))
def test_the_nearest_are_those_of_a_full_product(titles: list[str], k: int) -> None:
    vectors = gram_vectors(Records(names=titles, titles=titles))
    rows, others = nearest(vectors, vectors, k, same=True)
    full = (vectors @ vectors.T).toarray()
    np.fill_diagonal(full, 0)
    for row in range(len(titles)):
        found = np.sort(full[row, others[rows == row]])[::-1][:k]
        best = np.sort(full[row])[::-1][:k]
        assert np.allclose(found[: (best > 0).sum()], best[best > 0], atol=1e-5)


def chain(size: int, score: float = 0.9) -> tuple[Pairs, np.ndarray]:
    """All pairs of so many records, equally likely."""
    left, right = np.triu_indices(size, 1)
    return Pairs(left.astype(np.int64), right.astype(np.int64)), np.full(len(left), score)


def test_a_cluster_never_holds_two_gtins() -> None:
    gtins = [frozenset({"1"}), frozenset(), frozenset({"2"}), frozenset({"1", "3"})]
    made = cluster(4, *chain(4), threshold=0.5, constraints=Constraints({"gtin": gtins}))
    assert made.labels[0] == made.labels[3] != made.labels[2]
    assert made.refused["gtin"] > 0


def test_decisions_bind_and_sizes_are_capped() -> None:
    pairs, scores = chain(5)
    apart = cluster(5, pairs, scores, threshold=0.5, constraints=Constraints({}, apart=frozenset({(0, 4)})))
    assert apart.labels[0] != apart.labels[4]
    together = cluster(5, pairs, scores * 0.1, threshold=0.5, constraints=Constraints({}, together=((0, 4),)))
    assert together.labels.tolist().count(together.labels[0]) == 2
    assert together.labels[0] == together.labels[4]
    small = cluster(5, pairs, scores, threshold=0.5, constraints=Constraints({}, most=2))
    assert np.bincount(small.labels).max() == 2


@given(st.integers(1, 12), st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_of_sure_pairs_alone_clusters_are_connected_components(
    size: int, edges: list[tuple[int, int]]
) -> None:
    networks = pytest.importorskip("scipy.sparse.csgraph")
    sparse = pytest.importorskip("scipy.sparse")
    known = sorted({(min(one), max(one)) for one in edges if one[0] != one[1] and max(one) < size})
    left, right = np.array(known, np.int64).reshape(-1, 2).T
    made = cluster(size, Pairs(left, right), np.ones(len(known)), threshold=0.01)
    graph = sparse.coo_matrix((np.ones(len(known)), (left, right)), (size, size))
    truth = networks.connected_components(graph, directed=False)[1]
    assert (
        len(set(zip(made.labels.tolist(), truth.tolist(), strict=True)))
        == len(set(truth))
        == len(set(made.labels))
    )


def test_an_spu_keeps_its_name_when_its_cluster_grows_splits_or_merges() -> None:
    none = [frozenset[str]()]
    first = identify([["a", "b", "c"], ["d"]], none * 2, {})
    before = dict(zip("abcd", [first.spus[0]] * 3 + [first.spus[1]], strict=True))
    grown = identify([["a", "b", "c", "e"], ["d"]], none * 2, before)
    assert (list(grown.spus), dict(grown.merged), dict(grown.split)) == (list(first.spus), {}, {})
    parted = identify([["a", "b"], ["c"], ["d"]], none * 3, before)
    assert (parted.spus[0], parted.spus[2]) == tuple(first.spus)
    assert dict(parted.split) == {parted.spus[1]: first.spus[0]}
    merged = identify([["a", "b", "c", "d"]], none, before)
    assert list(merged.spus) == [first.spus[0]]
    assert dict(merged.merged) == {first.spus[1]: first.spus[0]}
    catalogue = identify([["a", "b", "c", "d"]], [frozenset({"urn:known"})], before)
    assert dict(catalogue.merged) == {first.spus[0]: "urn:known", first.spus[1]: "urn:known"}


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ToolMissing, match=r"commerce-kb\[mining\]"):
        extra.needed("lightgbm")
