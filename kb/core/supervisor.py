"""Keeping a core running: a small process that starts it, and starts it anew when it dies.

``python -m kb.core STORE`` is that process; `Supervisor` runs it as a child.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from .address import claimed

_SECONDS = 1.0


class Supervisor:
    """A child process that keeps a store's core running."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    def start(cls, store: Path) -> Self:
        """Start it; it ends with this process at the latest."""
        return cls(
            subprocess.Popen(
                [sys.executable, "-m", "kb.core", str(store)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                process_group=0,
            )
        )

    def wait_until_ready(self) -> None:
        """Wait until the core listens, or the supervisor stands by or has given up."""
        assert self._process.stdout is not None
        self._process.stdout.readline()

    def stop(self) -> None:
        """Have the core end after what it does; Ctrl-C meanwhile ends it at once."""
        assert self._process.stdin is not None
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            # Forks of this process may hold the pipe too: closing it is not enough.
            self._process.stdin.write("end\n")
            self._process.stdin.close()
        except OSError:
            return
        try:
            self._process.wait(2 * _SECONDS)
        except subprocess.TimeoutExpired:
            print("A commit is being finished; Ctrl-C gives it up.", file=sys.stderr)
            try:
                self._process.wait()
            except KeyboardInterrupt:
                self._process.terminate()
                self._process.wait()


def supervise(store: Path, command: Sequence[str]) -> None:
    """Keep `command`, a core of `store`, running until a signal, or until standard input ends if it is a pipe.

    Then the core may finish what it does; a second signal kills it. Where another supervisor has the store, this
    one stands by and takes over when that one ends.
    """
    calls = _Calls()
    told = False
    while not calls.ending:
        with claimed(store) as ours:
            if ours:
                _keep(command, calls)
                return
        if not told:
            print("Another server's core writes to this store; this one stands by", flush=True)
            told = True
        calls.wait(_SECONDS)


def _keep(command: Sequence[str], calls: _Calls) -> None:
    while not calls.ending:
        began = time.monotonic()
        # A group of its own: Ctrl-C in a terminal is for the supervisor.
        core = subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)
        assert core.stdin is not None
        while core.poll() is None:
            if calls.wait():
                core.stdin.close()
            if calls.ending > 1:
                core.kill()
        if not calls.ending:
            how = f"signal {-core.returncode}" if core.returncode < 0 else f"exit code {core.returncode}"
            print(f"commerce-kb: the core ended ({how}); it is started anew", file=sys.stderr, flush=True)
            if time.monotonic() - began < _SECONDS:
                calls.wait(_SECONDS)


class _Calls:
    """Signals and the end of standard input, as something to wait for; `ending` counts those that mean the end."""

    def __init__(self) -> None:
        self._signals, sink = socket.socketpair()
        sink.setblocking(False)
        self._sink = sink
        self._input = [0] if stat.S_ISFIFO(os.fstat(0).st_mode) else []
        self.ending = 0
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(sink.fileno())

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a call or a child's end; gives whether it is time to end."""
        sources: list[Any] = [self._signals, *self._input]
        ready, _, _ = select.select(sources, [], [], seconds)
        if 0 in ready:
            self._input = []
            self.ending += 1
        if self._signals in ready:
            self.ending += sum(one != signal.SIGCHLD for one in self._signals.recv(64))
        return bool(self.ending)
