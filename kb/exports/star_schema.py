"""Parquet tables: dimensions as one file each, facts as one for each month; and what changed between two commits."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ..star import Table
from .files import Files
from .material import Material


def write(material: Material, files: Files) -> dict[str, object]:
    """All tables."""
    for table in material.tables():
        if table.name.startswith(("bridge_", "dim_")):
            files.parquet(f"{table.name}.parquet", table.rows)
        else:
            _write_months(table, files)
    return {}


def write_changes(material: Material, before: Material, files: Files) -> dict[str, object]:
    """For each table that differs: rows that are new or changed, and the keys of those that are gone."""
    for table in material.tables():
        old = before[table.name].rows
        upserts = _without(table.rows, old)
        keys = list(table.definition.key)
        deletes = _without(old.select(keys), table.rows.select(keys))
        if len(upserts):
            files.parquet(f"{table.name}.upserts.parquet", upserts)
        if len(deletes):
            files.parquet(f"{table.name}.deletes.parquet", deletes)
    return {}


def _write_months(table: Table, files: Files) -> None:
    times = next(
        (one for one in table.rows.column_names if pa.types.is_timestamp(table.rows[one].type)), None
    )
    if times is None or not len(table.rows):
        files.parquet(f"{table.name}/part-0.parquet", table.rows)
        return
    months = pc.fill_null(pc.strftime(table.rows[times], "%Y-%m"), "unknown")
    for month in sorted(pc.unique(months).to_pylist()):
        files.parquet(
            f"{table.name}/month={month}/part-0.parquet", table.rows.filter(pc.equal(months, month))
        )


def _without(rows: pa.Table, others: pa.Table) -> pa.Table:
    """The rows that are not among `others`, in the order of their columns."""
    import duckdb

    with duckdb.connect() as connection:
        plain = {name: _without_zones(one) for name, one in (("rows", rows), ("others", others))}
        for name, one in plain.items():
            connection.register(name, one)
        found = connection.sql("SELECT * FROM rows EXCEPT SELECT * FROM others ORDER BY ALL").to_arrow_table()
    return found.cast(rows.schema)


def _without_zones(rows: pa.Table) -> pa.Table:
    plain = [one.cast(pa.timestamp("us")) if pa.types.is_timestamp(one.type) else one for one in rows.columns]
    return pa.table(plain, names=rows.column_names)
