"""Business queries over one shop: answers from columns beside those of other engines, and whether they are the same.

    python benchmarks/analytics.py [SECTION ...] [--triples N] [--folder F] [--oxigraph P] [--virtuoso P] [--only 03]

The shop is generated, or `--store` and `--data` name a store and the N-Triples file that it holds, and nothing else;
neither is changed. What engines make of it is kept in `--folder`. Sections, all by default, as far as their programs
are named:

    process     columns and Oxigraph, in one process each
    sparq       columns and sparq-rdf, in one process each
    oxigraph    our server and Oxigraph's (the package `oxigraph` has the program)
    virtuoso    our server and Virtuoso's (virtuoso-t; isql-vt beside it)
    clients     four clients in turn, our server and Virtuoso's
    fresh       each query before and behind a commit of 100 quads

Each query is run until its answer is there as JSON. The first run is told by itself, `wall` is the median of the
others, `cpu` their mean of all of the engine's processes. No request comes twice, so that our server answers none from
its memory of whole answers. What does not end within `--seconds` is ended.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import io
import math
import multiprocessing
import re
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import pyoxigraph as ox
from _children import new_store, write_triples
from _clients import asked
from _servers import PREFIXES, Peer, ours, oxigraph, processor_seconds, virtuoso, warm

from kb import KnowledgeBase

QUERIES = Path(__file__).parent / "business"
SECTIONS = ("process", "sparq", "oxigraph", "virtuoso", "clients", "fresh")
_LARGE = 5_000_000
# Warm runs go on for so many seconds, so that processor time, told in hundredths of a second, means something.
_LEAST_SECONDS = 0.4
_NUMBER = re.compile(r'"([^"]+)"\^\^<http://www.w3.org/2001/XMLSchema#(?:integer|decimal|double|float|int)>')
_PLAIN = "^^<http://www.w3.org/2001/XMLSchema#string>"


@dataclass(frozen=True)
class Measured:
    """Milliseconds of the first run, the median of the others, their mean of CPU time, and the answer as JSON."""

    first: float
    wall: float
    cpu: float
    answer: bytes


Ask = Callable[[str], bytes]
"""The answer of a query as JSON; raises TimeoutError."""


def measured(ask: Ask, cpu: Callable[[], float], text: str, runs: int) -> Measured:
    """Run a query several times; `cpu` tells the engine's CPU seconds."""
    walls: list[float] = []
    used = 0.0
    while len(walls) <= runs or (sum(walls[1:]) < _LEAST_SECONDS and len(walls) < 40):
        if len(walls) == 1:
            used = cpu()
        began = time.perf_counter()
        answer = ask(text)
        walls.append(time.perf_counter() - began)
        if walls[0] > 5 and len(walls) == 2:
            break  # So slow a query is the same each time.
    used = (cpu() - used) / (len(walls) - 1)
    return Measured(walls[0] * 1000, statistics.median(walls[1:]) * 1000, used * 1000, answer)


def rows_of(answer: bytes) -> Counter[tuple[str, ...]]:
    """Solutions as a bag, numbers by their value."""
    found = ox.parse_query_results(answer, format=ox.QueryResultsFormat.JSON)
    assert isinstance(found, ox.QuerySolutions)
    names = [one.value for one in found.variables]
    order = sorted(range(len(names)), key=names.__getitem__)
    return Counter(tuple(_shown(row[place]) for place in order) for row in found)


def _shown(term: object) -> str:
    text = str(term).removesuffix(_PLAIN)
    number = _NUMBER.fullmatch(text)
    return f"{float(number[1]):.6g}" if number else text


# Engines within a process


def _columns(place: Path) -> Ask:
    return _in_process(place, "columns")


def _oxigraph(place: Path) -> Ask:
    return _in_process(place, "oxigraph")


def _in_process(store: Path, engine: str) -> Ask:
    knowledge = KnowledgeBase.open(store, read_only=True)

    def ask(text: str) -> bytes:
        sink = io.BytesIO()
        knowledge.query(text, engine=engine).write(sink)  # type: ignore[arg-type, union-attr]
        return sink.getvalue()

    return ask


