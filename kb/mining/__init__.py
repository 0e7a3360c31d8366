"""Mining: knowledge that is worked out from the graph and written back with its evidence."""

from __future__ import annotations

from .edges import Edges, Triples
from .evidence import Evidence, evidence_of, with_evidence
from .review import Candidate, Decision, decide, decisions, queue
from .runs import Recorder, Run, RunChanges, RunReport, changes_of_run, runs, undo_run

__all__ = [
    "Candidate",
    "Decision",
    "Edges",
    "Evidence",
    "Recorder",
    "Run",
    "RunChanges",
    "RunReport",
    "Triples",
    "changes_of_run",
    "decide",
    "decisions",
    "evidence_of",
    "queue",
    "runs",
    "undo_run",
    "with_evidence",
]
