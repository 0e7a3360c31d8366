"""The client's side: verbs that are carried out by the store's core where one runs."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import wraps
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, Self, TypeVar

from ..errors import CoreLost, StoreLocked
from .address import connected
from .arguments import portable
from .messages import Answer, Cancel, Failure, Hello, Progress, Request, receive, send


class Folder(Protocol):
    """Where a store lies."""

    path: Path


class Routing(Protocol):
    """What has routed verbs: a store's facade."""

    @property
    def folder(self) -> Folder: ...
    @property
    def author(self) -> str: ...
    @property
    def routes(self) -> bool:
        """Whether its verbs look for a core: neither a core itself, nor open to read only."""

    def on_behalf(self, author: str, abandoned: Callable[[], bool]) -> Self:
        """The same store with the same writer, for one request in the core; it does not route.

        Once `abandoned` says so, what is not in the journal yet is given up with `CancelledError`.
        """

    def recover(self) -> int:
        """Publish what a crash has left in the journal alone; gives the number of commits."""


P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Routing)
Verb = Callable[Concatenate[S, P], R]


def routed(*, paths: Sequence[str] = ()) -> Callable[[Verb[S, P, R]], Verb[S, P, R]]:
    """Have a verb carried out by the store's core where one runs, and here where none does.

    Its arguments and its value must be picklable, but for a callable `progress`; `paths` names the arguments
    that are files. With a core the verb raises CoreLost as well, when the core ends before its answer.
    """

    def decorate(verb: Verb[S, P, R]) -> Verb[S, P, R]:
        signature = inspect.signature(verb)

        @wraps(verb)
        def call(self: S, *given: P.args, **named: P.kwargs) -> R:
            core = connect(self.folder.path) if self.routes else None
            if core is None:
                return verb(self, *given, **named)
            arguments = signature.bind(self, *given, **named).arguments
            del arguments["self"]
            progress = arguments.pop("progress", None)
            with core, portable(arguments, paths) as sent:
                request = Request(verb.__name__, sent, self.author, progress is not None)
                return core.ask(request, progress)

        call.routed = True  # type: ignore[attr-defined]
        return call

    return decorate


def connect(store: Path) -> Core | None:
    """The store's core, None where none takes requests.

    Raises StoreLocked when it is of another release.
    """
    socket = connected(store)
    if socket is None:
        return None
    connection = Connection(socket.detach())
    try:
        hello = receive(connection)
    except (EOFError, OSError):  # It is about to end.
        connection.close()
        return None
    ours = Hello(0).version
    if hello.version != ours:
        connection.close()
        raise StoreLocked(
            f"The server of this store (process {hello.process}) runs release {hello.version}, this is {ours}",
            where=str(store),
            hint="end the server and start it anew",
        )
    return Core(connection, hello.process, store)


class Core:
    """A connection to a store's core, for one request."""

    def __init__(self, connection: Connection, process: int, store: Path) -> None:
        self._connection = connection
        self._process = process
        self._store = store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(self, request: Request, progress: Callable[[int], None] | None = None) -> Any:
        """What the verb gives; `progress` is told bytes.

        Raises what the verb raises, CoreLost. Ctrl-C has the core give up; where the journal has the commit
        already, it is waited for, and the KeyboardInterrupt says that the commit went in.
        """
        with self._open():
            send(self._connection, request)
        try:
            last = self._last(progress)
        except KeyboardInterrupt:
            with self._open():
                send(self._connection, Cancel())
            last = self._last(None)
            if isinstance(last, Answer):
                raise KeyboardInterrupt(f"it was too late: {last.value}") from None
            if isinstance(last.error, CancelledError):
                raise
        if isinstance(last, Failure):
            raise last.error
        return last.value

    def _last(self, progress: Callable[[int], None] | None) -> Answer | Failure:
        """The message that ends the request."""
        while True:
            with self._open():
                # Ctrl-C comes while it waits; a message is read whole.
                self._connection.poll(None)
                message = receive(self._connection)
            if not isinstance(message, Progress):
                return message
            if progress is not None:
                progress(message.bytes)

    @contextlib.contextmanager
    def _open(self) -> Iterator[None]:
        """Say CoreLost when the connection breaks."""
        try:
            yield
        except (EOFError, OSError):
            raise CoreLost(
                f"Process {self._process}, which writes to this store, ended before it answered",
                where=str(self._store),
                hint="see with kb log whether the commit is there; if it is not, do it again",
            ) from None
