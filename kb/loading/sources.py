"""The files of a mapping as tables of DuckDB: found, checked, read; rows that don't parse are kept aside.

Files are read by DuckDB alone. A file that several triples maps use is read once, into a temporary table.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import duckdb
import zstandard

from ..errors import MappingError, SourceError, UnsupportedFormat
from .mapping import NamedQuery

_COMPRESSED = (".gz", ".zst", ".zstd")
_TABLES = (".csv", ".tsv", ".txt", ".parquet")
_JSON = (".json", ".jsonl", ".ndjson")
_SAMPLE_BYTES = 1 << 20
_JSON_BYTES = 1 << 24
_PACKED_RATIO = 20
_GUESSES = ("gb18030", "big5", "shift_jis", "cp1252")


@dataclass(frozen=True)
class RejectedRow:
    """A row that gave nothing: `row` counts data rows from 1, `line` lines of the file; either may be unknown."""

    source: str
    reason: str
    row: int | None = None
    line: int | None = None
    text: str | None = None

    def __str__(self) -> str:
        place = f", line {self.line}" if self.line else f", row {self.row}" if self.row else ""
        return f"{self.source}{place}: {self.reason}"


def table_name(path: str) -> str:
    """The name by which queries call a file: its name up to the first dot.

    >>> table_name("data/online_retail.csv.gz")
    'online_retail'
    """
    return re.sub(r"\W", "_", Path(path).name.split(".")[0])


class Sources:
    """The tables of one mapping in one connection."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, given: Mapping[str, Path]
    ) -> None:
        self.connection = connection
        self.folder = folder
        self.given = dict(given)
        self.files: dict[str, Path] = {}

    def resolve(self, names: list[str], where: str) -> None:
        """Find and check the files that a mapping names; `given` replaces those it names by path or table name."""
        used = set()
        for name in names:
            key = next(
                (key for key in self.given if name == key or table_name(name) == table_name(key)), None
            )
            if key is None and len(names) == len(self.given) == 1:
                key = next(iter(self.given))
            if key is not None:
                used.add(key)
            if key is None and re.match(r"[a-z][a-z0-9+.-]+:/", name):
                raise SourceError(
                    f"'{name}' is an address", where=where, hint="fetch it first: only files are read"
                )
            path = self.folder / name if key is None else self.given[key]
            check_file(path, where)
            self.files[name] = path
        unknown = [key for key in self.given if key not in used]
        if unknown:
            known = ", ".join(table_name(name) for name in names)
            raise MappingError(
                f"The mapping reads no table '{unknown[0]}'", where=where, hint=f"it reads {known}"
            )

    def open(self, uses: Mapping[str, int]) -> None:
        """Make a view of each file, or a table where it is used more than once; `uses` counts by table name."""
        for name, path in self.files.items():
            if not is_json(path) or table_name(name) in uses:
                self._create(uses.get(table_name(name), 0), table_name(name), _reader(path), path)
            if is_json(path):
                self._create(uses.get(objects_name(name), 0), objects_name(name), _objects_reader(path), path)

    def name_query(self, query: NamedQuery, uses: int) -> None:
        """Make a named query a view, or a table where it is used more than once."""
        kind = "TABLE" if uses > 1 else "VIEW"
        try:
            self.connection.execute(
                f"CREATE TEMP {kind} {identifier(query.name)} AS {checked_query(query.sql, query.where)}"
            )
        except duckdb.Error as fault:
            raise query_fault(fault, self.connection, query.where) from fault

    def close(self) -> None:
        """Let queries read no file but those of the mapping."""
        allowed = ", ".join(quote(str(path)) for path in self.files.values())
        self.connection.execute(f"SET allowed_paths = [{allowed}]")
        self.connection.execute("SET enable_external_access = false")
        self.connection.execute("SET lock_configuration = true")

    def rejected(self) -> list[RejectedRow]:
        """The rows that DuckDB could not parse, as far as files have been read."""
        if all(is_json(path) or _suffix(path) == ".parquet" for path in self.files.values()):
            return []
        rows = self.connection.execute(
            "SELECT DISTINCT file_path, line, error_type, column_name, csv_line FROM reject_errors"
            " JOIN reject_scans USING (scan_id, file_id) ORDER BY ALL"
        ).fetchall()
        return [
            RejectedRow(Path(file).name, _reason(kind, column), line=line, text=text)
            for file, line, kind, column, text in rows
        ]

    def broken_json(self) -> list[RejectedRow]:
        """The lines of JSON Lines files that are not JSON."""
        found = []
        for name, path in self.files.items():
            if is_json(path) and _suffix(path) != ".json":
                rows = self.connection.execute(
                    "SELECT line FROM"
                    f" (SELECT row_number() OVER () AS line, json FROM {identifier(objects_name(name))})"
                    " WHERE json IS NULL"
                ).fetchall()
                found += [RejectedRow(path.name, "the line is not JSON", line=line) for (line,) in rows]
        return found

    def _create(self, uses: int, name: str, reader: str, path: Path) -> None:
        kind = "TABLE" if uses > 1 else "VIEW"
        try:
            self.connection.execute(f"CREATE TEMP {kind} {identifier(name)} AS SELECT * FROM {reader}")
        except duckdb.Error as fault:
            raise SourceError(
                f"The file {path.name} can't be read: {said(fault)}", where=str(path)
            ) from fault


