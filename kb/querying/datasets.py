"""What an update reads and where it may write: a snapshot with its merged default graph, or a plain store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyoxigraph as ox

from .. import graphs
from ..columns.batches import lines
from ..columns.kernels import pack
from ..conditions import Grant
from ..store import Snapshot

Graph = ox.NamedNode | ox.BlankNode | ox.DefaultGraph
DEFAULT = ox.DefaultGraph()


def quad_in(triple: ox.Triple, graph: Graph) -> ox.Quad:
    """A triple as a quad of one graph."""
    return ox.Quad(triple.subject, triple.predicate, triple.object, graph)


class Quads(Protocol):
    """A dataset as an update sees it.

    `home` is the graph that quads without a graph go to; `merged` says that the default graph is a view of all
    graphs, so that deleting without a graph means every graph that holds the triple.
    """

    home: Graph
    merged: bool

    def select(self, text: str, **options: Any) -> Iterable[Mapping]:
        """The solutions of a SELECT query on the dataset as it was."""

    def holders(self, triples: list[ox.Triple]) -> list[set[Graph]]:
        """For each triple, the graphs that hold it and that an update may change."""

    def quads(self, graph: Graph) -> Iterator[ox.Quad]:
        """The quads of one graph."""

    def graphs(self) -> set[Graph]:
        """The named graphs that an update may know of, but for those that none may change."""

    def is_own(self, graph: Graph) -> bool:
        """Whether no update may change this graph."""

    def may_change(self, graph: Graph) -> bool:
        """Whether this update may change a graph."""

    def check(self, graph: Graph) -> None:
        """Raise Forbidden for a graph that this update may not change."""

    def follows(self, triple: ox.Triple) -> bool:
        """Whether the default graph holds a triple, be it asserted or not."""

    def copy(self, folder: Path) -> ox.Store:
        """A store with the same dataset, to change at will; `folder` is there for it."""


class StoreQuads:
    """A plain SPARQL dataset: what an Oxigraph store holds, its default graph a graph like others."""

    merged = False
    home: Graph = DEFAULT

    def __init__(self, store: ox.Store) -> None:
        self.store = store

    def select(self, text: str, **options: Any) -> Iterable[Mapping]:
        return self.store.query(text, **options)  # type: ignore[return-value]

    def holders(self, triples: list[ox.Triple]) -> list[set[Graph]]:
        return [{quad.graph_name for quad in self.store.quads_for_pattern(*one)} for one in triples]

    def quads(self, graph: Graph) -> Iterator[ox.Quad]:
        return self.store.quads_for_pattern(None, None, None, graph)

    def graphs(self) -> set[Graph]:
        return set(self.store.named_graphs())

    def is_own(self, graph: Graph) -> bool:
        return False

    def may_change(self, graph: Graph) -> bool:
        return True

    def check(self, graph: Graph) -> None:
        return

    def follows(self, triple: ox.Triple) -> bool:
        return False

    def copy(self, folder: Path) -> ox.Store:
        copied = ox.Store()
        copied.extend(self.store)
        return copied


class SnapshotQuads:
    """A snapshot as a grant shows it: asserted graphs in columns, and the merged view in the default graph."""

    merged = True

    def __init__(self, snapshot: Snapshot, graph: str, grant: Grant | None = None) -> None:
        self.snapshot = snapshot
        self.grant = grant or Grant()
        self.home: Graph = ox.NamedNode(graph)

    def select(self, text: str, *, named: bool = True, **options: Any) -> Iterable[Mapping]:
        view = self.snapshot.view(private=self.grant.private, inferred=True, named=named)
        return view.query(text, **options)  # type: ignore[return-value]

    def holders(self, triples: list[ox.Triple]) -> list[set[Graph]]:
        image = self.snapshot.image
        subjects, predicates, objects = (
            image.dictionary.find([str(triple[place]) for triple in triples]) for place in range(3)
        )
        pairs = pack(subjects, image.dictionary.stored[objects])
        found: list[set[Graph]] = [set() for _ in triples]
        for predicate in np.unique(predicates):
            asked = np.flatnonzero(predicates == predicate)
            for view in (image.asserted_public, image.asserted_private):
                relation = view.get_relation(int(predicate))
                rows = np.searchsorted(relation.pairs, pairs[asked])
                for row, place in zip(rows, asked, strict=True):
                    if row < len(relation) and relation.pairs[row] == pairs[place]:
                        for graph in image.sets.members(int(relation.sets[row])):
                            found[place].add(ox.NamedNode(image.dictionary.text(graph)[1:-1]))
        return [{graph for graph in some if self.may_change(graph)} for some in found]

    def quads(self, graph: Graph) -> Iterator[ox.Quad]:
        image = self.snapshot.image
        if not self.grant.may_see(str(graph)[1:-1]):
            return
        for batch in image.rows_of(str(graph)[1:-1]).batches(image.dictionary):
            yield from ox.parse(bytes(lines(batch)), format=ox.RdfFormat.N_QUADS, lenient=True)

    def graphs(self) -> set[Graph]:
        names = filter(self.grant.may_see, self.snapshot.image.graph_names())
        return {ox.NamedNode(name) for name in names if not graphs.is_own(name)}

    def is_own(self, graph: Graph) -> bool:
        return isinstance(graph, ox.NamedNode) and graphs.is_own(graph.value)

    def may_change(self, graph: Graph) -> bool:
        return self.grant.may_change(str(graph)[1:-1])

    def check(self, graph: Graph) -> None:
        self.grant.check(str(graph)[1:-1])

    def follows(self, triple: ox.Triple) -> bool:
        view = self.snapshot.view(private=self.grant.private, inferred=True, complete=False)
        return quad_in(triple, DEFAULT) in view

    def copy(self, folder: Path) -> ox.Store:
        return self.snapshot.copy(folder / "copy", private=self.grant.private)


class Draft:
    """A dataset with the changes that earlier operations of a request made; the dataset itself stays.

    A quad is known by its stored form; what was added keeps the form in which it was written.
    """

    def __init__(self, base: Quads) -> None:
        self.base = base
        self.graphs = base.graphs()
        self._added: dict[ox.Quad, ox.Quad] = {}
        self._removed: dict[ox.Quad, None] = {}
        self._pending: list[tuple[bool, ox.Quad]] = []
        self._store: ox.Store | None = None
        self._folder: tempfile.TemporaryDirectory | None = None

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self._store = None
        if self._folder:
            self._folder.cleanup()

    def select(self, text: str, *, named: bool, **options: Any) -> Iterable[Mapping]:
        """The solutions of a SELECT query on what the earlier operations left."""
        if not self._added and not self._removed and self._store is None:
            return self.base.select(text, **({"named": named} if self.base.merged else {}), **options)
        if self._store is None:
            self._folder = tempfile.TemporaryDirectory(prefix="kb-update-", ignore_cleanup_errors=True)
            self._store = self.base.copy(Path(self._folder.name))
        for adds, quad in self._pending:
            self._carry_over(self._store, adds, quad)
        self._pending.clear()
        return self._store.query(text, **options)  # type: ignore[return-value]

    def holders(self, triples: list[ox.Triple]) -> list[set[Graph]]:
        """As `Quads.holders`, changes included."""
        named = {quad.graph_name for quad in self._added}
        return [
            {one for one in graphs if quad_in(triple, one) not in self._removed}
            | {one for one in named if quad_in(triple, one) in self._added}
            for triple, graphs in zip(triples, self.base.holders(triples), strict=True)
        ]

    def quads(self, graph: Graph) -> list[ox.Quad]:
        """The quads of one graph, changes included."""
        kept = [quad for quad in self.base.quads(graph) if quad not in self._removed]
        added = [quad for quad in self._added if quad.graph_name == graph]
        return list(dict.fromkeys((*kept, *added)))

    def remove(self, quad: ox.Quad) -> None:
        """Take a quad (in stored form) away."""
        self._added.pop(quad, None)
        self._removed[quad] = None
        self._pending.append((False, quad))

    def add(self, quad: ox.Quad, written: ox.Quad) -> None:
        """Put a quad in, by its stored form."""
        self._removed.pop(quad, None)
        self._added[quad] = written
        self._pending.append((True, quad))
        if not isinstance(quad.graph_name, ox.DefaultGraph):
            self.graphs.add(quad.graph_name)

    def difference(self) -> tuple[list[ox.Quad], list[ox.Quad]]:
        """What was really added and really removed."""
        held = self._held_among(list(self._added))
        added = [written for quad, written in self._added.items() if quad not in held]
        return added, list(self._held_among(list(self._removed)))

    def _held_among(self, quads: list[ox.Quad]) -> dict[ox.Quad, None]:
        holders = self.base.holders([quad.triple for quad in quads])
        return {quad: None for quad, graphs in zip(quads, holders, strict=True) if quad.graph_name in graphs}

    def _carry_over(self, store: ox.Store, adds: bool, quad: ox.Quad) -> None:
        view = quad_in(quad.triple, DEFAULT)
        if adds:
            store.add(quad)
            if self.base.merged:
                store.add(view)
            return
        store.remove(quad)
        if self.base.merged and not any(
            graphs.is_open(one.graph_name.value)
            for one in store.quads_for_pattern(*quad.triple)
            if isinstance(one.graph_name, ox.NamedNode)
        ):
            store.remove(view)
