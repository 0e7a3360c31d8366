"""What a rule draws from tables: the rows of its head."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import Ids, Pairs, heads, pack, tails
from .equality import Representatives
from .joins import Solutions, solve
from .rules import Term
from .strata import PatternRule, Turn
from .tables import CLASS, Links, Literals, Members, Tables, no_rows


class Firing:
    """Rules over tables; `is_literal` says of each id whether it can't be a subject."""

    def __init__(
        self, tables: Tables, representatives: Representatives, is_literal: NDArray[np.bool_]
    ) -> None:
        self._tables = tables
        self._representatives = representatives
        self._is_literal = is_literal

    def rows(self, rule: PatternRule, delta: tuple[int, Members | Links] | None = None) -> NDArray:
        """The rows of a rule's head, in any order and with repeats; `delta` is that of `solve`."""
        tables = [self._tables[one.key] for one in rule.body]
        if delta is not None:
            tables[delta[0]] = delta[1]
        if not all(map(len, tables)):
            return no_rows(rule.head.key)
        if rule.turn is not None and not isinstance(tables[0], Literals):
            return self._turned(rule.turn, tables[0])
        if rule.chain is not None:
            return self._bridged(rule, rule.chain, cast(list[Links], tables), delta and delta[0])
        find = self._representatives.find
        found = solve(rule.body, self._tables, wanted=rule.head.variables, resolve=find, delta=delta)
        return self._head_rows(rule, found)

    def _turned(self, turn: Turn, table: Members | Links) -> NDArray:
        if turn is Turn.AS_IT_IS or isinstance(table, Members):
            return table.rows
        if turn is Turn.TURNED:
            return self._without_literals(table.inverse)
        return heads(table.rows) if turn is Turn.SUBJECTS else self._subjects_among(tails(table.rows))

    def _bridged(
        self,
        rule: PatternRule,
        chain: tuple[str, str, str],
        tables: list[Links],
        start: int | None,
    ) -> Pairs:
        """A head over two links that meet, beginning with one of them, or with the shorter table."""
        if start is None:
            start = int(len(tables[1]) < len(tables[0]))
        begin, shared, end = chain if start == 0 else chain[::-1]
        rows, onward, other = tables[start].rows, rule.body[1 - start], tables[1 - start]
        near, middle = heads(rows), tails(rows)
        if rule.body[start].subject == shared:
            near, middle = middle, near
        place, far = other.objects(middle) if onward.subject == shared else other.subjects(middle)
        ends: dict[Term | None, Ids] = {begin: near[place], end: far}
        pairs = pack(ends[rule.head.subject], ends[rule.head.object])
        return pairs if rule.is_safe else self._without_literals(pairs)

    def _head_rows(self, rule: PatternRule, found: Solutions) -> NDArray:
        ends = [
            found.columns[one]
            if isinstance(one, str)
            else np.full(found.count, self._representatives.find(one), np.uint32)
            for one in (rule.head.subject, rule.head.object)
            if one is not None
        ]
        if rule.head.key >= CLASS:
            return ends[0] if rule.is_safe else self._subjects_among(ends[0])
        rows = pack(*ends)
        return rows if rule.is_safe else self._without_literals(rows)

    def _subjects_among(self, ids: Ids) -> Ids:
        literal = self._is_literal.take(ids)
        return ids[~literal] if literal.any() else ids

    def _without_literals(self, rows: Pairs) -> Pairs:
        literal = self._is_literal.take(heads(rows))
        return rows[~literal] if literal.any() else rows
