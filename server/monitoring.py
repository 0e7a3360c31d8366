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
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from kb.querying import run as querying
from kb.querying.run import Dataset

from .connections import Client

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_END = "commerce-kb.end"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SAFE = ("GET", "HEAD", "OPTIONS")
# Who evaluates, by the part that answers; changes are carried out by the core.
_ENGINES = {
    "changes": "journal",
    "entity_pages": "oxigraph",
    "gallery": "oxigraph",
    "graph_store": "columns",
    "ontology_pages": "oxigraph",
    "pages": "columns",
    "sparql": "oxigraph",
}
_TEXT = 10_000


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


def register(app: Flask, *, logs: Logs, folder: Path | None) -> None:
    """Let the application count and log its requests; `folder` is where several processes add up."""
    # Its library looks at its first import for the folder in which processes add up.
    from .metrics import Metrics

    metrics = Metrics(app.extensions["store"], app.extensions["pool"], folder)
    app.extensions["metrics"] = metrics
    access = _Lines(logs.access) if logs.access else None
    slow = _Lines(logs.slow) if logs.slow else None

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        metrics.running.inc()

    @app.after_request
    def note(response: Response) -> Response:
        if "began" not in g:
            return response
        facts, text, plan = _facts(response), g.get("text"), _plan()
        began = g.began

        def end(broken: bool) -> None:
            seconds = time.perf_counter() - began
            metrics.running.dec()
            labels = (facts["route"], facts["method"], str(facts["status"]), facts["engine"])
            metrics.seconds.labels(*labels).observe(seconds)
            if facts["fault"]:
                metrics.faults.labels(facts["fault"]).inc()
            if broken:
                metrics.broken.inc()
            for state, number in app.extensions["pool"].counts().items():
                metrics.workers.labels(state).set(number)
            line = {**facts, "seconds": round(seconds, 6), "broken": broken}
            if access is not None:
                access.write(**line)
            if slow is not None and seconds >= logs.seconds:
                more = {"text": text[:_TEXT], "plan": plan()} if text is not None else {}
                slow.write(**line, **more)

        def again(seconds: float) -> None:
            metrics.seconds.labels(facts["route"], facts["method"], str(facts["status"]), "memory").observe(
                seconds
            )
            if access is not None:
                line = {**facts, "time": _now(), "engine": "memory", "seconds": round(seconds, 6)}
                access.write(**line, broken=False)

        request.environ[_END] = end
        client = request.environ.get("gunicorn.socket")
        if isinstance(client, Client) and client.lasting:
            client.again = again
        return response

    inner = app.wsgi_app

    def outer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        pieces = inner(environ, start)
        return _Answer(pieces, environ[_END]) if _END in environ else pieces

    app.wsgi_app = outer  # type: ignore[method-assign,assignment]


class _Answer:
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


def _facts(response: Response) -> dict[str, Any]:
    """What a request was, without its parameters."""
    safe = request.method in _SAFE or (request.blueprint == "sparql" and not g.get("changes"))
    return {
        "time": _now(),
        "peer": request.remote_addr,
        "caller": str(g.get("caller", "")),
        "method": request.method if request.method in _METHODS else "other",
        "route": request.url_rule.rule if request.url_rule else "",
        "path": request.path,
        "status": response.status_code,
        "bytes": response.content_length,
        "engine": g.get("engine") or (_ENGINES.get(request.blueprint or "", "http") if safe else "core"),
        "snapshot": response.headers.get("X-Commerce-KB-Snapshot"),
        "fault": g.get("fault"),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _plan() -> Callable[[], dict[str, Any]]:
    """How a query is evaluated, worked out only for one that was slow: which view of which snapshot it reads."""
    snapshot, caller, text = g.get("snapshot"), g.get("caller"), g.get("text")
    dataset = g.get("dataset") or Dataset(private=caller.private if caller else False)

    def plan() -> dict[str, Any]:
        if snapshot is None or text is None:
            return {}
        return {"snapshot": snapshot.name, "view": querying.needs(snapshot, text, dataset)}

    return plan
