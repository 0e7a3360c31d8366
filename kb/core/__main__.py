"""``python -m kb.core STORE`` keeps a store's core running, beside a WSGI server that is not ours."""

from __future__ import annotations

import sys
from pathlib import Path

from .supervisor import supervise


def main() -> None:
    """Supervise the core of the store that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m kb.core STORE")
    store = Path(sys.argv[1])
    try:
        supervise(store, [sys.executable, "-m", "kb", "core", "--store", str(store)])
    except OSError as error:
        # The store can be read all the same.
        print(f"commerce-kb: nobody can write to this store: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
