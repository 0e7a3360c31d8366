"""What the doctor found, as a report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many rows are behind it, and how many there are in all."""


def unwatched(what: str, done: int, total: int) -> None:
    """Progress that nobody follows."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be; a `fault` unless it mends itself at the next write.

    `part` is where it lies (journal, columns, asserted, oxigraph, inferred, names, quarantine, folder), `graph`
    the graph that it concerns; `examples` are quads, ``+`` for one too many and ``-`` for one that is missing.
    """

    part: str
    what: str
    hint: str = ""
    graph: str = ""
    examples: tuple[str, ...] = ()
    fault: bool = True

    def __str__(self) -> str:
        where = f" in {self.graph}" if self.graph else ""
        lines = [f"{self.part}: {self.what}{where}", *(f"    {one}" for one in self.examples)]
        if self.hint:
            lines.append(f"    to mend it: {self.hint}")
        return "\n".join(lines)


@dataclass(frozen=True)
class GraphSum:
    """A graph's quads as the journal has them: their number, and a hash that their order does not change."""

    name: str
    quads: int
    hash: str


@dataclass(frozen=True)
class Diagnosis:
    """All that was looked at and found; true when no fault is among it."""

    store: str
    snapshot: str
    graphs: tuple[GraphSum, ...]
    findings: tuple[Finding, ...]
    deep: bool
    seconds: float

    @property
    def faults(self) -> tuple[Finding, ...]:
        """The findings that do not mend themselves."""
        return tuple(one for one in self.findings if one.fault)

    def __bool__(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        quads = sum(one.quads for one in self.graphs)
        looked = f"{quads:,} quads in {len(self.graphs)} graphs, {self.seconds:.1f} s"
        verdict = "sound" if self else f"{len(self.faults)} fault{'s' * (len(self.faults) > 1)}"
        notes = [f"note: {one}" for one in self.findings if not one.fault]
        return "\n".join(
            [*map(str, self.faults), *notes, f"{self.store}, {self.snapshot}: {verdict} ({looked})"]
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "sound": bool(self)}
