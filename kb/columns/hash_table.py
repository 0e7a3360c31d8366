"""A hash table in one array: 64-bit hashes to ids by open addressing, for many hashes at once.

A slot holds the lower half of a hash above an id, or 0 when it is free; the upper bits of the hash say where to
begin. An array, it is used from a file as it lies there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from .kernels import Ids

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]
_HALF = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
_FEWEST = 64


class HashTable:
    """The ids from `first` on, `size` of them, in a power of two of `slots`, of which a third is free.

    >>> hashes = np.array([5, 6, 7], np.uint64) << np.uint64(60)
    >>> table = HashTable.of(1, hashes[:2])
    >>> table.walk(hashes, table.begin(hashes))[0]
    array([1, 2, 0], dtype=uint32)
    """

    def __init__(self, slots: NDArray[np.uint64], first: int, size: int) -> None:
        self.slots = slots
        self.first = first
        self.size = size
        self.kept: Mapping[str, tuple[str, int, int]] = {}
        self._shift = np.uint64(65 - len(slots).bit_length())
        self._mask = len(slots) - 1

    @classmethod
    def of(cls, first: int, hashes: Hashes) -> HashTable:
        """A table of the ids from `first` on, which have these hashes; there is room for as many again."""
        slots = max(_FEWEST, 1 << (3 * len(hashes) // 2).bit_length())
        table = cls(np.zeros(slots, np.uint64), first, 0)
        table.add(hashes)
        return table

    def has_room(self, count: int) -> bool:
        """Whether that many hashes can be added."""
        return 3 * (self.size + count) <= 2 * len(self.slots)

    def add(self, hashes: Hashes) -> None:
        """Give the next ids to `hashes`, whether they are known or not."""
        ids = np.arange(self.first + self.size, self.first + self.size + len(hashes), dtype=np.uint64)
        entries = (hashes << _HALF) | ids
        places = self.begin(hashes)
        while len(entries):
            free = self.slots[places] == 0
            self.slots[places[free]] = entries[free]
            # Where several want one place the last has it, and the others go on.
            homeless = self.slots[places] != entries
            entries, places = entries[homeless], (places[homeless] + 1) & self._mask
        self.size += len(hashes)

    def begin(self, hashes: Hashes) -> Places:
        """Where a walk for each hash begins."""
        return (hashes >> self._shift).astype(np.int64)

    def walk(self, hashes: Hashes, places: Places) -> tuple[Ids, Places]:
        """Walk from `places` on: the first id that may have each hash, 0 where none has, and the place behind it."""
        ids, ends = np.zeros(len(hashes), np.uint32), places.copy()
        rows, tags = np.arange(len(hashes)), hashes & _LOW
        while len(rows):
            entries = self.slots[places]
            places = (places + 1) & self._mask
            hit = (entries >> _HALF) == tags
            ids[rows[hit]] = (entries[hit] & _LOW).astype(np.uint32)
            ends[rows] = places
            on = ~hit & (entries != 0)
            rows, tags, places = rows[on], tags[on], places[on]
        return ids, ends

    def candidates(self, hash: int) -> Iterator[int]:
        """The ids that may have one hash."""
        place, tag = hash >> int(self._shift), hash & int(_LOW)
        while entry := int(self.slots[place]):
            if entry >> 32 == tag:
                yield entry & int(_LOW)
            place = (place + 1) & self._mask
