"""Why a fact does not follow: the rules that come nearest to it, and the premises that they lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..columns.dictionary import Dictionary
from ..columns.kernels import pack
from ..columns.relations import Relations
from .joins import Solutions, pattern, solve
from .layered_tables import State
from .rules import Atom, Fact, Rule, RuleSet, Term

MOST_MISSING = 3
# Of one rule so many ways are told in which it nearly applies.
_FEW = 3


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule that would yield the fact if `missing` held too; `present` are the premises that do hold.

    Premises are triples of terms in N-Triples syntax; a term that may be anything is written ``?x``.
    """

    rule: str
    axiom: str
    missing: tuple[tuple[str, str, str], ...]
    present: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        lines = [f"{self.rule}: {self.axiom}"]
        lines += [f"  holds    {' '.join(one)}" for one in self.present]
        lines += [f"  missing  {' '.join(one)}" for one in self.missing]
        return "\n".join(lines)

    def to_dict(self) -> dict:
        """The gap for JSON."""
        return {
            "rule": self.rule,
            "axiom": self.axiom,
            "missing": [list(one) for one in self.missing],
            "present": [list(one) for one in self.present],
        }


@dataclass(frozen=True, slots=True)
class Gaps:
    """Why a fact does not follow; without any gap no rule has such a conclusion at all."""

    fact: tuple[str, str, str]
    gaps: tuple[Gap, ...]

    def __str__(self) -> str:
        told = " ".join(self.fact)
        if not self.gaps:
            return f"{told} does not hold, and no rule concludes such a triple: it would have to be asserted"
        return "\n".join([f"{told} does not hold; it would by", *map(str, self.gaps)])

    def to_dict(self) -> dict:
        """The gaps for JSON."""
        return {"fact": list(self.fact), "gaps": [one.to_dict() for one in self.gaps]}


def find_gaps(rules: RuleSet, view: Relations, fact: Fact, *, dictionary: Dictionary, most: int = 5) -> Gaps:
    """The rules that come nearest to a fact (ids) that does not hold in `view`.

    First those that lack least, and among them those of which most holds; at most `most`. A fact may be
    asserted, too, or follow from equal individuals; that is not told.
    """
    search = _Search(rules, State(rules, [view]), dictionary)
    subject, predicate, value = fact
    found: list[Gap] = []
    for rule in rules.by_head.get(rules.head_of(predicate, value), ()):
        found += search.gaps(rule, subject, value)
    found = list(dict.fromkeys(found))
    found.sort(key=lambda one: (len(one.missing), -len(one.present), one.rule, one.axiom))
    return Gaps(tuple(map(dictionary.text, fact)), tuple(found[:most]))  # type: ignore[arg-type]


class _Search:
    def __init__(self, rules: RuleSet, state: State, dictionary: Dictionary) -> None:
        self._kind = rules.vocabulary.type
        self._state = state
        self._dictionary = dictionary

    def gaps(self, rule: Rule, subject: int, value: int) -> Iterator[Gap]:
        """The ways in which a rule lacks fewest premises."""
        values: dict[str, int] = {}
        for term, end in ((rule.head.subject, subject), (rule.head.object, value)):
            known = values.setdefault(term, end) if isinstance(term, str) else term
            if known != end:
                return
        for count in range(1, min(len(rule.body), MOST_MISSING) + 1):
            some = [
                gap
                for missing in combinations(rule.body, count)
                for gap in self._without(rule, missing, values)
            ]
            if some:
                yield from some
                return

    def _without(self, rule: Rule, missing: tuple[Atom, ...], values: dict[str, int]) -> Iterator[Gap]:
        present = tuple(one for one in rule.body if one not in missing)
        names = sorted({name for atom in present for name in atom.variables})
        columns = {name: np.array([values[name]], np.uint32) for name in names if name in values}
        start = Solutions(columns, 1)
        body = tuple(pattern(atom, self._kind) for atom in present)
        found = solve(body, self._state, wanted=names, start=start) if body else start
        for row in range(min(found.count, _FEW)):
            solution: dict[str, Term] = {**values, **{name: int(found.columns[name][row]) for name in names}}
            lacking = [one.bound(solution) for one in missing]
            if not any(self._holds(one) for one in lacking):
                yield Gap(
                    rule.source.name,
                    rule.source.axiom,
                    tuple(map(self._told, lacking)),
                    tuple(self._told(one.bound(solution)) for one in present),
                )

    def _holds(self, atom: Atom) -> bool:
        if isinstance(atom.subject, str) or isinstance(atom.object, str):
            return False
        pair = pack(np.array([atom.subject]), np.array([atom.object]))
        return bool(self._state.holds_pairs(atom.predicate, pair)[0])

    def _told(self, atom: Atom) -> tuple[str, str, str]:
        ends = [
            f"?{one}" if isinstance(one, str) else self._dictionary.text(one)
            for one in (atom.subject, atom.predicate, atom.object)
        ]
        return ends[0], ends[1], ends[2]
