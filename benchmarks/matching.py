"""Product matching on public benchmarks: pairs, blocking, clusters over whole tables.

    python benchmarks/matching.py [--data FOLDER] [--valid-only]

Official splits. The test split is read here and nowhere else; thresholds come from the validation split. With
--valid-only it is not read at all. Times are CPU seconds, features and training together.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kb.mining.blocking import Pairs, candidates
from kb.mining.clustering import Constraints, b_cubed, cluster
from kb.mining.features import features
from kb.mining.records import Records
from kb.mining.scoring import PairModel, f1

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
PRICE = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Task:
    """A data set: its folder, the files of its splits, what is asked with context and pairwise."""

    name: str
    folder: str
    files: dict[str, str]
    asked: float
    asked_pairwise: float | None = None


PAIRS = {split: f"pairs/{split}.txt" for split in ("train", "valid", "test")}
TASKS = [
    Task("Abt-Buy", "er-abt-buy", PAIRS, 95, 90),
    Task("Amazon-Google", "er-amazon-google", PAIRS, 78, 73),
    *(
        Task(
            f"WDC {kind}, small",
            "er-wdc-lspc",
            {
                "train": f"{kind}/train.txt.small",
                "valid": f"{kind}/valid.txt.small",
                "test": f"{kind}/test.txt",
            },
            82,
        )
        for kind in ("computers", "cameras")
    ),
]


@dataclass(frozen=True)
class Tables:
    """Two tables of clean records and the pairs of places that are the same product."""

    name: str
    left: Records
    right: Records
    truth: Pairs
    asked: float


def lines(path: Path) -> Iterator[str]:
    packed = path.with_name(path.name + ".gz")
    text = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    yield from text.decode("utf-8").rstrip("\n").split("\n")


def records(rows: Sequence[dict[str, str]]) -> Records:
    def price(row: dict[str, str]) -> float:
        found = PRICE.search(row.get("price", "").replace(",", ""))
        return float(found[0]) if found else np.nan

    return Records(
        names=[str(number) for number in range(len(rows))],
        titles=[row.get("name") or row.get("title") or "" for row in rows],
        texts=[row.get("description", "") for row in rows],
        brands=[row.get("manufacturer", "") for row in rows],
        prices=np.array([price(row) for row in rows]),
    )


@dataclass(frozen=True)
class Labelled:
    """Labelled pairs of two tables, by split."""

    left: Records
    right: Records
    splits: dict[str, tuple[Pairs, np.ndarray]]


def labelled(folder: Path, files: dict[str, str]) -> Labelled:
    """Pairs as ``COL name VAL ...`` texts, tab, the same, tab, label; equal texts are one record."""
    sides: tuple[dict[str, int], dict[str, int]] = ({}, {})
    splits = {}
    for split, file in files.items():
        rows = [line.split("\t") for line in lines(folder / file)]
        places = [[side.setdefault(row[at], len(side)) for row in rows] for at, side in enumerate(sides)]
        left, right = (np.array(one, np.int64) for one in places)
        splits[split] = (Pairs(left, right), np.array([row[2] == "1" for row in rows]))

    def parsed(text: str) -> dict[str, str]:
        parts = (part.partition(" VAL ") for part in text.split("COL ")[1:])
        return {name.strip(): value.strip() for name, _, value in parts}

    return Labelled(*(records([parsed(text) for text in side]) for side in sides), splits)


def tables(folder: Path, names: tuple[str, str], separator: str, name: str, asked: float) -> Tables:
    sides, places = [], []
    for one in names:
        rows = list(csv.DictReader(lines(folder / "tables" / one), delimiter=separator))
        places.append({row["id"]: number for number, row in enumerate(rows)})
        sides.append(records([{key: value or "" for key, value in row.items() if key} for row in rows]))
    gold = list(csv.reader(lines(folder / "tables" / "gt.csv"), delimiter=separator))[1:]
    left, right = (np.array([places[at][row[at]] for row in gold]) for at in (0, 1))
    return Tables(name, *sides, Pairs(left, right), asked)


def rows_of(data: Labelled, split: str, *, context: bool) -> tuple[np.ndarray, list[str]]:
    """Features of a split's pairs; whatever context there is comes of texts alone, never of labels."""
    among = candidates(data.left, data.right, k=10) if context else None
    return features(data.left, data.right, data.splits[split][0], context=context, among=among)


