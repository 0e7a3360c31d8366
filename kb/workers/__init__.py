"""Queries in processes that can be ended: a pool of workers, each with one request at a time on a snapshot.

HTTP process                              nursery (python -m kb.workers)
Pool ── "spawn", a socket ──────────────► forks a worker
     ◄── "born", "died" ──────────────────
     ── Query | Call ── its socket ─────► worker
     ◄── ready, data ..., end | fault ────
"""

from .errands import Call, Changed, Dump, Head, Heading, Patches, Query
from .limits import Limits
from .pool import Pool, Stream
from .running import Running, Runs

__all__ = [
    "Call",
    "Changed",
    "Dump",
    "Head",
    "Heading",
    "Limits",
    "Patches",
    "Pool",
    "Query",
    "Running",
    "Runs",
    "Stream",
]
