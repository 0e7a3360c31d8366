"""Running the server: gunicorn with threads, on a socket that is ours before the first worker starts."""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication

from kb.core.supervisor import Supervisor
from kb.errors import PortBusy, StoreMissing, UsageError

from .access import is_loopback
from .app import create_app

PORT = 7878
_THREADS = 8


class _Gunicorn(BaseApplication):
    """Gunicorn set up from here, without a command line or a file."""

    def __init__(self, settings: dict[str, Any], make: Callable[[], Any]) -> None:
        self._settings = settings
        self._make = make
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._make()


def serve(
    store: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    host_names: Collection[str] = (),
    workers: int | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Answer for a store until Ctrl-C or SIGTERM; port 0 takes a free one. A core beside it writes to the store.

    ``announce`` is called with a few lines for people once the server listens; without it they go to
    standard error.

    Raises PortBusy, StoreMissing, UsageError for an address that is not this machine's.
    """
    path = Path(store)
    if not path.is_dir():
        raise StoreMissing(f"There is no store at {path}", hint="make one with kb load FILE or kb demo")
    listener = _listen(host, port)
    address = listener.getsockname()[0]
    message = greeting(path, address, listener.getsockname()[1])

    core = Supervisor.start(path)

    def ready(_server: object) -> None:
        core.wait_until_ready()
        if announce is None:
            print(message, file=sys.stderr)
        else:
            announce(message)

    settings = {
        "bind": f"fd://{listener.detach()}",
        "worker_class": "gthread",
        "workers": workers or min(4, os.cpu_count() or 1),
        "threads": _THREADS,
        "limit_request_line": 8190,
        "graceful_timeout": 5,
        "timeout": 120,
        "control_socket_disable": True,
        "loglevel": "warning",
        "proc_name": "commerce-kb",
        "when_ready": ready,
        "on_exit": lambda _server: core.stop(),
    }
    _Gunicorn(settings, lambda: create_app(path, bound=address, host_names=host_names)).run()


def greeting(store: Path, address: str, port: int) -> str:
    """What a person reads when the server has started."""
    shown = f"[{address}]" if ":" in address else address
    if is_loopback(address):
        seen = (
            "Private graphs (buyers, orders) are served too, because only this machine can reach the server."
        )
    else:
        seen = "Private graphs (buyers, orders) are not served, because other machines can reach the server."
    return "\n".join(
        (
            f"commerce-kb answers for {store}",
            f"  Open        http://{shown}:{port}/",
            f"  SPARQL      http://{shown}:{port}/sparql",
            f"  {seen}",
            "  Ctrl-C ends it.",
        )
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortBusy(
                f"Another program listens on port {port}", hint=f"choose another one: --port {port + 1}"
            ) from error
        raise UsageError(
            f"The server can't listen on {host}, port {port}: {os.strerror(error.errno or 0)}",
            hint="use --host 127.0.0.1 and a port above 1023",
        ) from error
    return listener
