"""Clients of a server in a process of their own: one event loop over keep-alive connections.

`asked` runs this file as a program.
"""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

from _servers import Peer, processor_seconds

Figures = dict[str, float]


def asked(
    peer: Peer, place: Path, queries: list[str], seconds: float, *, clients: int, apart: bool = False
) -> Figures:
    """Requests a second, latencies in milliseconds, errors, and microseconds of the server's CPU for each request.

    The queries come in turn; where `apart` each request has a header of its own, so that none is the same.
    """
    (place / "targets").write_text("\n".join(map(peer.target, queries)), encoding="ascii")
    used = processor_seconds(peer.process)
    given = [str(peer.port), str(place / "targets"), str(seconds), str(clients), "apart" * apart]
    done = subprocess.run([sys.executable, __file__, *given], stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)
    used = processor_seconds(peer.process) - used
    return {**figures, "cpu": used / (figures["rate"] * seconds) * 1e6}


def load(port: int, file: Path, seconds: float, clients: int, *, apart: bool) -> Figures:
    """Ask for the targets in turn, so many at once."""
    targets = file.read_text("ascii").split("\n")
    head = "HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/sparql-results+json, text/turtle\r\n"
    count, latencies, errors = 0, [], 0
    with selectors.DefaultSelector() as selector:

        def ask(client: socket.socket) -> list:
            nonlocal count
            count += 1
            more = f"X-Request: {count}\r\n" if apart else ""
            client.sendall(f"GET {targets[count % len(targets)]} {head}{more}\r\n".encode())
            return [b"", time.perf_counter()]

        def connect() -> None:
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ, ask(client))

        for _ in range(clients):
            connect()
        began = time.perf_counter()
        while time.perf_counter() < began + seconds:
            for key, _ in selector.select(1):
                client: socket.socket = key.fileobj  # type: ignore[assignment]
                said = client.recv(262_144)
                key.data[0] += said
                if said and not _is_whole(key.data[0]):
                    continue
                errors += b" 200 " not in key.data[0][:20]
                latencies.append(time.perf_counter() - key.data[1])
                if said:
                    selector.modify(client, selectors.EVENT_READ, ask(client))
                else:
                    selector.unregister(client)
                    client.close()
                    connect()
        took = time.perf_counter() - began
    if not latencies:
        raise SystemExit("nothing was answered")
    latencies.sort()
    return {
        "rate": len(latencies) / took,
        "p50": latencies[len(latencies) // 2] * 1000,
        "p99": latencies[int(len(latencies) * 0.99)] * 1000,
        "errors": errors,
    }


def _is_whole(answer: bytes) -> bool:
    """Whether an HTTP answer has come in whole."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    head = answer[:end].lower()
    if b"transfer-encoding: chunked" in head:
        return answer.endswith(b"0\r\n\r\n")
    start = head.find(b"content-length:")
    length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
    return len(answer) >= end + 4 + length


if __name__ == "__main__":
    port, file, seconds, clients, apart = sys.argv[1:]
    print(json.dumps(load(int(port), Path(file), float(seconds), int(clients), apart=bool(apart))))
