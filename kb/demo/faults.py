"""Spoils a share of the rows, each in one known way, and lists what was done: every kind trips one shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files

import numpy as np
import yaml

from .. import graphs
from .blocks import Block, add_check_digit
from .draws import Draws

_FIRST_ROW, _ROW_STEP = 9, 3
"""Whatever the share, each kind is planted once in its table: in row 9, 12, 15, ..., or the first that fits."""

Row = dict[str, str | int | None]


@dataclass(frozen=True)
class Kind:
    """One way to spoil a row of a table; the fields are explained in ``world/faults.yml``."""

    shape: str
    kind: str
    table: str
    node: str
    property: str
    note: str
    set: dict[str, str] = field(default_factory=dict)
    add: dict[str, str] = field(default_factory=dict)
    copy: dict[str, str] = field(default_factory=dict)
    where: dict[str, list[str]] = field(default_factory=dict)
    unless: dict[str, list[str]] = field(default_factory=dict)

    def fits(self, row: Row) -> bool:
        return all((row[cell] or "") in values for cell, values in self.where.items()) and not any(
            (row[cell] or "") in values for cell, values in self.unless.items()
        )


@dataclass(frozen=True)
class Fault:
    """A planted fault, as ``faults.csv`` lists it; ``value`` is what was written, empty where something is missing."""

    node: str
    shape: str
    kind: str
    property: str
    value: str
    note: str


def read_kinds() -> tuple[Kind, ...]:
    """Every kind of fault.

    >>> len({kind.shape for kind in read_kinds()}) > 35
    True
    """
    text = (files(__package__) / "world" / "faults.yml").read_text(encoding="utf-8")
    return tuple(Kind(**entry) for entry in yaml.safe_load(text))


class Spoiler:
    """Spoils blocks as they pass and keeps the list of what it did."""

    def __init__(self, draws: Draws, share: float) -> None:
        self._draws = draws
        self._per_million = round(share * 1_000_000)
        self._kinds = read_kinds() if share else ()
        self._due = list(self._kinds)
        self._seen: Counter[str] = Counter()
        self.faults: list[Fault] = []

    def spoil(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The same blocks; of tables that have kinds of faults, some rows spoiled."""
        for block in blocks:
            kinds = [kind for kind in self._kinds if kind.table == block.table]
            yield self._spoil_block(block, kinds) if kinds else block

    def _spoil_block(self, block: Block, kinds: list[Kind]) -> Block:
        rows = [
            dict(zip(block.columns, cells, strict=True))
            for cells in zip(*block.columns.values(), strict=True)
        ]
        number = np.arange(len(rows)) + self._seen[block.table]
        self._seen[block.table] += len(rows)
        columns = {name: list(cells) for name, cells in block.columns.items()}
        for place, kind in sorted(
            self._choose(block.table, kinds, rows, number).items(), key=lambda pair: pair[0]
        ):
            known = rows[place] | _derive_gtins(rows[place])
            changed = {
                name: text.format(**known) or None for name, text in (kind.set | kind.add | kind.copy).items()
            }
            for name, cells in columns.items():
                if kind.add:
                    cells.append(changed.get(name))
                elif kind.copy:
                    cells.append(changed.get(name, rows[place][name]))
                elif name in changed:
                    cells[place] = changed[name]
            node, value = f"{graphs.DATA}{kind.node.format(**known)}", list(changed.values())[-1] or ""
            self.faults.append(Fault(node, kind.shape, kind.kind, kind.property, value, kind.note))
        return Block(block.table, columns)

    def _choose(self, table: str, kinds: list[Kind], rows: list[Row], number: np.ndarray) -> dict[int, Kind]:
        """Which rows to spoil, and how."""
        chosen: dict[int, Kind] = {}
        early = [*range(_FIRST_ROW, len(rows), _ROW_STEP), *range(len(rows))]
        for kind in [kind for kind in kinds if kind in self._due]:
            place = next((each for each in early if each not in chosen and kind.fits(rows[each])), None)
            if place is not None:
                chosen[place] = kind
                self._due.remove(kind)
        drawn = self._draws.below(f"fault/{table}", number, 1_000_000) < self._per_million
        first = self._draws.below(f"fault/{table}/kind", number, len(kinds)).tolist()
        for place in np.nonzero(drawn)[0].tolist():
            turned = [*kinds[first[place] :], *kinds[: first[place]]]
            fitting = next((each for each in turned if each.fits(rows[place])), None)
            if fitting is not None:
                chosen.setdefault(place, fitting)
        return chosen


def _derive_gtins(row: Row) -> Row:
    if "gtin" not in row:
        return {}
    gtin = str(row["gtin"])
    return {
        "gtin_short": gtin[1:],
        "gtin_wrong": gtin[:-1] + str((int(gtin[-1]) + 1) % 10),
        "gtin_restricted": add_check_digit(f"002{gtin[3:13]}"),
    }
