"""Layers against a plain dictionary: random changes, merges in between and in the background."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kb.columns import layers
from kb.columns.kernels import pack, swap
from kb.columns.layers import Base, Layered
from kb.columns.relations import Relation

pairs = st.tuples(st.integers(1, 6), st.integers(1, 6))
changes = st.dictionaries(pairs, st.integers(0, 3), max_size=8)
Model = dict[tuple[int, int], int]


@pytest.fixture(autouse=True, scope="module")
def small_bounds() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(layers, "_AT_ONCE", 0)
        patch.setattr(layers, "_LEAST", 6)
        yield


def packed(some: list[tuple[int, int]]) -> np.ndarray:
    return pack(np.array([one for one, _ in some], int), np.array([two for _, two in some], int))


def put(layered: Layered, change: Model) -> Layered:
    rows = sorted(change)
    return layered.put(packed(rows), np.array([change[one] for one in rows], np.uint32))


def check(layered: Layered, model: Model) -> None:
    rows = sorted(model)
    assert len(layered) == len(model)
    assert layered.pairs.tolist() == packed(rows).tolist()
    assert layered.numbers.tolist() == [model[one] for one in rows]
    assert layered.inverse.tolist() == swap(packed(rows)).tolist()
    assert layered.counts == {
        number: count for number in (1, 2, 3) if (count := list(model.values()).count(number))
    }
    everything = [(one, two) for one in range(1, 7) for two in range(1, 7)]
    assert layered.find(packed(everything)).tolist() == [model.get(one, 0) for one in everything]
    under, numbers = layered.under(np.array([2, 5], np.uint32))
    below = [one for one in rows if one[0] in (2, 5)]
    assert under.tolist() == packed(below).tolist()
    assert numbers.tolist() == [model[one] for one in below]


class Changes(RuleBasedStateMachine):
    """A state, a merge of an earlier one that may be under way, and what both should be."""

    def __init__(self) -> None:
        super().__init__()
        self.layered, self.model = Layered(Base()), Model()
        self.merging: Layered | None = None
        self.earlier: list[tuple[Layered, Model]] = []

    @rule(change=changes)
    def change(self, change: Model) -> None:
        self.earlier.append((self.layered, dict(self.model)))
        self.layered = put(self.layered, change)
        self.model = {pair: number for pair, number in {**self.model, **change}.items() if number}

    @rule()
    def begin_to_merge(self) -> None:
        self.merging = self.layered.merged()

    @rule()
    def take_over_what_was_merged(self) -> None:
        if self.merging is not None:
            self.layered, self.merging = self.layered.rebased(self.merging), None

    @invariant()
    def is_what_it_should_be(self) -> None:
        check(self.layered, self.model)

    @invariant()
    def touched_are_all_that_differ(self) -> None:
        for other, model in self.earlier[-4:]:
            differing = packed(sorted({*self.model} ^ {*model}))
            assert np.isin(differing, self.layered.touched(other)).all()
            assert np.isin(differing, other.touched(self.layered)).all()

    def teardown(self) -> None:
        for layered, model in self.earlier:
            check(layered, model)


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=40, stateful_step_count=25)


@given(st.frozensets(pairs), st.lists(st.tuples(st.frozensets(pairs), st.frozensets(pairs)), max_size=5))
def test_bare_pairs_change_as_sets_do(start: frozenset, steps: list[tuple[frozenset, frozenset]]) -> None:
    relation, model = Relation(packed(sorted(start))), set(start)
    for gained, lost in steps:
        relation = relation.changed(packed(sorted(gained)), packed(sorted(lost - gained)))
        model = (model - (lost - gained)) | gained
        assert relation.pairs.tolist() == packed(sorted(model)).tolist()
        assert len(relation.sets) == 0
        assert len(relation) == len(model)
        target = sorted({*gained, *lost})
        assert relation.brought_to(packed(target)).pairs.tolist() == packed(target).tolist()
    assert relation.brought_to(relation.pairs) is relation


def test_a_merge_of_another_state_is_not_taken_over() -> None:
    one, two = (
        put(Layered(Base(packed([(1, number)]), np.ones(1, np.uint32))), {(2, 2): 1}) for number in (1, 2)
    )
    assert one.rebased(two.merged()) is one


def test_what_is_due_is_merged_before_it_costs_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "_AT_ONCE", 10)
    monkeypatch.setattr(layers, "_LEAST", 20)
    monkeypatch.setattr(layers, "_MOST", 25)
    rows = [(one, two) for one in range(1, 31) for two in range(1, 31)]
    small = put(put(Layered(Base()), dict.fromkeys(rows[:5], 1)), {(9, 9): 1})
    assert len(small.overlay) == 0
    large = put(Layered(Base()), dict.fromkeys(rows[:400], 1))
    assert [len(put(large, dict.fromkeys(rows[-n:], 1)).overlay) for n in (25, 26, 50, 51)] == [25, 26, 50, 0]
    assert [put(large, dict.fromkeys(rows[-n:], 1)).due for n in (25, 26)] == [False, True]
    assert (
        put(large, dict.fromkeys(rows[-26:], 1)).merged().pairs.tolist()
        == packed(rows[:400] + rows[-26:]).tolist()
    )
