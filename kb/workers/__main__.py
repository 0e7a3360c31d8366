"""``python -m kb.workers STORE MEMORY``: the nursery of a pool, with the pool's socket as its standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from .nursery import tend

if __name__ == "__main__":
    tend(Path(sys.argv[1]), int(sys.argv[2]))
