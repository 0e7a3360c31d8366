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
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from _children import Figures, new_store, ratio, write_triples
from _clients import asked
from _servers import Peer, family, ours, oxigraph, warm

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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--triples", type=int, default=1_000_000, help="the size of the store (1,000,000)")
    parser.add_argument("--seconds", type=float, default=10, help="how long each mix runs (10)")
    parser.add_argument("--oxigraph", default=shutil.which("oxigraph"), help="Oxigraph's server program")
    parser.add_argument("--folder", type=Path, help="where to put the data (a temporary folder)")
    parser.add_argument("--minutes", type=float, default=0, help="how long the mix runs beside commits (0)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        place = Path(folder)
        things = prepare(place, given.triples)
        results = {}
        with ours(place / "shop.kb") as peer:
            results[peer.name] = measured(peer, place, things, given)
        if given.oxigraph:
            with oxigraph(given.oxigraph, place / "data.nt", place / "oxigraph") as peer:
                results[peer.name] = measured(peer, place, things, given)
        else:
            print("Oxigraph's server is not here: name it with --oxigraph")
        report(results, given.triples)
        with ours(place / "shop.kb") as peer:
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


def measured(peer: Peer, place: Path, things: Things, given: argparse.Namespace) -> dict[str, Figures]:
    points = [POINT.replace("#", one) for one in things["sku"][:1000]]
    mixed = mix(things)
    warm(peer)
    asked(peer, place, mixed[::-1], 3, clients=CLIENTS)
    results = {
        "one point query": asked(peer, place, points[:1], given.seconds, clients=CLIENTS),
        "a thousand point queries": asked(peer, place, points, given.seconds, clients=CLIENTS),
        "mix of 12": asked(peer, place, mixed, given.seconds, clients=CLIENTS),
        "1 M rows as JSON": streamed(peer, "application/sparql-results+json"),
        "1 M rows as CSV": streamed(peer, "text/csv"),
    }
    with runaways(peer):
        results["mix beside runaways"] = asked(peer, place, mixed, given.seconds, clients=CLIENTS)
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
            done = asked(peer, place, mixed, minutes * 15, clients=CLIENTS)
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


if __name__ == "__main__":
    main()
