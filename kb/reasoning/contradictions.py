"""Contradictions: the rules whose head is *false*, and what makes them fire."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ..columns.kernels import Ids, Pairs, contains, heads, pack, tails
from ..columns.relations import Relations
from .equality import Representatives
from .expressions import short
from .joins import Pattern, Solutions, pattern, solve
from .rules import Atom, Body, Constraint, Distinct, EqualityRule, Fact, RuleSet, Source, Term
from .tables import CLASS, Tables

MOST_PER_RULE = 1000
DIFFERENT = "owl:differentFrom as stated"
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


def names_of(body: Body) -> tuple[str, ...]:
    """The variables of a body, in a fixed order."""
    return tuple(dict.fromkeys(one for atom in body for one in sorted(atom.variables)))


def source_of_clash(rule: EqualityRule) -> Source:
    """The source of contradictions between literals that a rule makes one."""
    return Source((*rule.source.names, "dt-diff", "eq-diff1"), rule.source.axiom)


def find_contradictions(
    rules: RuleSet,
    tables: Tables,
    representatives: Representatives,
    clashes: Iterable[Clash],
    given: Relations | None = None,
    changed: Set[int] = frozenset(),
) -> tuple[Contradiction, ...]:
    """All contradictions in a closed state, at most `MOST_PER_RULE` of one axiom.

    Those in `given` alone are known already and left out; `changed` are the tables that have more than it.
    """
    search = Search(rules, tables, representatives.find)
    found: list[Contradiction] = []
    for constraint, body in rules.plan.constraints:
        keys = {one.key for one in body}
        if all(len(tables[key]) for key in keys) and (given is None or keys & changed):
            found += islice(search.of_constraint(constraint, body), MOST_PER_RULE)
    for distinct in rules.distinct:
        found += islice(search.of_distinct(distinct), MOST_PER_RULE)
    stated = tables.view.get_relation(rules.vocabulary.different_from).pairs
    found += islice(search.different(stated, representatives.of.__getitem__), MOST_PER_RULE)
    for clash in clashes:
        found += islice(search.of_clash(clash), MOST_PER_RULE)
    if given is not None:
        found = [one for one in found if not all(_holds(given, fact) for fact in one.facts)]
    return tuple(found)


class Search:
    """Looks for contradictions in a closed state; facts are told of the representatives of equal individuals."""

    def __init__(self, rules: RuleSet, tables: Tables, find: Callable[[int], int]) -> None:
        self._rules = rules
        self._tables = tables
        self._find = find

    def of_constraint(self, constraint: Constraint, body: tuple[Pattern, ...]) -> Iterator[Contradiction]:
        if self._is_plainly_kept(body, constraint.outside):
            return
        found = solve(body, self._tables, wanted=names_of(constraint.body), resolve=self._find)
        yield from self.told(constraint, found)

    def told(self, constraint: Constraint, found: Solutions) -> Iterator[Contradiction]:
        """The contradictions among solutions of a constraint's body, each once."""
        names = names_of(constraint.body)
        found = self._tested(constraint, found)
        seen: set[frozenset[Fact]] = set()
        for row in range(found.count):
            values = {name: int(found.columns[name][row]) for name in names}
            facts = self._facts(constraint.body, values)
            if frozenset(facts) not in seen:
                seen.add(frozenset(facts))
                witnesses = tuple(dict.fromkeys(values.values())) or (facts[0][0],)
                yield Contradiction(constraint.source, witnesses, facts)

    def _tested(self, constraint: Constraint, found: Solutions) -> Solutions:
        """The solutions that pass a constraint's tests of values."""
        datatypes = self._rules.datatypes
        if constraint.outside is not None:
            variable, datatype = constraint.outside
            found = found.where(datatypes.outside(found.columns[variable], datatype))
        if constraint.equal is not None:
            ends = [found.columns[one] for one in constraint.equal]
            one, other = np.split(datatypes.canonical(np.concatenate(ends)), 2)
            found = found.where(one == other)
        return found

    def _is_plainly_kept(self, body: tuple[Pattern, ...], outside: tuple[str, int] | None) -> bool:
        """Whether a look at the tables tells that nothing matches: most constraints say that classes are apart."""
        if outside is not None and len(body) == 1 and body[0].object == outside[0]:
            values = tails(self._tables.links(body[0].key).rows)
            return not self._rules.datatypes.outside(values, outside[1]).any()
        if len(body) != 2 or min(one.key for one in body) < CLASS or body[0].subject != body[1].subject:
            return False
        one, other = (self._tables.members(one.key) for one in body)
        return not one.meets(other) if len(one) and len(other) else True

    def of_distinct(self, distinct: Distinct) -> Iterator[Contradiction]:
        members: dict[int, int] = {}
        for member in distinct.members:
            first = members.setdefault(self._find(member), member)
            if first != member:
                same = (first, self._rules.vocabulary.same_as, member)
                yield Contradiction(distinct.source, (first, member), (same,))

    def different(self, stated: Pairs, of: Callable[[Ids], Ids]) -> Iterator[Contradiction]:
        """Those among `stated` pairs of owl:differentFrom; `of` gives the representatives of ids."""
        vocabulary = self._rules.vocabulary
        left, right = heads(stated), tails(stated)
        source = Source(("eq-diff1",), DIFFERENT)
        seen: set[frozenset[int]] = set()
        for row in np.flatnonzero(of(left) == of(right)):
            one, other = int(left[row]), int(right[row])
            if frozenset((one, other)) in seen:
                continue
            seen.add(frozenset((one, other)))
            denied = (one, vocabulary.different_from, other)
            facts = ((one, vocabulary.same_as, other), denied) if one != other else (denied,)
            yield Contradiction(source, tuple(dict.fromkeys((one, other))), facts)

    def of_clash(self, clash: Clash) -> Iterator[Contradiction]:
        rule, kind = clash.rule, self._rules.vocabulary.type
        body = tuple(pattern(atom, kind) for atom in rule.body)
        found = solve(body, self._tables, wanted=names_of(rule.body), resolve=self._find)
        literals = np.sort(np.concatenate([heads(clash.literals), tails(clash.literals)]))
        yield from self.apart(rule, found.where(contains(literals, found.columns[rule.merged])))

    def apart(self, rule: EqualityRule, found: Solutions) -> Iterator[Contradiction]:
        """Literals that a rule makes one and that have different values, among solutions of its body."""
        names = names_of(rule.body)
        source = source_of_clash(rule)
        keys = {one: self._rules.datatypes.canonical(found.columns[one]) for one in rule.keys}
        by_key: dict[tuple[int, ...], dict[str, int]] = {}
        for row in np.lexsort([found.columns[name] for name in reversed(names)]):
            values = {name: int(found.columns[name][row]) for name in names}
            first = by_key.setdefault(tuple(int(keys[one][row]) for one in rule.keys), values)
            if first is not values and self._rules.datatypes.differ(first[rule.merged], values[rule.merged]):
                facts = dict.fromkeys(self._facts(rule.body, first) + self._facts(rule.body, values))
                yield Contradiction(source, (*first.values(), values[rule.merged]), tuple(facts))

    def _facts(self, body: Body, values: Mapping[str, int]) -> tuple[Fact, ...]:
        """The stored facts of a body, each once."""
        facts = (
            (self._value(atom.subject, values), atom.predicate, self._object(atom, values))
            for atom in body
            if not self._is_asked(atom)
        )
        return tuple(dict.fromkeys(facts))

    def _is_asked(self, atom: Atom) -> bool:
        kind = self._rules.vocabulary.type
        return (
            atom.predicate == kind
            and isinstance(atom.object, int)
            and self._rules.datatypes.is_range(atom.object)
        )

    def _value(self, term: Term, values: Mapping[str, int]) -> int:
        return values[term] if isinstance(term, str) else self._find(term)

    def _object(self, atom: Atom, values: Mapping[str, int]) -> int:
        if atom.predicate == self._rules.vocabulary.type and isinstance(atom.object, int):
            return atom.object
        return self._value(atom.object, values)


def _holds(view: Relations, fact: Fact) -> bool:
    subject, predicate, value = fact
    pairs = view.get_relation(predicate).pairs
    return bool(contains(pairs, pack(np.array([subject]), np.array([value])))[0])


def _verb(predicate: str) -> str:
    return "is a" if predicate == "type" else predicate
