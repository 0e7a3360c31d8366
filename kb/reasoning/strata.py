"""The order of rules: strongly connected groups of tables, each after those that it depends on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from .joins import Pattern, pattern
from .rules import Rule
from .tables import CLASS


class Turn(Enum):
    """How the rows of a rule's head are made of those of its only atom."""

    AS_IT_IS = 1
    TURNED = 2
    SUBJECTS = 3
    OBJECTS = 4


@dataclass(frozen=True)
class PatternRule:
    """A rule in terms of tables."""

    rule: Rule
    body: tuple[Pattern, ...]
    head: Pattern

    @classmethod
    def of(cls, rule: Rule, kind: int) -> PatternRule:
        """The rule with `kind` as the id of rdf:type."""
        return cls(rule, tuple(pattern(one, kind) for one in rule.body), pattern(rule.head, kind))

    @cached_property
    def is_renaming(self) -> bool:
        """Whether it is of one atom that covers the head, both with variables alone, and none of them twice."""
        if len(self.body) != 1 or self.constants:
            return False
        body, head = set(self.body[0].variables), set(self.head.variables)
        if len(body) < len(self.body[0].variables) or len(head) < len(self.head.variables):
            return False
        return head <= body

    @cached_property
    def turn(self) -> Turn | None:
        """What becomes of the body's rows where it is one atom whose variables the head repeats."""
        if len(self.body) != 1 or not self.is_renaming:
            return None
        [one], head = self.body, self.head
        if one.key >= CLASS:
            return Turn.AS_IT_IS
        if head.key >= CLASS:
            return Turn.SUBJECTS if head.subject == one.subject else Turn.OBJECTS
        return Turn.AS_IT_IS if head.subject == one.subject else Turn.TURNED

    @cached_property
    def chain(self) -> tuple[str, str, str] | None:
        """The variables at one end, in the middle and at the other end of two atoms that the head bridges."""
        if (
            len(self.body) != 2
            or self.constants
            or max(self.head.key, *(one.key for one in self.body)) >= CLASS
        ):
            return None
        left, right = (set(one.variables) for one in self.body)
        if len(left) < 2 or len(right) < 2 or len(left & right) != 1:
            return None
        [shared] = left & right
        [first], [last] = left - right, right - left
        return (first, shared, last) if set(self.head.variables) == {first, last} else None

    @cached_property
    def reads(self) -> frozenset[int]:
        """The tables that its body names."""
        return frozenset(one.key for one in self.body)

    @cached_property
    def is_safe(self) -> bool:
        """Whether no literal can come to stand for the subject."""
        return any(one.subject == self.head.subject for one in self.body)

    @cached_property
    def constants(self) -> frozenset[int]:
        """Individuals that the rule names."""
        ends = [one.subject for one in (*self.body, self.head)]
        ends += [one.object for one in (*self.body, self.head) if one.object is not None]
        return frozenset(one for one in ends if isinstance(one, int))


@dataclass(frozen=True)
class Filling:
    """One table, and the rules that fill it."""

    key: int
    rules: tuple[PatternRule, ...]

    @cached_property
    def uses(self) -> Mapping[int, tuple[tuple[PatternRule, int], ...]]:
        """By table that is read, the rules that read it, each with the number of the atom that does."""
        found: dict[int, list[tuple[PatternRule, int]]] = defaultdict(list)
        for rule in self.rules:
            for number, one in enumerate(rule.body):
                found[one.key].append((rule, number))
        return {key: tuple(some) for key, some in found.items()}

    @cached_property
    def constants(self) -> frozenset[int]:
        """Individuals that its rules name."""
        return frozenset().union(*(rule.constants for rule in self.rules))


@dataclass(frozen=True)
class Stratum:
    """Tables that depend on each other, and the rules that fill them.

    `fillings` has them table by table, a table mostly after those that it reads.
    """

    keys: frozenset[int]
    rules: tuple[PatternRule, ...]
    fillings: tuple[Filling, ...] = ()

    @cached_property
    def readers(self) -> Mapping[int, tuple[int, ...]]:
        """By table, the tables here that are filled from it."""
        found: dict[int, list[int]] = defaultdict(list)
        for filling in self.fillings:
            for key in filling.uses:
                found[key].append(filling.key)
        return {key: tuple(some) for key, some in found.items()}


def stratify(rules: Sequence[PatternRule]) -> list[Stratum]:
    """Strata in an order in which each only reads itself and earlier ones."""
    steps: dict[int, set[int]] = {}
    filling: dict[int, list[PatternRule]] = {}
    for rule in rules:
        steps.setdefault(rule.head.key, set()).update(one.key for one in rule.body)
        filling.setdefault(rule.head.key, []).append(rule)
    strata = []
    for group in components(steps):
        inside = tuple(rule for key in sorted(group) for rule in filling.get(key, ()))
        if inside:
            fillings = tuple(Filling(key, tuple(filling[key])) for key in group if key in filling)
            strata.append(Stratum(frozenset(group), inside, fillings))
    return strata


def components(steps: Mapping[int, Iterable[int]]) -> list[list[int]]:
    """Strongly connected components, a component after those that its steps lead to (Tarjan).

    >>> components({1: [2], 2: [1, 3]})
    [[3], [2, 1]]
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    stack: list[int] = []
    waiting: set[int] = set()
    found: list[list[int]] = []
    for start in steps:
        if start in order:
            continue
        path = [(start, iter(steps.get(start, ())))]
        order[start] = lowest[start] = len(order)
        stack.append(start)
        waiting.add(start)
        while path:
            node, following = path[-1]
            after = next((one for one in following if one not in order or one in waiting), None)
            if after is None:
                path.pop()
                if path:
                    parent = path[-1][0]
                    lowest[parent] = min(lowest[parent], lowest[node])
                if lowest[node] == order[node]:
                    place = stack.index(node)
                    group = stack[place:][::-1]
                    del stack[place:]
                    waiting.difference_update(group)
                    found.append(group)
            elif after not in order:
                order[after] = lowest[after] = len(order)
                stack.append(after)
                waiting.add(after)
                path.append((after, iter(steps.get(after, ()))))
            else:
                lowest[node] = min(lowest[node], order[after])
    return found
