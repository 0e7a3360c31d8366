"""One request with its worker: waiting for frames, and what ends the wait."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

from ..errors import (
    DeadlinePassed,
    EvaluatorCrashed,
    KbError,
    MemoryExceeded,
    Overloaded,
    QueryStopped,
)
from .errands import DEFAULT_ENGINE, Errand, Kind
from .limits import Limits
from .running import Running, Runs

Client = socket.socket | None
_TICK = 0.1
# A long query has had this share of its time on a processor.
_SHARE = 0.2
# More memory than an idle worker has for itself.
_IDLE = 512 << 20
_GONE = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
_OUT_OF_MEMORY = ("memory allocation", "bad_alloc", "MemoryError", "capacity overflow")


@dataclass(eq=False)
class Worker:
    """A worker process, as its pool sees it. `gone` is set when it was buried.

    `long` is whether another one stands in for it, `behind` whether its priority was lowered, which can't be undone.
    """

    connection: Connection
    process: int = 0
    long: bool = False
    behind: bool = False
    retired: bool = False
    gone: threading.Event = field(default_factory=threading.Event)
    signal: int = 0
    words: str = ""


class Owner(Protocol):
    """The pool, as a lease needs it."""

    limits: Limits
    runs: Runs
    ending: bool

    def give_way(self, worker: Worker, *, behind: bool) -> bool: ...


class Lease:
    """A worker for the time of one request."""

    def __init__(
        self, worker: Worker, pool: Owner, *, caller: str, text: str, seconds: float, client: Client
    ) -> None:
        self.worker = worker
        self._pool = pool
        self._caller = caller
        self._text = text
        self._seconds = seconds
        self._client = client
        self._began = time.monotonic()
        self._used = 0.0
        self._spent = 0.0
        self._preparing = False
        self._run: Running | None = None
        self.engine = DEFAULT_ENGINE
        """Which engine answers a query."""
        self.lost = False
        """Whether the worker was ended by nobody here, before it had said anything."""

    def begin(self, errand: Errand) -> None:
        """Send the request.

        Raises QueryStopped when the worker is gone.
        """
        try:
            self.worker.connection.send(errand)
        except OSError:
            raise self._death() from None
        self._poll = select.poll()
        self._poll.register(self.worker.connection.fileno(), select.POLLIN)
        if self._client is not None:
            self._poll.register(self._client.fileno(), select.POLLIN | getattr(select, "POLLRDHUP", 0))

    def next(self) -> tuple[Kind, bytes]:
        """The next frame that is not of preparation; the clock runs only while this waits.

        Raises DeadlinePassed, MemoryExceeded, Overloaded, QueryStopped, EvaluatorCrashed; the worker is good for
        nothing then.
        """
        since = time.monotonic()
        if since - self._began > self._pool.limits.reading:
            raise QueryStopped(f"The answer was not read in {self._pool.limits.reading:g} seconds")
        tick = since + _TICK
        while True:
            wake = min(tick, since + self._seconds - self._used) if not self._preparing else tick
            ready = self._poll.poll(max(0, (wake - time.monotonic()) * 1000 + 0.5))
            handles = dict(ready)
            if self.worker.connection.fileno() in handles:
                frame = self._receive()
                kind = Kind(frame[:1])
                if kind is Kind.PREPARING:
                    self._used += time.monotonic() - since
                    self._preparing = True
                elif kind is Kind.ENGINE:
                    self.engine = frame[1:].decode()
                elif kind is Kind.PREPARED:
                    since, self._preparing = time.monotonic(), False
                    self._spent = _processor_seconds(self.worker.process)
                else:
                    self._used += time.monotonic() - since
                    return kind, frame[1:]
            if self._client is not None and self._client.fileno() in handles:
                self._look_at_client(handles[self._client.fileno()])
            now = time.monotonic()
            if not self._preparing and self._used + now - since >= self._seconds:
                raise DeadlinePassed.after(self._seconds)
            if now >= tick:
                tick = now + _TICK
                self._look(self._used + now - since)

    def end(self) -> None:
        """Nothing is awaited any more."""
        if self._run is not None:
            self._pool.runs.remove(self._run)
            self._run = None

    def _receive(self) -> bytes:
        try:
            return self.worker.connection.recv_bytes()
        except (EOFError, OSError):
            raise self._death() from None

    def _look(self, used: float) -> None:
        """What is due now and then: the list of what runs, wishes to stop, memory, giving way."""
        if self._run is None:
            began = time.time() - (time.monotonic() - self._began)
            self._run = self._pool.runs.add(caller=self._caller, text=self._text, began=began)
            self._spent = _processor_seconds(self.worker.process)
        if self._pool.ending:
            raise QueryStopped("The server ends", hint="ask again in a moment")
        if self._pool.runs.is_unwanted(self._run):
            raise QueryStopped("An administrator ended the query")
        limits = self._pool.limits
        if not self._preparing and _private_memory(self.worker.process) > limits.memory + _IDLE:
            raise MemoryExceeded.beyond(limits.memory)
        if self._preparing:
            # What many wait for, a view of a new snapshot, is refused to nobody.
            self._pool.give_way(self.worker, behind=False)
        elif not self.worker.behind and used >= limits.brief:
            # On a busy machine a short query must not pass for a long one.
            spent = _processor_seconds(self.worker.process) - self._spent
            if spent >= limits.brief * _SHARE and not self._pool.give_way(self.worker, behind=True):
                raise Overloaded(f"{limits.long} long queries run already", hint="ask again in a moment")

    def _look_at_client(self, events: int) -> None:
        assert self._client is not None
        if events & _GONE:
            raise QueryStopped("The client went away")
        try:
            said = self._client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        if not said:
            raise QueryStopped("The client went away")
        # It has sent its next request already: no more can be learnt here.
        self._poll.unregister(self._client.fileno())
        self._client = None

    def _death(self) -> KbError:
        """Why the worker died in the midst of the request."""
        self.worker.gone.wait(2)
        if any(word in self.worker.words for word in _OUT_OF_MEMORY):
            return MemoryExceeded.beyond(self._pool.limits.memory)
        if self.worker.signal in (signal.SIGKILL, signal.SIGTERM) or not self.worker.gone.is_set():
            self.lost = self._run is None
            return QueryStopped("The query's process was ended from outside", hint="ask again")
        with contextlib.suppress(OSError):
            print(f"commerce-kb: a worker crashed: {self.worker.words[-300:]}", file=sys.stderr, flush=True)
        return EvaluatorCrashed(
            f"The process that evaluated the query crashed (signal {self.worker.signal})",
            hint="split the query into smaller ones",
        )


def _processor_seconds(process: int) -> float:
    """CPU seconds that a process has used; the clock's where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    except (OSError, ValueError):
        return time.monotonic()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _private_memory(process: int) -> int:
    """Bytes of memory that a process has for itself; 0 where the system does not tell."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text("ascii").split()
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * resource.getpagesize()