def check_file(path: Path, where: str) -> None:
    """Raises SourceError for a file that is missing, empty, badly packed or encoded; UnsupportedFormat."""
    if path.is_dir():
        raise SourceError(f"'{path}' is a folder", where=where, hint="name the file in it")
    if not path.is_file():
        raise SourceError(f"There is no file '{path}'", where=where, hint="check the path in the mapping")
    suffix, packed = _suffix(path), path.suffix in _COMPRESSED
    if suffix not in (*_TABLES, *_JSON) or (packed and suffix == ".parquet"):
        known = ", ".join((*_TABLES, *_JSON))
        raise UnsupportedFormat(
            f"'{path.name}' is not a table that can be read",
            where=where,
            hint=f"use {known}; text may be .gz or .zst",
        )
    sample = _sample(path)
    if not sample:
        raise SourceError(f"The file {path.name} is empty", where=str(path))
    if suffix != ".parquet":
        check_encoding(sample, path)


def check_encoding(sample: bytes, path: Path) -> None:
    """Raises SourceError where most lines outside ASCII are not UTF-8; a few broken lines are rejected rows instead."""
    if sample[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _encoding_fault(path, "utf-16")
    lines = sample.split(b"\n")[: -1 if len(sample) == _SAMPLE_BYTES else None]
    other = [line for line in lines if not line.isascii()]
    broken = [line for line in other if not _decodes(line, "utf-8")]
    if 2 * len(broken) <= len(other):
        return
    text = b"\n".join(broken)
    raise _encoding_fault(path, next((name for name in _GUESSES if _decodes(text, name)), "latin-1"))


def checked_query(query: str, where: str) -> str:
    """The query; MappingError where it is not one SELECT."""
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as fault:
        raise MappingError(f"The query is not SQL: {' '.join(str(fault).split())}", where=where) from fault
    if [each.type for each in statements] != [duckdb.StatementType.SELECT]:
        raise MappingError("The query must be one SELECT", where=where)
    return query.strip().rstrip(";")


def query_fault(fault: duckdb.Error, connection: duckdb.DuckDBPyConnection, where: str) -> MappingError:
    """The error of a query that does not fit, with the tables there are."""
    tables = connection.execute("SELECT table_name FROM information_schema.tables ORDER BY ALL").fetchall()
    names = ", ".join(name for (name,) in tables if " " not in name and not name.startswith("reject_"))
    what = f"The query does not fit its tables: {said(fault)}"
    return MappingError(what, where=where, hint=f"the tables are {names}")


def is_json(path: Path) -> bool:
    """Whether a file holds JSON or JSON Lines."""
    return _suffix(path) in _JSON


def objects_name(path: str) -> str:
    """The table of a JSON file's values, in one column `json`."""
    return f"{table_name(path)} json"


def quote(text: str) -> str:
    """A string literal of SQL.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A quoted name of SQL.

    >>> print(identifier('a "b'))
    "a ""b"
    """
    return '"' + name.replace('"', '""') + '"'


def said(fault: duckdb.Error) -> str:
    """What DuckDB says, in one line, without its excerpt of the query."""
    return " ".join(str(fault).split("\nLINE ")[0].split())


def _suffix(path: Path) -> str:
    """The suffix that tells the format, packed or not, in lower case."""
    suffixes = [each.lower() for each in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _reader(path: Path) -> str:
    file = quote(str(path))
    match _suffix(path):
        case ".parquet":
            return f"read_parquet({file})"
        case ".json" | ".jsonl" | ".ndjson":
            ignore = str(_suffix(path) != ".json").lower()
            return f"read_json({file}, ignore_errors = {ignore}, maximum_object_size = {_object_bytes(path)})"
        case ".txt":
            # One column, `line`: no byte of text separates.
            return (
                f"read_csv({file}, delim = E'\\x1F', quote = '', escape = '', header = false, auto_detect = false,"
                " columns = {'line': 'VARCHAR'}, ignore_errors = true, store_rejects = true, rejects_limit = 100000)"
            )
        case _:
            return (
                f"read_csv({file}, delim = {quote(_delimiter(path))}, quote = '\"', escape = '\"', header = true,"
                " skip = 0, all_varchar = true, ignore_errors = true, store_rejects = true, rejects_limit = 100000)"
            )


def _objects_reader(path: Path) -> str:
    whole = _suffix(path) == ".json"
    form, ignore = ("unstructured", "false") if whole else ("newline_delimited", "true")
    return (
        f"read_json_objects({quote(str(path))}, format = '{form}', ignore_errors = {ignore},"
        f" maximum_object_size = {_object_bytes(path)})"
    )


def _object_bytes(path: Path) -> int:
    """What one JSON value may take: all of a .json file, which may be packed."""
    if _suffix(path) != ".json":
        return _JSON_BYTES
    return max(_JSON_BYTES, path.stat().st_size * (_PACKED_RATIO if path.suffix in _COMPRESSED else 1) + 1)


def _delimiter(path: Path) -> str:
    """A tab for TSV; for CSV the comma that RML means, unless the header has none and has another separator."""
    if _suffix(path) == ".tsv":
        return "\t"
    header = _sample(path).split(b"\n")[0].decode("utf-8", "replace")
    return "," if "," in header else max(";\t|", key=header.count) if any(map(header.count, ";\t|")) else ","


def _sample(path: Path) -> bytes:
    """The first bytes of a file, unpacked."""
    try:
        with path.open("rb") as raw:
            return _unpacked(path, raw).read(_SAMPLE_BYTES)
    except (OSError, EOFError, zlib.error, zstandard.ZstdError) as fault:
        raise SourceError(f"The file {path.name} can't be read: {fault}", where=str(path)) from fault


def _unpacked(path: Path, raw: BinaryIO) -> io.BufferedIOBase | BinaryIO:
    if path.suffix == ".gz":
        return gzip.GzipFile(fileobj=raw)
    if path.suffix in (".zst", ".zstd"):
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(raw))
    return raw


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _encoding_fault(path: Path, seems: str) -> SourceError:
    return SourceError(
        f"The file {path.name} is not UTF-8; it seems to be {seems}",
        where=str(path),
        hint=f"convert it: iconv -f {seems} -t utf-8",
    )


def _reason(kind: str, column: str | None) -> str:
    reasons = {
        "MISSING COLUMNS": "the row has too few columns",
        "TOO MANY COLUMNS": "the row has too many columns",
        "UNQUOTED VALUE": "a quote is not closed or stands in the wrong place",
        "INVALID ENCODING": "the row is not UTF-8",
        "LINE SIZE OVER MAXIMUM": "the line is too long",
    }
    reason = reasons.get(kind, kind.lower())
    return reason if column is None or kind == "TOO MANY COLUMNS" else f"{reason} (column {column})"
