"""Semi-naive materialisation: all consequences of rules over relations, equality included.

Strata are filled in the order of their dependencies, so that a rule without recursion runs once. When
individuals turn out to be equal, every fact moves to their representative and what is new by that is
propagated again; at the end the facts of representatives are written out for all members of their cliques.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..columns.dictionary import Kind
from ..columns.kernels import NO_PAIRS, Ids, Pairs, distinct, heads, pack, subtract, tails
from ..columns.relations import Relations
from .contradictions import Clash, Contradiction, find_contradictions
from .equality import (
    CLIQUE_CAP,
    Expansion,
    Oversized,
    Representatives,
    Unkeyed,
    groups,
    neighbours,
    shared_by_most,
    unbounded,
)
from .joins import ONE, Pattern, Solutions, pattern, solve
from .rules import Atom, EqualityRule, Rule, RuleSet, Source
from .strata import PatternRule, stratify
from .tables import CLASS, Members, Tables, merged, no_rows, table_of

Changes = dict[int, NDArray]
_DENSE = 16


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
    view = asserted if given is None else given.united(asserted)
    withheld: Ids = np.empty(0, np.uint32)
    oversized: list[Oversized] = []
    extra: tuple[Rule, ...] = ()
    while True:
        engine = _Engine(rules, view, extra, withheld)
        engine.run(None if given is None else (asserted, given))
        above = engine.representatives.above(cap)
        more = engine.rules_of_merged_vocabulary()
        if not len(above) and len(more) == len(extra):
            break
        extra = more
        oversized += engine.oversized(above)
        withheld = distinct(np.concatenate([withheld, above]))
    return Consequences(
        engine.consequences(),
        engine.representatives.cliques,
        tuple(map(engine.with_values, oversized)),
        find_contradictions(rules, engine.tables, engine.representatives, engine.clashes, given),
        tuple(engine.unkeyed.values()),
        extra,
    )


class _Engine:
    """One run to the fixpoint."""

    def __init__(self, rules: RuleSet, view: Relations, extra: tuple[Rule, ...], withheld: Ids) -> None:
        self._rules = rules
        self._vocabulary = rules.vocabulary
        self._view = view
        self._extra = extra
        kind = rules.vocabulary.type
        self._bound = len(rules.dictionary) + 1
        self._is_literal = rules.dictionary.kind == Kind.LITERAL
        self._strata = stratify([PatternRule.of(one, kind) for one in (*rules.rules, *extra)])
        self._merging = [(one, tuple(pattern(atom, kind) for atom in one.body)) for one in rules.equalities]
        self.tables = Tables(view, kind, self._bound, rules.datatypes)
        self.representatives = Representatives(self._bound, withheld)
        self.clashes: list[Clash] = []
        self.unkeyed: dict[Source, Unkeyed] = {}
        self._merges: list[tuple[Pairs, Source]] = []
        for key in self._keys():
            self.tables[key]

    def run(self, addition: tuple[Relations, Relations] | None) -> None:
        """To the fixpoint; `addition` names the facts (asserted, beside given ones) that are new."""
        same_as = self.tables.links(self._vocabulary.same_as).rows
        changes, _ = self._merge([(same_as, Source(("eq-rep-s",), "owl:sameAs as stated"))])
        if addition is None:
            self._propagate({}, everything=True)
        else:
            for key, rows in self._added(*addition).items():
                changes[key] = distinct(np.concatenate([changes.get(key, no_rows(key)), rows]))
            self._propagate(changes)
        while True:
            changes, changed = self._merge(self._equal())
            if not len(changed):
                return
            self._propagate(changes, stale=frozenset(map(int, changed)))

    def consequences(self) -> dict[int, Pairs]:
        """Per predicate, the pairs that the view lacks."""
        expansion = Expansion(self.representatives, self._bound)
        any_merged = len(expansion.cliques) > 0
        kind, same_as = self._vocabulary.type, self._vocabulary.same_as
        found: dict[int, Pairs] = {}
        types: list[Pairs] = []
        before = Tables(self._view, kind, self._bound)
        for key, table in self.tables.known().items():
            if isinstance(table, Members):
                members = expansion.ids(table.rows) if any_merged else table.rows
                fresh = _beyond(members, before.members(key).rows)
                types.append(pack(fresh, np.full(len(fresh), key - CLASS)))
            elif key not in (kind, same_as):
                rows = self._expanded(table.rows, expansion) if any_merged else table.rows
                found[key] = _beyond(rows, self._view.get_relation(key).pairs)
        if any_merged:
            untold = self._untold(expansion)
            types.append(untold.pop(kind, NO_PAIRS))
            found |= untold
            stated = self._view.get_relation(same_as).pairs
            found[same_as] = subtract(expansion.same_as(), stated)
        found[kind] = distinct(np.concatenate(types)) if types else NO_PAIRS
        return {key: rows for key, rows in found.items() if len(rows)}

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
        for rule, body in self._merging:
            if rule.source in found.sources:
                wanted = (*rule.keys, rule.merged)
                solutions = solve(body, self.tables, wanted=wanted, resolve=self.representatives.find)
                most = max(most, shared_by_most(solutions, rule, members, canonical))
        return replace(found, values=most[1])

    def rules_of_merged_vocabulary(self) -> tuple[Rule, ...]:
        """eq-rep-p, and eq-rep-o on rdf:type: rules for classes and predicates that are in a clique."""
        kind = self._vocabulary.type
        keys = {*self.tables.known(), *self._view}
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

    def _keys(self) -> list[int]:
        patterns = [
            one for stratum in self._strata for rule in stratum.rules for one in (*rule.body, rule.head)
        ]
        patterns += [one for _, body in self._merging for one in body]
        kind, vocabulary = self._vocabulary.type, self._vocabulary
        patterns += [pattern(atom, kind) for rule in self._rules.constraints for atom in rule.body]
        keys = {one.key for one in patterns} | {vocabulary.same_as, vocabulary.different_from}
        return sorted(keys - {kind})

    def _added(self, asserted: Relations, given: Relations) -> Changes:
        """The new facts of each table, as their representatives have them."""
        before, after = (Tables(one, self._vocabulary.type, self._bound) for one in (given, asserted))
        found: Changes = {}
        for key in self.tables.known():
            rows = subtract(after[key].rows, before[key].rows)
            if len(rows):
                found[key] = distinct(self._rewritten(key, rows))
        return found

    def _propagate(
        self, changes: Changes, *, everything: bool = False, stale: frozenset[int] = frozenset()
    ) -> None:
        """Bring all strata up to date; `stale` are ids whose representative is new."""
        for stratum in self._strata:
            outputs: dict[int, list[NDArray]] = {}
            for rule in stratum.rules:
                if everything or rule.constants & stale:
                    self._derive(rule, outputs)
                else:
                    self._derive_from(rule, changes, outputs)
            while fresh := self._add(outputs):
                for key, rows in fresh.items():
                    changes[key] = merged(changes[key], rows) if key in changes else rows
                outputs = {}
                for rule in stratum.rules:
                    self._derive_from(rule, fresh, outputs)

    def _derive_from(self, rule: PatternRule, changes: Changes, outputs: dict[int, list[NDArray]]) -> None:
        for number, one in enumerate(rule.body):
            rows = changes.get(one.key)
            if rows is not None and len(rows):
                self._derive(rule, outputs, (number, rows))

    def _derive(
        self, rule: PatternRule, outputs: dict[int, list[NDArray]], delta: tuple[int, NDArray] | None = None
    ) -> None:
        head = rule.head
        if delta is None:
            rows = self._copied(rule)
            table = None
        else:
            table = (delta[0], table_of(rule.body[delta[0]].key, delta[1], self._bound))
            rows = None
        if rows is None:
            found = solve(
                rule.body,
                self.tables,
                wanted=head.variables,
                resolve=self.representatives.find,
                delta=table,
            )
            rows = self._head_rows(rule, found)
        if len(rows):
            outputs.setdefault(head.key, []).append(rows)

    def _copied(self, rule: PatternRule) -> NDArray | None:
        """The rows of rules that only rename or turn a relation: no join, no sorting."""
        if len(rule.body) != 1 or rule.head.key >= CLASS or rule.body[0].key >= CLASS:
            return None
        [one] = rule.body
        if len(set(one.variables)) < 2:
            return None
        table = self.tables.links(one.key)
        if (one.subject, one.object) == (rule.head.subject, rule.head.object):
            return table.rows
        if (one.object, one.subject) == (rule.head.subject, rule.head.object):
            return self._without_literals(table.inverse)
        return None

    def _head_rows(self, rule: PatternRule, found: Solutions) -> NDArray:
        ends = [
            found.columns[one]
            if isinstance(one, str)
            else np.full(found.count, self.representatives.find(one), np.uint32)
            for one in (rule.head.subject, rule.head.object)
            if one is not None
        ]
        safe = rule.is_safe
        if rule.head.key >= CLASS:
            return ends[0] if safe else ends[0][~self._is_literal[ends[0]]]
        rows = pack(*ends)
        return rows if safe else self._without_literals(rows)

    def _without_literals(self, rows: Pairs) -> Pairs:
        literal = self._is_literal[heads(rows)]
        return rows[~literal] if literal.any() else rows

    def _add(self, outputs: dict[int, list[NDArray]]) -> Changes:
        """Add rows to their tables; those that were not there."""
        fresh: Changes = {}
        for key, parts in outputs.items():
            table = self.tables[key]
            rows = self._collected(parts) if key >= CLASS else distinct(np.concatenate(parts))
            rows = rows[~table.holds(rows)] if isinstance(table, Members) else subtract(rows, table.rows)
            if len(rows):
                fresh[key] = rows
                self.tables.replace(key, merged(table.rows, rows))
        return fresh

    def _collected(self, parts: list[Ids]) -> Ids:
        if sum(map(len, parts)) * _DENSE < self._bound:
            return distinct(np.concatenate(parts))
        flags = np.zeros(self._bound, bool)
        for part in parts:
            flags[part] = True
        return np.flatnonzero(flags).astype(np.uint32)

    def _equal(self) -> list[tuple[Pairs, Source]]:
        """What the equality rules and owl:sameAs facts now hold to be the same."""
        stated = self.tables.links(self._vocabulary.same_as).rows
        found = [(stated, Source(("eq-rep-s",), "owl:sameAs as stated"))]
        self.clashes = []
        for rule, body in self._merging:
            wanted = (*rule.keys, rule.merged)
            start = self._start(rule, body)
            solutions = solve(
                body, self.tables, wanted=wanted, resolve=self.representatives.find, start=start
            )
            grouped = groups(solutions, rule.keys, rule.merged, self._rules.datatypes.canonical)
            literal = self._is_literal[tails(grouped)]
            if literal.any():
                self.clashes.append(Clash(rule, neighbours(grouped[literal])))
                grouped = grouped[~literal]
            found.append((neighbours(grouped), rule.source))
        return found

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
        moved = np.zeros(self._bound, bool)
        moved[changed] = True
        for key, table in self.tables.known().items():
            if isinstance(table, Members):
                touched = moved[table.rows]
            else:
                touched = moved[heads(table.rows)] | moved[tails(table.rows)]
            if touched.any():
                left = table.rows[~touched]
                fresh = subtract(distinct(self._rewritten(key, table.rows[touched])), left)
                self.tables.replace(key, merged(left, fresh))
                changes[key] = fresh
        return changes, changed

    def _rewritten(self, key: int, rows: NDArray) -> NDArray:
        return self.representatives.of[rows] if key >= CLASS else self.representatives.rewritten(rows)

    def _expanded(self, rows: Pairs, expansion: Expansion) -> Pairs:
        touched = expansion.touched(rows)
        return merged(rows[~touched], expansion.pairs(rows[touched])) if touched.any() else rows

    def _untold(self, expansion: Expansion) -> dict[int, Pairs]:
        """Facts that no rule reads, for the other members of the cliques that they name."""
        known = self.tables.known()
        kind = self._vocabulary.type
        found: dict[int, Pairs] = {}
        for key, relation in self._view.items():
            if key in known:
                continue
            rows = relation.pairs[expansion.touched(relation.pairs)]
            if key == kind:
                told = np.fromiter((one - CLASS for one in known if one >= CLASS), np.uint32)
                rows = rows[~np.isin(tails(rows), told)]
            expanded = expansion.pairs(distinct(self.representatives.rewritten(rows)))
            found[key] = subtract(expanded, relation.pairs)
        return found


def _beyond(rows: NDArray, before: NDArray) -> NDArray:
    """The rows that are not in `before`, which they include."""
    if rows is before or len(rows) == len(before):
        return rows[:0]
    if not len(before):
        return rows
    kept = np.ones(len(rows), bool)
    kept[np.searchsorted(rows, before)] = False
    return rows[kept]
