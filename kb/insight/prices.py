"""Prices: where a merchant stands among those that sell the same, and how a price came about."""

from __future__ import annotations

import ibis
import pyarrow as pa
from ibis import _

from ..errors import UsageError
from .market import Market
from .scope import Scope


def price_position(market: Market, scope: Scope) -> pa.Table:
    """For each SKU that a merchant shares with others, its best price and the index of it to the others' lowest and
    median price in the same currency (1 is the same price). Without a merchant: the medians of every merchant."""
    offers = market["dim_offer"].filter(_.price.notnull(), _.sku.notnull(), _.merchant.notnull())
    if scope.region:
        offers = offers.filter((_.region == scope.region) | _.region.isnull())
    if scope.category or scope.family:
        skus = market["dim_sku"].semi_join(market.chosen(scope), "spu").select("sku")
        offers = offers.semi_join(skus, "sku")
    best = offers.group_by("sku", "currency", "merchant").agg(price=_.price.min().cast("float64"))
    others = best.select("sku", "currency", rival="merchant", rival_price="price")
    pairs = best.inner_join(others, ["sku", "currency"]).filter(_.merchant != _.rival)
    compared = pairs.group_by("sku", "currency", "merchant", "price").agg(
        lowest=_.rival_price.min(), median=_.rival_price.median(), rivals=_.rival.nunique()
    )
    compared = compared.mutate(to_lowest=_.price / _.lowest, to_median=_.price / _.median)
    if scope.merchant is None:
        return market.rows(_by_merchant(market, compared).limit(scope.limit))
    names = market["dim_sku"].select("sku", "name", "name_zh")
    found = compared.filter(_.merchant == scope.merchant).left_join(names, "sku")
    found = found.order_by(_.to_lowest.desc(), _.sku).limit(scope.limit)
    prices = ("currency", "price", "lowest", "median", "to_lowest", "to_median", "rivals")
    return market.rows(found.select("sku", "name", "name_zh", *prices))


def _by_merchant(market: Market, compared: ibis.Table) -> ibis.Table:
    names = market["dim_merchant"].select("merchant", "name", "name_zh")
    found = compared.group_by("merchant").agg(
        skus=_.sku.nunique(),
        to_lowest=_.to_lowest.median(),
        to_median=_.to_median.median(),
        cheapest=(_.price <= _.lowest).mean(),
    )
    named = found.left_join(names, "merchant").order_by("to_median", "merchant")
    return named.select("merchant", "name", "name_zh", "skus", "to_lowest", "to_median", "cheapest")


def price_history(market: Market, scope: Scope) -> pa.Table:
    """Each day on which a price of the SKU was seen: the lowest, who asks it, the lowest of the last 30 days, and who
    first undercut the lowest price until then. Raises UsageError without an SKU."""
    if scope.sku is None:
        raise UsageError(
            "The history of a price is that of one SKU", hint="give it: --sku 'name, GTIN or IRI'"
        )
    seen = market["fact_price"].filter(_.sku == scope.sku, _.price.notnull(), _.observed_at.notnull())
    if scope.begin:
        seen = seen.filter(_.observed_at >= scope.begin)
    if scope.end:
        seen = seen.filter(_.observed_at < scope.end)
    seen = seen.mutate(day=_.observed_at.date(), price=_.price.cast("float64"))
    ordered = seen.mutate(place=ibis.row_number().over(group_by="day", order_by=[_.price, _.merchant]))
    daily = ordered.group_by("day", "currency").agg(
        lowest=_.price.min(),
        median=_.price.median(),
        merchant=_.merchant.max(where=_.place == 0),
        offers=_.offer.nunique(),
    )
    month = ibis.window(
        order_by="day", group_by="currency", preceding=ibis.interval(days=30), following=ibis.interval(days=0)
    )
    earlier = ibis.window(group_by="currency", order_by="day", preceding=(None, 1))
    daily = daily.mutate(
        lowest_of_30_days=_.lowest.min().over(month),
        undercuts=(_.lowest < _.lowest.min().over(earlier)).fill_null(False),
    )
    names = market["dim_merchant"].select("merchant", "name", "name_zh")
    named = daily.left_join(names, "merchant").order_by("day", "currency")
    columns = (
        "day",
        "lowest",
        "lowest_of_30_days",
        "median",
        "currency",
        "merchant",
        "name",
        "name_zh",
        "undercuts",
        "offers",
    )
    return market.rows(named.select(*columns))
