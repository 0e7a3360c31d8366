"""The journal: commits in segments, found again as they were written, whatever happens to the files."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from xxhash import xxh3_128_hexdigest

from kb.columns.batches import QUAD_SCHEMA
from kb.errors import NotFound, StoreDamaged
from kb.store.journal import Commit, Journal, Record

Quad = tuple[str, str, str, str]
XSD = "http://www.w3.org/2001/XMLSchema#"
TERMS = (
    "<urn:iri>",
    "<urn:%C3%A9/é?q=1#买家>",
    "<https://w3id.org/commerce-kb/.well-known/genid/4f1c/0/b1>",
    '""',
    '"plain"',
    '"TC .\\n# xxh3-128 00000000000000000000000000000000 12\\nA "',
    '"quotes \\" and \\\\ and \\ttabs \\r\\n"',
    '"a <urn:not-a-graph> ."',
    '"a _:b ."',
    '"Größe 买家 😀 \u2028\u0085"',
    '"colour"@EN-gb',
    f'"1.50"^^<{XSD}decimal>',
    f'"+007"^^<{XSD}integer>',
    f'"5"^^<{XSD}byte>',
    f'"24:00:00"^^<{XSD}time>',
    f'"plain"^^<{XSD}string>',
    '"x"^^<urn:datatype>',
)


def batch(*quads: Quad) -> pa.RecordBatch:
    columns = list(zip(*quads, strict=True)) if quads else [[]] * 4
    return pa.RecordBatch.from_arrays(
        [pa.array(column, pa.large_string()) for column in columns], schema=QUAD_SCHEMA
    )


def quads_of(number: int, count: int = 3) -> list[Quad]:
    return [(f"<urn:s{number}-{n}>", "<urn:p>", f'"{n}"', "<urn:g>") for n in range(count)]


def record(number: int, count: int = 3, **about: str) -> Record:
    added, removed = quads_of(number, count), quads_of(number - 1, 1)
    commit = Commit(number, added=count, removed=1, **about)
    return Record(commit, [batch(*added)], [batch(*removed)])


def filled(folder: Path, commits: int, **options: int) -> Journal:
    journal = Journal(folder, **options)  # type: ignore[arg-type]
    journal.append([record(number) for number in range(1, commits + 1)])
    return journal


def read(journal: Journal, number: int, *, adds: bool = True) -> list[Quad]:
    batches: Iterator[pa.RecordBatch] = journal.read(number, adds=adds)
    return [tuple(row.values()) for one in batches for row in one.to_pylist()]


def segments(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.rdfp"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def test_terms_of_every_kind_are_read_as_they_were_written(folder: Path) -> None:
    quads = [("<urn:s>", "<urn:p>", term, "<urn:g é>".replace(" ", "%20")) for term in TERMS]
    commit = Commit(
        1, author="o'Neil", message='two\nlines "quoted" \\ 买家', graphs="urn:a urn:b", added=len(quads)
    )
    Journal(folder).append([Record(commit, [batch(*quads[:5]), batch(*quads[5:])], [batch(*quads)])])
    journal = Journal(folder)
    assert journal.commits() == [commit]
    assert read(journal, 1) == quads
    assert read(journal, 1, adds=False) == quads
    assert journal.check() == []


def test_an_empty_journal_has_no_commits(folder: Path) -> None:
    journal = Journal(folder)
    assert (journal.last, journal.commits(), journal.check(), journal.recover()) == (0, [], [], [])
    with pytest.raises(NotFound, match="no commit #1"):
        journal.get(1)


def test_a_group_of_commits_costs_one_sync(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = filled(folder, 1)
    synced, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(handle), sync(handle))[1])
    journal.append([record(number) for number in range(2, 18)])
    assert len(synced) == 1
    assert Journal(folder).last == 17
    relaxed = Journal(folder, durability="os")
    relaxed.append([record(18)])
    assert len(synced) == 1


def test_a_full_segment_is_followed_by_a_new_one(folder: Path) -> None:
    journal = Journal(folder, segment_bytes=1_500)
    for number in range(1, 13):
        journal.append([record(number)])
    names = segments(folder)
    assert names[0] == "00000001.rdfp"
    assert len(names) == 3
    assert all((folder / name).stat().st_size < 3_000 for name in names)
    again = Journal(folder)
    assert [one.number for one in again.commits()] == list(range(1, 13))
    assert all(read(again, number) == quads_of(number) for number in range(1, 13))


def test_commits_are_numbered_on(folder: Path) -> None:
    journal = filled(folder, 2)
    for wrong in (2, 4):
        with pytest.raises(ValueError, match="can't follow commit 2"):
            journal.append([record(wrong)])
    assert journal.last == Journal(folder).last == 2


def test_an_append_that_fails_leaves_the_journal_as_it_was(folder: Path) -> None:
    journal = filled(folder, 2)
    before = (folder / "00000001.rdfp").read_bytes()

    def interrupted() -> Iterator[pa.RecordBatch]:
        yield batch(*quads_of(4, 50_000))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.append([record(3), Record(Commit(4), interrupted(), [])])
    assert (folder / "00000001.rdfp").read_bytes() == before
    assert journal.last == Journal(folder).last == 2
    rotating = Journal(folder, segment_bytes=1)
    with pytest.raises(KeyboardInterrupt):
        rotating.append([Record(Commit(3), interrupted(), [])])
    assert segments(folder) == ["00000001.rdfp"]
    rotating.append([record(3)])
    assert read(rotating, 3) == quads_of(3)


LIMITED = """
import resource, sys
from pathlib import Path
from kb.store.journal import Journal
from tests.store.test_journal import record
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
journal = Journal(Path(sys.argv[1]))
try:
    journal.append([record(3), record(4, 50_000)])
