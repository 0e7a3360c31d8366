"""The order of terms, where SPARQL and Oxigraph have one (SPARQL 1.1, section 15.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from .terms import Ids, Sort, Terms

_NUMBERS = {Sort.INTEGER, Sort.DECIMAL, Sort.LONG}
_BY_NUMBER = {Sort.BOOLEAN, Sort.INSTANT, Sort.DAY}
_BY_TEXT = {Sort.STRING, Sort.IRI}
_UNBOUND = -(2**62)


@dataclass(frozen=True)
class Ranks:
    """The places of terms in order, unbound first; `total` is whether only the same term has the same place."""

    values: NDArray[np.int64]
    total: bool


def ranked(ids: Ids, terms: Terms) -> Ranks | None:
    """The order of terms: blank nodes, IRIs, literals of one sort.

    None for literals of several sorts, or of a sort whose order only Oxigraph knows.

    >>> from kb.columns.dictionary import Dictionary
    >>> terms = Terms(Dictionary())
    >>> ranked(terms.ids(['"b"', '"a"', '"b"']), terms).values
    array([1, 0, 1])
    """
    sorts = terms.sorts(ids)
    bound = sorts != Sort.UNBOUND
    kinds = {Sort(one) for one in np.unique(sorts[bound]).tolist()}
    if Sort.BLANK in kinds or (Sort.IRI in kinds and len(kinds) > 1):
        return _by_kind(ids, sorts, terms)
    if len(kinds) == 1 and kinds <= _BY_TEXT:
        texts = _texts(ids[bound], terms)
        if texts is None:
            return None
        values = np.full(len(ids), _UNBOUND)
        values[bound] = texts
        return Ranks(values, True)
    if kinds <= _NUMBERS:
        values = _exact(ids, terms) if Sort.LONG in kinds else terms.numbers(ids)
        total = len(kinds - {Sort.DECIMAL, Sort.LONG}) == 0 or len(kinds) < 2
        return Ranks(np.where(bound, values, _UNBOUND), total)
    if len(kinds) == 1 and kinds <= _BY_NUMBER:
        return Ranks(np.where(bound, terms.numbers(ids), _UNBOUND), Sort.INSTANT not in kinds)
    return None


def _by_kind(ids: Ids, sorts: NDArray[np.uint8], terms: Terms) -> Ranks | None:
    """Terms of several kinds: of each kind those that the other ones are unbound for."""
    values, total = np.full(len(ids), _UNBOUND), True
    blank, iri = sorts == Sort.BLANK, sorts == Sort.IRI
    literal = ~(blank | iri | (sorts == Sort.UNBOUND))
    for place, rows in enumerate((iri, literal)):
        found = ranked(ids[rows], terms)
        if found is None:
            return None
        # Ranks of literals are numbers of any size: only their order counts.
        values[rows] = np.unique(found.values, return_inverse=True)[1] + place * (len(ids) + 1)
        total &= found.total
    values[blank] = -1
    return Ranks(values, total and len(np.unique(ids[blank])) < 2)


def _texts(ids: Ids, terms: Terms) -> NDArray[np.int64] | None:
    """Strings or IRIs by code point."""
    values, places = terms.distinct(ids)
    texts = terms.lexical(values)
    if pc.any(pc.match_substring(texts, "\\")).as_py():
        return None  # What stands behind an escape is not what is compared.
    ranks = np.empty(len(values), np.int64)
    ranks[pc.sort_indices(texts).to_numpy()] = np.arange(len(values))
    return ranks[places]


def _exact(ids: Ids, terms: Terms) -> NDArray[np.int64]:
    """Numbers of many digits."""
    values, places = terms.distinct(ids)
    forms = pc.extract_regex(terms.texts(values), '^"(?P<number>[^"]+)"').field("number")
    numbers = [_scaled(form or "0") for form in forms.to_pylist()]
    rank = {number: place for place, number in enumerate(sorted(set(numbers)))}
    return np.array([rank[number] for number in numbers], np.int64)[places]


def _scaled(form: str) -> int:
    """A decimal of at most 18 fractional digits as a whole number."""
    whole, _, rest = form.partition(".")
    return int(whole + rest.ljust(18, "0"))
