"""Values of attributes as spans of texts: candidates by known values and shapes, judged by gradient boosting."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from .extra import needed

_TOKEN = re.compile(r"\w+(?:[.,/'’+-]\w+)*|[^\w\s]")
_MOST_TOKENS = 5
_MOST_WORDS = 60
# A table says how often a key was right; so many doubtful cases are mixed in.
_DOUBT = 2.0
_TREES = 200
_AT_ONCE = 256
# So many wrong spans of a text are learnt from; with more, one of several stands for these.
_MOST_WRONG = 200


@dataclass(frozen=True)
class Asked:
    """A text, and an attribute that is asked of it for a category; `values` are the right answers, if known."""

    text: str
    category: str
    attribute: str
    values: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Span:
    """A value that was found: where it stands in the text, and how likely it is right."""

    begin: int
    end: int
    text: str
    score: float


def plain(value: str) -> str:
    """A value for comparing: lower case, blanks as one.

    >>> plain(" Stainless  Steel ")
    'stainless steel'
    """
    return " ".join(value.lower().split())


def shape(token: str) -> str:
    """The shape of a token: runs of digits, of capitals, of letters; short units stay.

    >>> [shape(one) for one in ("85mm", "YE-409", "Steel", "steel", "1.5L")]
    ['9mm', 'A-9', 'Aa', 'a', '9.9L']
    """
    unit = re.fullmatch(r"([\d.,]+)([A-Za-z]{1,3})", token)
    if unit:
        return re.sub(r"\d+", "9", unit[1]) + unit[2]
    return re.sub(r"[a-z]+", "a", re.sub(r"[A-Z]+", "A", re.sub(r"\d+", "9", token)))


@dataclass(frozen=True)
class _Candidate:
    begin: int
    end: int
    text: str
    keys: tuple[tuple[str, ...], ...]
    numbers: tuple[float, ...]
    weight: int


@dataclass(frozen=True)
class _Piece:
    """A span of a few tokens of a text."""

    begin: int
    end: int
    text: str
    value: str
    form: str
    first: int
    last: int


@dataclass(frozen=True)
class _Text:
    """A text's tokens in lower case, and its spans."""

    low: list[str]
    pieces: list[_Piece]


@lru_cache(maxsize=64)
def _read(text: str) -> _Text:
    found = [(one.start(), one.end()) for one in _TOKEN.finditer(text)][:_MOST_WORDS]
    words = [text[begin:end] for begin, end in found]
    forms = [shape(one) for one in words]
    pieces = []
    for first in range(len(words)):
        for last in range(first, min(first + _MOST_TOKENS, len(words))):
            begin, end = found[first][0], found[last][1]
            some, form = text[begin:end], " ".join(forms[first : last + 1])
            pieces.append(_Piece(begin, end, some, plain(some), form, first, last))
    return _Text([one.lower() for one in words], pieces)


@dataclass(frozen=True)
class _Known:
    """The values that were right somewhere, for whatever attribute, and by attribute their shapes."""

    values: set[str]
    forms: dict[str, set[str]]

    @classmethod
    def of(cls, examples: Sequence[Asked]) -> _Known:
        known = cls(set(), defaultdict(set))
        for one in examples:
            right = {plain(value) for value in one.values}
            for piece in _read(one.text).pieces if right else ():
                if piece.value in right:
                    known.values.add(piece.value)
                    known.forms[one.attribute].add(piece.form)
        return known


