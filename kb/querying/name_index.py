"""The index of names: a SQLite file beside a snapshot that says what its entities are called.

Names are split into pairs of letters (n-grams), so that words without spaces between them and typing errors
are found; identifiers (GTIN, model number, ...) are looked up whole or by their beginning.
"""

from __future__ import annotations

import sqlite3
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from ..columns.dictionary import Dictionary, Kind
from ..columns.image import Image
from ..columns.kernels import Ids, Pairs, expand, heads, tails
from ..columns.values import lexical
from ..terms import CKB, RDF, RDFS, SKOS

_FIELDS = {
    "label": (RDFS.label, SKOS.prefLabel),
    "alias": (SKOS.altLabel,),
    "identifier": (CKB.gtin, CKB.modelNumber, CKB.merchantSkuCode, CKB.platformAccount, CKB.pseudonym),
}
_CHUNK = 20_000
_TABLES = """
CREATE TABLE entity (id INTEGER PRIMARY KEY, iri TEXT, kind TEXT, kinds TEXT);
CREATE TABLE name (id INTEGER PRIMARY KEY, entity INTEGER, field TEXT, language TEXT, text TEXT, key TEXT);
CREATE TABLE class (id INTEGER PRIMARY KEY, iri TEXT);
CREATE VIRTUAL TABLE grams USING fts5(pieces, kinds, content='');
CREATE VIRTUAL TABLE gram USING fts5vocab(grams, row);
"""
_INDEXES = """
CREATE INDEX name_by_key ON name (key);
CREATE INDEX name_by_entity ON name (entity);
"""


def words(text: str) -> str:
    """A name as it is compared: without case, accents, punctuation, and width of letters.

    >>> words("Café-Crème，ＢＢ霜")
    'cafe creme bb霜'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = (one for one in plain if not unicodedata.combining(one))
    return " ".join("".join(one if one.isalnum() else " " for one in letters).split())


def code(text: str) -> str:
    """An identifier as it is compared: letters and digits alone, without leading zeros.

    >>> code("0690-1234567892") == code("6901234567892")
    True
    """
    return words(text).replace(" ", "").lstrip("0")


def grams(compared: str) -> list[str]:
    """The distinct n-grams of compared words: pairs, and single letters where a letter can be a word.

    >>> grams("bb霜")
    ['bb', 'b霜', '霜']
    """
    found: dict[str, None] = {}
    for word in compared.split():
        found.update(dict.fromkeys(word[place : place + 2] for place in range(max(len(word) - 1, 1))))
        found.update(dict.fromkeys(one for one in word if one > "\u2e7f"))
    return list(found)


def kind_gram(identifier: int) -> str:
    """The word that marks names of entities of one class."""
    return f"kind{identifier}"


def name_index(folder: Path, image: Image, *, private: bool) -> Path:
    """The index below `folder`, built at the first call; the public one knows public graphs alone."""
    place = folder / ("find.sqlite" if private else "find-public.sqlite")
    if not place.exists():
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=folder) as draft:
            with closing(sqlite3.connect(Path(draft, place.name))) as connection:
                _fill(connection, image, private=private)
            # Another process may have been faster; its index is the same.
            Path(draft, place.name).replace(place)
    return place


def _fill(connection: sqlite3.Connection, image: Image, *, private: bool) -> None:
    connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
    dictionary = image.dictionary
    kinds = _Kinds(image, private=private)
    for field, predicates in _FIELDS.items():
        for predicate in predicates:
            pairs = image.open_pairs(dictionary.id(str(predicate)), private=private)
            pairs = pairs[dictionary.kind[heads(pairs)] == Kind.IRI]
            for begin in range(0, len(pairs), _CHUNK):
                _add(connection, dictionary, kinds, field, pairs[begin : begin + _CHUNK])
    connection.executemany("INSERT INTO class VALUES (?, ?)", kinds.classes)
    connection.executescript(_INDEXES + "INSERT INTO grams (grams) VALUES ('optimize');")
    connection.commit()


def _add(
    connection: sqlite3.Connection, dictionary: Dictionary, kinds: _Kinds, field: str, pairs: Pairs
) -> None:
    entities, literals = heads(pairs), tails(pairs)
    subjects = np.unique(entities)
    found = dict(zip(subjects.tolist(), kinds.of(subjects), strict=True))
    iris = lexical(dictionary, subjects).to_pylist()
    connection.executemany(
        "INSERT OR IGNORE INTO entity VALUES (?, ?, ?, ?)",
        ((one, iri, *found[one]) for one, iri in zip(found, iris, strict=True)),
    )
    languages = [dictionary.languages[one] for one in dictionary.language[literals]]
    texts = lexical(dictionary, literals).to_pylist()
    for entity, language, text in zip(entities.tolist(), languages, texts, strict=True):
        key = code(text) if field == "identifier" else words(text)
        row = connection.execute(
            "INSERT INTO name (entity, field, language, text, key) VALUES (?, ?, ?, ?, ?)",
            (entity, field, language, text, key),
        ).lastrowid
        if field != "identifier":
            connection.execute(
                "INSERT INTO grams (rowid, pieces, kinds) VALUES (?, ?, ?)",
                (row, " ".join(grams(key)), found[entity][1]),
            )


class _Kinds:
    """The classes of entities: all of them, and the one that says best what an entity is."""

    def __init__(self, image: Image, *, private: bool) -> None:
        predicate = image.dictionary.id(str(RDF.type))
        self._types = image.open_pairs(predicate, private=private)
        self._asserted = image.open_pairs(predicate, private=private, inferred=False)
        self._ids, self._sizes = np.unique(tails(self._types), return_counts=True)
        iris = lexical(image.dictionary, self._ids).to_pylist()
        self._iris = dict(zip(self._ids.tolist(), iris, strict=True))

    @property
    def classes(self) -> Sequence[tuple[int, str]]:
        """Id and IRI of each class that has members."""
        return [(one, iri) for one, iri in self._iris.items() if iri is not None]

    def of(self, entities: Ids) -> Iterator[tuple[str, str]]:
        """For each entity the IRI of its best class, and the marks of all its classes.

        Best is what was asserted before what was inferred, then the class with fewest members.
        """
        asserted, best = expand(self._asserted, entities)
        every, classes = expand(self._types, entities)
        rows = np.concatenate([asserted, every])
        all_classes = np.concatenate([best, classes])
        inferred = np.arange(len(rows)) >= len(asserted)
        sizes = self._sizes[np.searchsorted(self._ids, all_classes)]
        order = np.lexsort((sizes, inferred, rows))
        chosen = np.zeros(len(entities), np.uint32)
        chosen[rows[order][::-1]] = all_classes[order][::-1]
        marks: list[list[str]] = [[] for _ in entities]
        for row, one in zip(every.tolist(), classes.tolist(), strict=True):
            marks[row].append(kind_gram(one))
        for one, mark in zip(chosen.tolist(), marks, strict=True):
            yield self._iris.get(one) or "", f" {' '.join(mark)} "
