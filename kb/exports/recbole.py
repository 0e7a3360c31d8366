"""RecBole's atomic files (RecBole user guide, "Atomic files"): tab-separated, ``name:type`` in the header.

Interactions are split by time into three files; the knowledge graph has only what was known before the first test.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from .files import Files, keys
from .material import Material

_CONFIGURATION = """\
# A beginning for RecBole, in this folder: run_recbole(dataset="{name}", config_file_list=["dataset.yaml"])
data_path: ..
benchmark_filename: [train, valid, test]
field_separator: "\\t"
seq_separator: " "
USER_ID_FIELD: user_id
ITEM_ID_FIELD: item_id
RATING_FIELD: rating
TIME_FIELD: timestamp
HEAD_ENTITY_ID_FIELD: head_id
TAIL_ENTITY_ID_FIELD: tail_id
RELATION_ID_FIELD: relation_id
ENTITY_ID_FIELD: entity_id
load_col:
  inter: [user_id, item_id, timestamp]
  item: [item_id, name, brand, category]
  user: [user_id, segment]
  kg: [head_id, relation_id, tail_id]
  link: [item_id, entity_id]
"""


def write(material: Material, files: Files) -> dict[str, object]:
    """Three files of interactions, ``.item``, ``.user``, ``.kg``, ``.link``, and a ``dataset.yaml`` to begin with."""
    split = material.split
    for part in ("train", "valid", "test"):
        files.tsv(f"{files.name}.{part}.inter", _interactions(getattr(split, part)))
    items = _items(material)
    files.tsv(f"{files.name}.item", items)
    files.tsv(f"{files.name}.link", pa.table({"item_id:token": items[0], "entity_id:token": items[0]}))
    files.tsv(f"{files.name}.user", _users(material))
    edges = material.edges(before=split.valid_from)
    files.tsv(
        f"{files.name}.kg",
        pa.table(
            {
                "head_id:token": keys(edges["head"]),
                "relation_id:token": edges["relation"],
                "tail_id:token": keys(edges["tail"]),
                "origin:token": edges["origin"],
                "confidence:float": edges["confidence"],
            }
        ),
    )
    files.text("dataset.yaml", _CONFIGURATION.format(name=files.name))
    return {"valid_from": split.valid_from.isoformat(), "test_from": split.test_from.isoformat()}


def _interactions(rows: pa.Table) -> pa.Table:
    return pa.table(
        {
            "user_id:token": rows["buyer"],
            "item_id:token": keys(rows["item"]),
            "rating:float": rows["rating"],
            "timestamp:float": pc.divide(rows["occurred_at"].cast(pa.int64()), 1_000_000).cast(pa.float64()),
            "kind:token": rows["kind"],
        }
    )


def _items(material: Material) -> pa.Table:
    spus = material["dim_spu"].rows
    return pa.table(
        {
            "item_id:token": keys(spus["spu"]),
            "name:token_seq": pc.coalesce(spus["name"], spus["name_zh"]),
            "brand:token": keys(spus["brand"]),
            "category:token": keys(spus["category"]),
        }
    )


def _users(material: Material) -> pa.Table:
    buyers = material["dim_buyer"].rows
    return pa.table({"user_id:token": buyers["buyer"], "segment:token": keys(buyers["segment"])})
