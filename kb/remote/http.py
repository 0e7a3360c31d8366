"""Requests to a server, and its problem documents as the errors that they are."""

from __future__ import annotations

import contextlib
import http.client
import json
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, cast
from urllib.parse import urlencode, urlsplit

from ..errors import (
    Forbidden,
    GateRefused,
    KbError,
    LimitPassed,
    NotFound,
    ServerLost,
    SystemFault,
    UsageError,
)

_IN_MEMORY = 8_000_000
_PIECE = 1 << 16
_BY_STATUS: dict[int, type[KbError]] = {401: Forbidden, 403: Forbidden, 404: NotFound}


@dataclass(frozen=True)
class Reply:
    """A whole answer: its media type, the snapshot that it is of, and its body, in memory or in a file."""

    media_type: str
    snapshot: str | None
    body: IO[bytes]

    def content(self) -> bytes:
        """All bytes."""
        self.body.seek(0)
        return self.body.read()

    def json(self) -> Any:
        """The value."""
        return json.loads(self.content())


class Http:
    """A server at an address, asked from any thread; each keeps a connection of its own."""

    def __init__(self, url: str, *, token: str | None, timeout: float, past: str | None = None) -> None:
        """With `past`, each request is about that commit. Raises UsageError for what is no address."""
        parts = urlsplit(url if "://" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise UsageError(f"'{url}' is no server's address", hint="write http://127.0.0.1:7878")
        self.url = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        self._parts = urlsplit(self.url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._timeout = timeout
        self._token = token
        self._past = past
        self._local = threading.local()

    def at(self, past: str) -> Http:
        """The same server, asked about a commit."""
        return Http(self.url, token=self._token, timeout=self._timeout, past=past)

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request, and the whole answer to it.

        Raises the error that the server names, ServerLost where none answers or the answer breaks off.
        """
        sent = {**self._headers, **(headers or {})}
        if self._past is not None:
            path += f"{'&' if '?' in path else '?'}{urlencode({'at': self._past})}"
        try:
            response = self._sent(method, f"{self._parts.path}{path}", body, sent)
            spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the reply keeps it
            for piece in _pieces(response):
                spool.write(piece)
        except (OSError, http.client.HTTPException) as fault:
            self.close()
            cut = isinstance(fault, http.client.IncompleteRead)
            what = "broke off in its answer" if cut else "does not answer"
            raise ServerLost(
                f"The server {what}: {fault or type(fault).__name__}",
                where=self.url,
                hint="ask again; kb serve starts one",
            ) from None
        reply = Reply(response.headers.get_content_type(), response.headers["X-Commerce-KB-Snapshot"], spool)
        if response.status >= 400:
            raise error_of(_problem(reply), response.status)
        return reply

    def _sent(
        self, method: str, path: str, body: bytes | IO[bytes] | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        """The beginning of an answer; a connection that the server has closed meanwhile is made anew, once."""
        known = getattr(self._local, "connection", None)
        if known is not None:
            try:
                known.request(method, path, body=body, headers=headers)
                return cast(http.client.HTTPResponse, known.getresponse())
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()
                # A change may have been made: only what reads is asked twice.
                if method not in ("GET", "HEAD") and "sparql-query" not in headers.get("Content-Type", ""):
                    raise
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname or "", self._parts.port, timeout=self._timeout)
        self._local.connection = connection
        # A server that refuses a body early may answer before it has read all.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(method, path, body=body, headers=headers)
        return connection.getresponse()


def _pieces(response: http.client.HTTPResponse) -> Iterator[bytes]:
    while piece := response.read(_PIECE):
        yield piece
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def _problem(reply: Reply) -> dict[str, Any]:
    try:
        return dict(reply.json())
    except (ValueError, TypeError):
        return {}


def error_of(problem: Mapping[str, Any], status: int) -> KbError:
    """The error that a problem document (RFC 9457) tells of, of the class that it was on the server.

    >>> type(error_of({"title": "Deadline passed", "limit": "time", "value": 5}, 408)).__name__
    'DeadlinePassed'
    """
    known = {kind.__name__: kind for kind in _below(KbError)}
    name = "".join(word.capitalize() for word in str(problem.get("title", "")).split())
    kind = known.get(name) or _BY_STATUS.get(status) or (SystemFault if status >= 500 else UsageError)
    what = problem.get("detail") or f"The server said {status}"
    where, hint = problem.get("where"), problem.get("hint")
    fault: KbError
    if issubclass(kind, LimitPassed):
        given = {name: problem[name] for name in ("limit", "value", "unit") if name in problem}
        fault = kind(what, hint=hint, **given)
    elif issubclass(kind, GateRefused):
        fault = kind(what, where=where, hint=hint, report=problem.get("report"))
    else:
        fault = kind(what, where=where, hint=hint)
    fault.status = problem.get("status", status)
    return fault


def _below(kind: type[KbError]) -> Iterator[type[KbError]]:
    if kind.__module__ == KbError.__module__:
        yield kind
    for child in kind.__subclasses__():
        yield from _below(child)
