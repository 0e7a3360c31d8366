"""Rows: quads as packed pairs, by graph and predicate; what a patch adds or removes, in columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from .batches import BATCH_ROWS, QUAD_SCHEMA
from .dictionary import Dictionary
from .kernels import NO_PAIRS, Ids, Pairs, distinct, heads, pack, subtract, tails, unite

_FEW = 4_096
_TEXT = pa.large_string()


@dataclass(frozen=True)
class Quads:
    """Quads as four aligned columns of ids, in any order."""

    subjects: Ids
    predicates: Ids
    objects: Ids
    graphs: Ids

    @classmethod
    def encoded(cls, dictionary: Dictionary, batches: Sequence[pa.RecordBatch]) -> Quads:
        """Encode quad batches, at the cost of one look-up where they are small."""
        columns = [[batch.column(name) for batch in batches] for name in "spog"]
        if not batches:
            return cls(*np.empty((4, 0), np.uint32))
        if sum(map(len, batches)) > _FEW:
            return cls(*(np.concatenate([dictionary.encode(one) for one in column]) for column in columns))
        terms = [part for column in columns for part in column]
        plain = [one if one.type == _TEXT else one.cast(_TEXT) for one in terms]
        return cls(*dictionary.encode(pa.concat_arrays(plain)).reshape(4, -1))

    def __len__(self) -> int:
        return len(self.subjects)

    @property
    def columns(self) -> list[Ids]:
        """Subjects, predicates, objects, graphs."""
        return [self.subjects, self.predicates, self.objects, self.graphs]

    def taken(self, places: NDArray[np.integer]) -> Quads:
        """The quads at some places."""
        return Quads(*(column[places] for column in self.columns))

    def plus(self, other: Quads) -> Quads:
        """These, and others behind them."""
        return Quads(*map(np.concatenate, zip(self.columns, other.columns, strict=True)))

    def batch(self, dictionary: Dictionary) -> pa.RecordBatch:
        """The quads as one batch in N-Triples syntax."""
        terms, size = dictionary.decode(np.concatenate(self.columns)), len(self)
        columns = [terms.slice(number * size, size) for number in range(4)]
        return pa.RecordBatch.from_arrays(columns, schema=QUAD_SCHEMA)


class Rows:
    """(graph id, predicate id) -> packed (subject, object) pairs, sorted and distinct; graph 0 is no graph.

    >>> dictionary = Dictionary()
    >>> quad = {"s": ["<urn:s>"], "p": ["<urn:p>"], "o": ['"1"'], "g": ["<urn:g>"]}
    >>> batch = pa.RecordBatch.from_pydict(quad)
    >>> rows = Rows.encoded(dictionary, [batch])
    >>> len(rows), next(rows.batches(dictionary)).to_pylist()
    (1, [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"1"', 'g': '<urn:g>'}])
    """

    def __init__(self, pairs: dict[tuple[int, int], Pairs] | None = None) -> None:
        self.pairs = {key: one for key, one in (pairs or {}).items() if len(one)}

    @classmethod
    def encoded(cls, dictionary: Dictionary, batches: Iterable[pa.RecordBatch]) -> Rows:
        """Encode quad batches (columns s, p, o, g in N-Triples syntax)."""
        parts: dict[tuple[int, int], list[Pairs]] = defaultdict(list)
        for batch in batches:
            for key, some in cls.of(Quads.encoded(dictionary, [batch])).pairs.items():
                parts[key].append(some)
        return cls({key: distinct(np.concatenate(some)) for key, some in parts.items()})

    @classmethod
    def of(cls, quads: Quads) -> Rows:
        """The rows that quads make."""
        pairs, keys = pack(quads.subjects, quads.objects), pack(quads.graphs, quads.predicates)
        order = np.argsort(keys, kind="stable")
        keys, pairs = keys[order], pairs[order]
        begins = np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))
        names = [(key >> 32, key & 0xFFFFFFFF) for key in keys[begins].tolist()]
        return cls(dict(zip(names, map(distinct, np.split(pairs, begins[1:])), strict=False)))

    @property
    def quads(self) -> Quads:
        """The rows as quads."""
        if not self.pairs:
            return Quads(*np.empty((4, 0), np.uint32))
        sizes = [len(one) for one in self.pairs.values()]
        pairs = np.concatenate(list(self.pairs.values()))
        graphs, predicates = (np.repeat(one, sizes) for one in np.array(list(self.pairs), np.uint32).T)
        return Quads(heads(pairs), predicates, tails(pairs), graphs)

    def __len__(self) -> int:
        return sum(len(one) for one in self.pairs.values())

    def __iter__(self) -> Iterator[tuple[int, int, Pairs]]:
        """Graph id, predicate id, pairs."""
        return ((graph, predicate, pairs) for (graph, predicate), pairs in self.pairs.items())

    @property
    def graphs(self) -> set[int]:
        """The ids of the graphs that have rows here."""
        return {graph for graph, _ in self.pairs}

    def get(self, graph: int, predicate: int) -> Pairs:
        """The pairs of one predicate in one graph."""
        return self.pairs.get((graph, predicate), NO_PAIRS)

    def minus(self, other: Rows) -> Rows:
        """The rows that `other` lacks."""
        return Rows({key: subtract(one, other.pairs.get(key, NO_PAIRS)) for key, one in self.pairs.items()})

    def plus(self, other: Rows) -> Rows:
        """The union of both."""
        both = {**other.pairs, **self.pairs}
        return Rows({key: unite(one, other.pairs.get(key, NO_PAIRS)) for key, one in both.items()})

    def batches(self, dictionary: Dictionary) -> Iterator[pa.RecordBatch]:
        """The rows as quad batches in N-Triples syntax."""
        block: list[tuple[int, int, Pairs]] = []
        room = BATCH_ROWS
        for graph, predicate, pairs in self:
            while len(pairs):
                part, pairs = pairs[:room], pairs[room:]
                block.append((graph, predicate, part))
                room -= len(part)
                if not room:
                    yield _batch(block, dictionary)
                    block, room = [], BATCH_ROWS
        if block:
            yield _batch(block, dictionary)


def _batch(block: list[tuple[int, int, Pairs]], dictionary: Dictionary) -> pa.RecordBatch:
    pairs = np.concatenate([part for _, _, part in block])
    lengths = [len(part) for _, _, part in block]
    columns = [
        dictionary.decode(heads(pairs)),
        _repeated([predicate for _, predicate, _ in block], lengths, dictionary),
        dictionary.decode(tails(pairs)),
        _repeated([graph for graph, _, _ in block], lengths, dictionary),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=QUAD_SCHEMA)


def _repeated(ids: list[int], lengths: list[int], dictionary: Dictionary) -> pa.Array:
    """The term of each id as often as its length says; id 0 gives the empty text."""
    names = dictionary.decode(np.array(ids, np.uint32)).fill_null("")
    return names.take(pa.array(np.repeat(np.arange(len(ids)), lengths)))
