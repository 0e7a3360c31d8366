"""The facade's verbs that change what is asserted by SPARQL Update and by the Graph Store Protocol.

A change may be worked out in one process and committed by another one, so that what takes too long can be ended
without harm to the writer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import pyarrow as pa

from . import graphs
from .columns.kernels import NO_PAIRS, Ids, Pairs, contains, distinct, heads, pack, subtract, tails, unite
from .columns.rows import Rows
from .conditions import Conditions
from .core.client import routed
from .drafts import Draft
from .errors import Forbidden, ResultTooLarge
from .loading.rdf import read_rdf
from .pipeline import Patch, Wish
from .querying.datasets import SnapshotQuads
from .querying.documents import Documents
from .querying.graph_store import EVERY_GRAPH, Body, Method, change, change_dataset
from .querying.updates import GroundDiff, Using, ground_diff
from .reports import LoadReport
from .store import Commit, Folder, Snapshot
from .values import iri
from .writer import Turn, Work


@dataclass(frozen=True)
class Preview:
    """What a request would change in the snapshot of this name; `created` says that it would make its graph."""

    snapshot: str
    draft: Draft
    created: bool = False


class Changing(ABC):
    """Changes that are worked out on a snapshot and written as a difference; `KnowledgeBase` has them all."""

    folder: Folder
    author: str
    routes: bool

    @abstractmethod
    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Self:
        """The same store and writer for one request that a core carries out."""

    @abstractmethod
    def recover(self) -> int:
        """Publish what a crash has left in the journal alone."""

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The current snapshot."""

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

        LOAD reads files below the `load_folders` and addresses below the `load_addresses` of the store's settings.
        Raises QueryError, Forbidden (other files and addresses, SERVICE, own graphs), NotFound, GateRefused, Outdated,
        and for LOAD what `load` raises.
        """

        def preview() -> Preview:
            return self.preview_update(
                text, source=source, message=message, using=using, conditions=conditions
            )

        return self._carried_out(source, preview, conditions)

    def preview_update(
        self,
        text: str,
        *,
        source: str = "update",
        message: str | None = None,
        using: Using | None = None,
        conditions: Conditions | None = None,
        most: int | None = None,
    ) -> Preview:
        """What `update` would change, for `commit_preview`; nothing is written.

        Raises what `update` raises while it works out, ResultTooLarge beyond `most` quads.
        """
        agreed, snapshot = conditions or Conditions(), self.snapshot
        agreed.check_snapshot(snapshot.name)
        documents = Documents()
        if agreed.grant.loads:
            settings = self.folder.settings
            folders = tuple(self.folder.path / name for name in settings.load_folders)
            documents = Documents(folders, read_rdf, settings.load_addresses)
        diff = ground_diff(
            snapshot,
            text,
            graph=graphs.of_source(source),
            documents=documents,
            grant=agreed.grant,
            using=using,
        )
        return _preview(snapshot, diff, source=source, message=message or "an update", most=most)

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

        def preview() -> Preview:
            return self.preview_graph_store(
                method, graph, body, source=source, message=message, conditions=conditions
            )

        return self._carried_out(source, preview, conditions)

    def preview_graph_store(
        self,
        method: Method,
        graph: str | None = None,
        body: Body | None = None,
        *,
        source: str = "update",
        message: str | None = None,
        conditions: Conditions | None = None,
        most: int | None = None,
    ) -> Preview:
        """What `graph_store` would change, for `commit_preview`; as `preview_update`."""
        agreed, snapshot = conditions or Conditions(), self.snapshot
        agreed.check_snapshot(snapshot.name)
        dataset = SnapshotQuads(snapshot, graphs.of_source(source), agreed.grant)
        if graph == EVERY_GRAPH:
            asked = change_dataset(dataset, method, body)
        else:
            asked = change(dataset, method, iri(graph) if graph else None, body)
        said = message or f"{method} {graph or graphs.of_source(source)}"
        found = _preview(snapshot, asked.diff, source=source, message=said, most=most)
        return replace(found, created=asked.created)

    @routed()
    def commit_preview(self, preview: Preview, *, conditions: Conditions | None = None) -> LoadReport:
        """Make a change that was worked out before one commit, if the store is still at its snapshot.

        Raises GateRefused, Outdated.
        """
        agreed = replace(conditions or Conditions(), snapshot=preview.snapshot)
        return self._carried_out(preview.draft.commit.source, lambda: preview, agreed)

    @routed()
    def record_mined(
        self,
        added: Sequence[pa.RecordBatch],
        *,
        run: str,
        message: str,
        replaces: Sequence[str] = (),
        kept: pa.Array | None = None,
    ) -> LoadReport:
        """Write what a mining run found as one commit; batches are quads in N-Triples syntax (columns s, p, o, g).

        What the graphs `replaces` say and the run doesn't say again is taken back, but for triples whose subject
        is among `kept`; what they say already stays where it is. All graphs are those of runs: ``mined/<run>``,
        ``private/mined/<run>``. Raises Forbidden for another one, GateRefused.
        """
        named = {name[1:-1] for batch in added for name in batch.column("g").unique().to_pylist()}
        for name in sorted(named.union(replaces)):
            if not graphs.is_mined(name):
                raise Forbidden(
                    f"Mining does not write to {name}", hint="see graphs.of_run for a run's graph"
                )
        source = f"mined/{run}"

        def recorded(turn: Turn) -> Wish:
            image = turn.staging.image
            dictionary = image.dictionary
            wanted = Rows.encoded(dictionary, added)
            keep = distinct(dictionary.find(kept if kept is not None else []))
            standing = Rows(
                {key: pairs for one in replaces for key, pairs in image.rows_of(one).pairs.items()}
            )
            patch = _taken_over(wanted, standing, keep, dictionary.stored_of)
            return Wish(self._header(turn, source, message), patch)

        return self._write(source, recorded, alone=True)

    def _carried_out(
        self, source: str, work_out: Callable[[], Preview], conditions: Conditions | None
    ) -> LoadReport:
        """One commit of a change that is worked out, or known by then, when its turn comes."""
        agreed, created = conditions or Conditions(), False

        def carried_out(turn: Turn) -> Wish:
            nonlocal created
            agreed.check_snapshot(turn.staging.name)
            preview = work_out()
            created = preview.created
            header = replace(preview.draft.commit, author=self.author, time=Commit(0).time)
            draft = replace(preview.draft, commit=header)
            return replace(draft.wish(turn.number, turn.staging.image), strict=agreed.strict)

        return replace(self._write(source, carried_out, alone=True), created=created)

    @abstractmethod
    def _header(self, turn: Turn, source: str, message: str, content: str = "") -> Commit:
        """What a commit says of itself."""

    @abstractmethod
    def _write(self, source: str, work: Work, *, alone: bool = False) -> LoadReport:
        """Carry out what `work` wishes."""


def _preview(snapshot: Snapshot, diff: GroundDiff, *, source: str, message: str, most: int | None) -> Preview:
    if most is not None and len(diff.added) + len(diff.removed) > most:
        raise ResultTooLarge.changes(most)
    commit = Commit(0, author="", source=source, message=message)
    return Preview(snapshot.name, Draft.of(commit, added=diff.added, removed=diff.removed))


def _taken_over(wanted: Rows, standing: Rows, keep: Ids, stored_of: Callable[[Ids], Ids]) -> Patch:
    """The rows wanted that `standing` lacks in any graph, and what it has beyond them and the subjects kept."""
    said: dict[int, Pairs] = {}
    for _, key, pairs in standing:
        said[key] = unite(said.get(key, NO_PAIRS), pairs)
    added: dict[tuple[int, int], Pairs] = {}
    again: dict[int, Pairs] = {}
    for graph, key, pairs in wanted:
        stored = pack(heads(pairs), stored_of(tails(pairs)))
        added[graph, key] = pairs[~contains(said.get(key, NO_PAIRS), stored)]
        again[key] = unite(again.get(key, NO_PAIRS), distinct(stored))
    gone = {
        (graph, key): subtract(pairs[~contains(keep, heads(pairs))], again.get(key, NO_PAIRS))
        for graph, key, pairs in standing
    }
    return Patch(Rows(added), Rows(gone))
