"""Triples for PyKEEN, LibKGE and their like: three columns, tab-separated, split so that test terms are trained.

The edges have no inverses and no symmetric twins, which would let a model read the test from the training triples.
"""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
import xxhash

from .files import Files, keys
from .material import Material

_TENTHS = {"valid": (0.9, 0.95), "test": (0.95, 1.0)}


def write(material: Material, files: Files) -> dict[str, object]:
    """``train.txt``, ``valid.txt``, ``test.txt``, ``entities.dict``, ``relations.dict``."""
    edges = material.edges()
    triples = list(
        zip(
            keys(edges["head"]).to_pylist(),
            edges["relation"].to_pylist(),
            keys(edges["tail"]).to_pylist(),
            strict=True,
        )
    )
    parts = split_triples(triples)
    for name, some in parts.items():
        columns = list(zip(*some, strict=True)) or [(), (), ()]
        table = pa.table([pa.array(one, pa.string()) for one in columns], names=["head", "relation", "tail"])
        files.tsv(f"{name}.txt", table, header=False)
    entities = sorted({end for head, _, tail in triples for end in (head, tail)})
    relations = sorted({relation for _, relation, _ in triples})
    for name, terms in (("entities.dict", entities), ("relations.dict", relations)):
        numbered = pa.table(
            {"id": pa.array(range(len(terms)), pa.int64()), "term": pa.array(terms, pa.string())}
        )
        files.tsv(name, numbered, header=False)
    return {"rule": "by a hash of each triple; every entity and relation stands in train.txt"}


Triple = tuple[str, str, str]


def split_triples(triples: list[Triple]) -> dict[str, list[Triple]]:
    """Triples in train, valid and test (about 90, 5 and 5 %): the same triple always falls to the same side, but
    what would leave an entity or a relation out of train stays there.

    >>> split_triples([("a", "r", "b")])
    {'train': [('a', 'r', 'b')], 'valid': [], 'test': []}
    """
    left = Counter(term for triple in triples for term in triple)
    parts: dict[str, list[Triple]] = {"train": [], "valid": [], "test": []}
    for triple in triples:
        place = xxhash.xxh64_intdigest("\t".join(triple).encode()) / 2**64
        part = next((name for name, (low, high) in _TENTHS.items() if low <= place < high), "train")
        if part != "train" and all(left[term] > triple.count(term) for term in triple):
            left.subtract(triple)
            parts[part].append(triple)
        else:
            parts["train"].append(triple)
    return parts
