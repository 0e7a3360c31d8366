"""A word looked for in strings (SPARQL 1.1, section 17.4.3), where no rule of a language has a say in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

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
    texts = pc.replace_substring_regex(terms.texts(ids[known]), '"@[A-Za-z0-9-]+$', '"')
    contents = pc.utf8_slice_codeunits(texts, 1, -1)
    clear = pc.invert(pc.match_substring(contents, "\\"))
    if folds:
        clear = pc.and_(clear, pc.string_is_ascii(contents))
        contents = _FOLDS[folds[0]](contents)
    true[known] = _matching(expression.operator, contents, word, fold=flags == ["i"]).to_numpy(False)
    known[known] = clear.to_numpy(False)
    return Tested((true & known)[places], error[places], ~(known | error)[places])


def _matching(operator: str, contents: pa.Array, word: str, *, fold: bool) -> pa.Array:
    if operator == "STRSTARTS":
        return pc.starts_with(contents, word)
    if operator == "STRENDS":
        return pc.ends_with(contents, word)
    return pc.match_substring(contents, word, ignore_case=fold)


def _plain(expression: Expression) -> str | None:
    """The string that a constant is, without escapes."""
    if not isinstance(expression.term, Constant):
        return None
    text = expression.term.text
    return text[1:-1] if text[0] == text[-1] == '"' and "\\" not in text and len(text) > 1 else None
