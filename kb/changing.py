"""The facade's verbs that change what is asserted by SPARQL Update and by the Graph Store Protocol."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Self

from . import graphs
from .conditions import Conditions
from .core.client import routed
from .drafts import Draft
from .loading.rdf import read_rdf
from .pipeline import Wish
from .querying.datasets import SnapshotQuads
from .querying.documents import Documents
from .querying.graph_store import EVERY_GRAPH, Body, Method, change, change_dataset
from .querying.updates import GroundDiff, Using, ground_diff
from .reports import LoadReport
from .store import Commit, Folder, Snapshot
from .values import iri
from .writer import Turn, Work


class Changing:
    """Changes that are worked out on a snapshot and written as a difference; `KnowledgeBase` has them all."""

    folder: Folder
    author: str
    routes: bool

    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Self:
        """The same store and writer for one request that a core carries out."""
        raise NotImplementedError

    def recover(self) -> int:
        """Publish what a crash has left in the journal alone."""
        raise NotImplementedError

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot."""
        raise NotImplementedError

    @routed()
    def update(
        self,
        text: str,
        *,
        source: str = "update",
        message: str | None = None,
        using: Using | None = None,
        conditions: Conditions | None = None,
    ) -> LoadReport:
        """Run a SPARQL update as one commit; quads without a graph go to the source's graph.

        LOAD reads files below the `load_folders` of the store's settings. Raises QueryError, Forbidden (other files,
        SERVICE, own graphs), NotFound, GateRefused, Outdated, and for LOAD what `load` raises.
        """
        agreed = conditions or Conditions()
        folders = self.folder.settings.load_folders if agreed.grant.loads else ()
        documents = Documents(tuple(self.folder.path / name for name in folders), read_rdf)

        def updated(turn: Turn) -> Wish:
            agreed.check_snapshot(turn.staging.name)
            diff = ground_diff(
                self.snapshot,
                text,
                graph=graphs.of_source(source),
                documents=documents,
                grant=agreed.grant,
                using=using,
            )
            return self._difference(turn, source, message or "an update", diff, agreed)

        return self._write(source, updated, alone=True)

    @routed()
    def graph_store(
        self,
        method: Method,
        graph: str | None = None,
        body: Body | None = None,
        *,
        source: str = "update",
        message: str | None = None,
        conditions: Conditions | None = None,
    ) -> LoadReport:
        """Carry out PUT, POST, DELETE or PATCH of the SPARQL 1.1 Graph Store Protocol as one commit; GET is `dump`.

        Without `graph` it is about the source's graph, with ``*`` about all graphs. The report says whether the graph
        was `created`. Raises NotFound (DELETE, PATCH), Forbidden, UnsupportedFormat, SyntaxFault, QueryError,
        DataError, GateRefused, Outdated.
        """
        agreed, created = conditions or Conditions(), False

        def requested(turn: Turn) -> Wish:
            nonlocal created
            agreed.check_snapshot(turn.staging.name)
            dataset = SnapshotQuads(self.snapshot, graphs.of_source(source), agreed.grant)
            if graph == EVERY_GRAPH:
                asked = change_dataset(dataset, method, body)
            else:
                asked = change(dataset, method, iri(graph) if graph else None, body)
            created = asked.created
            said = message or f"{method} {graph or graphs.of_source(source)}"
            return self._difference(turn, source, said, asked.diff, agreed)

        return replace(self._write(source, requested, alone=True), created=created)

    def _header(self, turn: Turn, source: str, message: str, content: str = "") -> Commit:
        raise NotImplementedError

    def _write(self, source: str, work: Work, *, alone: bool = False) -> LoadReport:
        raise NotImplementedError

    def _difference(
        self, turn: Turn, source: str, message: str, diff: GroundDiff, agreed: Conditions
    ) -> Wish:
        draft = Draft.of(self._header(turn, source, message), added=diff.added, removed=diff.removed)
        return replace(draft.wish(turn.number, turn.staging.image), strict=agreed.strict)
