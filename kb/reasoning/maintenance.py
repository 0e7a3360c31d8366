"""Consequences kept up to date: after a change exactly what reasoning from scratch gives, at its own cost.

Group by group (`program`), from the old state and what changed below: what may have lost its reason is taken
away (overdeleted), what still follows is put back, then what is new is drawn semi-naively. A group sees only the
net changes of those below it, so what was put back troubles nobody further up. Asserted facts are never
overdeleted. Facts about equal individuals are kept for each of them, as they are stored: a clique that may have
split loses what was only inferred about its members, and is built up again from what is left.

DRed: Gupta, Mumick, Subrahmanian (SIGMOD 1993); by strata: Motik, Nenov, Piro, Horrocks (AAAI 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from functools import cached_property

import numpy as np

from ..columns.kernels import Ids, distinct
from ..columns.relations import Relations
from .cliques import Cliques, FromScratch, ends, named
from .derivation import Derivation, Outputs, Smaller, no_outputs
from .layered_tables import Beyond, Rows, State, by_predicate, by_table
from .program import Group, Program
from .stacks import in_order
from .tables import CLASS

_NONE: frozenset[int] = frozenset()

Stated = Callable[[int, Set[int]], set[int]]
"""Those of the pairs of a predicate that need no reason: asserted ones, or those of a closed state."""


class Maintenance:
    """One change carried through a closed state.

    `lost_rows` and `gained_rows` are the net changes, by table; `regrouped` the individuals with other equals.
    `old` is the closed state before, `added` and `removed` the pairs by predicate that `stated` holds now and
    did not before, and the other way round. `within` is the maintenance of a smaller closed state, all of which is
    `stated` here: what its facts yield alone, it holds itself. `beyond` are the views of `old` that it lacks.
    Raises FromScratch.
    """

    def __init__(
        self,
        program: Program,
        old: State,
        stated: Stated,
        added: Mapping[int, Set[int]],
        removed: Mapping[int, Set[int]],
        within: Maintenance | None = None,
        beyond: Sequence[Relations] = (),
    ) -> None:
        if not program.maintainable:
            raise FromScratch
        self._program = program
        self._kind = program.rules.vocabulary.type
        self._same_as = program.rules.vocabulary.same_as
        self._stated = stated
        self._derivation = Derivation(program)
        self._cliques = Cliques(program, self._derivation)
        self.old = old
        self.new = old.copy()
        self._added = self._by_table(added)
        self._removed = self._by_table(removed)
        self.lost_rows: Rows = {}
        self.gained_rows: Rows = {}
        self._split: Rows = {}
        self._joined: Rows = {}
        self.regrouped: Ids = np.empty(0, np.uint32)
        self._beyond = Beyond(beyond, self._kind)
        self._known_lost = Smaller(within.lost_rows, self._beyond) if within else None
        self._known_gained = Smaller(within.gained_rows, self._beyond) if within else None
        self._run()

    @cached_property
    def gained(self) -> Rows:
        """By predicate, the pairs of the closed state that are new."""
        return self._by_predicate(self.gained_rows)

    @cached_property
    def lost(self) -> Rows:
        """By predicate, the pairs of the closed state that are no more."""
        return self._by_predicate(self.lost_rows)

    def _run(self) -> None:
        first, *others = self._program.groups
        self._bring(first)
        self._notice_cliques()
        filled = self._program.filled
        changed = {*self._added, *self._removed, *self._split, *self._joined}
        for key in changed - filled:
            self._settle(key)
        for group in others:
            inputs = group.uses.keys()
            if not (
                group.keys.isdisjoint(changed)
                and inputs.isdisjoint(self.gained_rows)
                and inputs.isdisjoint(self.lost_rows)
            ):
                self._bring(group)
        self._refuse_merged_vocabulary()

    def _settle(self, key: int) -> None:
        """Bring a table up to date that no rule fills."""
        gone, fresh = self._removed.get(key, set()), self._added.get(key, set())
        if (
            key in self._split
            or key in self._joined
            or self._cliques.mates_in({key: gone}, self.old)
            or self._cliques.mates_in({key: fresh}, self.new)
        ):
            self._bring(Group(frozenset((key,))))
            return
        gone = self.old.having(key, gone)
        gone -= self._stated_of(key, gone)
        fresh = fresh - self.new.having(key, fresh)
        if gone:
            self.new.without(key, gone)
            self.lost_rows[key] = gone
        if fresh:
            self.new.put(key, fresh)
            self._note_beyond(key, fresh)
            self.gained_rows[key] = fresh

    def _note_beyond(self, key: int, rows: set[int]) -> None:
        """Know that a table has rows that the smaller state lacks."""
        if self._known_gained and not rows <= self._known_gained.rows.get(key, _NONE):
            self._beyond.add(key)

    def _bring(self, group: Group) -> None:
        """Bring the tables of a group up to date; their net changes are known then."""
        doubtful = self._overdeleted(group)
        for key, rows in doubtful.items():
            self.new.without(key, rows)
        put = self._put_back(group, doubtful)
        for key in {*doubtful, *put}:
            gone, back = doubtful.get(key, _NONE), put.get(key, _NONE)
            if lost := set(gone - back):
                self.lost_rows[key] = lost
            if gained := set(back - gone):
                self.gained_rows[key] = gained

    # What may have lost its reason.

    def _overdeleted(self, group: Group) -> Rows:
        found: Rows = {}
        outputs = no_outputs()
        suspects = np.empty(0, np.uint32)
        for key in group.keys & self._removed.keys():
            outputs[key] |= self._removed[key]
            if key == self._same_as:
                suspects = in_order(named(key, self._removed[key]), np.uint32)
        for key in group.keys & self._split.keys():
            outputs[key] |= self._split[key]
        self._derivation.fire(group, self.lost_rows, self.old, outputs, self._known_lost)
        while True:
            fresh: Rows = {}
            for key, some in outputs.items():
                rows = some - found[key] if key in found else some
                rows = self.old.having(key, rows)
                rows -= self._stated_of(key, rows)
                if rows:
                    fresh[key] = rows
                    found[key] = found[key] | rows if key in found else rows
            outputs = no_outputs()
            if group.settles_equality:
                suspects = distinct(np.concatenate([suspects, *self._cliques.suspects(fresh, self.old)]))
                self._doubt_cliques(group, suspects, outputs)
                suspects = suspects[:0]
            if not fresh and not outputs:
                return found
            self._derivation.fire(group, fresh, self.old, outputs, self._known_lost)
            self._cliques.siblings(fresh, self.old, outputs)

    def _doubt_cliques(self, group: Group, suspects: Ids, outputs: Outputs) -> None:
        """All that may be inferred only because `suspects` are equal to somebody."""
        mates = self._cliques.mates(self.old, suspects)
        if not len(mates):
            return
        members = ends(mates)
        for key, rows in self._cliques.naming(self.old, members, group.keys).items():
            outputs[key] |= rows
        outputs[self._same_as].update(self._cliques.mates(self.old, members).tolist())

    # What still follows, and what is new.

    def _put_back(self, group: Group, doubtful: Rows) -> Rows:
        found: Rows = {}
        outputs = no_outputs()
        for key, rows in doubtful.items():
            outputs[key] |= self._derivation.still(group.by_head.get(key, ()), rows, self.new)
        for key in group.keys & self._added.keys():
            outputs[key] |= self._added[key]
        self._derivation.fire(group, self.gained_rows, self.new, outputs, self._known_gained)
        anew = False
        if group.settles_equality:
            doubted = in_order(named(self._same_as, doubtful.get(self._same_as, _NONE)), np.uint32)
            anew = len(doubted) > 0
            edges = self._cliques.edges_among(doubted, self.new)
            self._cliques.merge([*edges], self.new, outputs)
        self._cliques.returned(doubtful, self.new, outputs)
        for key in group.keys & self._joined.keys():
            held = self.new.having(key, self._joined[key])
            self._cliques.siblings({key: held}, self.new, outputs)
        while True:
            fresh: Rows = {}
            for key, some in outputs.items():
                rows = self._derivation.without_literals(key, some - self.new.having(key, some))
                if rows:
                    self.new.put(key, rows)
                    self._note_beyond(key, rows)
                    fresh[key] = rows
                    found[key] = found[key] | rows if key in found else rows
            if not fresh:
                return found
            outputs = no_outputs()
            self._derivation.fire(group, fresh, self.new, outputs, self._known_gained)
            if group.settles_equality:
                equal = in_order(fresh.get(self._same_as, _NONE))
                # Facts that all held before make nobody equal who was not, but for those in doubt.
                anew = anew or any(not rows <= doubtful.get(key, _NONE) for key, rows in fresh.items())
                fresh_edges = self._cliques.edges_of(fresh if anew else {}, self.new)
                self._cliques.merge([equal, fresh_edges], self.new, outputs)
                if len(equal):
                    known = self._cliques.naming(self.new, ends(equal), group.keys)
                    self._cliques.siblings(known, self.new, outputs)
            self._cliques.siblings(fresh, self.new, outputs)

    def _notice_cliques(self) -> None:
        """Who has got other equals, and all that names them outside the first group."""
        parted = in_order(self.lost_rows.get(self._same_as, _NONE))
        joined = in_order(self.gained_rows.get(self._same_as, _NONE))
        self.regrouped = distinct(np.concatenate([ends(parted), ends(joined)]))
        if len(parted):
            self._split = self._cliques.naming(self.old, ends(parted))
        if len(joined):
            self._joined = self._cliques.naming(self.old, ends(joined))

    def _refuse_merged_vocabulary(self) -> None:
        """Equal classes or predicates change the rules themselves."""
        if not len(self.new.stack(self._same_as)):
            return
        names = {key - CLASS if key >= CLASS else key for key in (*self.gained_rows, *self._program.keys)}
        names |= self.new.predicates
        words = np.array(sorted(names), np.uint32)
        if len(self._cliques.mates(self.new, words)):
            raise FromScratch
        if len(self.regrouped) and len(self.new.stack(self._kind).over(self.regrouped)):
            raise FromScratch

    # Small things.

    def _stated_of(self, key: int, rows: Set[int]) -> set[int]:
        if key < CLASS:
            return self._stated(key, rows)
        kind, pairs = by_predicate(key, rows, self._kind)
        return {pair >> 32 for pair in self._stated(kind, pairs)}

    def _by_table(self, pairs: Mapping[int, Set[int]]) -> Rows:
        found: Rows = {}
        for predicate, some in pairs.items():
            found |= by_table(predicate, some, self._kind)
        return found

    def _by_predicate(self, changes: Rows) -> Rows:
        found: Rows = {}
        for key, rows in changes.items():
            predicate, pairs = by_predicate(key, rows, self._kind)
            found[predicate] = found.get(predicate, set()) | pairs
        return found
