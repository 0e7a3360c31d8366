"""What is acknowledged is kept; what is not is absent: Ctrl-C, kill, a full disk, a second writer, a torn end."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import StoreLocked
from tests.shop import BRANDS, turtle

LOADER = """
import sys
from kb import KnowledgeBase
with KnowledgeBase.open(sys.argv[1]) as knowledge:
    for path in sys.argv[2:]:
        print(knowledge.load(path).number, flush=True)
"""
LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop()),) * 2)"


def big(folder: Path, name: str, triples: int) -> Path:
    path = folder / name
    lines = (f'<urn:{name}:{n}> <urn:p{n % 7}> "{n}" .\n' for n in range(triples))
    path.write_text("".join(lines))
    return path


def loader(store: Path, *files: Path, before: str = "") -> subprocess.Popen[str]:
    script = LOADER.replace("import sys\n", f"import sys\n{before}\n")
    command = [sys.executable, "-c", script, str(store), *map(str, files)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def dump(store: Path) -> set[bytes]:
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        return set(b"".join(knowledge.dump()).splitlines())


@pytest.fixture
def store(store: Path, tmp_path: Path) -> Path:
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS))
    return store


@pytest.mark.parametrize("moment", [0.4, 0.9, 1.5])
def test_an_interrupt_leaves_the_store_as_before_or_after(store: Path, tmp_path: Path, moment: float) -> None:
    before = dump(store)
    process = loader(store, big(tmp_path, "big.nt", 60_000))
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    told, _ = process.communicate(timeout=60)
    after = dump(store)
    if told.strip():
        assert len(after) > 60_000
    else:
        assert after == before
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(big(tmp_path, "small.nt", 10))
    assert not list((store / "staging").glob("*"))


def test_a_full_disk_leaves_the_store_as_before(store: Path, tmp_path: Path) -> None:
    before = dump(store)
    process = loader(store, big(tmp_path, "big.nt", 60_000), Path("1000000"), before=LIMITED)
    process.communicate(timeout=120)
    assert process.returncode != 0
    assert dump(store) == before
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(big(tmp_path, "small.nt", 10))
        assert knowledge.log()[-1].added == 10


def test_killed_writers_lose_no_acknowledged_commit(store: Path, tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    files = [big(tmp_path, f"part{n}.nt", 3_000) for n in range(40)]
    acknowledged = 0
    for _ in range(4):
        process = loader(store, *files[acknowledged:])
        time.sleep(moments.uniform(1.0, 4.0))
        process.kill()
        told, _ = process.communicate(timeout=60)
        acknowledged += len(told.split())
        with KnowledgeBase.open(store) as knowledge:
            with knowledge.commit(source="probe", message="look") as change:
                change.add("urn:probe", "urn:at", acknowledged)
            sources = {one.source for one in knowledge.log()}
            counts = {
                name: len(list(knowledge.query(f"SELECT * {{ GRAPH <{graph(name)}> {{ ?s ?p ?o }} }}")))
                for name in (f"part{n}" for n in range(len(files)))
            }
        assert {f"part{n}" for n in range(acknowledged)} <= sources
        assert all(counts[f"part{n}"] == 3_000 for n in range(acknowledged))
        assert set(counts.values()) <= {0, 3_000}


def graph(source: str) -> str:
    return f"https://w3id.org/commerce-kb/graph/{source}"


def test_a_killed_first_commit_leaves_a_store_that_works(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.kb", tmp_path / "cut.kb"
    with KnowledgeBase.open(whole) as knowledge:
        knowledge.init()
    cut.mkdir()
    shutil.copytree(whole / "journal", cut / "journal")
    with KnowledgeBase.open(cut) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS))
        assert [one.source for one in knowledge.log()] == ["ontology", "feed"]
    with KnowledgeBase.open(whole) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS))
    assert dump(cut) == dump(whole)


def test_threads_that_share_a_knowledge_base_write_one_after_another(store: Path) -> None:
    with KnowledgeBase.open(store) as knowledge:

        def write(number: int) -> None:
            with knowledge.commit(source=f"thread{number}", message="x") as change:
                change.add(f"urn:thread:{number}", "urn:p", number)

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(write, range(6)))
        assert len(list(knowledge.query("SELECT * { ?s <urn:p> ?o }"))) == 6


def test_a_commit_that_was_journalled_but_not_published_is_replayed(store: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.kb"
    shutil.copytree(store, old)
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(big(tmp_path, "more.nt", 100))
    for segment in (store / "journal").glob("*.rdfp"):
        shutil.copy(segment, old / "journal")
    with KnowledgeBase.open(old) as knowledge:
        assert knowledge.load(tmp_path / "more.nt").commit is None
        assert knowledge.snapshot.name.startswith("00000003-")
    assert dump(old) == dump(store)


def test_a_second_writer_is_told_who_holds_the_store(store: Path) -> None:
    with KnowledgeBase.open(store) as one, KnowledgeBase.open(store) as other:
        one.folder.lock()
        with pytest.raises(StoreLocked, match=str(os.getpid())):
            other.folder.lock()


def test_readers_see_a_commit_of_another_process_at_their_next_question(store: Path, tmp_path: Path) -> None:
    with KnowledgeBase.open(store, read_only=True) as reader:
        question = 'ASK { <urn:late.nt:0> ?p "0" }'
        assert not reader.query(question)
        process = loader(store, big(tmp_path, "late.nt", 10))
        assert process.wait(timeout=60) == 0
        process.communicate()
        assert reader.query(question)
