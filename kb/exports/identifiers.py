"""Numbers for entities: from 0 without gaps by type, and the same in every export that replaces an earlier one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_SCHEMA = pa.schema([("iri", pa.string()), ("id", pa.int64()), ("type", pa.string())])


def numbered(iris: pa.Array, type: str, *, before: Path | None) -> pa.Table:
    """iri, id, type: those of the map `before` keep their numbers, new ones follow in the order of their IRIs.

    What is gone keeps its number, so that no number ever means something else.

    >>> numbered(pa.array(["b", "a", "b"]), "item", before=None).to_pydict()["iri"]
    ['a', 'b']
    """
    known = (
        pq.read_table(before, schema=_SCHEMA)
        if before is not None and before.is_file()
        else _SCHEMA.empty_table()
    )
    wanted = pc.unique(iris.cast(pa.string()))
    fresh = wanted.filter(pc.invert(pc.is_in(wanted, known["iri"].combine_chunks())))
    fresh = fresh.take(pc.sort_indices(fresh))
    added = pa.table(
        [
            fresh,
            pa.array(np.arange(len(known), len(known) + len(fresh))),
            pa.array([type] * len(fresh), pa.string()),
        ],
        schema=_SCHEMA,
    )
    return pa.concat_tables([known, added]).combine_chunks()


def numbers_of(iris: pa.Array | pa.ChunkedArray, numbering: pa.Table) -> pa.Array:
    """The numbers of IRIs, null for those that have none."""
    return pc.index_in(iris.cast(pa.string()), numbering["iri"].combine_chunks()).cast(pa.int64())
