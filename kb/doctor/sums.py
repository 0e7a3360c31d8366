"""Counts and order-independent hashes of quads, so that two holders of a graph can be compared as they stream.

A quad's hash mixes the XXH3 hashes of its three terms as they are stored; a graph's is the sum over its quads
modulo 2^64. Taking a quad away subtracts its hash: the journal's graph is the sum over its patches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from ..columns.dictionary import Dictionary
from ..columns.image import Image
from ..columns.kernels import Pairs, heads, tails
from ..columns.relations import Relations

Hashes = NDArray[np.uint64]
_ASSERTED = ("asserted_public", "asserted_private", "ontology", "own")
# Odd constants of splitmix64 (Steele, Lea and Flood 2014) and of the golden ratio.
_GOLDEN, _FIRST, _SECOND = (
    np.uint64(one) for one in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)


@dataclass
class Tally:
    """Count and sum of hashes by key (a graph's id, or a predicate's)."""

    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    sums: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, keys: NDArray[np.integer], hashes: Hashes, adds: NDArray[np.bool_] | None = None) -> None:
        """Count rows in; those where `adds` is false are counted out."""
        if not len(keys):
            return
        signs = np.ones(len(keys), np.int64) if adds is None else np.where(adds, 1, -1)
        hashes = hashes if adds is None else np.where(adds, hashes, np.uint64(0) - hashes)
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        begins = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        counts, sums = np.add.reduceat(signs[order], begins), np.add.reduceat(hashes[order], begins)
        for key, count, total in zip(keys[begins].tolist(), counts.tolist(), sums.tolist(), strict=True):
            self.counts[key] += count
            self.sums[key] = (self.sums[key] + total) & 0xFFFFFFFFFFFFFFFF

    def differing(self, other: Tally) -> set[int]:
        """The keys whose counts or sums are not those of `other`."""
        return {
            key
            for key in {*self.counts, *other.counts}
            if (self.counts.get(key, 0), self.sums.get(key, 0))
            != (other.counts.get(key, 0), other.sums.get(key, 0))
        }


class TermHashes:
    """The hashes of a dictionary's terms by id, computed as it grows."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._hashes = np.zeros(1, np.uint64)

    def of_rows(self, predicates: NDArray[np.integer] | int, pairs: Pairs) -> Hashes:
        """The hash of each row, objects taken as they are stored."""
        known = self._known()
        subjects, objects = known[heads(pairs)], known[self.dictionary.stored[tails(pairs)]]
        properties = np.atleast_1d(known[predicates])
        return _scattered(_scattered(_scattered(subjects) + properties) + objects)

    def _known(self) -> Hashes:
        first, last = len(self._hashes), len(self.dictionary)
        if last >= first:
            terms = self.dictionary.decode(np.arange(first, last + 1, dtype=np.uint32))
            digests = (xxhash.xxh3_64_intdigest(one) for one in terms.cast(pa.large_binary()).to_pylist())
            fresh = np.fromiter(digests, np.uint64, len(terms))
            self._hashes = np.concatenate([self._hashes, fresh])
        return self._hashes


def by_graph(image: Image, hashes: TermHashes) -> Tally:
    """The columns' quads by graph, consequences left aside."""
    tally = Tally()
    for predicate, pairs, sets in _relations(getattr(image, view) for view in _ASSERTED):
        within = Tally()
        within.add(sets, hashes.of_rows(predicate, pairs))
        for number, count in within.counts.items():
            for graph in image.sets.members(number):
                tally.counts[graph] += count
                tally.sums[graph] = (tally.sums[graph] + within.sums[number]) & 0xFFFFFFFFFFFFFFFF
    return tally


def by_predicate(
    image: Image, hashes: TermHashes, *, inferred: bool, deferred: frozenset[int] = frozenset()
) -> Tally:
    """The triples of a query's default graph by predicate; of `deferred` properties without consequences."""
    tally = Tally()
    for predicate in image.open_predicates:
        pairs = image.open_pairs(predicate, inferred=inferred and predicate not in deferred)
        tally.add(np.full(len(pairs), predicate), hashes.of_rows(predicate, pairs))
    return tally


def _relations(views: Iterable[Relations]) -> Iterator[tuple[int, Pairs, NDArray[np.uint32]]]:
    for view in views:
        for predicate, relation in view.items():
            yield predicate, relation.pairs, relation.sets


def _scattered(values: Hashes) -> Hashes:
    """The finaliser of splitmix64: every bit of the input moves every bit of the output."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * _FIRST
    values = (values ^ (values >> np.uint64(27))) * _SECOND
    return values ^ (values >> np.uint64(31))
