"""A disk that is full in mid-commit: a clear error, the store as before, and work goes on when there is room."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import kb.errors
from kb import KnowledgeBase
from tests.faults.killing import ROUNDS, bare_store, ended, inspect, note, seeded
from tests.faults.ledger import Ledger, plan
from tests.faults.work import Job


def told_clearly(error: str) -> bool:
    """Whether a process met an error that is made for people."""
    name = error.split()[1].rpartition(".")[2]
    return issubclass(getattr(kb.errors, name, Exception), kb.errors.SystemFault)


@pytest.mark.parametrize("loads", [False, True], ids=["small commits", "bulk load"])
def test_a_file_that_may_not_grow_ends_one_commit_and_nothing_else(loads: bool, tmp_path: Path) -> None:
    draws, ledger = seeded(), Ledger()
    store = bare_store(tmp_path)
    refused = 0
    for _ in range(max(3, ROUNDS // 5)):
        steps = plan(
            draws, [1, 2, 3], 5 if loads else 30, size=20_000 if loads else 200, loads=loads, ledger=ledger
        )
        limit = int(2 ** draws.uniform(10, 21 if loads else 17))
        told = ended(Job(store, [steps], limit=limit))
        assert all(map(told_clearly, told.errors)), (limit, told.errors)
        refused += len(told.errors)
        note(ledger, [steps], told)
        inspect(store, ledger)
    assert refused, "no limit was met"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "none", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def may_mount() -> bool:
    """Whether this process may mount a file system: the limit on files above stands for all others."""
    return not os.geteuid() and not subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode


if may_mount():

    def test_a_full_file_system_ends_one_commit_and_nothing_else(small_disk: Path) -> None:
        draws, ledger = seeded(), Ledger()
        store = bare_store(small_disk)
        refused = 0
        for _ in range(max(3, ROUNDS // 5)):
            filler = small_disk / "filler"
            fill(filler, room=draws.randrange(4096, 400_000))
            steps = plan(draws, [1, 2, 3], 60, size=500, loads=False, ledger=ledger)
            told = ended(Job(store, [steps]))
            assert all(map(told_clearly, told.errors)), told.errors
            refused += len(told.errors)
            note(ledger, [steps], told)
            with KnowledgeBase.open(store, read_only=True) as reader:
                ledger.look(reader)
            filler.unlink()
            inspect(store, ledger)
        assert refused, "the disk was never full"


def fill(filler: Path, *, room: int) -> None:
    """Write a file that leaves so many bytes."""
    free = os.statvfs(filler.parent)
    filler.write_bytes(random.Random(0).randbytes(max(free.f_bavail * free.f_frsize - room, 0)))
