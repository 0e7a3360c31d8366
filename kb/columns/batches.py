"""Quad batches: quads on their way, as Arrow record batches of terms in N-Triples syntax.

The columns are s, p, o, g. Files, tables, patches and Python all become such batches; the dictionary encodes them
and Oxigraph reads them as N-Quads text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

BATCH_ROWS = 131_072
QUAD_SCHEMA = pa.schema([(name, pa.large_string()) for name in "spog"])


def batches_of(quads: Iterable[ox.Quad], graph: str | None = None) -> Iterator[pa.RecordBatch]:
    """Quads as batches; those of the default graph go to `graph`.

    >>> quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("x", language="en"))
    >>> next(batches_of([quad], "urn:g")).to_pylist()
    [{'s': '<urn:s>', 'p': '<urn:p>', 'o': '"x"@en', 'g': '<urn:g>'}]
    """
    default = f"<{graph}>"
    remaining = iter(quads)
    while block := list(islice(remaining, BATCH_ROWS)):
        columns = [
            [str(quad.subject) for quad in block],
            [str(quad.predicate) for quad in block],
            [str(quad.object) for quad in block],
            [str(quad.graph_name) for quad in block],
        ]
        columns[3] = [default if name == "DEFAULT" else name for name in columns[3]]
        yield pa.RecordBatch.from_arrays(
            [pa.array(column, pa.large_string()) for column in columns], schema=QUAD_SCHEMA
        )


def lines(batch: pa.RecordBatch, prefix: str = "", *, graphs: bool = True) -> memoryview:
    """A batch as N-Quads text in UTF-8, each line behind `prefix`; N-Triples without `graphs`.

    >>> quad = ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("é"), ox.NamedNode("urn:g"))
    >>> bytes(lines(next(batches_of([quad])), "A ")).decode()
    'A <urn:s> <urn:p> "é" <urn:g> .\\n'
    """
    columns = [batch.column(name).cast(pa.large_string()) for name in ("spog" if graphs else "spo")]
    text = pa.scalar(" ", pa.large_string())
    joined = pc.binary_join_element_wise(*columns, text)
    ended = pc.binary_join_element_wise(pa.scalar(prefix, pa.large_string()), joined, " .\n", "")
    data = ended.buffers()[2]
    return memoryview(data) if data is not None else memoryview(b"")
