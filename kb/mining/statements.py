"""What the graph says of a property, as pairs of plain texts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .. import graphs
from ..knowledge_base import KnowledgeBase
from ..terms import RDFS

_LITERAL = r'(?s)^"(?P<text>.*)"(?:@(?P<language>[A-Za-z0-9-]+)|\^\^<[^>]*>)?$'


@dataclass(frozen=True)
class Statements:
    """Asserted statements of a store; private graphs only when asked for."""

    knowledge: KnowledgeBase
    private: bool = False

    def pairs(self, property: ox.NamedNode, graph: str | None = None) -> list[tuple[str, str]]:
        """The pairs of a property: IRIs bare, literals as their text."""
        table = self.knowledge.columns(property, graph=graph, reasoning=False, private=self.private)
        subjects, objects, _ = _plain(table)
        return list(zip(subjects, objects, strict=True))

    def besides(self, property: ox.NamedNode, mined: Collection[str]) -> list[tuple[str, str]]:
        """The pairs of a property that somebody else than the graphs `mined` states."""
        names = self.knowledge.snapshot.image.graph_names()
        kept = [one for one in names if graphs.is_data(one) and one not in mined]
        return sorted({pair for one in kept for pair in self.pairs(property, one)})

    def grouped(self, property: ox.NamedNode) -> dict[str, set[str]]:
        """By subject the values of a property."""
        found: dict[str, set[str]] = defaultdict(set)
        for subject, value in self.pairs(property):
            found[subject].add(value)
        return found

    def labels(self, property: ox.NamedNode = RDFS.label) -> dict[str, list[tuple[str, str]]]:
        """The labels of all nodes, with language tags, English first."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        table = self.knowledge.columns(property, reasoning=False, private=self.private)
        for subject, text, language in sorted(zip(*_plain(table), strict=True)):
            found[subject].append((text, language))
        return {name: sorted(some, key=lambda one: (one[1] != "en", one)) for name, some in found.items()}


def _plain(table: pa.Table) -> tuple[list[str], list[str], list[str]]:
    """Subjects, objects and the objects' languages; literals with escapes are read by Oxigraph."""
    subjects = pc.utf8_slice_codeunits(table["subject"], 1, -1).to_pylist()
    objects = table["object"].combine_chunks()
    parts = pc.extract_regex(objects, _LITERAL)
    texts, languages = (parts.field(at) for at in (0, 1)) if len(objects) else (objects, objects)
    bare = pc.utf8_slice_codeunits(objects, 1, -1)
    found = pc.if_else(pc.starts_with(objects, "<"), bare, texts).to_pylist()
    for place in np.flatnonzero(pc.match_substring(objects, "\\").to_numpy(False)).tolist():
        (triple,) = ox.parse(f"<urn:s> <urn:p> {objects[place]} .", format=ox.RdfFormat.N_TRIPLES)
        found[place] = triple.object.value
    return subjects, found, [one or "" for one in languages.to_pylist()]
