"""The unit of streaming: some rows of one table, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ROWS = 1024
"""Entities in a block; the memory of a run depends on this, not on the scale."""

Column = Sequence[str | int | None]


@dataclass(frozen=True)
class Block:
    """Rows of ``table``; every column has the same length, None stands for an empty cell."""

    table: str
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


def cut(count: int) -> Iterator[np.ndarray]:
    """The indexes 0 .. count-1 in blocks.

    >>> [len(part) for part in cut(1500)]
    [1024, 476]
    """
    for start in range(0, count, ROWS):
        yield np.arange(start, min(start + ROWS, count))


def codes(prefix: str, index: np.ndarray, width: int = 5) -> list[str]:
    """Codes of entities, numbered from 1.

    >>> codes("S", np.array([0, 41]))
    ['S00001', 'S00042']
    """
    return [f"{prefix}{number + 1:0{width}d}" for number in index.tolist()]


def money(cents: np.ndarray) -> list[str]:
    """Amounts with two decimals.

    >>> money(np.array([990, 5]))
    ['9.90', '0.05']
    """
    return [f"{amount // 100}.{amount % 100:02d}" for amount in cents.tolist()]


def add_check_digit(body: str) -> str:
    """The 13 digits of a GTIN-14 and their check digit (weights 3 and 1).

    >>> add_check_digit("0690123456789")
    '06901234567892'
    """
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(body))
    return f"{body}{-total % 10}"


def to_rows(table: str, rows: list[dict[str, Any]]) -> Block:
    """A block of rows that all have the same keys; empty texts become None."""
    return Block(table, {key: [row[key] if row[key] != "" else None for row in rows] for key in rows[0]})
