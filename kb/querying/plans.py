"""How a query was answered: by which engine, why, and in what steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EngineName = Literal["oxigraph", "columns"]
Choice = Literal["auto", "oxigraph", "columns"]


@dataclass(frozen=True)
class Step:
    """What was done, how many rows were expected (None where nothing was) and came of it, in how many seconds."""

    what: str
    expected: float | None
    rows: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The engine that answered, why this one, and its steps where it tells them.

    >>> print(Plan("oxigraph", "a look-up"))
    oxigraph: a look-up
    """

    engine: EngineName
    why: str
    steps: tuple[Step, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.engine}: {self.why}"]
        if self.steps:
            lines.append(f"{'expected':>12} {'rows':>12} {'ms':>9}")
        for one in self.steps:
            expected = "" if one.expected is None else f"{one.expected:,.0f}"
            lines.append(f"{expected:>12} {one.rows:>12,} {one.seconds * 1000:>9.2f}  {one.what}")
        return "\n".join(lines)
