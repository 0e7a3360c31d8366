"""Who competes, and through whom it sells: competitors of a brand, influencers, campaigns."""

from __future__ import annotations

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _

from ..errors import UsageError
from .market import Market
from .scope import Scope
from .significance import discoveries, two_sided

_WEEKS_BEFORE = 8
_LEAST_NOISE = 0.1
_WEIGHTS = {"markets": 3, "substitutes": 2, "influencers": 1}


def competitors(market: Market, scope: Scope) -> pa.Table:
    """Brands that compete with a brand, by what they share: market segments (3 each), substitutes (2), influencers (1).

    `family` names the brand (itself, not what is above it). Raises UsageError without one.
    """
    if scope.family is None:
        raise UsageError("Competitors are those of one brand", hint="give it: --family 'name or IRI'")
    brand = scope.family
    family = market["dim_brand"].filter(_.brand == brand).select("family")
    parts = [_sharing(market["bridge_brand_market"], brand, "market", "markets")]
    parts.append(_sharing(market["bridge_brand_influencer"], brand, "influencer", "influencers"))
    brands = market["dim_spu"].select("spu", "brand")
    mine = market["bridge_substitute"].inner_join(brands, "spu").filter(_.brand == brand).select("substitute")
    others = mine.inner_join(brands.select(substitute="spu", rival="brand"), "substitute")
    parts.append(others.group_by("rival").agg(count=_.count()).mutate(what=ibis.literal("substitutes")))
    shared = ibis.union(*(part.select("rival", "what", "count") for part in parts)).filter(_.rival != brand)
    counts = shared.group_by("rival").agg(
        **{what: _["count"].sum(where=_.what == what).fill_null(0) for what in _WEIGHTS}
    )
    score = sum(counts[what] * weight for what, weight in _WEIGHTS.items())
    names = market["dim_brand"].select(rival="brand", name="name", name_zh="name_zh", family="family")
    named = counts.mutate(score=score).inner_join(names, "rival").anti_join(family, "family")
    ordered = named.order_by(_.score.desc(), _.rival).limit(scope.limit)
    return market.rows(ordered.select("rival", "name", "name_zh", *_WEIGHTS, "score"))


def _sharing(pairs: ibis.Table, brand: str, what: str, called: str) -> ibis.Table:
    """How many of `what` each brand has in common with one brand."""
    mine = pairs.filter(_.brand == brand).select(what)
    return (
        pairs.semi_join(mine, what)
        .group_by(rival=_.brand)
        .agg(count=_.count())
        .mutate(what=ibis.literal(called))
    )


def influencers(market: Market, scope: Scope) -> pa.Table:
    """Influencers by the sales attributed to their content, with the families they also sell for: who is exclusive."""
    lines = market["fact_order_line"].filter(_.influencer.notnull(), _.spu.notnull())
    if scope.begin:
        lines = lines.filter(_.ordered_at >= scope.begin)
    if scope.end:
        lines = lines.filter(_.ordered_at < scope.end)
    families = market.products.select("spu", "family")
    all_lines = lines.inner_join(families, "spu")
    breadth = all_lines.group_by("influencer").agg(
        families=_.family.nunique(), value_in_all=_.amount.sum().cast("float64")
    )
    chosen = lines.semi_join(market.chosen(scope), "spu")
    found = chosen.group_by("influencer").agg(value=_.amount.sum().cast("float64"), lines=_.count())
    people = market["dim_influencer"].select("influencer", "name", "name_zh", "tier", "followers")
    named = found.inner_join(breadth, "influencer").inner_join(people, "influencer")
    named = named.mutate(share_of_theirs=_.value / _.value_in_all).order_by(_.value.desc(), _.influencer)
    columns = (
        "influencer",
        "name",
        "name_zh",
        "tier",
        "followers",
        "value",
        "lines",
        "families",
        "share_of_theirs",
    )
    return market.rows(named.select(*columns).limit(scope.limit))


