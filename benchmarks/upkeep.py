"""What keeping consequences up to date costs: 100 rows drawn from all of a generated shop, removed and added again.

    python benchmarks/upkeep.py [SCALE] [ROUNDS]

SCALE is that of `kb generate` (10, the default, is about a million triples). CPU milliseconds of the reasoning.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyoxigraph as ox
from reasoning import ontology

from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.rows import Rows
from kb.demo import generate
from kb.pipeline import infer
from kb.reasoning import compile_ontology

_ASKED = {50: 50, 95: 300}


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    image = Image()
    with tempfile.TemporaryDirectory() as place:
        rows = Rows.encoded(image.dictionary, batches_of(shop(Path(place), scale), "urn:shop"))
    rules = compile_ontology(list(ontology()), image.dictionary)
    state = infer(image.changed(added=rows, removed=Rows()), rules)
    parts = list(rows)
    ends = np.cumsum([len(pairs) for _, _, pairs in parts])
    chance = random.Random(7)
    seconds: dict[str, list[float]] = {"removed": [], "added": []}
    for _ in range(rounds):
        chosen: dict[tuple[int, int], list[int]] = {}
        for number in sorted(chance.sample(range(int(ends[-1])), 100)):
            part = int(np.searchsorted(ends, number, "right"))
            graph, predicate, pairs = parts[part]
            chosen.setdefault((graph, predicate), []).append(int(pairs[number - ends[part]]))
        some = Rows({key: np.sort(np.array(one, np.uint64)) for key, one in chosen.items()})
        for name, change in (("removed", (Rows(), some)), ("added", (some, Rows()))):
            added, removed = state.image.effective(added=change[0], removed=change[1])
            after = state.image.changed(added=added, removed=removed)
            started = time.process_time()
            state = infer(after, rules, before=state)
            seconds[name].append(time.process_time() - started)
    for name, found in seconds.items():
        told = ", ".join(
            f"{part}th percentile {np.percentile(found, part) * 1000:.0f} ms (asked for: {asked})"
            for part, asked in _ASKED.items()
        )
        print(f"100 rows {name}: {told}")


def shop(place: Path, scale: float) -> Iterator[ox.Quad]:
    """The quads of a generated shop."""
    for file in generate(place, scale=scale).files:
        if file.suffix == ".nq":
            yield from ox.parse(path=str(file), format=ox.RdfFormat.N_QUADS)


if __name__ == "__main__":
    main()
