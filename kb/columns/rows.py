"""Rows: quads as packed pairs, by graph and predicate; what a patch adds or removes, in columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from .batches import BATCH_ROWS, QUAD_SCHEMA
from .dictionary import Dictionary
from .kernels import NO_PAIRS, Pairs, distinct, heads, pack, subtract, tails, unite


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
            subjects, predicates, objects, graphs = (dictionary.encode(batch.column(name)) for name in "spog")
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
        for graph, predicate, pairs in self:
            name = dictionary.text(graph) if graph else ""
            for begin in range(0, len(pairs), BATCH_ROWS):
                part = pairs[begin : begin + BATCH_ROWS]
                yield pa.RecordBatch.from_arrays(
                    [
                        dictionary.decode(heads(part)),
                        pa.repeat(pa.scalar(dictionary.text(predicate), pa.large_string()), len(part)),
                        dictionary.decode(tails(part)),
                        pa.repeat(pa.scalar(name, pa.large_string()), len(part)),
                    ],
                    schema=QUAD_SCHEMA,
                )
