"""Compaction: one base in the place of all patches, whole or not at all."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.errors import NotFound, StoreDamaged
from kb.store.journal import Commit, Journal, Record
from tests.store.test_journal import Quad, batch, quads_of, read, record, segments
from tests.store.test_journal_private import order_of


def replayed(journal: Journal) -> set[Quad]:
    """The state that a journal amounts to."""
    state = {tuple(row.values()) for one in journal.read_base() for row in one.to_pylist()}
    for number in range(journal.oldest, journal.last + 1):
        state -= set(read(journal, number, adds=False))
        state |= set(read(journal, number))
    return state


def filled(folder: Path, *, private: bool = False) -> Journal:
    journal = Journal(folder, segment_bytes=2_000)
    for number in range(1, 11):
        journal.append([record(number)])
    if private:
        journal.append([Record(Commit(11), [batch(*order_of("ann"), *quads_of(11))], [])])
    return journal


def compact(journal: Journal, **options: bool) -> None:
    journal.compact([batch(*sorted(replayed(journal)))], through=journal.get(journal.last), **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.mark.parametrize("indexed", [True, False])
def test_a_base_amounts_to_what_the_patches_did(folder: Path, indexed: bool) -> None:
    journal = filled(folder, private=True)
    state, commits = replayed(journal), journal.commits()
    assert journal.base is None
    compact(journal)
    if not indexed:
        (folder / "index.jsonl").unlink()
    again = Journal(folder)
    assert replayed(again) == state
    assert again.commits() == commits
    assert (again.base, again.oldest, again.last) == (commits[-1], 12, 11)
    assert again.get(4) == commits[3]
    assert segments(folder) == ["00000011.00.base.rdfp"]
    assert again.check() == again.recover() == []
    assert b"ann" not in (folder / "00000011.00.base.rdfp").read_bytes()
    with pytest.raises(NotFound, match=r"base, as of commit #11.*later commits"):
        read(again, 4)
    again.append([record(12)])
    assert replayed(journal) == state - set(quads_of(11, 1)) | set(quads_of(12))
    with pytest.raises(NotFound, match="from #12 on"):
        read(journal, 11)
    with pytest.raises(ValueError, match="part of the base"):
        journal.cut(after=10)
    journal.cut(after=11)
    assert (Journal(folder).last, replayed(journal)) == (11, state)


def test_a_base_is_outdone_by_the_next(folder: Path) -> None:
    journal = filled(folder)
    compact(journal)
    compact(journal)
    assert segments(folder) == ["00000010.01.base.rdfp"]
    journal.append([record(11)])
    state = replayed(journal)
    compact(journal)
    assert segments(folder) == ["00000011.00.base.rdfp"]
    assert replayed(Journal(folder)) == state
    assert len(Journal(folder).commits()) == 11


def test_only_the_newest_commit_can_be_made_a_base(folder: Path) -> None:
    journal = filled(folder)
    with pytest.raises(ValueError, match="newest commit"):
        journal.compact([], through=journal.get(9))
    with pytest.raises(ValueError, match="newest commit"):
        Journal(folder / "none").compact([], through=Commit(0))


def test_older_segments_can_be_kept(folder: Path) -> None:
    journal = filled(folder, private=True)
    old = {name: (folder / name).read_bytes() for name in segments(folder)}
    state = replayed(journal)
    compact(journal, keep=True)
    assert {path.name: path.read_bytes() for path in (folder / "archive").glob("*.rdfp")} == old
    kept = folder.parent / "kept"
    shutil.copytree(folder / "archive", kept)
    assert replayed(Journal(kept)) == state


def test_a_base_mends_a_damaged_record(folder: Path) -> None:
    journal = filled(folder)
    state = replayed(journal)
    first = folder / segments(folder)[0]
    first.write_bytes(first.read_bytes().replace(b"urn:s2-1", b"urn:s2-7"))
    assert [one.number for one in journal.check()] == [2]
    with pytest.raises(StoreDamaged):
        replayed(journal)
    journal.compact([batch(*state)], through=journal.get(10))
    assert journal.check() == []
    assert replayed(Journal(folder)) == state


def test_a_damaged_base_is_found(folder: Path) -> None:
    journal = filled(folder, private=True)
    compact(journal)
    for path in (folder / segments(folder)[0], *(folder / "private").iterdir()):
        sound = path.read_bytes()
        for place in (0, len(sound) // 2, len(sound) - 1):
            path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
            assert [one.number for one in Journal(folder).check()] == [11]
        path.write_bytes(sound)


def test_a_compaction_that_fails_leaves_the_journal_as_it_was(folder: Path) -> None:
    journal = filled(folder, private=True)
    state, names = replayed(journal), segments(folder)

    def broken():
        yield batch(*order_of("bob"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.compact(broken(), through=journal.get(11))
    assert segments(folder) == names
    assert replayed(journal) == replayed(Journal(folder)) == state
    assert {path.stem for path in (folder / "private").iterdir()} <= {Path(name).stem for name in names}


COMPACTOR = """
import sys
from pathlib import Path
from kb.store.journal import Journal
from tests.store.test_journal import batch, record
from tests.store.test_journal_compaction import compact
journal = Journal(Path(sys.argv[1]), segment_bytes=2_000)
print("ready", flush=True)
while True:
    compact(journal, keep=journal.last % 2 == 0)
    journal.append([record(journal.last + 1)])
    print(journal.last, flush=True)
"""


def test_killed_compactions_leave_the_old_journal_or_the_new_one(folder: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    filled(folder, private=True)
    for _ in range(20):
        before = Journal(folder).commits()
        writer = subprocess.Popen(
            [sys.executable, "-c", COMPACTOR, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.2))
        writer.kill()
        told, _ = writer.communicate()
        if chance.random() < 0.3:
            (folder / "index.jsonl").unlink(missing_ok=True)
        reader = Journal(folder)
        assert reader.last >= max([len(before), *map(int, told.split())])
        assert reader.commits()[: len(before)] == before
        expected = {*order_of("ann"), *quads_of(reader.last)}
        for number in range(1, reader.last):
            # Each commit has removed the first quad of the one before it.
            expected |= set(quads_of(number)[1:])
        assert replayed(reader) == expected | ({quads_of(10)[0]} if reader.last >= 11 else set())
        assert not [one for one in reader.check() if one.number]
    journal = Journal(folder)
    journal.recover()
    assert journal.check() == []
    assert not list(folder.glob("*.draft"))
