"""Netting: what a run of patches amounts to. What is added and removed again is gone from it, and the reverse."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ..columns.batches import BATCH_ROWS
from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, Pairs, distinct, heads, pack, tails
from ..columns.rows import Rows
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


class _Steps(NamedTuple):
    """Rows in the order of time: graph and predicate packed, subject and object packed, whether it was added."""

    keys: NDArray[np.uint64]
    pairs: Pairs
    adds: NDArray[np.bool_]


class Netting:
    """Takes batches in the order of time; holds no more than the net of them, and a batch.

    >>> quad = {"s": ["<urn:s>"], "p": ["<urn:p>"], "o": ['"1"'], "g": ["<urn:g>"]}
    >>> netting = Netting(Dictionary())
    >>> for adds in (True, False, True):
    ...     netting.take(pa.RecordBatch.from_pydict(quad), adds=adds)
    >>> len(netting.net().added), len(netting.net().removed)
    (1, 0)
    """

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._waiting: list[tuple[pa.RecordBatch, bool]] = []
        self._rows = 0
        # Nets of adjoining stretches, each at least twice as long as the next.
        self._nets: list[_Steps] = []

    def take(self, batch: pa.RecordBatch, *, adds: bool) -> None:
        """The next rows, added or removed."""
        self._waiting.append((batch, adds))
        self._rows += len(batch)
        if self._rows >= BATCH_ROWS:
            self._settle()

    def net(self) -> Net:
        """What all of it amounts to."""
        self._settle(everything=True)
        steps = self._nets[0] if self._nets else None
        added, removed = (Rows() if steps is None else _rows(steps, adds=adds) for adds in (True, False))
        return Net(self.dictionary, added, removed)

    def _settle(self, *, everything: bool = False) -> None:
        if self._waiting:
            self._nets.append(self._settled([self._encoded()]))
        while len(self._nets) > 1 and (everything or len(self._nets[-2].keys) < 2 * len(self._nets[-1].keys)):
            later, earlier = self._nets.pop(), self._nets.pop()
            self._nets.append(self._settled([earlier, later]))

    def _encoded(self) -> _Steps:
        """Many small patches are encoded at once: the dictionary is slow with few terms at a time."""
        batches = [batch for batch, _ in self._waiting]
        subjects, predicates, objects, graphs = (
            self.dictionary.encode(_column(batches, name)) for name in "spog"
        )
        adds = np.repeat([adds for _, adds in self._waiting], [len(batch) for batch in batches])
        self._waiting, self._rows = [], 0
        return _Steps(pack(graphs, predicates), pack(subjects, objects), adds)

    def _settled(self, stretches: list[_Steps]) -> _Steps:
        keys, pairs, adds = (np.concatenate(parts) for parts in zip(*stretches, strict=True))
        if not len(keys):
            return _Steps(keys, pairs, adds)
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
        return _Steps(keys[kept], pairs[kept], adds[kept])


def net_of(journal: Journal, numbers: Iterable[int], dictionary: Dictionary) -> Net:
    """What the commits of `numbers`, in this order, amount to."""
    netting = Netting(dictionary)
    for number in numbers:
        for adds in (False, True):
            for batch in journal.read(number, adds=adds):
                netting.take(batch, adds=adds)
    return netting.net()


def plain(pairs: Pairs, stored: Ids) -> Pairs:
    """Pairs with their objects as they are stored; `stored` is the dictionary's column."""
    return pack(heads(pairs), stored[tails(pairs)])


def stored_rows(rows: Rows, dictionary: Dictionary) -> Rows:
    """Rows with their objects as they are stored."""
    stored = dictionary.stored
    return Rows({key: distinct(plain(pairs, stored)) for key, pairs in rows.pairs.items()})


def _column(batches: list[pa.RecordBatch], name: str) -> pa.Array:
    if len(batches) == 1:
        return batches[0].column(name)
    # Batches may be coded by dictionaries of their own.
    return pa.concat_arrays([batch.column(name).cast(pa.large_string()) for batch in batches])


def _rows(steps: _Steps, *, adds: bool) -> Rows:
    keys, pairs = steps.keys[steps.adds == adds], steps.pairs[steps.adds == adds]
    begins = np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))
    parts = np.split(pairs, begins[1:])
    return Rows(
        {
            (int(key >> np.uint64(32)), int(key & _LOW)): distinct(part)
            for key, part in zip(keys[begins], parts, strict=False)
        }
    )
