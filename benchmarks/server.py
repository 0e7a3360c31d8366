"""The web server beside Oxigraph's own, on one generated shop, in one run.

* one point query by 16 clients: requests a second;
* point queries of a thousand products in turn, which our server answers from memory but for the first time;
* a mix of 12 look-ups in the manner of BSBM Explore by 16 clients, each time of other products, types and words,
  so that hardly any comes twice: requests a second, 50th and 99th percentile;
* the same mix while a query that never ends arrives every second;
* all rows streamed as JSON and CSV: first byte, rows a second, and by how much the server's memory grows;
* how long it takes until a worker that was killed is replaced;
* with `--minutes`, the mix for so long with a commit every second: errors, memory, files that are open, disk.

Beside each rate stands what a request costs the server's processes in CPU time, which a busy machine changes less.

`--oxigraph` names Oxigraph's server program (the package `oxigraph` has it); without one, the peer is left out.
Clients run in a process of their own, one event loop over keep-alive connections.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from _children import new_store, ratio, write_triples

ONTO = "https://w3id.org/commerce-kb/onto#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
PREFIXES = f"PREFIX ckb: <{ONTO}> PREFIX rdfs: <{RDFS}> "
POINT = "SELECT ?p ?o { <#> ?p ?o }"
# In each request <sku>, <spu>, <brand>, <category> are others of the shop's, WORD and 1000 another word and number.
MIX = (
    "SELECT ?spu ?label { ?spu ckb:directBrand <brand> ; ckb:directCategory ?category ; rdfs:label ?label "
    "FILTER(STRLEN(?label) > 20) } ORDER BY ?label LIMIT 10",
    "SELECT ?label ?brand ?category ?model { <spu> rdfs:label ?label ; ckb:directBrand/rdfs:label ?brand ; "
    "ckb:directCategory ?category OPTIONAL { <spu> ckb:modelNumber ?model } }",
    "SELECT ?spu ?label { ?spu ckb:directCategory <category> ; rdfs:label ?label "
    "OPTIONAL { ?spu ckb:directBrand ?brand FILTER(?brand = <brand>) } FILTER(!BOUND(?brand)) } LIMIT 10",
    "SELECT DISTINCT ?spu ?label { { ?spu ckb:directBrand <brand> } UNION { ?spu ckb:directCategory <category> } "
    "?spu rdfs:label ?label } LIMIT 10",
    "SELECT DISTINCT ?other ?label { <spu> ckb:directCategory ?c . ?other ckb:directCategory ?c ; rdfs:label ?label "
    "FILTER(?other != <spu>) } LIMIT 5",
    "SELECT ?spu ?label { ?spu a ckb:SPU ; rdfs:label ?label FILTER(REGEX(?label, 'WORD', 'i')) } LIMIT 10",
    "SELECT ?offer ?price ?seller { <sku> rdfs:label ?label . ?offer ckb:offersSku <sku> ; ckb:price ?price "
    "OPTIONAL { ?offer ckb:offeredBy ?seller } }",
    "SELECT ?name ?value { <sku> ckb:hasAttributeAssertion ?a . ?a ckb:ofAttribute/rdfs:label ?name "
    "OPTIONAL { ?a ckb:canonicalValue ?value } } LIMIT 20",
    "DESCRIBE <sku>",
    "SELECT ?offer ?price { ?sku ckb:variantOf <spu> . ?offer ckb:offersSku ?sku ; ckb:price ?price "
    "FILTER(?price < 1000) } ORDER BY ?price LIMIT 10",
    "SELECT ?p ?o ?s { { <sku> ?p ?o } UNION { ?s ?p <sku> } }",
    "CONSTRUCT { <sku> rdfs:label ?label ; ckb:variantOf ?spu } { <sku> rdfs:label ?label ; ckb:variantOf ?spu }",
)
KINDS = {"sku": "ckb:SKU", "spu": "ckb:SPU", "brand": "ckb:Brand"}
_REQUESTS = 24_000
Things = dict[str, list[str]]
RUNAWAY = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i"
ALL = "SELECT ?s ?p ?o { ?s ?p ?o }"
CLIENTS = 16


@dataclass(frozen=True)
class Peer:
    """A server that answers at a port and a path."""

    name: str
    port: int
    path: str
    process: int

    def target(self, query: str) -> str:
        return f"{self.path}?query={quote(PREFIXES + query)}"

    def memory(self) -> int:
        """Bytes that the server's processes have for themselves; workers that are replaced count while they live."""
        return sum(map(own_memory, family(self.process)))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triples", type=int, default=1_000_000, help="the size of the store (1,000,000)")
    parser.add_argument("--seconds", type=float, default=10, help="how long each mix runs (10)")
    parser.add_argument("--oxigraph", default=shutil.which("oxigraph"), help="Oxigraph's server program")
    parser.add_argument("--folder", type=Path, help="where to put the data (a temporary folder)")
    parser.add_argument("--minutes", type=float, default=0, help="how long the mix runs beside commits (0)")
    parser.add_argument("--load", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load:
        print(json.dumps(load(int(given.load[0]), Path(given.load[1]), given.seconds)))
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        place = Path(folder)
        things = prepare(place, given.triples)
        results = {}
        with ours(place) as peer:
            results[peer.name] = measured(peer, place, things, given)
        if given.oxigraph:
            with theirs(place, given.oxigraph) as peer:
                results[peer.name] = measured(peer, place, things, given)
        else:
            print("Oxigraph's server is not here: name it with --oxigraph")
        report(results, given.triples)
        with ours(place) as peer:
            warm(peer)
            print(f"a killed worker is replaced after {replaced(peer) * 1000:.0f} ms, asked at most 200")
            if given.minutes:
                soak(peer, place, mix(things), given.minutes)


def prepare(place: Path, triples: int) -> Things:
    """The data and our store; gives the IRIs that queries ask for."""
    from kb import KnowledgeBase

    write_triples(place / "data.nt", triples)
    new_store(place / "shop.kb")
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        assert knowledge.load(place / "data.nt", source="benchmark")
    return things_of(place / "shop.kb")


def things_of(store: Path) -> Things:
    from kb import KnowledgeBase

    asked = {name: f"?s a {kind}" for name, kind in KINDS.items()} | {"category": "?x ckb:directCategory ?s"}
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        found = {
            name: [row["s"].value for row in knowledge.query(f"SELECT DISTINCT ?s {{ {pattern} }}")]
            for name, pattern in asked.items()
        }
        labels = knowledge.query(
            "SELECT ?s { ?x a ckb:SPU ; rdfs:label ?s FILTER(LANG(?s) = 'en') } LIMIT 500"
        )
        return {
            **found,
            "WORD": sorted({word for row in labels for word in row["s"].value.split() if word.isalpha()}),
        }


def mix(things: Things) -> list[str]:
    """Requests of the mix, in a chance order that is the same in every run."""
    chance = random.Random(7)
    made = []
    for number in range(_REQUESTS):
        text = MIX[number % len(MIX)]
        for name, some in things.items():
            one = chance.choice(some)
            text = text.replace(name, one) if name.isupper() else text.replace(f"<{name}>", f"<{one}>")
        made.append(text.replace("1000", str(chance.randrange(50, 2000))))
    return made


@contextmanager
def ours(place: Path) -> Iterator[Peer]:
    port = free_port()
    command = [sys.executable, "-m", "kb", "serve", "--store", str(place / "shop.kb"), "--port", str(port)]
    with running(command, port) as process:
        yield Peer("commerce-kb", port, "/sparql", process)


@contextmanager
def theirs(place: Path, program: str) -> Iterator[Peer]:
    port, store = free_port(), str(place / "oxigraph")
    subprocess.run(
        [program, "load", "--location", store, "--file", str(place / "data.nt"), "--lenient"],
        check=True,
        capture_output=True,
    )
    command = [program, "serve-read-only", "--location", store, "--bind", f"127.0.0.1:{port}"]
    with running(command, port) as process:
        yield Peer("Oxigraph", port, "/query", process)


@contextmanager
def running(command: list[str], port: int) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


Figures = dict[str, float]


def measured(peer: Peer, place: Path, things: Things, given: argparse.Namespace) -> dict[str, Figures]:
    points = [POINT.replace("#", one) for one in things["sku"][:1000]]
    mixed = mix(things)
    warm(peer)
    clients(peer, place, mixed[::-1], 3)
    results = {
        "one point query": clients(peer, place, points[:1], given.seconds),
        "a thousand point queries": clients(peer, place, points, given.seconds),
        "mix of 12": clients(peer, place, mixed, given.seconds),
        "1 M rows as JSON": streamed(peer, "application/sparql-results+json"),
        "1 M rows as CSV": streamed(peer, "text/csv"),
    }
    with runaways(peer):
        results["mix beside runaways"] = clients(peer, place, mixed, given.seconds)
    return results


def replaced(peer: Peer) -> float:
    """Seconds from the death of a worker until another process is there; the middle of five."""
    took = []
    for _ in range(5):
        time.sleep(0.5)
        before = set(worker_processes(peer.process))
        began = time.perf_counter()
        os.kill(min(before), signal.SIGKILL)
        while len(now := set(worker_processes(peer.process))) < len(before) or not now - before:
            time.sleep(0.002)
        took.append(time.perf_counter() - began)
    return sorted(took)[2]


def worker_processes(server: int) -> list[int]:
    """The workers; their parents are nurseries."""
    found = []
    for one in family(server):
        with contextlib.suppress(OSError, IndexError):
            parent = int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1])
            if all(b"kb.workers" in Path(f"/proc/{p}/cmdline").read_bytes() for p in (one, parent)):
                found.append(one)
    return found


