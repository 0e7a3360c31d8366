"""The short way of a look-up: a program's GET of /sparql is answered without Flask, by the same steps.

What a web framework does around an answer costs more than to look a product up. Whatever is out of the ordinary
(a browser, a page of another site, a condition, a limit) goes the long way, and so does each fault, to be told there.
Both ways give the same answer with the same headers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, g, request

from kb import KnowledgeBase
from kb.store import Snapshot
from kb.workers import Stream

from . import access, monitoring, protocol
from .compression import Compressed, coding_for
from .connections import Client
from .context import PROTECTING, VARYING, mark_of
from .negotiation import HTML, Format, choose_language
from .reader import View
from .sparql import dataset_for, format_for, let_no_send_last

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

_PLACE = "/sparql"
_BEGUN = "commerce-kb.lookup"
# Headers and parameters that the long way alone knows.
_LONGER = (
    "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_NONE_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_ORIGIN",
    "HTTP_RANGE", "HTTP_TRANSFER_ENCODING", "HTTP_X_COMMERCE_KB_TIMEOUT",
)  # fmt: skip
_LONGER_PARAMETERS = ("&at=", "&lang=", "&timeout=")


@dataclass
class _Lookup:
    """What is known of a look-up, so that the long way goes on from there."""

    began: float
    caller: access.Caller = access.ANONYMOUS
    text: str | None = None
    knowledge: KnowledgeBase | None = None
    snapshot: Snapshot | None = None
    fault: Exception | None = None


def go_on() -> None:
    """Raise, in Flask's course, the fault that a look-up met on its way."""
    found: _Lookup | None = request.environ.get(_BEGUN)
    if found is None or found.fault is None:
        return
    g.caller, g.text = found.caller, found.text
    if found.snapshot is not None:
        g.knowledge, g.snapshot = found.knowledge, found.snapshot
    raise found.fault


def began(environ: WSGIEnvironment) -> float | None:
    """When a request began, if that was counted on the short way."""
    found: _Lookup | None = environ.get(_BEGUN)
    return found.began if found else None


class Lookups:
    """A WSGI application around Flask's; `varying` is whether answers differ by origin."""

    def __init__(self, app: Flask, *, host_names: Collection[str], varying: bool) -> None:
        self._app = app
        self._long = app.wsgi_app
        self._door: access.Door = app.extensions["door"]
        self._monitor: monitoring.Monitor = app.extensions["monitor"]
        self._names = host_names
        vary = ", ".join((*VARYING, *(("Origin",) if varying else ()), "Accept-Encoding"))
        self._headers = [*PROTECTING.items(), ("Vary", vary), ("Cache-Control", "no-cache")]

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if not _is_plain(environ):
            return self._long(environ, start)
        known = environ[_BEGUN] = _Lookup(self._monitor.begin())
        try:
            asked = self._asked(environ, known)
            format = format_for(asked, environ.get("HTTP_ACCEPT"))
            if format is not HTML:
                return self._answer(environ, start, known, asked, format)
        except Exception as fault:
            known.fault = fault
        return self._long(environ, start)

    def _asked(self, environ: WSGIEnvironment, known: _Lookup) -> protocol.QueryRequest:
        access.check_host(environ.get("HTTP_HOST"), names=self._names)
        headers = {
            name[5:].replace("_", "-").title(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        known.caller = self._door.admit(peer=environ.get("REMOTE_ADDR"), headers=headers)
        asked = protocol.parse("GET", content_type=None, query_string=environ["QUERY_STRING"], body=b"")
        assert isinstance(asked, protocol.QueryRequest)
        known.text = asked.text
        return asked

    def _answer(
        self,
        environ: WSGIEnvironment,
        start: StartResponse,
        known: _Lookup,
        asked: protocol.QueryRequest,
        format: Format,
    ) -> Iterable[bytes]:
        knowledge = known.knowledge = self._app.extensions["reader"].open()
        snapshot = known.snapshot = knowledge.snapshot
        client = environ.get("gunicorn.socket")
        seen = View(knowledge, snapshot, known.caller, self._app.extensions["pool"], client)
        dataset = dataset_for(seen, asked)
        stream = seen.stream(asked.text, format.name, dataset=dataset)
        language = choose_language(environ.get("HTTP_ACCEPT_LANGUAGE"))
        mark = mark_of(self._app.config["BUILD"], snapshot.name, known.caller, language, asked, format.name)
        if not stream.whole:
            let_no_send_last(client)
        facts = _facts(environ, known, stream)
        if isinstance(client, Client) and not known.caller.known and "HTTP_AUTHORIZATION" not in environ:
            client.lasting, client.again = True, partial(self._monitor.repeated, facts)
        length = stream.length if stream.whole else None
        coding = coding_for(environ.get("HTTP_ACCEPT_ENCODING"), media_type=format.media_type, length=length)
        headers = [
            *self._headers,
            ("Content-Type", format.content_type),
            ("ETag", f'W/"{mark}"' if coding else f'"{mark}"'),
            ("X-Commerce-KB-Cut", "no"),
            ("X-Commerce-KB-Engine", stream.engine),
            ("X-Commerce-KB-Reasoning", str(asked.reasoning).lower()),
            ("X-Commerce-KB-Snapshot", snapshot.name),
        ]
        if coding:
            headers.append(("Content-Encoding", coding))
        elif length is not None:
            headers.append(("Content-Length", str(length)))
        start("200 OK", headers)
        return self._monitor.following(
            Compressed(stream, coding) if coding else stream,
            facts,
            began=known.began,
            text=asked.text,
            plan=monitoring.plan_of(snapshot, asked.text, dataset),
        )


def _is_plain(environ: WSGIEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "GET"
        and environ["PATH_INFO"] == _PLACE
        and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and "query=" in environ["QUERY_STRING"]
        and not any(name in f"&{environ['QUERY_STRING']}" for name in _LONGER_PARAMETERS)
        and not any(name in environ for name in _LONGER)
        and environ.get("CONTENT_LENGTH", "0") in ("", "0")
    )


def _facts(environ: WSGIEnvironment, known: _Lookup, stream: Stream) -> dict[str, Any]:
    return {
        "time": monitoring.now(),
        "peer": environ.get("REMOTE_ADDR"),
        "caller": str(known.caller),
        "method": "GET",
        "route": _PLACE,
        "path": _PLACE,
        "status": 200,
        "bytes": stream.length if stream.whole else None,
        "engine": stream.engine,
        "snapshot": known.snapshot.name if known.snapshot else None,
        "fault": None,
    }
