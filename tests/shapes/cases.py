"""The fixtures of the shapes: for every rule a graph that keeps it and one that breaks it, and what surrounds both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SHAPES = ROOT / "shapes"
ONTOLOGY = ROOT / "ontology"
BACKGROUND = HERE / "background.ttl"

_SUBCLASS = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#subClassOf")


@dataclass(frozen=True)
class Case:
    """A fixture: the rule it is about, and whether it must be found to break it."""

    rule: str
    file: Path
    breaks: bool

    def __str__(self) -> str:
        return f"{self.rule}-{self.file.stem}"

    def triples(self) -> list[ox.Triple]:
        """The triples of the fixture with those of its surroundings."""
        return [*surroundings(), *parse(self.file)]


def find_cases() -> list[Case]:
    """All fixtures, by rule."""
    return [
        Case(folder.name, folder / f"{name}.ttl", name == "bad")
        for folder in sorted(HERE.glob("CKB-*"))
        for name in ("good", "bad")
    ]


def shape_files() -> list[Path]:
    """The files that together are the shapes graph."""
    return sorted(SHAPES.glob("*.ttl"))


def parse(file: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=file)]


def surroundings() -> list[ox.Triple]:
    """The clean shop that every fixture adds to, and the subclass axioms of the ontology."""
    return [*parse(BACKGROUND), *subclass_axioms()]


def subclass_axioms() -> Iterator[ox.Triple]:
    for file in sorted(ONTOLOGY.glob("*.ttl")):
        for triple in parse(file):
            if triple.predicate == _SUBCLASS and isinstance(triple.object, ox.NamedNode):
                yield triple
