"""Rules made ready to be run over all facts: in terms of tables, in their order."""

from __future__ import annotations

from collections.abc import Iterable

from .joins import Pattern, pattern
from .rules import Body, Constraint, EqualityRule, Rule, RuleSet
from .strata import PatternRule, Stratum, stratify
from .tables import CLASS


class Plan:
    """The rules of a rule set, and `extra` ones, as a run needs them.

    `merging` and `constraints` have the bodies in terms of tables beside the rules; `ranges` are the tables
    of data ranges, `keys` all others that any rule names.
    """

    def __init__(self, rules: RuleSet, extra: Iterable[Rule] = ()) -> None:
        kind, vocabulary = rules.vocabulary.type, rules.vocabulary
        self._kind = kind
        patterned = [PatternRule.of(one, kind) for one in (*rules.rules, *extra)]
        self.strata: list[Stratum] = stratify(patterned)
        self.merging: list[tuple[EqualityRule, tuple[Pattern, ...]]] = [
            (one, self._patterns(one.body)) for one in rules.equalities
        ]
        self.constraints: list[tuple[Constraint, tuple[Pattern, ...]]] = [
            (one, self._patterns(one.body)) for one in rules.constraints
        ]
        # Known from here on, instead of being found out by the first run.
        _ = [(one.turn, one.chain, one.reads, one.is_safe) for one in patterned]
        _ = [(one.readers, [(each.uses, each.constants) for each in one.fillings]) for one in self.strata]
        self.ranges = frozenset(CLASS + one for one in rules.ranges)
        patterns = [one for rule in patterned for one in (*rule.body, rule.head)]
        patterns += [one for _, body in (*self.merging, *self.constraints) for one in body]
        named = {one.key for one in patterns} | {vocabulary.same_as, vocabulary.different_from}
        self.keys: frozenset[int] = frozenset(named - {kind} - self.ranges)

    def _patterns(self, body: Body) -> tuple[Pattern, ...]:
        return tuple(pattern(atom, self._kind) for atom in body)
