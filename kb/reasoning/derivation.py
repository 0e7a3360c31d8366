"""Rules over states: what follows from changed rows, and whether given rows follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import FEW, Ids, distinct, heads, pack, subtract, tails
from .joins import Pattern, Solutions, solve
from .layered_tables import State
from .points import solve_few, starts_of
from .program import Group, Program
from .strata import PatternRule, Turn
from .tables import CLASS, table_of

Changes = dict[int, NDArray]
"""Rows by the key of their table, sorted and distinct."""

Outputs = dict[int, list[NDArray]]
"""Rows by the key of their table, in parts and in no order."""


_SHIFT = np.uint64(32)


@dataclass(frozen=True)
class Known:
    """Changes of a smaller closed state, and the tables (by key) that hold more than they do there."""

    rows: Changes
    beyond: Container[int]


class Derivation:
    """The rules of a program; individuals that are equal are looked at one by one."""

    def __init__(self, program: Program) -> None:
        self._ranges = program.ranges
        self._dictionary = program.rules.dictionary

    def fire(
        self, group: Group, changes: Changes, state: State, outputs: Outputs, known: Known | None = None
    ) -> None:
        """The heads of a group's rules with one atom among `changes`, the others in a state.

        What follows from `known` rows alone is not asked for.
        """
        for key in changes.keys() & group.uses.keys() - self._ranges:
            every = rows = changes[key]
            if known and key in known.rows:
                rows = subtract(rows, known.rows[key])
            for rule, number in group.uses[key]:
                delta = rows
                if known and len(rows) < len(every):
                    others = rule.body[:number] + rule.body[number + 1 :]
                    delta = every if any(one.key in known.beyond for one in others) else rows
                if not len(delta):
                    continue
                if rule.is_renaming:
                    self._rename(rule, delta, outputs)
                    continue
                found = self.solved(rule.body, state, rule.head.variables, (number, delta))
                self._yield(rule, found, outputs)

    def _rename(self, rule: PatternRule, rows: NDArray, outputs: Outputs) -> None:
        """The heads that rows of a renaming rule's only atom yield, as its turn says."""
        turn = rule.turn
        if turn is Turn.SUBJECTS:
            rows = heads(rows)
        elif turn is Turn.OBJECTS:
            rows = tails(rows)
        elif turn is Turn.TURNED:
            rows = rows << _SHIFT | rows >> _SHIFT
        if not rule.is_safe:
            rows = rows[~self.is_literal(rows if rule.head.key >= CLASS else heads(rows))]
        if len(rows):
            outputs[rule.head.key].append(rows)

    def still(self, rules: Iterable[PatternRule], rows: NDArray, state: State) -> Iterator[NDArray]:
        """Those of `rows` that any of the rules yields in a state."""
        for rule in rules:
            if not len(rows):
                return
            found = (
                self._renamed_of(rule, rows, state) if rule.is_renaming else self._yielded(rule, rows, state)
            )
            if len(found):
                yield found
                rows = subtract(rows, found)

    def _renamed_of(self, rule: PatternRule, rows: NDArray, state: State) -> NDArray:
        [one], head = rule.body, rule.head
        if head.key < CLASS:
            same = one.subject == head.subject
            return rows[state.holds(one.key, rows if same else pack(tails(rows), heads(rows)))]
        if one.key >= CLASS:
            return rows[state.holds(one.key, rows)]
        stack = state.stack(one.key)
        known = stack.under(rows) if one.subject == head.subject else stack.over(rows)
        return distinct(heads(known))

    def _yielded(self, rule: PatternRule, rows: NDArray, state: State) -> NDArray:
        head = rule.head
        ends = [rows] if head.key >= CLASS else [heads(rows), tails(rows)]
        columns: dict[str, Ids] = {}
        fits = np.ones(len(rows), bool)
        for term, ids in zip((head.subject, head.object), ends, strict=False):
            if isinstance(term, str) and term not in columns:
                columns[term] = ids
            else:
                fits &= ids == (columns[term] if isinstance(term, str) else term)
        start = Solutions(columns, len(rows)).where(fits)
        if not start.count:
            return rows[:0]
        start = start if columns else Solutions({}, 1)
        outputs: Outputs = defaultdict(list)
        self._yield(rule, self._continued(rule.body, state, head.variables, start), outputs)
        return distinct(np.concatenate([rows[:0], *outputs[head.key]]))

    def solved(
        self, body: tuple[Pattern, ...], state: State, wanted: tuple[str, ...], delta: tuple[int, NDArray]
    ) -> Solutions:
        """The solutions of a body with rows in the place of the table of one atom (by its number)."""
        number, rows = delta
        if len(rows) <= FEW:
            left = [other for other in range(len(body)) if other != number]
            found = solve_few(body, state, wanted, starts_of(body[number], rows), left)
            if found is not None:
                return found
        table = table_of(body[number].key, rows, state.bound)
        return solve(body, state, wanted=wanted, delta=(number, table))

    def _continued(
        self, body: tuple[Pattern, ...], state: State, wanted: tuple[str, ...], start: Solutions
    ) -> Solutions:
        """The solutions of a body that begin with given ones."""
        if start.count <= FEW:
            names = list(start.columns)
            values = [start.columns[name].tolist() for name in names]
            starts = [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)] or [{}]
            found = solve_few(body, state, wanted, starts, range(len(body)))
            if found is not None:
                return found
        return solve(body, state, wanted=wanted, start=start)

    def is_literal(self, ids: Ids) -> NDArray[np.bool_]:
        """Which ids are literals."""
        if not len(ids):
            return np.zeros(0, bool)
        return self._dictionary.kind_of(ids) == Kind.LITERAL

    def _yield(self, rule: PatternRule, found: Solutions, outputs: Outputs) -> None:
        if not found.count:
            return
        ends = [
            found.columns[one] if isinstance(one, str) else np.full(found.count, one, np.uint32)
            for one in (rule.head.subject, rule.head.object)
            if one is not None
        ]
        if not rule.is_safe:
            kept = ~self.is_literal(ends[0])
            ends = [one[kept] for one in ends]
        outputs[rule.head.key].append(ends[0] if rule.head.key >= CLASS else pack(*ends))
