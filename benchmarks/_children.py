"""Steps of a benchmark, each in a process of its own, and the data of the core's benchmarks."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TypeVar

Figures = dict[str, float]
Made = TypeVar("Made")
# What a store without ontology, shapes and reasoning says of itself.
BARE = 'ontology = []\nshapes = []\nreasoning = "none"\n'


def run(step: str, *arguments: object) -> Figures:
    """Run a step of the calling script in a new process; gives what it printed with `tell`."""
    done = subprocess.run(
        [sys.executable, sys.argv[0], "--step", step, *map(str, arguments)],
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def tell(**figures: float) -> None:
    """Hand figures to the process that runs this step, the peak of this one's memory among them."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    peak = int(next(line for line in status if line.startswith("VmHWM")).split()[1]) / 1024
    print(json.dumps({"peak": peak, **figures}))


def timed(work: Callable[[], Made]) -> tuple[Made, Figures]:
    """What `work` gives, its seconds and CPU seconds: of all threads of this process and of its children."""
    began, used = time.perf_counter(), cpu()
    made = work()
    return made, {"wall": time.perf_counter() - began, "cpu": cpu() - used}


def cpu() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in usages)


def write_triples(place: Path, count: int) -> None:
    """A generated shop as one N-Triples file of `count` lines; some triples (1 in 500 of a large shop) come twice."""
    from kb.demo import generate

    left = count
    with tempfile.TemporaryDirectory(dir=place.parent) as folder, place.open("wb") as sink:
        for file in generate(Path(folder), scale=max(count / 90_000, 0.05)).files:
            if file.suffix == ".nq" and left:
                with file.open("rb") as source:
                    lines = [line[: line.rindex(b" <")] + b" .\n" for line in islice(source, left)]
                sink.writelines(lines)
                left -= len(lines)
    if left:
        raise SystemExit(f"the generator gave {left:,} triples too few")


def new_store(place: Path) -> None:
    """A store without ontology, shapes and reasoning."""
    from kb import KnowledgeBase

    place.mkdir()
    (place / "kb.toml").write_text(BARE, encoding="utf-8")
    with KnowledgeBase.open(place) as knowledge:
        knowledge.init()


def size_of(folder: Path) -> int:
    """The bytes of the files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def ratio(ours: float, theirs: float) -> str:
    return f"{ours / theirs:.2f}" if theirs else "-"
