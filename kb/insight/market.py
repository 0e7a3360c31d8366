"""The market as Ibis tables: sales by product, region and week with brand and category; the scope cuts it.

Everything here is an Ibis expression, so that the same lines run wherever Ibis has a backend.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cached_property

import ibis
import pyarrow as pa
from ibis import _

from ..errors import SourceError
from ..star import Star
from .scope import Scope

WEEK = timedelta(days=7)
AMOUNT = "decimal(18, 4)"


class Market:
    """One snapshot's star schema in an Ibis backend (DuckDB in memory by default), its tables put there when used."""

    def __init__(self, star: Star, backend: ibis.BaseBackend | None = None) -> None:
        self._star = star
        self._backend = backend or ibis.duckdb.connect()
        self._tables: dict[str, ibis.Table] = {}

    def __getitem__(self, name: str) -> ibis.Table:
        if name not in self._tables:
            rows = _plain(self._star[name].rows)
            self._tables[name] = self._backend.create_table(name, rows, overwrite=True)
        return self._tables[name]

    def prepare(self) -> None:
        """Put all tables there at once."""
        tables = [*map(self.__getitem__, self._star.definitions), self.sales]
        assert all(one.columns for one in tables)

    def rows(self, expression: ibis.Table) -> pa.Table:
        """The rows of an expression."""
        return expression.to_pyarrow()

    @cached_property
    def products(self) -> ibis.Table:
        """spu, name, name_zh, category, brand, family: brand families by their topmost brand."""
        brands = self["dim_brand"].select("brand", "family")
        spus = self["dim_spu"].select("spu", "name", "name_zh", "category", "brand", "first_seen_at")
        return spus.left_join(brands, "brand").drop("brand_right")

    @cached_property
    def sales(self) -> ibis.Table:
        """spu, region, week, units, value: what panels report, or own orders where no panel reports any.

        A week is when a period of the panel begins; of orders it is the day.
        """
        panel = self["fact_sales"]
        if self.reported:
            made = panel.group_by(spu=_.item, region=_.region, week=_.period_start).agg(
                units=_.value.sum(where=_.metric.endswith("/units-sold")),
                value=_.value.sum(where=_.metric.endswith("/gmv")),
            )
        else:
            lines = self["fact_order_line"].filter(_.spu.notnull(), _.ordered_at.notnull())
            made = lines.group_by(spu=_.spu, week=_.ordered_at.truncate("D")).agg(
                units=_.quantity.cast(AMOUNT).sum(), value=_.amount.sum()
            )
            made = made.mutate(region=ibis.null("string")).select("spu", "region", "week", "units", "value")
        return self._backend.create_table(
            "sales", self.rows(made.mutate(units=_exact(_.units), value=_exact(_.value))), overwrite=True
        )

    @cached_property
    def reported(self) -> bool:
        """Whether panels report sales."""
        return bool(self.rows(self["fact_sales"].limit(1)).num_rows)

    @cached_property
    def last_week(self) -> datetime:
        """When the newest week of sales begins. Raises SourceError without sales."""
        newest = self.rows(self.sales.agg(week=_.week.max()))["week"][0].as_py()
        if newest is None:
            raise SourceError("The store has no sales", hint="load sales observations or orders")
        return newest

    def window(self, scope: Scope, *, weeks: int = 4) -> tuple[datetime, datetime]:
        """The scope's window; by default the newest weeks of sales."""
        end = scope.end or self.last_week + WEEK
        return scope.begin or end - weeks * WEEK, end

    def chosen(self, scope: Scope) -> ibis.Table:
        """The products of the scope: of its category and what is below it, of its brand family."""
        products = self.products
        if scope.category:
            below = self["bridge_category"].filter(_.ancestor == scope.category).select("category")
            products = products.semi_join(below, "category")
        if scope.family:
            heads = self["dim_brand"].filter(_.brand == scope.family).select("family")
            products = products.semi_join(heads, "family")
        return products

    def sold(self, scope: Scope) -> ibis.Table:
        """Sales of the chosen products in the scope's region, in all weeks."""
        sales = self.sales.filter(_.region == scope.region) if scope.region else self.sales
        return sales.inner_join(self.chosen(scope), "spu")


def _exact(amounts: ibis.Deferred) -> ibis.Deferred:
    """Decimals, so that a sum is the same in whatever order an engine adds."""
    return ibis.coalesce(amounts, ibis.literal(0)).cast(AMOUNT)


def _plain(rows: pa.Table) -> pa.Table:
    """Times without a zone: all are in UTC, and DuckDB needs an extension for zones."""
    columns = [
        one.cast(pa.timestamp("us")) if pa.types.is_timestamp(one.type) else one for one in rows.columns
    ]
    return pa.table(columns, names=rows.column_names)
