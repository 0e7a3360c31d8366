"""A clock that jumps: the order of commits is that of their numbers, whatever times they bear."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import NotFound
from kb.store import journal_record
from tests.faults.killing import SMALL, bare_store, inspect
from tests.faults.ledger import Ledger, Step
from tests.faults.work import carry_out

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Clock:
    """Stands for `datetime` and tells the time that it is set to."""

    def __init__(self) -> None:
        self.time = NOON

    def now(self, zone: object) -> datetime:
        return self.time


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(journal_record, "datetime", clock)
    monkeypatch.setattr(time, "time", lambda: clock.time.timestamp())
    return clock


def test_commits_keep_their_order_when_the_clock_jumps_back(clock: Clock, tmp_path: Path) -> None:
    store = bare_store(tmp_path, f"{SMALL}keep_snapshots = 1\nkeep_seconds = 60\n")
    ledger = Ledger()
    version = None
    with KnowledgeBase.open(store) as knowledge:
        for hours in (0, 1, -5, -4, 2, -9):
            clock.time = NOON + timedelta(hours=hours)
            step = Step(1, version, (version or 0) + 1, 5)
            carry_out(knowledge, step)
            ledger.acknowledge(step)
            version = step.after
        commits = knowledge.log()
        assert [one.message for one in commits[1:]] == [f"1 {number}" for number in range(1, 7)]
        assert [one.time for one in commits] != sorted(one.time for one in commits)
        knowledge.revert(str(commits[-1].number))
        ledger.acknowledge(Step(1, 6, 5, 5))
        assert ledger.look(knowledge)[1] == 5
        with knowledge.commit(
            source="source1", message="1 5"
        ) as change:  # What the log says must be so again.
            change.add("urn:other", "urn:p", 1)
    inspect(store, ledger)


def test_a_time_means_the_newest_commit_that_bears_it_or_an_earlier_one(clock: Clock, tmp_path: Path) -> None:
    with KnowledgeBase.open(bare_store(tmp_path)) as knowledge:
        for number, hours in enumerate((1, 3, -5, 2), 1):
            clock.time = NOON + timedelta(hours=hours)
            carry_out(knowledge, Step(1, number - 1 or None, number, 1))

        def at(hours: float) -> set[str]:
            past = knowledge.at((NOON + timedelta(hours=hours)).isoformat())
            return {
                row["o"].value.split()[0]
                for row in past.query("SELECT ?o { ?s ?p ?o FILTER(?p != <urn:size>) }")
            }

        # The third commit bears the time of five hours before noon, and came behind the first two.
        assert [at(hours) for hours in (-5, 0, 1, 2, 3)] == [{"3"}, {"3"}, {"3"}, {"4"}, {"4"}]
        with pytest.raises(NotFound, match="held nothing"):
            at(-6)
