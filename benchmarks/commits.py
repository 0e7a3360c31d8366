"""How fast small commits become durable and visible, and how many threads commit at once.

On stores of each size, without reasoning and shapes: the median and 95th percentile of `--commits` commits of 100
quads, each synced and published when it returns (another reader checks that it sees the commit), then commits a
second of 16 threads that commit 10 quads each. Beside them, on the same data: the same 100 quads into a bare
`pyoxigraph.Store` (`extend`, then `flush`: no history, nobody else sees them) and the same bytes appended to a file
and synced.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from _children import new_store, ratio, run, tell, timed, write_triples

THREADS = 16
ID = "https://w3id.org/commerce-kb/id/benchmark/"
ONTO = "https://w3id.org/commerce-kb/onto#"
Triples = Iterator[tuple[str, str, object]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--triples", type=int, nargs="+", default=[100_000, 1_000_000], help="the sizes of the stores"
    )
    parser.add_argument("--commits", type=int, default=100, help="commits of 100 quads (100)")
    parser.add_argument("--each", type=int, default=25, help="commits of 10 quads by each of 16 threads (25)")
    parser.add_argument("--folder", type=Path, help="where to put files and stores (a temporary folder)")
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        step, place, count = given.step
        STEPS[step](Path(place), int(count))
        return
    print(f"{'milliseconds':34}{'median':>9}{'p95':>9}{'ratio':>8}{'CPU':>9}{'peak, MiB':>12}")
    for count in given.triples:
        with tempfile.TemporaryDirectory(dir=given.folder) as place:
            measure(count, Path(place), given)


def measure(count: int, place: Path, given: argparse.Namespace) -> None:
    run("data", place, count)
    run("build", place, count)
    peers = {
        "kb commit": run("commits", place, given.commits),
        "bare extend, flush": run("bare", place, given.commits),
        "append, fsync": run("append", place, given.commits),
    }
    print(f"{count:,} triples, 100 quads a commit")
    for label, one in peers.items():
        against = ratio(one["median"], peers["bare extend, flush"]["median"])
        print(
            f"  {label:32}{one['median']:>9.1f}{one['p95']:>9.1f}{against:>8}{one['cpu']:>9.1f}{one['peak']:>12,.0f}"
        )
    many = run("threads", place, given.each)
    rate, used = many["rate"], many["cpu"]
    print(f"  {THREADS} threads, 10 quads a commit: {rate:,.0f} commits a second, {used:.1f} ms of CPU each")


def triples(name: str, count: int) -> Triples:
    """Some listings of five triples each."""
    for number in range(count // 5):
        listing = f"{ID}{name}-{number}"
        yield listing, "rdf:type", ONTO + "Listing"
        yield listing, ONTO + "seller", f"{ID}seller-{number % 3}"
        yield listing, ONTO + "price", number + 0.5
        yield listing, ONTO + "stock", number
        yield listing, "rdfs:label", f"{ID}label/{name}-{number}"


def commits(place: Path, count: int) -> None:
    from kb import KnowledgeBase

    with (
        KnowledgeBase.open(place / "shop.kb") as knowledge,
        KnowledgeBase.open(place / "shop.kb", read_only=True) as reader,
    ):

        def commit(name: str) -> None:
            with knowledge.commit(source="benchmark", message=name) as change:
                for triple in triples(name, 100):
                    change.add(*triple)

        def seen(name: str) -> None:
            assert len(list(reader.query(f"SELECT ?p ?o {{ <{ID}{name}-0> ?p ?o }}"))) == 5

        latencies(count, commit, seen)


def threads(place: Path, each: int) -> None:
    from kb import KnowledgeBase

    with KnowledgeBase.open(place / "shop.kb") as knowledge:

        def work(thread: int) -> None:
            for number in range(each):
                with knowledge.commit(source=f"thread-{thread}", message=f"{number}") as change:
                    for triple in triples(f"thread-{thread}-{number}", 10):
                        change.add(*triple)

        work(THREADS)  # The first commit of a process opens the writer.
        with ThreadPoolExecutor(THREADS) as pool:
            _, figures = timed(lambda: list(pool.map(work, range(THREADS))))
    total = THREADS * each
    tell(rate=total / figures["wall"], cpu=figures["cpu"] / total * 1000)


def bare(place: Path, count: int) -> None:
    import pyoxigraph as ox

    store = ox.Store(str(place / "bare"))
    store.bulk_load(path=str(place / "shop.nt"), format=ox.RdfFormat.N_TRIPLES)

    def commit(name: str) -> None:
        store.extend(ox.parse(text_of(name), format=ox.RdfFormat.N_TRIPLES))
        store.flush()

    latencies(count, commit)


def append(place: Path, count: int) -> None:
    with (place / "log").open("ab") as log:

        def commit(name: str) -> None:
            log.write(text_of(name))
            log.flush()
            os.fsync(log.fileno())

        latencies(count, commit)


def text_of(name: str) -> bytes:
    """100 triples as N-Triples."""
    known = {"rdf:type": "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"}
    return "".join(
        f"<{s}> <{known.get(p, p)}> " + (f"<{o}>" if isinstance(o, str) else f'"{o}"') + " .\n"
        for s, p, o in triples(name, 100)
    ).encode()


def latencies(count: int, commit: Callable[[str], None], check: Callable[[str], None] | None = None) -> None:
    """Time commits one after another; the first, which opens things, does not count."""
    commit("first")
    walls: list[float] = []
    used = 0.0
    for number in range(count):
        _, figures = timed(lambda: commit(f"commit-{number}"))  # noqa: B023
        walls.append(figures["wall"] * 1000)
        used += figures["cpu"] * 1000
        if check:
            check(f"commit-{number}")
    p95 = statistics.quantiles(walls, n=20)[-1] if len(walls) > 1 else walls[0]
    tell(median=statistics.median(walls), p95=p95, cpu=used / count)


def data(place: Path, count: int) -> None:
    write_triples(place / "shop.nt", count)
    tell()


def build(place: Path, count: int) -> None:
    from kb import KnowledgeBase

    new_store(place / "shop.kb")
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        assert knowledge.load(place / "shop.nt", source="shop").added > count / 2
    tell()


STEPS = {"data": data, "build": build, "commits": commits, "threads": threads, "bare": bare, "append": append}

if __name__ == "__main__":
    main()
