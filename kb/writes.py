"""What is asked of a write: how a load behaves, which quads a change has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyoxigraph as ox

from .reports import LoadReport
from .values import Value, node, predicate, term


@dataclass(frozen=True)
class LoadOptions:
    """How a load behaves.

    `mode` replaces what the source said before, or adds to it; `private` puts quads without a graph name among
    the private graphs; `strict` refuses the whole load for one violation; `dry_run` stops before the journal;
    `format` is for standard input and odd suffixes.
    """

    mode: Literal["replace", "add"] = "replace"
    private: bool = False
    strict: bool = False
    dry_run: bool = False
    format: ox.RdfFormat | None = None


class Change:
    """The quads that a ``with kb.commit(...)`` block adds and removes; `report` is there after the block."""

    def __init__(self, graph: str) -> None:
        self._graph = ox.NamedNode(graph)
        self.added: list[ox.Quad] = []
        self.removed: list[ox.Quad] = []
        self.report = LoadReport()

    def add(self, subject: Value, property: Value, object: Value) -> None:
        """Add a triple; strings are IRIs or CURIEs, numbers and dates become typed literals."""
        self.added.append(self._quad(subject, property, object))

    def remove(self, subject: Value, property: Value, object: Value) -> None:
        """Remove a triple from the source's graph."""
        self.removed.append(self._quad(subject, property, object))

    def _quad(self, subject: Value, property: Value, object: Value) -> ox.Quad:
        return ox.Quad(node(subject), predicate(property), term(object), self._graph)
