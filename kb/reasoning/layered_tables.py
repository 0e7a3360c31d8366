"""Tables that are looked up and never gone through: a closed state in layers, and a small change on top."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import (
    NO_PAIRS,
    Ids,
    Pairs,
    distinct,
    expand,
    pack,
    swap,
    tails,
)
from ..columns.relations import Relations
from .rules import RuleSet
from .stacks import MANY, Stack
from .tables import CLASS, Links, Members, Tables

_SHIFT = np.uint64(32)
_LOW = 0xFFFFFFFF


Rows = dict[int, set[int]]
"""Rows by the key of their table: members of a class, packed pairs of a predicate."""

_NONE: frozenset[int] = frozenset()


def by_predicate(key: int, rows: Set[int], kind: int) -> tuple[int, Set[int]]:
    """The predicate and the pairs that rows of a table stand for."""
    if key < CLASS:
        return key, rows
    tail = key - CLASS
    return kind, {row << 32 | tail for row in rows}


def by_table(predicate: int, pairs: Iterable[int], kind: int) -> Rows:
    """The rows of each table that the pairs of a predicate stand for."""
    if predicate != kind:
        return {predicate: some} if (some := set(pairs)) else {}
    found: Rows = {}
    for pair in pairs:
        found.setdefault(CLASS + (pair & _LOW), set()).add(pair >> 32)
    return found


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

    def size_of_class(self, key: int, most: int) -> int:
        """About how many members a class has, counted to `most`; as many for a data range."""
        if key - CLASS in self._rules.ranges:
            return most
        return self.stack(self.kind).degree(key - CLASS, inverse=True, most=most)

    def members_of(self, key: int, most: int) -> set[int] | None:
        """The members of a class; None where there are more than `most`, and for a data range."""
        if key - CLASS in self._rules.ranges:
            return None
        return self.stack(self.kind).heads_of(key - CLASS, most)

    def has_member(self, key: int, identifier: int) -> bool:
        """Whether one id is in the table of a class, or one literal in that of a data range."""
        if key - CLASS in self._rules.ranges:
            return bool(super().members(key).holds(np.array([identifier], np.uint32))[0])
        return self.stack(self.kind).has(identifier << 32 | key - CLASS)

    def having(self, key: int, rows: Set[int]) -> set[int]:
        """Those of `rows` that the table of `key` has."""
        if key < CLASS:
            return self.stack(key).having(rows)
        tail = key - CLASS
        if len(rows) <= MANY:
            has = self.stack(self.kind).has
            return {row for row in rows if has(row << 32 | tail)}
        return {pair >> 32 for pair in self.stack(self.kind).having({row << 32 | tail for row in rows})}

    def links(self, key: int) -> Links:
        return StackLinks(self.stack(key))

    def holds_pairs(self, predicate: int, pairs: Pairs) -> NDArray[np.bool_]:
        """For each of `pairs`, whether the predicate has it."""
        return self.stack(predicate).holds(pairs)

    def hide(self, predicate: int, pairs: Set[int]) -> None:
        """Take pairs away that are here."""
        if pairs:
            self._stacks[predicate] = self.stack(predicate).patched(pairs, _NONE)

    def without(self, key: int, rows: Set[int]) -> None:
        """Take rows away that are here."""
        self.hide(*by_predicate(key, rows, self.kind))

    def put(self, key: int, rows: Set[int]) -> None:
        """Add rows that are not here."""
        predicate, pairs = by_predicate(key, rows, self.kind)
        self._stacks[predicate] = self.stack(predicate).patched(_NONE, pairs)

    def naming(self, ids: Ids, predicates: set[int]) -> Rows:
        """The rows of each table that name any of `ids` (sorted, distinct)."""
        found: Rows = {}
        for predicate in predicates:
            stack = self.stack(predicate)
            turned = stack.over(ids) if predicate != self.kind else NO_PAIRS
            back = turned << _SHIFT | turned >> _SHIFT
            found |= by_table(predicate, {*stack.under(ids).tolist(), *back.tolist()}, self.kind)
        return found
