"""A journal written anew: the same commits under the same numbers, with other headers or fewer rows."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from .journal import Commit, Journal, Record
from .journal_record import Owner

_TOGETHER = 1000


def copy_journal(
    source: Journal,
    target: Journal,
    *,
    until: int,
    header: Callable[[Commit], Commit],
    record: Callable[[Commit], Record],
    kept: Callable[[pa.RecordBatch], pa.RecordBatch],
    owner: Owner | None = None,
) -> None:
    """Write the commits of `source` up to a number into the empty journal `target`.

    `record` makes what a commit that can be read becomes; of those that went into the base, `header` says what is
    left of them, and `kept` which of the base's rows. Raises StoreDamaged.
    """
    base = source.oldest - 1
    records: list[Record] = []
    for commit in source.commits()[:until]:
        records.append(record(commit) if commit.number > base else Record(header(commit), (), ()))
        if len(records) == _TOGETHER or commit.number == base:
            target.append(records)
            records = []
        if commit.number == base:
            rows = (some for some in map(kept, source.read_base()) if len(some))
            target.compact(rows, through=target.get(base), owner=owner)
    if records:
        target.append(records)
