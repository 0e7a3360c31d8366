"""The store: a journal of commits, and snapshots of what they amount to.

The writer changes its own staging stores and publishes checkpoints of them; only when one is whole does the
pointer move. A crash leaves the current snapshot as it was, and a journal that the next writer catches up with.
"""

from .folder import Folder
from .journal import Commit, Journal
from .snapshots import Snapshot
from .staging import Staging

__all__ = ["Commit", "Folder", "Journal", "Snapshot", "Staging"]
