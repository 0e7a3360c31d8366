"""Rounds of a process that works on a store and is killed at a random moment."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL

from kb import KnowledgeBase
from tests.faults.ledger import Ledger, Step
from tests.faults.work import DONE, READY, Job, carry_out, run

SMALL = 'ontology = []\nshapes = []\nreasoning = "none"\n'
ROUNDS = int(os.environ.get("KB_FAULT_ROUNDS", "20"))
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.faults.work"])


def seeded(seed: int | None = None) -> random.Random:
    """Draws from a seed, which is printed; KB_FAULT_SEED repeats one."""
    given = os.environ.get("KB_FAULT_SEED")
    seed = int(given) if given else random.SystemRandom().randrange(1 << 32)
    print(f"KB_FAULT_SEED={seed}")
    return random.Random(seed)


def bare_store(folder: Path, settings: str = SMALL, *, made: bool = True) -> Path:
    """A new store without ontology, shapes and reasoning, or only its settings."""
    store = folder / "bare.kb"
    store.mkdir(parents=True)
    (store / "kb.toml").write_text(settings)
    if made:
        with KnowledgeBase.open(store) as knowledge:
            knowledge.init()
    return store


@dataclass
class Told:
    """What a process said before it ended."""

    acknowledged: dict[int, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    begun: bool = False
    done: bool = False


@dataclass(frozen=True)
class Moment:
    """When a process is killed: so many acknowledgements after its beginning, and then so many seconds."""

    steps: int
    seconds: float


def ended(job: Job, *, moment: Moment | None = None, signal: int = SIGKILL, patience: float = 120) -> Told:
    """Have a job done by a process, which gets a signal at a moment; gives everything that it said.

    `patience` is how many seconds may pass without a word.
    """
    here, there = _PROCESSES.Pipe(duplex=False)
    process = _PROCESSES.Process(target=run, args=(job, there))
    process.start()
    there.close()
    told = Told(dict.fromkeys(range(len(job.threads)), 0))
    waiting, due = moment, None
    try:
        while True:
            reached = told.begun and waiting and sum(told.acknowledged.values()) >= waiting.steps
            if waiting and reached and due is None:
                due = time.monotonic() + waiting.seconds
            if not here.poll(patience if due is None else max(0.0, due - time.monotonic())):
                assert due is not None and process.pid, "the process says nothing any more"
                os.kill(process.pid, signal)
                waiting = due = None
                continue
            said = here.recv_bytes()
            if said == READY:
                told.begun = True
            elif said == DONE:
                told.done = True
            elif said.startswith(b"error"):
                told.errors.append(said.decode())
            else:
                thread, number = map(int, said.split())
                told.acknowledged[thread] = number + 1
    except EOFError:
        process.join()
        return told
    finally:
        process.kill()


def note(ledger: Ledger, threads: list[list[Step]], told: Told) -> int:
    """Enter what a process has done, and what it may have done; gives the number of acknowledged steps."""
    for thread, steps in enumerate(threads):
        count = told.acknowledged[thread]
        for step in steps[:count]:
            ledger.acknowledge(step)
        if count < len(steps):
            ledger.attempt(steps[count])
    return sum(told.acknowledged.values())


def inspect(store: Path, ledger: Ledger) -> None:
    """What must hold after any crash: a reader sees whole commits, the next writer goes on, nothing is left over."""
    if (store / "CURRENT").exists():
        with KnowledgeBase.open(store, read_only=True) as reader:
            ledger.look(reader)
    with KnowledgeBase.open(store) as knowledge:
        probe = Step(1_000_000, ledger.state_of(1_000_000), time.monotonic_ns(), 1)
        carry_out(knowledge, probe)
        ledger.acknowledge(probe)
        ledger.settle(knowledge)
        diagnosis = knowledge.doctor()
        assert diagnosis, str(diagnosis)
    assert not list((store / "staging").glob("*"))
