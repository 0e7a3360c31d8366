"""Tables that are looked up and never gone through: a closed state in layers, and a small change on top."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property, reduce

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import (
    FEW,
    NO_PAIRS,
    Ids,
    Pairs,
    contains,
    degree,
    distinct,
    expand,
    heads,
    pack,
    subtract,
    swap,
    tails,
    unite,
)
from ..columns.layers import Layered, place_of, run_of
from ..columns.relations import Relations
from .rules import RuleSet
from .tables import CLASS, Links, Members, Tables

_SHIFT = np.uint64(32)


def by_predicate(key: int, rows: NDArray, kind: int) -> tuple[int, Pairs]:
    """The predicate and the pairs that rows of a table stand for."""
    if key < CLASS:
        return key, rows
    return kind, pack(rows, np.full(len(rows), key - CLASS))


def by_table(predicate: int, pairs: Pairs, kind: int) -> dict[int, NDArray]:
    """The rows of each table that the pairs of a predicate stand for."""
    if predicate != kind:
        return {predicate: pairs} if len(pairs) else {}
    classes = tails(pairs)
    return {CLASS + int(one): heads(pairs[classes == one]) for one in np.unique(classes)}


class Stack:
    """The pairs of one predicate: what several layers hold, without `gone`, with `fresh`."""

    def __init__(self, parts: Sequence[Layered], gone: Pairs = NO_PAIRS, fresh: Pairs = NO_PAIRS) -> None:
        self._parts = parts
        self.gone = gone
        self.fresh = fresh

    @cached_property
    def _gone_inverse(self) -> Pairs:
        return swap(self.gone)

    @cached_property
    def _fresh_inverse(self) -> Pairs:
        return swap(self.fresh)

    def __len__(self) -> int:
        """At least the number of pairs."""
        return self._size

    @cached_property
    def _size(self) -> int:
        return sum(map(len, self._parts)) + len(self.fresh)

    @cached_property
    def pairs(self) -> Pairs:
        """All of them, sorted: only for a rule that nothing narrows."""
        return unite(
            subtract(reduce(unite, (one.pairs for one in self._parts), NO_PAIRS), self.gone), self.fresh
        )

    @cached_property
    def subjects(self) -> Ids:
        """All subjects, sorted, each once."""
        return distinct(heads(self.pairs))

    def holds(self, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether it is here."""
        if len(pairs) <= FEW:
            return np.fromiter(map(self.has, pairs.tolist()), bool, len(pairs))
        found = np.zeros(len(pairs), bool)
        for one in self._parts:
            found |= one.find(pairs) > 0
        if len(self.gone):
            found &= ~contains(self.gone, pairs)
        return found | contains(self.fresh, pairs) if len(self.fresh) else found

    def has(self, pair: int) -> bool:
        """Whether one pair is here."""
        if len(self.fresh) and place_of(self.fresh.data, pair) >= 0:
            return True
        if len(self.gone) and place_of(self.gone.data, pair) >= 0:
            return False
        return any(one.has(pair) for one in self._parts)

    def tails_of(self, subject: int) -> set[int]:
        """The objects of one subject."""
        found = {tail for one in self._parts for tail in one.tails_of(subject)}
        if len(self.gone):
            found.difference_update(run_of(self.gone.data, subject))
        if len(self.fresh):
            found.update(run_of(self.fresh.data, subject))
        return found

    def heads_of(self, value: int) -> set[int]:
        """The subjects of one object."""
        found = {head for one in self._parts for head in one.heads_of(value)}
        if len(self.gone):
            found.difference_update(run_of(self._gone_inverse.data, value))
        if len(self.fresh):
            found.update(run_of(self._fresh_inverse.data, value))
        return found

    def degree(self, end: int, *, inverse: bool) -> int:
        """About how many pairs one subject has, or one object."""
        bases = [one.base.turned_rows if inverse else one.base.sorted_rows for one in self._parts]
        begins = [bisect_left(one, end << 32) for one in bases]
        return sum(bisect_left(one, end + 1 << 32, at) - at for one, at in zip(bases, begins, strict=True))

    def under(self, subjects: Ids) -> Pairs:
        """The pairs of `subjects` (sorted, distinct), sorted."""
        found = [one.pairs_under(subjects) for one in self._parts]
        return _patched(found, subjects, self.gone, self.fresh)

    def over(self, objects: Ids) -> Pairs:
        """The pairs of `objects` (sorted, distinct) as ``o << 32 | s``, sorted."""
        found = [one.over(objects) for one in self._parts]
        return _patched(found, objects, self._gone_inverse, self._fresh_inverse)

    def fanout(self, ids: Ids, *, inverse: bool) -> int:
        """About how many pairs `ids` have as subjects, or as objects."""
        bases = [one.base.inverse if inverse else one.base.pairs for one in self._parts]
        return sum(int(degree(one, ids).sum()) for one in bases)

    def patched(self, gone: Pairs, fresh: Pairs) -> Stack:
        """These without some that are here, or with some that are not."""
        back = contains(self.gone, fresh)
        lately = contains(self.fresh, gone)
        return Stack(
            self._parts,
            unite(subtract(self.gone, fresh[back]), gone[~lately]),
            unite(subtract(self.fresh, gone[lately]), fresh[~back]),
        )


