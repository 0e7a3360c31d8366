"""Servers over one set of triples, each in processes of its own: ours, Oxigraph's, Virtuoso's.

What a server makes of the triples lies in a folder of the caller's and is used again where it is there already.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

PREFIXES = (
    "PREFIX ckb: <https://w3id.org/commerce-kb/onto#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
    "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
)
_GRAPH = "urn:shop"
_VIRTUOSO = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx
[Parameters]
ServerPort = 127.0.0.1:{line}
NumberOfBuffers = 170000
MaxDirtyBuffers = 130000
DirsAllowed = {data}
MaxQueryMem = 1G
ThreadsPerQuery = 2
[HTTPServer]
ServerPort = 127.0.0.1:{port}
[SPARQL]
MaxQueryExecutionTime = 300
ResultSetMaxRows = 1000000
"""


@dataclass(frozen=True)
class Peer:
    """A server that answers queries at a port; they are put behind its `path`."""

    name: str
    port: int
    path: str
    process: int

    def target(self, query: str) -> str:
        """The request of a query, which may use our prefixes."""
        return f"{self.path}query={quote(PREFIXES + query)}"

    def memory(self) -> int:
        """Bytes that the server's processes have for themselves; workers that are replaced count while they live."""
        return sum(map(_own_memory, family(self.process)))


@contextmanager
def ours(store: Path) -> Iterator[Peer]:
    """Our server on a store."""
    port = free_port()
    command = [sys.executable, "-m", "kb", "serve", "--store", str(store), "--port", str(port)]
    with running(command, port) as process:
        yield Peer("commerce-kb", port, "/sparql?", process)


@contextmanager
def oxigraph(program: str, data: Path, folder: Path, *, seconds: float | None = None) -> Iterator[Peer]:
    """Oxigraph's server, which gives queries so many `seconds`."""
    port = free_port()
    if not folder.exists():
        subprocess.run(
            [program, "load", "--location", str(folder), "--file", str(data), "--lenient"],
            check=True,
            capture_output=True,
        )
    command = [program, "serve-read-only", "--location", str(folder), "--bind", f"127.0.0.1:{port}"]
    if seconds:
        command += ["--timeout-s", str(int(seconds))]
    with running(command, port) as process:
        yield Peer("Oxigraph", port, "/query?", process)


@contextmanager
def virtuoso(program: str, data: Path, folder: Path) -> Iterator[Peer]:
    """Virtuoso's server; its program for statements lies beside it."""
    port, line = free_port(), free_port()
    folder.mkdir(exist_ok=True)
    settings, loaded = folder / "virtuoso.ini", folder / "loaded"
    settings.write_text(
        _VIRTUOSO.format(folder=folder, port=port, line=line, data=data.parent), encoding="utf-8"
    )
    with running([program, "-f", "-c", str(settings)], port) as process:
        if not loaded.exists():
            statements = folder / "load.sql"
            statements.write_text(
                f"log_enable(2,1);\nld_dir('{data.parent}','{data.name}','{_GRAPH}');\n"
                "rdf_loader_run();\ncheckpoint;\n",
                encoding="utf-8",
            )
            speaker = str(Path(program).with_name("isql-vt"))
            subprocess.run(
                [speaker, f"127.0.0.1:{line}", "dba", "dba", str(statements)], check=True, capture_output=True
            )
            loaded.touch()
        yield Peer("Virtuoso", port, f"/sparql?default-graph-uri={quote(_GRAPH, safe='')}&", process)


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    """A process that listens on a port; gives its number."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def warm(peer: Peer) -> None:
    """Wait until all processes of the server have answered."""
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)
        connection.request("GET", peer.target("ASK {}"))
        assert connection.getresponse().status == 200
        connection.close()


def processor_seconds(server: int) -> float:
    """CPU seconds of a server's processes and of those that they have buried."""
    ticks = 0
    for one in family(server):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def family(process: int) -> list[int]:
    """A process and its descendants."""
    found = [process]
    for one in found:
        with contextlib.suppress(OSError):
            for task in list(Path(f"/proc/{one}/task").iterdir()):
                with contextlib.suppress(OSError):
                    found += map(int, (task / "children").read_text().split())
    return found


def _own_memory(process: int) -> int:
    """Resident bytes that are not shared with other processes or files."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
