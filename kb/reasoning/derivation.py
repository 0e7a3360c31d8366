"""Rules over states: what follows from changed rows, and whether given rows follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import Ids, pack
from .joins import Pattern, Solutions, solve
from .layered_tables import Rows, State
from .points import Known, TooMany, Walk, solutions
from .program import Group, Program, Use
from .stacks import in_order
from .strata import PatternRule, Turn
from .tables import CLASS, table_of

Outputs = defaultdict[int, set[int]]
"""Rows by the key of their table, those that are there already among them."""

_LOW = 0xFFFFFFFF
FEW = 32
"""So many rows are joined one by one."""


def no_outputs() -> Outputs:
    """Nothing yet."""
    return defaultdict(set)


@dataclass(frozen=True)
class Smaller:
    """Changes of a smaller closed state, and the tables (by key) that hold more than they do there."""

    rows: Rows
    beyond: Container[int]


class Derivation:
    """The rules of a program; individuals that are equal are looked at one by one."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._ranges = program.ranges
        self._dictionary = program.rules.dictionary

    def fire(
        self, group: Group, changes: Rows, state: State, outputs: Outputs, smaller: Smaller | None = None
    ) -> None:
        """The heads of a group's rules with one atom among `changes`, the others in a state; literals as subjects too.

        What follows from the changes of a `smaller` state alone is not asked for.
        """
        uses = group.uses
        for key in changes.keys() & uses.keys() - self._ranges:
            every = rows = changes[key]
            if smaller and key in smaller.rows:
                rows = every - smaller.rows[key]
            for use in uses[key]:
                delta: Set[int] = rows
                if smaller and len(rows) < len(every):
                    delta = every if any(one in smaller.beyond for one in use.others) else rows
                if not delta:
                    continue
                if use.rule.is_renaming:
                    yielded = _renamed(use.rule, delta)
                else:
                    yielded = self._yielded(use, delta, state)
                if yielded:
                    outputs[use.rule.head.key] |= yielded

    def still(self, rules: Iterable[tuple[PatternRule, Walk]], rows: Set[int], state: State) -> set[int]:
        """Those of `rows` that any of the rules yields in a state."""
        found: set[int] = set()
        for rule, walk in rules:
            rows = rows - found
            if not rows:
                break
            found |= (
                self._renamed_of(rule, rows, state)
                if rule.is_renaming
                else self._following(rule, walk, rows, state)
            )
        return found

    def solved(
        self, body: tuple[Pattern, ...], state: State, wanted: tuple[str, ...], delta: tuple[int, Set[int]]
    ) -> Solutions:
        """The solutions of a body with rows in the place of the table of one atom (by its number)."""
        number, rows = delta
        if len(rows) <= FEW:
            walk, found = self._program.walk_of(body), list[Known]()
            try:
                for row in rows:
                    walk.from_row(number, row, state, found)
                return solutions(walk, found, wanted)
            except TooMany:
                pass
        key = body[number].key
        table = table_of(key, _array(key, rows), state.bound)
        return solve(body, state, wanted=wanted, delta=(number, table))

    def continued(
        self, body: tuple[Pattern, ...], state: State, wanted: tuple[str, ...], start: Solutions
    ) -> Solutions:
        """The solutions of a body that begin with given values."""
        if start.count <= FEW:
            walk, found = self._program.walk_of(body), list[Known]()
            names = list(start.columns)
            values = [start.columns[name].tolist() for name in names]
            try:
                for row in zip(*values, strict=True):
                    walk.from_values(dict(zip(names, row, strict=True)), state, found)
                return solutions(walk, found, wanted)
            except TooMany:
                pass
        return solve(body, state, wanted=wanted, start=start)

    def is_literal(self, ids: Ids) -> NDArray[np.bool_]:
        """Which ids are literals."""
        if not len(ids):
            return np.zeros(0, bool)
        return self._dictionary.kind_of(ids) == Kind.LITERAL

    def _yielded(self, use: Use, rows: Set[int], state: State) -> set[int]:
        head, walk = use.rule.head, use.walk
        if len(rows) <= FEW:
            found: list[Known] = []
            try:
                for row in rows:
                    walk.from_row(use.number, row, state, found)
                return _heads(walk, found)
            except TooMany:
                pass
        key = use.rule.body[use.number].key
        delta = use.number, table_of(key, _array(key, rows), state.bound)
        return _rows(head, solve(use.rule.body, state, wanted=head.variables, delta=delta))

    def _renamed_of(self, rule: PatternRule, rows: Set[int], state: State) -> set[int]:
        [one], head = rule.body, rule.head
        if one.key >= CLASS or (head.key < CLASS and one.subject == head.subject):
            return state.having(one.key, rows)
        if head.key < CLASS:
            return _turned(state.having(one.key, _turned(rows)))
        stack = state.stack(one.key)
        if len(rows) <= FEW:
            inverse = one.subject != head.subject
            return {row for row in rows if stack.names(row, inverse=inverse)}
        ids = in_order(rows, np.uint32)
        known = stack.under(ids) if one.subject == head.subject else stack.over(ids)
        return {pair >> 32 for pair in known.tolist()}

    def _following(self, rule: PatternRule, walk: Walk, rows: Set[int], state: State) -> set[int]:
        """Those of `rows` that a rule yields in a state."""
        is_class = rule.head.key >= CLASS
        if len(rows) <= FEW:
            try:
                return {
                    row for row in rows if walk.yields((row,) if is_class else (row >> 32, row & _LOW), state)
                }
            except TooMany:
                pass
        array = _array(rule.head.key, rows)
        ends = [array] if is_class else [array >> np.uint64(32), array & np.uint64(_LOW)]
        columns: dict[str, Ids] = {}
        fits = np.ones(len(array), bool)
        for term, ids in zip((rule.head.subject, rule.head.object), ends, strict=False):
            if isinstance(term, str) and term not in columns:
                columns[term] = ids.astype(np.uint32)
            else:
                fits &= ids == (columns[term] if isinstance(term, str) else term)
        start = Solutions(columns, len(array)).where(fits)
        if not start.count:
            return set()
        start = start if columns else Solutions({}, 1)
        return _rows(rule.head, solve(rule.body, state, wanted=rule.head.variables, start=start)) & rows

    def without_literals(self, key: int, rows: set[int]) -> set[int]:
        """Rows of a table but those whose subject is a literal."""
        if not rows or key not in self._program.unsafe:
            return rows
        some = list(rows)
        subjects = np.array(some if key >= CLASS else [row >> 32 for row in some], np.uint32)
        literal = self.is_literal(subjects)
        if not literal.any():
            return rows
        return {row for row, is_one in zip(some, literal.tolist(), strict=True) if not is_one}


def _renamed(rule: PatternRule, rows: Set[int]) -> set[int]:
    """The heads that rows of a renaming rule's only atom yield, as its turn says."""
    turn = rule.turn
    if turn is Turn.SUBJECTS:
        return {row >> 32 for row in rows}
    if turn is Turn.OBJECTS:
        return {row & _LOW for row in rows}
    return _turned(rows) if turn is Turn.TURNED else set(rows)


def _turned(rows: Set[int]) -> set[int]:
    return {(row & _LOW) << 32 | row >> 32 for row in rows}


def _heads(walk: Walk, found: list[Known]) -> set[int]:
    subject, *objects = walk.ends
    if not objects:
        return {one[subject] for one in found}
    [value] = objects
    return {one[subject] << 32 | one[value] for one in found}


def _rows(head: Pattern, found: Solutions) -> set[int]:
    if not found.count:
        return set()
    ends = [
        found.columns[one] if isinstance(one, str) else np.full(found.count, one, np.uint32)
        for one in (head.subject, head.object)
        if one is not None
    ]
    return set((ends[0] if head.key >= CLASS else pack(*ends)).tolist())


def _array(key: int, rows: Set[int]) -> NDArray:
    return in_order(rows, np.uint32 if key >= CLASS else np.uint64)