def campaigns(market: Market, scope: Scope) -> pa.Table:
    """Which campaigns lifted what they promote: weekly units during against the eight weeks before, divided by what the
    department did in the same weeks (difference in differences of logarithms), with its probability by chance.

    Only regions count that were reported in both spans; the noise is that of the product's own weeks before.
    """
    runs = market["dim_campaign"].inner_join(market["bridge_campaign_spu"], "campaign")
    runs = runs.filter(_.started_at.notnull(), _.ended_at.notnull()).semi_join(market.chosen(scope), "spu")
    tops = market["dim_category"].select("category", "top")
    tops = market.products.select("spu", "category").inner_join(tops, "category").select("spu", "top")
    runs = runs.rename(promoted="spu").inner_join(tops.rename(promoted="spu"), "promoted")
    sales = market.sales.filter(_.region == scope.region) if scope.region else market.sales
    near = sales.mutate(units=_.units.cast("float64")).inner_join(tops, "spu").inner_join(runs, "top")
    near = near.filter(_.week >= _.started_at - ibis.interval(weeks=_WEEKS_BEFORE), _.week < _.ended_at)
    sides = near.group_by("campaign", "name", "name_zh", "promoted", "spu", "region").agg(
        during=_.units.mean(where=_.week >= _.started_at),
        before=_.units.mean(where=_.week < _.started_at),
        noise=_.units.ln().std(where=(_.week < _.started_at) & (_.units > 0)),
        weeks_during=_.week.nunique(where=_.week >= _.started_at),
        weeks_before=_.week.nunique(where=_.week < _.started_at),
    )
    sides = sides.filter(_.weeks_before >= 4, _.weeks_during > 0, _.during > 0, _.before > 0)
    rows = market.rows(sides.order_by("campaign", "promoted", "spu", "region"))
    pairs = rows.group_by(["campaign", "name", "name_zh", "promoted"]).aggregate([]).to_pylist()
    lifts = [one for pair in pairs if (one := _lift(rows, pair)) is not None]
    columns = ["campaign", "name", "name_zh", "spu", "weekly_before", "weekly_during", "lift", "p"]
    if not lifts:
        return pa.table({name: pa.array([], pa.null()) for name in columns})
    table = pa.Table.from_pylist(lifts).select(columns)
    table = table.filter(pa.array(discoveries(table["p"].to_numpy()) & (table["lift"].to_numpy() > 1)))
    return table.sort_by([("lift", "descending"), ("campaign", "ascending")]).slice(0, scope.limit)


def _lift(rows: pa.Table, pair: dict[str, str]) -> dict[str, object] | None:
    """One campaign's effect on one product, from the rows of its department; None without sales of it."""
    of_pair = pc.and_(
        pc.equal(rows["campaign"], pair["campaign"]), pc.equal(rows["promoted"], pair["promoted"])
    )
    near = rows.filter(of_pair)
    own = pc.equal(near["spu"], pair["promoted"]).to_numpy()
    if not own.any():
        return None
    during, before, noise = (near[name].to_numpy() for name in ("during", "before", "noise"))
    growth = np.log(during / before)
    others = float(np.median(growth[~own])) if (~own).any() else 0.0
    lift = float(np.average(growth[own], weights=before[own])) - others
    counts = [near[name].to_numpy()[own].mean() for name in ("weeks_during", "weeks_before")]
    deviation = max(float(np.nanmean(noise[own])), _LEAST_NOISE) * np.sqrt(sum(1 / count for count in counts))
    return {
        **{name: pair[name] for name in ("campaign", "name", "name_zh")},
        "spu": pair["promoted"],
        "weekly_before": float(before[own].sum()),
        "weekly_during": float(during[own].sum()),
        "lift": float(np.exp(lift)),
        "p": float(two_sided(np.array([lift / deviation]))[0]),
    }
