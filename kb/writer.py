"""The writer of a store: one thread at a time carries everybody's commits, several at once.

A commit's order: ground diff, gate, journal (this is the commit), consequences, Oxigraph and columns, snapshot,
pointer. The journal may be written while the snapshot is made, but the pointer waits for it. Commits that wait for
the same turn share one sync, one reasoning and one snapshot, each judged by itself. Whatever fails before the pointer
has moved leaves the store as it was; a commit that a crash left journalled but unpublished is replayed next.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from .columns.image import Image
from .columns.rows import Rows
from .contradictions import consistent
from .drafts import Draft, judge_together
from .errors import StoreDamaged, WriteFailed
from .gate import Verdict
from .pipeline import Inference, Judged, Model, Wish, bring, judge
from .store import Commit, Folder, Staging
from .store.quarantine import Quarantine

# How many commits share one snapshot at most, so that the first does not wait for ever.
_MOST_TOGETHER = 256
# How long (seconds) a turn waits for the next of those who went along with the last one: a snapshot costs more.
_PATIENCE = 0.03
# A failed load's terms are thrown away with the staging stores where they are this many.
_MANY_TERMS = 100_000


@dataclass(frozen=True)
class Outcome:
    """What became of a wish; `commit` is None where nothing changed, `inference` where it was a dry run.

    A `verdict` without commit is about nodes that were in quarantine before and stay there.
    """

    commit: Commit | None
    verdict: Verdict | None = None
    inference: Inference | None = None


@dataclass(frozen=True)
class Turn:
    """What a wish is made from when its turn has come: the number it gets, and the stores to encode for."""

    number: int
    staging: Staging


Work = Draft | Callable[[Turn], "Wish | Outcome"]


@dataclass(eq=False)
class _Ticket:
    """A piece of work in the queue, and how it ended."""

    work: Work
    alone: bool
    abandoned: Callable[[], bool] | None = None
    outcome: Outcome | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        return self.outcome is not None or self.error is not None

    @property
    def given_up(self) -> bool:
        """Whether nobody wants it any more."""
        return self.abandoned is not None and self.abandoned()

    def check(self) -> None:
        """Raise CancelledError when nobody wants it any more."""
        if self.given_up:
            raise CancelledError


@dataclass
class Writer:
    """Carries commits into a store's folder."""

    folder: Folder
    _queue: deque[_Ticket] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _arrived: threading.Condition = field(init=False)
    _freed: threading.Condition = field(init=False)
    _busy: bool = False
    _expected: int = 1
    _staging: Staging | None = None
    _model: Model | None = None
    _inference: Inference | None = None
    _merger: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "kb-merge"))
    _merging: Future[Image] | None = None
    _scribe: Executor = field(default_factory=lambda: ThreadPoolExecutor(1, "kb-journal"))

    def __post_init__(self) -> None:
        self._arrived, self._freed = threading.Condition(self._lock), threading.Condition(self._lock)

    def submit(
        self, work: Work, *, alone: bool = False, abandoned: Callable[[], bool] | None = None
    ) -> Outcome:
        """Have a wish made and carried out; returns when it is durable and visible.

        `work` makes the wish when its turn has come, and may end the matter itself with an outcome. With `alone`
        it sees all commits before it published. Raises what `work` raises, GateRefused, StoreLocked, WriteFailed, and
        CancelledError when `abandoned` says so before the journal has the commit.
        """
        ticket = _Ticket(work, alone, abandoned)
        with self._lock:
            self._queue.append(ticket)
            if len(self._queue) >= self._expected:
                self._arrived.notify()
        try:
            while not ticket.done:
                with self._turn(lambda: ticket.done) as free:
                    if free:
                        self._carry(self._next(), ticket)
        except BaseException:  # Ctrl-C while waiting: nobody shall carry it any more.
            with suppress(ValueError):
                self._queue.remove(ticket)
            raise
        if ticket.error is not None:
            raise ticket.error
        assert ticket.outcome is not None
        return ticket.outcome

    def recover(self) -> int:
        """Catch up with what a crash has left in the journal; gives the number of commits replayed."""
        with self._turn():
            try:
                with self._locked() as replayed:
                    return replayed
            except BaseException:
                self._discard()
                raise

    def close(self) -> None:
        """Let go of the staging stores."""
        with self._turn():
            self._discard()

    @contextmanager
    def _turn(self, settled: Callable[[], bool] = lambda: False) -> Iterator[bool]:
        """Be the one thread that changes things; gives False, and is not it, when the matter is settled first."""
        mine = False
        try:
            with self._lock:
                self._freed.wait_for(lambda: settled() or not self._busy)
                mine = not settled()
                self._busy = self._busy or mine
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._busy = False
                    self._freed.notify_all()

    def _next(self) -> list[_Ticket]:
        """The tickets at the head of the queue that go together."""
        if self._expected > 1 and not self._queue[0].alone:
            with self._lock:
                known = 0
                while known < len(self._queue) < self._expected:
                    known = len(self._queue)
                    self._arrived.wait(_PATIENCE)
        found = [self._queue.popleft()]
        # What a commit contradicts must be known before the next one is looked at.
        most = _MOST_TOGETHER if self.folder.settings.contradictions == "warn" else 1
        while self._queue and len(found) < most and not (found[0].alone or self._queue[0].alone):
            found.append(self._queue.popleft())
        return found

    def _carry(self, tickets: list[_Ticket], own: _Ticket) -> None:
        try:
            with self._locked():
                self._carry_on(tickets)
            self._expect(tickets)
            self.folder.prune()
        except BaseException as error:
            late = own.done
            self._discard()
            for ticket in tickets:
                if not ticket.done and (ticket is own or isinstance(error, Exception)):
                    ticket.error = self._told(error)
            # Ctrl-C ends one thread's work, not that of the others.
            self._queue.extendleft(reversed([one for one in tickets if not one.done]))
            self._expect(tickets)
            if late and not isinstance(error, Exception):
                raise  # Ctrl-C behind the commit

    def _expect(self, tickets: list[_Ticket]) -> None:
        """Let go those whose commits have ended; so many may come to the next turn."""
        with self._lock:
            self._expected = min(len(tickets) + len(self._queue), _MOST_TOGETHER)
            self._freed.notify_all()

    def _told(self, error: BaseException) -> BaseException:
        """A fault of the disk as people read it; other errors as they are."""
        if not isinstance(error, OSError):
            return error
        told = WriteFailed(
            f"The store can't be written: {error.strerror or error}",
            where=str(self.folder.path),
            hint="make room on the disk and try again; the store is as it was",
        )
        told.__cause__ = error
        return told

    def _carry_on(self, tickets: list[_Ticket]) -> None:
        staging = self._staging
        assert staging is not None
        if self._merging and self._merging.done():
            staging.rebase(self._merging.result())
            self._merging = None
            if self._inference is not None:
                self._inference = replace(self._inference, image=staging.image)
        known = len(staging.image.dictionary)
        carried = self._judged_together(tickets, staging)
        if carried is None:
            carried = self._judged_in_turn(tickets, staging)
        if carried:
            staging.image = carried[-1][1].image
            inference = self._journalled([judged for _, judged in carried])
            for ticket, judged in carried:
                ticket.outcome = Outcome(judged.commit, judged.verdict, inference)
        elif len(staging.image.dictionary) - known > _MANY_TERMS:
            self._discard()

    def _judged_together(
        self, tickets: list[_Ticket], staging: Staging
    ) -> list[tuple[_Ticket, Judged]] | None:
        """Tickets looked at in one pass; None where that can't be."""
        if len(tickets) < 2 or self._model_of(staging).shapes.shapes:
            return None
        drafts = [one.work for one in tickets if isinstance(one.work, Draft) and not one.given_up]
        if len(drafts) < len(tickets):
            return None
        found = judge_together(staging.image, drafts, self.folder.journal.last + 1)
        if found is None:
            return None
        for ticket, judged in zip(tickets, found, strict=True):
            if judged is None:
                ticket.outcome = Outcome(None)
        return [(ticket, one) for ticket, one in zip(tickets, found, strict=True) if one]

    def _judged_in_turn(self, tickets: list[_Ticket], staging: Staging) -> list[tuple[_Ticket, Judged]]:
        """Tickets looked at one after another, each on what those before it make."""
        image, number = staging.image, self.folder.journal.last
        carried = []
        for ticket in tickets:
            staging.image = image
            judged = self._judged(ticket, Turn(number + 1, staging))
            if judged is None:
                continue
            image, number = judged.image, number + 1
            carried.append((ticket, judged))
            if Model.is_read_from(judged.commit.graphs.split()):
                self._model = None
        staging.image = image
        return carried

    def _judged(self, ticket: _Ticket, turn: Turn) -> Judged | None:
        """A ticket's wish behind the gate; None where the ticket has its outcome or error already."""
        image = turn.staging.image
        try:
            ticket.check()
            work = ticket.work
            wish = work.wish(turn.number, image) if isinstance(work, Draft) else work(turn)
            if isinstance(wish, Outcome):
                ticket.outcome = wish
                return None
            ticket.check()
            model, settings = self._model_of(turn.staging), self.folder.settings
            judged = judge(turn.staging, image, wish, model)
            if judged and turn.number > 1 and settings.contradictions != "warn":
                judged = consistent(turn.staging, image, wish, judged, model, settings, self._inference)
            ticket.check()
        except Exception as error:
            ticket.error = error
            return None
        if judged is None or wish.dry_run:
            ticket.outcome = Outcome(judged.commit, judged.verdict) if judged else Outcome(None)
            return None
        if self._lies_there(judged):
            ticket.outcome = Outcome(None, judged.verdict)
            return None
        return judged

    def _lies_there(self, judged: Judged) -> bool:
        """Whether all that a commit would do is to put into quarantine what lies there."""
        held, commit, dictionary = judged.verdict, judged.commit, judged.image.dictionary
        if held is None or not held.nodes or commit.added or commit.removed:
            return False
        quarantine = Quarantine(self.folder.path / "quarantine")
        quads, spared = (rows.batches(dictionary) for rows in (held.quarantined, held.spared))
        entry = quarantine.standing(commit.source, quads=quads, spared=spared)
        if entry:  # The reasons may be others by now.
            quarantine.describe(entry, report=held.report.to_dict())
        return entry is not None

    def _journalled(self, group: list[Judged]) -> Inference:
        """Write commits to the journal and publish them; all of it or none."""
        staging, journal = self._staging, self.folder.journal
        assert staging is not None
        before, dictionary = journal.last, staging.image.dictionary
        quarantine = Quarantine(self.folder.path / "quarantine")
        appended: Future[None] = Future()
        appended.set_result(None)
        try:
            for one in group:
                if one.verdict and one.verdict.nodes:
                    held, report = one.verdict, one.verdict.report.to_dict()
                    quads, spared = (rows.batches(dictionary) for rows in (held.quarantined, held.spared))
                    quarantine.put(one.commit, nodes=held.nodes, quads=quads, spared=spared, report=report)
            records = [one.record for one in group]
            if all(one.ready for one in records):
                appended = self._scribe.submit(journal.append, records)
            else:
                journal.append(records)
            return self._publish(staging, group[-1].commit.name, appended.result, group[-1].inference)
        except BaseException:
            wait([appended])
            if not self.folder.exists or self.folder.current_name() != group[-1].commit.name:
                journal.cut(after=before)
                for one in group:
                    quarantine.drop(one.commit)
            raise

    def _publish(
        self,
        staging: Staging,
        name: str,
        journalled: Callable[[], None] = lambda: None,
        ready: Inference | None = None,
    ) -> Inference:
        """Reason over the staged image and make it the current snapshot, once it is `journalled`."""
        model, settings = self._model_of(staging), self.folder.settings
        inference = bring(staging, staging.image, settings, model=model, before=self._inference, ready=ready)
        self.folder.publish(staging, name, journalled)
        if self._merging is None and staging.image.merge_due():
            self._merging = self._merger.submit(staging.merged, staging.image)
        self._inference = inference
        return inference

    def _model_of(self, staging: Staging) -> Model:
        if self._model is None:
            self._model = Model.of(staging.image, self.folder.settings)
        return self._model

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Hold the write lock, with staging stores that are in step with the journal; gives what was replayed."""
        self.folder.lock()
        try:
            current = self.folder.current_name() if self.folder.exists else ""
            if self._staging is None or self._staging.name != current:
                self._discard()
                self._staging = self.folder.stage()
            yield self._replay(self._staging)
        finally:
            self.folder.unlock()

    def _replay(self, staging: Staging) -> int:
        """Bring the snapshot to what the journal holds; a new writer's first duty."""
        journal = self.folder.journal
        current, last = _number(staging.name), journal.last
        if current > last or (current and not staging.name.startswith(journal.get(current).name)):
            raise StoreDamaged(
                f"The snapshot is of commit #{current}, which the journal does not hold: it ends at #{last}",
                where=str(self.folder.path),
                hint="see what is lost with kb doctor; kb rebuild --from snapshot makes the snapshot the new beginning",
            )
        if current == last:
            return 0
        Quarantine(self.folder.path / "quarantine").keep({one.name for one in journal.commits()})
        image, dictionary = staging.image, staging.image.dictionary
        for number in range(current + 1, last + 1):
            added, removed = (
                Rows.encoded(dictionary, journal.read(number, adds=adds)) for adds in (True, False)
            )
            added, removed = image.effective(added=added, removed=removed)
            image = image.changed(added=added, removed=removed)
        staging.image, self._model = image, None
        self._publish(staging, journal.get(last).name)
        return last - current

    def _discard(self) -> None:
        if self._staging is not None:
            self._staging.close()
        self._staging = self._model = self._inference = self._merging = None


def _number(name: str) -> int:
    return int(name.split("-")[0]) if name else 0
