"""A store in numbers."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import graphs
from .columns.image import Image
from .columns.kernels import NO_PAIRS, heads, tails
from .columns.relations import Relations
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
    whole = private is True
    return Stats(
        path=folder.path,
        snapshot=snapshot.name,
        commits=sum(one.visible(private) for one in folder.journal.commits()),
        terms=len(image.dictionary) if whole else None,
        asserted=image.view(private=private, inferred=False).size,
        inferred=image.inferred_public.size + (image.inferred_private.size if whole else 0),
        bytes=_bytes(folder.path) if whole else None,
        graphs=_graphs(image, private),
        classes=_classes(image, image.view(private=private, inferred=True)),
    )


@dataclass(frozen=True)
class PropertyStats:
    """One property: its IRI and its triples, inferred ones included."""

    iri: str
    triples: int


@dataclass(frozen=True)
class Profile:
    """What a query without graph names sees, in the terms of VoID; `subjects` and `objects` count distinct ones."""

    snapshot: str
    triples: int
    subjects: int
    objects: int
    classes: tuple[ClassStats, ...]
    properties: tuple[PropertyStats, ...]
    graphs: tuple[GraphStats, ...]


def profile(snapshot: Snapshot, *, private: graphs.Private = True) -> Profile:
    """Count what somebody who sees these `private` graphs gets from queries; the largest classes and properties first.

    Costs a sort of all subjects and objects: a second per ten million triples.
    """
    image = snapshot.image
    view = image.view(private=private, inferred=True).united(image.ontology)
    pairs = [one.pairs for one in view.values()] or [NO_PAIRS]
    ids = list(view)
    sizes = [len(view[one]) for one in ids]
    names = image.dictionary.decode(np.array(ids, np.int64)).to_pylist()
    listed = sorted(zip(names, sizes, strict=True), key=lambda one: (-one[1], one[0]))
    return Profile(
        snapshot=snapshot.name,
        triples=view.size,
        subjects=len(np.unique(np.concatenate([heads(some) for some in pairs]))),
        objects=len(np.unique(np.concatenate([tails(some) for some in pairs]))),
        classes=_classes(image, view),
        properties=tuple(PropertyStats(name[1:-1], size) for name, size in listed),
        graphs=_graphs(image, private),
    )


def _graphs(image: Image, private: graphs.Private) -> tuple[GraphStats, ...]:
    sizes = image.graph_sizes().items()
    return tuple(
        GraphStats(name, size, graphs.is_private(name))
        for name, size in sizes
        if graphs.is_visible(name, private)
    )


def _classes(image: Image, view: Relations) -> tuple[ClassStats, ...]:
    types = view.get_relation(image.dictionary.id(str(RDF.type)))
    classes, counts = np.unique(types.objects, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    names = image.dictionary.decode(classes[order]).to_pylist()
    return tuple(ClassStats(name[1:-1], int(count)) for name, count in zip(names, counts[order], strict=True))


def _bytes(folder: Path) -> int:
    """What the files below a folder take; a commit of another process may move some away meanwhile."""
    sizes: dict[int, int] = {}
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                found = Path(place, name).stat()
                sizes[found.st_ino] = found.st_size
    return sum(sizes.values())