def soak(peer: Peer, place: Path, mixed: list[str], minutes: float) -> None:
    """The mix beside a commit every second: errors, and what memory, open files and disk are at the quarters."""
    from kb import KnowledgeBase

    ending = threading.Event()
    commits = 0

    def commit() -> None:
        nonlocal commits
        while not ending.wait(1):
            with KnowledgeBase.open(place / "shop.kb") as knowledge:
                update = f'INSERT DATA {{ <https://example.org/soak/{commits}> rdfs:label "{commits}" }}'
                knowledge.update(update)
                commits += 1

    thread = threading.Thread(target=commit)
    thread.start()
    try:
        for quarter in range(4):
            done = clients(peer, place, mixed, minutes * 15)
            files = sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in family(peer.process))
            disk = (
                sum(file.lstat().st_blocks for file in (place / "shop.kb").rglob("*") if file.exists()) / 2048
            )
            print(
                f"quarter {quarter + 1}: {done['rate']:,.0f} requests/s, p99 {done['p99']:.1f} ms, "
                f"errors {done['errors']:.0f}, commits {commits}, own memory {peer.memory() >> 20} MiB, "
                f"files {files}, disk {disk:.0f} MiB"
            )
    finally:
        ending.set()
        thread.join()


def warm(peer: Peer) -> None:
    """Wait until all processes of the server have answered."""
    for _ in range(20):
        connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=60)
        connection.request("GET", peer.target("ASK {}"))
        assert connection.getresponse().status == 200
        connection.close()


