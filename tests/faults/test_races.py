"""Processes that open and write at once: one writes, the others are told who, and no commit is lost or twice."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import StoreLocked
from tests.conftest import ROOT
from tests.faults.killing import SMALL, bare_store

RACER = """
import sys, time
from kb import KnowledgeBase
from kb.errors import StoreLocked
store, name, start = sys.argv[1:]
time.sleep(max(0, float(start) - time.time()))
done = 0
while done < 3:
    with KnowledgeBase.open(store) as knowledge:
        try:
            with knowledge.commit(source="race", message=f"{name} {done}") as change:
                change.add(f"urn:racer:{name}:{done}", "urn:p", done)
            done += 1
        except StoreLocked as locked:
            print(locked, flush=True)
            time.sleep(0.01)
"""


@pytest.mark.parametrize("there", [True, False], ids=["a store", "no store yet"])
def test_eight_processes_open_and_write_at_once(there: bool, tmp_path: Path) -> None:
    store = tmp_path / "bare.kb"
    if there:
        bare_store(tmp_path)
    else:
        store.mkdir()
        (store / "kb.toml").write_text(SMALL)
    start = str(time.time() + 2)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACER, str(store), str(name), start],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in range(8)
    ]
    said = [racer.communicate(timeout=300) for racer in racers]
    assert [racer.returncode for racer in racers] == [0] * 8, [faults for _, faults in said]
    processes = {str(racer.pid) for racer in racers}
    for line in "".join(told for told, _ in said).splitlines():
        (holder,) = re.findall(r"Process (\d+) is writing|another process is writing", line)
        assert holder in processes | {""}
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        commits = knowledge.log()
        assert [one.number for one in commits] == list(range(1, 26))
        assert sorted(one.message for one in commits[1:]) == sorted(
            f"{name} {number}" for name in range(8) for number in range(3)
        )
        assert len(list(knowledge.query("SELECT ?s { ?s <urn:p> ?o }"))) == 24


def test_a_second_writer_is_told_who_holds_the_store(store: Path) -> None:
    with KnowledgeBase.open(store) as one, KnowledgeBase.open(store) as other:
        one.folder.lock()
        with pytest.raises(StoreLocked, match=str(os.getpid())):
            other.folder.lock()
        one.folder.unlock()


def test_threads_that_share_a_knowledge_base_write_one_after_another(store: Path) -> None:
    with KnowledgeBase.open(store) as knowledge:

        def write(number: int) -> None:
            with knowledge.commit(source=f"thread{number}", message="x") as change:
                change.add(f"urn:thread:{number}", "urn:p", number)

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(write, range(6)))
        assert len(list(knowledge.query("SELECT * { ?s <urn:p> ?o }"))) == 6


def test_readers_see_a_commit_of_another_process_at_their_next_question(tmp_path: Path) -> None:
    store = bare_store(tmp_path)
    with KnowledgeBase.open(store, read_only=True) as reader:
        question = "ASK { <urn:racer:late:2> ?p 2 }"
        assert not reader.query(question)
        subprocess.run(
            [sys.executable, "-c", RACER, str(store), "late", "0"], cwd=ROOT, check=True, timeout=120
        )
        assert reader.query(question)
