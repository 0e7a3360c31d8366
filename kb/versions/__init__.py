"""Versions: commits by reference, what they changed, and the graph as it was at one of them."""

from .changes import Changes, changes_between, changes_of
from .kept import Kept, kept_snapshots, pin, unpin
from .names import names_of
from .past import PastFolder, as_of, snapshot_named
from .patches import patches
from .references import Reference, commit_of, instant, selected, visible

__all__ = [
    "Changes",
    "Kept",
    "PastFolder",
    "Reference",
    "as_of",
    "changes_between",
    "changes_of",
    "commit_of",
    "instant",
    "kept_snapshots",
    "names_of",
    "patches",
    "pin",
    "selected",
    "snapshot_named",
    "unpin",
    "visible",
]
