"""Blank nodes are kept as IRIs (skolemised, RDF 1.1 Concepts section 3.5) and given back as blank nodes."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .graphs import GENID


def prefix(commit: str, part: int) -> str:
    """The beginning of the skolem IRIs of one file (the `part`-th) of a commit.

    >>> prefix("4f1c", 0)
    'https://w3id.org/commerce-kb/.well-known/genid/4f1c/0-'
    """
    return f"{GENID}{commit}/{part}-"


def skolemised(batch: pa.RecordBatch, beginning: str) -> pa.RecordBatch:
    """A quad batch with its blank nodes as IRIs that begin so."""
    columns = []
    for name in batch.schema.names:
        column = batch.column(name)
        blank = pc.starts_with(column, "_:")
        if pc.any(blank).as_py():
            iris = pc.replace_substring_regex(column, r"^_:(.*)$", rf"<{beginning}\1>")
            column = pc.if_else(blank, iris, column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def unskolemised_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A quad batch with its blank nodes blank again."""
    columns = []
    for name in batch.schema.names:
        column = batch.column(name)
        skolem = pc.starts_with(column, f"<{GENID}")
        if pc.any(skolem).as_py():
            labels = pc.replace_substring_regex(column, rf"^<{re.escape(GENID)}(.*)>$", r"_:\1")
            column = pc.if_else(skolem, pc.replace_substring(labels, "/", "-"), column)
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def unskolemised(term):
    """A skolem IRI as the blank node that it stands for; other terms as they are.

    >>> unskolemised(ox.NamedNode(GENID + "4f1c/0-b1"))
    <BlankNode value=4f1c-0-b1>
    """
    if isinstance(term, ox.NamedNode) and term.value.startswith(GENID):
        return ox.BlankNode(re.sub(r"[^A-Za-z0-9]", "-", term.value.removeprefix(GENID)))
    return term


def unskolemised_triple(triple: ox.Triple | ox.Quad) -> ox.Triple:
    """A triple with its blank nodes blank again."""
    return ox.Triple(unskolemised(triple.subject), triple.predicate, unskolemised(triple.object))
