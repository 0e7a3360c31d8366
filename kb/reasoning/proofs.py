"""Proofs on demand: why a fact holds, down to what was asserted.

Nothing is recorded while reasoning. Backwards from the goal, each fact is looked for among the heads of
rules; layer by layer, until the goal follows from asserted facts. The layer in which a fact first follows
is above those of its premises, so a proof never runs in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np

from ..columns.dictionary import Dictionary, Kind
from ..columns.kernels import pack
from ..columns.relations import Relations
from .axiomatic import axiomatic
from .equality import CLIQUE_CAP
from .expressions import short
from .joins import ONE, Pattern, Solutions, pattern, solve
from .layered_tables import State
from .points import Known, TooMany, Walk
from .proof_tree import Proof
from .rules import Atom, Body, EqualityRule, Fact, RuleSet, Source, Term
from .tables import CLASS

MOST_INSTANCES = 200
# A search begins with so few ways in which a rule yields a fact: mostly one of them is a proof.
_FEW_INSTANCES = 4
# More solutions of a body are found by arrays.
_MOST_WALKED = 100
MOST_FACTS = 20_000
_SCHEMA_RULES = {
    "subClassOf": "scm-sco",
    "subPropertyOf": "scm-spo",
    "domain": "scm-dom1",
    "range": "scm-rng1",
}


def explain(
    rules: RuleSet,
    view: Relations,
    asserted: Relations,
    subject: int,
    predicate: int,
    value: int,
    *,
    dictionary: Dictionary,
) -> Proof | None:
    """A proof of one fact (ids), of least depth; nothing where the fact does not hold in `view`.

    `view` holds asserted and inferred facts, `asserted` those that need no proof.
    """
    goal = (subject, predicate, value)
    if goal in rules.schema and not _in(asserted, goal):
        conclusion = (dictionary.term(subject), dictionary.term(predicate), dictionary.term(value))
        rule = _SCHEMA_RULES.get(short(conclusion[1]), "scm")
        return Proof(conclusion, rule, "the axioms of the ontology together")
    return ProofSearch(rules, view, asserted).proof(goal, dictionary)


def alternatives(
    rules: RuleSet,
    view: Relations,
    asserted: Relations,
    goal: Fact,
    *,
    dictionary: Dictionary,
    at_most: int = 10,
) -> Iterator[Proof]:
    """Proofs of one fact that differ in their last step, at most so many; none rests on the fact itself.

    An asserted fact is its own first proof. Of equalities by symmetry and transitivity there may be many.
    """
    conclusion = (dictionary.term(goal[0]), dictionary.term(goal[1]), dictionary.term(goal[2]))
    proofs = (Proof(conclusion, asserted=True) for _ in range(_in(asserted, goal)))
    search = ProofSearch(rules, view, asserted, without=frozenset({goal}), barred=goal)
    yield from islice(chain(proofs, search.last_steps(goal, dictionary)), at_most)


@dataclass(frozen=True, slots=True)
class _Step:
    """One instance of a rule."""

    source: Source
    premises: tuple[Fact, ...]


class ProofSearch:
    """The facts below a goal, and in which layer each of them is proven.

    `without` are facts that need a proof although they are asserted; no proof may rest on the `barred` one.
    """

    def __init__(
        self,
        rules: RuleSet,
        view: Relations,
        asserted: Relations,
        *,
        without: frozenset[Fact] = frozenset(),
        barred: Fact | None = None,
    ) -> None:
        self._barred = barred
        self._rules = rules
        self._without = without
        self._view = view
        self._asserted = asserted
        self._kind = rules.vocabulary.type
        self._same_as = rules.vocabulary.same_as
        self._tables = State(rules, [view])
        self._walks: dict[Body, Walk] = {}
        self._most = MOST_INSTANCES
        self._steps: dict[Fact, list[_Step]] = {}
        self._proven: dict[Fact, _Step | None] = {}

    def holds(self, fact: Fact) -> bool:
        """Whether a fact is in the view."""
        return _in(self._view, fact)

    def proof(self, goal: Fact, dictionary: Dictionary) -> Proof | None:
        """A proof of little depth, if there is one."""
        if not self.holds(goal) and axiomatic(self._rules, goal) is None:
            return None
        for most in (_FEW_INSTANCES, MOST_INSTANCES):
            self._most, self._steps, self._proven = most, {}, {}
            if self._search(goal):
                return self._written(goal, dictionary, {})
        return None

    def last_steps(self, goal: Fact, dictionary: Dictionary) -> Iterator[Proof]:
        """A proof for each last step whose premises have proofs."""
        terms = (dictionary.term(goal[0]), dictionary.term(goal[1]), dictionary.term(goal[2]))
        self._most = MOST_INSTANCES
        seen: set[tuple[str, frozenset[Fact]]] = set()
        for step in list(self._instances(goal)):
            identity = step.source.name, frozenset(step.premises)
            if identity in seen or goal in step.premises:
                continue
            seen.add(identity)
            premises = [self.proof(one, dictionary) for one in step.premises]
            found = tuple(one for one in premises if one is not None)
            if len(found) == len(premises):
                yield Proof(terms, step.source.name, step.source.axiom, found)

    def _search(self, goal: Fact) -> bool:
        """Look for the goal and what is below it, layer by layer, until it is proven."""
        frontier = [goal]
        while frontier and goal not in self._proven and len(self._steps) < MOST_FACTS:
            found: dict[Fact, None] = {}
            for fact in frontier:
                if fact == self._barred or self._is_stated(fact):
                    self._steps[fact] = []
                else:
                    self._steps[fact] = self._until_stated(fact)
                    found.update((one, None) for step in self._steps[fact] for one in step.premises)
            self._conclude()
            frontier = [one for one in found if one not in self._steps]
        return goal in self._proven

    def _until_stated(self, fact: Fact) -> list[_Step]:
        """The steps to a fact; one alone where its premises are all stated."""
        found = []
        for step in self._instances(fact):
            if all(self._is_stated(one) for one in step.premises):
                return [step]
            found.append(step)
        return found

    def _is_stated(self, fact: Fact) -> bool:
        """Whether a fact needs no proof; if so, it is proven."""
        if fact not in self._proven and fact not in self._without and _in(self._asserted, fact):
            self._proven[fact] = None
        return fact in self._proven and self._proven[fact] is None

    def _conclude(self) -> None:
        """Give every fact whose premises are proven its step; round by round, so that none is circular."""
        while True:
            fresh = {
                fact: step
                for fact, steps in self._steps.items()
                if fact not in self._proven
                for step in steps
                if all(one in self._proven for one in step.premises)
            }
            if not fresh:
                return
            self._proven.update(fresh)

    def _written(self, fact: Fact, dictionary: Dictionary, done: dict[Fact, Proof]) -> Proof:
        if fact not in done:
            step = self._proven[fact]
            subject, predicate, value = map(dictionary.term, fact)
            terms = (subject, predicate, value)
            if step is None:
                done[fact] = Proof(terms, asserted=True)
            else:
                premises = tuple(self._written(one, dictionary, done) for one in step.premises)
                done[fact] = Proof(terms, step.source.name, step.source.axiom, premises)
        return done[fact]

    def _instances(self, fact: Fact) -> Iterator[_Step]:
        subject, predicate, value = fact
        if (source := axiomatic(self._rules, fact)) is not None:
            yield _Step(source, ())
            return
        if predicate == self._same_as:
            yield from self._equalities(subject, value)
        for rule in self._rules.by_head.get(self._rules.head_of(predicate, value), ()):
            values: dict[str, int] = {}
            if _unify(rule.head.subject, subject, values) and _unify(rule.head.object, value, values):
                yield from self._of_body(rule.source, rule.body, values)
        yield from self._replaced(fact)

    def _of_body(self, source: Source, body: Body, values: dict[str, int]) -> Iterator[_Step]:
        if not body:
            yield _Step(source, ())
            return
        if body not in self._walks:
            self._walks[body] = Walk([pattern(atom, self._kind) for atom in body])
        walk, found = self._walks[body], list[Known]()
        names = sorted({name for atom in body for name in atom.variables})
        known = {name: values[name] for name in names if name in values}
        with suppress(TooMany):
            walk.from_values(known, self._tables, found, _MOST_WALKED)
            if len(found) < _MOST_WALKED:
                places = walk.places_of(names)
                rows = [dict(zip(names, map(one.__getitem__, places), strict=True)) for one in found]
                steps = [_Step(source, tuple(self._fact(atom.bound(row)) for atom in body)) for row in rows]
                if len(steps) > self._most:
                    steps.sort(key=lambda step: -sum(_in(self._asserted, one) for one in step.premises))
                yield from steps[: self._most]
                return
        patterns = tuple(pattern(atom, self._kind) for atom in body)
        solved = solve(patterns, self._tables, wanted=names, start=_row(values, names))
        for place in self._first(patterns, solved):
            solution = {name: int(solved.columns[name][place]) for name in names}
            yield _Step(source, tuple(self._fact(atom.bound(solution)) for atom in body))

    def _first(self, body: tuple[Pattern, ...], found: Solutions) -> list[int]:
        """Some solutions, those with many asserted facts first."""
        if found.count <= self._most:
            return list(range(found.count))
        stated = np.zeros(found.count, np.int64)
        for one in body:
            if one.key < CLASS or one.key - CLASS not in self._rules.ranges:
                terms = one.subject, one.key - CLASS if one.object is None else one.object
                ends = [
                    found.columns[term] if isinstance(term, str) else np.full(found.count, term)
                    for term in terms
                ]
                stated += self._asserted.hold(self._kind if one.object is None else one.key, pack(*ends))
        return np.argsort(-stated, kind="stable")[: self._most].tolist()

    def _replaced(self, fact: Fact) -> Iterator[_Step]:
        """eq-rep-s, eq-rep-p, eq-rep-o: the same fact about an equal individual."""
        subject, predicate, value = fact
        for other in self._equal_to(predicate):
            yield from self._exchanged("eq-rep-p", (subject, other, value), other, predicate)
        if predicate != self._same_as:
            for other in self._equal_to(subject):
                yield from self._exchanged("eq-rep-s", (other, predicate, value), other, subject)
            for other in self._equal_to(value):
                yield from self._exchanged("eq-rep-o", (subject, predicate, other), other, value)

    def _exchanged(self, name: str, premise: Fact, other: int, one: int) -> Iterator[_Step]:
        if self.holds(premise):
            source = Source((name,), "equal individuals share their facts")
            yield _Step(source, (premise, (other, self._same_as, one)))

    def _equal_to(self, identifier: int) -> list[int]:
        _, others = self._tables.links(self._same_as).objects(np.array([identifier], np.uint32))
        return [int(one) for one in others[: CLIQUE_CAP * 2] if one != identifier]

    def _equalities(self, one: int, other: int) -> Iterator[_Step]:
        yield _Step(Source(("eq-sym",), "SameAs is symmetric"), ((other, self._same_as, one),))
        for rule in self._rules.equalities:
            yield from self._of_equality(rule, one, other)
        for middle in self._equal_to(one):
            steps = ((one, self._same_as, middle), (middle, self._same_as, other))
            if middle != other and self.holds(steps[1]):
                yield _Step(Source(("eq-trans",), "SameAs is transitive"), steps)

    def _of_equality(self, rule: EqualityRule, one: int, other: int) -> Iterator[_Step]:
        """Both values with the same keys: the body twice, with two names for what is merged.

        Keys that are values only get two names as well, since literals may be equal without being one term.
        """
        owners = {atom.subject for atom in rule.body}
        values = [key for key in rule.keys if key not in owners]
        shared = frozenset(rule.keys).difference(values)
        copies = [tuple(_renamed(atom, shared, mark) for atom in rule.body) for mark in ("'", '"')]
        body = tuple(dict.fromkeys((*copies[0], *copies[1])))
        canonical = self._rules.datatypes.canonical
        names = sorted({name for atom in body for name in atom.variables})
        start = _row({f"{rule.merged}'": one, f'{rule.merged}"': other}, names)
        found = solve(
            tuple(pattern(atom, self._kind) for atom in body), self._tables, wanted=names, start=start
        )
        for key in values:
            ends = np.concatenate([found.columns[f"{key}'"], found.columns[f'{key}"']])
            left, right = np.split(canonical(ends), 2)
            found = found.where(left == right)
        for row in range(min(found.count, self._most)):
            solution = {name: int(found.columns[name][row]) for name in names}
            facts = [self._fact(atom.bound(solution)) for atom in body]
            pairs = [(solution[f"{key}'"], solution[f'{key}"']) for key in values]
            facts += [(low, self._same_as, high) for low, high in pairs if low != high]
            yield _Step(rule.source, tuple(dict.fromkeys(facts)))

    def _fact(self, atom: Atom) -> Fact:
        """A ground atom as a fact; membership in the data range of a literal is equality with it."""
        subject, value = int(atom.subject), int(atom.object)
        is_value = atom.predicate == self._kind and self._rules.dictionary.kind[value] == Kind.LITERAL
        return subject, self._same_as if is_value else atom.predicate, value


def _renamed(atom: Atom, kept: frozenset[str], mark: str) -> Atom:
    return atom.bound({name: name + mark for name in atom.variables - kept})


def _unify(term: Term, identifier: int, values: dict[str, int]) -> bool:
    if isinstance(term, str):
        return values.setdefault(term, identifier) == identifier
    return term == identifier


def _row(values: dict[str, int], names: Iterable[str]) -> Solutions:
    columns = {name: np.array([values[name]], np.uint32) for name in names if name in values}
    return Solutions(columns, 1) if columns else ONE


def _in(view: Relations, fact: Fact) -> bool:
    subject, predicate, value = fact
    return view.get_relation(predicate).rows.has(subject << 32 | value)
