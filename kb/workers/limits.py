"""What one query may use, and what all of them together."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

from ..errors import UsageError

_GIB = 1 << 30


def _cores() -> int:
    return os.cpu_count() or 1


def _memory() -> int:
    """2 GiB, or a quarter of a smaller machine's memory."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 2 * _GIB
    return min(2 * _GIB, machine // 4)


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes of one query; numbers of workers and queries of one pool.

    `memory` is beyond what an idle worker has. A query that runs for `brief` seconds, a fifth of it on a processor,
    becomes a long one: it gives way to others, and counts among the `long` ones that may run at once. `queue` requests
    wait for a worker, each for `patience` seconds. A client may take `reading` seconds to read an answer.
    """

    seconds: float = 30.0
    memory: int = field(default_factory=_memory)
    rows: int = 10_000_000
    bytes: int = 4 * _GIB
    workers: int = field(default_factory=_cores)
    long: int = field(default_factory=lambda: 2 * _cores())
    queue: int = 64
    patience: float = 10.0
    brief: float = 0.5
    reading: float = 600.0

    @classmethod
    def of(cls, given: Mapping[str, float]) -> Self:
        """The limits that a store's settings give; defaults for the rest.

        Raises UsageError for a name that is unknown.

        >>> Limits.of({"seconds": 5}).seconds
        5.0
        """
        known: dict[str, Any] = {one.name: float if one.type == "float" else int for one in fields(cls)}
        if unknown := given.keys() - known.keys():
            raise UsageError(
                f"There is no limit '{min(unknown)}'",
                where="kb.toml, limits",
                hint=f"the limits are {', '.join(known)}",
            )
        return cls(**{name: known[name](value) for name, value in given.items()})
