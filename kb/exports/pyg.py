"""Nodes and edges in Parquet for PyTorch Geometric: numbers by type that stay the same from export to export."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from .files import Files, keys
from .identifiers import numbered, numbers_of
from .material import Material

_LOADER = Path(__file__).parent / "loaders" / "pyg.py"
ITEM, BUYER = "spu", "buyer"


def write(material: Material, files: Files) -> dict[str, object]:
    """``nodes/TYPE.parquet``, ``edges/HEAD__RELATION__TAIL.parquet``, ``maps/TYPE_map.parquet``, ``metadata.json``."""
    split = material.split
    edges = material.edges(before=split.valid_from)
    ends = {side: keys(edges[side]) for side in ("head", "tail")}
    kinds = {side: _kind(ends[side]) for side in ends}
    found: dict[str, list[pa.Array]] = {ITEM: [keys(material["dim_spu"].rows["spu"])]}
    found[BUYER] = [material.interactions["buyer"].combine_chunks()]
    for side in ends:
        for kind in sorted(pc.unique(kinds[side]).to_pylist()):
            found.setdefault(kind, []).append(ends[side].filter(pc.equal(kinds[side], kind)))
    maps = {kind: _numbering(kind, parts, files) for kind, parts in found.items()}
    listed = _write_interactions(material, maps, files)
    triples = pa.table({**ends, "relation": edges["relation"], "from": kinds["head"], "to": kinds["tail"]})
    triples = triples.append_column("origin", edges["origin"]).append_column(
        "confidence", edges["confidence"]
    )
    listed += _write_knowledge(triples, maps, files)
    metadata = {"nodes": {kind: len(one) for kind, one in sorted(maps.items())}, "edges": listed}
    files.text("metadata.json", json.dumps(metadata, indent=1) + "\n")
    files.text("load.py", _LOADER.read_text(encoding="utf-8"))
    return {"valid_from": split.valid_from.isoformat(), "test_from": split.test_from.isoformat()}


def _numbering(kind: str, parts: list[pa.Array], files: Files) -> pa.Table:
    name = f"maps/{kind}_map.parquet"
    chunks = [
        chunk for part in parts for chunk in (part.chunks if isinstance(part, pa.ChunkedArray) else [part])
    ]
    before = files.before / name if files.before else None
    numbering = numbered(pa.concat_arrays(chunks), kind, before=before)
    files.parquet(name, numbering)
    files.parquet(f"nodes/{kind}.parquet", numbering.select(["id"]))
    return numbering


def _write_interactions(material: Material, maps: dict[str, pa.Table], files: Files) -> list[list[str]]:
    listed = []
    for part in ("train", "valid", "test"):
        rows = getattr(material.split, part)
        table = pa.table(
            {
                "src": numbers_of(rows["buyer"], maps[BUYER]),
                "dst": numbers_of(keys(rows["item"]), maps[ITEM]),
                "time": rows["occurred_at"],
                "weight": rows["times"].cast(pa.float32()),
                "kind": rows["kind"],
            }
        )
        name = [BUYER, f"interacts_{part}", ITEM]
        files.parquet(f"edges/{'__'.join(name)}.parquet", table)
        listed.append(name)
    return listed


def _write_knowledge(triples: pa.Table, maps: dict[str, pa.Table], files: Files) -> list[list[str]]:
    listed = []
    sorts = (
        triples.group_by(["from", "relation", "to"])
        .aggregate([])
        .sort_by([("from", "ascending"), ("relation", "ascending"), ("to", "ascending")])
    )
    for sort in sorts.to_pylist():
        chosen = pc.and_(
            pc.and_(pc.equal(triples["from"], sort["from"]), pc.equal(triples["to"], sort["to"])),
            pc.equal(triples["relation"], sort["relation"]),
        )
        rows = triples.filter(chosen)
        name = [sort["from"], sort["relation"].partition(":")[2], sort["to"]]
        table = pa.table(
            {
                "src": numbers_of(rows["head"], maps[sort["from"]]),
                "dst": numbers_of(rows["tail"], maps[sort["to"]]),
                "weight": rows["confidence"].cast(pa.float32()),
                "origin": rows["origin"],
            }
        )
        files.parquet(f"edges/{'__'.join(name)}.parquet", table)
        listed.append(name)
    return listed


def _kind(names: pa.Array) -> pa.Array:
    """The type of an entity as its key says it: ``spu``, ``brand``, ``vocab-tier``."""
    kind = pc.replace_substring_regex(names, "/[^/]*$", "")
    return pc.replace_substring_regex(kind, "[^A-Za-z0-9]+", "-")
