"""The generator's faults: all are found, and nothing is found where none was planted."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.demo import generate
from kb.judging import judge_files
from kb.resources import folder
from kb.validation import ValidationReport

Judged = Callable[[float], tuple[ValidationReport, Path]]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """A small shop with a share of its entities spoiled, judged by our shapes as files."""
    place = tmp_path_factory.mktemp("faults")
    shapes = sorted(folder("shapes").glob("*.ttl"))
    model = sorted(folder("ontology").rglob("*.ttl"))

    def judge(faults: float) -> tuple[ValidationReport, Path]:
        shop = place / str(faults)
        if not shop.exists():
            generate(shop, scale=0.05, faults=faults)
        return judge_files([*sorted(shop.glob("*.nq")), *model], shapes=shapes), shop

    return judge


def test_every_planted_fault_is_found(judged: Judged) -> None:
    report, shop = judged(0.1)
    with (shop / "faults.csv").open(encoding="utf-8", newline="") as file:
        planted = {(f"<{row['node']}>", row["shape"][:7]) for row in csv.DictReader(file)}
    found = {(str(one.focus), one.rule[:7]) for one in report.results}
    assert len(planted) > 50 and planted <= found


def test_a_shop_without_faults_has_no_violation(judged: Judged) -> None:
    report, shop = judged(0.0)
    ours = [one for one in report.results if "/id/" in str(one.focus)]
    assert (shop / "faults.csv").read_text(encoding="utf-8").count("\n") == 1
    assert [one for one in ours if one.severity.value.endswith("Violation")] == []
