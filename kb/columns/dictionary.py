"""The dictionary: every term of the graph as a 32-bit id, with columns that say what kind of term it is.

Terms are kept as received, in N-Triples syntax; `stored` says which term Oxigraph keeps in its place (it
rewrites ``"1.50"^^xsd:decimal`` to ``"1.5"^^xsd:decimal``). A dictionary is a list of immutable segments of
terms, and a few hash tables over all of them. Look-ups cost what is looked up; the columns as whole arrays are
made when somebody asks for them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
import xxhash
from numpy.typing import NDArray

from .hash_table import Hashes, HashTable
from .kernels import NO_ID, Ids
from .literals import stored_forms
from .term_syntax import RDF_LANG_STRING, XSD_STRING, Kind, Suffixes, datatype_of, kinds_of, parse_term

__all__ = ["RDF_LANG_STRING", "XSD_STRING", "Dictionary", "Kind", "Segment", "parse_term"]

# Segments with more text together are not merged: no text is copied again and again.
_TEXT_BYTES = 64 << 20
# To gather some of a column from its segments costs as much as to copy so many more.
_CALL = 1_000
# A table of fewer ids is sooner made from their hashes than kept in a file.
_LASTING = 1 << 15


class Segment(NamedTuple):
    """Terms with consecutive ids from `first` on, and their columns; see Dictionary for what these say."""

    first: int
    terms: pa.LargeStringArray
    kind: NDArray[np.uint8]
    datatype: Ids
    language: NDArray[np.uint16]
    stored: Ids
    hashes: Hashes
    name: str

    @classmethod
    def of(cls, first: int, terms: pa.LargeStringArray, columns: Sequence[NDArray]) -> Segment:
        """A segment with a name that no other one has."""
        digest = xxhash.xxh3_64_hexdigest(np.ascontiguousarray(columns[-1]).data)
        kind, datatype, language, stored, hashes = columns
        return cls(first, terms, kind, datatype, language, stored, hashes, f"{first}-{len(terms)}-{digest}")

    def rehashed(self) -> Segment:
        """The segment with hashes and name computed anew of its terms."""
        return Segment.of(
            self.first,
            self.terms,
            [self.kind, self.datatype, self.language, self.stored, _hashes(self.terms)],
        )


_hash: Callable[[bytes], int] = xxhash.xxh3_64_intdigest
COLUMNS = Segment._fields[2:-1]


class Dictionary:
    """Terms to ids and back; one thread at a time may add terms.

    >>> dictionary = Dictionary()
    >>> decimal = "^^<http://www.w3.org/2001/XMLSchema#decimal>"
    >>> a, price, again = dictionary.encode(["<urn:a>", f'"1.50"{decimal}', "<urn:a>"])
    >>> a == again, dictionary.text(dictionary.stored[price])
    (np.True_, '"1.5"^^<http://www.w3.org/2001/XMLSchema#decimal>')
    """

    def __init__(
        self,
        segments: Sequence[Segment] = (),
        languages: Sequence[str] = ("",),
        tables: Sequence[HashTable] = (),
    ) -> None:
        """`tables` hold the ids from the first on; where they end, a table is made at the first search."""
        self.segments = list(segments)
        self.languages = list(languages)
        self._lasting = list(tables)
        self._table: HashTable | None = None
        self._whole: dict[str, tuple[NDArray, int]] = {}
        # How much of a column was asked for piece by piece.
        self._asked: Counter[str] = Counter()
        # Suffix of a literal -> id of its datatype, number of its language.
        self._types: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return self.segments[-1].first + len(self.segments[-1].terms) - 1 if self.segments else 0

    def continues(self, earlier: Dictionary) -> bool:
        """Whether the ids of an `earlier` state mean the same terms here."""
        if len(self) < len(earlier):
            return False
        names = zip(self.segments, earlier.segments, strict=False)
        first = next((one.first for one, other in names if one.name != other.name), len(earlier) + 1)
        end = len(earlier) + 1
        return np.array_equal(self._between(first, end), earlier._between(first, end))

    def encode(self, terms: pa.Array | Sequence[str]) -> Ids:
        """Ids of `terms` (N-Triples syntax, may be coded by a dictionary), aligned with them; new terms are added."""
        return self._ids(terms, add=True)

    def find(self, terms: pa.Array | Sequence[str]) -> Ids:
        """Ids of `terms`, 0 for those that the dictionary does not hold."""
        return self._ids(terms, add=False)

    def id(self, term: str) -> int:
        """The id of one term, 0 where it is unknown; ten times as quick as `find` for it alone."""
        hash = _hash(term.encode())
        tables = (self._last_table(), *reversed(self._lasting))
        found = (id for table in tables for id in table.candidates(hash) if self.text(id) == term)
        return next(found, NO_ID)

    def decode(self, ids: NDArray[np.integer]) -> pa.Array:
        """The terms of `ids` as Arrow strings in N-Triples syntax; id 0 gives null."""
        ids = np.asarray(ids)
        if not self.segments:
            return pa.nulls(len(ids), pa.large_string())
        numbers = np.maximum(self._segments_of(ids), 0)
        used = np.unique(numbers)
        if len(used) == 1:
            return _taken(self.segments[used[0]], ids)
        places = [np.flatnonzero(numbers == number) for number in used]
        parts = [_taken(self.segments[number], ids[here]) for number, here in zip(used, places, strict=True)]
        order = np.empty(len(ids), np.int64)
        order[np.concatenate([*places, np.empty(0, np.int64)])] = np.arange(len(ids))
        return pa.concat_arrays([*parts, pa.array([], pa.large_string())]).take(pa.array(order))

    def text(self, identifier: int) -> str:
        """One term in N-Triples syntax."""
        segment = self.segments[bisect_right(self.segments, identifier, key=lambda one: one.first) - 1]
        return segment.terms[int(identifier) - segment.first].as_py()

    def term(self, identifier: int) -> ox.NamedNode | ox.BlankNode | ox.Literal:
        """One term as pyoxigraph has it."""
        return parse_term(self.text(identifier))

    @property
    def kind(self) -> NDArray[np.uint8]:
        """Kind by id; index 0 is a filler, as in the other columns."""
        return self._column("kind")

    @property
    def datatype(self) -> Ids:
        """The id of a literal's datatype IRI, by id; 0 for IRIs."""
        return self._column("datatype")

    @property
    def language(self) -> NDArray[np.uint16]:
        """Index into `languages`, by id; 0 for none."""
        return self._column("language")

    @property
    def stored(self) -> Ids:
        """The id of the term that Oxigraph stores, by id; mostly the id itself."""
        return self._column("stored")

    @property
    def hashes(self) -> Hashes:
        """The XXH3 hash of each term's UTF-8, by id."""
        return self._column("hashes")

    def kind_of(self, ids: NDArray[np.integer]) -> NDArray[np.uint8]:
        """`kind` of some ids, at the cost of these alone; 0 for the id 0, as in those below."""
        return self._of("kind", ids)

    def datatype_of(self, ids: NDArray[np.integer]) -> Ids:
        """`datatype` of some ids."""
        return self._of("datatype", ids)

    def language_of(self, ids: NDArray[np.integer]) -> NDArray[np.uint16]:
        """`language` of some ids."""
        return self._of("language", ids)

    def stored_of(self, ids: NDArray[np.integer]) -> Ids:
        """`stored` of some ids."""
        return self._of("stored", ids)

    def hashes_of(self, ids: NDArray[np.integer]) -> Hashes:
        """`hashes` of some ids: the same for a term in every dictionary."""
        return self._of("hashes", ids)

    def lasting_tables(self) -> list[HashTable]:
        """The hash tables that are worth keeping in files; what is added from now on goes into another one."""
        table = self._last_table()
        if table.size >= _LASTING:
            while self._lasting and self._lasting[-1].size < 2 * table.size:
                first = self._lasting.pop().first
                table = HashTable.of(first, self._between(first, table.first + table.size))
            self._lasting.append(table)
            self._table = None
        return list(self._lasting)

    def _column(self, name: str) -> NDArray:
        buffer, filled = self._whole.get(name, (None, 1))
        size = len(self) + 1
        if buffer is None or len(buffer) < size:
            dtype = getattr(self.segments[0], name).dtype if self.segments else np.uint32
            grown = np.zeros(size if buffer is None else size + size // 4, dtype)
            if buffer is not None:
                grown[:filled] = buffer[:filled]
            buffer = grown
        if filled < size:
            for segment in self.segments:
                end = segment.first + len(segment.terms)
                begin = max(segment.first, filled)
                if begin < end:
                    buffer[begin:end] = getattr(segment, name)[begin - segment.first :]
        self._whole[name] = buffer, size
        return buffer[:size]

    def _of(self, name: str, ids: NDArray[np.integer]) -> NDArray:
        ids = np.asarray(ids)
        self._asked[name] += len(ids) + _CALL
        if not self.segments or self._asked[name] > len(self):
            return self._column(name)[ids]
        numbers = self._segments_of(ids)
        values = np.zeros(len(ids), getattr(self.segments[0], name).dtype)
        for number in np.unique(numbers[numbers >= 0]):
            here = numbers == number
            values[here] = getattr(self.segments[number], name)[ids[here] - self.segments[number].first]
        return values

    def _segments_of(self, ids: NDArray[np.integer]) -> NDArray[np.int64]:
        """The place of each id's segment; -1 for the id 0."""
        return np.searchsorted([one.first for one in self.segments], ids, "right") - 1

    def _between(self, first: int, end: int) -> Hashes:
        """The hashes of the ids from `first` to before `end`."""
        parts = [
            one.hashes[max(first - one.first, 0) : max(end - one.first, 0)]
            for one in self.segments
            if one.first + len(one.terms) > first
        ]
        return np.concatenate([*parts, np.empty(0, np.uint64)])

    def _last_table(self) -> HashTable:
        """The table of the ids that no lasting one holds."""
        if self._table is None:
            first = self._lasting[-1].first + self._lasting[-1].size if self._lasting else 1
            self._table = HashTable.of(first, self._between(first, len(self) + 1))
        return self._table

    def _ids(self, terms: pa.Array | Sequence[str], *, add: bool) -> Ids:
        if not isinstance(terms, (pa.Array, pa.ChunkedArray)):
            terms = pa.array(terms, pa.large_string())
        if isinstance(terms, pa.ChunkedArray):
            terms = terms.combine_chunks()
        if not len(terms):
            return np.empty(0, np.uint32)
        coded = terms if isinstance(terms, pa.DictionaryArray) else terms.dictionary_encode()
        values = coded.dictionary.cast(pa.large_string())
        hashes = _hashes(values)
        ids = self._search(values, hashes)
        missing = np.flatnonzero(ids == NO_ID)
        if add and len(missing):
            ids[missing] = self._add(values.take(pa.array(missing)), hashes[missing])
        return ids[coded.indices.to_numpy(zero_copy_only=False)]

    def _search(self, values: pa.Array, hashes: Hashes) -> Ids:
        """The ids of distinct values, 0 for those that are unknown."""
        ids = np.zeros(len(hashes), np.uint32)
        for table in (self._last_table(), *reversed(self._lasting)):
            pending = np.flatnonzero(ids == NO_ID)
            places = table.begin(hashes[pending])
            while len(pending):
                found, places = table.walk(hashes[pending], places)
                hit = found != NO_ID
                pending, places, found = pending[hit], places[hit], found[hit]
                if not len(pending):
                    break
                same = pc.equal(self.decode(found), values.take(pa.array(pending))).to_numpy(False)
                ids[pending[same]] = found[same]
                # Another term of the same hash: on behind it.
                pending, places = pending[~same], places[~same]
        return ids

    def _add(self, values: pa.LargeStringArray, hashes: Hashes) -> Ids:
        """Ids for new terms."""
        ordered = np.sort(hashes)
        if (ordered[1:] == ordered[:-1]).any():
            # Perhaps a term is here twice.
            coded = values.dictionary_encode()
            if len(coded.dictionary) < len(values):
                values = coded.dictionary
                return self._add(values, _hashes(values))[coded.indices.to_numpy()]
        size = len(self)
        kind, suffixes = kinds_of(values)
        datatype, language = self._types_of(suffixes)
        forms = stored_forms(values, suffixes)
        stored = np.zeros(len(values), np.uint32)
        if forms:
            stored[list(forms)] = self.encode(list(forms.values()))
        ids = np.zeros(len(values), np.uint32)
        if len(self) > size:  # By datatypes and stored forms, perhaps by some of these very terms.
            ids = self._search(values, hashes)
        new = np.flatnonzero(ids == NO_ID)
        first = len(self) + 1
        ids[new] = np.arange(first, first + len(new), dtype=np.uint32)
        if len(new):
            stored = np.where(stored == NO_ID, ids, stored)
            columns: list[NDArray] = [
                kind,
                datatype[suffixes.codes],
                language[suffixes.codes],
                stored,
                hashes,
            ]
            if len(new) < len(values):
                values, columns = values.take(pa.array(new)), [one[new] for one in columns]
            self._append(Segment.of(first, values, columns))
        return ids

    def _append(self, segment: Segment) -> None:
        table = self._last_table()
        self.segments.append(segment)
        if table.has_room(len(segment.hashes)):
            table.add(segment.hashes)
        else:
            self._table = HashTable.of(table.first, self._between(table.first, len(self) + 1))
        while len(self.segments) > 1 and _worth_merging(*self.segments[-2:]):
            right, left = self.segments.pop(), self.segments.pop()
            terms = pa.concat_arrays([left.terms, right.terms])
            columns = [np.concatenate([getattr(one, name) for one in (left, right)]) for name in COLUMNS]
            self.segments.append(Segment.of(left.first, terms, columns))

    def _types_of(self, suffixes: Suffixes) -> tuple[Ids, NDArray[np.uint16]]:
        """The ids of the datatypes and the numbers of the languages that go with suffixes."""
        used = np.flatnonzero(np.bincount(suffixes.codes, minlength=len(suffixes.values))).tolist()
        texts = {place: text for place in used if (text := suffixes.values[place]) is not None}
        unknown = [text for text in texts.values() if text not in self._types]
        if unknown:
            datatypes = self.encode([datatype_of(text) for text in unknown]).tolist()
            languages = [self._language(text[1:]) if text.startswith("@") else 0 for text in unknown]
            self._types |= zip(unknown, zip(datatypes, languages, strict=True), strict=True)
        found = np.zeros((len(suffixes.values), 2), np.uint32)
        for place, text in texts.items():
            found[place] = self._types[text]
        return found[:, 0], found[:, 1].astype(np.uint16)

    def _language(self, tag: str) -> int:
        if tag not in self.languages:
            self.languages.append(tag)
        return self.languages.index(tag)


def _taken(segment: Segment, ids: NDArray[np.integer]) -> pa.LargeStringArray:
    rows = ids.astype(np.int64) - segment.first
    return segment.terms.take(pa.array(rows, mask=ids == NO_ID))


def _hashes(terms: pa.LargeStringArray) -> Hashes:
    texts = terms.cast(pa.large_binary()).to_numpy(zero_copy_only=False)
    return np.fromiter(map(_hash, texts), np.uint64, len(terms))


def _worth_merging(left: Segment, right: Segment) -> bool:
    return len(left.terms) < 2 * len(right.terms) and _text(left) + _text(right) <= _TEXT_BYTES


def _text(segment: Segment) -> int:
    """Bytes of text."""
    bounds = np.frombuffer(segment.terms.buffers()[1], np.int64)
    return int(bounds[segment.terms.offset + len(segment.terms)] - bounds[segment.terms.offset])
