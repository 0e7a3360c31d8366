"""Rows: quads as packed pairs, by graph and predicate; what a patch adds or removes, in columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from .batches import BATCH_ROWS, QUAD_SCHEMA
from .dictionary import Dictionary
from .kernels import NO_PAIRS, Ids, Pairs, distinct, heads, pack, subtract, tails, unite

_FEW = 4_096


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
            subjects, predicates, objects, graphs = _encoded(batch, dictionary)
            pairs, keys = pack(subjects, objects), pack(graphs, predicates)
            order = np.argsort(keys, kind="stable")
            keys, pairs = keys[order], pairs[order]
            begins = np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))
            for key, part in zip(keys[begins], np.split(pairs, begins[1:]), strict=False):
                parts[int(key >> np.uint64(32)), int(key & np.uint64(0xFFFFFFFF))].append(distinct(part))
        return cls({key: distinct(np.concatenate(some)) for key, some in parts.items()})

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


def _encoded(batch: pa.RecordBatch, dictionary: Dictionary) -> Sequence[Ids]:
    columns = [batch.column(name) for name in "spog"]
    if len(batch) > _FEW:
        return [dictionary.encode(column) for column in columns]
    # One look-up for all four: of a few terms its beginning and its end cost the most.
    terms = pa.concat_arrays([column.cast(pa.large_string()) for column in columns])
    return list(dictionary.encode(terms).reshape(4, -1))


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
