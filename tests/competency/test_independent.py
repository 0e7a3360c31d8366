"""Answers computed once more, in Python, from the shop's files alone; what is compared says each test's name."""

from __future__ import annotations

from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from pathlib import Path

import pytest

from kb import KnowledgeBase

from .answers import asked
from .raw import ID, VOCAB, Raw


@pytest.fixture(scope="module")
def raw(demo_files: Path) -> Raw:
    return Raw(demo_files)


def rounded(value: Decimal | float, places: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def test_g03_offers_of_a_sku_by_price(shop: KnowledgeBase, raw: Raw) -> None:
    offers = raw.subjects("offersSku", f"{ID}sku/K000011")
    ranked = sorted((raw.number("price", one), one, raw.one("offeredBy", one)) for one in offers)
    rows = asked(shop, "G03")
    assert [(Decimal(row["price"]), row["offer"], row["merchant"]) for row in rows] == ranked


def test_g04_spus_of_a_brand_family(shop: KnowledgeBase, raw: Raw) -> None:
    family = {
        spu
        for spu in raw.members("SPU")
        if f"{ID}brand/B0001" in raw.closure("directSubBrandOf", raw.one("directBrand", spu))
    }
    assert sorted(row["spu"] for row in asked(shop, "G04")) == sorted(family)


def test_g05_category_path(shop: KnowledgeBase, raw: Raw) -> None:
    leaf = raw.one("directCategory", f"{ID}spu/P00001")
    path = [leaf]
    while raw.all("broaderCategory", path[0]):
        path.insert(0, raw.one("broaderCategory", path[0]))
    assert [row["category"] for row in asked(shop, "G05")] == path


def test_g06_attributes_that_a_category_requires(shop: KnowledgeBase, raw: Raw) -> None:
    path = raw.closure("broaderCategory", f"{ID}category/lipstick")
    rules = {
        (raw.one("ruleForAttribute", rule), raw.one("required", rule))
        for category in path
        for rule in raw.subjects("ruleForCategory", category)
    }
    assert {(row["attribute"], row["required"]) for row in asked(shop, "G06")} == rules


def test_g16_content_about_an_spu(shop: KnowledgeBase, raw: Raw) -> None:
    spu = f"{ID}spu/P00005"
    direct = {
        content
        for content in raw.subjects("features")
        for item in raw.all("features", content)
        if item == spu or spu in map(raw.spu, raw.all("offersSku", item))
    }
    streams = {stream for segment in direct for stream in raw.subjects("hasSegment", segment)}
    assert {row["content"] for row in asked(shop, "G16")} == direct | streams


def test_b02_what_a_buyer_bought_by_brand_and_category(shop: KnowledgeBase, raw: Raw) -> None:
    buyer = f"{ID}buyer/lntocbnjvngmohnkx2a75rx277"
    lines, units = Counter(), Counter()
    for who, _, line, sku in raw.lines():
        if who == buyer:
            for thing in {raw.brand(sku)} | raw.categories(raw.spu(sku)):
                lines[thing] += 1
                units[thing] += int(raw.one("quantity", line))
    rows = asked(shop, "B02")
    assert {row["thing"]: (int(row["lines"]), int(row["units"])) for row in rows} == {
        thing: (lines[thing], units[thing]) for thing in lines
    }


def test_b03_lift_of_segments(shop: KnowledgeBase, raw: Raw) -> None:
    category = f"{ID}category/tea-drinks"
    segment = {buyer: raw.one("inSegment", buyer) for buyer in raw.members("Buyer")}
    fans = {who for who, _, _, sku in raw.lines() if category in raw.categories(raw.spu(sku))}
    sizes, bought = Counter(segment.values()), Counter(segment[one] for one in fans)
    base = Decimal(len(fans)) / len(segment)
    assert {row["segment"]: Decimal(row["lift"]) for row in asked(shop, "B03")} == {
        one: rounded(Decimal(bought[one]) / sizes[one] / base, 2) for one in bought
    }


def test_b09_content_that_purchases_came_through(shop: KnowledgeBase, raw: Raw) -> None:
    revenue: Counter[str] = Counter()
    for _, _, line, sku in raw.lines():
        if raw.spu(sku) == f"{ID}spu/P00008":
            for content in raw.all("attributedToContent", line):
                revenue[content] += raw.number("quantity", line) * raw.number("unitPrice", line)
    assert {row["content"]: Decimal(row["revenue"]) for row in asked(shop, "B09")} == dict(revenue)


def test_b10_repeat_rate_of_spus(shop: KnowledgeBase, raw: Raw) -> None:
    orders: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for who, order, _, sku in raw.lines():
        orders[raw.spu(sku)][who].add(order)
    rates = {
        spu: rounded(Decimal(sum(len(some) > 1 for some in who.values())) / len(who), 3)
        for spu, who in orders.items()
        if len(who) >= 5
    }
    found = {row["thing"]: Decimal(row["repeat_rate"]) for row in asked(shop, "B10") if row["kind"] == "SPU"}
    assert found == rates


def sold(raw: Raw) -> dict[str, set[str]]:
    """Merchant -> SPUs."""
    found = defaultdict(set)
    for offer in raw.members("Offer"):
        found[raw.one("offeredBy", offer)].add(raw.spu(raw.one("offersSku", offer)))
    return found


def test_k06_share_of_the_main_department(shop: KnowledgeBase, raw: Raw) -> None:
    departments = set(raw.subjects("topConceptOf"))
    shares = {}
    for merchant, spus in sold(raw).items():
        counts = Counter(one for spu in spus for one in raw.categories(spu) & departments)
        shares[merchant] = rounded(Decimal(max(counts.values())) / len(spus), 3)
    rows = asked(shop, "K06")
    assert {row["merchant"]: Decimal(row["share"]) for row in rows} == shares
    assert all((row["kind"] == "specialist") == (Decimal(row["share"]) > Decimal("0.8")) for row in rows)


def test_k07_brands_sold_with_and_without_authorisation(shop: KnowledgeBase, raw: Raw) -> None:
    told = {
        (merchant, brand, str(brand in raw.all("authorizedByBrand", merchant)).lower())
        for merchant, spus in sold(raw).items()
        for spu in spus
        for brand in raw.all("directBrand", spu)
    }
    found = {(row["merchant"], row["brand"], row["authorised"]) for row in asked(shop, "K07")}
    assert found == told


def test_k11_sponsored_content(shop: KnowledgeBase, raw: Raw) -> None:
    sponsored = Counter(raw.one("createdBy", one) for one in raw.subjects("underCollaboration"))
    rows = asked(shop, "K11")
    assert {row["influencer"]: int(row["sponsored"]) for row in rows if row["sponsored"] != "0"} == sponsored
    contents = Counter(who for one in raw.subjects("createdBy") for who in raw.all("createdBy", one))
    assert {row["influencer"]: int(row["contents"]) for row in rows} == contents


def test_r02_lift_of_what_is_bought_together(shop: KnowledgeBase, raw: Raw) -> None:
    phone = f"{ID}spu/P00008"
    baskets = defaultdict(set)
    for _, order, _, sku in raw.lines():
        baskets[order].add(raw.spu(sku))
    count = Counter(spu for basket in baskets.values() for spu in basket)
    leaf = raw.one("directCategory", phone)
    together = Counter(
        spu
        for basket in baskets.values()
        if phone in basket
        for spu in basket
        if raw.one("directCategory", spu) != leaf
    )
    lifts = {
        spu: (times, rounded(Decimal(times) * len(raw.members("Order")) / (count[phone] * count[spu]), 2))
        for spu, times in together.items()
        if times >= 3
    }
    found = {row["other"]: (int(row["together"]), Decimal(row["lift"])) for row in asked(shop, "R02")}
    assert found == lifts


def test_r07_one_row_per_event(shop: KnowledgeBase, raw: Raw) -> None:
    since = "2026-06-15T00:00:00Z"
    events: Counter[str] = Counter()
    for _, order, _, _ in raw.lines():
        if raw.one("orderedAt", order) >= since:
            events["purchase"] += 1
    kinds = {"view": "ViewEvent", "cart": "CartEvent", "review": "ReviewEvent", "return": "ReturnEvent"}
    for name, cls in kinds.items():
        for event in raw.members(cls):
            if raw.one("occurredAt", event) >= since:
                events[name] += 1
    assert Counter(row["relation"] for row in asked(shop, "R07")) == events


def test_r14_pairs_that_are_no_complements(shop: KnowledgeBase, raw: Raw) -> None:
    baskets = defaultdict(set)
    for _, order, _, sku in raw.lines():
        baskets[order].add(raw.spu(sku))
    pairs = Counter(pair for basket in baskets.values() for pair in combinations(sorted(basket), 2))
    linked = {
        tuple(sorted((one, other)))
        for one in raw.subjects("complementOf")
        for other in raw.all("complementOf", one)
    }
    told = {pair: times for pair, times in pairs.items() if times >= 4 and pair not in linked}
    assert {(row["spu"], row["other"]): int(row["together"]) for row in asked(shop, "R14")} == told


def test_c01_best_sellers_of_a_category_and_region(shop: KnowledgeBase, raw: Raw) -> None:
    gmv: Counter[str] = Counter()
    for spu, region, week, money in raw.sales("gmv"):
        if (
            region == f"{VOCAB}region/cn-east"
            and week >= "2026-06-01"
            and f"{ID}category/electronics" in raw.categories(spu)
        ):
            gmv[spu] += money
    assert [(row["spu"], Decimal(row["gmv"])) for row in asked(shop, "C01")] == gmv.most_common(20)


def test_c02_change_and_ranks(shop: KnowledgeBase, raw: Raw) -> None:
    before, after = Counter(), Counter()
    for spu, _, week, units in raw.sales("units-sold"):
        if week >= "2026-05-05":
            (after if week >= "2026-06-02" else before)[spu] += int(units)
    large = [spu for spu, units in before.items() if units >= 100]
    told = {
        spu: (
            rounded(Decimal(after[spu]) / before[spu], 3) - 1,
            1 + sum(before[other] > before[spu] for other in large),
            1 + sum(after[other] > after[spu] for other in large),
        )
        for spu in large
    }
    assert {
        row["spu"]: (Decimal(row["change"]), int(row["rank_before"]), int(row["rank_after"]))
        for row in asked(shop, "C02")
    } == told


def test_c06_price_index_to_the_lowest(shop: KnowledgeBase, raw: Raw) -> None:
    merchant = f"{ID}merchant/M0003"
    prices: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
    for offer in raw.members("Offer"):
        prices[raw.one("offersSku", offer)].append((raw.number("price", offer), raw.one("offeredBy", offer)))
    told = {}
    for sku, offers in prices.items():
        own = [price for price, who in offers if who == merchant]
        rest = [price for price, who in offers if who != merchant]
        if own and rest:
            ranked = sorted(price for price, _ in offers)
            median = ranked[(len(ranked) - 1) // 2]
            told[sku] = (rounded(min(own) / min(rest), 2), rounded(min(own) / median, 2))
    found = {
        row["sku"]: (Decimal(row["index_to_lowest"]), Decimal(row["index_to_median"]))
        for row in asked(shop, "C06")
    }
    assert found == told


def test_c08_sales_that_influencers_brought_a_brand(shop: KnowledgeBase, raw: Raw) -> None:
    sales: Counter[str] = Counter()
    for _, _, line, sku in raw.lines():
        if raw.brand(sku) == f"{ID}brand/B0005":
            for content in raw.all("attributedToContent", line):
                for who in raw.all("createdBy", content):
                    sales[who] += raw.number("quantity", line) * raw.number("unitPrice", line)
    rows = asked(shop, "C08")
    assert rows and all(Decimal(row["sales"]) == sales[row["influencer"]] for row in rows)
