"""Equal individuals in a state that keeps the facts of each: who is equal to whom, and why.

`equality` does the same for reasoning from scratch, where all facts are about representatives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import FEW, NO_PAIRS, Ids, Pairs, contains, distinct, expand, heads, pack, tails
from .datatypes import KNOWN_DATATYPES, family
from .derivation import Changes, Derivation, Outputs
from .equality import CLIQUE_CAP, MOST_COMBINATIONS, components, groups, neighbours
from .joins import Pattern, Solutions, solve
from .layered_tables import State
from .program import Program
from .rules import EqualityRule
from .tables import CLASS, NO_IDS


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

    def mates(self, state: State, ids: Ids) -> Pairs:
        """(id, another that is equal) of `ids` (sorted, distinct), sorted."""
        pairs = state.stack(self._same_as).under(ids)
        if not len(pairs):
            return pairs
        return pairs[(heads(pairs) != tails(pairs)) & ~self._derivation.is_literal(tails(pairs))]

    def naming(self, state: State, ids: Ids, keys: frozenset[int] | None = None) -> Changes:
        """The rows but those of owl:sameAs that name any of `ids`, in some tables or in all."""
        predicates = state.predicates - {self._same_as}
        if keys is not None:
            predicates &= {self._kind if key >= CLASS else key for key in keys}
        found = state.naming(ids, predicates)
        return {key: rows for key, rows in found.items() if keys is None or key in keys}

    def siblings(self, changes: Changes, state: State, outputs: Outputs) -> None:
        """The same facts about equal individuals (eq-rep-s, eq-rep-o)."""
        mates = self.mates_in(changes, state)
        if len(mates):
            for key, rows in changes.items():
                if key != self._same_as:
                    spread = _spread(key, rows, mates)
                    if len(spread) > len(rows):
                        outputs[key].append(spread)

    def returned(self, doubtful: Changes, state: State, outputs: Outputs) -> None:
        """Those of `doubtful` that hold of an equal individual."""
        mates = self.mates_in(doubtful, state)
        if len(mates):
            for key, rows in doubtful.items():
                spread = distinct(_spread(key, rows, mates))
                if key != self._same_as and len(spread) > len(rows):
                    self.siblings({key: spread[state.holds(key, spread)]}, state, outputs)

    def suspects(self, changes: Changes, state: State) -> Iterator[Ids]:
        """Individuals that an equality rule may have merged by `changes`."""
        for rule, body, number in self._uses(changes):
            delta = (number, changes[body[number].key])
            yield self._derivation.solved(body, state, (rule.merged,), delta).columns[rule.merged]

    def edges_among(self, members: Ids, state: State) -> Iterator[Pairs]:
        """What makes `members` (sorted, distinct), once all of some cliques, equal to each other in a state."""
        if len(members):
            yield state.stack(self._same_as).under(members)
            start = members
            for rule, body in self._equalities:
                wanted = (*rule.keys, rule.merged)
                found = solve(body, state, wanted=wanted, start=Solutions({rule.merged: start}, len(start)))
                yield self._edges(rule, found)

    def edges_of(self, changes: Changes, state: State) -> Pairs:
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
                found = solve(body, state, wanted=wanted, start=start)
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
        outputs[self._same_as].append(pack(member, other)[member != other])

    def mates_in(self, changes: Changes, state: State) -> Pairs:
        """(id, another that is equal) of all individuals that rows name, sorted."""
        stack = state.stack(self._same_as)
        if not len(stack):
            return NO_PAIRS
        if sum(map(len, changes.values())) <= FEW:
            few = {one for key, rows in changes.items() for one in named(key, rows) if stack.tails_of(one)}
            return self.mates(state, np.array(sorted(few), np.uint32)) if few else NO_PAIRS
        ids = [NO_IDS]
        for key, rows in changes.items():
            ids += [rows] if key >= CLASS else [heads(rows), tails(rows)]
        every = np.concatenate(ids)
        every = every[contains(state.stack(self._same_as).subjects, every)]
        return self.mates(state, distinct(every)) if len(every) else NO_PAIRS

    def _edges(self, rule: EqualityRule, found: Solutions) -> Pairs:
        grouped = groups(found, rule.keys, rule.merged, self._datatypes.canonical)
        return neighbours(grouped[~self._derivation.is_literal(tails(grouped))])

    def _uses(self, changes: Changes) -> Iterator[tuple[EqualityRule, tuple[Pattern, ...], int]]:
        for rule, body in self._equalities:
            for number, one in enumerate(body):
                if one.key in changes and one.key not in self._ranges:
                    yield rule, body, number

    def has_rivals(self, rule: EqualityRule, found: Solutions) -> bool:
        """Whether literals among keys may have their value in literals of another datatype too."""
        for key in rule.keys:
            datatypes = np.unique(self._dictionary.datatype_of(found.columns[key]))
            for one in map(int, datatypes[datatypes != 0]):
                kin = family(self._datatypes.name(one))
                names = [f"<{name}>" for name in KNOWN_DATATYPES if family(name) == kin]
                known = self._dictionary.find([name for name in names if not name.endswith("langString>")])
                if (known[known != one] != 0).any():
                    return True
        return False

    def _refuse_unbounded(
        self, rule: EqualityRule, body: tuple[Pattern, ...], delta: tuple[int, NDArray], state: State
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


def _spread(key: int, rows: NDArray, mates: Pairs) -> NDArray:
    """Rows for all that are equal to those they name."""
    if key >= CLASS:
        return _with_mates(rows, mates)[1]
    row, subjects = _with_mates(heads(rows), mates)
    place, objects = _with_mates(tails(rows)[row], mates)
    return pack(subjects[place], objects)


def _with_mates(ids: Ids, mates: Pairs) -> tuple[NDArray[np.int64], Ids]:
    """(row of the id, itself or one that is equal)."""
    row, others = expand(mates, ids)
    return np.concatenate([np.arange(len(ids)), row]), np.concatenate([ids, others])


def named(key: int, rows: NDArray) -> set[int]:
    """All ids that the rows of a table name.

    >>> sorted(named(9, pack(np.array([7]), np.array([3]))))
    [3, 7]
    """
    if key >= CLASS:
        return set(rows.tolist())
    return {end for row in rows.tolist() for end in (row >> 32, row & 0xFFFFFFFF)}


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
