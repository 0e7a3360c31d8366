"""Semi-naive materialisation: all consequences of rules over relations, equality included.

Strata are filled in the order of their dependencies, so that a rule without recursion runs once. When
individuals turn out to be equal, every fact moves to their representative and what is new by that is
propagated again; at the end the facts of representatives are written out for all members of their cliques.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import Ids, Pairs, distinct, heads, subtract, swap, tails
from ..columns.relations import Relation, Relations
from .conclusions import conclusions
from .contradictions import Clash, Contradiction, find_contradictions
from .equality import (
    CLIQUE_CAP,
    Oversized,
    Representatives,
    Unkeyed,
    groups,
    neighbours,
    shared_by_most,
    unbounded,
)
from .firing import Firing
from .joins import ONE, Pattern, Solutions, solve
from .plan import Plan
from .rules import Atom, EqualityRule, Rule, RuleSet, Source
from .strata import Filling, Stratum
from .tables import CLASS, Links, Members, Tables, by_class, merged, no_rows, table_of

Changes = dict[int, NDArray]
Waiting = dict[int, dict[int, list[NDArray]] | None]
"""By table to be filled, what is new in the tables that it is filled from; None for all that they hold."""


@dataclass(frozen=True)
class Consequences:
    """What follows.

    `relations` has, per predicate id, the packed pairs that are neither asserted nor given. `cliques` has
    all (representative, member) pairs of equal individuals; `oversized` the cliques that were withheld;
    `unkeyed` the individuals that a key had too many values for; `extra` the rules for classes and predicates
    that turned out to be equal.
    """

    relations: dict[int, Pairs]
    cliques: Pairs
    oversized: tuple[Oversized, ...]
    contradictions: tuple[Contradiction, ...]
    unkeyed: tuple[Unkeyed, ...] = ()
    extra: tuple[Rule, ...] = ()

    def __len__(self) -> int:
        return sum(map(len, self.relations.values()))


def materialise(
    rules: RuleSet, asserted: Relations, *, given: Relations | None = None, cap: int = CLIQUE_CAP
) -> Consequences:
    """All consequences of `asserted` beside `given`, without them.

    `given` must be closed under the rules (asserted facts with their consequences). For private data:
    ``materialise(rules, private, given=public closure)``; equalities that private data bring about then
    show in the private consequences alone. Not emitted: literal subjects, owl:Thing, reflexive owl:sameAs,
    anonymous classes.
    """
    view, added = (asserted, None) if given is None else _beside(given, asserted)
    plan = rules.plan
    withheld: Ids = np.empty(0, np.uint32)
    oversized: list[Oversized] = []
    extra: tuple[Rule, ...] = ()
    while True:
        engine = _Engine(rules, plan, view, withheld)
        engine.run(added)
        above = engine.representatives.above(cap)
        more = engine.rules_of_merged_vocabulary()
        if not len(above) and len(more) == len(extra):
            break
        if len(more) != len(extra):
            plan, extra = Plan(rules, more), more
        oversized += engine.oversized(above)
        withheld = distinct(np.concatenate([withheld, above]))
    return Consequences(
        engine.consequences(),
        engine.representatives.cliques,
        tuple(map(engine.with_values, oversized)),
        find_contradictions(
            rules, engine.tables, engine.representatives, engine.clashes.values(), given, engine.changed
        ),
        tuple(engine.unkeyed.values()),
        extra,
    )


def _beside(given: Relations, asserted: Relations) -> tuple[Relations, Changes]:
    """Both together, and what `asserted` adds."""
    added = {key: subtract(one.pairs, given.get_relation(key).pairs) for key, one in asserted.items()}
    united = dict(given)
    for key, rows in added.items():
        if len(rows):
            united[key] = Relation(merged(given[key].pairs, rows)) if key in given else asserted[key]
    return Relations(united), added


class _Engine:
    """One run to the fixpoint."""

    def __init__(self, rules: RuleSet, plan: Plan, view: Relations, withheld: Ids) -> None:
        self._rules = rules
        self._plan = plan
        self._vocabulary = rules.vocabulary
        self._bound = len(rules.dictionary) + 1
        self._is_literal = rules.dictionary.kind == Kind.LITERAL
        self.tables = Tables(view, self._vocabulary.type, self._bound, rules.datatypes, plan.ranges)
        self.representatives = Representatives(self._bound, withheld)
        self._firing = Firing(self.tables, self.representatives, self._is_literal)
        self.clashes: dict[int, Clash] = {}
        # Tables with rows that are new beside those given.
        self.changed: set[int] = set()
        self.unkeyed: dict[Source, Unkeyed] = {}
        self._merges: list[tuple[Pairs, Source]] = []
        # What equality rules saw when they were last asked.
        self._seen: dict[int, list[Members | Links]] = {}
        # Tables that may name a member of a clique: all that did at the last merge, and those filled since.
        self._named: set[int] = set()
        self._drawn: dict[int, list[NDArray]] = {}
        # The tables that have rows; those of data ranges count as such.
        self._filled = {*plan.ranges, *self.tables.present()}
        for key in self._filled & plan.keys:
            self.tables[key]

    def run(self, added: Changes | None) -> None:
        """To the fixpoint; `added` are the facts that are new, by predicate, where not all are."""
        same_as = self.tables.links(self._vocabulary.same_as).rows
        changes, _ = self._merge([(same_as, Source(("eq-rep-s",), "owl:sameAs as stated"))])
        if added is None:
            self._propagate(None)
        else:
            for key, rows in self._by_table(added).items():
                rows = self._renamed(key, rows)
                changes[key] = distinct(np.concatenate([changes.get(key, no_rows(key)), rows]))
            self.changed |= changes.keys()
            self._propagate(changes)
        while True:
            changes, changed = self._merge(self._equal())
            if not len(changed):
                return
            self._propagate(changes, stale=frozenset(map(int, changed)))

    def consequences(self) -> dict[int, Pairs]:
        """Per predicate, the pairs that the view lacks."""
        return conclusions(self.tables, self.representatives, self._vocabulary, self._drawn, self._named)

    def oversized(self, above: Ids) -> list[Oversized]:
        """The cliques that `above` makes up, with what merged them."""
        roots = self.representatives.of[above]
        found = []
        for root in distinct(roots):
            members = above[roots == root]
            sources = [source for edges, source in self._merges if np.isin(heads(edges), members).any()]
            found.append(Oversized(tuple(map(int, members)), tuple(dict.fromkeys(sources))))
        return found

    def with_values(self, found: Oversized) -> Oversized:
        """A withheld clique with the values that most of its members share, now that they are apart."""
        members, canonical = np.array(found.members, np.uint32), self._rules.datatypes.canonical
        most: tuple[int, tuple[int, ...]] = (0, ())
        for rule, body in self._plan.merging:
            if rule.source in found.sources:
                wanted = (*rule.keys, rule.merged)
                solutions = solve(body, self.tables, wanted=wanted, resolve=self.representatives.find)
                most = max(most, shared_by_most(solutions, rule, members, canonical))
        return replace(found, values=most[1])

    def rules_of_merged_vocabulary(self) -> tuple[Rule, ...]:
        """eq-rep-p, and eq-rep-o on rdf:type: rules for classes and predicates that are in a clique."""
        kind = self._vocabulary.type
        keys = {*self._plan.keys, *self.tables.present()}
        used = {key - CLASS if key >= CLASS else key for key in keys}
        merged = self.representatives.nodes
        names = merged[np.isin(merged, np.fromiter(used, np.uint32, len(used)))]
        found: list[Rule] = []
        for name in map(int, names):
            members = merged[self.representatives.of[merged] == self.representatives.of[name]]
            for other in (int(one) for one in members if one != name):
                axiom = f"{self._rules.dictionary.text(name)} SameAs {self._rules.dictionary.text(other)}"
                if CLASS + name in keys:
                    body, head = Atom(kind, "x", name), Atom(kind, "x", other)
                    found.append(Rule(Source(("eq-rep-o",), axiom), (body,), head))
                if name in keys:
                    body, head = Atom(name, "x", "y"), Atom(other, "x", "y")
                    found.append(Rule(Source(("eq-rep-p",), axiom), (body,), head))
        return tuple(found)

    def _by_table(self, added: Changes) -> Changes:
        """New rows by table."""
        kind = self._vocabulary.type
        found = {**added, **by_class(swap(added.get(kind, no_rows(kind))))}
        return {key: rows for key, rows in found.items() if key in self._plan.keys and len(rows)}

    def _propagate(self, changes: Changes | None, *, stale: frozenset[int] = frozenset()) -> None:
        """Bring all strata up to date with `changes`; `stale` are ids whose representative is new."""
        news = {key: [rows] for key, rows in (changes or {}).items()}
        for stratum in self._plan.strata:
            waiting: Waiting = {}
            for filling in stratum.fillings:
                if changes is None or filling.constants & stale:
                    waiting[filling.key] = None
                elif found := {key: news[key][:] for key in filling.uses.keys() & news.keys()}:
                    waiting[filling.key] = found
            self._settle(stratum, waiting, news)

    def _settle(self, stratum: Stratum, waiting: Waiting, news: dict[int, list[NDArray]]) -> None:
        """Fill the tables of a stratum until nothing waits: one that feeds itself to its end, then the others."""
        filling = stratum.fillings[0]
        while waiting:
            if filling.key not in waiting:
                filling = next(one for one in stratum.fillings if one.key in waiting)
            fresh = self._fill(filling, waiting.pop(filling.key))
            if not len(fresh):
                continue
            news.setdefault(filling.key, []).append(fresh)
            for reader in stratum.readers.get(filling.key, ()):
                known = waiting.setdefault(reader, {})
                if known is not None:
                    known.setdefault(filling.key, []).append(fresh)

    def _fill(self, filling: Filling, news: dict[int, list[NDArray]] | None) -> NDArray:
        """Draw what a table's rules give, of all or of what is new; the rows that it did not have."""
        rows = self._firing.rows
        if news is None:
            parts = [rows(rule) for rule in filling.rules if rule.reads <= self._filled]
        else:
            parts = []
            for key, some in news.items():
                delta = table_of(key, reduce(merged, some), self._bound)
                uses = [one for one in filling.uses[key] if one[0].reads <= self._filled]
                parts += [rows(rule, (number, delta)) for rule, number in uses]
        parts = [one for one in parts if len(one)]
        if not parts:
            return no_rows(filling.key)
        table, fresh = self.tables[filling.key].extended(parts)
        if len(fresh):
            self.tables.exchange(filling.key, table)
            self._filled.add(filling.key)
            self.changed.add(filling.key)
            self._named.add(filling.key)
            self._drawn.setdefault(filling.key, []).append(fresh)
        return fresh

    def _equal(self) -> list[tuple[Pairs, Source]]:
        """What the equality rules and owl:sameAs facts hold to be the same, where they have not told it yet."""
        stated = self.tables.links(self._vocabulary.same_as).rows
        found = [(stated, Source(("eq-rep-s",), "owl:sameAs as stated"))]
        for number, (rule, body) in enumerate(self._plan.merging):
            tables = [self.tables[one.key] for one in body]
            before = self._seen.get(number, ())
            constant = any(isinstance(end, int) for one in body for end in (one.subject, one.object))
            if not all(map(len, tables)) or (
                not constant and len(before) and all(map(operator.is_, tables, before))
            ):
                continue
            self._seen[number] = tables
            self.clashes.pop(number, None)
            grouped = self._grouped(rule, body)
            edges = neighbours(grouped)
            if not len(edges):
                continue
            literal = self._is_literal[tails(grouped)]
            if literal.any():
                self.clashes[number] = Clash(rule, neighbours(grouped[literal]))
                edges = neighbours(grouped[~literal])
            found.append((edges, rule.source))
        return found

    def _grouped(self, rule: EqualityRule, body: tuple[Pattern, ...]) -> Pairs:
        """Values to be merged behind the number of their group."""
        first = body[0]
        if len(body) == 1 and rule.keys == (first.subject,) and rule.merged == first.object != first.subject:
            return self.tables.links(first.key).rows
        wanted, find = (*rule.keys, rule.merged), self.representatives.find
        start = self._start(rule, body)
        solutions = solve(body, self.tables, wanted=wanted, resolve=find, start=start)
        return groups(solutions, rule.keys, rule.merged, self._rules.datatypes.canonical)

    def _start(self, rule: EqualityRule, body: tuple[Pattern, ...]) -> Solutions:
        """What a key's rule begins with: all, or the individuals whose values combine in few enough ways."""
        excluded = unbounded(rule, body, self.tables)
        if not len(excluded):
            return ONE
        self.unkeyed[rule.source] = Unkeyed(tuple(map(int, excluded)), rule.source)
        first = next(one for one in body if one.subject == rule.merged and one.object in rule.keys)
        kept = np.setdiff1d(heads(self.tables.links(first.key).rows), excluded)
        return Solutions({rule.merged: kept}, len(kept))

    def _merge(self, found: list[tuple[Pairs, Source]]) -> tuple[Changes, Ids]:
        """Merge what is equal and move all facts to representatives: what is new by that, and who changed."""
        self._merges += [(edges, source) for edges, source in found if len(edges)]
        edges = [one[~(self._is_literal[heads(one)] | self._is_literal[tails(one)])] for one, _ in found]
        changed = self.representatives.merge(np.concatenate(edges))
        changes: Changes = {}
        if not len(changed):
            return changes, changed
        nodes = self.representatives.nodes
        is_node = np.zeros(self._bound, bool)
        is_node[nodes] = True
        self._named.clear()
        for key, table in self.tables.known().items():
            named = table.naming(nodes, is_node)
            if named is None:
                continue
            self._named.add(key)
            renamed = self._renamed(key, table.rows[named])
            moved = renamed != table.rows[named]
            if moved.any():
                named[named] = moved
                left = table.rows[~named]
                fresh = subtract(distinct(renamed[moved]), left)
                self.tables.exchange(key, table_of(key, merged(left, fresh), self._bound))
                if len(fresh):
                    changes[key] = fresh
        self.changed |= changes.keys()
        return changes, changed

    def _renamed(self, key: int, rows: NDArray) -> NDArray:
        """Rows as their representatives have them."""
        return self.representatives.of[rows] if key >= CLASS else self.representatives.rewritten(rows)
