"""Business queries answered from columns and by Oxigraph, in one process: times, and whether the answers are the same.

    python benchmarks/analytics.py STORE [--runs 5] [--seconds 60] [--only 03]

STORE is a store that `kb load` made of a demo shop (`kb demo`). Each query is run until it has an answer that is
written as JSON; the first run is cold but for the open store, the others are warm. A query that Oxigraph does not end
within `--seconds` is ended with its process.
"""

from __future__ import annotations

import argparse
import io
import math
import multiprocessing
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from kb import KnowledgeBase
from kb.errors import NotCovered
from kb.querying.results import Solutions

QUERIES = Path(__file__).parent / "business"
ASKED = 40
Engine = Literal["columns", "oxigraph"]


@dataclass(frozen=True)
class Measured:
    """Milliseconds of the first run, medians of wall and CPU time of the others, and the solutions."""

    first: float
    wall: float
    cpu: float
    bag: Counter[tuple[str, ...]]


def measured(knowledge: KnowledgeBase, text: str, engine: Engine, runs: int) -> Measured:
    """Run a query several times."""
    walls, cpus = [], []
    for _ in range(runs + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        result = knowledge.query(text, engine=engine)
        assert isinstance(result, Solutions)
        result.write(io.BytesIO())
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
    order = sorted(range(len(result.variables)), key=result.variables.__getitem__)
    bag = Counter(tuple(str(row[place]) for place in order) for row in result)
    later = slice(1, None) if runs else slice(0, 1)
    return Measured(walls[0], statistics.median(walls[later]), statistics.median(cpus[later]), bag)


def _in_a_process(connection: Connection, store: Path, text: str, runs: int) -> None:
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        connection.send(measured(knowledge, text, "oxigraph", runs))


def by_oxigraph(store: Path, text: str, runs: int, seconds: float) -> Measured | None:
    """Oxigraph's figures, None where it does not end in time."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=_in_a_process, args=(theirs, store, text, runs)
    )
    process.start()
    found = ours.recv() if ours.poll(seconds * (runs + 1)) else None
    process.kill()
    process.join()
    return found


def main() -> None:
    """Print a line for each query, and the geometric mean."""
    parser = argparse.ArgumentParser()
    parser.add_argument("store", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--only", default="")
    given = parser.parse_args()
    ratios = []
    print(
        f"{'query':32} {'rows':>6} {'first':>8} {'wall ms':>8} {'cpu ms':>8} {'oxigraph':>9} {'ratio':>7}  same"
    )
    with KnowledgeBase.open(given.store, read_only=True) as knowledge:
        for path in sorted(QUERIES.glob(f"{given.only}*.rq")):
            text = path.read_text(encoding="utf-8")
            try:
                ours = measured(knowledge, text, "columns", given.runs)
            except NotCovered as reason:
                print(f"{path.stem:32} {reason}")
                continue
            theirs = by_oxigraph(given.store, text, min(given.runs, 2), given.seconds)
            line = f"{path.stem:32} {ours.bag.total():6} {ours.first:8.1f} {ours.wall:8.2f} {ours.cpu:8.2f}"
            if theirs is None:
                print(f"{line} > {given.seconds:.0f} s", flush=True)
                continue
            ratios.append(theirs.wall / ours.wall)
            print(f"{line} {theirs.wall:9.1f} {ratios[-1]:7.1f}  {ours.bag == theirs.bag}", flush=True)
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"geometric mean of the ratios: {mean:.1f} (asked: {ASKED}), the least {min(ratios):.1f}")


if __name__ == "__main__":
    main()
