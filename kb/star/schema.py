"""The tables of the star schema: each is an SQL file in ``tables/``, its head comment says what a row is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from ..columns.image import Image
from ..errors import NotFound
from ..graphs import Private
from .relational import Relational

_FOLDER = Path(__file__).parent / "tables"


@dataclass(frozen=True)
class Definition:
    """What a table is: one row for each `key`; dimensions are named ``dim_*``, facts ``fact_*``."""

    name: str
    description: str
    key: tuple[str, ...]
    sql: str

    @classmethod
    def read(cls, path: Path) -> Definition:
        """The definition in a file: comment lines, one of which may name the key, then a SELECT."""
        text = path.read_text(encoding="utf-8")
        comments = re.findall(r"^-- (.*)$", text, re.M)
        keys = [line.removeprefix("key: ").split(", ") for line in comments if line.startswith("key: ")]
        description = " ".join(line for line in comments if not line.startswith("key: "))
        sql = re.sub(r"^--.*\n", "", text, flags=re.M)
        return cls(path.stem, description, tuple(keys[0]) if keys else _first_column(sql), sql)


@dataclass(frozen=True)
class Table:
    """The rows of one table, sorted by its key, each key once; entities are IRIs, times in UTC."""

    definition: Definition
    rows: pa.Table

    @property
    def name(self) -> str:
        """The table's name, such as ``dim_spu``."""
        return self.definition.name


class Star:
    """The star schema of one snapshot, as far as somebody may see it; tables are made when asked for.

    Who may not see private graphs finds the tables of orders and events empty.
    """

    def __init__(self, relational: Relational) -> None:
        self._relational = relational
        self._made: dict[str, Table] = {}

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """All tables by name: dimensions first."""
        found = sorted(_FOLDER.glob("*.sql"))
        return {path.stem: Definition.read(path) for path in found}

    def __iter__(self) -> Iterator[Table]:
        return (self[name] for name in self.definitions)

    def __getitem__(self, name: str) -> Table:
        """One table; raises NotFound."""
        if name not in self.definitions:
            raise NotFound(f"There is no table {name}", hint=", ".join(self.definitions))
        if name not in self._made:
            definition = self.definitions[name]
            self._made[name] = Table(definition, self._relational.rows(definition.sql, key=definition.key))
        return self._made[name]

    def rows(self, sql: str, *, key: Sequence[str] = ()) -> pa.Table:
        """The rows of a SELECT over the graph's relations: see `Relational.rows`."""
        return self._relational.rows(sql, key=key)


@contextmanager
def star_of(image: Image, *, private: Private = True) -> Iterator[Star]:
    """The star schema of an image for the time of a ``with`` block."""
    with Relational(image, private=private) as relational:
        yield Star(relational)


def _first_column(sql: str) -> tuple[str, ...]:
    """The name of the first column of the outermost SELECT, which is the last at a line's beginning."""
    name = re.findall(r'^SELECT \S+ AS ("?)(\w+)\1', sql, re.M)[-1][1]
    return (name,)