def measure_pairs(task: Task, folder: Path, *, test: bool) -> None:
    files = task.files if test else {key: one for key, one in task.files.items() if key != "test"}
    data = labelled(folder, files)
    for context in (False, True):
        began = time.process_time()
        parts = [one for one, _ in data.splits.values()]
        every = Pairs(*(np.concatenate([getattr(one, end) for one in parts]) for end in ("left", "right")))
        among = candidates(data.left, data.right, k=10) if context else None
        rows, columns = features(data.left, data.right, every, context=context, among=among)
        bounds = np.cumsum([0, *map(len, parts)])
        split = {name: rows[bounds[at] : bounds[at + 1]] for at, name in enumerate(data.splits)}
        truth = {name: labels for name, (_, labels) in data.splits.items()}
        model = PairModel.trained(
            split["train"], truth["train"], columns, validation=(split["valid"], truth["valid"])
        )
        told = [
            f"{name} {100 * f1(truth[name], model.scores(split[name]) >= model.threshold):.1f}"
            for name in split
            if name != "train"
        ]
        asked = task.asked if context else task.asked_pairwise
        spent = time.process_time() - began
        print(
            f"{task.name:22} {'with context' if context else 'pairwise':13} F1 {', '.join(told)}"
            f" (asked: {asked or '-'})  {spent:.1f} CPU s (asked: at most 10)",
            flush=True,
        )


def measure_tables(found: Tables, data: Labelled) -> None:
    """Blocking recall, and clusters over whole tables by a model that is trained on the labelled pairs."""
    began = time.process_time()
    near = candidates(found.left, found.right, k=20)
    width = len(found.right)
    there = np.isin(found.truth.left * width + found.truth.right, near.left * width + near.right).mean()
    spent = time.process_time() - began
    print(
        f"{found.name:22} blocking recall at 20: {100 * there:.1f} % (asked: {found.asked}), {len(near):,} pairs,"
        f" {spent:.1f} CPU s"
    )
    split = {name: rows_of(data, name, context=True) for name in ("train", "valid")}
    truth = {name: data.splits[name][1] for name in split}
    columns = split["train"][1]
    model = PairModel.trained(
        split["train"][0], truth["train"], columns, validation=(split["valid"][0], truth["valid"])
    )
    began = time.process_time()
    rows, _ = features(found.left, found.right, near, context=True)
    scores = model.scores(rows)
    size = len(found.left) + width
    shifted = Pairs(near.left, near.right + len(found.left))
    gold = cluster(
        size,
        Pairs(found.truth.left, found.truth.right + len(found.left)),
        np.ones(len(found.truth)),
        threshold=0.01,
    )
    for label, constraints in (("", Constraints({})), ("one of each table", Constraints({}, most=2))):
        made = cluster(size, shifted, scores, threshold=model.threshold, constraints=constraints)
        precision, recall, quality = b_cubed(made.labels, gold.labels)
        print(
            f"{found.name:22} clusters {label:18} B-cubed F1 {100 * quality:.1f}"
            f" (precision {100 * precision:.1f}, recall {100 * recall:.1f}), {time.process_time() - began:.1f} CPU s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--valid-only", action="store_true", help="leave the test split alone")
    parser.add_argument("--only", help="tasks whose name has this in it")
    given = parser.parse_args()
    for task in TASKS:
        if (given.only or "") not in task.name:
            continue
        measure_pairs(task, given.data / task.folder, test=not given.valid_only)
    for name, folder, files, separator, asked in (
        ("Abt-Buy", "er-abt-buy", ("abt.csv", "buy.csv"), "|", 99),
        ("Amazon-Google", "er-amazon-google", ("amazon.csv", "gp.csv"), "#", 91),
    ):
        if (given.only or "") not in name:
            continue
        known = {key: one for key, one in PAIRS.items() if key != "test"}
        found = tables(given.data / folder, files, separator, name, asked)
        measure_tables(found, labelled(given.data / folder, known))


if __name__ == "__main__":
    main()
