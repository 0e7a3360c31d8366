"""Tables through a mapping into quad batches: everything about rows is SQL of DuckDB, fetched as Arrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as Dictionary
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from .. import graphs
from ..columns.batches import BATCH_ROWS, QUAD_SCHEMA
from ..errors import MappingError, SourceError
from . import functions, terms_sql
from .mapping import Formulation, Mapping
from .plans import Defaults, Plan, Slot, check_graphs, plans, queried_tables, rows_name
from .sources import RejectedRow, Sources, said

_MAX_FAULTS = 10_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class TableOptions:
    """What a mapping leaves open.

    `graph` takes the triples without a graph; `base` completes relative IRIs; `skolem` begins the IRIs of blank nodes;
    `secret` is the key of buyers' pseudonyms (see pseudonyms.secret_of); `memory` bounds DuckDB, which then spills.
    """

    graph: str
    base: str | None = None
    skolem: str = f"{graphs.GENID}table/"
    secret: bytes | None = None
    memory: str = "2GB"


def map_tables(
    mapping: Mapping,
    *,
    folder: Path,
    options: TableOptions,
    tables: Dictionary[str, Path] | None = None,
    rejected: list[RejectedRow] | None = None,
    progress: Progress | None = None,
) -> Iterator[pa.RecordBatch]:
    """The quads of a mapping as batches (s, p, o, g in N-Triples syntax); a quad may come more than once.

    Files are looked for below `folder`, or taken from `tables` by their path in the mapping or their table name.
    Rows that give no quads because of a fault are added to `rejected`; without that list the first one raises.
    `progress` gets (bytes done, bytes in all) of the files as they are used.

    Raises MappingError where the mapping does not fit its tables (a column that is missing), SourceError for a file
    that is missing, empty or wrongly encoded.
    """
    found: list[RejectedRow] = [] if rejected is None else rejected
    with _planned(mapping, folder, tables or {}, options) as (connection, sources, made):
        sizes = [sources.files[plan.triples_map.source.path].stat().st_size for plan in made]
        for index, plan in enumerate(made):
            yield from _run(plan, connection, found)
            if rejected is None and found:
                raise _fault(found[0])
            if progress is not None:
                progress(sum(sizes[: index + 1]), sum(sizes))
        found += sources.rejected() + sources.broken_json()
        if rejected is None and found:
            raise _fault(found[0])


def rows_of_subjects(
    mapping: Mapping,
    nodes: Collection[str],
    *,
    folder: Path,
    options: TableOptions,
    tables: Dictionary[str, Path],
) -> dict[str, tuple[str, int]]:
    """The file and data row (from 1 on) that gave each of these subjects (N-Triples syntax) first.

    Rows of joins, of queries and of lists in JSON have no number, and subjects of them alone are left out.
    """
    found: dict[str, tuple[str, int]] = {}
    asked = pa.table({"node": pa.array(list(nodes), pa.large_string())})
    with _planned(mapping, folder, tables, options) as (connection, sources, made):
        connection.register("kb_asked_nodes", asked)
        for plan in made:
            slots = {quad[0] for quad in plan.quads if isinstance(quad[0], int)}
            numbered = _numbered(plan)
            if numbered is None:
                continue
            file = sources.files[plan.triples_map.source.path].name
            for slot in sorted(slots):
                rows = connection.execute(
                    f"SELECT t{slot}, min(kb_row) FROM ({numbered}) "
                    f"JOIN kb_asked_nodes ON node = t{slot} GROUP BY 1"
                ).fetchall()
                for node, row in rows:
                    found.setdefault(node, (file, row))
    return found


def _numbered(plan: Plan) -> str | None:
    """A plan's query with the number of the row as `kb_row`; None where rows can't be numbered."""
    if plan.ordered and plan.triples_map.source.formulation is not Formulation.QUERY:
        return plan.sql.replace("SELECT ", "SELECT row_number() OVER () AS kb_row, ", 1)
    if plan.triples_map.source.formulation is Formulation.TABLE and plan.sql.count("SELECT DISTINCT ") == 1:
        inside = plan.sql.replace("SELECT DISTINCT ", "SELECT row_number() OVER () AS kb_row, ")
        return inside.replace("SELECT ", "SELECT r.kb_row, ", 1) if " JOIN " not in inside else None
    return None


@contextmanager
def _planned(
    mapping: Mapping, folder: Path, tables: Dictionary[str, Path], options: TableOptions
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Sources, list[Plan]]]:
    """A connection with the mapping's files in it, and what is to be run there."""
    with TemporaryDirectory(prefix="kb-tables-") as spill, duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{options.memory}'")
        connection.execute(f"SET temp_directory = '{spill}'")
        connection.execute("SET arrow_large_buffer_size = true")
        for macro in (*terms_sql.macros(), *functions.macros(options.secret)):
            connection.execute(macro)
        sources = _opened(mapping, connection, folder, tables)
        yield (
            connection,
            sources,
            plans(mapping, sources, Defaults(options.graph, options.base, options.skolem)),
        )


