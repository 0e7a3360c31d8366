"""Starting a real server process and asking it."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kb.tokens import Tokens, role_of

ROOT = Path(__file__).parent.parent.parent
KB = [sys.executable, "-c", "from kb.cli import main; main()"]


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def type(self) -> str:
        return self.headers.get_content_type()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen
    greeting: str
    port: int
    store: Path
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def bearing(self, role: str, *, name: str = "", graphs: tuple[str, ...] = ()) -> Server:
        """The same server, asked with a fresh token."""
        text, _ = Tokens(self.store).add(role_of(role), name=name, graphs=graphs)
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {text}"})

    def ask(self, method: str, path: str, *, body: bytes = b"", **headers: str) -> Answer:
        """One request; header names are written with underscores."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
            connection.request(method, path, body=body or None, headers=named)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """One GET."""
        return self.ask("GET", path, **headers)


def start(store: Path, *options: str, host: str = "127.0.0.1", port: int = 0) -> subprocess.Popen:
    """A server process, started as people start it."""
    command = [*KB, "serve", "--store", str(store), "--host", host, "--port", str(port)]
    return subprocess.Popen(
        [*command, *options], cwd=ROOT, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )


def greeted(process: subprocess.Popen) -> tuple[str, int]:
    """The greeting of a server that has come up, and its port."""
    assert process.stderr is not None
    lines = []
    while line := process.stderr.readline():
        lines.append(line)
        if "Ctrl-C" in line:
            greeting = "".join(lines)
            return greeting, int(greeting.split("http://")[1].split("/")[0].rsplit(":", 1)[1])
    raise AssertionError(f"The server ended: {''.join(lines)}")


@contextlib.contextmanager
def launching(*, cleanly: bool = True) -> Iterator[Callable[..., Server]]:
    """Start servers; what still runs at the end is ended, and with `cleanly` all must have ended well."""
    running: list[subprocess.Popen] = []

    def run(store: Path, *options: str, host: str = "127.0.0.1") -> Server:
        process = start(store, *options, host=host)
        running.append(process)
        return Server(process, *greeted(process), store)

    yield run
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
    # All at once, on a machine of few cores.
    codes = [process.wait(timeout=180) for process in running]
    assert not cleanly or codes == [0] * len(running)