def _sparq(data: Path) -> Ask:
    import sparq

    graph = sparq.Graph.load(str(data), format="ntriples")
    return lambda text: graph.query_json(PREFIXES + text).encode()


def _child(connection: Connection, open_engine: Callable[[Path], Ask], place: Path, runs: int) -> None:
    ask = open_engine(place)
    connection.send(None)
    while True:
        try:
            connection.send(measured(ask, time.process_time, connection.recv(), runs))
        except EOFError:
            return
        except Exception as fault:
            connection.send(f"{type(fault).__name__}: {str(fault)[:60]}")


def within(
    open_engine: Callable[[Path], Ask], place: Path, queries: Mapping[str, str], given: argparse.Namespace
) -> dict[str, Measured | str]:
    """The figures of an engine in a process of its own, another one behind a query that does not end."""
    found: dict[str, Measured | str] = {}
    context = multiprocessing.get_context("spawn")
    process = None
    for name, text in queries.items():
        if process is None:
            mine, its = context.Pipe()
            process = context.Process(target=_child, args=(its, open_engine, place, given.runs), daemon=True)
            process.start()
            mine.recv()
        mine.send(text)
        # What is slow is run twice.
        if mine.poll(2 * given.seconds):
            found[name] = mine.recv()
        else:
            found[name] = f"> {given.seconds:.0f} s"
            process.kill()
            process = None
    if process is not None:
        process.kill()
    return found


# Engines behind HTTP


