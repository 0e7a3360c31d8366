"""Terms in N-Triples syntax: what kind each is, and what follows the closing quote of a literal."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

from ..graphs import GENID

XSD_STRING = "<http://www.w3.org/2001/XMLSchema#string>"
RDF_LANG_STRING = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString>"
_QUOTE, _UNDERSCORE = b'"_'


class Kind(IntEnum):
    """What a term is: an IRI, a blank node (kept as a skolem IRI) or a literal."""

    IRI = 1
    BLANK = 2
    LITERAL = 3


class Suffixes(NamedTuple):
    """What follows the closing quotes of literals: ``""``, ``@en``, ``^^<...>``; None for terms that are none.

    `codes` gives each term's place in `values`; those of IRIs and plain literals come first.
    """

    values: Sequence[str | None]
    codes: NDArray[np.int64]


def kinds_of(terms: pa.LargeStringArray) -> tuple[NDArray[np.uint8], Suffixes]:
    """The kind of each term, and the suffixes of literals.

    >>> kind, suffixes = kinds_of(pa.array(["<urn:a>", '"x"', '"y"@en'], pa.large_string()))
    >>> kind, suffixes.values, suffixes.codes
    (array([1, 3, 3], dtype=uint8), [None, '', '@en'], array([0, 1, 2]))
    """
    offsets = np.frombuffer(terms.buffers()[1], np.int64)[terms.offset : terms.offset + len(terms) + 1]
    text = terms.buffers()[2]
    data = np.frombuffer(text if text is not None and text.size else b" ", np.uint8)
    begins, ends = offsets[:-1], offsets[1:]
    first = np.where(ends > begins, data[np.minimum(begins, len(data) - 1)], 0)
    literal = first == _QUOTE
    kind = np.where(literal, Kind.LITERAL, Kind.IRI).astype(np.uint8)
    kind[(first == _UNDERSCORE) | pc.starts_with(terms, f"<{GENID}").to_numpy(False)] = Kind.BLANK
    plain = literal & (data[ends - 1] == _QUOTE)
    codes = literal.astype(np.int64)
    tagged = np.flatnonzero(literal & ~plain)
    if not len(tagged):
        return kind, Suffixes([None, ""], codes)
    quotes = np.flatnonzero(data[begins[0] : ends[-1]] == _QUOTE) + begins[0] + 1
    closing = quotes[np.searchsorted(quotes, ends[tagged]) - 1]
    # Every other string of this array is a suffix, those between are what lies between suffixes.
    bounds = np.stack([closing, ends[tagged]], axis=1).reshape(-1)
    slices = pa.Array.from_buffers(pa.large_string(), len(bounds) - 1, [None, pa.py_buffer(bounds), text])
    coded = slices.take(pa.array(np.arange(0, len(bounds) - 1, 2))).dictionary_encode()
    codes[tagged] = coded.indices.to_numpy() + 2
    return kind, Suffixes([None, "", *coded.dictionary.to_pylist()], codes)


def datatype_of(suffix: str) -> str:
    """The datatype (N-Triples syntax) of a literal with this suffix."""
    if suffix.startswith("^^"):
        return suffix[2:]
    return RDF_LANG_STRING if suffix.startswith("@") else XSD_STRING


def parse_term(text: str) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """A term from its N-Triples syntax.

    >>> parse_term('"caf\\\\u00E9"@fr')
    <Literal value=café language=fr>
    """
    if text.startswith("<") and "\\" not in text:
        return ox.NamedNode(text[1:-1])
    if text.startswith("_:"):
        return ox.BlankNode(text[2:])
    return next(iter(ox.parse(f"<urn:s> <urn:p> {text} .", format=ox.RdfFormat.N_TRIPLES))).object
