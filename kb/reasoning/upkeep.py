"""The consequences of an image kept up to date from commit to commit, public and private."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass, replace
from typing import Any

from ..columns.image import Image
from ..columns.kernels import Pairs, unite
from ..columns.relations import Relation, Relations
from .cliques import FromScratch
from .contradictions import Contradiction
from .engine import Consequences
from .layered_tables import Rows, State
from .maintenance import Maintenance
from .program import Program
from .rules import Source
from .stacks import Stack, in_order
from .standing import Change, Standing

# Where a larger part of the asserted facts changes, reasoning from scratch is quicker; some may always change.
_MOST_CHANGED, _ALWAYS = 0.004, 200

Patch = tuple[Rows, Rows]
"""The pairs of predicates that were added, and those that were removed."""


@dataclass(frozen=True)
class Upkeep:
    """What maintenance has to know of an image with its consequences besides its views.

    `public` and `private` are the contradictions; those of public facts alone are not among the private ones.
    Where cliques were withheld, keys left out, or classes or predicates merged, it `is_plain` no more: every
    change is reasoned about from scratch.
    """

    program: Program
    public: tuple[Contradiction, ...]
    private: tuple[Contradiction, ...]
    is_plain: bool

    @classmethod
    def of(cls, program: Program, public: Consequences, private: Consequences) -> Upkeep:
        """What there is to know after reasoning from scratch."""
        odd = (one.oversized or one.unkeyed or one.extra for one in (public, private))
        return cls(program, public.contradictions, private.contradictions, not any(odd))

    def to_json(self) -> str:
        """What `of_json` needs in a later process, for the same image and the same rules."""
        told = {name: [_told(one) for one in getattr(self, name)] for name in ("public", "private")}
        return json.dumps({"rules": self.program.digest, "is_plain": self.is_plain, **told})

    @classmethod
    def of_json(cls, text: str, program: Program) -> Upkeep | None:
        """What an earlier process knew; None where it followed other rules, or this code was another."""
        told = json.loads(text) if text else {}
        if told.get("rules") != program.digest:
            return None
        public, private = (tuple(map(_read, told[name])) for name in ("public", "private"))
        return cls(program, public, private, told["is_plain"])

    def after(self, before: Image, after: Image) -> tuple[Image, Upkeep]:
        """The image `after`, whose inferred views are still those of `before`, with its own consequences.

        Raises FromScratch where only that gets it right, or it is quicker.
        """
        patch = _difference(before.asserted_public, after.asserted_public)
        secret = _difference(before.asserted_private, after.asserted_private)
        changed = sum(len(one) for part in (*patch, *secret) for one in part.values())
        size = after.asserted_public.size + after.asserted_private.size
        if not self.is_plain or changed > _MOST_CHANGED * size + _ALWAYS:
            raise FromScratch
        open_ = self._public(before, after, patch)
        image = replace(after, inferred_public=self._inferred_public(open_, after, patch))
        kind = self.program.rules.vocabulary.different_from
        public = self._standing(open_, {}, patch, after.asserted_public.get_relation(kind).pairs).after(
            self.public
        )
        if not (before.asserted_private or after.asserted_private):
            return image, replace(self, public=public, private=())
        closed = self._private(before, after, secret, open_)
        image = replace(image, inferred_private=self._inferred_private(closed, open_, after, secret))
        touched = {key: closed.new.having(key, rows) for key, rows in open_.lost_rows.items()}
        stated = _both(open_.gained, open_.lost), _both(*secret)
        different = unite(open_.new.stack(kind).pairs, after.asserted_private.get_relation(kind).pairs)
        standing = self._standing(closed, touched, stated, different)
        private = standing.after(self.private, given=open_.new.holds_pairs)
        return image, replace(self, public=public, private=private)

    def _public(self, before: Image, after: Image, patch: Patch) -> Maintenance:
        old = self._state(before, before.asserted_public, before.inferred_public)
        return Maintenance(self.program, old, _Holding(after.asserted_public).those, *patch)

    def _private(self, before: Image, after: Image, secret: Patch, open_: Maintenance) -> Maintenance:
        """All that follows from everything; what holds publicly needs no reason here."""
        asserted = _Holding(after.asserted_private)

        def stated(predicate: int, pairs: Set[int]) -> set[int]:
            public = open_.new.stack(predicate).having(pairs)
            return public | asserted.those(predicate, pairs - public)

        views = (
            before.asserted_public,
            before.inferred_public,
            before.asserted_private,
            before.inferred_private,
        )
        added, removed = _both(secret[0], open_.gained), _both(secret[1], open_.lost)
        return Maintenance(
            self.program, self._state(before, *views), stated, added, removed, open_, views[2:]
        )

    def _state(self, image: Image, *views: Relations) -> State:
        """A closed state; what the scm-* rules alone tell takes no part in reasoning."""
        state = State(self.program.rules, views)
        for predicate, pairs in self.program.schema.items():
            stated = image.asserted_public.hold(predicate, pairs) | image.asserted_private.hold(
                predicate, pairs
            )
            hidden = pairs[~stated & image.inferred_public.hold(predicate, pairs)]
            state.hide(predicate, frozenset(hidden.tolist()))
        return state

    def _inferred_public(self, done: Maintenance, after: Image, patch: Patch) -> Relations:
        asserted, ontology = _Holding(after.asserted_public), _Holding(after.ontology)
        changed = {}
        for predicate, pairs in _both(_both(done.gained, done.lost), _both(*patch)).items():
            holds = done.new.stack(predicate).having(pairs)
            if predicate in self.program.schema:
                schema = pairs & set(self.program.schema[predicate].tolist())
                holds |= schema - ontology.those(predicate, schema)
            holds -= asserted.those(predicate, holds)
            changed[predicate] = _with_of(after.inferred_public.get_relation(predicate), pairs, holds)
        return after.inferred_public.changed(changed)

    def _inferred_private(
        self, done: Maintenance, open_: Maintenance, after: Image, secret: Patch
    ) -> Relations:
        asserted = _Holding(after.asserted_private)
        changed = {}
        among = _both(_both(done.gained, done.lost), _both(_both(open_.gained, open_.lost), _both(*secret)))
        for predicate, pairs in among.items():
            holds = done.new.stack(predicate).having(pairs)
            holds -= open_.new.stack(predicate).having(holds)
            holds -= asserted.those(predicate, holds)
            changed[predicate] = _with_of(after.inferred_private.get_relation(predicate), pairs, holds)
        return after.inferred_private.changed(changed)

    def _standing(
        self,
        done: Maintenance,
        touched: Rows,
        stated: Patch,
        different: Pairs,
    ) -> Standing:
        """`stated` is what changed of facts that need no reason, `different` those of owl:differentFrom."""
        kind = self.program.rules.vocabulary.different_from
        redefined = any(part.get(kind) for part in stated)
        change = Change(
            done.old,
            done.new,
            done.gained_rows,
            done.lost_rows,
            touched,
            done.regrouped,
            different,
            redefined,
        )
        return Standing(self.program, change)


def _told(one: Contradiction) -> list[Any]:
    return [one.source.names, one.source.axiom, one.witnesses, one.facts]


def _read(told: list[Any]) -> Contradiction:
    names, axiom, witnesses, facts = told
    return Contradiction(Source(tuple(names), axiom), tuple(witnesses), tuple((s, p, o) for s, p, o in facts))


class _Holding:
    """Look-ups in the relations of a view; nothing is merged for them."""

    def __init__(self, view: Relations) -> None:
        self._view = view

    def those(self, predicate: int, pairs: Set[int]) -> set[int]:
        """Those of `pairs` that a predicate has."""
        return Stack([self._view.get_relation(predicate).rows]).having(pairs) if pairs else set()


def _with_of(relation: Relation, pairs: Set[int], wanted: Set[int]) -> Relation:
    """A relation with those of `pairs` alone that are `wanted`."""
    there = Stack([relation.rows]).having(pairs)
    if there == wanted:
        return relation
    return relation.changed(in_order(wanted - there), in_order(there - wanted))


def _difference(before: Relations, after: Relations) -> Patch:
    """The pairs that came and those that went, at the cost of what changed."""
    added, removed = {}, {}
    for predicate in after.differing(before):
        old, new = before.get_relation(predicate), after.get_relation(predicate)
        pairs = set(new.rows.touched(old.rows).tolist())
        was, is_now = Stack([old.rows]).having(pairs), Stack([new.rows]).having(pairs)
        added[predicate], removed[predicate] = is_now - was, was - is_now
    return added, removed


def _both(left: Rows, right: Rows) -> Rows:
    """The union, by predicate."""
    return {**left, **{key: rows | left[key] if key in left else rows for key, rows in right.items()}}
