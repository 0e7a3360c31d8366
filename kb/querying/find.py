"""Finding entities by what they are called: label, alias, GTIN, model number, code, account; typos tolerated."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from rapidfuzz import fuzz

from ..store import Snapshot
from ..terms import CKB
from ..values import iri
from .name_index import code, grams, kind_gram, name_index, words

_CANDIDATES = 300
_ENOUGH_ROWS = 50_000
_FEWEST_GRAMS = 4
_CLOSE_ENOUGH = 0.68
_BEGINNING = 4
_FIRST = (CKB.Category, CKB.Brand, CKB.SPU, CKB.ProductSeries, CKB.Need, CKB.Merchant, CKB.Influencer)
_SECOND = (CKB.SKU, CKB.Bundle, CKB.Shop, CKB.Organization, CKB.Campaign, CKB.Topic, CKB.AttributeValue)
_LEADS = {**{one.value: 0.04 for one in _FIRST}, **{one.value: 0.02 for one in _SECOND}}


@dataclass(frozen=True)
class Match:
    """An entity that was found: `matched` is the name that did it, `score` runs from 0 to 1."""

    iri: str
    label: str
    label_zh: str | None
    kind: str
    score: float
    matched: str


class _Name(NamedTuple):
    entity: int
    iri: str
    kind: str
    field: str
    text: str
    key: str


def find(
    snapshot: Snapshot, text: str, *, kind: str | None = None, limit: int = 10, private: bool = True
) -> list[Match]:
    """The entities whose names come closest to `text`, best first.

    `kind` (a class, as IRI or CURIE) keeps members of one class; with `private` false, names that only private
    graphs hold are unknown. The first call on a snapshot builds its index of names.
    """
    place = name_index(snapshot.folder / "views", snapshot.image, private=private)
    address = f"{place.resolve().as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        mark = None
        if kind is not None:
            row = connection.execute("SELECT id FROM class WHERE iri = ?", (iri(kind).value,)).fetchone()
            if row is None:
                return []
            mark = kind_gram(row[0])
        best: dict[int, tuple[float, _Name]] = {}
        for name in _candidates(connection, text, mark):
            score = _score(text, name)
            if score >= _CLOSE_ENOUGH and score > best.get(name.entity, (0.0,))[0]:
                best[name.entity] = score, name
        ranked = sorted(best.values(), key=lambda one: (-one[0], len(one[1].key), one[1].iri))
        return [_match(connection, score, name) for score, name in ranked[:limit]]


def _candidates(connection: sqlite3.Connection, text: str, mark: str | None) -> Iterable[_Name]:
    chosen = "SELECT entity.id, iri, kind, field, text, key FROM name JOIN entity ON entity.id = name.entity"
    kept = "" if mark is None else f" AND instr(kinds, ' {mark} ')"
    compared, identifier = words(text), code(text)
    for key in {compared, identifier} - {""}:
        rows = connection.execute(f"{chosen} WHERE key = ?{kept} LIMIT {_CANDIDATES}", (key,))
        yield from map(_Name._make, rows)
    if len(identifier) >= _BEGINNING:
        rows = connection.execute(
            f"{chosen} WHERE key > ? AND key < ? AND field = 'identifier'{kept} LIMIT {_CANDIDATES}",
            (identifier, f"{identifier}\U0010ffff"),
        )
        yield from map(_Name._make, rows)
    rare = _rarest(connection, grams(compared))
    if rare:
        wanted = "pieces : (" + " OR ".join(f'"{one}"' for one in rare) + ")"
        wanted += "" if mark is None else f" AND kinds : {mark}"
        rows = connection.execute(
            f"{chosen} JOIN (SELECT rowid AS number FROM grams WHERE grams MATCH ?"
            f" ORDER BY bm25(grams, 1, 0) LIMIT {_CANDIDATES}) ON number = name.id",
            (wanted,),
        )
        yield from map(_Name._make, rows)


def _rarest(connection: sqlite3.Connection, wanted: list[str]) -> list[str]:
    """The n-grams that few names have: reading the lists of common ones would take long and say little."""
    marks = ", ".join("?" * len(wanted))
    rows = connection.execute(f"SELECT term, doc FROM gram WHERE term IN ({marks}) ORDER BY doc", wanted)
    chosen: list[str] = []
    read = 0
    for term, count in rows:
        read += count
        if read > _ENOUGH_ROWS and len(chosen) >= _FEWEST_GRAMS:
            break
        chosen.append(term)
    return chosen


def _score(text: str, name: _Name) -> float:
    """How close a name comes: 1 is the same, and a class that people mean more often leads a little."""
    if name.field == "identifier":
        wanted = code(text)
        return 1.0 if wanted == name.key else 0.7 + 0.2 * len(wanted) / len(name.key)
    wanted = words(text)
    if wanted == name.key:
        closeness = 0.96
    else:
        within = max(fuzz.partial_ratio(wanted, name.key), fuzz.token_set_ratio(wanted, name.key))
        begins_word = 0.86 if f" {wanted}" in f" {name.key}" else 0.83
        within *= begins_word * min(1, len(name.key) / len(wanted))
        closeness = max(0.93 * fuzz.ratio(wanted, name.key), within) / 100
    return closeness + _LEADS.get(name.kind, 0.0)


def _match(connection: sqlite3.Connection, score: float, name: _Name) -> Match:
    labels: dict[str, str] = {}
    rows = connection.execute(
        "SELECT language, text FROM name WHERE entity = ? AND field = 'label' ORDER BY id", (name.entity,)
    )
    for language, text in rows:
        labels.setdefault(language.lower().partition("-")[0], text)
    label = labels.get("en") or labels.get("") or next(iter(labels.values()), name.text)
    return Match(name.iri, label, labels.get("zh"), name.kind, round(score, 3), name.text)
