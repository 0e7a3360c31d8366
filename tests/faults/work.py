"""What the processes do that are killed: steps in one thread or in several, each acknowledged when it has returned."""

from __future__ import annotations

import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import pyoxigraph as ox

from kb import KnowledgeBase
from tests.faults.ledger import Quad, Step, lines

READY, DONE = b"ready", b"done"


@dataclass(frozen=True)
class Job:
    """The steps of each thread on a store, and what is done beside them; `limit` is the most bytes of a file."""

    store: Path
    threads: Sequence[Sequence[Step]]
    limit: int | None = None
    beside: Callable[[KnowledgeBase, Path], None] | None = None


def carry_out(knowledge: KnowledgeBase, step: Step) -> None:
    """One step as one commit."""
    if step.loads:
        knowledge.load(feed(knowledge.folder.path, step), source=step.source, message=step.message)
        return
    with knowledge.commit(source=step.source, message=step.message) as change:
        for quads, note in ((step.quads(step.before), change.remove), (step.quads(step.after), change.add)):
            for quad in quads - step.quads(step.after if note == change.remove else step.before):
                note(*_terms(quad))


def feed(store: Path, step: Step) -> Path:
    """The file that a step loads."""
    path = store.with_name(f"{step.source}.{step.after}.nt")
    if not path.exists():
        path.write_text(lines(step.quads(step.after)))
    return path


def _terms(quad: Quad):
    subject, predicate, value, _ = quad
    return subject[1:-1], predicate[1:-1], ox.Literal(value[1:-1])


def back_up(knowledge: KnowledgeBase, store: Path) -> None:
    """Back a store up again and again."""
    while True:
        knowledge.backup(store.with_name(f"backup-{time.time_ns()}"))


def run(job: Job, told: Connection) -> None:
    """Carry a job out; ``thread number`` is told for each step, and what went wrong."""
    # Whoever runs tests in the background may have had it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if job.limit:
        for step in (step for steps in job.threads for step in steps if step.loads):
            feed(job.store, step)
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.limit, job.limit))

    def told_of(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            told.send_bytes(f"error {type(error).__module__}.{type(error).__name__} {error}".encode()[:2000])
            traceback.print_exc()

    def work(thread: int) -> None:
        for number, step in enumerate(job.threads[thread]):
            carry_out(knowledge, step)
            told.send_bytes(f"{thread} {number}".encode())

    with KnowledgeBase.open(job.store) as knowledge:
        told.send_bytes(READY)
        if len(job.threads) == 1 and not job.beside:  # In the main thread, which gets the signals.
            told_of(partial(work, 0))
            return told.send_bytes(DONE)
        threads = [
            threading.Thread(target=told_of, args=(partial(work, one),)) for one in range(len(job.threads))
        ]
        for thread in threads:
            thread.start()
        if job.beside:
            told_of(partial(job.beside, knowledge, job.store))
        for thread in threads:
            thread.join()
    told.send_bytes(DONE)
