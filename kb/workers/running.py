"""What runs now, in all processes of a server: a small file for each query that runs for a while."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from ..errors import NotFound

_TEXT = 10_000


@dataclass(frozen=True)
class Running:
    """A query that runs: its caller's name, the process that waits for it, since when (seconds since 1970)."""

    id: str
    caller: str
    text: str
    process: int
    began: float

    @property
    def age(self) -> float:
        """Seconds."""
        return max(0.0, time.time() - self.began)


class Runs:
    """The queries that run, in a folder that all processes of a server share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __iter__(self) -> Iterator[Running]:
        """The oldest first; those of a process that has ended are forgotten."""
        found = []
        for file in self._folder.glob("*.json"):
            with contextlib.suppress(OSError, ValueError):
                one = Running(**json.loads(file.read_text("utf-8")))
                if _is_alive(one.process):
                    found.append(one)
                else:
                    file.unlink(missing_ok=True)
        return iter(sorted(found, key=lambda one: one.began))

    def add(self, *, caller: str, text: str, began: float) -> Running:
        """Write down that a query runs."""
        run = Running(secrets.token_hex(6), caller, text[:_TEXT], os.getpid(), began)
        draft = self._folder / f".{run.id}"
        draft.write_text(json.dumps(asdict(run)), "utf-8")
        draft.rename(self._file(run.id))
        return run

    def stop(self, id: str) -> None:
        """Have a query ended by the process that waits for it.

        Raises NotFound.
        """
        if not (id.isalnum() and id.isascii() and self._file(id).exists()):
            raise NotFound(f"No query '{id}' runs", hint="see /queries for those that do")
        self._wish(id).touch()

    def is_unwanted(self, run: Running) -> bool:
        """Whether somebody had it stopped."""
        return self._wish(run.id).exists()

    def remove(self, run: Running) -> None:
        """A query has ended."""
        self._file(run.id).unlink(missing_ok=True)
        self._wish(run.id).unlink(missing_ok=True)

    def _file(self, id: str) -> Path:
        return self._folder / f"{id}.json"

    def _wish(self, id: str) -> Path:
        return self._folder / f"{id}.stop"


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
