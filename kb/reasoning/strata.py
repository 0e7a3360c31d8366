"""The order of rules: strongly connected groups of tables, each after those that it depends on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from .joins import Pattern, pattern
from .rules import Rule


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
    def is_safe(self) -> bool:
        """Whether no literal can come to stand for the subject."""
        return any(one.subject == self.head.subject for one in self.body)

    @cached_property
    def constants(self) -> frozenset[int]:
        """Individuals that the rule names."""
        ends = [one.subject for one in (*self.body, self.head)]
        ends += [one.object for one in (*self.body, self.head) if one.object is not None]
        return frozenset(one for one in ends if isinstance(one, int))


@dataclass(frozen=True, slots=True)
class Stratum:
    """Tables that depend on each other, and the rules that fill them."""

    keys: frozenset[int]
    rules: tuple[PatternRule, ...]


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
            strata.append(Stratum(frozenset(group), inside))
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
