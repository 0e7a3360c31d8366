"""Quad batches: quads on their way, as Arrow record batches of terms in N-Triples syntax.

The columns are s, p, o, g, of strings or coded by a dictionary. Files, tables, patches and Python all become such
batches; the dictionary encodes them and Oxigraph reads them as N-Quads text.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .cutting import Lines

BATCH_ROWS = 131_072
BLOCK_BYTES = 8 << 20
"""Text is cut in blocks of this size: they stay in the processor's cache, and terms repeat in them."""
_FEW = 1_000
_DEFAULT = ox.DefaultGraph()
QUAD_SCHEMA = pa.schema([(name, pa.large_string()) for name in "spog"])


def batches_of(
    quads: Iterable[ox.Quad] | Iterable[ox.Triple], graph: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Quads as batches; those of the default graph go to `graph`.

    >>> quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("x y", language="en"))
    >>> next(batches_of([quad], "urn:g")).to_pylist()
    [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"x y"@en', 'g': '<urn:g>'}]
    """
    remaining: Iterator[Any] = iter(quads)
    few = list(islice(remaining, _FEW))
    if len(few) < _FEW and not any(isinstance(one.object, ox.Triple) for one in few):
        # Text to cut is not worth its making.
        yield from [_written(few, f"<{graph}>")] * bool(few)
        return
    remaining = chain(few, remaining)
    while True:
        text = io.BytesIO()
        ox.serialize(islice(remaining, BATCH_ROWS), text, format=ox.RdfFormat.N_QUADS)
        if not text.tell():
            return
        yield from from_lines(text.getbuffer(), graph or "")


def _written(quads: list[Any], graph: str) -> pa.RecordBatch:
    """Quads term by term; `str` writes a term (but a triple) as the serialiser does."""
    names = [getattr(one, "graph_name", _DEFAULT) for one in quads]
    columns = [
        [str(one.subject) for one in quads],
        [str(one.predicate) for one in quads],
        [str(one.object) for one in quads],
        [graph if name == _DEFAULT else str(name) for name in names],
    ]
    return pa.RecordBatch.from_arrays(
        [pa.array(column, pa.large_string()) for column in columns], schema=QUAD_SCHEMA
    )


def from_lines(
    text: bytes | memoryview, graph: str = "", *, prefix: str = "", graphs: bool = True
) -> Iterator[pa.RecordBatch]:
    """Canonical N-Quads (N-Triples without `graphs`), each line behind `prefix`, as batches; undoes `lines`.

    Quads of the default graph go to `graph`. Terms are taken as they are: not for text that others wrote.
    Raises ValueError for a line that is not cut as canonical ones are.

    >>> next(from_lines(b'A <urn:s> <urn:p> "x y" <urn:g> .\\n', prefix="A ")).to_pylist()
    [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"x y"', 'g': '<urn:g>'}]
    """
    rest = memoryview(text)
    while len(rest):
        size = len(rest)
        if size > BLOCK_BYTES:
            size = bytes(rest[:BLOCK_BYTES]).rfind(b"\n") + 1 or bytes(rest).find(b"\n") + 1
        found = Lines(rest[:size], prefix, graphs=graphs)
        if rest[size - 1] != ord("\n") or not found.regular.all():
            raise ValueError("not canonical N-Quads")
        yield found.batch(graph, found.regular)
        rest = rest[size:]


def lines(batch: pa.RecordBatch, prefix: str = "", *, graphs: bool = True) -> memoryview:
    """A batch as N-Quads text in UTF-8, each line behind `prefix`; N-Triples without `graphs`.

    >>> quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("é"), ox.NamedNode("urn:g"))
    >>> bytes(lines(next(batches_of([quad])), "A ")).decode()
    'A <urn:s> <urn:p> "é" <urn:g> .\\n'
    """
    columns = [batch.column(name).cast(pa.large_string()) for name in ("spog" if graphs else "spo")]
    if prefix:
        columns[0] = pc.binary_join_element_wise(_text(prefix), columns[0], _text(""))
    data = pc.binary_join_element_wise(*columns, _text(".\n"), _text(" ")).buffers()[2]
    return memoryview(data) if data is not None else memoryview(b"")


def _text(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())