def _candidates(asked: Asked, known: _Known, *, others: bool = False) -> Iterator[_Candidate]:
    """Spans of a known value or shape, with keys of the tables that know something of them, and plain numbers.

    With `others` all other spans come too, of long texts a sample: each stands for `weight` of them.
    """
    text, name, where = _read(asked.text), asked.attribute, asked.category
    low, values, forms = text.low, known.values, known.forms.get(name, set())
    asks = {one.rstrip("s") for one in re.findall(r"\w+", name.lower())}
    every = max(1, len(low) // 30)
    for place, one in enumerate(text.pieces):
        weight = 1
        if one.value not in values and one.form not in forms:
            if not others or place % every:
                continue
            weight = every
        before = low[one.first - 1] if one.first else "^"
        after = low[one.last + 1] if one.last + 1 < len(low) else "$"
        keys = (
            ("value", name, one.value),
            ("value+", where, name, one.value),
            ("anywhere", one.value),
            ("shape", name, one.form),
            ("shape+", where, name, one.form),
            ("before", name, before),
            ("after", name, after),
            ("first", name, low[one.first]),
            ("last", name, low[one.last]),
            ("place", name, str(min(one.first, 5)), str(one.last - one.first)),
            ("edges", where, name, low[one.last], after),
        )
        numbers = (
            one.first / len(low),
            float(one.last - one.first + 1),
            float(len(one.text)),
            float(len(low) - one.last - 1),
            float(any(letter.isdigit() for letter in one.text)),
            float(len(asks & {word.rstrip("s") for word in low[one.first : one.last + 1]})),
            float(after.rstrip("s") in asks) + float(before.rstrip("s") in asks),
        )
        yield _Candidate(one.begin, one.end, one.text, keys, numbers, weight)


@dataclass(frozen=True)
class SpanModel:
    """What keys of spans were right how often, and the trees that judge by it."""

    hits: Counter[tuple[str, ...]]
    seen: Counter[tuple[str, ...]]
    asked: Counter[tuple[str, ...]]
    answered: Counter[tuple[str, ...]]
    known: _Known
    booster: Any

    @classmethod
    def trained(cls, examples: Sequence[Asked]) -> SpanModel:
        """Learn from texts with known answers; those without any teach what is none.

        Each example is judged by what all others say of its spans, so that none confirms itself.
        """
        hits: Counter[tuple[str, ...]] = Counter()
        seen: Counter[tuple[str, ...]] = Counter()
        asked: Counter[tuple[str, ...]] = Counter()
        answered: Counter[tuple[str, ...]] = Counter()
        known = _Known.of(examples)
        for one in examples:
            own_hits, own_seen = _counted(one, known)
            hits.update(own_hits)
            seen.update(own_seen)
            for key in _asking(one):
                asked[key] += 1
                answered[key] += bool(own_hits)
        model = cls(hits, seen, asked, answered, known, None)
        rows, labels, weights = [], [], []
        for one in examples:
            own = _counted(one, known)
            prior, right = model._prior(one, own=float(bool(own[0]))), {plain(value) for value in one.values}
            some = list(_candidates(one, known))
            every = 1 + len(some) // _MOST_WRONG
            for place, candidate in enumerate(some):
                flag = plain(candidate.text) in right
                row = model._row(candidate, prior, *own) if flag or place % every == 0 else None
                if row is not None:
                    rows.append(np.array(row, np.float32))
                    labels.append(flag)
                    weights.append(1 if flag else every)
        lightgbm = needed("lightgbm")
        told = {"objective": "binary", "learning_rate": 0.08, "num_leaves": 31, "min_data_in_leaf": 20,
                "verbose": -1, "num_threads": 1, "seed": 7, "deterministic": True}  # fmt: skip
        data = lightgbm.Dataset(
            np.array(rows), np.array(labels, np.float32), weight=np.array(weights, np.float32)
        )
        return cls(hits, seen, asked, answered, known, lightgbm.train(told, data, num_boost_round=_TREES))

    def best(self, asked: Sequence[Asked]) -> list[Span | None]:
        """The likeliest span of each, whatever its score; None where the text holds nothing like a value."""
        found: list[Span | None] = [None] * len(asked)
        for begin in range(0, len(asked), _AT_ONCE):
            rows, owners = [], []
            for place, one in enumerate(asked[begin : begin + _AT_ONCE], begin):
                prior = self._prior(one)
                for candidate in _candidates(one, self.known):
                    row = self._row(candidate, prior, None, None)
                    if row is not None:
                        rows.append(row)
                        owners.append((place, candidate))
            scores = self.booster.predict(np.array(rows, np.float32)).tolist() if rows else []
            for (place, candidate), score in zip(owners, scores, strict=True):
                before = found[place]
                if before is None or score > before.score:
                    found[place] = Span(candidate.begin, candidate.end, candidate.text, score)
        return found

    def _prior(self, one: Asked, own: float | None = None) -> tuple[float, ...]:
        less = 0 if own is None else 1
        return tuple(
            (self.answered[key] - (own or 0.0) + 0.5 * _DOUBT) / (self.asked[key] - less + _DOUBT)
            for key in _asking(one)
        )

    def _row(
        self,
        candidate: _Candidate,
        prior: tuple[float, ...],
        own_hits: Counter[tuple[str, ...]] | None,
        own_seen: Counter[tuple[str, ...]] | None,
    ) -> list[float] | None:
        """The numbers of a span; None where neither its value nor its shape was ever right."""
        hits = [self.hits[key] - (own_hits[key] if own_hits is not None else 0) for key in candidate.keys]
        if hits[0] + hits[2] <= 0 and hits[3] <= 0:
            return None
        seen = [self.seen[key] - (own_seen[key] if own_seen is not None else 0) for key in candidate.keys]
        shares = [hit / (count + _DOUBT) for hit, count in zip(hits, seen, strict=True)]
        return [*shares, float(np.log1p(hits[0])), float(np.log1p(hits[1])), *candidate.numbers, *prior]


def _counted(one: Asked, known: _Known) -> tuple[Counter[tuple[str, ...]], Counter[tuple[str, ...]]]:
    """How often keys of an example's spans were right, and how often they were there."""
    right = {plain(value) for value in one.values}
    hits: Counter[tuple[str, ...]] = Counter()
    seen: Counter[tuple[str, ...]] = Counter()
    for candidate in _candidates(one, known, others=True):
        told = plain(candidate.text) in right
        for key in candidate.keys:
            seen[key] += candidate.weight
            if told:
                hits[key] += 1
    return hits, seen


def _asking(one: Asked) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return (one.attribute,), (one.category, one.attribute)


class KnownValues:
    """The plain way: the value most often right for the attribute in the category that stands in the text."""

    def __init__(self, examples: Sequence[Asked]) -> None:
        self._known: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for one in examples:
            self._known[one.category, one.attribute].update(plain(value) for value in one.values)

    def best(self, asked: Asked) -> str | None:
        """A known value that stands in the text as whole words, the longest of the commonest; None without any."""
        text = f" {' '.join(word.lower() for word in _TOKEN.findall(asked.text))} "
        known = self._known.get((asked.category, asked.attribute), Counter())
        found = [one for one in known if f" {' '.join(_TOKEN.findall(one))} " in text]
        return max(found, key=lambda one: (known[one], len(one), one), default=None)