def clients(peer: Peer, place: Path, queries: list[str], seconds: float) -> Figures:
    """The figures of 16 clients, in a process of their own, and microseconds of the server's CPU for each request."""
    (place / "targets").write_text("\n".join(map(peer.target, queries)), encoding="ascii")
    used = processor_seconds(peer.process)
    command = [sys.executable, __file__, "--load", str(peer.port), str(place / "targets")]
    done = subprocess.run([*command, "--seconds", str(seconds)], stdout=subprocess.PIPE, check=True)
    figures = json.loads(done.stdout)
    used = processor_seconds(peer.process) - used
    return {**figures, "cpu": used / (figures["rate"] * seconds) * 1e6}


def processor_seconds(server: int) -> float:
    """CPU seconds of a server's processes and of those that they have buried."""
    ticks = 0
    for one in family(server):
        with contextlib.suppress(OSError):
            ticks += sum(map(int, Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def load(port: int, file: Path, seconds: float) -> Figures:
    """Ask for the targets in turn, 16 at once; seconds of each answer, errors, requests a second."""
    targets = file.read_text("ascii").split("\n")
    head = "HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/sparql-results+json, text/turtle\r\n\r\n"
    asked, latencies, errors = 0, [], 0
    with selectors.DefaultSelector() as selector:

        def ask(client: socket.socket) -> list:
            nonlocal asked
            asked += 1
            client.sendall(f"GET {targets[asked % len(targets)]} {head}".encode())
            return [b"", time.perf_counter()]

        def connect() -> None:
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(client, selectors.EVENT_READ, ask(client))

        for _ in range(CLIENTS):
            connect()
        began = time.perf_counter()
        while time.perf_counter() < began + seconds:
            for key, _ in selector.select(1):
                client: socket.socket = key.fileobj  # type: ignore[assignment]
                said = client.recv(262_144)
                key.data[0] += said
                if said and not is_whole(key.data[0]):
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


def is_whole(answer: bytes) -> bool:
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


def streamed(peer: Peer, accept: str) -> Figures:
    """First byte in milliseconds, rows a second, growth of memory in MiB; the best of two, the worst growth."""
    best: Figures = {}
    for _ in range(2):
        before, most = peer.memory(), 0
        connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=300)
        began = time.perf_counter()
        connection.request("GET", peer.target(ALL), headers={"Accept": accept})
        response = connection.getresponse()
        response.read(1)
        first = (time.perf_counter() - began) * 1000
        rows, chunks = 0, 0
        mark = b"\n" if "csv" in accept else b'"s":{"type"'
        kept = b""
        while chunk := response.read(1 << 18):
            seen = kept + chunk
            rows += seen.count(mark)
            kept = seen[len(seen) - len(mark) + 1 :]
            chunks += 1
            if chunks % 64 == 0:
                most = max(most, peer.memory())
        took = time.perf_counter() - began
        connection.close()
        grown = max(0, most - before) / 1024**2
        best = {
            "first": min(first, best.get("first", first)),
            "rate": max(rows / took, best.get("rate", 0)),
            "memory": max(grown, best.get("memory", 0)),
        }
    return best


@contextmanager
def runaways(peer: Peer) -> Iterator[None]:
    """A query that never ends, every second, each from a client that waits for it."""
    ending = threading.Event()
    asked: list[socket.socket] = []

    def arrive() -> None:
        while not ending.wait(1):
            client = socket.create_connection(("127.0.0.1", peer.port))
            client.sendall(f"GET {peer.target(RUNAWAY)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            asked.append(client)

    thread = threading.Thread(target=arrive)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        for client in asked:
            client.close()


def report(results: dict[str, dict[str, Figures]], triples: int) -> None:
    print(f"{triples:,} triples, {CLIENTS} clients, {os.cpu_count()} cores")
    for title in next(iter(results.values())):
        print(title)
        for peer, measured in results.items():
            one = measured[title]
            if "first" in one:
                print(
                    f"  {peer:14}first byte {one['first']:8.1f} ms{one['rate']:12,.0f} rows/s"
                    f"{one['memory']:8.1f} MiB more   asked: 100 ms, 50 MiB"
                )
            else:
                print(
                    f"  {peer:14}{one['rate']:10,.0f} requests/s   p50 {one['p50']:8.2f} ms   "
                    f"p99 {one['p99']:8.2f} ms   "
                    f"CPU {one['cpu']:8.0f} us   errors {one['errors']:.0f}"
                )
    mine = results["commerce-kb"]
    print(f"point query: {mine['one point query']['rate']:,.0f} requests/s, asked 3,000")
    calm, disturbed = mine["mix of 12"]["p99"], mine["mix beside runaways"]["p99"]
    print(f"p99 beside runaways: {ratio(disturbed, calm)} times the calm one, asked at most 3")
    if other := results.get("Oxigraph"):
        print(
            f"mix: {ratio(mine['mix of 12']['rate'], other['mix of 12']['rate'])} times Oxigraph's rate, asked 0.8; "
            f"p99 {ratio(calm, other['mix of 12']['p99'])} times, asked at most 2"
        )
        for form in ("JSON", "CSV"):
            title = f"1 M rows as {form}"
            print(f"{form}: {ratio(mine[title]['rate'], other[title]['rate'])} times its rows/s, asked 0.7")


def free_port() -> int:
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


def own_memory(process: int) -> int:
    """Resident bytes that are not shared with other processes or files."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
