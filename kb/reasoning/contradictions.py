"""Contradictions: the rules whose head is *false*, and what makes them fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import islice

import numpy as np
import pyoxigraph as ox

from ..columns.kernels import Pairs, contains, heads, intersect, pack, tails
from ..columns.relations import Relations
from .equality import Representatives
from .expressions import XSD, Node, short
from .joins import Pattern, pattern, solve
from .rules import Atom, Constraint, Distinct, EqualityRule, RuleSet, Source, Term
from .tables import Members, Tables

MOST_PER_RULE = 1000
Fact = tuple[int, int, int]
Label = Callable[[int], str]

_SENTENCES = {
    "prp-irp": "{x} is related to itself: {facts}",
    "prp-asyp": "{facts}, but this holds in one direction only",
    "prp-npa1": "{facts}, which is expressly denied",
    "prp-npa2": "{facts}, which is expressly denied",
    "cls-nothing2": "{facts}, but this can't have any member",
    "cls-maxc1": "{facts}, but no such value is allowed",
    "cls-maxqc1": "{facts}, but no such value is allowed",
    "cls-maxqc2": "{facts}, but no such value is allowed",
    "eq-diff1": "{witnesses} are one and the same and declared to be different",
    "eq-diff2": "{witnesses} are one and the same and declared to be different",
    "eq-diff3": "{witnesses} are one and the same and declared to be different",
    "dt-diff": "{facts}, but only one value is allowed",
}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Facts (triples of ids) that can't all be true, by `source`; `witnesses` are the ids it is about."""

    source: Source
    witnesses: tuple[int, ...]
    facts: tuple[Fact, ...]

    def sentence(self, label: Label) -> str:
        """One plain sentence; `label` names an id."""
        told = " and ".join(f"{label(s)} {_verb(label(p))} {label(o)}" for s, p, o in self.facts)
        form = next((_SENTENCES[one] for one in self.source.names if one in _SENTENCES), None)
        form = form or "{facts}, which exclude each other"
        witnesses = " and ".join(map(label, self.witnesses))
        first = label(self.witnesses[0]) if self.witnesses else ""
        return f"{form.format(facts=told, witnesses=witnesses, x=first)} ({self.source.axiom})."


@dataclass(frozen=True, slots=True)
class Clash:
    """Pairs of literals that an equality rule holds to be one."""

    rule: EqualityRule
    literals: Pairs


def plain_label(rules: RuleSet) -> Label:
    """A label function: the local name of an IRI, a literal as written."""
    return lambda identifier: short(rules.dictionary.term(identifier))


def find_contradictions(
    rules: RuleSet,
    tables: Tables,
    representatives: Representatives,
    clashes: Iterable[Clash],
    given: Relations | None = None,
) -> tuple[Contradiction, ...]:
    """All contradictions in a closed state, at most `MOST_PER_RULE` of one axiom; those in `given` alone are
    known already and left out."""
    search = _Search(rules, tables, representatives)
    found: list[Contradiction] = []
    for constraint in rules.constraints:
        found += islice(search.of_constraint(constraint), MOST_PER_RULE)
    for distinct in rules.distinct:
        found += islice(search.of_distinct(distinct), MOST_PER_RULE)
    found += islice(search.different(), MOST_PER_RULE)
    for clash in clashes:
        found += islice(search.of_clash(clash), MOST_PER_RULE)
    if given is not None:
        found = [one for one in found if not all(_holds(given, fact) for fact in one.facts)]
    return tuple(found)


