"""Blank nodes are kept as IRIs (skolemised, RDF 1.1 Concepts section 3.5) and given back as blank nodes."""

from __future__ import annotations

import re
from collections.abc import Callable

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

    def renamed(terms: pa.Array) -> pa.Array:
        blank = pc.starts_with(terms, "_:")
        if not pc.any(blank).as_py():
            return terms
        return pc.if_else(blank, pc.replace_substring_regex(terms, r"^_:(.*)$", rf"<{beginning}\1>"), terms)

    return _mapped(batch, renamed)


def unskolemised_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A quad batch with its blank nodes blank again."""

    def renamed(terms: pa.Array) -> pa.Array:
        skolem = pc.starts_with(terms, f"<{GENID}")
        if not pc.any(skolem).as_py():
            return terms
        labels = pc.replace_substring_regex(terms, rf"^<{re.escape(GENID)}(.*)>$", r"_:\1")
        return pc.if_else(skolem, pc.replace_substring(labels, "/", "-"), terms)

    return _mapped(batch, renamed)


def _mapped(batch: pa.RecordBatch, change: Callable[[pa.Array], pa.Array]) -> pa.RecordBatch:
    """A batch with its terms changed; in a column coded by a dictionary the distinct ones."""
    columns = [
        pa.DictionaryArray.from_arrays(column.indices, change(column.dictionary))
        if isinstance(column, pa.DictionaryArray)
        else change(column)
        for column in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


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
