"""kill -9 at random moments: what was acknowledged is there, the rest is whole or absent, and work goes on."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

import pytest

from kb import KnowledgeBase
from tests.faults.killing import ROUNDS, SMALL, Moment, bare_store, ended, inspect, note, seeded
from tests.faults.ledger import Ledger, plan
from tests.faults.work import Job, back_up


@dataclass(frozen=True)
class Scenario:
    """What a process is busy with when it is killed, at most `steps` acknowledgements and `seconds` later."""

    settings: str = SMALL
    threads: int = 1
    keys: int = 6
    size: int = 30
    loads: bool = False
    steps: int = 20
    seconds: float = 0.1
    beside: Callable[[KnowledgeBase, Path], None] | None = None


SCENARIOS = {
    "bulk load": Scenario(loads=True, keys=2, size=30_000, steps=2, seconds=1.0),
    "small commits": Scenario(),
    "commits of four threads in groups": Scenario(threads=4),
    "publish and prune": Scenario(settings=f"{SMALL}keep_snapshots = 1\nkeep_seconds = 0\n", size=4),
    "merges of overlays": Scenario(keys=12, size=3_000, steps=8),
    "commits and backups": Scenario(beside=back_up, seconds=0.5),
    "commits beside an ontology": Scenario(settings="", steps=4, seconds=0.5),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_killed_writer_loses_nothing_that_it_acknowledged(name: str, tmp_path: Path) -> None:
    scenario, draws, ledger = SCENARIOS[name], seeded(), Ledger()
    store = bare_store(tmp_path, scenario.settings)
    acknowledged, rounds = 0, math.ceil(ROUNDS / len(SCENARIOS))
    for number in range(rounds):
        threads = [
            plan(
                draws,
                list(range(one, scenario.threads * scenario.keys, scenario.threads)),
                1000,
                size=scenario.size,
                loads=scenario.loads,
                ledger=ledger,
            )
            for one in range(scenario.threads)
        ]
        # On a slow machine chance may have killed all of them before their first word.
        least = int(number == rounds - 1 and not acknowledged)
        moment = Moment(draws.randint(least, scenario.steps), draws.uniform(0, scenario.seconds))
        told = ended(Job(store, threads, beside=scenario.beside), moment=moment)
        assert not told.errors
        acknowledged += note(ledger, threads, told)
        inspect(store, ledger)
        for place in sorted(tmp_path.glob("backup-*"))[-1:]:
            is_whole(place, store)
    assert acknowledged, "no step was acknowledged: the processes live too short"


@pytest.mark.parametrize("settings", [SMALL, ""], ids=["a bare store", "a store with an ontology"])
def test_a_writer_killed_while_it_makes_the_store_leaves_one_that_can_be_made(
    settings: str, tmp_path: Path
) -> None:
    draws = seeded()
    for number in range(math.ceil(ROUNDS / 5)):
        ledger = Ledger()
        store = bare_store(tmp_path / str(number), settings, made=False)
        steps = plan(draws, [1], 3, size=20, loads=False, ledger=ledger)
        told = ended(Job(store, [steps]), moment=Moment(0, draws.uniform(0, 1.5 if not settings else 0.2)))
        note(ledger, [steps], told)
        inspect(store, ledger)


@pytest.mark.parametrize("loads", [True, False], ids=["bulk load", "small commits"])
def test_an_interrupted_writer_leaves_the_store_as_before_or_after(loads: bool, tmp_path: Path) -> None:
    draws, ledger = seeded(), Ledger()
    store = bare_store(tmp_path)
    for _ in range(math.ceil(ROUNDS / 5)):
        steps = plan(draws, [1, 2], 500, size=20_000 if loads else 30, loads=loads, ledger=ledger)
        moment = Moment(draws.randint(0, 2), draws.uniform(0, 0.5))
        told = ended(Job(store, [steps]), moment=moment, signal=SIGINT)
        assert told.errors or not told.done, "the signal was not heard"
        assert all("KeyboardInterrupt" in one for one in told.errors)
        note(ledger, [steps], told)
        inspect(store, ledger)


def is_whole(backup: Path, store: Path) -> None:
    """A backup that is there can be restored; the doctor judges it, and its history is the beginning of the store's."""
    copy = backup.with_name(f"restored-{backup.name}")
    KnowledgeBase.restore(backup, copy)
    with KnowledgeBase.open(store) as knowledge, KnowledgeBase.open(copy) as restored:
        commits = restored.log()
        assert commits and commits == knowledge.log()[: len(commits)]
        assert restored.doctor()
    shutil.rmtree(copy)
