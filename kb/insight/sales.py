"""Who sells how much: top items, shares of brand families, concentration."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import _

from .market import Market
from .scope import Scope


def top(market: Market, scope: Scope) -> pa.Table:
    """Products by value sold in the window, with their share of the scope's sales."""
    begin, end = market.window(scope)
    sold = market.sold(scope).filter(_.week >= begin, _.week < end)
    found = sold.group_by("spu", "name", "name_zh", "family").agg(
        value=_.value.sum().cast("float64"), units=_.units.sum().cast("float64")
    )
    found = found.mutate(share=_.value / _.value.sum().over(ibis.window()))
    found = found.mutate(rank=ibis.row_number().over(order_by=[_.value.desc(), _.spu]) + 1)
    ordered = found.order_by("rank").limit(scope.limit)
    return market.rows(ordered.select("rank", "spu", "name", "name_zh", "family", "value", "units", "share"))


def share(market: Market, scope: Scope) -> pa.Table:
    """Shares of brand families by value in the window, and how they were in the window of the same length before."""
    begin, end = market.window(scope)
    before = begin - (end - begin)
    # Looked at from outside the family: a family's share of itself says nothing.
    whole = market.sold(Scope(category=scope.category, region=scope.region))
    sold = whole.filter(_.week >= before, _.week < end, _.family.notnull())
    now = sold.group_by("family").agg(
        value=_.value.sum(where=_.week >= begin).cast("float64"),
        value_before=_.value.sum(where=_.week < begin).cast("float64"),
    )
    now = now.fill_null({"value": 0.0, "value_before": 0.0})
    everything = ibis.window()
    now = now.mutate(
        share=_.value / _.value.sum().over(everything),
        share_before=_.value_before / _.value_before.sum().over(everything).nullif(0),
    )
    now = now.mutate(change=_.share - _.share_before)
    if scope.family:
        now = now.semi_join(market["dim_brand"].filter(_.brand == scope.family).select("family"), "family")
    names = market["dim_brand"].select(family="brand", name="name", name_zh="name_zh")
    named = now.left_join(names, "family").drop("family_right").order_by(_.share.desc(), _.family)
    columns = ("family", "name", "name_zh", "value", "share", "share_before", "change")
    return market.rows(named.select(*columns).limit(scope.limit))


def concentration(market: Market, scope: Scope) -> pa.Table:
    """Herfindahl-Hirschman index (0 to 10,000) and the share of the four largest families, by leaf category."""
    begin, end = market.window(scope, weeks=8)
    sold = market.sold(scope).filter(_.week >= begin, _.week < end, _.family.notnull(), _.category.notnull())
    values = sold.group_by("category", "family").agg(value=_.value.sum().cast("float64")).filter(_.value > 0)
    of_category = ibis.window(group_by="category")
    values = values.mutate(
        part=_.value / _.value.sum().over(of_category),
        place=ibis.row_number().over(group_by="category", order_by=[_.value.desc(), _.family]),
    )
    found = values.group_by("category").agg(
        families=_.family.nunique(),
        value=_.value.sum().cast("float64"),
        hhi=(_.part * _.part).sum() * 10_000,
        cr4=_.part.sum(where=_.place < 4),
    )
    names = market["dim_category"].select("category", "name", "name_zh")
    named = found.left_join(names, "category").drop("category_right").order_by(_.hhi.desc(), _.category)
    columns = ("category", "name", "name_zh", "families", "value", "hhi", "cr4")
    return market.rows(named.select(*columns).limit(scope.limit))
