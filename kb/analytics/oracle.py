"""Oxigraph as the judge of expressions: what columns don't evaluate, it does, once for all different arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import pyoxigraph as ox

from ..graphs import BASE
from ..terms import PREFIXES
from .algebra import Uncovered
from .tables import codes
from .terms import Ids, Sort, Terms

MOST_ARGUMENTS = 200_000
"""More different arguments are not asked about: about 6 µs each."""
_ERROR = -1
_REMEMBERED = 200


class Oracle:
    """Evaluates expressions over rows of ids; answers to one argument are remembered by the expression's text."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._store = ox.Store()
        self._known: dict[tuple[str, str], Ids] = {}

    def values(self, prologue: str, text: str, names: Sequence[str], columns: Sequence[Ids]) -> Ids:
        """The value of an expression for each row of its variables' columns; 0 for an error.

        Raises Uncovered for blank nodes, and for too many different arguments.
        """
        if len(names) != 1:
            return self._asked(prologue, text, names, columns)
        known = self._remembered(prologue, text)
        column = columns[0]
        if column.size and (fresh := column[known[column] == 0]).size:
            fresh = np.unique(fresh)
            found = self._asked(prologue, text, names, [fresh])
            known[fresh] = np.where(found == 0, _ERROR, found)
        return np.maximum(known[column], 0)

    def rename(self, moved: Mapping[int, int]) -> None:
        """Take other ids for terms that were remembered as values."""
        for known in self._known.values() if moved else ():
            places = np.flatnonzero(known >= min(moved))
            known[places] = [moved.get(one, one) for one in known[places].tolist()]

    def folded(self, aggregate: str, groups: Ids, column: Ids, size: int) -> Ids:
        """An aggregate (with ``?v`` for its argument) of each of `size` groups."""
        if len(column) > MOST_ARGUMENTS:
            raise Uncovered(f"an aggregate of {len(column):,} values that are not plain numbers")
        cells = self._cells([column])[0]
        rows = " ".join(f"({group} {cell})" for group, cell in zip(groups.tolist(), cells, strict=True))
        text = f"SELECT ?g ({aggregate} AS ?value) {{ VALUES (?g ?v) {{ {rows} }} }} GROUP BY ?g"
        texts = [""] * size
        for group, value in self._rows(text):
            texts[int(group.value)] = "" if value is None else str(value)
        return self._ids(texts)

    def _remembered(self, prologue: str, text: str) -> Ids:
        size = len(self._terms)
        known = self._known.pop((prologue, text), np.zeros(0, np.int64))
        if len(known) < size:
            known = np.concatenate([known, np.zeros(size + size // 8 - len(known), np.int64)])
        while len(self._known) * len(known) > _REMEMBERED * 1_000_000 and self._known:
            del self._known[next(iter(self._known))]
        self._known[prologue, text] = known
        return known

    def _asked(self, prologue: str, text: str, names: Sequence[str], columns: Sequence[Ids]) -> Ids:
        alias = "v" + max(names, key=len, default="")
        value = f"({text} AS ?{alias})"
        if not names:
            ((found,),) = self._rows(f"{prologue} SELECT {value} {{}}")
            return self._ids(["" if found is None else str(found)])
        if not len(columns[0]):
            return np.zeros(0, np.int64)
        places, first = codes(columns, len(columns[0]))
        if len(first) > MOST_ARGUMENTS:
            raise Uncovered(f"an expression of {len(first):,} different arguments")
        if any((self._terms.sorts(column) == Sort.BLANK).any() for column in columns):
            some = [column[first] for column in columns]
            return self._asked_of_triples(prologue, value, names, some, marker=alias)[places]
        cells = self._cells([column[first] for column in columns])
        rows = " ".join(f"({' '.join(row)})" for row in zip(*cells, strict=True))
        head = " ".join(f"?{name}" for name in names)
        found = self._rows(f"{prologue} SELECT {value} {{ VALUES ({head}) {{ {rows} }} }}")
        return self._ids(["" if value is None else str(value) for (value,) in found])[places]

    def _asked_of_triples(
        self, prologue: str, value: str, names: Sequence[str], columns: Sequence[Ids], *, marker: str
    ) -> Ids:
        """Arguments among which are blank nodes, which VALUES can't have, as triples of rows."""
        lines = [
            f"<urn:row:{row}> <urn:argument:{place}> {text} ."
            for place, column in enumerate(columns)
            for row, text in enumerate(self._terms.texts(column).to_pylist())
            if text is not None
        ]
        lines += [f'<urn:row:{row}> <urn:row> "{row}" .' for row in range(len(columns[0]))]
        store = ox.Store()
        store.extend(ox.parse("\n".join(lines), format=ox.RdfFormat.N_TRIPLES, lenient=True))
        row, number = f"?{marker}_row", f"?{marker}_number"
        parts = " ".join(
            f"OPTIONAL {{ {row} <urn:argument:{place}> ?{name} }}" for place, name in enumerate(names)
        )
        asked = f"{prologue} SELECT {number} {value} {{ {row} <urn:row> {number} {parts} }}"
        found = store.query(asked, prefixes=dict(PREFIXES), base_iri=BASE)
        texts = [""] * len(columns[0])
        for place, one in cast(ox.QuerySolutions, found):
            texts[int(place.value)] = "" if one is None else str(one)
        return self._ids(texts, blanks=True)

    def _cells(self, columns: Sequence[Ids]) -> list[list[str]]:
        if any((self._terms.sorts(column) == Sort.BLANK).any() for column in columns):
            raise Uncovered("an expression over blank nodes")
        return [
            ["UNDEF" if text is None else text for text in self._terms.texts(column).to_pylist()]
            for column in columns
        ]

    def _rows(self, text: str) -> list[ox.QuerySolution]:
        try:
            found = self._store.query(text, prefixes=dict(PREFIXES), base_iri=BASE)
        except SyntaxError:
            raise Uncovered("an expression that can't be taken out of its query") from None
        return list(cast(ox.QuerySolutions, found))

    def _ids(self, texts: list[str], *, blanks: bool = False) -> Ids:
        if not blanks and any(text.startswith("_:") for text in texts):
            raise Uncovered("an expression that makes blank nodes")
        found = self._terms.ids([text or "<>" for text in texts])
        return np.where(np.fromiter(map(bool, texts), bool, len(texts)), found, 0)
