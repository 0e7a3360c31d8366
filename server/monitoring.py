"""Each request is counted, and told in a line of JSON; a slow one also with its text and how it was evaluated.

The access log holds no query strings and no texts: these may name people. The slow log holds texts; both are for
the owner's eyes alone.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from kb.querying import run as querying
from kb.querying.run import Dataset
from kb.store import Snapshot
from kb.workers import Pool

from .connections import Client

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_FOLLOWING = "commerce-kb.following"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SAFE = ("GET", "HEAD", "OPTIONS")
# Who evaluates, by the part that answers; changes are carried out by the core.
ENGINES = {
    "changes": "journal",
    "entity_pages": "oxigraph",
    "gallery": "oxigraph",
    "graph_store": "columns",
    "ontology_pages": "oxigraph",
    "pages": "columns",
    "sparql": "oxigraph",
}
_TEXT = 10_000
Facts = dict[str, Any]
Plan = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Logs:
    """Where lines go (``-`` is standard output), and how many seconds make a request slow."""

    access: str | None = None
    slow: str | None = None
    seconds: float = 1.0


class _Lines:
    """A file to which processes append whole lines."""

    def __init__(self, place: str) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._handle = sys.stdout.fileno() if place == "-" else os.open(place, flags, 0o600)

    def write(self, **facts: Any) -> None:
        """One line."""
        os.write(self._handle, json.dumps(facts, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


class Monitor:
    """Counts and logs the requests of one process; `folder` is where several processes add up."""

    def __init__(self, app: Flask, *, logs: Logs, folder: Path | None) -> None:
        # Its library looks at its first import for the folder in which processes add up.
        from .metrics import Metrics

        self._pool: Pool = app.extensions["pool"]
        self.metrics = Metrics(app.extensions["store"], self._pool, folder)
        self._access = _Lines(logs.access) if logs.access else None
        self._slow = _Lines(logs.slow) if logs.slow else None
        self._seconds = logs.seconds

    def begin(self) -> float:
        """A request begins; gives the moment, for `following`."""
        self.metrics.running.inc()
        return time.perf_counter()

    def following(
        self, pieces: Iterable[bytes], facts: Facts, *, began: float, text: str | None, plan: Plan
    ) -> Answer:
        """The pieces of an answer, whose end is counted and told; `text` and `plan` are for one that was slow."""

        def end(broken: bool) -> None:
            seconds = time.perf_counter() - began
            self.metrics.running.dec()
            self._count(facts, facts["engine"], seconds)
            if facts["fault"]:
                self.metrics.faults.labels(facts["fault"]).inc()
            if broken:
                self.metrics.broken.inc()
            for state, number in self._pool.counts().items():
                self.metrics.workers.labels(state).set(number)
            line = {**facts, "seconds": round(seconds, 6), "broken": broken}
            if self._access is not None:
                self._access.write(**line)
            if self._slow is not None and seconds >= self._seconds:
                more = {"text": text[:_TEXT], "plan": plan()} if text is not None else {}
                self._slow.write(**line, **more)

        return Answer(pieces, end)

    def repeated(self, facts: Facts, seconds: float) -> None:
        """An answer was told again from memory."""
        self._count(facts, "memory", seconds)
        if self._access is not None:
            line = {**facts, "time": now(), "engine": "memory", "seconds": round(seconds, 6)}
            self._access.write(**line, broken=False)

    def _count(self, facts: Facts, engine: str, seconds: float) -> None:
        self.metrics.seconds.labels(facts["route"], facts["method"], str(facts["status"]), engine).observe(
            seconds
        )


def register(
    app: Flask, *, logs: Logs, folder: Path | None, began: Callable[[WSGIEnvironment], float | None]
) -> None:
    """Let the application count and log its requests; `folder` is where several processes add up.

    `began` tells when a request began that was counted before it came here.
    """
    monitor = app.extensions["monitor"] = Monitor(app, logs=logs, folder=folder)

    @app.before_request
    def begin() -> None:
        g.began = began(request.environ) or monitor.begin()

    @app.after_request
    def note(response: Response) -> Response:
        if "began" not in g:
            return response
        facts = _facts(response)
        request.environ[_FOLLOWING] = partial(
            monitor.following, facts=facts, began=g.began, text=g.get("text"), plan=_plan()
        )
        client = request.environ.get("gunicorn.socket")
        if isinstance(client, Client) and client.lasting:
            client.again = partial(monitor.repeated, facts)
        return response

    inner = app.wsgi_app

    def outer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        pieces = inner(environ, start)
        follow = environ.get(_FOLLOWING)
        return follow(pieces) if follow else pieces

    app.wsgi_app = outer  # type: ignore[method-assign,assignment]


class Answer:
    """The pieces of an answer on their way; `end` is told whether they broke off."""

    def __init__(self, pieces: Iterable[bytes], end: Callable[[bool], None]) -> None:
        self._pieces = pieces
        self._left = iter(pieces)
        self._end = end
        self._whole = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._left)
        except StopIteration:
            self._whole = True
            raise

    def close(self) -> None:
        """The last piece is sent, or no more can be."""
        try:
            if hasattr(self._pieces, "close"):
                self._pieces.close()
        finally:
            self._end(not self._whole)


def _facts(response: Response) -> Facts:
    """What a request was, without its parameters."""
    safe = request.method in _SAFE or (request.blueprint == "sparql" and not g.get("changes"))
    return {
        "time": now(),
        "peer": request.remote_addr,
        "caller": str(g.get("caller", "")),
        "method": request.method if request.method in _METHODS else "other",
        "route": request.url_rule.rule if request.url_rule else "",
        "path": request.path,
        "status": response.status_code,
        "bytes": response.content_length,
        "engine": g.get("engine") or (ENGINES.get(request.blueprint or "", "http") if safe else "core"),
        "snapshot": response.headers.get("X-Commerce-KB-Snapshot"),
        "fault": g.get("fault"),
    }


def now() -> str:
    """The time, for a line of a log."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _plan() -> Plan:
    caller = g.get("caller")
    dataset = g.get("dataset") or Dataset(private=caller.private if caller else False)
    return plan_of(g.get("snapshot"), g.get("text"), dataset)


def plan_of(snapshot: Snapshot | None, text: str | None, dataset: Dataset) -> Plan:
    """How a query is evaluated, worked out only for one that was slow: which view of which snapshot it reads."""

    def plan() -> dict[str, Any]:
        if snapshot is None or text is None:
            return {}
        return {"snapshot": snapshot.name, "view": querying.needs(snapshot, text, dataset)}

    return plan
