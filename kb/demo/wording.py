"""Careless titles: typing errors, words in another order, the brand left out."""

from __future__ import annotations

import numpy as np

from .draws import Draws

_EXTRAS = ("new", "hot", "genuine", "2026", "for you", "in stock")


def write_carelessly(title: str, brand: str, draws: Draws, index: int) -> str:
    """A title as somebody in a hurry writes it; `index` is that of the listing."""

    def below(stream: str, bound: int, at: int = 0) -> int:
        return int(draws.below(f"careless/{stream}/{at}", np.array([index]), max(1, bound))[0])

    words = title.split()
    if below("brand", 10) < 4:
        words = title.removeprefix(brand).split()
    if below("order", 10) < 5:
        words.insert(below("to", len(words)), words.pop(below("from", len(words))))
    for place, word in enumerate(words):
        if word.isalpha() and len(word) > 3 and below("typo", 10, place) < 3:
            at = 1 + below("at", len(word) - 2, place)
            kind = below("kind", 3, place)
            swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
            words[place] = (word[:at] + word[at + 1 :], word[: at + 1] + word[at:], swapped)[kind]
    if below("extra", 10) < 3:
        words.append(_EXTRAS[below("which", len(_EXTRAS))])
    text = " ".join(words)
    return (text, text.lower(), text.upper())[below("case", 3)]
