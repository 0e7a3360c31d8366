"""Examples to learn matching from: records that are known to be one product, and copies with another wording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import DataError
from .blocking import candidates
from .features import features
from .records import Records
from .scoring import PairModel

# So many records are learnt from, and so many of them have copies.
_MOST = 8_000
_COPIED = 3_000
_COPIES = 4
_SAME_WORDS = 0.8


def trained(
    records: Records,
    products: Sequence[str],
    decided: Sequence[tuple[int, int, bool]] = (),
    *,
    seed: int = 0,
) -> tuple[PairModel, int]:
    """A model trained on records, and how many pairs it saw; `products` tells the product of each, "" for unknown.

    Each record also has a copy whose wording is disturbed, which is the same product for sure: so there is something
    to learn from where nothing is known, and clean titles don't teach that only equal ones match. `decided` are
    pairs (places) that somebody has decided about. Raises DataError for fewer than ten records.
    """
    if len(records) < 10:
        raise DataError(f"{len(records)} records are too few to learn from", hint="load more listings first")
    random = np.random.default_rng(seed)
    known = np.array([bool(one) for one in products])
    # Whole products are taken, not records here and there.
    order = random.permutation(len(records))
    rank = {product: place for place, product in enumerate(products[one] for one in order if products[one])}
    by_product = np.array([rank.get(one, 0) for one in products])
    chosen = np.lexsort((random.permutation(len(records)), by_product, ~known))[:_MOST]
    ends = [end for one, two, _ in decided for end in (one, two)]
    chosen = np.unique(np.concatenate([chosen, np.array(ends, np.int64)]).astype(np.int64))
    sample = records.taken(chosen)
    copied = np.sort(random.permutation(len(sample))[:_COPIED])
    copied = np.repeat(copied, min(_COPIES, max(1, _COPIED // len(copied))))
    table = sample.plus(disturbed(sample.taken(copied), random))
    owner = np.concatenate([np.arange(len(sample)), copied])
    keys = np.array([products[one] for one in chosen.tolist()], object)[owner]
    pairs = candidates(table, k=15)
    rows, columns = features(table, None, pairs, context=True)
    one, two = owner[pairs.left], owner[pairs.right]
    both = (keys[pairs.left] != "") & (keys[pairs.right] != "")
    is_copy = (pairs.left >= len(sample)) | (pairs.right >= len(sample))
    labels = (one == two) | (both & (keys[pairs.left] == keys[pairs.right]))
    likeness = rows[:, columns.index("cosine of all, grams")]
    # Of two records of unknown products nothing is known, unless words or numbers tell them apart.
    only = [rows[:, columns.index(f"numbers: only {end}")] > 0 for end in ("left", "right")]
    usable = both | (one == two) | (is_copy & ((likeness < _SAME_WORDS) | (only[0] & only[1])))
    verdicts = {(int(a), int(b)): accepted for a, b, accepted in decided}
    verdicts |= {(b, a): accepted for (a, b), accepted in verdicts.items()}
    weights = np.ones(len(pairs))
    if verdicts:
        originals = chosen[owner]
        for place, ends_of in enumerate(
            zip(originals[pairs.left].tolist(), originals[pairs.right].tolist(), strict=True)
        ):
            if ends_of in verdicts:
                labels[place], usable[place], weights[place] = verdicts[ends_of], True, 5.0
    model = PairModel.trained(
        rows[usable], labels[usable], columns, groups=one[usable], weights=weights[usable]
    )
    return model, int(usable.sum())


def disturbed(records: Records, random: np.random.Generator) -> Records:
    """Copies with other wording: words dropped, moved or misspelt, the brand, price or further text left out."""
    size = len(records)
    draws = random.random((size, 4))
    titles = []
    pool = [word for title in records.titles[:500] for word in title.split()] or [""]
    for title, (much, _, _, _) in zip(records.titles, draws.tolist(), strict=True):
        titles.append(_reworded(title, 1 + int(5 * much * much), pool, random))
    return Records(
        names=[f"{name} (copy)" for name in records.names],
        titles=titles,
        texts=["" if draws[at, 1] < 0.5 else text for at, text in enumerate(records.column("texts"))],
        brands=["" if draws[at, 2] < 0.5 else brand for at, brand in enumerate(records.column("brands"))],
        prices=np.where(draws[:, 3] < 0.5, np.nan, records.price * random.uniform(0.85, 1.15, size)),
        gtins=[frozenset()] * size,
        models=["" if draws[at, 1] < 0.5 else model for at, model in enumerate(records.column("models"))],
    )


def _reworded(title: str, times: int, pool: Sequence[str], random: np.random.Generator) -> str:
    words = title.split()
    for _ in range(times):
        if not words:
            break
        kind, at = int(random.integers(6)), int(random.integers(len(words)))
        if kind == 0 and len(words) > 2:
            # What is in front is mostly the brand, which sellers leave out most often.
            words.pop(0 if random.random() < 0.5 else at)
        elif kind == 1:
            words.insert(int(random.integers(len(words))), words.pop(at))
        elif kind == 2:
            # Sellers add words that others have too.
            words.insert(int(random.integers(len(words) + 1)), pool[int(random.integers(len(pool)))])
        elif kind == 3 and len(words) > 2:
            cut = int(random.integers(1, len(words)))
            words = words[cut:] + words[:cut]
        else:
            words[at] = _misspelt(words[at], random)
    return " ".join(words)


def _misspelt(word: str, random: np.random.Generator) -> str:
    if len(word) < 4 or any(one.isdigit() for one in word):
        return word
    at = int(random.integers(1, len(word) - 1))
    kind = int(random.integers(3))
    if kind == 0:
        return word[:at] + word[at + 1 :]
    if kind == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + word[at] + word[at:]


def labels_of(spus: Sequence[frozenset[str]], gtins: Sequence[frozenset[str]]) -> list[str]:
    """By record the product that it is known to be of: its SPU, else, where nobody names SPUs, its GTINs."""
    if any(spus):
        return [min(one) if one else "" for one in spus]
    return [min(one) if one else "" for one in gtins]
