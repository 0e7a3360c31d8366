"""How the web pages and the endpoint read: one snapshot a request, evaluated by worker processes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import pyoxigraph as ox
from pyoxigraph import NamedNode

from kb import KnowledgeBase
from kb.querying import guard
from kb.querying.binding import bound
from kb.querying.find import Match
from kb.querying.results import Result, Solutions, Triples, Truth
from kb.querying.run import Dataset, Term
from kb.store import Snapshot
from kb.workers import Call, Changed, Dump, Head, Heading, Patches, Pool, Query, Stream

from .access import Caller
from .links import checked


class Reader:
    """Opens a store read-only, once.

    Opening waits for the first request, so that a store is never opened before a worker process is forked.
    """

    def __init__(self, store: Path) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._knowledge: KnowledgeBase | None = None

    def open(self) -> KnowledgeBase:
        """The knowledge base; its ``snapshot`` is that of the newest commit, whoever wrote it.

        Raises StoreMissing and StoreDamaged.
        """
        with self._lock:
            if self._knowledge is None:
                self._knowledge = KnowledgeBase.open(self._store, read_only=True)
            return self._knowledge


Graphs = tuple[tuple[str, ...], tuple[str, ...]]
_PAGE_ROWS = 200_000
_PAGE_BYTES = 64_000_000


@dataclass(frozen=True)
class View:
    """What one caller sees of one snapshot, during one request; `past` is the commit that it is of, if it is old."""

    knowledge: KnowledgeBase
    snapshot: Snapshot
    caller: Caller
    pool: Pool
    client: socket.socket | None = None
    past: str | None = None

    def dataset(self, *, reasoning: bool = True, graphs: Graphs = ((), ())) -> Dataset:
        """What a query of this caller reads; ``graphs`` are the default and the named ones of the protocol."""
        return Dataset(self.caller.private, reasoning, *graphs)

    def stream(
        self, text: str, format: str, *, dataset: Dataset | None = None, seconds: float | None = None
    ) -> Stream:
        """The answer of a query in a format, as bytes; raises as ``kb.workers.Pool.stream``."""
        limits = self.pool.limits
        query = Query(self.snapshot.name, text, format, dataset or self.dataset(), limits.rows, limits.bytes)
        return self.pool.stream(query, caller=str(self.caller), seconds=seconds, client=self.client)

    def dump(self, format: str, *, graph: str | None = None, empty: bool = False) -> Stream:
        """What is asserted, or one graph of it, as bytes; raises as ``kb.workers.Pool.pour``."""
        errand = Dump(self.snapshot.name, format, graph, self.caller.private, empty)
        return self.pool.pour(errand, caller=str(self.caller), client=self.client)

    def patches(self, begin: int, last: int) -> Stream:
        """The commits behind a number up to another one, as RDF Patches; raises as ``kb.workers.Pool.pour``."""
        errand = Patches(begin, last, self.caller.private)
        return self.pool.pour(errand, caller=str(self.caller), client=self.client)

    def changes(self, after: str | None, *, before: str | None = None, shown: int | None = None) -> Stream:
        """What a commit changed, or how two differ, as an RDF Patch, or the first quads as JSON; raises as ``pour``."""
        errand = Changed(after, before, shown, self.caller.private)
        return self.pool.pour(errand, caller=str(self.caller), client=self.client)

    def head(
        self, text: str, *, shown: int, dataset: Dataset | None = None, seconds: float | None = None
    ) -> Head:
        """The first rows of an answer and their number; raises as ``kb.workers.Pool.stream``."""
        heading = Heading(self.snapshot.name, text, shown, dataset or self.dataset(), self.pool.limits.rows)
        return self.pool.head(heading, caller=str(self.caller), seconds=seconds, client=self.client)

    def call(self, verb: str, **arguments: Any) -> Any:
        """What a reading verb of the knowledge base gives, to this caller; raises as it and as ``stream``."""
        arguments["private"] = self.caller.private
        call = Call(verb, arguments, self.past)
        return self.pool.call(call, caller=str(self.caller), client=self.client)

    def find(self, text: str, *, kind: str | None = None, limit: int = 10) -> list[Match]:
        """Entities by name, as ``KnowledgeBase.find``."""
        return cast(list[Match], self.call("find", text=text, kind=kind, limit=limit))

    def query(
        self, text: str, *, reasoning: bool = True, parameters: Mapping[str, Term] | None = None
    ) -> Result:
        """Run a query whose answer fits into a page."""
        text = bound(text, parameters) if parameters else text
        form = guard.check(text)
        format = "nt" if form in (guard.Form.CONSTRUCT, guard.Form.DESCRIBE) else "json"
        query = Query(
            self.snapshot.name, text, format, self.dataset(reasoning=reasoning), _PAGE_ROWS, _PAGE_BYTES
        )
        body = self.pool.read(query, caller=str(self.caller), client=self.client)
        if format == "nt":
            return Triples(cast(Any, lambda: _triples(body)))
        found = ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)
        if isinstance(found, ox.QueryBoolean):
            return Truth(bool(found))
        return Solutions(
            lambda: cast(ox.QuerySolutions, ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)),
            found,
        )

    def rows(self, name: str, *, reasoning: bool = True, **parameters: str) -> Solutions:
        """The solutions of a stored query; each parameter is an IRI put in for the variable of its name."""
        return cast(Solutions, self.query(_filled(name, parameters), reasoning=reasoning))

    def triples(self, name: str, **parameters: str) -> Triples:
        """The triples of a stored CONSTRUCT query; parameters as in ``rows``."""
        return cast(Triples, self.query(_filled(name, parameters)))

    def rows_about(self, name: str, things: Iterable[str]) -> Solutions:
        """The solutions of a stored query for many IRIs at once, put in where it says ``#things#``."""
        values = " ".join(f"<{checked(thing)}>" for thing in things)
        return cast(Solutions, self.query(stored_query(name).replace("#things#", values)))


def _triples(body: bytes) -> Iterator[ox.Triple]:
    return (quad.triple for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES, lenient=True))


def _filled(name: str, parameters: Mapping[str, str]) -> str:
    return bound(stored_query(name), {key: NamedNode(checked(iri)) for key, iri in parameters.items()})


@cache
def stored_query(name: str) -> str:
    """The text of ``server/queries/<name>.rq``."""
    return resources.files(__package__).joinpath("queries", f"{name}.rq").read_text("utf-8")
