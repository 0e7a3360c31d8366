"""Categories of titles on 16,000 Flipkart listings: the classifier of `kb mine categories`.

    python benchmarks/categories.py [--data FOLDER] [--valid-only]

Split by distinct title (hash): six tenths to learn from, two to choose with, two to test (then learnt
from eight). Classes are levels of
Flipkart's own paths with ten listings or more. The test split is read once, here. CPU seconds of one core.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.metrics import f1_score

from kb.mining.hierarchy import PathModel, Tree

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
FEWEST = 10
ASKED = {1: (0.96, 0.89), 2: (0.93, 0.82)}
ASKED_SPEED = 5_000
SURE = 0.8


def part(title: str) -> int:
    """The tenth that a title is in, whatever its case and blanks."""
    return int(hashlib.sha256(" ".join(title.lower().split()).encode()).hexdigest()[:8], 16) % 10


def read(folder: Path) -> tuple[list[str], list[list[str]]]:
    """Titles and category paths."""
    with gzip.open(folder / "flipkart_id_name_category.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    trees = [json.loads(row["product_category_tree"])[0] for row in rows]
    return [row["product_name"] for row in rows], [
        [step.strip() for step in one.split(">>")] for one in trees
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--valid-only", action="store_true", help="leave the test split alone")
    options = parser.parse_args()
    titles, paths = read(options.data / "flipkart-20k")
    parts = np.array([part(one) for one in titles])
    for level in (1, 2):
        named = [" >> ".join(path[:level]) if len(path) >= level else "" for path in paths]
        counts = Counter(named)
        kept = np.array([bool(one) and counts[one] >= FEWEST for one in named])
        measure(level, titles, named, kept, parts, test=not options.valid_only)


def measure(
    level: int, titles: list[str], named: list[str], kept: np.ndarray, parts: np.ndarray, *, test: bool
) -> None:
    tree = Tree({one: one.rpartition(" >> ")[0] for one in named if " >> " in one})
    learnt = np.flatnonzero(kept & (parts < (8 if test else 6))).tolist()
    asked = np.flatnonzero(kept & (parts >= 8 if test else (parts == 6) | (parts == 7))).tolist()
    began = time.process_time()
    model = PathModel.trained([titles[one] for one in learnt], [named[one] for one in learnt], tree)
    fitted = time.process_time() - began
    began = time.process_time()
    guesses = model.guesses([titles[one] for one in asked])
    taken = time.process_time() - began
    gold, found = [named[one] for one in asked], [one.category for one in guesses]
    right = np.array([one == other for one, other in zip(gold, found, strict=True)])
    scores = np.array([one.score for one in guesses])
    sure = scores >= SURE
    macro = f1_score(gold, found, average="macro", labels=sorted(set(gold)))
    split = "test" if test else "validation"
    print(f"level {level}, {len(set(gold))} classes, {len(learnt)} to learn from, {len(asked)} {split}:")
    print(
        f"  accuracy {right.mean():.4f} (asked {ASKED[level][0]}), macro-F1 {macro:.4f} (asked {ASKED[level][1]})"
    )
    print(f"  fit {fitted:.1f} CPU s, {len(asked) / taken:,.0f} titles a CPU s (asked {ASKED_SPEED:,})")
    print(f"  stated (score {SURE} or more): {sure.mean():.1%}, of these right {right[sure].mean():.2%}")
    error = sum(
        abs(right[some].mean() - scores[some].mean()) * some.mean()
        for low in np.arange(0, 1, 0.1)
        if (some := (scores >= low) & (scores < low + 0.1)).any()
    )
    print(f"  calibration: expected error {error:.3f} in ten bins")


if __name__ == "__main__":
    main()
