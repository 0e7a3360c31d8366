"""Rules made ready for maintenance: groups of tables in the order in which changes reach them.

All that equality rests on is one group and comes first, so that everybody's clique is settled before other
tables, which then never influence it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from .joins import pattern
from .rules import RuleSet
from .strata import PatternRule, stratify
from .tables import CLASS

Use = tuple[PatternRule, int]


@dataclass(frozen=True)
class Group:
    """Tables that are brought up to date together, with the rules that fill them."""

    keys: frozenset[int]
    rules: tuple[PatternRule, ...] = ()
    settles_equality: bool = False

    @cached_property
    def uses(self) -> Mapping[int, tuple[Use, ...]]:
        """By table, the rules that read it, each with the number of the atom that does."""
        found: dict[int, list[Use]] = defaultdict(list)
        for rule in self.rules:
            for number, one in enumerate(rule.body):
                found[one.key].append((rule, number))
        return {key: tuple(some) for key, some in found.items()}

    @cached_property
    def by_head(self) -> Mapping[int, tuple[PatternRule, ...]]:
        """By table, the rules that fill it."""
        found: dict[int, list[PatternRule]] = defaultdict(list)
        for rule in self.rules:
            found[rule.head.key].append(rule)
        return {key: tuple(some) for key, some in found.items()}


class Program:
    """The rules of a rule set, grouped."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        kind = rules.vocabulary.type
        patterned = [PatternRule.of(one, kind) for one in rules.rules]
        self.equalities = [(one, tuple(pattern(atom, kind) for atom in one.body)) for one in rules.equalities]
        self.constraints = [
            (one, tuple(pattern(atom, kind) for atom in one.body)) for one in rules.constraints
        ]
        patterns = [one for rule in patterned for one in (*rule.body, rule.head)]
        for _, body in (*self.equalities, *self.constraints):
            patterns += body
        self.keys = frozenset(one.key for one in patterns)
        self.ranges = frozenset(
            key for key in self.keys if key >= CLASS and rules.datatypes.is_range(key - CLASS)
        )
        same_as = rules.vocabulary.same_as
        below = _below({one.key for _, body in self.equalities for one in body} | {same_as}, patterned)
        below -= self.ranges
        strata = stratify(patterned)
        first = tuple(rule for stratum in strata for rule in stratum.rules if rule.head.key in below)
        self.groups = [Group(frozenset(below), first, settles_equality=True)]
        self.groups += [Group(one.keys - self.ranges, one.rules) for one in strata if not one.keys & below]
        self.filled = frozenset(key for one in self.groups for key in one.keys if one.rules) | below
        self._patterns = patterns

    @cached_property
    def maintainable(self) -> bool:
        """False for rules that read owl:sameAs, or rdf:type with a variable for the class, or literals alone."""
        vocabulary = self.rules.vocabulary
        if self.keys & {vocabulary.type, vocabulary.same_as}:
            return False
        bodies = [rule.body for group in self.groups for rule in group.rules]
        bodies += [body for _, body in self.equalities]
        return not any(body and all(one.key in self.ranges for one in body) for body in bodies)


def _below(keys: Iterable[int], rules: Iterable[PatternRule]) -> set[int]:
    """The tables that `keys` depend on, themselves included."""
    steps: dict[int, set[int]] = defaultdict(set)
    for rule in rules:
        steps[rule.head.key].update(one.key for one in rule.body)
    found = set(keys)
    pending = list(found)
    while pending:
        for key in steps.get(pending.pop(), ()):
            if key not in found:
                found.add(key)
                pending.append(key)
    return found
