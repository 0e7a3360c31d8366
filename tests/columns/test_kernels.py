"""The kernels do what Python's sets do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.columns import kernels
from kb.columns.kernels import pack

# Few ids, so that pairs meet; the greatest, so that nothing overflows.
ids = st.sampled_from([1, 2, 3, 4, 5, 2**31, 2**32 - 1])
sets = st.frozensets(st.tuples(ids, ids), max_size=20)
keys = st.lists(ids, max_size=6)


def packed(pairs: frozenset[tuple[int, int]]) -> kernels.Pairs:
    ordered = sorted(pairs)
    return pack(
        np.array([one for one, _ in ordered], np.uint32), np.array([two for _, two in ordered], np.uint32)
    )


def unpacked(pairs: kernels.Pairs) -> list[tuple[int, int]]:
    return list(zip(kernels.heads(pairs).tolist(), kernels.tails(pairs).tolist(), strict=True))


def reached(pairs: frozenset[tuple[int, int]], start: int) -> set[int]:
    found: set[int] = set()
    frontier = {two for one, two in pairs if one == start}
    while frontier:
        found |= frontier
        frontier = {two for one, two in pairs if one in frontier} - found
    return found


@given(sets)
def test_packing_and_unpacking_lose_nothing(pairs: frozenset[tuple[int, int]]) -> None:
    assert unpacked(packed(pairs)) == sorted(pairs)


@given(st.lists(st.tuples(ids, ids)))
def test_distinct_sorts_and_drops_repeats(pairs: list[tuple[int, int]]) -> None:
    array = pack(
        np.array([one for one, _ in pairs], np.uint32), np.array([two for _, two in pairs], np.uint32)
    )
    assert unpacked(kernels.distinct(array)) == sorted(set(pairs))


@given(sets)
def test_swapping_gives_the_inverse_sorted(pairs: frozenset[tuple[int, int]]) -> None:
    assert unpacked(kernels.swap(packed(pairs))) == sorted((two, one) for one, two in pairs)


@pytest.mark.parametrize(
    ("kernel", "operation"),
    [
        (kernels.unite, frozenset.union),
        (kernels.subtract, frozenset.difference),
        (kernels.intersect, frozenset.intersection),
    ],
)
@given(left=sets, right=sets)
def test_set_operations_are_those_of_sets(kernel, operation, left: frozenset, right: frozenset) -> None:
    assert unpacked(kernel(packed(left), packed(right))) == sorted(operation(left, right))


@given(sets, sets)
def test_contains_answers_for_each_value(pairs: frozenset, values: frozenset) -> None:
    assert kernels.contains(packed(pairs), packed(values)).tolist() == [
        one in pairs for one in sorted(values)
    ]


@given(sets, keys)
def test_expanding_joins_each_key_with_all_its_tails(pairs: frozenset, some: list[int]) -> None:
    row, tail = kernels.expand(packed(pairs), np.array(some, np.uint32))
    expected = [(place, two) for place, key in enumerate(some) for one, two in sorted(pairs) if one == key]
    assert list(zip(row.tolist(), tail.tolist(), strict=True)) == expected
    counts = [sum(one == key for one, _ in pairs) for key in some]
    assert kernels.degree(packed(pairs), np.array(some, np.uint32)).tolist() == counts


@given(sets, ids)
def test_the_tails_of_one_key(pairs: frozenset, key: int) -> None:
    assert kernels.tails_of(packed(pairs), key).tolist() == sorted(two for one, two in pairs if one == key)


@given(sets, st.frozensets(ids))
def test_a_semijoin_keeps_the_pairs_of_known_heads(pairs: frozenset, heads: frozenset[int]) -> None:
    kept = kernels.semijoin(packed(pairs), np.array(sorted(heads), np.uint32))
    assert unpacked(kept) == sorted(pair for pair in pairs if pair[0] in heads)


@given(sets, keys)
def test_reach_follows_pairs_from_its_starts(pairs: frozenset, starts: list[int]) -> None:
    found = kernels.reach(packed(pairs), np.array(starts, np.uint32))
    assert unpacked(found) == sorted({(start, end) for start in starts for end in reached(pairs, start)})


@given(sets)
def test_the_closure_is_transitive_and_no_larger_than_it_must_be(pairs: frozenset) -> None:
    expected = {(start, end) for start, _ in pairs for end in reached(pairs, start)}
    assert unpacked(kernels.closure(packed(pairs))) == sorted(expected)
