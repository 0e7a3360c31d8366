"""What changes beyond noise and season: movers, seasons, demand that few products serve."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from ibis import _

from ..errors import SourceError
from .market import Market
from .scope import Scope
from .significance import discoveries, mann_kendall, spread, two_sided

_LEAST_UNITS = 30
# Two windows of a product whose demand stays the same differ by about this much (log), whatever the panel's size.
_USUAL_NOISE = 0.08
_OTHERS = 4
_SEASON_WEEKS = 40
_SEASON_PEAK = 1.6


def movers(market: Market, scope: Scope) -> pa.Table:
    """Products that sell more or less than in the window before, beyond what their category does (its season) and
    beyond noise: false discovery rate 5 %.

    Growth is the logarithm of now to before, less what its category does (see `_beyond`); `z` counts deviations.
    """
    begin, end = market.window(scope)
    before = begin - (end - begin)
    tops = market["dim_category"].select("category", "top")
    sold = (
        market.sold(scope)
        .filter(_.week >= before, _.week < end)
        .left_join(tops, "category")
        .drop("category_right")
    )
    both = sold.group_by("spu", "name", "name_zh", "category", "top", "region").agg(
        now=_.units.sum(where=_.week >= begin).cast("float64"),
        before=_.units.sum(where=_.week < begin).cast("float64"),
        weeks_now=_.week.nunique(where=_.week >= begin),
        weeks_before=_.week.nunique(where=_.week < begin),
    )
    if market.reported:  # A region that is reported in one window alone would look like growth.
        both = both.filter(_.weeks_now > 0, _.weeks_before == _.weeks_now)
    sums = both.group_by("spu", "name", "name_zh", "category", "top").agg(
        now=_.now.sum().cast("float64"), before=_.before.sum().cast("float64")
    )
    found = market.rows(sums.filter(_.before + _.now >= _LEAST_UNITS).order_by("spu"))
    if not len(found):
        return _with(found.drop(["top"]), growth=[], z=[], p=[], kind=[]).slice(0, 0)
    now, earlier = (found[name].to_numpy().astype(float) for name in ("now", "before"))
    growth = np.log((now + 0.5) / (earlier + 0.5))
    z = _beyond(growth, found["category"].to_pylist(), found["top"].to_pylist())
    p = two_sided(z)
    moved = discoveries(p)
    kinds = np.where(z > 0, "riser", "faller")
    table = _with(found.drop(["top"]), growth=now / np.maximum(earlier, 0.5) - 1, z=z, p=p, kind=kinds)
    table = table.filter(pa.array(moved))
    order = np.argsort(-np.abs(table["z"].to_numpy()), kind="stable")
    return table.take(pa.array(order)).slice(0, scope.limit)


def seasonality(market: Market, scope: Scope) -> pa.Table:
    """Leaf categories whose months differ: the month of the peak, its ratio to the mean month, and the share of the
    variance of weeks that months explain (eta squared), with its probability by chance under permutation.

    Only products followed for at least 40 weeks count; each is first divided by its own mean, and of several the
    median counts. One `products` alone can't tell a season from an event of its own.
    """
    sold = market.sold(scope).filter(_.category.notnull(), _.units > 0)
    weekly = (
        sold.mutate(week=_.week.truncate("W"))
        .group_by("spu", "category", "week")
        .agg(units=_.units.sum().cast("float64"))
    )
    followed = weekly.group_by("spu").agg(weeks=_.week.nunique(), mean=_.units.mean())
    followed = followed.filter(_.weeks >= _SEASON_WEEKS)
    scaled = weekly.inner_join(followed, "spu").mutate(level=_.units / _.mean, month=_.week.month())
    names = market["dim_category"].select("category", "name", "name_zh")
    rows = market.rows(
        scaled.group_by("category", "week", "month")
        .agg(level=_.level.median(), products=_.spu.nunique())
        .left_join(names, "category")
        .order_by("category", "week")
    )
    found = []
    categories = rows["category"].to_numpy(zero_copy_only=False)
    for category in np.unique(categories):
        part = rows.filter(pa.array(categories == category))
        level, month = part["level"].to_numpy(), part["month"].to_numpy()
        means = {int(one): float(level[month == one].mean()) for one in np.unique(month)}
        peak = max(means, key=lambda one: means[one])
        eta, p = _explained(level, month)
        names = (part[name][0].as_py() for name in ("name", "name_zh"))
        products = int(np.median(part["products"].to_numpy()))
        found.append((category, *names, peak, means[peak] / level.mean(), eta, p, products))
    names_of_columns = [
        "category",
        "name",
        "name_zh",
        "peak_month",
        "peak_to_mean",
        "explained",
        "p",
        "products",
    ]
    table = _table(names_of_columns, found)
    if not len(table):
        return table
    seasonal = discoveries(table["p"].to_numpy()) & (table["peak_to_mean"].to_numpy() >= _SEASON_PEAK)
    table = table.filter(pa.array(seasonal))
    return table.sort_by([("peak_to_mean", "descending"), ("category", "ascending")]).slice(0, scope.limit)


def white_space(market: Market, scope: Scope) -> pa.Table:
    """Needs whose demand rises (Mann-Kendall, 5 %) and that few products serve: fewer than the median need has, and
    at most three; by growth of the later half of the window to the earlier."""
    demand = market["fact_engagement"].inner_join(market["dim_need"].select(item="need"), "item")
    if scope.begin:
        demand = demand.filter(_.observed_at >= scope.begin)
    if scope.end:
        demand = demand.filter(_.observed_at < scope.end)
    monthly = demand.group_by(need=_.item, month=_.observed_at.truncate("M")).agg(demand=_.value.mean())
    rows = market.rows(monthly.order_by("need", "month"))
    served = (
        market["bridge_need_spu"]
        .semi_join(market.chosen(scope), "spu")
        .group_by("need")
        .agg(spus=_.spu.nunique())
    )
    named = (
        market["dim_need"]
        .left_join(served, "need")
        .drop("need_right")
        .fill_null({"spus": 0})
        .order_by("need")
    )
    needs = {one["need"]: one for one in market.rows(named).to_pylist()}
    if not len(rows):
        raise SourceError("The store has no demand of needs", hint="load engagement observations of needs")
    few = min(3, int(np.median([one["spus"] for one in needs.values()])))
    found = []
    for need, one in needs.items():
        series = rows.filter(pa.array(np.array(rows["need"].to_pylist()) == need))["demand"].to_numpy()
        half = len(series) // 2
        tau, p = mann_kendall(series)
        earlier, later = float(series[:half].sum()), float(series[len(series) - half :].sum())
        if half and tau > 0 and one["spus"] <= few:
            found.append(
                (
                    need,
                    one["name"],
                    one["name_zh"],
                    earlier,
                    later,
                    later / max(earlier, 1) - 1,
                    tau,
                    p,
                    one["spus"],
                )
            )
    names = ["need", "name", "name_zh", "demand_before", "demand", "growth", "tau", "p", "spus"]
    table = _table(names, found)
    if not len(table):
        return table
    table = table.filter(pa.array(discoveries(table["p"].to_numpy())))
    return table.sort_by([("growth", "descending"), ("need", "ascending")]).slice(0, scope.limit)


def _beyond(growth: np.ndarray, categories: list[str], tops: list[str]) -> np.ndarray:
    """By how many deviations each product's growth differs from what its category does by itself.

    That is the median of the others in the leaf category where there are at least four. In a thinner leaf two or three
    products don't show its season: there a product must stray from the leaf and from the department's leaves alike.
    """
    leaves, departments = (np.array([one or "" for one in names]) for names in (categories, tops))
    found = np.zeros(len(growth))
    for department in np.unique(departments):
        members = np.flatnonzero(departments == department)
        medians = np.array([np.median(growth[leaves == leaf]) for leaf in np.unique(leaves[members])])
        found[members] = (growth[members] - np.median(medians)) / spread(medians, least=_USUAL_NOISE)
    for leaf in np.unique(leaves):
        members = np.flatnonzero(leaves == leaf)
        if len(members) < 2:
            continue
        for one in members:
            others = growth[members[members != one]]
            z = (growth[one] - np.median(others)) / spread(others, least=_USUAL_NOISE)
            thin = len(others) < _OTHERS
            found[one] = (0.0 if z * found[one] < 0 else min(z, found[one], key=abs)) if thin else z
    return found


def _explained(
    level: np.ndarray, month: np.ndarray, *, rounds: int = 200, seed: int = 7
) -> tuple[float, float]:
    """The share of the variance between months, and how often weeks in random order explain as much."""
    level = level - level.mean()
    total = float((level**2).sum())
    if total <= 0:
        return 0.0, 1.0
    members = (month[:, None] == np.unique(month)).astype(float)
    shuffled = np.random.default_rng(seed).permuted(np.tile(level, (rounds, 1)), axis=1)
    between = ((np.vstack([level, shuffled]) @ members) ** 2 / members.sum(axis=0)).sum(axis=1)
    return float(between[0]) / total, (int((between[1:] >= between[0]).sum()) + 1) / (rounds + 1)


def _table(names: list[str], rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.table({name: pa.array([row[place] for row in rows]) for place, name in enumerate(names)})


def _with(table: pa.Table, **columns: object) -> pa.Table:
    for name, values in columns.items():
        table = table.append_column(name, pa.array(values))
    return table
