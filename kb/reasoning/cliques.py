"""Equal individuals in a state that keeps the facts of each: who is equal to whom, and why.

`equality` does the same for reasoning from scratch, where all facts are about representatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set

import numpy as np

from ..columns.kernels import NO_PAIRS, Ids, Pairs, contains, distinct, expand, heads, pack, tails
from .datatypes import KNOWN_DATATYPES, family
from .derivation import Derivation, Outputs
from .equality import CLIQUE_CAP, MOST_COMBINATIONS, components, groups, neighbours
from .joins import Pattern, Solutions, solve
from .layered_tables import Rows, State
from .program import Program
from .rules import EqualityRule
from .stacks import in_order
from .tables import CLASS

_LOW = 0xFFFFFFFF
# So many individuals are looked up one by one.
_MANY = 256


class FromScratch(Exception):
    """A change that only reasoning from scratch gets right: a clique above the cap, merged classes, and the like."""


class Cliques:
    """The equality rules and owl:sameAs of a program."""

    def __init__(self, program: Program, derivation: Derivation) -> None:
        self._equalities = program.equalities
        self._ranges = program.ranges
        self._datatypes = program.rules.datatypes
        self._dictionary = program.rules.dictionary
        self._kind = program.rules.vocabulary.type
        self._same_as = program.rules.vocabulary.same_as
        self._derivation = derivation
        self._rivalled: dict[int, bool] = {}

    def mates(self, state: State, ids: Ids) -> Pairs:
        """(id, another that is equal) of `ids` (sorted, distinct), sorted."""
        pairs = state.stack(self._same_as).under(ids)
        if not len(pairs):
            return pairs
        return pairs[(heads(pairs) != tails(pairs)) & ~self._derivation.is_literal(tails(pairs))]

    def naming(self, state: State, ids: Ids, keys: frozenset[int] | None = None) -> Rows:
        """The rows but those of owl:sameAs that name any of `ids`, in some tables or in all."""
        predicates = state.predicates - {self._same_as}
        if keys is not None:
            predicates &= {self._kind if key >= CLASS else key for key in keys}
        found = state.naming(ids, predicates)
        return {key: rows for key, rows in found.items() if keys is None or key in keys}

    def siblings(self, changes: Rows, state: State, outputs: Outputs) -> None:
        """The same facts about equal individuals (eq-rep-s, eq-rep-o)."""
        mates = self.mates_in(changes, state)
        if mates:
            for key, rows in changes.items():
                if key != self._same_as:
                    spread = _spread(key, rows, mates)
                    if spread:
                        outputs[key] |= spread

    def returned(self, doubtful: Rows, state: State, outputs: Outputs) -> None:
        """Those of `doubtful` that hold of an equal individual."""
        mates = self.mates_in(doubtful, state)
        if mates:
            for key, rows in doubtful.items():
                spread = _spread(key, rows, mates)
                if key != self._same_as and spread:
                    self.siblings({key: state.having(key, spread)}, state, outputs)

    def suspects(self, changes: Rows, state: State) -> Iterator[Ids]:
        """Individuals that an equality rule may have merged by `changes`."""
        for rule, body, number in self._uses(changes):
            delta = (number, changes[body[number].key])
            yield self._derivation.solved(body, state, (rule.merged,), delta).columns[rule.merged]

    def edges_among(self, members: Ids, state: State) -> Iterator[Pairs]:
        """What makes `members` (sorted, distinct), once all of some cliques, equal to each other in a state."""
        if len(members):
            yield state.stack(self._same_as).under(members)
            for rule, body in self._equalities:
                wanted = (*rule.keys, rule.merged)
                start = Solutions({rule.merged: members}, len(members))
                found = self._derivation.continued(body, state, wanted, start)
                yield self._edges(rule, found)

    def edges_of(self, changes: Rows, state: State) -> Pairs:
        """What the equality rules make equal by new rows of a state."""
        edges = [NO_PAIRS]
        for rule, body, number in self._uses(changes):
            delta = (number, changes[body[number].key])
            wanted = (*rule.keys, rule.merged)
            self._refuse_unbounded(rule, body, delta, state)
            found = self._derivation.solved(body, state, wanted, delta)
            if not found.count:
                continue
            if rule.keys and not self.has_rivals(rule, found):
                start = distinct_rows(found, rule.keys)
                found = self._derivation.continued(body, state, wanted, start)
            else:
                found = solve(body, state, wanted=wanted)
            edges.append(self._edges(rule, found))
        return distinct(np.concatenate(edges))

    def merge(self, edges: Sequence[Pairs], state: State, outputs: Outputs) -> None:
        """All pairs of the cliques that `edges` make together with those there are. Raises FromScratch."""
        found = distinct(np.concatenate([NO_PAIRS, *edges]))
        left, right = heads(found), tails(found)
        literal = self._derivation.is_literal
        found = found[~(literal(left) | literal(right)) & (left != right)]
        if not len(found):
            return
        found = distinct(np.concatenate([found, self.mates(state, ends(found))]))
        nodes, roots = components(found)
        if np.unique_counts(roots).counts.max() > CLIQUE_CAP:
            raise FromScratch
        cliques = np.sort(pack(roots, nodes))
        row, other = expand(cliques, heads(cliques))
        member = tails(cliques)[row]
        outputs[self._same_as].update(pack(member, other)[member != other].tolist())

    def mates_in(self, changes: Rows, state: State) -> dict[int, list[int]]:
        """For each individual with equals that rows name: itself and those."""
        stack = state.stack(self._same_as)
        if not len(stack):
            return {}
        names: set[int] = set()
        for key, rows in changes.items():
            names |= named(key, rows)
        if len(names) > _MANY:
            ids = in_order(names, np.uint32)
            names = set(ids[contains(stack.subjects, ids)].tolist())
        some = in_order({one for one in names if stack.names(one, inverse=False)}, np.uint32)
        found: dict[int, list[int]] = {}
        if not len(some):
            return found
        for pair in self.mates(state, some).tolist():
            one = pair >> 32
            found.setdefault(one, [one]).append(pair & _LOW)
        return found

    def _edges(self, rule: EqualityRule, found: Solutions) -> Pairs:
        grouped = groups(found, rule.keys, rule.merged, self._datatypes.canonical)
        return neighbours(grouped[~self._derivation.is_literal(tails(grouped))])

    def _uses(self, changes: Rows) -> Iterator[tuple[EqualityRule, tuple[Pattern, ...], int]]:
        for rule, body in self._equalities:
            for number, one in enumerate(body):
                if one.key in changes and one.key not in self._ranges:
                    yield rule, body, number

    def has_rivals(self, rule: EqualityRule, found: Solutions) -> bool:
        """Whether literals among keys may have their value in literals of another datatype too."""
        for key in rule.keys:
            datatypes = np.unique(self._dictionary.datatype_of(found.columns[key]))
            if any(self._is_rivalled(one) for one in datatypes.tolist() if one):
                return True
        return False

    def _is_rivalled(self, datatype: int) -> bool:
        if datatype not in self._rivalled:
            kin = family(self._datatypes.name(datatype))
            names = [f"<{name}>" for name in KNOWN_DATATYPES if family(name) == kin]
            known = self._dictionary.find([name for name in names if not name.endswith("langString>")])
            self._rivalled[datatype] = bool((known[known != datatype] != 0).any())
        return self._rivalled[datatype]

    def _refuse_unbounded(
        self, rule: EqualityRule, body: tuple[Pattern, ...], delta: tuple[int, Set[int]], state: State
    ) -> None:
        """A key whose parts have too many values together is not used for an individual: see `unbounded`."""
        number, rows = delta
        parts = [one for one in body if one.object in rule.keys and one.subject == rule.merged]
        if len(parts) < 2:
            return
        some = (body[number],) if rule.merged in body[number].variables else body
        found = self._derivation.solved(some, state, (rule.merged,), (some.index(body[number]), rows))
        owners = distinct(found.columns[rule.merged])
        product = np.ones(len(owners))
        for one in parts:
            known = heads(state.stack(one.key).under(owners))
            product *= np.searchsorted(known, owners, "right") - np.searchsorted(known, owners)
        if (product > MOST_COMBINATIONS).any():
            raise FromScratch


def _spread(key: int, rows: Set[int], mates: dict[int, list[int]]) -> set[int]:
    """Rows for all that are equal to those they name, themselves included; nothing of rows that name nobody such."""
    if key >= CLASS:
        return {one for row in rows for one in mates.get(row, ())}
    found: set[int] = set()
    for row in rows:
        subject, value = row >> 32, row & _LOW
        if subject in mates or value in mates:
            values = mates.get(value, (value,))
            found.update(one << 32 | other for one in mates.get(subject, (subject,)) for other in values)
    return found


def named(key: int, rows: Iterable[int]) -> set[int]:
    """All ids that the rows of a table name.

    >>> sorted(named(9, {7 << 32 | 3}))
    [3, 7]
    """
    if key >= CLASS:
        return set(rows)
    return {end for row in rows for end in (row >> 32, row & _LOW)}


def ends(pairs: Pairs) -> Ids:
    """All ids that pairs name.

    >>> ends(pack(np.array([7]), np.array([3])))
    array([3, 7], dtype=uint32)
    """
    return distinct(np.concatenate([heads(pairs), tails(pairs)]))


def distinct_rows(found: Solutions, names: Sequence[str]) -> Solutions:
    """The distinct rows of some columns."""
    rows = np.unique(np.stack([found.columns[name] for name in names]), axis=1)
    return Solutions(dict(zip(names, rows, strict=True)), rows.shape[1])
