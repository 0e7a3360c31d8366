"""Rules made ready for maintenance: groups of tables in the order in which changes reach them.

All that equality rests on is one group and comes first, so that everybody's clique is settled before other
tables, which then never influence it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import xxhash

from ..columns.kernels import Pairs, pack
from .joins import Pattern, pattern
from .points import Walk
from .rules import Body, Constraint, EqualityRule, RuleSet
from .strata import PatternRule, stratify
from .tables import CLASS


@dataclass(frozen=True, slots=True)
class Use:
    """A rule with the number of an atom that reads a table; `others` are the tables of the other atoms."""

    rule: PatternRule
    number: int
    others: tuple[int, ...]
    walk: Walk


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
                others = tuple(other.key for other in rule.body[:number] + rule.body[number + 1 :])
                found[one.key].append(Use(rule, number, others, self._walks[id(rule)]))
        return {key: tuple(some) for key, some in found.items()}

    @cached_property
    def by_head(self) -> Mapping[int, tuple[tuple[PatternRule, Walk], ...]]:
        """By table, the rules that fill it: those of one atom first, which cost the least to ask."""
        found: dict[int, list[tuple[PatternRule, Walk]]] = defaultdict(list)
        for rule in sorted(self.rules, key=lambda one: len(one.body)):
            found[rule.head.key].append((rule, self._walks[id(rule)]))
        return {key: tuple(some) for key, some in found.items()}

    @cached_property
    def _walks(self) -> dict[int, Walk]:
        return {id(one): Walk(one.body, (one.head.subject, one.head.object)) for one in self.rules}


class Program:
    """The rules of a rule set, grouped."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._kind = rules.vocabulary.type
        self._walks: dict[tuple[Pattern, ...], Walk] = {}

    def walk_of(self, body: tuple[Pattern, ...]) -> Walk:
        """The walk of the body of an equality rule or a constraint."""
        found = self._walks.get(body)
        if found is None:
            found = self._walks[body] = Walk(body)
        return found

    @cached_property
    def digest(self) -> str:
        """What rules these are, and by which state of this code they are followed."""
        rules = self.rules
        parts = (rules.rules, rules.equalities, rules.constraints, rules.distinct, rules.schema)
        told = [*sorted(map(repr, (one for part in parts for one in part))), repr(rules.vocabulary)]
        return xxhash.xxh3_128_hexdigest("\n".join([_code(), *told]).encode())

    @cached_property
    def equalities(self) -> list[tuple[EqualityRule, tuple[Pattern, ...]]]:
        """The equality rules, with their bodies in terms of tables."""
        return [(one, self._patterns(one.body)) for one in self.rules.equalities]

    @cached_property
    def constraints(self) -> list[tuple[Constraint, tuple[Pattern, ...]]]:
        """The constraints, with their bodies in terms of tables."""
        return [(one, self._patterns(one.body)) for one in self.rules.constraints]

    @cached_property
    def constrained(self) -> Mapping[int, list[tuple[Constraint, tuple[Pattern, ...], int]]]:
        """By table of stored facts, the constraints that read it, each with the number of the atom that does."""
        found: dict[int, list[tuple[Constraint, tuple[Pattern, ...], int]]] = defaultdict(list)
        for constraint, body in self.constraints:
            for number, one in enumerate(body):
                found[one.key].append((constraint, body, number))
        return {key: some for key, some in found.items() if key not in self.ranges}

    @cached_property
    def keys(self) -> frozenset[int]:
        """The tables that any rule names."""
        patterns = [one for rule in self._patterned for one in (*rule.body, rule.head)]
        patterns += [one for _, body in (*self.equalities, *self.constraints) for one in body]
        return frozenset(one.key for one in patterns)

    @cached_property
    def ranges(self) -> frozenset[int]:
        """The tables of data ranges: literals, asked and never stored."""
        return frozenset(CLASS + one for one in self.rules.ranges)

    @cached_property
    def groups(self) -> list[Group]:
        """All groups with rules, each after those that it reads; the first settles equality."""
        read = {one.key for _, body in self.equalities for one in body}
        below = _below({*read, self.rules.vocabulary.same_as}, self._patterned) - self.ranges
        strata = stratify(self._patterned)
        first = tuple(rule for stratum in strata for rule in stratum.rules if rule.head.key in below)
        others = [one for one in strata if not one.keys & below]
        return [
            Group(frozenset(below), first, settles_equality=True),
            *(Group(one.keys - self.ranges, one.rules) for one in others),
        ]

    @cached_property
    def filled(self) -> frozenset[int]:
        """The tables that belong to a group."""
        return frozenset(key for one in self.groups for key in one.keys)

    @cached_property
    def unsafe(self) -> frozenset[int]:
        """The tables that a rule would put literals in as subjects."""
        return frozenset(one.head.key for one in self._patterned if not one.is_safe)

    @cached_property
    def schema(self) -> Mapping[int, Pairs]:
        """What the scm-* rules tell of classes and properties, by predicate."""
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for subject, predicate, value in self.rules.schema:
            found[predicate].append((subject, value))
        rows = {predicate: np.array(some, np.uint32) for predicate, some in found.items()}
        return {predicate: np.sort(pack(some[:, 0], some[:, 1])) for predicate, some in rows.items()}

    @cached_property
    def maintainable(self) -> bool:
        """False for rules that read owl:sameAs, or rdf:type with a variable for the class, or literals alone."""
        vocabulary = self.rules.vocabulary
        if self.keys & {vocabulary.type, vocabulary.same_as}:
            return False
        bodies = [rule.body for rule in self._patterned] + [body for _, body in self.equalities]
        return not any(body and all(one.key in self.ranges for one in body) for body in bodies)

    @cached_property
    def _patterned(self) -> list[PatternRule]:
        return [PatternRule.of(one, self._kind) for one in self.rules.rules]

    def _patterns(self, body: Body) -> tuple[Pattern, ...]:
        return tuple(pattern(atom, self._kind) for atom in body)


@cache
def _code() -> str:
    """A digest of the modules that decide what follows; some others count too."""
    digest = xxhash.xxh3_128()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()


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
