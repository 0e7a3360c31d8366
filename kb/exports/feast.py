"""A feature repository for Feast: Parquet sources with event times, and the definitions that `feast apply` reads.

Activity is known at the midnight after it happened, so that a join at any time sees nothing of that day or later.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from .files import Files, keys
from .material import Material

_DEFINITIONS = Path(__file__).parent / "loaders" / "feast.py"
_STORE = """\
project: commerce_kb
provider: local
registry: data/registry.db
online_store:
  type: sqlite
  path: data/online_store.db
offline_store:
  type: file
entity_key_serialization_version: 3
"""
_ALWAYS = pa.scalar(datetime(1970, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC"))


def write(material: Material, files: Files) -> dict[str, object]:
    """``feature_store.yaml``, ``definitions.py``, three sources, and ``data/interactions.parquet`` to join them to."""
    split = material.split
    files.parquet("data/buyer_activity.parquet", material.activity(of="buyer", others="products"))
    files.parquet(
        "data/product_activity.parquet", _short(material.activity(of="spu", others="buyers"), "spu")
    )
    files.parquet("data/product_catalogue.parquet", _catalogue(material))
    files.parquet("data/interactions.parquet", _interactions(material))
    files.text("feature_store.yaml", _STORE)
    files.text("definitions.py", _DEFINITIONS.read_text(encoding="utf-8"))
    return {"valid_from": split.valid_from.isoformat(), "test_from": split.test_from.isoformat()}


def _catalogue(material: Material) -> pa.Table:
    """Products since they were first seen; those of which nobody said when, since ever."""
    spus = material["dim_spu"].rows
    since = pc.coalesce(spus["first_seen_at"].cast(_ALWAYS.type), _ALWAYS)
    return pa.table(
        {
            "spu": keys(spus["spu"]),
            "event_timestamp": since,
            "created_timestamp": since,
            "name": pc.coalesce(spus["name"], spus["name_zh"]),
            **{column: keys(spus[column]) for column in ("brand", "category", "series")},
        }
    )


def _interactions(material: Material) -> pa.Table:
    """The entity rows to ask features for: who met what and when, and the side of the split it falls to."""
    parts = []
    for name in ("train", "valid", "test"):
        rows = getattr(material.split, name)
        columns = {
            "buyer": rows["buyer"],
            "spu": keys(rows["item"]),
            "event_timestamp": rows["occurred_at"],
            "kind": rows["kind"],
            "split": pa.array([name] * len(rows), pa.string()),
        }
        parts.append(pa.table(columns))
    return pa.concat_tables(parts).combine_chunks()


def _short(rows: pa.Table, column: str) -> pa.Table:
    return rows.set_column(rows.column_names.index(column), column, keys(rows[column]))
