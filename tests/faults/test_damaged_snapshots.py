"""A file of a snapshot that is missing or cut off: a clear error, nothing made worse, and `kb rebuild` mends it."""

from __future__ import annotations

import shutil
from copy import deepcopy
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import StoreDamaged
from tests.faults.killing import bare_store, inspect, seeded
from tests.faults.ledger import Ledger, Step, plan
from tests.faults.work import carry_out


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def whole(tmp_path: Path, ledger: Ledger) -> Path:
    store = bare_store(tmp_path)
    with KnowledgeBase.open(store) as knowledge:
        for step in plan(seeded(), [1, 2, 3], 8, size=40, loads=False, ledger=ledger):
            carry_out(knowledge, step)
            ledger.acknowledge(step)
    return store


def current(store: Path) -> Path:
    return store / "snapshots" / (store / "CURRENT").read_text().strip()


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def damage(file: Path, way: str) -> None:
    text = file.read_bytes()
    file.unlink()  # Snapshots share files by hard links.
    if way != "missing":
        file.write_bytes(text[: len(text) // 2] if way == "cut" else b"")


@pytest.mark.parametrize("way", ["missing", "empty", "cut"])
def test_a_damaged_file_is_told_and_rebuilding_mends_it(
    whole: Path, ledger: Ledger, tmp_path: Path, way: str
) -> None:
    for number, name in enumerate(files(current(whole) / "columns")):
        store = Path(shutil.copytree(whole, tmp_path / f"{number}.kb"))
        damage(current(store) / "columns" / name, way)
        before = (store / "CURRENT").read_text()
        with KnowledgeBase.open(store) as knowledge:
            assert not knowledge.doctor(), name
            with pytest.raises(StoreDamaged, match="kb rebuild"):
                b"".join(knowledge.dump())
            with pytest.raises(StoreDamaged, match="kb rebuild"):
                carry_out(knowledge, Step(9, None, 1, 3))
            assert (store / "CURRENT").read_text() == before
            knowledge.rebuild()
            assert knowledge.doctor()
        inspect(store, deepcopy(ledger))


@pytest.mark.parametrize("way", ["missing", "cut"])
def test_a_damaged_file_of_oxigraph_is_told_and_rebuilding_mends_it(
    whole: Path, ledger: Ledger, tmp_path: Path, way: str
) -> None:
    tables = [name for name in files(current(whole) / "asserted") if name.endswith((".sst", "CURRENT"))]
    for number, name in enumerate((tables[0], tables[-1])):
        store = Path(shutil.copytree(whole, tmp_path / f"{number}.kb"))
        damage(current(store) / "asserted" / name, way)
        with KnowledgeBase.open(store) as knowledge:
            assert not knowledge.doctor(), name
            knowledge.rebuild()
            assert knowledge.doctor()
        inspect(store, deepcopy(ledger))
