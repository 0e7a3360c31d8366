"""Turtle text to shapes and to data in columns, for the tests of validation."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyoxigraph as ox

from kb.columns.dictionary import Dictionary
from kb.columns.kernels import distinct, pack
from kb.columns.relations import Relation, Relations
from kb.validation import ShapesGraph, ValidationData, read_shapes

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <urn:x:> .
"""


def turtle(text: str) -> list[ox.Quad]:
    """Triples of Turtle text in which the usual prefixes are known."""
    return list(ox.parse((PREFIXES + text).encode(), format=ox.RdfFormat.TURTLE))


def shapes(text: str) -> ShapesGraph:
    """A shapes graph from Turtle text."""
    return read_shapes(turtle(text))


def data(
    triples: Iterable[ox.Quad | ox.Triple] | str, dictionary: Dictionary | None = None
) -> ValidationData:
    """Data in columns, terms as received."""
    rows = turtle(triples) if isinstance(triples, str) else list(triples)
    dictionary = Dictionary() if dictionary is None else dictionary
    subjects, predicates, objects = (
        dictionary.encode([str(getattr(row, part)) for row in rows])
        for part in ("subject", "predicate", "object")
    )
    relations = {
        int(one): Relation(distinct(pack(subjects[predicates == one], objects[predicates == one])))
        for one in np.unique(predicates)
    }
    return ValidationData(dictionary, Relations(relations))


def parsed(file: Path) -> list[ox.Quad]:
    """The triples of a Turtle file; its address is the base."""
    return list(ox.parse(path=file, base_iri=file.as_uri()))
