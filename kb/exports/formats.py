"""The formats that `kb export` writes, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from . import feast, kgat, pyg, pykeen, recbole, schema_org, star_schema
from .files import Files
from .material import Material


@dataclass(frozen=True)
class Format:
    """One format: what it is, and what writes its files and gives what the manifest says of the split.

    `personal`: buyers are in it.
    """

    summary: str
    write: Callable[[Material, Files], dict[str, object]]
    personal: bool = True


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "star-schema": Format("fact and dimension tables in Parquet, facts by month", star_schema.write),
        "recbole": Format("RecBole's atomic files: interactions by time, items, knowledge", recbole.write),
        "kgat": Format("the files of KGAT and KGIN: users' items, knowledge, all as numbers", kgat.write),
        "pyg": Format("nodes and edges in Parquet for PyTorch Geometric's HeteroData", pyg.write),
        "feast": Format("a feature repository for Feast: Parquet with event times, definitions", feast.write),
        "pykeen": Format(
            "triples to learn embeddings from: train, validation, test", pykeen.write, personal=False
        ),
        "schema-org": Format(
            "products and offers as JSON-LD in schema.org's words", schema_org.write, personal=False
        ),
    }
)
