"""A journal whose end is torn or has a bit flipped: what was acknowledged is there, the rest is whole or absent."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import KbError
from tests.faults.killing import ROUNDS, bare_store, inspect, seeded
from tests.faults.ledger import Ledger, Step, plan
from tests.faults.work import carry_out


class Torn:
    """A store as a crash leaves it: commits that are published, and one of which the journal has a piece."""

    def __init__(self, folder: Path, steps: list[Step]) -> None:
        self.folder, self.steps = folder, steps
        whole = bare_store(folder)
        self.before = folder / "before.kb"
        with KnowledgeBase.open(whole) as knowledge:
            for step in steps[:-1]:
                carry_out(knowledge, step)
        shutil.copytree(whole, self.before)
        (segment,) = (whole / "journal").glob("*.rdfp")
        self.segment = segment.name
        self.begin = segment.stat().st_size
        with KnowledgeBase.open(whole) as knowledge:
            carry_out(knowledge, steps[-1])
        self.bytes = segment.read_bytes()

    def left(self, text: bytes) -> tuple[Path, Ledger]:
        """A copy whose journal is `text`, and what may be in it."""
        store = self.folder / "torn.kb"
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(self.before, store)
        (store / "journal" / self.segment).write_bytes(text)
        ledger = Ledger()
        for step in self.steps[:-1]:
            ledger.acknowledge(step)
        ledger.attempt(self.steps[-1])
        return store, ledger


@pytest.fixture
def torn(tmp_path: Path) -> Torn:
    steps = plan(seeded(), [1, 2, 3], 12, size=20, loads=False, ledger=Ledger())
    # The last step must change something that is there or not there.
    return Torn(tmp_path, [*steps, Step(9, None, 1, 20)])


def test_a_torn_end_is_no_commit_and_a_whole_one_is(torn: Torn) -> None:
    draws = seeded()
    size = len(torn.bytes)
    for cut in [
        torn.begin,
        torn.begin + 1,
        size - 1,
        size,
        *draws.choices(range(torn.begin, size), k=ROUNDS // 2),
    ]:
        store, ledger = torn.left(torn.bytes[:cut])
        inspect(store, ledger)
        assert ledger.versions[9] == ({1} if cut == size else {None}), cut


def test_a_flipped_bit_in_what_was_not_acknowledged_makes_it_no_commit(torn: Torn) -> None:
    draws = seeded()
    for _ in range(ROUNDS // 2):
        text = bytearray(torn.bytes)
        at = draws.randrange(torn.begin, len(text))
        text[at] ^= 1 << draws.randrange(8)
        store, ledger = torn.left(bytes(text))
        inspect(store, ledger)
        assert ledger.versions[9] == {None}, at


def test_a_journal_that_lost_an_acknowledged_commit_is_told_and_not_written_over(torn: Torn) -> None:
    store = torn.folder / "bare.kb"
    for text in (torn.bytes[: torn.begin], torn.bytes[: torn.begin + 40], torn.bytes[: len(torn.bytes) - 1]):
        (store / "journal" / torn.segment).write_bytes(text)
        with KnowledgeBase.open(store, read_only=True) as reader:
            shown = sorted(b"".join(reader.dump()).splitlines())
        with KnowledgeBase.open(store) as knowledge, pytest.raises(KbError, match="journal"):
            carry_out(knowledge, Step(10, None, 1, 3))
        with KnowledgeBase.open(store, read_only=True) as reader:
            assert sorted(b"".join(reader.dump()).splitlines()) == shown


def test_a_commit_that_was_journalled_but_not_published_is_replayed(torn: Torn) -> None:
    store, ledger = torn.left(torn.bytes)
    with KnowledgeBase.open(store, read_only=True) as reader:
        assert ledger.look(reader)[9] is None
    inspect(store, ledger)
    assert ledger.versions[9] == {1}


def test_a_store_with_nothing_but_a_journal_is_made_from_it(torn: Torn) -> None:
    store, ledger = torn.left(torn.bytes)
    for path in store.iterdir():
        if path.name not in ("journal", "kb.toml"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    with KnowledgeBase.open(store) as knowledge:
        carry_out(knowledge, Step(10, None, 1, 3))
        ledger.acknowledge(Step(10, None, 1, 3))
        ledger.settle(knowledge)
