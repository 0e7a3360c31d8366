"""What entities are called, for reading a patch."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ..columns.image import Image
from ..columns.kernels import expand
from ..columns.values import lexical
from ..terms import RDFS, SKOS


def names_of(image: Image, terms: Collection[str], *, private: bool = True) -> dict[str, str]:
    """The labels of terms (N-Triples syntax) that have one, English before other languages."""
    dictionary = image.dictionary
    asked = list(terms)
    ids = dictionary.find(asked)
    found: dict[str, str] = {}
    for predicate in (RDFS.label, SKOS.prefLabel):
        pairs = image.open_pairs(dictionary.id(str(predicate)), private=private)
        rows, labels = expand(pairs, ids)
        languages = np.array(dictionary.languages)[dictionary.language[labels]]
        for english in (True, False):
            chosen = np.flatnonzero((languages == "en") == english)
            texts = lexical(dictionary, labels[chosen]).to_pylist()
            for row, text in zip(rows[chosen].tolist(), texts, strict=True):
                found.setdefault(asked[row], text)
    return found
