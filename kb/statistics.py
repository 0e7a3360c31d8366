"""A store in numbers."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import graphs
from .store import Folder, Snapshot
from .terms import RDF


@dataclass(frozen=True)
class GraphStats:
    """One graph: its name, its quads, whether it is private."""

    name: str
    quads: int
    private: bool


@dataclass(frozen=True)
class ClassStats:
    """One class: its IRI and its instances, inferred ones included."""

    iri: str
    instances: int


@dataclass(frozen=True)
class Stats:
    """Triples and terms are distinct ones; `bytes` is what the folder takes, shared files counted once.

    `commits` are those that may be seen; `terms` and `bytes` are None for who does not see all private graphs.
    """

    path: Path
    snapshot: str
    commits: int
    terms: int | None
    asserted: int
    inferred: int
    bytes: int | None
    graphs: tuple[GraphStats, ...]
    classes: tuple[ClassStats, ...]

    def __str__(self) -> str:
        size = "" if self.bytes is None else f", {self.bytes / 1e6:,.1f} MB"
        terms = "" if self.terms is None else f" over {self.terms:,} terms"
        lines = [
            f"{self.path}: snapshot {self.snapshot} after {self.commits} commits{size}",
            f"{self.asserted:,} asserted and {self.inferred:,} inferred triples{terms}",
            "",
            *(f"{one.quads:>12,}  {one.name}{'  (private)' * one.private}" for one in self.graphs),
            "",
            *(f"{one.instances:>12,}  {one.iri}" for one in self.classes),
        ]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "path": str(self.path)}


def stats(folder: Folder, snapshot: Snapshot, *, private: graphs.Private = True) -> Stats:
    """Count a snapshot: what somebody who sees these `private` graphs can see of it."""
    image = snapshot.image
    shown = [name for name in image.graph_names() if graphs.is_visible(name, private)]
    whole = private is True
    types = image.view(private=private, inferred=True).get_relation(image.dictionary.id(str(RDF.type)))
    classes, counts = np.unique(types.objects, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    names = image.dictionary.decode(classes[order]).to_pylist()
    return Stats(
        path=folder.path,
        snapshot=snapshot.name,
        commits=sum(one.visible(private) for one in folder.journal.commits()),
        terms=len(image.dictionary) if whole else None,
        asserted=image.view(private=private, inferred=False).size,
        inferred=image.inferred_public.size + (image.inferred_private.size if whole else 0),
        bytes=_bytes(folder.path) if whole else None,
        graphs=tuple(GraphStats(name, len(image.rows_of(name)), graphs.is_private(name)) for name in shown),
        classes=tuple(
            ClassStats(name[1:-1], int(count)) for name, count in zip(names, counts[order], strict=True)
        ),
    )


def _bytes(folder: Path) -> int:
    """What the files below a folder take; a commit of another process may move some away meanwhile."""
    sizes: dict[int, int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found = Path(place, name).stat()
                sizes[found.st_ino] = found.st_size
    return sum(sizes.values())
