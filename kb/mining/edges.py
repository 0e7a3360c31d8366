"""Mined edges as columns, and the triples that they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
import xxhash
from numpy.typing import NDArray

from .. import graphs
from ..terms import CKB, PROV, RDF, RDFS, XSD

RELATION = f"{graphs.VOCAB}relation/"


def iris(values: Sequence[str]) -> pa.Array:
    """IRIs in N-Triples syntax.

    >>> iris(["urn:a"]).to_pylist()
    ['<urn:a>']
    """
    left, right, none = (pa.scalar(one, pa.large_string()) for one in ("<", ">", ""))
    return pc.binary_join_element_wise(left, pa.array(values, pa.large_string()), right, none)


def texts(values: Sequence[str], language: str = "") -> pa.Array:
    """Strings as literals in N-Triples syntax.

    >>> texts(['a "b"'], "en").to_pylist()
    ['"a \\\\"b\\\\""@en']
    """
    literals = [str(ox.Literal(one, language=language) if language else ox.Literal(one)) for one in values]
    return pa.array(literals, pa.large_string())


def numbers(values: NDArray, datatype: str) -> pa.Array:
    """Numbers as literals of an XML Schema type, in N-Triples syntax; decimals have four digits."""
    form = "{:.4f}" if datatype == "decimal" else "{:d}"
    kind = getattr(XSD, datatype)
    return pa.array([f'"{form.format(one)}"^^{kind}' for one in values.tolist()], pa.large_string())


class Triples:
    """Triples gathered as columns of terms in N-Triples syntax."""

    def __init__(self) -> None:
        self._parts: list[tuple[pa.Array, pa.Array, pa.Array]] = []

    def add(self, subjects: pa.Array, predicate: object, objects: pa.Array | object) -> None:
        """Add one triple for each subject; an object that is no array goes to each of them."""
        size = len(subjects)
        if not isinstance(objects, (pa.Array, pa.ChunkedArray)):
            objects = pa.repeat(pa.scalar(str(objects), pa.large_string()), size)
        predicates = pa.repeat(pa.scalar(str(predicate), pa.large_string()), size)
        self._parts.append((subjects.cast(pa.large_string()), predicates, objects.cast(pa.large_string())))

    def __len__(self) -> int:
        return sum(len(one) for one, _, _ in self._parts)

    def batches(self, graph: str) -> list[pa.RecordBatch]:
        """The triples as quad batches of a graph."""
        names = ["s", "p", "o", "g"]
        made = []
        for columns in self._parts:
            places = pa.repeat(pa.scalar(f"<{graph}>", pa.large_string()), len(columns[0]))
            made += pa.table([*columns, places], names=names).combine_chunks().to_batches()
        return made


@dataclass(frozen=True)
class Edges:
    """Edges of one kind (a code of the relation scheme), as aligned columns of IRIs, numbers and sentences.

    `stated` tells which become plain triples of `property` too; the others wait for review. Without a property edges
    are told by their assertions alone, and are all stated. `sources` are the IRIs that each rests on besides its
    subject.
    """

    kind: str
    property: str
    subjects: Sequence[str]
    objects: Sequence[str]
    scores: NDArray[np.floating]
    supports: NDArray[np.integer]
    evidence: Sequence[str]
    stated: NDArray[np.bool_]
    sources: Sequence[Sequence[str]] = field(default=())

    def __len__(self) -> int:
        return len(self.subjects)

    def names(self) -> list[str]:
        """The IRIs of the edges' assertions: the same edge has the same one in every run."""
        return [
            assertion_of(self.kind, subject, object)
            for subject, object in zip(self.subjects, self.objects, strict=True)
        ]

    def write(self, triples: Triples, run: str, new: NDArray[np.bool_]) -> None:
        """Add plain triples of all stated edges, and assertions of the edges that are `new` to a run (an IRI)."""
        stated = np.flatnonzero(self.stated)
        subjects, objects = iris(self.subjects), iris(self.objects)
        if self.property:
            triples.add(subjects.take(pa.array(stated)), f"<{self.property}>", objects.take(pa.array(stated)))
        places = np.flatnonzero(new)
        if not len(places):
            return
        at, known = pa.array(places), self.names()
        names = iris([known[one] for one in places.tolist()])
        triples.add(names, RDF.type, CKB.RelationAssertion)
        triples.add(names, CKB.relationKind, f"<{RELATION}{self.kind}>")
        triples.add(names, CKB.relationSubject, subjects.take(at))
        triples.add(names, CKB.relationObject, objects.take(at))
        triples.add(names, CKB.score, numbers(self.scores[places], "decimal"))
        triples.add(names, CKB.supportCount, numbers(self.supports[places], "integer"))
        triples.add(names, RDFS.comment, texts([self.evidence[one] for one in places.tolist()], "en"))
        triples.add(names, PROV.wasGeneratedBy, f"<{run}>")
        triples.add(names, PROV.wasDerivedFrom, subjects.take(at))
        if self.sources:
            pairs = [
                (name, source)
                for name, place in zip(names.to_pylist(), places.tolist(), strict=True)
                for source in self.sources[place]
            ]
            if pairs:
                owners = pa.array([one for one, _ in pairs], pa.large_string())
                triples.add(owners, PROV.wasDerivedFrom, iris([one for _, one in pairs]))


def assertion_of(kind: str, subject: str, object: str) -> str:
    """The IRI of the assertion that speaks of an edge.

    >>> assertion_of("same-product", "urn:a", "urn:b").removeprefix(graphs.DATA)
    'relation/same-product-3802e72d28277342'
    """
    return f"{graphs.DATA}relation/{kind}-{xxhash.xxh3_64_hexdigest(f'{kind} {subject} {object}'.encode())}"
