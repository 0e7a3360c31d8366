"""Running the server: gunicorn with threads, on a socket that is ours before the first worker starts."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from kb.core.supervisor import Supervisor
from kb.errors import NotFound, PortBusy, StoreMissing, UsageError
from kb.tokens import Role, Tokens
from kb.workers import Pool

from .access import is_loopback
from .app import create_app
from .monitoring import Logs
from .remembered import Answers

PORT = 7878
# The name of the token that lasts as long as a server.
LOCAL = "local"
_THREADS = 40
# Of those seconds that a request may take once the server is to end.
_GRACE = 10
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
# And that loads may, which nobody waits for; a second Ctrl-C gives them up.
_LOADING = 600


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

    def run(self) -> None:
        """Serve until a signal."""
        _Arbiter(self).run()


class _Arbiter(Arbiter):
    """Gunicorn's, whose children miss no signal: one that comes before they can heed it waits until `_begin`."""

    def spawn_worker(self) -> Any:
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def serve(
    store: str | Path,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    host_names: Collection[str] = (),
    origins: Collection[str] = (),
    public: bool = False,
    local_token: bool = False,
    workers: int | None = None,
    read_only: bool = False,
    logs: Logs | None = None,
    announce: Callable[[str], None] | None = None,
) -> None:
    """Answer for a store until Ctrl-C or SIGTERM; port 0 takes a free one. A core beside it writes to the store.

    ``announce`` is called with a few lines for people once the server listens; without it they go to
    standard error.

    Beyond loopback callers show a token, unless it is ``public``: then everybody reads public graphs. ``origins`` are
    those of other sites whose pages may ask. With ``local_token`` the store gets a token of an analyst, announced with
    an address that signs a browser in, until the server ends. With ``read_only`` there is no core, and nobody
    changes anything.

    Raises PortBusy, StoreMissing, UsageError for an address that is not this machine's, or beyond loopback without
    a token to show.
    """
    path = Path(store)
    if not path.is_dir():
        raise StoreMissing(f"There is no store at {path}", hint="make one with kb load FILE or kb demo")
    listener = _listen(host, port)
    address = listener.getsockname()[0]
    tokens = Tokens(path)
    if not is_loopback(address) and not tokens.usable:
        listener.close()
        raise UsageError(
            f"Other machines reach {address}, and nobody has a token for this store",
            hint="make one with kb token add --role reader, or serve this machine alone: --host 127.0.0.1",
        )
    token = tokens.add(Role.ANALYST, name=LOCAL, expires="1d", replacing=True)[0] if local_token else None
    message = greeting(path, address, listener.getsockname()[1], token=token, public=public)

    core = None if read_only else Supervisor.start(path)
    runs = Path(tempfile.mkdtemp(prefix="commerce-kb-"))
    counting = runs / "metrics"
    counting.mkdir()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counting)

    def ready(_server: object) -> None:
        if core is not None:
            core.wait_until_ready()
        if announce is None:
            print(message, file=sys.stderr)
        else:
            announce(message)

    def ended(_server: object) -> None:
        shutil.rmtree(runs, ignore_errors=True)
        if token is not None:
            with contextlib.suppress(NotFound):
                tokens.remove(LOCAL)
        if core is not None:
            core.stop()

    settings = {
        "bind": f"fd://{listener.detach()}",
        "worker_class": "server.connections.Worker",
        "workers": workers or min(4, os.cpu_count() or 1),
        "threads": _THREADS,
        "limit_request_line": 8190,
        "worker_connections": 2_000,
        "sendfile": False,
        "graceful_timeout": _LOADING,
        "timeout": 120,
        "control_socket_disable": True,
        # A line for each malformed request would be for whoever sends them to fill a log, or a pipe that nobody reads.
        "loglevel": "error",
        "proc_name": "commerce-kb",
        "when_ready": ready,
        "on_exit": ended,
        "post_worker_init": _begin,
        "worker_exit": _end,
        "child_exit": _forget,
    }

    def make() -> Any:
        return create_app(
            path,
            bound=address,
            host_names=host_names,
            origins=origins,
            public=public,
            runs=runs,
            read_only=read_only,
            logs=logs,
        )

    _Gunicorn(settings, make).run()


def _pool(worker: Any) -> Pool:
    pool: Pool = worker.wsgi.extensions["pool"]
    return pool


def _end(_server: object, worker: Any) -> None:
    """Let the loads of an HTTP process end, then its workers; one that ends while it starts has none."""
    if getattr(worker, "wsgi", None) is not None:
        for upload in list(worker.wsgi.extensions["uploads"]):
            upload.join()
        _pool(worker).close()


def _forget(_server: object, worker: Any) -> None:
    from .metrics import forget

    forget(worker.pid)


def _begin(worker: Any) -> None:
    """Start an HTTP process's workers, and have them end in time for a true answer when the process is to end."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    # The worker's own copy: its parent goes on waiting for loads.
    worker.cfg.set("graceful_timeout", _GRACE)
    worker.answers = Answers(worker.wsgi.extensions["store"])
    _pool(worker).start()

    def watch() -> None:
        while worker.alive:
            time.sleep(0.2)
        time.sleep(_GRACE - 1)
        _pool(worker).stop_all()

    threading.Thread(target=watch, daemon=True).start()


def greeting(store: Path, address: str, port: int, *, token: str | None = None, public: bool = False) -> str:
    """What a person reads when the server has started."""
    shown = f"[{address}]" if ":" in address else address
    if token is not None:
        seen = (
            f"Sign in     http://{LOCAL}:{token}@{shown}:{port}/sign-in\n"
            f"  Token       {token}\n"
            "  With it private graphs (buyers, orders) are seen too, until the server ends."
        )
    elif public or is_loopback(address):
        seen = (
            "Public graphs are served to all who ask. Private ones, and changes, need a token:\n"
            "              kb token add --role analyst"
        )
    else:
        seen = "Only who shows a token is answered: kb token list"
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
