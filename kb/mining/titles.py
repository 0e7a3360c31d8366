"""Titles as numbers: words, pieces of words, and what stands first and last, weighed by how rare they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .extra import needed

if TYPE_CHECKING:
    from scipy import sparse

# Chinese and Japanese are written without blanks: each character is a word.
_UNSPACED = re.compile(r"([\u3040-\u30ff\u3400-\u9fff])")
# Where a word stands says less than which word it is.
_ENDS = 0.7


def words_of(title: str) -> list[str]:
    """The words of a title in lower case.

    >>> words_of("Steel Kettle 1.5L 电热水壶")
    ['steel', 'kettle', '1', '5l', '电', '热', '水', '壶']
    """
    return re.findall(r"\w+", _UNSPACED.sub(r" \1 ", title.lower()))


def _ends_of(title: str) -> list[str]:
    words = words_of(title)
    if not words:
        return []
    return [f"^{words[0]}", f"^{' '.join(words[:2])}", f"{words[-1]}$", f"{' '.join(words[-2:])}$"]


def _pieces_text(title: str) -> str:
    return " ".join(words_of(title))


@dataclass(frozen=True)
class TitleFeatures:
    """Fitted TF-IDF vectorizers, whose columns stand side by side: words and pairs, pieces, ends."""

    vectorizers: tuple[Any, ...]

    @classmethod
    def fitted(cls, titles: Sequence[str]) -> TitleFeatures:
        """Learn the columns from titles. Raises ToolMissing without the extra."""
        vectorizer = needed("sklearn.feature_extraction.text").TfidfVectorizer
        told = {"sublinear_tf": True, "dtype": np.float32}
        return cls(
            (
                vectorizer(tokenizer=words_of, token_pattern=None, ngram_range=(1, 2), **told).fit(titles),
                vectorizer(
                    preprocessor=_pieces_text, analyzer="char_wb", ngram_range=(3, 5), min_df=2, **told
                ).fit([*titles, *titles[:1]]),
                vectorizer(analyzer=_ends_of, **told).fit(titles),
            )
        )

    def of(self, titles: Sequence[str]) -> sparse.csr_array:
        """Titles by columns."""
        parts = [one.transform(titles) for one in self.vectorizers]
        parts[-1] = parts[-1] * np.float32(_ENDS)
        return needed("scipy.sparse").hstack(parts, format="csr")

    @cached_property
    def words(self) -> list[str]:
        """What the first columns stand for, as many as are words or pairs of words."""
        return self.vectorizers[0].get_feature_names_out().tolist()
