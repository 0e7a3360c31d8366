"""The nursery: a process with all modules imported and no thread, which forks workers and buries them.

It alone waits for them and so alone can end one without ever hitting another process of the same number. It ends
with its pool, and its workers with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, NoReturn

from .worker import work

_WORDS = 2_000


def tend(store: Path, memory: int) -> None:
    """Fork and end workers as the socket on standard input says, until it closes.

    Lines to it: ``spawn`` with the worker's socket, ``end PID``. Lines from it: ``{"born": PID}`` in the order of
    the wishes, ``{"died": PID, "signal": N, "words": "..."}`` with what it wrote to standard error.
    """
    pool = socket.socket(fileno=os.dup(0))
    bell, clapper = socket.socketpair()
    clapper.setblocking(False)
    signal.set_wakeup_fd(clapper.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for the server, whose end ends this process.
    nursery = _Nursery(pool, bell, store, memory)
    try:
        while nursery.turn():
            pass
    finally:
        # The children's deaths must not ring a bell whose socket is closed.
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nursery.end()


class _Nursery:
    def __init__(self, pool: socket.socket, bell: socket.socket, store: Path, memory: int) -> None:
        self._pool = pool
        self._bell = bell
        self._store = store
        self._memory = memory
        self._children: dict[int, tuple[IO[bytes], Path]] = {}
        self._heard = b""
        self._sockets: list[int] = []

    def turn(self) -> bool:
        """Do what is to be done next; False when the pool is gone."""
        ready, _, _ = select.select([self._pool, self._bell], [], [])
        if self._bell in ready:
            self._bell.recv(64)
            self._bury()
        if self._pool in ready:
            try:
                text, sockets, _, _ = socket.recv_fds(self._pool, 4096, 64)
            except ConnectionError:
                return False
            if not text:
                return False
            self._sockets += sockets
            *lines, self._heard = (self._heard + text).split(b"\n")
            for line in lines:
                word, _, rest = line.partition(b" ")
                if word == b"spawn":
                    self._spawn(self._sockets.pop(0))
                elif int(rest) in self._children:
                    os.kill(int(rest), signal.SIGKILL)
        return True

    def end(self) -> None:
        """End all workers."""
        for child in self._children:
            os.kill(child, signal.SIGKILL)
        for _, scratch in self._children.values():
            shutil.rmtree(scratch, ignore_errors=True)

    def _spawn(self, handle: int) -> None:
        words = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed when the worker is buried
        # A worker that is ended in the midst of an update can't remove its copy of the store.
        scratch = Path(tempfile.mkdtemp(prefix="kb-worker-"))
        child = os.fork()
        if child == 0:
            tempfile.tempdir = str(scratch)
            self._live(handle, words)
        os.close(handle)
        self._children[child] = words, scratch
        self._tell(born=child)

    def _live(self, handle: int, words: IO[bytes]) -> NoReturn:
        """Be a worker."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.dup2(words.fileno(), 2)
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            self._pool.close()
            self._bell.close()
            for other in (*self._sockets, *(kept.fileno() for kept, _ in self._children.values())):
                os.close(other)
            work(Connection(handle), self._store, self._memory)
            status = 0
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _bury(self) -> None:
        while self._children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return
            words, scratch = self._children.pop(child)
            with words:
                words.seek(0)
                said = words.read(_WORDS).decode("utf-8", "replace")
            shutil.rmtree(scratch, ignore_errors=True)
            number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            self._tell(died=child, signal=number, words=said)

    def _tell(self, **facts: int | str) -> None:
        with contextlib.suppress(OSError):  # The pool is gone; the next turn ends this process.
            self._pool.sendall(json.dumps(facts).encode() + b"\n")
