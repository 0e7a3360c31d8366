"""The example of two real shops, on an excerpt of the shared data taken when the tests run."""

from __future__ import annotations

import csv
import gzip
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from kb import KnowledgeBase, Solutions

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "real_shop.py"
QUESTIONS = sorted((ROOT / "examples" / "questions").glob("*.rq"))
LINES = 5_000
# Recorded times that can't be: the faults of the data that the gate is expected to hold back, and nothing else.
IMPOSSIBLE_TIMES = {"CKB-034c", "CKB-034d", "CKB-034e"}


@pytest.fixture(scope="module")
def data(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first lines of UCI Online Retail beside the whole Olist sample."""
    retail = shared_data("uci-online-retail") / "online_retail.csv.gz"
    place = tmp_path_factory.mktemp("data")
    (place / "uci-online-retail").mkdir()
    with gzip.open(retail) as whole, gzip.open(place / "uci-online-retail" / retail.name, "wb") as part:
        part.writelines(islice(whole, LINES + 1))
    (place / "olist-sample").symlink_to(shared_data("olist-sample").resolve())
    return place


@pytest.fixture(scope="module")
def run(data: Path) -> tuple[str, Path]:
    """What the script prints, and the store that it leaves."""
    store = data / "shop.kb"
    command = [sys.executable, str(SCRIPT), "--data", str(data), "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=data, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout, store


@pytest.fixture(scope="module")
def shops(run: tuple[str, Path]) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(run[1], read_only=True) as knowledge:
        yield knowledge


def test_there_are_ten_questions() -> None:
    assert len(QUESTIONS) == 10


def test_the_script_tells_what_was_loaded_and_what_was_held_back(run: tuple[str, Path]) -> None:
    printed = run[0]
    assert "uci-online-retail: commit #2" in printed
    assert "olist-sample: commit #3" in printed
    assert "An order is not paid after it is shipped or delivered." in printed
    assert "Empty DataFrame" not in printed


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda path: path.stem)
def test_every_question_is_answered(shops: KnowledgeBase, run: tuple[str, Path], question: Path) -> None:
    text = question.read_text("utf-8")
    answer = shops.query(text)
    assert isinstance(answer, Solutions)
    assert len(answer)
    assert all(row[name] is not None for row in answer for name in answer.variables)
    assert text.splitlines()[0].removeprefix("# ") in run[0]


def test_only_orders_with_impossible_times_are_held_back(shops: KnowledgeBase) -> None:
    (entry,) = shops.quarantine()
    violations = [one for one in entry.report["results"] if one["severity"] == "Violation"]
    assert {one["shapeId"] for one in violations} == IMPOSSIBLE_TIMES
    assert len(entry.nodes) == 80
    assert all("/id/order/olist-" in node for node in entry.nodes)


def test_the_store_conforms_afterwards(shops: KnowledgeBase) -> None:
    report = shops.validate()
    assert report.count("Violation") == 0
    assert not report.unchecked


def test_the_most_sold_product_is_the_one_in_the_table(shops: KnowledgeBase, data: Path) -> None:
    answer = shops.query((ROOT / "examples" / "questions" / "01-top-products.rq").read_text("utf-8"))
    assert isinstance(answer, Solutions)
    first = answer.rows[0]
    revenue: dict[str, float] = {}
    with gzip.open(data / "uci-online-retail" / "online_retail.csv.gz", "rt", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            sound = row["CustomerID"] and not row["InvoiceNo"].startswith(("A", "C"))
            if sound and row["StockCode"][:5].isdigit():
                value = int(row["Quantity"]) * float(row["UnitPrice"])
                revenue[row["Description"].strip()] = revenue.get(row["Description"].strip(), 0.0) + value
    best = max(revenue, key=lambda name: revenue[name])
    assert first["product"].value == best
    assert float(first["revenue_GBP"].value) == round(revenue[best])
