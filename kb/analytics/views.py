"""The graph that a reader sees of a snapshot, and what it keeps of the one before."""

from __future__ import annotations

from functools import partial

from ..columns.image import Image
from .engine import Engine
from .graph import Change, Graph
from .planning import Plans
from .terms import Terms

# Where more rows would be compared, a predicate is read anew.
_MOST_COMPARED = 50_000


class View(Graph):
    """The open graphs of an image, with private ones and consequences or without."""

    def __init__(self, terms: Terms, image: Image, *, private: bool, inferred: bool) -> None:
        pairs_of = partial(image.open_pairs, private=private, inferred=inferred)
        super().__init__(terms, pairs_of, lambda: image.open_predicates)
        self.image = image
        self.private = private
        self.inferred = inferred

    def over(self, image: Image) -> View:
        """The same of a later image whose dictionary the terms have followed."""
        seen = {"private": self.private, "inferred": self.inferred}
        made = View(self.terms, image, **seen)
        compared = image.differing(self.image, **seen)
        changes: dict[int, Change | None] = dict.fromkeys(compared)
        few = [key for key, rows in compared.items() if rows <= _MOST_COMPARED]
        gained, lost = image.difference(self.image, predicates=few, **seen)
        for key in few:
            changes[key] = Change(gained.get(0, key), lost.get(0, key))
        made.take_over(self, changes)
        return made


def engine_of(image: Image, *, private: bool, inferred: bool, plans: Plans) -> Engine:
    """An engine that knows nothing yet."""
    size = len(image.dictionary)
    terms = Terms(image.dictionary, room=size // 16 + 32_768)
    return Engine(View(terms, image, private=private, inferred=inferred), plans)


def succeeding(engine: Engine, image: Image) -> Engine | None:
    """An engine for a later image, which goes on with what an earlier one knows; None where it can't."""
    view = engine.graph
    assert isinstance(view, View)
    moved = view.terms.follow(image.dictionary)
    if moved is None:
        return None
    engine.oracle.rename(moved)
    return Engine(view.over(image), engine.plans, engine.oracle)