class _Search:
    def __init__(self, rules: RuleSet, tables: Tables, representatives: Representatives) -> None:
        self._rules = rules
        self._tables = tables
        self._find = representatives.find
        self._of = representatives.of

    def of_constraint(self, constraint: Constraint) -> Iterator[Contradiction]:
        kind = self._rules.vocabulary.type
        body = tuple(pattern(atom, kind) for atom in constraint.body)
        if self._is_plainly_kept(body):
            return
        names = tuple(dict.fromkeys(one for atom in constraint.body for one in sorted(atom.variables)))
        found = solve(body, self._tables, wanted=names, resolve=self._find)
        seen: set[frozenset[Fact]] = set()
        for row in range(found.count):
            values = {name: int(found.columns[name][row]) for name in names}
            facts = tuple(
                (self._value(atom.subject, values), atom.predicate, self._object(atom, values))
                for atom in constraint.body
            )
            if frozenset(facts) not in seen:
                seen.add(frozenset(facts))
                witnesses = tuple(dict.fromkeys(values.values())) or (facts[0][0],)
                yield Contradiction(constraint.source, witnesses, facts)

    def _is_plainly_kept(self, body: tuple[Pattern, ...]) -> bool:
        """Whether a look at the tables tells that nothing matches: most constraints say that classes are apart."""
        tables = [self._tables[one.key] for one in body]
        if not all(map(len, tables)):
            return True
        if len({one.subject for one in body}) > 1 or not all(isinstance(one, Members) for one in tables):
            return False
        return len(tables) == 2 and not len(intersect(tables[0].rows, tables[1].rows))

    def of_distinct(self, distinct: Distinct) -> Iterator[Contradiction]:
        members: dict[int, int] = {}
        for member in distinct.members:
            first = members.setdefault(self._find(member), member)
            if first != member:
                same = (first, self._rules.vocabulary.same_as, member)
                yield Contradiction(distinct.source, (first, member), (same,))

    def different(self) -> Iterator[Contradiction]:
        vocabulary = self._rules.vocabulary
        stated = self._tables.view.get_relation(vocabulary.different_from).pairs
        left, right = heads(stated), tails(stated)
        source = Source(("eq-diff1",), "owl:differentFrom as stated")
        for row in np.flatnonzero(self._of[left] == self._of[right]):
            one, other = int(left[row]), int(right[row])
            facts = ((one, vocabulary.same_as, other), (one, vocabulary.different_from, other))
            yield Contradiction(source, (one, other), facts)

    def of_clash(self, clash: Clash) -> Iterator[Contradiction]:
        rule, kind = clash.rule, self._rules.vocabulary.type
        body = tuple(pattern(atom, kind) for atom in rule.body)
        names = tuple(dict.fromkeys(one for atom in rule.body for one in sorted(atom.variables)))
        found = solve(body, self._tables, wanted=names, resolve=self._find)
        source = Source((*rule.source.names, "dt-diff", "eq-diff1"), rule.source.axiom)
        merged = found.columns[rule.merged]
        clashing = contains(np.sort(np.concatenate([heads(clash.literals), tails(clash.literals)])), merged)
        by_key: dict[tuple[int, ...], dict[str, int]] = {}
        for row in np.flatnonzero(clashing):
            values = {name: int(found.columns[name][row]) for name in names}
            first = by_key.setdefault(tuple(values[one] for one in rule.keys), values)
            if first is not values and self._differ(first[rule.merged], values[rule.merged]):
                facts = dict.fromkeys(
                    (self._value(atom.subject, one), atom.predicate, self._object(atom, one))
                    for one in (first, values)
                    for atom in rule.body
                )
                yield Contradiction(source, (*first.values(), values[rule.merged]), tuple(facts))

    def _differ(self, one: int, other: int) -> bool:
        first, second = map(self._rules.dictionary.term, (one, other))
        return value_of(first) != value_of(second)

    def _value(self, term: Term, values: Mapping[str, int]) -> int:
        return values[term] if isinstance(term, str) else self._find(term)

    def _object(self, atom: Atom, values: Mapping[str, int]) -> int:
        if atom.predicate == self._rules.vocabulary.type and isinstance(atom.object, int):
            return atom.object
        return self._value(atom.object, values)


def value_of(literal: Node) -> object:
    """What a literal stands for: numbers by their value, all else by what is written.

    >>> number = lambda text, kind: ox.Literal(text, datatype=ox.NamedNode(XSD + kind))
    >>> value_of(number("1", "integer")) == value_of(number("1.0", "decimal"))
    True
    """
    if not isinstance(literal, ox.Literal):
        return literal
    kind = literal.datatype.value.removeprefix(XSD)
    if kind == "decimal" or kind.endswith(
        ("nteger", "int", "long", "short", "byte", "Int", "Long", "Short", "Byte")
    ):
        try:
            return Decimal(literal.value)
        except InvalidOperation:
            return literal
    return literal


def _holds(view: Relations, fact: Fact) -> bool:
    subject, predicate, value = fact
    pairs = view.get_relation(predicate).pairs
    return bool(contains(pairs, pack(np.array([subject]), np.array([value])))[0])


def _verb(predicate: str) -> str:
    return "is a" if predicate == "type" else predicate
