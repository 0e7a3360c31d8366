"""Netting: what a run of patches amounts to. What is added and removed again is gone from it, and the reverse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..columns.batches import BATCH_ROWS
from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, Pairs, distinct, heads, pack, tails
from ..columns.rows import Rows
from ..errors import NotFound
from ..store import Journal

_LOW = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True)
class Net:
    """Rows that are in the later state alone, and in the earlier one alone; objects as they were received.

    Of a quad that was taken away and written again with another spelling of the same value (``1.50``, ``1.5``)
    the old spelling is among `removed` and the new one among `added`.
    """

    dictionary: Dictionary
    added: Rows
    removed: Rows

    @property
    def inverse(self) -> Net:
        """The way back."""
        return Net(self.dictionary, self.removed, self.added)


class Steps(NamedTuple):
    """Rows in the order of time: graph and predicate packed, subject and object packed, whether it was added."""

    keys: NDArray[np.uint64]
    pairs: Pairs
    adds: NDArray[np.bool_]


class Netting:
    """Takes rows in the order of time; holds no more than the net of them.

    >>> steps = Steps(np.array([1], np.uint64), np.array([2], np.uint64), np.array([True]))
    >>> dictionary = Dictionary()
    >>> _ = dictionary.encode(["<urn:s>", "<urn:o>"])
    >>> netting = Netting(dictionary)
    >>> netting.take(steps)
    >>> netting.take(steps._replace(adds=~steps.adds))
    >>> len(netting.net().added), len(netting.net().removed)
    (0, 0)
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        # Nets of adjoining stretches, each at least twice as long as the next.
        self._nets: list[Steps] = []

    def take(self, steps: Steps) -> None:
        """The next rows."""
        self._nets.append(self._settled([steps]))
        while len(self._nets) > 1 and len(self._nets[-2].keys) < 2 * len(self._nets[-1].keys):
            self._join()

    def net(self) -> Net:
        """What all of it amounts to."""
        while len(self._nets) > 1:
            self._join()
        if not self._nets:
            return Net(self.dictionary, Rows(), Rows())
        return Net(self.dictionary, _rows(self._nets[0], adds=True), _rows(self._nets[0], adds=False))

    def _join(self) -> None:
        later, earlier = self._nets.pop(), self._nets.pop()
        self._nets.append(self._settled([earlier, later]))

    def _settled(self, stretches: list[Steps]) -> Steps:
        keys, pairs, adds = (np.concatenate(parts) for parts in zip(*stretches, strict=True))
        if not len(keys):
            return Steps(keys, pairs, adds)
        stored = plain(pairs, self.dictionary.stored)
        order = np.lexsort((stored, keys))
        keys, pairs, adds, stored = keys[order], pairs[order], adds[order], stored[order]
        first = np.flatnonzero(
            np.concatenate(([True], (keys[1:] != keys[:-1]) | (stored[1:] != stored[:-1])))
        )
        last = np.append(first[1:], len(keys)) - 1
        respelt = pairs[first] != pairs[last]
        lost = first[~adds[first] & (~adds[last] | respelt)]
        gained = last[adds[last] & (adds[first] | respelt)]
        kept = np.concatenate([lost, gained])
        return Steps(keys[kept], pairs[kept], adds[kept])


def net_of(steps: Iterable[Steps], dictionary: Dictionary) -> Net:
    """What steps, encoded with this dictionary, amount to."""
    netting = Netting(dictionary)
    for some in steps:
        netting.take(some)
    return netting.net()


def steps_of(journal: Journal, numbers: Iterable[int], dictionary: Dictionary) -> Iterator[Steps]:
    """The rows of commits, many small ones at a time: the dictionary is slow with few terms at once.

    Raises NotFound for a commit whose patch went into the journal's base, StoreDamaged.
    """
    return _gathered(_patches(journal, numbers), dictionary)


def steps_until(journal: Journal, number: int, dictionary: Dictionary) -> Iterator[Steps]:
    """All rows that lead from nothing to a commit: those of the journal's base, then those of the patches.

    Raises NotFound when the base is of a later commit, StoreDamaged.
    """
    if number < journal.oldest - 1:
        raise NotFound(
            f"The journal's base is of commit #{journal.oldest - 1}, later than #{number}",
            hint=f"commits from #{journal.oldest - 1} on can be reached",
        )
    base = ((batch, True) for batch in journal.read_base())
    return _gathered(chain(base, _patches(journal, range(journal.oldest, number + 1))), dictionary)


def _patches(journal: Journal, numbers: Iterable[int]) -> Iterator[tuple[pa.RecordBatch, bool]]:
    for number in numbers:
        for adds in (False, True):
            for batch in journal.read(number, adds=adds):
                yield batch, adds


def _gathered(batches: Iterable[tuple[pa.RecordBatch, bool]], dictionary: Dictionary) -> Iterator[Steps]:
    waiting: list[tuple[pa.RecordBatch, bool]] = []
    rows = 0
    for batch, adds in batches:
        waiting.append((batch, adds))
        rows += len(batch)
        if rows >= BATCH_ROWS:
            yield _encoded(waiting, dictionary)
            waiting, rows = [], 0
    if waiting:
        yield _encoded(waiting, dictionary)


def plain(pairs: Pairs, stored: Ids) -> Pairs:
    """Pairs with their objects as they are stored; `stored` is the dictionary's column."""
    return pack(heads(pairs), stored[tails(pairs)])


def stored_rows(rows: Rows, dictionary: Dictionary) -> Rows:
    """Rows with their objects as they are stored."""
    stored = dictionary.stored
    return Rows({key: distinct(plain(pairs, stored)) for key, pairs in rows.pairs.items()})


def _encoded(batches: list[tuple[pa.RecordBatch, bool]], dictionary: Dictionary) -> Steps:
    subjects, predicates, objects, graphs = (dictionary.encode(_column(batches, name)) for name in "spog")
    adds = np.repeat([adds for _, adds in batches], [len(batch) for batch, _ in batches])
    return Steps(pack(graphs, predicates), pack(subjects, objects), adds)


def _column(batches: list[tuple[pa.RecordBatch, bool]], name: str) -> pa.Array:
    if len(batches) == 1:
        return batches[0][0].column(name)
    # Batches may be coded by dictionaries of their own.
    return pa.concat_arrays([batch.column(name).cast(pa.large_string()) for batch, _ in batches])


def _rows(steps: Steps, *, adds: bool) -> Rows:
    keys, pairs = steps.keys[steps.adds == adds], steps.pairs[steps.adds == adds]
    begins = np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))
    parts = np.split(pairs, begins[1:])
    return Rows(
        {
            (int(key >> np.uint64(32)), int(key & _LOW)): distinct(part)
            for key, part in zip(keys[begins], parts, strict=False)
        }
    )
