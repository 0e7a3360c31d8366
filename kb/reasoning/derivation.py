"""Rules over states: what follows from changed rows, and whether given rows follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import Ids, heads, pack, tails
from .joins import Pattern, Solutions, solve
from .layered_tables import State
from .program import Group, Program
from .strata import PatternRule
from .tables import CLASS, table_of

Changes = dict[int, NDArray]
"""Rows by the key of their table, sorted and distinct."""

Outputs = dict[int, list[NDArray]]
"""Rows by the key of their table, in parts and in no order."""


class Derivation:
    """The rules of a program; individuals that are equal are looked at one by one."""

    def __init__(self, program: Program) -> None:
        self._ranges = program.ranges
        self._dictionary = program.rules.dictionary

    def fire(self, group: Group, changes: Changes, state: State, outputs: Outputs) -> None:
        """The heads of a group's rules with one atom among `changes`, the others in a state."""
        for key in changes.keys() & group.uses.keys() - self._ranges:
            table = table_of(key, changes[key], state.bound)
            for rule, number in group.uses[key]:
                found = solve(rule.body, state, wanted=rule.head.variables, delta=(number, table))
                self._yield(rule, found, outputs)

    def still(self, rule: PatternRule, rows: NDArray, state: State, outputs: Outputs) -> None:
        """Those of `rows` that a rule yields in a state."""
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
        if start.count:
            start = start if columns else Solutions({}, 1)
            self._yield(rule, solve(rule.body, state, wanted=head.variables, start=start), outputs)

    def solved(
        self, body: tuple[Pattern, ...], state: State, wanted: tuple[str, ...], delta: tuple[int, NDArray]
    ) -> Solutions:
        """The solutions of a body with rows in the place of the table of one atom (by its number)."""
        number, rows = delta
        table = table_of(body[number].key, rows, state.bound)
        return solve(body, state, wanted=wanted, delta=(number, table))

    def is_literal(self, ids: Ids) -> NDArray[np.bool_]:
        """Which ids are literals."""
        return self._dictionary.kind_of(ids) == Kind.LITERAL

    def _yield(self, rule: PatternRule, found: Solutions, outputs: Outputs) -> None:
        if not found.count:
            return
        ends = [
            found.columns[one] if isinstance(one, str) else np.full(found.count, one, np.uint32)
            for one in (rule.head.subject, rule.head.object)
            if one is not None
        ]
        if not any(one.subject == rule.head.subject for one in rule.body):
            kept = ~self.is_literal(ends[0])
            ends = [one[kept] for one in ends]
        outputs[rule.head.key].append(ends[0] if rule.head.key >= CLASS else pack(*ends))
