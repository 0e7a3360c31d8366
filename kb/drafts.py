"""Drafts: changes whose quads are known before their turn comes; many are judged in one pass.

What a small commit costs is mostly the number of arrays that are looked at, not their length. Drafts that touch
different quads, with no shape to judge them and no private row, are therefore encoded, compared with the graph and
decoded for the journal together, and give what they would give one after another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

import numpy as np
import pyarrow as pa
import pyoxigraph as ox
from numpy.typing import NDArray

from . import graphs, skolem
from .columns.batches import batches_of
from .columns.dictionary import Dictionary
from .columns.image import Image
from .columns.rows import Quads, Rows
from .pipeline import Judged, Model, Patch, Wish, provenance
from .store import Commit
from .store.journal import Record

# More rows than these are not small any more.
_MOST = 20_000


@dataclass(frozen=True)
class Draft:
    """A change that needs nothing of the store to be made; its commit gets a number when its turn comes."""

    commit: Commit
    added: tuple[pa.RecordBatch, ...]
    removed: tuple[pa.RecordBatch, ...]

    @classmethod
    def of(cls, commit: Commit, *, added: Iterable[ox.Quad], removed: Iterable[ox.Quad]) -> Draft:
        """A draft from quads; new blank nodes are skolemised."""
        added = list(added)
        fresh = batches_of(added)
        if any(
            isinstance(term, ox.BlankNode)
            for quad in added
            for term in (quad.subject, quad.object, quad.graph_name)
        ):
            beginning = skolem.prefix(commit.id, 0)
            fresh = (skolem.skolemised(batch, beginning) for batch in fresh)
        return cls(commit, tuple(fresh), tuple(batches_of(removed)))

    def __len__(self) -> int:
        return sum(map(len, (*self.added, *self.removed)))

    def wish(self, number: int, image: Image) -> Wish:
        """The draft as a wish by itself."""
        patch = Patch(*(Rows.encoded(image.dictionary, some) for some in (self.added, self.removed)))
        return Wish(replace(self.commit, number=number), patch)


def judge_together(image: Image, drafts: Sequence[Draft], number: int) -> list[Judged | None] | None:
    """What becomes of drafts that no shape judges, carried one after another from commit `number` on.

    None for one that changes nothing; None at all where they can't be looked at together. The image of each is
    the one that all of them make.
    """
    if sum(map(len, drafts)) > _MOST:
        return None
    asked = _Asked.of(image.dictionary, drafts)
    names = {one: image.dictionary.text(one)[1:-1] for one in asked.graphs}
    # What the second of two that speak of one quad changes depends on the first.
    if asked.repeats or any(map(graphs.is_private, names.values())) or Model.is_read_from(names.values()):
        return None
    added, removed = image.effective(added=Rows.of(asked.added), removed=Rows.of(asked.removed))
    came, went = added.quads, image.as_received(removed).quads
    by_came, by_went = asked.drafts_of(came), asked.drafts_of(went)
    commits: list[Commit | None] = []
    for place, draft in enumerate(drafts):
        here, there = by_came == place, by_went == place
        written = {*came.graphs[here].tolist(), *went.graphs[there].tolist()}
        if not written:
            commits.append(None)
            continue
        listed = " ".join(sorted(names[graph] for graph in written))
        counts = int(np.count_nonzero(here)), int(np.count_nonzero(there))
        numbered = replace(draft.commit, number=number, graphs=listed, added=counts[0], removed=counts[1])
        commits.append(numbered)
        number += 1
    known = np.array([one is not None for one in commits])[asked.by_notes]
    notes, by_notes = asked.notes.taken(np.flatnonzero(known)), asked.by_notes[known]
    changed = image.changed(added=added.plus(Rows.of(notes)), removed=removed)
    gains = _divided(came.plus(notes), np.concatenate([by_came, by_notes]), len(drafts), image.dictionary)
    losses = _divided(went, by_went, len(drafts), image.dictionary)
    return [
        Judged(Record(commit, [gain], [loss] if len(loss) else []), changed) if commit else None
        for commit, gain, loss in zip(commits, gains, losses, strict=True)
    ]


@dataclass(frozen=True)
class _Asked:
    """What drafts ask for, encoded, the notes about their commits, and whose each is, as a place among the drafts.

    `owners` is by subject, predicate, stored object and graph of what is to be added or removed.
    """

    dictionary: Dictionary
    added: Quads
    removed: Quads
    notes: Quads
    by_notes: NDArray[np.int64]
    owners: dict[tuple[int, ...], int]

    @classmethod
    def of(cls, dictionary: Dictionary, drafts: Sequence[Draft]) -> _Asked:
        about = [provenance(one.commit) for one in drafts]
        notes = list(batches_of(chain(*about), graphs.COMMITS))
        batches = [*chain(*(one.added for one in drafts)), *chain(*(one.removed for one in drafts)), *notes]
        sizes = [
            [sum(map(len, one.added)) for one in drafts],
            [sum(map(len, one.removed)) for one in drafts],
            [len(one) for one in about],
        ]
        quads = Quads.encoded(dictionary, batches)
        places = [np.repeat(np.arange(len(drafts)), some) for some in sizes]
        bounds = pairwise(np.cumsum([0, *map(len, places)]))
        added, removed, noted = (quads.taken(np.arange(begin, end)) for begin, end in bounds)
        owners: dict[tuple[int, ...], int] = {}
        for some, whose in ((added, places[0]), (removed, places[1])):
            owners.update(zip(_keys(dictionary, some), whose.tolist(), strict=True))
        return cls(dictionary, added, removed, noted, places[2], owners)

    @property
    def graphs(self) -> set[int]:
        return {*self.added.graphs.tolist(), *self.removed.graphs.tolist()}

    @property
    def repeats(self) -> bool:
        return len(self.owners) < len(self.added) + len(self.removed)

    def drafts_of(self, quads: Quads) -> NDArray[np.int64]:
        """The place of the draft that speaks of each quad."""
        return np.array([self.owners[key] for key in _keys(self.dictionary, quads)], np.int64)


def _keys(dictionary: Dictionary, quads: Quads) -> Iterator[tuple[int, ...]]:
    columns = [quads.subjects, quads.predicates, dictionary.stored_of(quads.objects), quads.graphs]
    return zip(*(column.tolist() for column in columns), strict=True)


def _divided(
    quads: Quads, places: NDArray[np.int64], count: int, dictionary: Dictionary
) -> list[pa.RecordBatch]:
    """For each of `count` places its quads, as a batch; all are decoded at once."""
    order = np.argsort(places, kind="stable")
    batch, bounds = quads.taken(order).batch(dictionary), np.searchsorted(places[order], np.arange(count + 1))
    return [batch.slice(begin, end - begin) for begin, end in pairwise(bounds.tolist())]
