"""The processes of a server under test. Each may end while it is looked at."""

from __future__ import annotations

import contextlib
import signal
from pathlib import Path


def family(process: int) -> list[int]:
    """A process and its descendants."""
    found = [process]
    for one in found:
        with contextlib.suppress(OSError):
            for task in list(Path(f"/proc/{one}/task").iterdir()):
                with contextlib.suppress(OSError):
                    found += map(int, (task / "children").read_text().split())
    return found


def hear_ctrl_c() -> None:
    """For a process to begin with: what a shell runs in the background ignores Ctrl-C, and so would its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def is_worker(process: int) -> bool:
    """Workers have their nursery's command line."""
    try:
        return b"kb.workers" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return False
