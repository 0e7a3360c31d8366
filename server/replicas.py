"""Serving a snapshot's folder that was copied from another machine: a store of one snapshot, to read only."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kb.errors import StoreMissing

_NAME = re.compile(r"\d{8}-\w+")
_PARTS = ("columns", "readers")
# What the folder of the store that it came from may lend.
_LENT = ("kb.toml", "tokens.json")


@contextlib.contextmanager
def replica(snapshot: Path, *, settings: Path) -> Iterator[Path]:
    """A store's folder that holds this snapshot, as long as the context; tokens and limits are those in `settings`.

    Raises StoreMissing where there is no snapshot.
    """
    if missing := [name for name in _PARTS if not (snapshot / name).exists()]:
        raise StoreMissing(
            f"There is no snapshot at {snapshot}: it has no '{missing[0]}'",
            hint="copy a folder below snapshots/ of a store, and name it: --snapshot FOLDER",
        )
    with tempfile.TemporaryDirectory(prefix="commerce-kb-replica-") as folder:
        store = Path(folder) / "replica.kb"
        name = snapshot.name if _NAME.fullmatch(snapshot.name) else "00000000-replica"
        (store / "snapshots").mkdir(parents=True)
        (store / "snapshots" / name).symlink_to(snapshot.resolve())
        (store / "CURRENT").write_text(name, encoding="ascii")
        for lent in _LENT:
            (store / lent).symlink_to(settings.resolve() / lent)
        yield store
