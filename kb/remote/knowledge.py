"""The verbs of `KnowledgeBase` over HTTP."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, TypeVar, cast
from urllib.parse import quote, urlencode

import pyarrow as pa
import pyoxigraph as ox

from .. import graphs
from ..columns.batches import batches_of
from ..contradictions import ContradictionReport
from ..errors import QueryError, SourceError, UnsupportedFormat, UsageError
from ..formats import is_table, rdf_format, stem_of
from ..querying import guard
from ..querying.binding import bound
from ..querying.competency import Given, question
from ..querying.find import Match
from ..querying.graph_store import EVERY_GRAPH, PATCH_TYPE, Body, Method
from ..querying.results import Result, Solutions, Triples, Truth
from ..querying.run import Dataset
from ..reasoning import Gaps, Proof, Proofs
from ..reports import LoadReport
from ..statistics import Profile, Stats
from ..store import Commit
from ..validation import ValidationReport
from ..validation.comparison import Comparison
from ..values import Term, Value, term
from ..versions import Changes, Reference
from ..writes import Change, LoadOptions
from .holding import RemoteHolding
from .http import Http, Reply, error_of
from .modelling import RemoteModelling
from .plain import from_plain

if TYPE_CHECKING:
    from ..erasure import Forgotten
    from ..insight import Insight, Scope

Found = TypeVar("Found")
_ANSWERS = "application/sparql-results+json, application/n-triples;q=0.9"
_WAIT, _LONGEST_WAIT = 0.05, 1.0


@dataclass(frozen=True)
class RemoteSnapshot:
    """The snapshot that a server reads; it has a name and, here, nothing else."""

    name: str


class RemoteKnowledgeBase(RemoteHolding, RemoteModelling):
    """A knowledge base behind a server; `KnowledgeBase.connect` makes it.

    Its verbs are those of `KnowledgeBase` with their results and errors. What its token may not see is not there.
    """

    _past: Reference | None = None

    def __init__(self, url: str, *, token: str | None = None, timeout: float = 60) -> None:
        """`timeout` is the longest silence, in seconds; how long a query may take, the server's limits say."""
        self._http = Http(url, token=token, timeout=timeout)

    @property
    def url(self) -> str:
        """The server's address."""
        return self._http.url

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def snapshot(self) -> RemoteSnapshot:
        """The snapshot that the server reads now; its name changes with every commit."""
        if self._past is not None:
            return RemoteSnapshot(self.show(self._past).after.name)
        return RemoteSnapshot(self._http.ask("GET", "/health").json()["snapshot"])

    def query(
        self,
        text: str,
        *,
        reasoning: bool = True,
        parameters: Mapping[str, Term] | None = None,
        dataset: Dataset | None = None,
        seconds: float | None = None,
    ) -> Result:
        """Run a SPARQL query; of `dataset` the graphs and whether consequences count, `seconds` asks for less time.

        The answer is whole when this returns, in memory or in a temporary file, and stays what it is.

        Raises what `KnowledgeBase.query` raises, and the server's limits: DeadlinePassed, ResultTooLarge,
        MemoryExceeded, Overloaded, QueryStopped, EvaluatorCrashed; ServerLost.
        """
        if guard.check(text) is guard.Form.UPDATE:
            raise QueryError("This is an update, not a query", hint="use update")
        chosen = dataset or Dataset(inferred=reasoning)
        asked = [("default-graph-uri", graph) for graph in chosen.default_graphs]
        asked += [("named-graph-uri", graph) for graph in chosen.named_graphs]
        asked += [("reasoning", "false")] * (not chosen.inferred)
        asked += [] if seconds is None else [("timeout", f"{seconds:g}")]
        reply = self._http.ask(
            "POST",
            f"/sparql?{urlencode(asked)}",
            body=bound(text, parameters or {}).encode(),
            headers={"Content-Type": "application/sparql-query", "Accept": _ANSWERS},
        )
        return _result(reply)

    def ask(self, id: str, values: Mapping[str, Given] | None = None, *, reasoning: bool = True) -> Result:
        """Ask a competency question, as `KnowledgeBase.ask`."""
        asked = question(id)
        return self.query(asked.bound(asked.terms(values or {}, self.find)), reasoning=reasoning)

    def find(self, text: str, *, kind: str | None = None, limit: int = 10) -> list[Match]:
        """Entities by name, as `KnowledgeBase.find`."""
        return self._read(list[Match], "find", text=text, kind=kind, limit=limit)

    def explain(self, subject: Value, property: Value, object: Value) -> Proof:
        """Why a triple holds, as `KnowledgeBase.explain`."""
        return self._read(Proof, "explain", **_triple(subject, property, object))

    def explain_all(self, subject: Value, property: Value, object: Value, *, at_most: int = 10) -> Proofs:
        """Proofs of a triple, as `KnowledgeBase.explain_all`."""
        return self._read(Proofs, "explain_all", **_triple(subject, property, object), at_most=at_most)

    def explain_missing(self, subject: Value, property: Value, object: Value) -> Gaps:
        """Why a triple does not hold, as `KnowledgeBase.explain_missing`."""
        return self._read(Gaps, "explain_missing", **_triple(subject, property, object))

    def contradictions(self, *, accounts: int = 3) -> ContradictionReport:
        """What can't all be true of what may be seen, so many in full, as `KnowledgeBase.contradictions`."""
        return self._read(ContradictionReport, "contradictions", accounts=accounts)

    def at(self, reference: Reference) -> RemoteKnowledgeBase:
        """The knowledge base as it was at a commit or a time, to read only, as `KnowledgeBase.at`.

        For a token that sees all graphs. Nothing is asked before the first verb: that raises Forbidden, NotFound,
        UsageError.
        """
        past = copy(self)
        past._http, past._past = self._http.at(_named(reference)), reference
        return past

    def validate(self) -> ValidationReport:
        """Judge what may be seen by the store's shapes, as `KnowledgeBase.validate`."""
        return self._read(ValidationReport, "validate")

    def validate_since(self, reference: Reference) -> Comparison:
        """What validation says now as against a commit or a time, as `KnowledgeBase.validate_since`.

        For a token that sees all graphs, else Forbidden.
        """
        return self._read(Comparison, "validate_since", reference=_named(reference))

    def insight(self, name: str, *, scope: Scope | None = None) -> Insight:
        """One insight, as `KnowledgeBase.insight`."""
        from ..insight import Insight  # Ibis takes a while to import.

        return self._read(Insight, "insight", name=name, scope=scope and json.dumps(scope.to_dict()))

    def log(self) -> list[Commit]:
        """All commits that may be seen, oldest first."""
        return self._read(list[Commit], "log")

    def show(self, reference: Reference) -> Changes:
        """What one commit changed, as `KnowledgeBase.show`."""
        return self._changes(f"/commits/{quote(_named(reference), safe='')}")

    def diff(self, before: Reference, after: Reference | None = None) -> Changes:
        """The net difference of two commits' states, as `KnowledgeBase.diff`."""
        asked = {"before": _named(before)} | ({} if after is None else {"after": _named(after)})
        return self._changes(f"/diff?{urlencode(asked)}")

    def stats(self) -> Stats:
        """The store in numbers; its path is its name on the server."""
        return self._read(Stats, "stats")

    def profile(self) -> Profile:
        """What queries see, in numbers."""
        return self._read(Profile, "profile")

    def dump(self, *, graph: str | None = None) -> Iterator[bytes]:
        """All asserted data (or one graph) as N-Quads text in pieces.

        Raises NotFound for an unknown graph.
        """
        path = "/store" if graph is None else f"/store?{urlencode({'graph': graph})}"
        reply = self._http.ask("GET", path, headers={"Accept": "application/n-quads"})
        reply.body.seek(0)
        yield from iter(partial(reply.body.read, 1 << 20), b"")

    def update(
        self, text: str, *, source: str = "update", message: str | None = None, snapshot: str | None = None
    ) -> LoadReport:
        """Run a SPARQL update as one commit, wholly or not at all; with `snapshot` only if the server is still at it.

        Raises what `KnowledgeBase.update` raises, ServerLost.
        """
        return self._written(
            "POST",
            f"/sparql?{urlencode({'source': source})}",
            text.encode(),
            "application/sparql-update",
            message,
            snapshot,
        )

    def graph_store(
        self,
        method: Method,
        graph: str | None = None,
        body: Body | None = None,
        *,
        source: str = "update",
        message: str | None = None,
        snapshot: str | None = None,
    ) -> LoadReport:
        """Carry out a request of the Graph Store Protocol, as `KnowledgeBase.graph_store`."""
        place = {} if graph == EVERY_GRAPH else {"graph": graph} if graph else {"default": ""}
        sent = body or Body()
        return self._written(
            method,
            f"/store?{urlencode({**place, 'source': source})}",
            sent.content,
            sent.media_type,
            message,
            snapshot,
        )

    @contextlib.contextmanager
    def commit(self, *, source: str, message: str, private: bool = False) -> Iterator[Change]:
        """Collect changes in a ``with`` block and write them as one commit at its end, as an RDF Patch."""
        change = Change(graphs.of_source(source, private=private))
        yield change
        rows = [f"D {quad} .\n" for quad in change.removed] + [f"A {quad} .\n" for quad in change.added]
        patch = Body("".join(rows).encode(), PATCH_TYPE)
        change.report = self.graph_store("PATCH", EVERY_GRAPH, patch, source=source, message=message)

    def load(
        self,
        path: str | Path,
        *,
        source: str | None = None,
        message: str | None = None,
        options: LoadOptions | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> LoadReport:
        """Load one RDF file, of any length, as one commit; `progress` is told bytes as the server reads them.

        Raises what `KnowledgeBase.load` raises, UnsupportedFormat for tables, UsageError for a dry run, ServerLost.
        """
        file, chosen = Path(path), options or LoadOptions()
        if chosen.dry_run:
            raise UsageError("A server makes no dry runs", hint="load the file into a store of your own")
        if is_table(file) and chosen.format is None:
            raise UnsupportedFormat(
                "A server loads RDF alone", where=str(file), hint="run kb load beside the store"
            )
        form = chosen.format or rdf_format(file)
        asked = {
            "source": source or graphs.source_name(stem_of(file)),
            "mode": chosen.mode,
            "private": str(chosen.private).lower(),
            "quarantine": str(not chosen.strict).lower(),
        }
        with _opened(file) as handle:
            headers = {"Content-Type": form.media_type, **_said(message or f"load {file.name}")}
            headers["Content-Length"] = str(file.stat().st_size)
            begun = self._http.ask("POST", f"/loads?{urlencode(asked)}", body=handle, headers=headers).json()
        return self._awaited(f"/loads/{begun['id']}", progress)

    def forget(self, buyer: str) -> Forgotten:
        """Forget a buyer, as `KnowledgeBase.forget`; needs the role admin.

        On a large store give `connect` a `timeout` as long as a rebuild takes.
        """
        from ..erasure import Forgotten

        headers = {"Content-Type": "application/json"}
        reply = self._http.ask("POST", "/forget", body=json.dumps({"buyer": buyer}).encode(), headers=headers)
        return cast(Forgotten, from_plain(Forgotten, reply.json()))

    def _awaited(self, path: str, progress: Callable[[int], None] | None) -> LoadReport:
        wait, told = _WAIT, 0
        while True:
            said = self._http.ask("GET", path).json()
            if progress is not None and said["read"] > told:
                progress(said["read"] - told)
                told = said["read"]
            if said["status"] == "done":
                return cast(LoadReport, from_plain(LoadReport, {**said["report"], "validation": None}))
            if said["problem"] is not None:
                raise error_of(said["problem"], 500)
            time.sleep(wait)
            wait = min(_LONGEST_WAIT, wait * 1.5)

    def _changes(self, path: str) -> Changes:
        """Counts at once; the quads come as a patch when they are read."""
        begin = f"{path}{'&' if '?' in path else '?'}"
        told = self._http.ask("GET", f"{begin}limit=0", headers={"Accept": "application/json"}).json()
        before, after = (from_plain(Commit | None, told[name]) for name in ("before", "after"))

        def read(adds: bool) -> Iterator[pa.RecordBatch]:
            reply = self._http.ask("GET", path, headers={"Accept": "application/rdf-patch"})
            reply.body.seek(0)
            prefix = b"A " if adds else b"D "
            lines = b"".join(line[2:] for line in reply.body if line.startswith(prefix))
            yield from batches_of(ox.parse(lines, format=ox.RdfFormat.N_QUADS, lenient=True))

        counts = told["counts"]
        return Changes(before, after, counts["added"], counts["removed"], tuple(told["graphs"]), read)

    def _read(self, result: type[Found], verb: str, **arguments: object) -> Found:
        given = {name: value for name, value in arguments.items() if value is not None}
        reply = self._http.ask(
            "GET", f"/api/{verb}?{urlencode(given)}", headers={"Accept": "application/json"}
        )
        return cast(Found, from_plain(result, reply.json()))

    def _written(
        self, method: str, path: str, body: bytes, kind: str, message: str | None, snapshot: str | None
    ) -> LoadReport:
        headers = {"Content-Type": kind, **_said(message)}
        if snapshot is not None:
            headers["If-Match"] = f'"{snapshot}"'
        report = self._http.ask(method, path, body=body, headers=headers).json()
        return cast(LoadReport, from_plain(LoadReport, {**report, "validation": None}))


def _result(reply: Reply) -> Result:
    """The answer of a query; its bytes are kept, and parsed anew each time it is read."""

    def once() -> ox.QuerySolutions | ox.QueryBoolean:
        reply.body.seek(0)
        found = ox.parse_query_results(reply.body, format=ox.QueryResultsFormat.JSON)
        return cast("ox.QuerySolutions | ox.QueryBoolean", found)

    def triples() -> Iterator[ox.Triple]:
        reply.body.seek(0)
        return (quad.triple for quad in ox.parse(reply.body, format=ox.RdfFormat.N_TRIPLES, lenient=True))

    if reply.media_type == "application/n-triples":
        return Triples(cast(Any, triples))
    first = once()
    if isinstance(first, ox.QueryBoolean):
        return Truth(bool(first))
    return Solutions(cast(Any, once))


def _named(reference: Reference) -> str:
    """A reference to a commit as text; times in ISO 8601."""
    return reference.isoformat() if isinstance(reference, date) else str(reference)


def _triple(subject: Value, property: Value, object: Value) -> dict[str, str]:
    names = ("subject", "property", "object")
    return {name: str(term(part)) for name, part in zip(names, (subject, property, object), strict=True)}


def _said(message: str | None) -> dict[str, str]:
    return {"Commit-Message": quote(message)} if message else {}


def _opened(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as fault:
        raise SourceError(f"It can't be read: {fault.strerror}", where=str(file)) from None
