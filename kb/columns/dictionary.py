"""The dictionary: every term of the graph as a 32-bit id, with columns that say what kind of term it is.

Terms are kept as received, in N-Triples syntax; `stored` says which term Oxigraph keeps in its place (it
rewrites ``"1.50"^^xsd:decimal`` to ``"1.5"^^xsd:decimal``). A dictionary is a list of immutable segments,
each with its terms and a sorted hash index over them; segments of like size are merged: never many.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
import xxhash
from numpy.typing import NDArray

from ..graphs import GENID
from .kernels import NO_ID, Ids
from .literals import stored_forms

XSD_STRING = "<http://www.w3.org/2001/XMLSchema#string>"
RDF_LANG_STRING = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#langString>"


class Kind(IntEnum):
    """What a term is: an IRI, a blank node (kept as a skolem IRI) or a literal."""

    IRI = 1
    BLANK = 2
    LITERAL = 3


class Segment(NamedTuple):
    """Terms with consecutive ids from `first` on; `hashes` is sorted and `ids` follows it."""

    first: int
    terms: pa.LargeStringArray
    kind: NDArray[np.uint8]
    datatype: Ids
    language: NDArray[np.uint16]
    stored: Ids
    hashes: NDArray[np.uint64]
    ids: Ids


class Dictionary:
    """Terms to ids and back.

    >>> dictionary = Dictionary()
    >>> decimal = "^^<http://www.w3.org/2001/XMLSchema#decimal>"
    >>> a, price, again = dictionary.encode(["<urn:a>", f'"1.50"{decimal}', "<urn:a>"])
    >>> a == again, dictionary.text(dictionary.stored[price])
    (np.True_, '"1.5"^^<http://www.w3.org/2001/XMLSchema#decimal>')
    """

    def __init__(self, segments: Sequence[Segment] = (), languages: Sequence[str] = ("",)) -> None:
        self.segments = list(segments)
        self.languages = list(languages)

    def __len__(self) -> int:
        return self.segments[-1].first + len(self.segments[-1].terms) - 1 if self.segments else 0

    def encode(self, terms: pa.Array | Sequence[str]) -> Ids:
        """Ids of `terms` (N-Triples syntax), aligned with them; new terms are added."""
        return self._ids(terms, add=True)

    def find(self, terms: pa.Array | Sequence[str]) -> Ids:
        """Ids of `terms`, 0 for those that the dictionary does not hold."""
        return self._ids(terms, add=False)

    def id(self, term: str) -> int:
        """The id of one term, 0 where it is unknown."""
        return int(self.find([term])[0])

    def decode(self, ids: NDArray[np.integer]) -> pa.Array:
        """The terms of `ids` as Arrow strings in N-Triples syntax; id 0 gives null."""
        ids = np.asarray(ids)
        places = pa.array(ids.astype(np.int64) - 1, mask=ids == NO_ID)
        return self._terms.take(places)

    def text(self, identifier: int) -> str:
        """One term in N-Triples syntax."""
        return self._terms[int(identifier) - 1].as_py()

    def term(self, identifier: int) -> ox.NamedNode | ox.BlankNode | ox.Literal:
        """One term as pyoxigraph has it."""
        return parse_term(self.text(identifier))

    @cached_property
    def kind(self) -> NDArray[np.uint8]:
        """Kind by id; index 0 is a filler, as in the other columns."""
        return self._column("kind", np.uint8)

    @cached_property
    def datatype(self) -> Ids:
        """The id of a literal's datatype IRI, by id; 0 for IRIs."""
        return self._column("datatype", np.uint32)

    @cached_property
    def language(self) -> NDArray[np.uint16]:
        """Index into `languages`, by id; 0 for none."""
        return self._column("language", np.uint16)

    @cached_property
    def stored(self) -> Ids:
        """The id of the term that Oxigraph stores, by id; mostly the id itself."""
        return self._column("stored", np.uint32)

    def stored_of(self, ids: Ids) -> Ids:
        """The ids of the terms that Oxigraph stores in place of `ids`, at the cost of these alone."""
        return self.stored[ids]

    def _column(self, name: str, dtype: type) -> NDArray:
        return np.concatenate([np.zeros(1, dtype), *(getattr(segment, name) for segment in self.segments)])

    @cached_property
    def _terms(self) -> pa.Array:
        if len(self.segments) == 1:
            return self.segments[0].terms
        return pa.concat_arrays(
            [segment.terms for segment in self.segments] or [pa.array([], pa.large_string())]
        )

    def _forget_views(self) -> None:
        for name in ("kind", "datatype", "language", "stored", "_terms"):
            self.__dict__.pop(name, None)

    def _ids(self, terms: pa.Array | Sequence[str], *, add: bool) -> Ids:
        if not isinstance(terms, (pa.Array, pa.ChunkedArray)):
            terms = pa.array(terms, pa.large_string())
        if isinstance(terms, pa.ChunkedArray):
            terms = terms.combine_chunks()
        if not len(terms):
            return np.empty(0, np.uint32)
        coded = terms.dictionary_encode() if not isinstance(terms, pa.DictionaryArray) else terms
        values = coded.dictionary.cast(pa.large_string())
        hashes = np.fromiter(map(_hash, values.cast(pa.large_binary()).to_pylist()), np.uint64, len(values))
        ids, hashes = self._search(values, hashes)
        if add and not ids.all():
            missing = np.flatnonzero(ids == NO_ID)
            ids[missing] = self._append(values.take(pa.array(missing)), hashes[missing])
        return ids[coded.indices.to_numpy(zero_copy_only=False)]

    def _search(self, values: pa.Array, hashes: NDArray[np.uint64]) -> tuple[Ids, NDArray[np.uint64]]:
        """Ids by hash; a term that meets another's hash goes on to the next number, as in open addressing."""
        ids = np.zeros(len(hashes), np.uint32)
        pending = np.arange(len(hashes))
        hashes = hashes.copy()
        while len(pending):
            found = self._by_hash(hashes[pending])
            hit = found != NO_ID
            same = pc.equal(self.decode(found[hit]), values.take(pa.array(pending[hit]))).to_numpy(False)
            ids[pending[hit][same]] = found[hit][same]
            pending = pending[hit][~same]
            hashes[pending] += np.uint64(1)
        return ids, hashes

    def _by_hash(self, hashes: NDArray[np.uint64]) -> Ids:
        ids = np.zeros(len(hashes), np.uint32)
        for segment in self.segments:
            places = np.minimum(np.searchsorted(segment.hashes, hashes), len(segment.hashes) - 1)
            hit = segment.hashes[places] == hashes
            ids[hit] = segment.ids[places[hit]]
        return ids

    def _append(self, values: pa.LargeStringArray, hashes: NDArray[np.uint64]) -> Ids:
        kind, suffix = _kinds(values)
        datatype, language = self._datatypes(suffix)
        stored = np.zeros(len(values), np.uint32)
        forms = stored_forms(values, suffix)
        stored[list(forms)] = self._plain_ids(list(forms.values()))
        # Encoding datatypes and stored forms may just have added some of these very terms.
        ids, hashes = self._search(values, hashes)
        missing = np.flatnonzero(ids == NO_ID)
        fresh = missing[np.sort(np.unique(hashes[missing], return_index=True)[1])]
        first = len(self) + 1
        own = np.arange(first, first + len(fresh), dtype=np.uint32)
        ids[fresh] = own
        order = np.argsort(hashes[fresh])
        self.segments.append(
            Segment(
                first,
                values.take(pa.array(fresh)),
                kind[fresh],
                datatype[fresh],
                language[fresh],
                np.where(stored[fresh] == NO_ID, own, stored[fresh]),
                hashes[fresh][order],
                own[order],
            )
        )
        self._merge()
        self._forget_views()
        if len(fresh) < len(missing):
            # New terms that share a hash are added one after another, so that the search keeps them apart.
            rest = np.setdiff1d(missing, fresh)
            ids[rest] = self.encode(values.take(pa.array(rest)))
        return ids

    def _datatypes(self, suffix: pa.Array) -> tuple[Ids, NDArray[np.uint16]]:
        coded = suffix.dictionary_encode(null_encoding="encode")
        kinds = coded.dictionary.to_pylist()
        names = [None if one is None else _datatype_of(one) for one in kinds]
        known = [name for name in names if name is not None]
        ids = dict(zip(known, self._plain_ids(known), strict=True))
        languages = [
            0 if one is None or not one.startswith("@") else self._language(one[1:]) for one in kinds
        ]
        codes = coded.indices.to_numpy(zero_copy_only=False)
        datatype = np.array([0 if name is None else ids[name] for name in names], np.uint32)[codes]
        return datatype, np.array(languages, np.uint16)[codes]

    def _plain_ids(self, terms: list[str]) -> Ids:
        return self.encode(terms) if terms else np.empty(0, np.uint32)

    def _language(self, tag: str) -> int:
        if tag not in self.languages:
            self.languages.append(tag)
        return self.languages.index(tag)

    def _merge(self) -> None:
        while len(self.segments) > 1 and len(self.segments[-2].terms) < 2 * len(self.segments[-1].terms):
            right, left = self.segments.pop(), self.segments.pop()
            hashes = np.concatenate([left.hashes, right.hashes])
            order = np.argsort(hashes, kind="stable")
            self.segments.append(
                Segment(
                    left.first,
                    pa.concat_arrays([left.terms, right.terms]),
                    np.concatenate([left.kind, right.kind]),
                    np.concatenate([left.datatype, right.datatype]),
                    np.concatenate([left.language, right.language]),
                    np.concatenate([left.stored, right.stored]),
                    hashes[order],
                    np.concatenate([left.ids, right.ids])[order],
                )
            )


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