def _patched(found: list[Pairs], keys: Ids, gone: Pairs, fresh: Pairs) -> Pairs:
    if len(fresh):
        row, tail = expand(fresh, keys)
        found.append(pack(keys[row], tail))
    found = [one for one in found if len(one)]
    if not found:
        return NO_PAIRS
    pairs = found[0] if len(found) == 1 else distinct(np.concatenate(found))
    return subtract(pairs, gone)


class Beyond:
    """The tables (by key) that have rows in some views, or that were added; a few others may count too."""

    def __init__(self, views: Sequence[Relations], kind: int) -> None:
        self._views = views
        self._kind = kind
        self._known: dict[int, bool] = {}

    def add(self, key: int) -> None:
        """Count a table."""
        self._known[key] = True

    def __contains__(self, key: object) -> bool:
        assert isinstance(key, int)
        if key not in self._known:
            if key < CLASS:
                self._known[key] = any(key in view for view in self._views)
            else:
                types = [view[self._kind].rows for view in self._views if self._kind in view]
                self._known[key] = any(one.may_have_tail(key - CLASS) for one in types)
        return self._known[key]


class StackLinks(Links):
    """The pairs of one predicate in a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    @cached_property
    def rows(self) -> Pairs:  # type: ignore[override]
        return self._stack.pairs

    @cached_property
    def inverse(self) -> Pairs:
        return swap(self.rows)

    def __len__(self) -> int:
        return len(self._stack)

    def objects(self, subjects: Ids) -> tuple[NDArray[np.int64], Ids]:
        return expand(self._stack.under(distinct(subjects)), subjects)

    def subjects(self, objects: Ids) -> tuple[NDArray[np.int64], Ids]:
        return expand(self._stack.over(distinct(objects)), objects)

    def holds(self, pairs: Pairs) -> NDArray[np.bool_]:
        return self._stack.holds(pairs)

    def fanout(self, subjects: Ids | None, objects: Ids | None) -> int:
        ends = [(one, inverse) for one, inverse in ((subjects, False), (objects, True)) if one is not None]
        if not ends:
            return len(self)
        return min(self._stack.fanout(one, inverse=inverse) for one, inverse in ends)


class StackMembers(Members):
    """The members of one class in a stack of rdf:type."""

    def __init__(self, stack: Stack, kind: int, size: int) -> None:
        self._stack = stack
        self._class = kind
        self._size = size

    @cached_property
    def rows(self) -> Ids:  # type: ignore[override]
        return tails(self._stack.over(np.array([self._class], np.uint32)))

    def __len__(self) -> int:
        return self._size or len(self.rows)

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        return self._stack.holds(pack(ids, np.full(len(ids), self._class)))


class State(Tables):
    """A state of all facts: the union of `views`, as `without` and `put` change it."""

    def __init__(self, rules: RuleSet, views: Sequence[Relations]) -> None:
        super().__init__(Relations(), rules.vocabulary.type, len(rules.dictionary) + 1, rules.datatypes)
        self._rules = rules
        self._views = views
        self._stacks: dict[int, Stack] = {}
        self._sizes: dict[int, int] = {}

    def copy(self) -> State:
        """A state that changes by itself."""
        other = State(self._rules, self._views)
        other._stacks = dict(self._stacks)
        other._sizes = self._sizes
        return other

    @property
    def predicates(self) -> set[int]:
        """The predicates that may have rows."""
        return {key for view in self._views for key in view} | self._stacks.keys()

    def stack(self, predicate: int) -> Stack:
        """The pairs of one predicate."""
        found = self._stacks.get(predicate)
        if found is None:
            parts = [view[predicate].rows for view in self._views if predicate in view]
            found = self._stacks[predicate] = Stack(parts)
        return found

    def members(self, key: int) -> Members:
        if key - CLASS in self._rules.ranges:
            return super().members(key)
        stack = self.stack(self.kind)
        if key not in self._sizes:
            self._sizes[key] = stack.fanout(np.array([key - CLASS], np.uint32), inverse=True)
        return StackMembers(stack, key - CLASS, self._sizes[key])

    def size_of_class(self, key: int) -> int:
        """About how many members a class has, and very many for a data range."""
        if key - CLASS in self._rules.ranges:
            return sys.maxsize
        return self.stack(self.kind).degree(key - CLASS, inverse=True)

    def has_member(self, key: int, identifier: int) -> bool:
        """Whether one id is in the table of a class, or one literal in that of a data range."""
        if key - CLASS in self._rules.ranges:
            return bool(super().members(key).holds(np.array([identifier], np.uint32))[0])
        return self.stack(self.kind).has(identifier << 32 | key - CLASS)

    def links(self, key: int) -> Links:
        return StackLinks(self.stack(key))

    def holds(self, key: int, rows: NDArray) -> NDArray[np.bool_]:
        """For each of `rows`, whether the table of `key` has it."""
        predicate, pairs = by_predicate(key, rows, self.kind)
        return self.stack(predicate).holds(pairs)

    def holds_pairs(self, predicate: int, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether the predicate has it."""
        return self.stack(predicate).holds(pairs)

    def hide(self, predicate: int, pairs: Pairs) -> None:
        """Take pairs away that are here (sorted, distinct)."""
        if len(pairs):
            self._stacks[predicate] = self.stack(predicate).patched(pairs, NO_PAIRS)

    def without(self, key: int, rows: NDArray) -> None:
        """Take rows away that are here (sorted, distinct)."""
        self.hide(*by_predicate(key, rows, self.kind))

    def put(self, key: int, rows: NDArray) -> None:
        """Add rows that are not here (sorted, distinct)."""
        predicate, pairs = by_predicate(key, rows, self.kind)
        self._stacks[predicate] = self.stack(predicate).patched(NO_PAIRS, pairs)

    def naming(self, ids: Ids, predicates: set[int]) -> dict[int, NDArray]:
        """The rows of each table that name any of `ids` (sorted, distinct)."""
        found: dict[int, NDArray] = {}
        for predicate in predicates:
            stack = self.stack(predicate)
            turned = stack.over(ids) if predicate != self.kind else NO_PAIRS
            back = turned << _SHIFT | turned >> _SHIFT
            found |= by_table(predicate, distinct(np.concatenate([stack.under(ids), back])), self.kind)
        return found
