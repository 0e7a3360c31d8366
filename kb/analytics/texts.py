"""A word looked for in strings (SPARQL 1.1, section 17.4.3), where no rule of a language has a say in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .algebra import Constant, Expression, Variable
from .terms import Ids, Sort, Terms

Mask = NDArray[np.bool_]
TESTS = {"CONTAINS", "REGEX", "STRENDS", "STRSTARTS"}
_FOLDS: dict[str, Callable[[pa.Array], pa.Array]] = {"LCASE": pc.ascii_lower, "UCASE": pc.ascii_upper}
# A regular expression that means itself, in which letters fold alike everywhere.
_WORD = re.compile("[A-Za-z0-9 _]+")
# What folds to an ASCII letter beside its capital (Unicode, simple case folding): the long s, the sign of Kelvin.
_FOLDING = {"\u017f": "s", "\u212a": "k"}
_STRINGS = (Sort.STRING, Sort.LANGUAGE)
_NO_STRINGS = (
    *(Sort.UNBOUND, Sort.IRI, Sort.BLANK, Sort.INTEGER),
    *(Sort.DECIMAL, Sort.LONG, Sort.BOOLEAN, Sort.INSTANT, Sort.DAY),
)


@dataclass(frozen=True)
class Tested:
    """For each row whether it is true, an error, or `unknown`: to be told by the oracle."""

    true: Mask
    error: Mask
    unknown: Mask


@dataclass(frozen=True)
class _Contents:
    """What literals and IRIs say, without quotes, languages and brackets; `clear` where nothing in it is escaped."""

    texts: pa.LargeStringArray
    clear: pa.BooleanArray

    @classmethod
    def of(cls, terms: pa.LargeStringArray) -> Self:
        """The contents of terms in N-Triples syntax."""
        texts = pc.utf8_slice_codeunits(pc.replace_substring_regex(terms, '"@[A-Za-z0-9-]+$', '"'), 1, -1)
        return cls(texts, pc.invert(pc.match_substring(texts, "\\")))

    @cached_property
    def folded(self) -> pa.LargeStringArray:
        """The texts with all that folds to an ASCII letter as that letter."""
        found = pc.ascii_lower(self.texts)
        for letter, plain in _FOLDING.items():
            found = pc.replace_substring(found, letter, plain)
        return found


def tested(expression: Expression, column: Callable[[str], Ids], terms: Terms) -> Tested | None:
    """Whether strings have a word; None for an expression of another form than a variable and constants.

    The variable may stand within STR, and that or itself within LCASE or UCASE.
    """
    wrapped, *rest = expression.parts
    calls = []
    while wrapped.operator in ("STR", *_FOLDS):
        calls.append(wrapped.operator)
        (wrapped,) = wrapped.parts
    words = [_plain(one) for one in rest]
    folds = [one for one in calls if one != "STR"]
    if not isinstance(wrapped.term, Variable) or None in words or len(folds) > 1 or "STR" in calls[:-1]:
        return None
    word, *flags = (one or "" for one in words)
    if expression.operator == "REGEX" and not (_WORD.fullmatch(word) and flags in ([], [""], ["i"])):
        return None
    ids, places = terms.distinct(column(wrapped.term.name))
    sorts, whole = terms.sorts(ids), "STR" in calls
    error = sorts == Sort.UNBOUND if whole else np.isin(sorts, _NO_STRINGS)
    known = np.isin(sorts, (*_STRINGS, Sort.IRI) if whole else _STRINGS)
    true = np.zeros(len(ids), bool)
    found = terms.kept(ids[known], lambda some: _Contents.of(terms.texts(some)))
    clear = found.clear
    if folds:
        clear = pc.and_(clear, pc.string_is_ascii(found.texts))
        matched = _matching(expression.operator, _FOLDS[folds[0]](found.texts), word)
    elif flags == ["i"]:
        matched = pc.match_substring(found.folded, word.lower())
    else:
        matched = _matching(expression.operator, found.texts, word)
    true[known] = matched.to_numpy(False)
    known[known] = clear.to_numpy(False)
    return Tested((true & known)[places], error[places], ~(known | error)[places])


def _matching(operator: str, contents: pa.Array, word: str) -> pa.Array:
    if operator == "STRSTARTS":
        return pc.starts_with(contents, word)
    if operator == "STRENDS":
        return pc.ends_with(contents, word)
    return pc.match_substring(contents, word)


def _plain(expression: Expression) -> str | None:
    """The string that a constant is, without escapes."""
    if not isinstance(expression.term, Constant):
        return None
    text = expression.term.text
    return text[1:-1] if text[0] == text[-1] == '"' and "\\" not in text and len(text) > 1 else None
