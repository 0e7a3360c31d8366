"""The layout of KGAT's and KGIN's data sets (Wang et al., KDD 2019; WWW 2021): numbers, separated by blanks.

``train.txt`` and ``test.txt`` have a line for each user: the user, then items by time. ``kg_final.txt`` has head,
relation and tail. Items are the first entities, therefore numbers begin anew with each export; the lists tell them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .files import Files, keys
from .material import Material


def write(material: Material, files: Files) -> dict[str, object]:
    """``train.txt``, ``valid.txt``, ``test.txt``, ``kg_final.txt`` and four lists of what numbers mean.

    KGAT itself reads no ``valid.txt``: add its lines to those of training for the last run.
    """
    split = material.split
    edges = material.edges(before=split.valid_from)
    heads, tails = keys(edges["head"]), keys(edges["tail"])
    items, users = _sorted(keys(material.interactions["item"])), _sorted(material.interactions["buyer"])
    ends = _sorted(pa.chunked_array([heads, tails]))
    entities = pa.concat_arrays([items, ends.filter(pc.invert(pc.is_in(ends, items)))])
    relations = _sorted(edges["relation"])
    for name in ("train", "valid", "test"):
        rows = getattr(split, name)
        _by_user(f"{name}.txt", _numbers(rows["buyer"], users), _numbers(keys(rows["item"]), items), files)
    graph = [_numbers(heads, entities), _numbers(edges["relation"], relations), _numbers(tails, entities)]
    _lines("kg_final.txt", np.unique(np.stack(graph, axis=1), axis=0).tolist(), files)
    lists = {"user": users, "item": items, "entity": entities, "relation": relations}
    for kind, terms in lists.items():
        numbered = ((term, number) for number, term in enumerate(terms.to_pylist()))
        _lines(f"{kind}_list.txt", [("org_id", "remap_id"), *numbered], files)
    return {"valid_from": split.valid_from.isoformat(), "test_from": split.test_from.isoformat()}


def _by_user(name: str, users: np.ndarray, items: np.ndarray, files: Files) -> None:
    order = np.argsort(users, kind="stable")
    users, items = users[order], items[order]
    first = np.flatnonzero(np.diff(users, prepend=-1))
    runs = np.split(items, first[1:]) if len(first) else []
    _lines(
        name, [[user, *run.tolist()] for user, run in zip(users[first].tolist(), runs, strict=True)], files
    )


def _lines(name: str, rows: list, files: Files) -> None:
    files.text(name, "".join(" ".join(map(str, row)) + "\n" for row in rows), rows=len(rows))


def _sorted(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    found = pc.unique(column)
    return found.take(pc.sort_indices(found))


def _numbers(column: pa.ChunkedArray | pa.Array, terms: pa.Array) -> np.ndarray:
    return np.asarray(pc.index_in(column, terms))
