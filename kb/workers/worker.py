"""A worker: it reads one request, answers it, and waits for the next one, until the other end closes."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox

from .. import dumps
from ..analytics.routing import Router
from ..errors import Forbidden, KbError, NotFound, QueryError, ResultTooLarge, StoreDamaged
from ..knowledge_base import KnowledgeBase
from ..querying import run as querying
from ..querying.arrow import TABLE_FORMATS
from ..querying.results import ResultFormat, Solutions, Triples
from ..store import Snapshot
from ..versions import Changes, patches, snapshot_named
from .counting import Counted
from .errands import (
    DEFAULT_ENGINE,
    Call,
    Changed,
    Dump,
    Errand,
    Head,
    Heading,
    Kind,
    Patches,
    Query,
    send,
    send_pickled,
)

VERBS = (
    "at", "contradictions", "diff_ontology", "explain", "explain_all", "explain_missing", "find", "insight",
    "known_trend", "log", "preview_graph_store", "preview_update", "profile", "stats", "validate", "validate_since",
    "weigh_ontology",
)  # fmt: skip
_SYNTAXES = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdf": ox.RdfFormat.RDF_XML,
    "nq": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
}
_KEPT = 2
_STATM = Path("/proc/self/statm")
# Who has nothing to do looks so often for a new commit, in seconds.
_PAUSE = 0.2
# Behind following a commit it rests so many times as long as that took: commits may come in one after another.
_REST = 10


def work(connection: Connection, store: Path, memory: int) -> None:
    """Answer requests about a store until the connection closes; `memory` is what a request may take, in bytes."""
    worker = _Worker(connection, store, memory)
    with contextlib.suppress(KbError, OSError):
        worker.warm()
    send(connection, Kind.READY)
    while True:
        try:
            while not connection.poll(_PAUSE):
                worker.follow()
            errand = connection.recv()
        except (EOFError, OSError):
            return
        try:
            worker.answer(errand)
        except (BrokenPipeError, ConnectionError):
            return


class _Worker:
    def __init__(self, connection: Connection, store: Path, memory: int) -> None:
        self._connection = connection
        self._memory = memory
        self._knowledge = KnowledgeBase.open(store, read_only=True)
        self._snapshots: dict[str, Snapshot] = {}
        self._ready: set[tuple[object, ...]] = set()
        self._router = Router()
        self._rested = 0.0
        # Not there on macOS, where the pool alone watches.
        self._own_pages = _STATM.open("rb", buffering=0) if _STATM.exists() else None

    def warm(self) -> None:
        """Open what most requests need."""
        snapshot = self._knowledge.snapshot
        self._snapshots[snapshot.name] = snapshot
        snapshot.view(private=True, inferred=True, complete=False)
        # Making the public view may take long; its first reader does it, while the clock stands still.
        if not snapshot.private_graphs or (snapshot.folder / "views" / "public-full").exists():
            snapshot.view(private=False, inferred=True, complete=False)
        self._bound()

    def follow(self) -> None:
        """Make ready for the newest commit, where there is one since."""
        began = time.monotonic()
        with contextlib.suppress(KbError, OSError):
            if began < self._rested or self._knowledge.folder.current_name() in self._snapshots:
                return
            resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            try:
                snapshot = self._snapshot(self._knowledge.snapshot.name)
                self._router.follow(snapshot)
                snapshot.view(private=True, inferred=True, complete=False)
            finally:
                self._rested = time.monotonic() + _REST * (time.monotonic() - began)
                self._bound()

    def answer(self, errand: Errand) -> None:
        """Send the answer or the fault."""
        try:
            if isinstance(errand, Query):
                self._write(errand)
            elif isinstance(errand, (Dump, Patches, Changed)):
                self._pour(errand)
            else:
                value = self._head(errand) if isinstance(errand, Heading) else self._call(errand)
                send_pickled(self._connection, Kind.VALUE, value)
        except KbError as fault:
            send_pickled(self._connection, Kind.FAULT, fault)
        except MemoryError:
            # As Oxigraph does: the pool reads these words.
            print("memory allocation failed", file=sys.stderr, flush=True)
            raise SystemExit(1) from None

    def _write(self, query: Query) -> None:
        result = self._run(query)
        if result.plan is not None and result.plan.engine != DEFAULT_ENGINE:
            send(self._connection, Kind.ENGINE, result.plan.engine.encode())
        sink = Counted(self._connection, query.format, rows=query.rows, bytes=query.bytes)
        with _faults_told(sink):
            if isinstance(result, Triples):
                if len(result) > query.rows:
                    raise ResultTooLarge.rows(query.rows)
                result.write(cast(Any, sink), _SYNTAXES[query.format])
            else:
                if query.format in TABLE_FORMATS and len(result.to_arrow()) > query.rows:
                    raise ResultTooLarge.rows(query.rows)
                result.write(cast(Any, sink), cast(ResultFormat, query.format))
        sink.finish()

    def _pour(self, errand: Dump | Patches | Changed) -> None:
        sink = Counted(self._connection, "", rows=0, bytes=sys.maxsize)
        with _faults_told(sink):
            if isinstance(errand, Patches):
                journal = self._knowledge.folder.journal
                for piece in patches(journal, errand.begin, errand.last, private=errand.private):
                    sink.write(piece)
            elif isinstance(errand, Changed):
                changes = self._changes(errand)
                if errand.shown is None:
                    changes.write(cast(Any, sink))
                else:
                    sink.write(json.dumps(changes.to_dict(limit=errand.shown)).encode())
            else:
                dumps.write(self._dumped(errand), cast(Any, sink), _SYNTAXES[errand.format])
        sink.finish()

    def _changes(self, errand: Changed) -> Changes:
        if errand.before is None and errand.after is not None:
            return self._knowledge.show(errand.after, private=errand.private)
        return self._knowledge.diff(errand.before or "", errand.after, private=errand.private)

    def _dumped(self, errand: Dump) -> Iterator[bytes]:
        image = self._snapshot(errand.snapshot).image
        try:
            yield from dumps.dump(image, graph=errand.graph, private=errand.private)
        except NotFound:
            if not errand.empty:
                raise

    def _head(self, heading: Heading) -> Head:
        result = self._run(heading)
        if not isinstance(result, (Solutions, Triples)):
            return Head((), (), 0, bool(result))
        names = result.variables if isinstance(result, Solutions) else ("subject", "predicate", "object")
        seen: set[object] = set()
        rows = []
        count = 0
        with _faults_told():
            for row in result.once():
                if isinstance(row, ox.Triple):
                    if row in seen:
                        continue
                    seen.add(row)
                count += 1
                if count > heading.rows:
                    raise ResultTooLarge.rows(heading.rows)
                if count <= heading.shown:
                    rows.append(tuple(row))
        return Head(names, tuple(rows), count)

    def _call(self, call: Call) -> Any:
        if call.verb not in VERBS:
            raise Forbidden(f"Workers carry out no '{call.verb}'")
        knowledge = self._knowledge if call.past is None else self._knowledge.at(call.past)
        if call.verb == "insight":
            # Tables that all insights share must not make the first one pass for a long request.
            with self._aside():
                knowledge.prepare_insight(private=call.arguments.get("private", True))
        value = getattr(knowledge, call.verb)(**call.arguments)
        return None if value is not None and isinstance(value, KnowledgeBase) else value

    def _run(self, asked: Query | Heading) -> querying.Result:
        snapshot = self._snapshot(asked.snapshot)
        self._bound()  # What columns have kept of earlier requests doesn't count.
        with _faults_told():
            return self._router.run(
                snapshot,
                asked.text,
                dataset=asked.dataset,
                before_oxigraph=partial(self._prepare, snapshot, asked),
            )

    def _prepare(self, snapshot: Snapshot, asked: Query | Heading) -> None:
        """Open the view that a query reads, while its clock stands still."""
        needs = querying.needs(snapshot, asked.text, asked.dataset)
        known = (snapshot.name, *needs.values())
        if known not in self._ready:
            with self._aside():
                snapshot.view(**needs)
            self._ready.add(known)

    @contextlib.contextmanager
    def _aside(self) -> Iterator[None]:
        """Do what others will use too: the request's clock stands still, its memory is not bounded."""
        resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        send(self._connection, Kind.PREPARING)
        yield
        send(self._connection, Kind.PREPARED)
        self._bound()

    def _snapshot(self, name: str) -> Snapshot:
        found = self._snapshots.get(name)
        if found is None:
            newest = self._knowledge.snapshot
            found = (
                newest
                if newest.name == name
                else snapshot_named(self._knowledge.folder, name, earlier=newest)
            )
            self._snapshots[name] = found
            while len(self._snapshots) > _KEPT:
                left = next(iter(self._snapshots))
                del self._snapshots[left]
                self._ready = {one for one in self._ready if one[0] != left}
        return found

    def _bound(self) -> None:
        """Take the memory of a request as the most that this process may add to what it has now.

        Files that are mapped, as RocksDB and the columns do, don't count.
        """
        if self._own_pages is None:
            return
        pages = int(os.pread(self._own_pages.fileno(), 200, 0).split()[5])
        most = pages * resource.getpagesize() + self._memory
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.RLIM_INFINITY))


@contextlib.contextmanager
def _faults_told(sink: Counted | None = None) -> Any:
    """Oxigraph's faults as ours; a fault of the sink, which Oxigraph may have wrapped, as it was."""
    try:
        yield
    except (KbError, MemoryError):
        raise
    except FileNotFoundError as fault:
        raise StoreDamaged(f"A file of the snapshot is missing: {fault}", hint="kb doctor") from None
    except (RuntimeError, OSError, ValueError) as fault:
        if sink is not None and sink.fault is not None:
            raise sink.fault from None
        raise QueryError(f"The query failed: {fault}", hint="simplify it, or add a LIMIT") from None
