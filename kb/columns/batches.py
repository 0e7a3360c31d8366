"""Quad batches: quads on their way, as Arrow record batches of terms in N-Triples syntax.

The columns are s, p, o, g. Files, tables, patches and Python all become such batches; the dictionary encodes
them and Oxigraph reads them as N-Quads text.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

BATCH_ROWS = 131_072
QUAD_SCHEMA = pa.schema([(name, pa.large_string()) for name in "spog"])
_SPACE, _NEWLINE, _QUOTE, _LESS, _GREATER = b' \n"<>'


def batches_of(
    quads: Iterable[ox.Quad] | Iterable[ox.Triple], graph: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Quads as batches; those of the default graph go to `graph`.

    >>> quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("x y", language="en"))
    >>> next(batches_of([quad], "urn:g")).to_pylist()
    [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"x y"@en', 'g': '<urn:g>'}]
    """
    remaining: Iterator[Any] = iter(quads)
    while block := list(islice(remaining, BATCH_ROWS)):
        text = io.BytesIO()
        ox.serialize(block, text, format=ox.RdfFormat.N_QUADS)
        yield _split(text.getbuffer(), f"<{graph}>")


def lines(batch: pa.RecordBatch, prefix: str = "", *, graphs: bool = True) -> memoryview:
    """A batch as N-Quads text in UTF-8, each line behind `prefix`; N-Triples without `graphs`.

    >>> quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("é"), ox.NamedNode("urn:g"))
    >>> bytes(lines(next(batches_of([quad])), "A ")).decode()
    'A <urn:s> <urn:p> "é" <urn:g> .\\n'
    """
    space, start, end, nothing = (pa.scalar(text, pa.large_string()) for text in (" ", prefix, " .\n", ""))
    columns = [batch.column(name).cast(pa.large_string()) for name in ("spog" if graphs else "spo")]
    joined = pc.binary_join_element_wise(*columns, space)
    data = pc.binary_join_element_wise(start, joined, end, nothing).buffers()[2]
    return memoryview(data) if data is not None else memoryview(b"")


def _split(text: memoryview, default: str) -> pa.RecordBatch:
    """Cut canonical N-Quads (one space between terms, `` .`` at the end of a line) at its term boundaries."""
    data = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(data == _NEWLINE) + 1
    starts = np.concatenate(([0], ends[:-1]))
    spaces = np.flatnonzero(data == _SPACE)
    first = np.searchsorted(spaces, starts)
    second_end, dot = spaces[first + 1], ends - 3
    last = spaces[np.searchsorted(spaces, dot) - 1]
    named = _names_graph(data, last + 1, dot) & (last > second_end)
    object_end = np.where(named, last, dot)
    # Seven pieces cover a line without gap: s, space, p, space, o, space-and-graph, end.
    cuts = np.column_stack(
        [starts, spaces[first], spaces[first] + 1, second_end, second_end + 1, object_end, dot]
    )
    offsets = np.append(cuts.ravel(), ends[-1]).astype(np.int64)
    pieces = pa.LargeStringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text))
    rows = np.arange(len(starts)) * cuts.shape[1]
    subjects, predicates, objects, graphs = (pieces.take(pa.array(rows + place)) for place in (0, 2, 4, 5))
    graphs = pc.if_else(
        pa.array(named), pc.utf8_ltrim_whitespace(graphs), pa.scalar(default, pa.large_string())
    )
    return pa.RecordBatch.from_arrays([subjects, predicates, objects, graphs], schema=QUAD_SCHEMA)


def _names_graph(data: NDArray[np.uint8], begin: NDArray, end: NDArray) -> NDArray[np.bool_]:
    """Whether the last token of a line is a graph name and not the tail of a literal with spaces in it."""
    quotes = np.flatnonzero(data == _QUOTE)
    unquoted = np.searchsorted(quotes, begin) == np.searchsorted(quotes, end)
    iri = (data[begin] == _LESS) & (data[end - 1] == _GREATER)
    blank = (data[begin] == ord("_")) & (data[begin + 1] == ord(":"))
    return unquoted & (iri | blank)
