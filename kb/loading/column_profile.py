"""What the columns of a table hold: how full, how many different values, which patterns; computed by DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from .sources import Sources, identifier, table_name

_SAMPLE = 100_000
_BARE = "regexp_replace(text, '[ -]', '', 'g')"
_PLAIN = "regexp_replace(replace(text, ',', ''), '^[^0-9.+-]{0,3}|[^0-9.]{0,4}$', '', 'g')"
# The check digit of GS1: digits weigh 3 and 1 in turn, their sum is a multiple of 10.
_CHECKED = (
    "list_sum(list_transform(range(1, 15), lambda place: "
    f"TRY_CAST(lpad({_BARE}, 14, '0')[place] AS INTEGER) * CASE WHEN place % 2 = 1 THEN 3 ELSE 1 END)) % 10 = 0"
)
PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "number": f"TRY_CAST({_PLAIN} AS DOUBLE) IS NOT NULL",
        "comma": "regexp_matches(text, '[0-9],[0-9]{1,2}[^0-9]*$')",
        "gtin": f"regexp_full_match({_BARE}, '[0-9]{{8}}|[0-9]{{12,14}}') AND {_CHECKED}",
        "email": "regexp_full_match(text, '[^@ ]+@[^@ ]+[.][A-Za-z]{2,}')",
        "phone": "regexp_full_match(text, '[+(]?[0-9][0-9() .-]{6,18}')",
        "currency": "regexp_full_match(text, '[A-Z]{3}')",
        "han": "regexp_matches(text, '[\\x{4E00}-\\x{9FFF}]')",
    }
)
"""Conditions on a value, `text`; `comma` is a decimal one."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column: shares run from 0 to 1, `patterns` are those of the values that are there; `length` is their mean."""

    name: str
    type: str
    filled: float
    distinct: float
    length: float
    patterns: Mapping[str, float]
    samples: tuple[str, ...]


@dataclass(frozen=True)
class TableProfile:
    """One table by the name that queries call it, with its columns in order; `rows` are those that were looked at."""

    path: Path
    table: str
    rows: int
    columns: tuple[ColumnProfile, ...]


def profile_table(path: Path) -> TableProfile:
    """Look at a table's first 100,000 rows. Raises SourceError, UnsupportedFormat as loading it would."""
    with duckdb.connect() as connection:
        sources = Sources(connection, path.parent, {path.name: path})
        sources.resolve([path.name], str(path))
        table = table_name(path.name)
        sources.open({table: 1})
        connection.execute(f"CREATE TEMP TABLE looked AS SELECT * FROM {identifier(table)} LIMIT {_SAMPLE}")
        described = connection.execute("DESCRIBE looked").fetchall()
        ((rows,),) = connection.execute("SELECT count(*) FROM looked").fetchall()
        columns = tuple(_column(connection, name, kind, rows) for name, kind, *_ in described)
    return TableProfile(path, table, rows, columns)


def _column(connection: duckdb.DuckDBPyConnection, name: str, kind: str, rows: int) -> ColumnProfile:
    value = f"trim(CAST({identifier(name)} AS VARCHAR))"
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW texts AS SELECT {value} AS text FROM looked WHERE {value} != ''"
    )
    shares = ", ".join(f"coalesce(avg(CAST({form} AS INTEGER)), 0)" for form in PATTERNS.values())
    ((count, different, length, *found),) = connection.execute(
        f"SELECT count(*), count(DISTINCT text), coalesce(avg(length(text)), 0), {shares} FROM texts"
    ).fetchall()
    samples = connection.execute("SELECT DISTINCT left(text, 60) AS text FROM texts ORDER BY text LIMIT 3")
    return ColumnProfile(
        name=name,
        type=kind,
        filled=count / rows if rows else 0.0,
        distinct=different / count if count else 0.0,
        length=length,
        patterns=dict(zip(PATTERNS, found, strict=True)),
        samples=tuple(text for (text,) in samples.fetchall()),
    )
