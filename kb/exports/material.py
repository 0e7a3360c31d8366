"""What exports are made of: the star schema under pseudonyms, interactions, edges of knowledge, and when they end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import SourceError
from ..star import Star, Table
from .pseudonyms import export_pseudonym

_QUERIES = Path(__file__).parent / "queries"
# What names one buyer, or one act of a buyer, in any table.
_PERSONAL = ("buyer", "order", "order_line", "interaction")
_SHARES = (0.8, 0.9)
_KINDS = ("purchase", "review", "cart", "view")


@dataclass(frozen=True)
class Split:
    """Interactions by time: those before `valid_from` train, those from `test_from` on test."""

    valid_from: datetime
    test_from: datetime
    train: pa.Table
    valid: pa.Table
    test: pa.Table


class Material:
    """One snapshot's tables for one export: `key` makes pseudonyms that hold for exports of this name alone.

    Interactions are left out of buyers and products with fewer than `core` of them, until none is left.
    """

    def __init__(self, star: Star, *, key: bytes, core: int = 5) -> None:
        self._star = star
        self._key = key
        self._core = core
        self._pseudonyms: dict[str, str] = {}

    def tables(self) -> Iterator[Table]:
        """All tables of the star schema, buyers, orders and events under pseudonyms."""
        return (self[name] for name in self._star.definitions)

    def __getitem__(self, name: str) -> Table:
        table = self._star[name]
        rows = table.rows
        for column in set(_PERSONAL) & set(rows.column_names):
            place = rows.column_names.index(column)
            rows = rows.set_column(place, column, self._hidden(rows[column]))
        keys = [(column, "ascending") for column in table.definition.key]
        return Table(table.definition, rows.sort_by(keys))

    @cached_property
    def interactions(self) -> pa.Table:
        """buyer, item (SPU), kind, times, rating, occurred_at: one row for a buyer and a product, by time.

        Raises SourceError where nothing is left.
        """
        with self._events() as connection:
            rows = connection.sql(_query("interactions")).to_arrow_table()
            rows = _cored(connection, rows, self._core)
        if not len(rows):
            raise SourceError(
                f"No buyer and product with at least {self._core} interactions are in the store",
                hint="load orders or events, or lower --core",
            )
        return _in_utc(rows)

    def activity(self, *, of: str, others: str) -> pa.Table:
        """Sums of what each `of` (buyer, spu) had done or met by the end of a day, known at the midnight after.

        `others` names the column that counts who or what was on the other side, each once. No core is taken: a
        feature that knew who would stay would know the future.
        """
        with self._events() as connection:
            query = _query("activity").format(entity=of, others=others)
            return _in_utc(connection.sql(query).to_arrow_table())

    @cached_property
    def split(self) -> Split:
        """The interactions split at two midnights (UTC), so that about 80, 10 and 10 % fall before and after."""
        rows = self.interactions
        times = rows["occurred_at"]
        first, last = (_midnight(times[int(share * len(rows))].as_py()) for share in _SHARES)
        early, late = (pc.less(times, pa.scalar(cut, times.type)) for cut in (first, last))
        return Split(
            valid_from=first,
            test_from=last,
            train=rows.filter(early),
            valid=rows.filter(pc.and_(late, pc.invert(early))),
            test=rows.filter(pc.invert(late)),
        )

    def edges(self, *, before: datetime | None = None) -> pa.Table:
        """head, relation, tail, origin, confidence, known_at; only what was known before that time."""
        rows = self._edges
        if before is None:
            return rows
        known = rows["known_at"]
        return rows.filter(pc.or_kleene(pc.is_null(known), pc.less(known, pa.scalar(before, known.type))))

    @cached_property
    def _edges(self) -> pa.Table:
        return self._star.rows(_query("edges"), key=("head", "relation", "tail"))

    @contextmanager
    def _events(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """DuckDB with the two tables of what buyers did."""
        with duckdb.connect() as connection:
            for name in ("fact_order_line", "fact_interaction"):
                connection.register(name, _without_zone(self[name].rows))
            yield connection

    def _hidden(self, column: pa.ChunkedArray) -> pa.Array:
        """Pseudonyms in the place of IRIs."""
        coded = column.combine_chunks().dictionary_encode()
        found = [self._pseudonym(iri) for iri in coded.dictionary.to_pylist()]
        return pa.DictionaryArray.from_arrays(coded.indices, pa.array(found, pa.string())).cast(pa.string())

    def _pseudonym(self, iri: str) -> str:
        if iri not in self._pseudonyms:
            self._pseudonyms[iri] = export_pseudonym(iri, self._key)
        return self._pseudonyms[iri]


def _query(name: str) -> str:
    return (_QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def _cored(connection: duckdb.DuckDBPyConnection, rows: pa.Table, core: int) -> pa.Table:
    """The k-core of the bipartite graph of buyers and items."""
    while True:
        kept = connection.sql(
            f"SELECT * FROM rows QUALIFY count(*) OVER (PARTITION BY buyer) >= {core} "
            f"AND count(*) OVER (PARTITION BY item) >= {core} ORDER BY occurred_at, buyer, item"
        ).to_arrow_table()
        if len(kept) == len(rows):
            return kept
        rows = kept


def _midnight(time: datetime) -> datetime:
    return datetime(time.year, time.month, time.day, tzinfo=UTC)


def _without_zone(rows: pa.Table) -> pa.Table:
    """DuckDB needs an extension for time zones; everything here is in UTC."""
    plain = [one.cast(pa.timestamp("us")) if pa.types.is_timestamp(one.type) else one for one in rows.columns]
    return pa.table(plain, names=rows.column_names)


def _in_utc(rows: pa.Table) -> pa.Table:
    zoned = [
        one.cast(pa.timestamp("us", "UTC")) if pa.types.is_timestamp(one.type) else one
        for one in rows.columns
    ]
    return pa.table(zoned, names=rows.column_names)
