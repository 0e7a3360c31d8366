"""What buyers did, as tables in DuckDB: touches of products, traits of products, baskets, sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

import duckdb
import pyarrow as pa

from .. import graphs
from ..columns.image import Image
from ..star import star_of

# Pairs of products that must not be found: what is the same, and what the graph says the contrary of.
_BARRED = """
WITH barring AS (
  SELECT s AS a, o AS b, ['basket', 'session'] AS units FROM "ckb:sameProductAs"
  UNION ALL SELECT s, o, ['session'] FROM "ckb:accessoryFor"
  UNION ALL SELECT s, o, ['session'] FROM "ckb:complementOf"
  UNION ALL SELECT s, o, ['basket'] FROM "ckb:substituteFor"
)
SELECT a, b, unnest(units) AS unit FROM barring UNION SELECT b, a, unnest(units) FROM barring
"""
# What holds more says nothing about two of them, and pairs grow with the square.
_MOST_IN_A_UNIT = 50
_UNITS = {
    "basket": """
        SELECT "order" AS unit, spu, min(ordered_at) AS moment,
          max(0.5 ** (date_diff('day', ordered_at, (SELECT max(moment) FROM touch)) / {half_life})) AS weight
        FROM order_line WHERE spu IS NOT NULL AND ordered_at IS NOT NULL GROUP BY ALL
    """,
    "session": """
        SELECT buyer || '/' || CAST(date_trunc('week', moment) AS DATE) AS unit, spu, min(moment) AS moment,
          max(weight) AS weight
        FROM touch GROUP BY ALL
    """,
}


class Behaviour:
    """The tables ``touch``, ``trait``, ``spu`` of a snapshot; what is older than `half_life` days counts half."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, half_life: float) -> None:
        self._connection, self._half_life = connection, half_life
        self._make("touch", "touches", half_life=half_life)
        self._make("trait", "traits", bands=f"{graphs.VOCAB}price-band/")

    def affinities(self, *, lift: float, prior: float, most: int) -> pa.Table:
        """buyer, kind (brand, category, price band), value, times, lift, score."""
        return self._asked("affinities", lift=lift, prior=prior, most=most)

    def companions(self, unit: str, *, support: int, lift: float, days: int, most: int) -> pa.Table:
        """spu, other, times, confidence, lift, score, same_category, of ``basket`` or ``session``.

        A pair counts that stands in so many units, over at least so many days.
        """
        units = _UNITS[unit].format(half_life=self._half_life)
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE unit AS SELECT * FROM ({units}) "
            f"QUALIFY count(*) OVER (PARTITION BY unit) <= {_MOST_IN_A_UNIT}"
        )
        return self._asked("companions", unit=unit, support=support, lift=lift, days=days, most=most)

    def held(self) -> pa.Table:
        """buyer, spu, weight: each once, of what was bought."""
        sql = "SELECT buyer, spu, sum(weight) AS weight FROM touch WHERE bought GROUP BY ALL ORDER BY ALL"
        return self._connection.sql(sql).to_arrow_table()

    def names(self) -> dict[str, str]:
        """What SPUs, brands and categories are called in English, where they are."""
        rows = self._connection.sql("SELECT node, min(name) FROM name GROUP BY node").fetchall()
        return dict(rows)

    def _make(self, table: str, query: str, **parameters: float | str) -> None:
        self._connection.execute(f"CREATE TEMP TABLE {table} AS {sql(query)}", parameters)

    def _asked(self, query: str, **parameters: float | str) -> pa.Table:
        return self._connection.sql(sql(query), params=parameters).to_arrow_table()


@contextmanager
def behaviour_of(image: Image, *, half_life: float) -> Iterator[Behaviour]:
    """The tables of an image for the time of a ``with`` block."""
    with star_of(image) as star, duckdb.connect(config={"threads": 2}) as connection:
        tables = {
            "order_line": star["fact_order_line"].rows,
            "interaction": star["fact_interaction"].rows,
            "spu": star["dim_spu"].rows,
            "above": star["bridge_category"].rows,
            "returned": star.rows('SELECT o AS line FROM "ckb:returnOf"'),
            "barred": star.rows(_BARRED),
            "name": star.rows(
                'SELECT s AS node, o AS name FROM "rdfs:label.en" UNION SELECT s, o FROM "skos:prefLabel.en"'
            ),
        }
        for name, rows in tables.items():
            connection.register(name, plain(rows))
        yield Behaviour(connection, half_life)


def sql(name: str) -> str:
    return (resources.files(__package__) / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def plain(rows: pa.Table) -> pa.Table:
    """DuckDB needs an extension for time zones; everything here is in UTC. IRIs are looked up by text."""
    columns = []
    for one in rows.columns:
        if pa.types.is_timestamp(one.type):
            columns.append(one.cast(pa.timestamp("us")))
        else:
            columns.append(one.cast(pa.string()) if pa.types.is_dictionary(one.type) else one)
    return pa.table(columns, names=rows.column_names)