def _hash(term: bytes) -> int:
    return xxhash.xxh3_64_intdigest(term)


def _datatype_of(suffix: str) -> str:
    if suffix.startswith("^^"):
        return suffix[2:]
    return RDF_LANG_STRING if suffix.startswith("@") else XSD_STRING


def _kinds(values: pa.LargeStringArray) -> tuple[NDArray[np.uint8], pa.Array]:
    """Kind of each term, and of literals what follows the closing quote (null for other terms)."""
    kind = np.full(len(values), Kind.IRI, np.uint8)
    kind[pc.starts_with(values, f"<{GENID}").to_numpy(False)] = Kind.BLANK
    kind[pc.starts_with(values, "_:").to_numpy(False)] = Kind.BLANK
    literal = pc.starts_with(values, '"')
    kind[literal.to_numpy(False)] = Kind.LITERAL
    plain = pc.and_(literal, pc.ends_with(values, '"'))
    tagged = pc.if_else(pc.and_(literal, pc.invert(plain)), values, None)
    suffix = pc.struct_field(pc.extract_regex(tagged, r'"(?P<suffix>\^\^<[^"]*>|@[0-9A-Za-z-]+)$'), "suffix")
    return kind, pc.if_else(plain, pa.scalar("", pa.large_string()), suffix)
