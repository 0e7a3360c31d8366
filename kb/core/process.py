"""The core's side: a thread for each client, verbs on the one facade that owns the writer."""

from __future__ import annotations

import os
import pickle
import signal
import stat
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from multiprocessing.connection import Connection, wait
from typing import Any

from ..errors import KbError, StoreLocked, SystemFault, UsageError
from .address import Peer, listening
from .client import Routing
from .messages import Answer, Cancel, Failure, Hello, Progress, Request, receive, send

_PROGRESS_SECONDS = 0.1
_AT_ONCE = 64


def serve(knowledge: Routing, announce: Callable[[], None]) -> None:
    """Carry out clients' verbs until a signal, or until the pipe that is standard input closes.

    Ends when all that was begun has ended. `announce` is called when it listens.
    """

    def end(*_: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    leash = [0] if stat.S_ISFIFO(os.fstat(0).st_mode) else []
    with ThreadPoolExecutor(_AT_ONCE) as workers, listening(knowledge.folder.path) as listener:
        announce()
        workers.submit(_recover, knowledge)
        while listener in (ready := wait([listener, *leash])) or not ready:
            connection, _ = listener.accept()
            if not Peer.of(connection).trusted:
                connection.close()
                continue
            client = _Client(Connection(connection.detach()), knowledge, workers)
            threading.Thread(target=client.listen, daemon=True).start()


def _recover(knowledge: Routing) -> None:
    """Publish what a crash has left in the journal alone, and say so."""
    try:
        if replayed := knowledge.recover():
            print(f"commerce-kb: {replayed} commits that a crash had left are published", file=sys.stderr)
    except StoreLocked:
        pass  # Who holds the lock has done so.
    except Exception as error:
        print(f"commerce-kb: {error}", file=sys.stderr)


class _Client:
    """One client and its one request.

    One thread listens to the client, so that it hears of its end at once, and tells it of progress; another one
    works. Neither makes the writer wait for a client that does not read.
    """

    def __init__(self, connection: Connection, knowledge: Routing, workers: Executor) -> None:
        self._connection = connection
        self._knowledge = knowledge
        self._workers = workers
        self._gone = threading.Event()
        self._sending = threading.Lock()
        self._bytes = 0
        self._told = 0

    def listen(self) -> None:
        """Take the request, and then word that it is not wanted any more."""
        try:
            send(self._connection, Hello(os.getpid()))
            request = receive(self._connection)
            self._workers.submit(self._work, request)
            while not self._connection.poll(_PROGRESS_SECONDS if request.progress else None):
                self._tell()
            if isinstance(receive(self._connection), Cancel):
                self._gone.set()
                receive(self._connection)
        except (EOFError, OSError):
            pass
        except RuntimeError:  # The process is ending and takes no more work.
            self._connection.close()
        finally:
            self._gone.set()

    def _work(self, request: Request) -> None:
        last: Answer | Failure
        try:
            last = Answer(self._carry_out(request))
        except Exception as error:
            if not isinstance(error, (KbError, OSError, CancelledError)):
                traceback.print_exc()
            last = Failure(error)
        try:
            self._tell()
            self._send(last)
        except OSError:
            pass  # Who asked is gone.
        except (TypeError, AttributeError, pickle.PicklingError):
            said = last.error if isinstance(last, Failure) else f"no answer can be sent of {request.verb}"
            self._send(
                Failure(SystemFault(f"The core failed: {said}", hint="see what the server has printed"))
            )

    def _carry_out(self, request: Request) -> Any:
        verb = getattr(type(self._knowledge), request.verb, None)
        if not getattr(verb, "routed", False):
            raise UsageError(f"The core carries out no '{request.verb}'")
        knowledge = self._knowledge.on_behalf(request.author, self._gone.is_set)
        more = {"progress": self._count} if request.progress else {}
        return getattr(knowledge, request.verb)(**request.arguments, **more)

    def _count(self, bytes: int) -> None:
        if self._gone.is_set():
            raise CancelledError
        self._bytes += bytes

    def _tell(self) -> None:
        """Say how much was read since the last word about it."""
        with self._sending:
            if read := self._bytes - self._told:
                self._told += read
                send(self._connection, Progress(read))

    def _send(self, message: object) -> None:
        with self._sending:
            send(self._connection, message)
