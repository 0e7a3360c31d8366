"""The store: a journal of commits, and snapshots of what they amount to.

Every commit works on a hard-link clone of the current snapshot; only when the clone is whole does the pointer
move. A crash leaves the current snapshot as it was, and a journal that the next writer catches up with.
"""

from .journal import Commit, Journal
from .snapshots import Folder, Snapshot, Staging

__all__ = ["Commit", "Folder", "Journal", "Snapshot", "Staging"]
