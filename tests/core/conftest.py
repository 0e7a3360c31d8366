"""Servers with their core, and programs beside them, as processes of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.server.live import KB, ROOT, Server, launching
from tests.server.processes import hear_ctrl_c

Found = TypeVar("Found")


@pytest.fixture
def launch() -> Iterator[Callable[..., Server]]:
    """Start servers for one test."""
    with launching(cleanly=False) as run:
        yield run


@pytest.fixture
def server(launch: Callable[..., Server], store: Path) -> Server:
    """A server of a store of one's own, with its core."""
    return launch(store)


@pytest.fixture(scope="module")
def shared(made_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of a store that several tests write to."""
    place = Path(shutil.copytree(made_store, tmp_path_factory.mktemp("shared") / "shop.kb"))
    with launching(cleanly=False) as run:
        yield run(place)


def begin(store: Path, *words: str, cwd: Path = ROOT, **options) -> subprocess.Popen:
    """A command of the command line, begun."""
    command = [*KB, "--store", str(store), *words]
    return subprocess.Popen(
        command,
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "KB_STORE": ""},
        preexec_fn=hear_ctrl_c,
        **options,
    )


def run(store: Path, *words: str, text: str | None = None, cwd: Path = ROOT) -> tuple[int, str]:
    """A command's exit code, and what it told."""
    process = begin(store, *words, cwd=cwd, stdin=subprocess.PIPE)
    told = process.communicate(text, timeout=60)
    return process.returncode, "".join(told)


def until(look: Callable[[], Found | None]) -> Found:
    """What `look` gives once it is something."""
    deadline = time.monotonic() + 30
    while not (found := look()):
        assert time.monotonic() < deadline, "It did not come to that"
        time.sleep(0.02)
    return found


def writer_of(store: Path) -> int:
    """The process that holds the write lock; waits until one does."""
    return int(until((store / "lock").read_text))


def socket_of(store: Path) -> Path:
    """Where the store's core listens."""
    return Path((store / "core").read_text().partition("\n")[0])


class Feed:
    """A named pipe that is loaded like a file: the load lasts as long as the test likes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._handle = -1
        self._lines = 0

    def __enter__(self) -> Feed:
        """Open it; waits until somebody reads."""
        self._handle = until(self._opened)
        return self

    def _opened(self) -> int | None:
        with contextlib.suppress(OSError):
            return os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)

    def write(self, lines: int) -> None:
        """Write N-Triples lines."""
        numbers = range(self._lines, self._lines + lines)
        text = "".join(
            f'<https://w3id.org/commerce-kb/id/thing/{number}> <urn:example:p> "x" .\n' for number in numbers
        )
        self._lines += lines
        left = text.encode()
        deadline = time.monotonic() + 30
        while left:
            try:
                left = left[os.write(self._handle, left) :]
            except BlockingIOError:
                assert time.monotonic() < deadline, "Nobody reads on"
                time.sleep(0.01)

    def write_until_nobody_reads(self) -> None:
        """Write on until the reader has gone."""
        with contextlib.suppress(BrokenPipeError):
            while True:
                self.write(10_000)

    def __exit__(self, *_: object) -> None:
        os.close(self._handle)


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    """A pipe to load from."""
    return Feed(tmp_path / "feed.nt")
