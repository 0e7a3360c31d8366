"""The server's side: which worker takes a request, and what ends it."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import select
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from ..errors import KbError, Overloaded, QueryStopped
from .errands import Call, Changed, Dump, Errand, Head, Heading, Kind, Patches, Query
from .lease import Client, Lease, Worker
from .limits import Limits
from .running import Runs

_SPOOLED = 1 << 17
# A process that forks has no threads, and the last words of a worker are few.
_QUIET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "RUST_BACKTRACE": "0"}
_GIVEN_WAY = 10
_TRIES = 3
# Seconds that the first workers may take to be there.
_START = 60.0


class Pool:
    """Workers on one store, those of one process of a server."""

    def __init__(self, store: Path, *, limits: Limits | None = None, runs: Runs) -> None:
        """Nothing starts before `start` or the first request: a process that forks must not have workers yet."""
        self.limits = limits or Limits()
        self.runs = runs
        self._store = store
        self.ending = False
        self._changed = threading.Condition()
        self._idle: list[Worker] = []
        self._workers: dict[int, Worker] = {}
        self._awaited: deque[Worker] = deque()
        self._short = 0
        self._long = 0
        self._waiting = 0
        self._begun = False
        self._nursery: subprocess.Popen | None = None
        self._line: socket.socket | None = None

    def start(self) -> Self:
        """Start the nursery and the first workers."""
        with self._changed:
            if self._nursery is None:
                self._line, theirs = socket.socketpair()
                self._nursery = subprocess.Popen(
                    [sys.executable, "-m", "kb.workers", str(self._store), str(self.limits.memory)],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    process_group=0,
                    env={**os.environ, **_QUIET},
                )
                theirs.close()
                threading.Thread(target=self._keep, args=(self._line,), daemon=True).start()
                self._fill()
        return self

    def close(self) -> None:
        """End all workers, whatever they do."""
        with self._changed:
            line, self._line = self._line, None
            nursery, self._nursery = self._nursery, None
        if line is not None and nursery is not None:
            line.shutdown(socket.SHUT_RDWR)
            nursery.wait()

    def counts(self) -> dict[str, int]:
        """How many workers wait for a request, answer one, and have given way with a long one."""
        with self._changed:
            idle, long = len(self._idle), self._long
            return {"idle": idle, "busy": max(0, len(self._workers) - idle - long), "long": long}

    def stop_all(self) -> None:
        """Have every query end with QueryStopped: the server ends."""
        self.ending = True

    def stream(
        self, query: Query, *, caller: str, seconds: float | None = None, client: Client = None
    ) -> Stream:
        """The answer of a query, as bytes: whole where it is short, else as it comes.

        `seconds` is the time that it may take, at most that of the limits; `client` is the socket of who asks: when
        it closes, the query ends.

        Raises QueryError, DeadlinePassed, MemoryExceeded, ResultTooLarge, Overloaded, QueryStopped,
        EvaluatorCrashed; iterating a long answer raises them as well.
        """
        lease, kind, payload = self._ask(query, caller, query.text, seconds, client)
        return Stream(lease, self, kind, payload)

    def pour(self, errand: Dump | Patches | Changed, *, caller: str, client: Client = None) -> Stream:
        """A dump or patches as bytes, with the time that a client may take to read them; raises as `stream`.

        Raises NotFound for a graph or commit that is not there.
        """
        lease, kind, payload = self._ask(errand, caller, str(errand), None, client, self.limits.reading)
        return Stream(lease, self, kind, payload)

    def read(
        self, query: Query, *, caller: str, seconds: float | None = None, client: Client = None
    ) -> bytes:
        """The whole answer of a query; raises as `stream`."""
        with contextlib.closing(self.stream(query, caller=caller, seconds=seconds, client=client)) as stream:
            return b"".join(stream)

    def head(
        self, heading: Heading, *, caller: str, seconds: float | None = None, client: Client = None
    ) -> Head:
        """The first rows of an answer and their number; raises as `stream`."""
        return self._value(heading, caller, heading.text, seconds, client)

    def call(self, call: Call, *, caller: str, client: Client = None) -> Any:
        """What a reading verb of the facade gives; raises what it raises, and as `stream`."""
        return self._value(call, caller, f"{call.verb} {dict(call.arguments)}", None, client)

    def _value(
        self, errand: Heading | Call, caller: str, text: str, seconds: float | None, client: Client
    ) -> Any:
        lease, kind, payload = self._ask(errand, caller, text, seconds, client)
        self.release(lease, whole=True)
        value = pickle.loads(payload)
        if kind is Kind.FAULT:
            raise value
        return value

    def _ask(
        self,
        errand: Errand,
        caller: str,
        text: str,
        seconds: float | None,
        client: Client,
        longest: float | None = None,
    ) -> tuple[Lease, Kind, bytes]:
        """A worker that has begun to answer, and its first frame; another one where it is lost before that."""
        self.start()
        longest = longest or self.limits.seconds
        most = min(seconds or longest, longest)
        for left in reversed(range(_TRIES)):
            lease = Lease(self._take(), self, caller=caller, text=text, seconds=most, client=client)
            try:
                lease.begin(errand)
                return lease, *lease.next()
            except BaseException:
                self.release(lease, whole=False)
                if not (lease.lost and left):
                    raise
        raise AssertionError("the last try returns or raises")

    def release(self, lease: Lease, *, whole: bool) -> None:
        """Take a worker back; `whole` is whether it has said all and can take the next request."""
        lease.end()
        worker = lease.worker
        with self._changed:
            if worker.retired:
                worker.connection.close()
                return
            if worker.long:
                self._long -= 1
                self._short += 1
                worker.long = False
            if whole and not worker.behind:
                self._idle.append(worker)
                surplus = self._short > self.limits.workers + 1 and len(self._idle) > 1
                left = self._idle.pop(0) if surplus else None
            else:
                left = worker
            if left is not None:
                self._short -= 1
                left.retired = True
                if not whole:
                    self._end(left)
                self._fill()
            self._changed.notify()
        if left is not None:
            left.connection.close()

    def give_way(self, worker: Worker, *, behind: bool) -> bool:
        """Have another worker stand in for one whose request takes long; False where too many take long already.

        With `behind` it goes on at a lower priority, and takes no other request.
        """
        with self._changed:
            if not worker.long:
                if self._long >= self.limits.long:
                    return False
                worker.long = True
                self._long += 1
                self._short -= 1
                self._fill()
        if behind:
            worker.behind = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, worker.process, _GIVEN_WAY)
        return True

    def _take(self) -> Worker:
        with self._changed:
            since = time.monotonic()
            if self._waiting >= self.limits.queue:
                raise _full(f"{self.limits.queue} queries wait already")
            self._waiting += 1
            try:
                self._drop_dead()
                while not self._idle:
                    if self._line is None:
                        raise QueryStopped("The server ends", hint="ask again in a moment")
                    patience = self.limits.patience if self._begun else max(self.limits.patience, _START)
                    left = since + patience - time.monotonic()
                    if left <= 0:
                        raise _full(f"No worker became free in {patience:g} seconds")
                    self._changed.wait(left)
                    self._drop_dead()
                return self._idle.pop()
            finally:
                self._waiting -= 1

    def _drop_dead(self) -> None:
        """Let go of the next idle workers as far as they died and the nursery has not told so yet."""
        while self._idle and _says_something(self._idle[-1]):
            self._idle.pop().connection.close()
            self._short -= 1
            self._fill()

    def _fill(self) -> None:
        """Have as many workers that no long query has as the limits say, and one to spare."""
        while self._line is not None and self._short <= self.limits.workers:
            ours, theirs = socket.socketpair()
            try:
                socket.send_fds(self._line, [b"spawn\n"], [theirs.fileno()])
            except OSError:
                ours.close()
                return
            finally:
                theirs.close()
            self._awaited.append(Worker(Connection(ours.detach())))
            self._short += 1

    def _end(self, worker: Worker) -> None:
        if self._line is not None and not worker.gone.is_set():
            with contextlib.suppress(OSError):
                self._line.sendall(b"end %d\n" % worker.process)

    def _keep(self, line: socket.socket) -> None:
        """Hear of births and deaths, and of workers that are ready; the pool's own thread."""
        heard = b""
        with selectors.DefaultSelector() as selector:
            selector.register(line, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if isinstance(key.data, Worker):
                        selector.unregister(key.fileobj)
                        self._welcome(key.data)
                        continue
                    try:
                        text = line.recv(65_536)
                    except OSError:
                        text = b""
                    if not text:
                        self._lost(line)
                        return
                    *lines, heard = (heard + text).split(b"\n")
                    for fact in map(json.loads, lines):
                        if worker := self._told(fact):
                            selector.register(worker.connection, selectors.EVENT_READ, worker)

    def _told(self, fact: dict[str, Any]) -> Worker | None:
        """Take note of a birth, whose worker is given, or of a death."""
        with self._changed:
            if "born" in fact:
                worker = self._awaited.popleft()
                worker.process = fact["born"]
                self._workers[worker.process] = worker
                return worker
            worker = self._workers.pop(fact["died"])
            worker.signal, worker.words = fact["signal"], fact["words"]
            worker.gone.set()
            if worker in self._idle:
                self._idle.remove(worker)
                worker.connection.close()
                self._short -= 1
                self._fill()
            self._changed.notify_all()
        return None

    def _welcome(self, worker: Worker) -> None:
        try:
            worker.connection.recv_bytes()
        except (EOFError, OSError):
            time.sleep(0.1)  # It died before it was ready: the next one may, too.
            with self._changed:
                worker.connection.close()
                self._short -= 1
                self._fill()
            return
        with self._changed:
            self._begun = True
            # Behind those that have a snapshot's views open already.
            self._idle.insert(0, worker)
            self._changed.notify()

    def _lost(self, line: socket.socket) -> None:
        """The nursery is gone, and with it the workers: the next request starts it anew."""
        with self._changed:
            if self._line is line:
                self._line = self._nursery = None
                self._begun = False
            self._short = self._long = 0
            for worker in (*self._workers.values(), *self._awaited):
                worker.retired = True
                worker.gone.set()
            self._workers.clear()
            self._awaited.clear()
            self._idle.clear()
            self._changed.notify_all()
        line.close()


class Stream:
    """The bytes of an answer; `whole` says that all of them are here, so that their number is `length`."""

    def __init__(self, lease: Lease, pool: Pool, kind: Kind, payload: bytes) -> None:
        self._lease = lease
        self._pool = pool
        self._first: list[bytes] = []
        self._open = True
        self.length = 0
        self.whole = False
        try:
            self._take(kind, payload)
            while not self.whole and self.length < _SPOOLED:
                self._take(*lease.next())
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        """The bytes; once."""
        try:
            while self._first:
                yield self._first.pop(0)
            while not self.whole:
                yield self._checked(*self._lease.next())
        finally:
            self.close()

    @property
    def engine(self) -> str:
        """Which engine answers."""
        return self._lease.engine

    def close(self) -> None:
        """End the query, if it still runs."""
        if self._open:
            self._open = False
            self._pool.release(self._lease, whole=self.whole)

    def _take(self, kind: Kind, payload: bytes) -> None:
        self._first.append(self._checked(kind, payload))
        self.length += len(payload)

    def _checked(self, kind: Kind, payload: bytes) -> bytes:
        if kind is Kind.FAULT:
            fault: KbError = pickle.loads(payload)
            # What it has to say is said: the worker can go on, unless data of this answer is on the way.
            self._open = False
            self._pool.release(self._lease, whole=True)
            raise fault
        if kind is Kind.LAST:
            self.whole = True
            self.close()
        return payload


def _says_something(worker: Worker) -> bool:
    """An idle worker says nothing: what can be read of it is its end."""
    look = select.poll()
    look.register(worker.connection.fileno(), select.POLLIN)
    return bool(look.poll(0))


def _full(what: str) -> Overloaded:
    return Overloaded(what, hint="ask again in a moment")
