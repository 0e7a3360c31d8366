"""What loading real shops costs, phase by phase, beside a bare bulk load of the same quads.

    python benchmarks/real_data.py [DATA FOLDER]

Loads UCI Online Retail and the Olist sample as `examples/real_shop.py` does, then dumps everything asserted and loads
the dump with `pyoxigraph.Store.bulk_load`. Memory is the peak of the phase, on Linux.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from kb import KnowledgeBase, gate, pipeline
from kb.columns.rows import Rows
from kb.store import Folder, Journal, Staging

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("KB_SHARED_DATA", ROOT.parent / "shared" / "data"))
sys.path.insert(0, str(ROOT / "examples"))

from real_shop import SHOPS  # noqa: E402

PHASES: list[tuple[Any, str, str]] = [
    (Rows, "encoded", "read, map, encode"),
    (gate, "judge", "gate"),
    (Journal, "append", "journal"),
    (pipeline, "infer", "reason"),
    (Staging, "assert_image", "write asserted"),
    (Staging, "infer_image", "write inferred"),
    (Folder, "publish", "publish"),
]


def main() -> None:
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED
    peaks = [0.0]
    for owner, name, label in PHASES:
        setattr(owner, name, told(getattr(owner, name), label, peaks))
    totals = []
    with tempfile.TemporaryDirectory() as place, KnowledgeBase.open(Path(place) / "shop.kb") as kb:
        print(f"{'':38}{'seconds':>10}{'CPU':>10}{'GiB':>8}")
        with measured("an empty store", peaks):
            kb.init()
        for shop, tables in SHOPS.items():
            mapping = ROOT / "examples" / "mappings" / f"{shop}.yml"
            started = time.perf_counter(), time.process_time()
            with measured(shop, peaks):
                files = [data / shop / table for table in tables]
                report = kb.load(files, source=shop, mapping=mapping)
            totals.append((time.perf_counter() - started[0], time.process_time() - started[1]))
            print(f"{'':4}{report.added:,} quads added, {report.quarantined:,} in quarantine\n")
        dump = Path(place) / "dump.nq"
        with dump.open("wb") as sink:
            sink.writelines(kb.dump())
        quads = sum(block.count(b"\n") for block in blocks(dump))
        started = time.perf_counter(), time.process_time()
        with measured(f"bulk_load of the same {quads:,} quads", peaks):
            ox.Store(str(Path(place) / "bare")).bulk_load(path=str(dump), format=ox.RdfFormat.N_QUADS)
        bare = time.perf_counter() - started[0], time.process_time() - started[1]
    wall, used = (sum(one[kind] for one in totals) for kind in (0, 1))
    print(f"\nboth loads : bulk_load = {wall / bare[0]:.1f} in seconds, {used / bare[1]:.1f} in CPU seconds")


def told(work: Callable[..., Any], label: str, peaks: list[float]) -> Callable[..., Any]:
    """The same function, or method of a class, measured."""

    @functools.wraps(work)
    def run(*given: Any, **named: Any) -> Any:
        with measured(f"    {label}", peaks, least=0.5):
            return work(*given, **named)

    return run


@contextmanager
def measured(label: str, peaks: list[float], *, least: float = 0.0) -> Iterator[None]:
    """Print seconds, CPU seconds and the peak of memory, unless it took less than `least` seconds.

    `peaks` holds the peaks of the phases that this one lies in, the innermost last.
    """
    peaks[-1] = max(peaks[-1], peak())
    peaks.append(0.0)
    started, used = time.perf_counter(), time.process_time()
    yield
    seconds, used = time.perf_counter() - started, time.process_time() - used
    most = max(peaks.pop(), peak())
    peaks[-1] = max(peaks[-1], most)
    if seconds >= least:
        print(f"{label:38}{seconds:>10.1f}{used:>10.1f}{most:>8.1f}", flush=True)


def peak() -> float:
    """The most memory that was resident since the last call, in GiB."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 2**20


def blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as source:
        while block := source.read(1 << 24):
            yield block


if __name__ == "__main__":
    main()
