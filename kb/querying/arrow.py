"""Solutions as Arrow tables, and the two files that tables travel in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any, Literal

import pyarrow as pa
import pyoxigraph as ox

from ..columns.values import XSD

TableFormat = Literal["arrow", "parquet"]
TABLE_FORMATS: tuple[TableFormat, ...] = ("arrow", "parquet")
_INTEGERS = {"integer", "int", "long", "short", "nonNegativeInteger", "positiveInteger"}
_FLOATS = {"decimal", "double", "float"}


def column_of(values: Sequence[Any]) -> pa.Array:
    """Terms (None for unbound) as numbers or truth values where all are of one such type, else as strings.

    >>> column_of([ox.Literal(1), None]).type, column_of([ox.Literal(1), ox.NamedNode("urn:a")]).to_pylist()
    (DataType(int64), ['1', 'urn:a'])
    """
    types = {
        value.datatype.value.removeprefix(XSD) if isinstance(value, ox.Literal) else ""
        for value in values
        if value is not None
    }
    texts = [None if value is None else plain(value) for value in values]
    try:
        if types and types <= _INTEGERS:
            return pa.array([None if text is None else int(text) for text in texts], pa.int64())
        if types and types <= _INTEGERS | _FLOATS:
            return pa.array([None if text is None else float(text) for text in texts], pa.float64())
        if types == {"boolean"}:
            return pa.array([None if text is None else text in ("true", "1") for text in texts], pa.bool_())
    except (ValueError, OverflowError):
        pass  # An ill-typed literal: the column stays text.
    return pa.array(texts, pa.string())


def write_table(table: pa.Table, sink: IO[bytes], format: TableFormat) -> None:
    """Write a table as an Arrow IPC stream or as Parquet."""
    buffer = pa.BufferOutputStream()
    if format == "parquet":
        import pyarrow.parquet as pq  # Slow to import, and rarely asked for.

        pq.write_table(table, buffer, compression="zstd")
    else:
        with pa.ipc.new_stream(buffer, table.schema) as stream:
            stream.write_table(table)
    sink.write(memoryview(buffer.getvalue()))


def plain(term: Any) -> str:
    """A term as people read it: IRIs and values without brackets, quotes and types; nothing for unbound.

    >>> plain(ox.Literal("rouge", language="fr")), plain(None)
    ('rouge', '')
    """
    if term is None:
        return ""
    return term.value if hasattr(term, "value") else str(term)
