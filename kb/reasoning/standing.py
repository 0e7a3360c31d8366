"""Contradictions kept up to date: which still stand after a change, and which are new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import Ids, Pairs, distinct, heads, pack, tails
from .cliques import Cliques, distinct_rows
from .contradictions import (
    DIFFERENT,
    MOST_PER_RULE,
    Contradiction,
    Search,
    names_of,
    source_of_clash,
)
from .derivation import FEW, Derivation
from .joins import Pattern, Solutions, solve
from .layered_tables import Rows, State, by_predicate
from .program import Program
from .rules import EqualityRule, Fact, Source

_LOW = 0xFFFFFFFF

Holds = Callable[[int, Pairs], NDArray[np.bool_]]


@dataclass(frozen=True)
class Change:
    """What happened between two closed states: rows gained and lost by table, and who has other equals now.

    `touched` are rows that count as gained although they are old; `different` the pairs that owl:differentFrom
    is stated of now, `redefined` whether these are others than before.
    """

    old: State
    new: State
    gained: Rows
    lost: Rows
    touched: Rows
    regrouped: Ids
    different: Pairs
    redefined: bool


class Standing:
    """The contradictions of one closed state, brought to the next one."""

    def __init__(self, program: Program, change: Change) -> None:
        self._program = program
        self._change = change
        self._derivation = Derivation(program)
        self._cliques = Cliques(program, self._derivation)
        self._vocabulary = program.rules.vocabulary
        self._search = Search(program.rules, change.new, self._find)
        renamed = self._cliques.naming(change.new, change.regrouped) if len(change.regrouped) else {}
        self._fresh = _united(_united(change.gained, change.touched), renamed)

    def after(
        self, before: Iterable[Contradiction], *, given: Holds | None = None
    ) -> tuple[Contradiction, ...]:
        """The contradictions that there are now, at most `MOST_PER_RULE` of one axiom; without those in `given`.

        Where there are more of one axiom, they need not be those that reasoning from scratch names.
        """
        kept = [one for one in before if self._stands(one)]
        fresh = list(self._new())
        for rule, body in self._program.equalities:
            kept, clashes = self._clashes(rule, body, kept)
            fresh += clashes
        found: dict[object, Contradiction] = {}
        counts: Counter[Source] = Counter()
        for one in (*kept, *fresh):
            identity = one.source, frozenset(one.facts)
            if identity not in found and counts[one.source] < MOST_PER_RULE and not _all_hold(given, one):
                found[identity] = one
                counts[one.source] += 1
        return tuple(found.values())

    def _find(self, identifier: int) -> int:
        return int(self._of(np.array([identifier], np.uint32))[0])

    def _of(self, ids: Ids) -> Ids:
        """The least of all that are equal to each."""
        equal = self._change.new.stack(self._vocabulary.same_as)
        if len(ids) <= FEW and not any(equal.names(one, inverse=False) for one in ids.tolist()):
            return ids
        mates = self._cliques.mates(self._change.new, distinct(ids))
        first = np.searchsorted(heads(mates), ids)
        least = np.append(tails(mates), np.uint32(0))[first]
        owner = np.append(heads(mates), np.uint32(0))[first]
        return np.where(owner == ids, np.minimum(least, ids), ids)

    def _stands(self, one: Contradiction) -> bool:
        if self._is_about_difference(one.source):
            return not self._difference_changed
        if self._regrouped and any(end in self._regrouped for s, _, o in one.facts for end in (s, o)):
            return False
        return self._lost.isdisjoint(one.facts)

    @cached_property
    def _regrouped(self) -> frozenset[int]:
        return frozenset(self._change.regrouped.tolist())

    @cached_property
    def _lost(self) -> frozenset[Fact]:
        found: set[Fact] = set()
        for key, rows in self._change.lost.items():
            predicate, pairs = by_predicate(key, rows, self._vocabulary.type)
            found.update((pair >> 32, predicate, pair & _LOW) for pair in pairs)
        return frozenset(found)

    @property
    def _difference_changed(self) -> bool:
        return self._change.redefined or len(self._change.regrouped) > 0

    def _is_about_difference(self, source: Source) -> bool:
        return source.axiom == DIFFERENT or any(source == one.source for one in self._program.rules.distinct)

    def _new(self) -> Iterator[Contradiction]:
        if self._difference_changed:
            for group in self._program.rules.distinct:
                yield from islice(self._search.of_distinct(group), MOST_PER_RULE)
            yield from islice(self._search.different(self._change.different, self._of), MOST_PER_RULE)
        for key in self._fresh.keys() & self._program.constrained.keys():
            for constraint, body, number in self._program.constrained[key]:
                wanted = names_of(constraint.body)
                delta = number, self._fresh[key]
                found = self._derivation.solved(body, self._change.new, wanted, delta)
                yield from islice(self._search.told(constraint, self._of_all(found)), MOST_PER_RULE)

    def _clashes(
        self, rule: EqualityRule, body: tuple[Pattern, ...], before: list[Contradiction]
    ) -> tuple[list[Contradiction], list[Contradiction]]:
        """Contradictions that stay, without those between literals that a rule now sees in another way; and these."""
        change, wanted = self._change, (*rule.keys, rule.merged)
        parts = [
            self._literals(rule, self._derivation.solved(body, state, wanted, atom))
            for state, rows in ((change.old, change.lost), (change.new, self._fresh))
            for atom in self._changed_atoms(body, rows)
        ]
        parts = [one for one in parts if one.count]
        if not parts:
            return before, []
        seen = Solutions(
            {name: np.concatenate([one.columns[name] for one in parts]) for name in wanted},
            sum(one.count for one in parts),
        )
        names = names_of(rule.body)
        if rule.keys and not self._cliques.has_rivals(rule, seen):
            found = self._derivation.continued(body, change.new, names, distinct_rows(seen, rule.keys))
        else:
            found = solve(body, change.new, wanted=names)
        touched = set(zip(*(self._key(seen.columns[one]) for one in rule.keys), strict=True))
        source = source_of_clash(rule)

        def is_seen(one: Contradiction) -> bool:
            values = dict(zip(names, one.witnesses, strict=False))
            key = tuple(self._key(np.array([values[name]], np.uint32))[0] for name in rule.keys)
            return not rule.keys or key in touched

        kept = [one for one in before if one.source != source or not is_seen(one)]
        clashes = self._search.apart(rule, self._of_all(self._literals(rule, found)))
        return kept, list(islice(clashes, MOST_PER_RULE))

    def _key(self, ids: Ids) -> list[int]:
        return self._program.rules.datatypes.canonical(self._of(ids)).tolist()

    def _literals(self, rule: EqualityRule, found: Solutions) -> Solutions:
        return found.where(self._derivation.is_literal(found.columns[rule.merged]))

    def _changed_atoms(self, body: tuple[Pattern, ...], rows: Rows) -> Iterator[tuple[int, set[int]]]:
        for number, one in enumerate(body):
            if one.key in rows and one.key not in self._program.ranges:
                yield number, rows[one.key]

    def _of_all(self, found: Solutions) -> Solutions:
        if not found.count:
            return found
        return Solutions({name: self._of(ids) for name, ids in found.columns.items()}, found.count)


def _united(left: Rows, right: Rows) -> Rows:
    return {**left, **{key: rows | left[key] if key in left else rows for key, rows in right.items()}}


def _all_hold(given: Holds | None, one: Contradiction) -> bool:
    if given is None:
        return False
    return all(given(p, pack(np.array([s]), np.array([o])))[0] for s, p, o in one.facts)
