"""Making files and folders durable: what is synced outlives a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Make a file's content, or a folder's names, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Make a folder and all that is new in it durable.

    A file with a second name is not new: an earlier snapshot's, or a table of RocksDB, which syncs it by itself.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            if path.stat().st_nlink == 1:
                sync(path)
        sync(Path(place))