def _opened(
    mapping: Mapping, connection: duckdb.DuckDBPyConnection, folder: Path, tables: Dictionary[str, Path]
) -> Sources:
    """The mapping's files in the connection, read once where they are used more than once."""
    sources = Sources(connection, folder, tables)
    names = dict.fromkeys([*(each.source.path for each in mapping.triples_maps), *mapping.files])
    sources.resolve(list(names), str(mapping.path))
    uses: Counter[str] = Counter()
    for query in [each.sql for each in mapping.queries]:
        uses.update(queried_tables(query, connection))
    for each in mapping.triples_maps:
        if each.source.formulation is Formulation.QUERY:
            uses.update(queried_tables(each.source.iterator or "", connection))
        else:
            uses[rows_name(each.source, sources.files[each.source.path])] += 1
    sources.open(uses)
    for named in mapping.queries:
        sources.name_query(named, uses[named.name])
    sources.close()
    return sources


def _run(
    plan: Plan, connection: duckdb.DuckDBPyConnection, rejected: list[RejectedRow]
) -> Iterator[pa.RecordBatch]:
    faults = 0
    try:
        reader = connection.sql(plan.sql).to_arrow_reader(BATCH_ROWS)
        for rows in reader:
            if plan.has_fault:
                sound = pc.is_null(rows.column("fault"))
                bad = rows.num_rows - sound.true_count
                faults += bad
                rows = rows.filter(sound) if bad else rows
            for quad in plan.quads:
                batch = _batch(rows, quad)
                if isinstance(quad[3], int):
                    check_graphs(batch.column("g").unique().to_pylist(), plan.triples_map.where)
                if batch.num_rows:
                    yield batch
    except duckdb.Error as fault:
        raise _translated(plan, fault) from fault
    if faults:
        rejected += _faults(plan, connection)


def _batch(rows: pa.RecordBatch, quad: tuple[Slot, ...]) -> pa.RecordBatch:
    """One quad for each row that has all its terms."""
    whole = None
    for slot in quad:
        if isinstance(slot, int) and rows.column(slot).null_count:
            there = rows.column(slot).is_valid()
            whole = there if whole is None else pc.and_(whole, there)
    columns = [slot if isinstance(slot, str) else rows.column(slot) for slot in quad]
    if whole is not None:
        columns = [each if isinstance(each, str) else each.filter(whole) for each in columns]
    count = rows.num_rows if whole is None else whole.true_count
    text = pa.large_string()
    arrays = [pa.repeat(pa.scalar(each, text), count) if isinstance(each, str) else each for each in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=QUAD_SCHEMA)


def _faults(plan: Plan, connection: duckdb.DuckDBPyConnection) -> list[RejectedRow]:
    """The faulty rows of a plan with their numbers: a second look, for tables that have any."""
    numbered = plan.sql.replace("SELECT ", "SELECT row_number() OVER () AS row, ", 1)
    rows = connection.execute(
        f"SELECT row, fault FROM ({numbered}) WHERE fault IS NOT NULL LIMIT {_MAX_FAULTS}"
    ).fetchall()
    each_map = plan.triples_map
    return [
        RejectedRow(
            each_map.source.path, f"{fault} (triples map {each_map.name})", row=row if plan.ordered else None
        )
        for row, fault in rows
    ]


def _translated(plan: Plan, fault: duckdb.Error) -> MappingError | SourceError:
    if isinstance(fault, duckdb.InvalidInputException) and "pseudonym" in str(fault):
        return MappingError(said(fault), where=plan.triples_map.where)
    return SourceError(
        f"{plan.triples_map.source.path} can't be read: {said(fault)}", where=plan.triples_map.where
    )


def _fault(row: RejectedRow) -> SourceError:
    return SourceError(f"A row can't be mapped: {row.reason}", where=str(row).partition(":")[0])
