"""String-based constraints (SHACL 4.4): length, pattern, languages; each distinct term is looked at once."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ...columns.kernels import Pairs, heads
from ...errors import ShapesError
from .. import components as c
from ..paths import no_values
from ..scope import ValueNodes

_OUTSIDE = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"[\p{L}\p{M}\p{N}_]", "W": r"[^\p{L}\p{M}\p{N}_]"}
_INSIDE = {"d": r"\p{Nd}", "D": r"\P{Nd}", "w": r"\p{L}\p{M}\p{N}_"}
# A text that stands at the beginning.
_PREFIX = re.compile(r"\^((?:[\w:/#,; @~&=-]|\[\.\])+)")
_TOKEN = re.compile(r"\\.|\[\^?|\]|\s|.", re.DOTALL)


def min_length(constraint: c.MinLength, values: ValueNodes) -> Pairs:
    """Values shorter than the limit, and blank nodes."""
    return values.where(_lengths(values) < constraint.count)


def max_length(constraint: c.MaxLength, values: ValueNodes) -> Pairs:
    """Values longer than the limit, and blank nodes."""
    lengths = _lengths(values)
    return values.where((lengths > constraint.count) | (lengths < 0))


def _lengths(values: ValueNodes) -> NDArray[np.int64]:
    return pc.utf8_length(values.forms).fill_null(-1).to_numpy(False)


def pattern(constraint: c.Pattern, values: ValueNodes) -> Pairs:
    """Values that the pattern doesn't match anywhere, and blank nodes."""
    found = matches(values.forms, constraint.pattern, constraint.flags)
    return values.where(~found)


def matches(forms: pa.Array, pattern: str, flags: str = "") -> NDArray[np.bool_]:
    """Whether SPARQL's REGEX finds `pattern` in each form; null never matches.

    RE2 does it, with the Unicode classes of XPath; Python's ``re`` where RE2 can't (look-around).

    >>> matches(pa.array(["Größe 4", "x", None]), r"^\\w+ \\d$").tolist()
    [True, False, False]
    """
    if set(flags) - set("smixq"):
        raise ShapesError(
            f"sh:flags has unknown letters: '{flags}'", where="shapes graph", hint="use s, m, i, x, q"
        )
    if "q" in flags:
        pattern, flags = re.escape(pattern).replace("\\ ", " "), flags.replace("x", "").replace("q", "")
    if not flags and (beginning := _PREFIX.fullmatch(pattern)):
        return pc.starts_with(forms, beginning[1].replace("[.]", ".")).fill_null(False).to_numpy(False)
    mode = "".join(sorted(set(flags) & set("smi")))
    try:
        text = (f"(?{mode})" if mode else "") + _as_re2(pattern, spaced="x" in flags)
        return pc.match_substring_regex(forms, text).fill_null(False).to_numpy(False)
    except pa.ArrowInvalid:
        return _by_python(forms, pattern, flags)


def _as_re2(pattern: str, *, spaced: bool) -> str:
    parts, inside = [], False
    for token in _TOKEN.findall(pattern):
        if token[0] == "[" and not inside:
            inside = True
        elif token == "]":
            inside = False
        elif spaced and token.isspace() and not inside:
            continue
        if token[0] == "\\":
            token = (_INSIDE if inside else _OUTSIDE).get(token[1], token)
        parts.append(token)
    return "".join(parts)


def _by_python(forms: pa.Array, pattern: str, flags: str) -> NDArray[np.bool_]:
    options = 0
    for flag in flags:
        options |= {"s": re.DOTALL, "m": re.MULTILINE, "i": re.IGNORECASE, "x": re.VERBOSE}[flag]
    try:
        compiled = re.compile(pattern, options)
    except re.error as error:
        raise ShapesError(
            f"sh:pattern '{pattern}' is no regular expression: {error}",
            where="shapes graph",
            hint="use the syntax of SPARQL's REGEX",
        ) from None
    return np.array(
        [form is not None and compiled.search(form) is not None for form in forms.to_pylist()], bool
    )


def language_in(constraint: c.LanguageIn, values: ValueNodes) -> Pairs:
    """Values without a language tag in one of the ranges."""
    dictionary = values.scope.dictionary
    good = np.array([bool(tag) and _in_ranges(tag, constraint.ranges) for tag in dictionary.languages], bool)
    return values.where(~good[dictionary.language_of(values.distinct)])


def _in_ranges(tag: str, ranges: tuple[str, ...]) -> bool:
    tag = tag.lower()
    return any(one == "*" or tag == one.lower() or tag.startswith(one.lower() + "-") for one in ranges)


def unique_lang(constraint: c.UniqueLang, values: ValueNodes) -> Pairs:
    """Focus nodes, once for each language that more than one of their values has."""
    dictionary = values.scope.dictionary
    folded = [tag.lower() for tag in dictionary.languages]
    numbers = np.array([folded.index(tag) for tag in folded])
    language = numbers[dictionary.language_of(values.distinct)][values.places]
    tagged = language > 0
    keys, counts = np.unique(
        (heads(values.pairs)[tagged].astype(np.uint64) << np.uint64(32)) | language[tagged].astype(np.uint64),
        return_counts=True,
    )
    return no_values(heads(keys[counts > 1]))


CHECKS = {
    c.MinLength: min_length,
    c.MaxLength: max_length,
    c.Pattern: pattern,
    c.LanguageIn: language_in,
    c.UniqueLang: unique_lang,
}
