"""Attribute values from titles and descriptions: AE-110K (the subset of ExtractGPT) and WDC PAVE.

    python benchmarks/attributes.py [--data FOLDER] [--valid-only]

AE-110K: official train and test; tuned on a fifth of train. WDC PAVE: the stored train_large only, a fifth of its
clusters held out. An answer is right if it is one of the values, case and blanks aside; F1 over all that is asked.
Known values: the commonest value of the category's attribute that stands in the text. CPU seconds of one core.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import html
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kb.mining.spans import Asked, KnownValues, SpanModel, plain

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
ASKED_GAIN = 10.0
SLACK = 0.2


def lines(path: Path) -> Iterator[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:  # type: ignore[operator]
        yield from map(json.loads, file)


def asked_of(rows: Sequence[dict[str, Any]]) -> list[Asked]:
    """What is asked of each row: its attributes, those without a value ("n/a") too."""
    found = []
    for row in rows:
        text = row.get("input") or f"{row['input_title']} | {row['input_description'] or ''}"
        for name, values in row["target_scores"].items():
            right = frozenset(one for one in values if one != "n/a")
            found.append(Asked(html.unescape(text), row["category"], name, right))
    return found


def fold(row: dict[str, Any]) -> int:
    """A fifth, by the text or the cluster of offers."""
    name = str(row.get("cluster_id") or row.get("input"))
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 5


def f1(asked: Sequence[Asked], answers: Sequence[str | None]) -> tuple[float, float, float]:
    """Precision, recall and F1 in percent."""
    right = sum(
        answer is not None and plain(answer) in {plain(value) for value in one.values}
        for one, answer in zip(asked, answers, strict=True)
    )
    said, due = sum(one is not None for one in answers), sum(bool(one.values) for one in asked)
    precision, recall = right / max(said, 1), right / max(due, 1)
    return 100 * precision, 100 * recall, 200 * precision * recall / max(precision + recall, 1e-9)


def measure(name: str, learnt: list[Asked], tuned: list[Asked], judged: list[Asked] | None) -> None:
    """Tune the threshold on `tuned`; with `judged` learn from both and judge there, once."""
    print(
        f"{name}: {len(learnt)} asked to learn from, {len(tuned)} to tune"
        + (f", {len(judged)} to judge" if judged else "")
    )
    began = time.process_time()
    spans = SpanModel.trained(learnt).best(tuned)
    grid = np.linspace(0.02, 0.9, 45)
    reached = [f1(tuned, [s.text if s and s.score >= at else None for s in spans])[2] for at in grid]
    # Of thresholds that are nearly as good the one nearest to the middle, as in matching.
    good = grid[np.array(reached) >= max(reached) - SLACK]
    threshold = float(good[np.abs(good - 0.5).argmin()])
    if judged is not None:
        learnt, tuned = [*learnt, *tuned], judged
        began = time.process_time()
        spans = SpanModel.trained(learnt).best(tuned)
    taken = time.process_time() - began
    known = KnownValues(learnt)
    plain_way = f1(tuned, [known.best(one) for one in tuned])
    ours = f1(tuned, [one.text if one and one.score >= threshold else None for one in spans])
    for what, (precision, recall, both) in (("known values", plain_way), ("spans", ours)):
        print(f"  {what}: precision {precision:.1f}, recall {recall:.1f}, F1 {both:.1f}")
    print(
        f"  gain {ours[2] - plain_way[2]:.1f} (asked {ASKED_GAIN}); threshold {threshold:.2f}; {taken:.1f} CPU s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--valid-only", action="store_true", help="leave the test split alone")
    options = parser.parse_args()
    folder = options.data / "attr-ae110k"
    rows = list(lines(folder / "train.jsonl.gz"))
    parts = [asked_of([row for row in rows if (fold(row) == 0) == held]) for held in (False, True)]
    judged = None if options.valid_only else asked_of(list(lines(folder / "test.jsonl")))
    measure("AE-110K", *parts, judged)
    rows = list(lines(options.data / "attr-wdc-pave" / "wdc_with_all_attributes" / "train_large.jsonl.gz"))
    parts = [asked_of([row for row in rows if (fold(row) == 0) == held]) for held in (False, True)]
    measure("WDC PAVE", *parts, None)


if __name__ == "__main__":
    main()
