"""What a pair of records has in common, as numbers for a classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler

from .blocking import Pairs, vectors
from .records import Records, words

Column = NDArray[np.float32]


class Space:
    """A table, or two, as TF-IDF vectors over one vocabulary: the cosine of any pair."""

    def __init__(self, left: Sequence[str], right: Sequence[str] | None, **options: Any) -> None:
        matrix = vectors([*left, *(right or ())], **options)
        self.left = matrix[: len(left)]
        self.right = matrix[len(left) :] if right is not None else self.left

    def cosines(self, pairs: Pairs) -> Column:
        """The cosine of each pair."""
        found = np.empty(len(pairs), np.float32)
        for begin in range(0, len(pairs), 100_000):
            some = slice(begin, begin + 100_000)
            product = self.left[pairs.left[some]].multiply(self.right[pairs.right[some]])
            found[some] = np.asarray(product.sum(axis=1)).ravel()
        return found


def features(
    left: Records, right: Records | None, pairs: Pairs, *, context: bool = True, among: Pairs | None = None
) -> tuple[NDArray[np.float32], list[str]]:
    """A row of numbers for each pair, and what each column is called; NaN where a value is missing.

    `context` adds how a pair stands among the other candidates of its two records: those of `among` (by default
    the pairs themselves) and the pairs.
    """
    other = left if right is None else right
    columns: dict[str, Column] = {}
    spaces = _spaces(left, right)
    for name, space in spaces.items():
        columns[f"cosine of {name}"] = space.cosines(pairs)
    columns |= _strings(left, other, pairs)
    columns |= _bare_titles(left, other, pairs)
    columns |= _codes(left, other, pairs)
    columns |= _prices(left.price[pairs.left], other.price[pairs.right])
    if context:
        everything = pairs if among is None else _joined(pairs, among, len(other))
        for name in ("titles, grams", "all, words", "all, grams"):
            cosines = spaces[name].cosines(everything)
            known = columns[f"cosine of {name}"]
            columns |= _context(name, pairs, known, everything, cosines, same=right is None)
    return np.column_stack(list(columns.values())).astype(np.float32), list(columns)


def _spaces(left: Records, right: Records | None) -> dict[str, Space]:
    def titles(records: Records) -> list[str]:
        pairs = zip(records.column("brands"), records.titles, records.column("models"), strict=True)
        return [" ".join(words(" ".join(row))) for row in pairs]

    def everything(records: Records) -> list[str]:
        return [" ".join(words(one)) for one in records.whole]

    def space(texts: Any, **options: Any) -> Space:
        return Space(texts(left), None if right is None else texts(right), **options)

    return {
        "titles, words": space(titles, token_pattern=r"\S+"),
        "titles, pairs of words": space(titles, token_pattern=r"\S+", ngram_range=(2, 2)),
        "titles, grams": space(titles, analyzer="char_wb", ngram_range=(3, 4)),
        "all, words": space(everything, token_pattern=r"\S+"),
        "all, grams": space(everything, analyzer="char_wb", ngram_range=(3, 4)),
    }


def _joined(pairs: Pairs, among: Pairs, width: int) -> Pairs:
    parts = [(pairs.left, pairs.right), (among.left, among.right)]
    return Pairs.of(parts, width=width, same=False)


def _strings(left: Records, right: Records, pairs: Pairs) -> dict[str, Column]:
    """Edit distances and the like, column by column."""
    found: dict[str, Column] = {}

    def compare(name: str, scorer: Any, one: list[str], two: list[str]) -> None:
        scores = process.cpdist(one, two, scorer=scorer, dtype=np.float32)
        missing = np.array([not (a and b) for a, b in zip(one, two, strict=True)])
        found[name] = np.where(missing, np.nan, scores)

    for column in ("titles", "texts", "brands"):
        theirs = [" ".join(words(one)) for one in left.column(column)]
        others = [" ".join(words(one)) for one in right.column(column)]
        one = [theirs[place] for place in pairs.left.tolist()]
        two = [others[place] for place in pairs.right.tolist()]
        compare(f"{column}: token set", fuzz.token_set_ratio, one, two)
        compare(f"{column}: token sort", fuzz.token_sort_ratio, one, two)
        if column != "texts":
            compare(f"{column}: partial", fuzz.partial_ratio, one, two)
            compare(f"{column}: Jaro-Winkler", JaroWinkler.normalized_similarity, one, two)
        if column == "titles":
            lengths = np.array([[len(a), len(b)] for a, b in zip(one, two, strict=True)], np.float32)
            found["titles: lengths"] = lengths.min(1) / np.maximum(lengths.max(1), 1)
    return found


def _codes(left: Records, right: Records, pairs: Pairs) -> dict[str, Column]:
    """Model numbers, numbers and words that only one of both has."""
    rarity = _rarity([left, right] if left is not right else [left])
    rows = [
        _of_pair(left, right, one, two, rarity)
        for one, two in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    ]
    names = (
        "codes: shared", "codes: share", "codes: in the other's text", "codes: nearest", "codes: contradict",
        "numbers: share", "numbers: only left", "numbers: only right",
        "words: weight shared", "words: weight of left", "words: weight of right",
        "words: weight only left", "words: weight only right", "words: rarest only left", "words: rarest only right",
        "words: of left in all of right", "words: of right in all of left", "words: first shared", "words: similar",
        "numbers: of left in all of right", "numbers: of right in all of left",
        "gtin",
    )  # fmt: skip
    table = np.array(rows, np.float32).reshape(-1, len(names))
    return {name: table[:, place] for place, name in enumerate(names)}


def _rarity(tables: Sequence[Records]) -> dict[str, float]:
    """The inverse document frequency of each word of the titles, by word."""
    counts: dict[str, int] = {}
    for records in tables:
        for bag in records.bags:
            for word in bag:
                counts[word] = counts.get(word, 0) + 1
    total = sum(map(len, tables))
    return {word: float(np.log(total / count)) for word, count in counts.items()}


def _of_pair(left: Records, right: Records, one: int, two: int, rarity: dict[str, float]) -> list[float]:
    ours, theirs = left.codes[one], right.codes[two]
    shared = ours & theirs
    share = len(shared) / len(ours | theirs) if ours or theirs else np.nan
    found_there = sum(code in right.squeezed[two] for code in ours)
    found_here = sum(code in left.squeezed[one] for code in theirs)
    inside = (found_there + found_here) / (len(ours) + len(theirs)) if ours or theirs else np.nan
    near, contradict = np.nan, 0.0
    if ours and theirs:
        near = 1.0 if shared else max(fuzz.ratio(a, b) / 100 for a in ours for b in theirs)
        contradict = float(not shared and not found_there and not found_here)
    numbers, others = left.numbers[one], right.numbers[two]
    bag, other = left.bags[one], right.bags[two]
    weight, both = sum(rarity[word] for word in bag), sum(rarity[word] for word in bag & other)
    weight_of_other = sum(rarity[word] for word in other)
    alone, other_alone = bag - other, other - bag
    gtin = np.nan
    if left.gtins and right.gtins and left.gtins[one] and right.gtins[two]:
        gtin = float(bool(left.gtins[one] & right.gtins[two]))
    all_left, all_right = left.bags_of_all[one], right.bags_of_all[two]
    # Words that one has and the other writes a little otherwise.
    similar = sum(
        rarity[word]
        * max((fuzz.ratio(word, some) for some in other_alone if some[0] == word[0]), default=0)
        / 100
        for word in alone
    )
    return [
        len(shared), share, inside, near, contradict,
        len(numbers & others) / len(numbers | others) if numbers or others else np.nan,
        len(numbers - others), len(others - numbers),
        both, both / weight if weight else np.nan, both / weight_of_other if weight_of_other else np.nan,
        weight - both, weight_of_other - both,
        max((rarity[word] for word in alone), default=0.0), max((rarity[word] for word in other_alone), default=0.0),
        sum(rarity[word] for word in bag & all_right) / weight if weight else np.nan,
        sum(rarity[word] for word in other & all_left) / weight_of_other if weight_of_other else np.nan,
        float(left.firsts[one] == right.firsts[two]),
        (both + similar) / weight if weight else np.nan,
        len(numbers & right.numbers_of_all[two]) / len(numbers) if numbers else np.nan,
        len(others & left.numbers_of_all[one]) / len(others) if others else np.nan,
        gtin,
    ]  # fmt: skip


def _prices(left: NDArray[np.float64], right: NDArray[np.float64]) -> dict[str, Column]:
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.minimum(left, right) / np.maximum(left, right)
    logs = [np.log1p(np.maximum(one, 0)) for one in (left, right)]
    columns = {"ratio": ratio, "left": logs[0], "right": logs[1], "left over right": logs[0] - logs[1]}
    return {f"prices: {name}": column.astype(np.float32) for name, column in columns.items()}


def _bare_titles(left: Records, right: Records, pairs: Pairs) -> dict[str, Column]:
    """Titles without the words of the brand: how alike they are, how long, how many words are only in one of them."""
    bare = [_without_brands(one) for one in ((left, right) if left is not right else (left,))]
    ours, theirs = bare[0], bare[-1]
    one = [ours[place] for place in pairs.left.tolist()]
    two = [theirs[place] for place in pairs.right.tolist()]
    texts = [[" ".join(row) for row in some] for some in (one, two)]
    scorers = {
        "token set": fuzz.token_set_ratio,
        "token sort": fuzz.token_sort_ratio,
        "partial token sort": fuzz.partial_token_sort_ratio,
        "weighted": fuzz.WRatio,
    }
    found = {
        f"bare titles: {name}": process.cpdist(*texts, scorer=scorer, dtype=np.float32)
        for name, scorer in scorers.items()
    }
    joined = [["".join(row) for row in some] for some in (one, two)]
    found["bare titles: joined"] = process.cpdist(*joined, scorer=fuzz.ratio, dtype=np.float32)
    counts = np.array(
        [
            [
                len(a),
                len(b),
                len({*a} - {*b}),
                len({*b} - {*a}),
                len({*a} & {*b}),
                a[:1] == b[:1],
                a[:2] == b[:2],
            ]
            for a, b in zip(one, two, strict=True)
        ],
        np.float32,
    ).reshape(-1, 7)
    names = (
        "words left",
        "words right",
        "only left",
        "only right",
        "shared",
        "first word",
        "first two words",
    )
    return {**found, **{f"bare titles: {name}": counts[:, place] for place, name in enumerate(names)}}


def _without_brands(records: Records) -> list[list[str]]:
    rows = zip(records.titles, records.column("brands"), strict=True)
    return [_others(words(title), frozenset(words(brand))) for title, brand in rows]


def _others(some: list[str], without: frozenset[str]) -> list[str]:
    return [one for one in some if one not in without]


def _context(
    name: str, pairs: Pairs, known: Column, among: Pairs, cosines: Column, *, same: bool
) -> dict[str, Column]:
    """For both ends of a pair: how far its cosine is above the best other one of that record, and its rank there."""
    found = {}
    ends = {"left": (pairs.left, among.left), "right": (pairs.right, among.right)}
    for end, (here, all_here) in ends.items():
        if same:  # Of one table a record stands on both sides.
            owners = np.concatenate([among.left, among.right])
            values = np.concatenate([cosines, cosines])
        else:
            owners, values = all_here, cosines
        margin, rank = _standing(here, known, owners, values)
        found[f"{name}: margin {end}"], found[f"{name}: rank {end}"] = margin, rank
    both = np.minimum(found[f"{name}: margin left"], found[f"{name}: margin right"])
    return {**found, f"{name}: margin of both": both}


def _standing(here: NDArray, known: Column, owners: NDArray, values: Column) -> tuple[Column, Column]:
    """Margin over the best other value of the same owner, and how many values are greater."""
    order = np.lexsort((-values, owners))
    owners, values = owners[order], values[order]
    begins = np.searchsorted(owners, here)
    best = values[begins]
    follows = np.minimum(begins + 1, len(values) - 1)
    second = np.where(owners[follows] == here, values[follows], 0)
    second = np.where(begins + 1 < len(values), second, 0)
    margin = known - np.where(known >= best - 1e-6, second, best)
    ends = np.searchsorted(owners, here, side="right")
    scale = float(np.abs(values).max(initial=1)) + 1
    keys = owners.astype(np.float64) * 2 * scale - values
    greater = np.searchsorted(keys, here.astype(np.float64) * 2 * scale - known - 1e-6, side="left") - begins
    return margin.astype(np.float32), np.minimum(greater, ends - begins).astype(np.float32)