except OSError as error:
    print("refused", journal.last)
journal.append([record(3)])
print("appended", journal.last)
"""


def test_a_full_disk_takes_nothing_away_and_small_commits_go_on(folder: Path) -> None:
    filled(folder, 2)
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == ["refused 2", "appended 3"]
    journal = Journal(folder)
    assert journal.check() == journal.recover() == []
    assert read(journal, 3) == quads_of(3)


def test_other_threads_see_the_journal_as_it_was_while_one_appends(folder: Path) -> None:
    journal, seen = filled(folder, 2), []

    def watched() -> Iterator[pa.RecordBatch]:
        for number in range(20):
            with ThreadPoolExecutor(1) as thread:
                seen.append(thread.submit(lambda: (journal.last, len(journal.commits()))).result())
            yield batch(*quads_of(number, 9_000))

    journal.append([record(3), Record(Commit(4), watched(), [])])
    assert set(seen) == {(2, 2)}
    assert (journal.last, len(journal.commits())) == (4, 4)


def test_records_are_as_documented(folder: Path) -> None:
    filled(folder, 2)
    text, place = (folder / "00000001.rdfp").read_bytes(), 0
    for number in (1, 2):
        end = text.index(b"\n# xxh3-128 ", place) + 1
        line = text[end : text.index(b"\n", end)].decode()
        record_text = text[place:end]
        assert line == f"# xxh3-128 {xxh3_128_hexdigest(record_text)} {len(record_text)}"
        lines = record_text.decode().splitlines()
        names = [
            "number",
            "id",
            "time",
            "author",
            "source",
            "message",
            "content",
            "graphs",
            "added",
            "removed",
        ]
        assert [one.split()[1] for one in lines[:10]] == names
        assert lines[0] == f'H number "{number}" .'
        letters = [one.split()[0] for one in lines[10:]]
        assert letters == ["TX", "D", "A", "A", "A", "TC"]
        place = end + len(line) + 1
    assert place == len(text)


def test_commits_that_were_not_published_are_taken_back(folder: Path) -> None:
    journal = Journal(folder, segment_bytes=1_500)
    for number in range(1, 13):
        journal.append([record(number)])
    other = Journal(folder)
    assert other.last == 12
    journal.cut(after=5)
    assert (
        [one.number for one in other.commits()]
        == [one.number for one in journal.commits()]
        == [1, 2, 3, 4, 5]
    )
    journal.append([record(6, 9)])
    assert read(other, 6) == quads_of(6, 9)
    journal.cut(after=0)
    assert segments(folder) == []
    assert (journal.last, other.last, Journal(folder).last) == (0, 0, 0)


def test_other_processes_see_what_was_appended(folder: Path) -> None:
    journal, other = filled(folder, 1), Journal(folder)
    assert other.last == 1
    assert len(other.commits()) == 1
    journal.append([record(2), record(3)])
    assert other.last == 3
    assert other.commits() == journal.commits()


@pytest.mark.parametrize("way", ["missing", "shorter", "longer", "unfinished", "nonsense", "another's"])
def test_an_index_that_is_wrong_is_made_anew(folder: Path, tmp_path: Path, way: str) -> None:
    journal = Journal(folder, segment_bytes=1_500)
    for number in range(1, 10):
        journal.append([record(number)])
    commits, index = journal.commits(), folder / "index.jsonl"
    whole = index.read_bytes()
    if way == "missing":
        index.unlink()
    elif way == "shorter":
        index.write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    elif way == "longer":
        journal.append([record(10)])
        longer = index.read_bytes()
        journal.cut(after=9)
        index.write_bytes(longer)
    elif way == "unfinished":
        index.write_bytes(whole[:-9])
    elif way == "nonsense":
        index.write_bytes(b"\x00" * len(whole))
    else:
        filled(tmp_path / "other", 12)
        shutil.copy(tmp_path / "other" / "index.jsonl", index)
    stale = index.read_bytes() if index.exists() else None
    reader = Journal(folder)
    assert reader.last == 9
    assert reader.commits() == commits
    assert read(reader, 9) == quads_of(9)
    assert (index.read_bytes() if index.exists() else None) == stale, "a reader writes nothing"
    writer = Journal(folder)
    writer.append([record(10)])
    assert Journal(folder).commits()[:9] == commits
    assert index.read_bytes().count(b"\n") == 11
    assert writer.check() == []


def test_a_record_torn_at_any_byte_is_set_aside_and_nothing_else_is_lost(
    folder: Path, tmp_path: Path
) -> None:
    journal = filled(folder, 2)
    path = folder / "00000001.rdfp"
    whole = path.stat().st_size
    index = (folder / "index.jsonl").read_bytes()
    commits = journal.commits()
    journal.append([record(3)])
    longer = path.read_bytes()
    for place in range(whole, len(longer)):
        for known in (index, None):
            shutil.rmtree(folder)
            folder.mkdir()
            path.write_bytes(longer[:place])
            if known:
                (folder / "index.jsonl").write_bytes(known)
            reader = Journal(folder)
            assert reader.commits() == commits
            told = Journal(folder).recover()
            torn = list(folder.glob("torn-*"))
            if place == whole:
                assert (told, torn) == ([], [])
                continue
            assert [one.segment for one in told] == ["00000001.rdfp"]
            assert [one.read_bytes() for one in torn] == [longer[whole:place]]
            assert path.read_bytes() == longer[:whole]
            writer = Journal(folder)
            assert writer.recover() == []
            writer.append([record(3)])
            assert Journal(folder).last == 3


def test_a_first_record_that_is_torn_leaves_an_empty_journal(folder: Path) -> None:
    filled(folder, 1)
    path = folder / "00000001.rdfp"
    path.write_bytes(path.read_bytes()[:-1])
    (folder / "index.jsonl").unlink()
    journal = Journal(folder)
    assert journal.last == 0
    journal.append([record(1)])
    assert journal.check() == []
    assert len(list(folder.glob("torn-*"))) == 1


def test_every_flipped_bit_is_found(folder: Path) -> None:
    journal = Journal(folder, segment_bytes=2_000)
    for number in range(1, 13):
        journal.append([record(number)])
    commits = journal.commits()
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(150):
        path = folder / chance.choice(segments(folder))
        sound = path.read_bytes()
        place = chance.randrange(len(sound))
        path.write_bytes(
            sound[:place] + bytes([sound[place] ^ 1 << chance.randrange(8)]) + sound[place + 1 :]
        )
        damaged = Journal(folder)
        found = damaged.check()
        assert len(found) == 1, place
        assert found[0].segment == path.name
        assert damaged.commits() == commits
        assert read_all(damaged, but=found[0].number)
        path.write_bytes(sound)
    assert Journal(folder).check() == []


def read_all(journal: Journal, *, but: int) -> bool:
    """Every commit but one reads as it was written; that one is refused, or only its checksum row is damaged."""
    for number in range(1, journal.last + 1):
        try:
            assert read(journal, number) == quads_of(number)
        except StoreDamaged:
            assert number == but
    return True


def test_damaged_records_keep_their_place_when_the_index_is_gone_too(folder: Path) -> None:
    journal = Journal(folder, segment_bytes=2_000)
    for number in range(1, 13):
        journal.append([record(number)])
    commits = journal.commits()
    path = folder / segments(folder)[1]
    first = int(path.stem)
    text = path.read_bytes()
    path.write_bytes(
        text.replace(b"# xxh3", b"# xxhs", 1).replace(f"<urn:s{first + 1}-1>".encode(), b"<urn:lost>")
    )
    (folder / "index.jsonl").unlink()
    again = Journal(folder)
    assert again.last == 12
    damaged = {first, first + 1}
    assert [one for one in again.commits() if one.number not in damaged] == [
        one for one in commits if one.number not in damaged
    ]
    assert {one.number for one in again.check()} == damaged
    for number in damaged:
        with pytest.raises(StoreDamaged):
            read(again, number)
    assert read(again, first + 2) == quads_of(first + 2)


def test_a_record_larger_than_the_buffers_is_read_whole(folder: Path) -> None:
    journal = Journal(folder)
    journal.append([record(1, 150_000), record(2)])
    assert read(journal, 1) == quads_of(1, 150_000)
    (folder / "index.jsonl").unlink()
    again = Journal(folder)
    assert again.last == 2
    assert again.check() == []


APPENDER = """
import sys
from pathlib import Path
from kb.store.journal import Journal
from tests.store.test_journal import record
journal = Journal(Path(sys.argv[1]), segment_bytes=40_000)
journal.recover()
while True:
    first = journal.last + 1
    journal.append([record(number, number % 7 * 100) for number in range(first, first + first % 3 + 1)])
    print(journal.last, flush=True)
"""


def test_killed_writers_lose_nothing_that_was_acknowledged(folder: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged = 0
    for _ in range(20):
        writer = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        told = [writer.stdout.readline() for _ in range(chance.randrange(1, 8))]
        if chance.random() < 0.5:
            os.kill(writer.pid, 0)
        writer.kill()
        rest, _ = writer.communicate()
        acknowledged = max([acknowledged, *map(int, "".join([*told, rest]).split())])
        if chance.random() < 0.3:
            (folder / "index.jsonl").unlink()
        journal = Journal(folder)
        assert journal.last >= acknowledged
        numbers = chance.sample(range(1, journal.last + 1), min(journal.last, 10))
        assert all(read(journal, number) == quads_of(number, number % 7 * 100) for number in numbers)
    Journal(folder).recover()
    assert Journal(folder).check() == []