@contextmanager
def asking(peer: Peer, seconds: float) -> Iterator[Ask]:
    """Requests over one connection, no two of them the same."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=seconds)
    count = 0

    def ask(text: str) -> bytes:
        nonlocal count
        count += 1
        headers = {"Accept": "application/sparql-results+json", "X-Request": str(count)}
        try:
            connection.request("GET", peer.target(text), headers=headers)
            response = connection.getresponse()
        except http.client.RemoteDisconnected:  # It waited too long for another request.
            connection.request("GET", peer.target(text), headers=headers)
            response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"{response.status}: {' '.join(body.decode(errors='replace').split())[:60]}")
        return body

    with contextlib.closing(connection):
        yield ask


def over_http(
    open_server: Callable[[], contextlib.AbstractContextManager[Peer]],
    queries: Mapping[str, str],
    given: argparse.Namespace,
) -> dict[str, Measured | str]:
    """The figures of a server, started again behind a query that does not end."""
    found: dict[str, Measured | str] = {}
    left = dict(queries)
    while left:
        with open_server() as peer:
            answer_all(peer, queries)
            for name, text in list(left.items()):
                del left[name]
                try:
                    with asking(peer, given.seconds) as ask:
                        cpu = lambda process=peer.process: processor_seconds(process)  # noqa: E731
                        found[name] = measured(ask, cpu, text, given.runs)
                except RuntimeError as fault:
                    found[name] = str(fault)
                except TimeoutError:
                    found[name] = f"> {given.seconds:.0f} s"
                    break
    return found


def answer_all(peer: Peer, queries: Mapping[str, str]) -> None:
    """Have all workers of our server answer everything; the first run of others is told by itself."""
    if peer.name == "commerce-kb":
        warm(peer)
        with tempfile.TemporaryDirectory() as folder:
            asked(peer, Path(folder), list(queries.values()), 20, clients=4, apart=True)


def changed_by_commits(store: Path, queries: Mapping[str, str], given: argparse.Namespace) -> None:
    """Each query behind a commit of 100 quads, and behind one that is a second old, beside the time before."""
    print(f"{'fresh (ms)':32} {'before':>8} {'at once':>8} {'a second later':>15} {'after':>8}")
    sums = [0.0] * 4
    with ours(store) as peer, asking(peer, given.seconds) as ask:
        answer_all(peer, queries)
        for number, (name, text) in enumerate(queries.items()):
            before = median_of(ask, text, given.runs)
            commit(store, f"{number}a")
            at_once = median_of(ask, text, 1)
            commit(store, f"{number}b")
            time.sleep(1)
            later = median_of(ask, text, 1)
            after = median_of(ask, text, given.runs + 2)
            line = (before, at_once, later, after)
            sums = [one + more for one, more in zip(sums, line, strict=True)]
            print(f"{name:32} {before:8.2f} {at_once:8.2f} {later:15.2f} {after:8.2f}", flush=True)
    base, *others = sums
    shares = [one / base for one in others]
    print(
        f"beside before: at once {shares[0]:.2f}, a second later {shares[1]:.2f}, warm again {shares[2]:.2f} "
        "(asked: 1.10)"
    )


def median_of(ask: Ask, text: str, runs: int) -> float:
    """Milliseconds."""
    took = []
    for _ in range(runs):
        began = time.perf_counter()
        ask(text)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def commit(store: Path, mark: str) -> None:
    """A hundred quads of the kind that queries are about: 25 lines of one order."""
    base = f"https://example.org/fresh/{mark}/"
    lines = " ".join(
        f"<{base}o> ckb:hasLine <{base}{n}> . <{base}{n}> ckb:quantity {n % 4 + 1} ; ckb:unitPrice {n}.5 ; "
        f"ckb:lineSku ?sku ."
        for n in range(25)
    )
    with KnowledgeBase.open(store) as knowledge:
        found = knowledge.query("SELECT ?sku { ?line ckb:lineSku ?sku } LIMIT 1")
        [sku] = [row["sku"] for row in found]  # type: ignore[index, union-attr]
        knowledge.update(f"INSERT DATA {{ {lines.replace('?sku', str(sku))} }}")


# Reports


@dataclass(frozen=True)
class Asked:
    """What must be true of the ratio of theirs to ours: its geometric mean, its least, and the same of CPU time."""

    mean: float
    least: float = 0.0


ASKED = {
    "process": Asked(40),
    "oxigraph": Asked(40),
    "virtuoso": Asked(2, 1 / 1.5),
    "sparq": Asked(3, 1 / 1.5),
}


def compare(
    title: str, mine: Mapping[str, Measured | str], other: Mapping[str, Measured | str], asked: Asked
) -> None:
    """A line for each query, and the geometric means."""
    print(
        f"{title:32} {'rows':>6} {'first':>8} {'wall ms':>8} {'cpu ms':>8} {'first':>9} {'wall ms':>9} "
        f"{'cpu ms':>9} {'ratio':>7} {'cpu':>7}  same"
    )
    walls, cpus = {}, {}
    for name, one in mine.items():
        theirs = other[name]
        if isinstance(one, str):
            print(f"{name:32} {one}")
            continue
        bag = rows_of(one.answer)
        line = f"{name:32} {bag.total():6} {one.first:8.1f} {one.wall:8.2f} {one.cpu:8.2f}"
        if isinstance(theirs, str):
            print(f"{line} {theirs}")
            continue
        walls[name], cpus[name] = theirs.wall / one.wall, max(theirs.cpu, 0.1) / max(one.cpu, 0.1)
        missing = bag - rows_of(theirs.answer)
        print(
            f"{line} {theirs.first:9.1f} {theirs.wall:9.1f} {theirs.cpu:9.1f} {walls[name]:7.2f} {cpus[name]:7.2f}"
            f"  {f'{missing.total()} rows differ' if missing else 'yes'}"
        )
    for what, ratios in (("wall", walls), ("cpu", cpus)):
        if ratios:
            mean = math.exp(statistics.fmean(map(math.log, ratios.values())))
            worst = min(ratios, key=ratios.__getitem__)
            print(
                f"{title}, {what}: {mean:.2f} times as fast in the geometric mean (asked {asked.mean:g}), "
                f"the least {ratios[worst]:.2f}, {worst}"
                + (f" (asked {asked.least:.2f})" if asked.least else "")
            )
    print(flush=True)


def below(mine: Mapping[str, Measured | str], most: float) -> None:
    """Which queries take longer than is asked at that size."""
    slow = [
        f"{name} {one.wall:.0f}" for name, one in mine.items() if not isinstance(one, str) and one.wall > most
    ]
    print(f"slower than {most:.0f} ms: {', '.join(slow) or 'none'} (asked: none)\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", default=SECTIONS)
    parser.add_argument("--triples", type=int, default=1_000_000, help="the size of the shop (1,000,000)")
    parser.add_argument("--store", type=Path, help="a store, with --data")
    parser.add_argument("--data", type=Path, help="its triples")
    parser.add_argument(
        "--folder", type=Path, help="where other engines' stores are kept (a temporary folder)"
    )
    parser.add_argument("--oxigraph", default=shutil.which("oxigraph"), help="Oxigraph's server program")
    parser.add_argument("--virtuoso", default=shutil.which("virtuoso-t"), help="Virtuoso's server program")
    parser.add_argument("--runs", type=int, default=5, help="warm runs of each query, at least (5)")
    parser.add_argument("--seconds", type=float, default=60, help="what a query has (60)")
    parser.add_argument("--only", default="", help="queries whose names begin so")
    given = parser.parse_args()
    queries = {
        path.stem: path.read_text(encoding="utf-8") for path in sorted(QUERIES.glob(f"{given.only}*.rq"))
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)).resolve()
        folder.mkdir(exist_ok=True)
        if given.store is None:
            given.store, given.data = folder / "made.kb", folder / "data.nt"
            if not given.store.exists():
                write_triples(given.data, given.triples)
                new_store(given.store)
                with KnowledgeBase.open(given.store) as knowledge:
                    knowledge.load(given.data, source="benchmark")
        report(given, queries, folder)


def report(given: argparse.Namespace, queries: Mapping[str, str], folder: Path) -> None:
    """All sections that were asked for."""
    with KnowledgeBase.open(given.store, read_only=True) as knowledge:
        large = sum(knowledge.snapshot.image.graph_sizes().values()) > _LARGE
    data = given.data.resolve()
    if "process" in given.sections or "sparq" in given.sections:
        mine = within(_columns, given.store, queries, given)
        if "process" in given.sections:
            compare(
                "Oxigraph, in process", mine, within(_oxigraph, given.store, queries, given), ASKED["process"]
            )
        if "sparq" in given.sections:
            compare("sparq-rdf, in process", mine, within(_sparq, data, queries, given), ASKED["sparq"])
    copy = folder / "shop.kb"
    if not copy.exists():
        shutil.copytree(given.store, copy)
    served = {}
    if {"oxigraph", "virtuoso"} & {*given.sections}:
        served = over_http(lambda: ours(copy), queries, given)
        below(served, 150 if large else 1000)
    if "oxigraph" in given.sections and given.oxigraph:
        place = folder / "oxigraph"
        theirs = over_http(
            lambda: oxigraph(given.oxigraph, data, place, seconds=given.seconds), queries, given
        )
        compare("Oxigraph, HTTP", served, theirs, Asked(100) if large else ASKED["oxigraph"])
    if given.virtuoso:
        place = folder / "virtuoso"
        if "virtuoso" in given.sections:
            theirs = over_http(lambda: virtuoso(given.virtuoso, data, place), queries, given)
            compare("Virtuoso, HTTP", served, theirs, ASKED["virtuoso"])
        if "clients" in given.sections:
            in_turn(copy, lambda: virtuoso(given.virtuoso, data, place), queries, folder)
    if "fresh" in given.sections:
        changed_by_commits(copy, queries, given)
        shutil.rmtree(copy)


def in_turn(
    store: Path,
    other: Callable[[], contextlib.AbstractContextManager[Peer]],
    queries: Mapping[str, str],
    folder: Path,
) -> None:
    """Four clients asking for all queries in turn."""
    rates = []
    for server in (lambda: ours(store), other):
        with server() as peer:
            texts = list(queries.values())
            warm(peer)
            asked(peer, folder, texts, 10, clients=4, apart=True)
            figures = asked(peer, folder, texts, 20, clients=4, apart=True)
            rates.append(figures["rate"])
            print(
                f"4 clients, {peer.name:12} {figures['rate']:8.1f} queries/s, p50 {figures['p50']:.1f} ms, "
                f"p99 {figures['p99']:.1f} ms, CPU {figures['cpu'] / 1000:.1f} ms, errors {figures['errors']:.0f}"
            )
    print(f"4 clients: {rates[0] / rates[1]:.2f} times its rate (asked 2)\n", flush=True)


if __name__ == "__main__":
    main()
