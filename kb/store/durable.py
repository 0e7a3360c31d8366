"""Making files and folders durable: what is synced outlives a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path | str) -> None:
    """Make a file's content, or a folder's names, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path | str) -> None:
    """Make a folder and all that is new in it durable.

    A file with a second name is not new: an earlier snapshot's, or a table of RocksDB, which syncs it by itself.
    """
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            sync_tree(entry.path)
        elif entry.stat().st_nlink == 1:
            sync(entry.path)
    sync(folder)
