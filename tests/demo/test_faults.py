"""Clean data pass the gate; each planted fault is in the data and trips its shape."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import demo
from kb.demo.faults import read_kinds

from .conftest import load
from .judge import Finding, judge


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory: pytest.TempPathFactory) -> demo.GeneratedShop:
    return demo.generate(tmp_path_factory.mktemp("spoiled"), scale=0.05, faults=0.01)


@pytest.fixture(scope="module")
def faults(spoiled: demo.GeneratedShop) -> list[dict[str, str]]:
    with (spoiled.output / "faults.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_clean_shop_has_no_violation_and_few_warnings(tmp_path: Path, repository: Path) -> None:
    shop = demo.generate(tmp_path, scale=0.05)
    findings = judge(load(shop), repository)
    assert {each for each in findings if each.severity == "Violation"} == set()
    assert len(findings) <= 5


def test_a_clean_shop_lists_no_fault(shop: demo.GeneratedShop) -> None:
    assert shop.faults == 0
    assert (shop.output / "faults.csv").read_text(encoding="utf-8") == "node,shape,kind,property,value,note\n"


def test_every_kind_is_planted(faults: list[dict[str, str]], spoiled: demo.GeneratedShop) -> None:
    assert {fault["kind"] for fault in faults} == {kind.kind for kind in read_kinds()}
    assert len(faults) == spoiled.faults


def test_every_fault_is_in_the_data(faults: list[dict[str, str]], spoiled: demo.GeneratedShop) -> None:
    store = load(spoiled)
    for fault in faults:
        about = list(store.quads_for_pattern(ox.NamedNode(fault["node"]), None, None))
        assert about, fault
        said = {
            quad.object.value.rsplit("/", 1)[-1]
            if isinstance(quad.object, ox.NamedNode)
            else quad.object.value
            for quad in about
            if quad.predicate.value.endswith(fault["property"].split(":")[1])
        }
        stored = {fault["value"]}
        if fault["value"] and fault["property"] != "ckb:inListing":
            numbers = {float(cell) for cell in said if _is_number(cell)}
            assert said & stored or (_is_number(fault["value"]) and float(fault["value"]) in numbers), fault


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).lstrip("-").isdigit()


def test_every_fault_trips_its_shape(
    faults: list[dict[str, str]], spoiled: demo.GeneratedShop, repository: Path
) -> None:
    findings = judge(load(spoiled), repository)
    tripped = {(each.shape[:7], each.node) for each in findings}
    assert [fault for fault in faults if (fault["shape"], fault["node"]) not in tripped] == []
    assert (
        Finding("Violation", "CKB-035a", next(f["node"] for f in faults if f["kind"] == "wrong-total"))
        in findings
    )


def test_the_share_of_faults_is_the_share_asked_for(tmp_path: Path) -> None:
    shop = demo.generate(tmp_path, scale=1, faults=0.05)
    spoilable = {kind.table for kind in read_kinds()}
    rows = sum(count for table, count in shop.counts.items() if table in spoilable)
    assert shop.faults / rows == pytest.approx(0.05, rel=0.1)
    with (tmp_path / "faults.csv").open(encoding="utf-8", newline="") as file:
        kinds = Counter(row["kind"] for row in csv.DictReader(file))
    assert len(kinds) == len(read_kinds())
