"""This export as a HeteroData of PyTorch Geometric."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import torch
from torch_geometric.data import HeteroData


def load(folder="."):
    """All nodes and edges; add reverse edges with torch_geometric.transforms.ToUndirected."""
    folder = Path(folder)
    metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
    data = HeteroData()
    for kind, count in metadata["nodes"].items():
        data[kind].num_nodes = count
    for source, relation, target in metadata["edges"]:
        table = pq.read_table(folder / "edges" / f"{source}__{relation}__{target}.parquet")
        ends = [torch.from_numpy(table[end].to_numpy().copy()) for end in ("src", "dst")]
        data[source, relation, target].edge_index = torch.stack(ends)
        data[source, relation, target].weight = torch.from_numpy(table["weight"].to_numpy().copy())
        if "time" in table.column_names:
            times = table["time"].cast("int64").to_numpy() // 1_000_000
            data[source, relation, target].time = torch.from_numpy(times)
    return data
