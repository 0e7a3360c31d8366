"""truth.json is true: every planted finding can be found in the data by asking for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Ask = Callable[..., list[tuple[str | None, ...]]]
Truth = dict[str, Any]

CHANGE = """
SELECT ?spu (SUM(IF(?start >= "2026-06-02T00:00:00Z"^^xsd:dateTime, ?units, 0)) AS ?after)
            (SUM(IF(?start < "2026-06-02T00:00:00Z"^^xsd:dateTime, ?units, 0)) AS ?before) {
  ?observation ckb:observedEntity ?spu ; ckb:observedMetric <https://w3id.org/commerce-kb/vocab/metric/units-sold> ;
    ckb:periodStart ?start ; ckb:numericResult ?units ; ckb:observationSource ?source .
  FILTER(?start >= "2026-05-05T00:00:00Z"^^xsd:dateTime)
} GROUP BY ?spu
"""


@pytest.fixture(scope="module")
def growth(ask: Ask) -> dict[str, float]:
    return {spu: float(after) / float(before) for spu, after, before in ask(CHANGE) if float(before)}


def test_the_top_riser_rises_most(truth: Truth, growth: dict[str, float]) -> None:
    ranked = sorted(growth, key=growth.__getitem__, reverse=True)
    assert ranked[0] == truth["top_riser"]["spu"]
    assert growth[ranked[0]] > 1.5 * growth[ranked[1]]
    assert truth["top_riser"]["units_last_month"] > 3 * truth["top_riser"]["units_before"]


def test_the_fallers_fall_most(truth: Truth, growth: dict[str, float]) -> None:
    assert set(sorted(growth, key=growth.__getitem__)[:3]) == {faller["spu"] for faller in truth["fallers"]}


def test_seasonal_categories_peak_in_their_month(truth: Truth, ask: Ask) -> None:
    rows = ask("""SELECT ?category ?month (SUM(?units) AS ?sum) {
      ?observation ckb:observedEntity ?spu ; ckb:periodStart ?start ; ckb:numericResult ?units ;
        ckb:observedMetric <https://w3id.org/commerce-kb/vocab/metric/units-sold> .
      ?spu ckb:directCategory ?category BIND(MONTH(?start) AS ?month) } GROUP BY ?category ?month""")
    peaks: dict[str, tuple[float, int]] = {}
    for category, month, units in rows:
        peaks[category] = max(peaks.get(category, (0.0, 0)), (float(units), int(month)))
    wanted = {each["category"]: each["peak_month"] for each in truth["seasonal_categories"]}
    for leaf in ("mooncake", "womens-down-jacket"):
        category = f"https://w3id.org/commerce-kb/id/category/{leaf}"
        assert (peaks[category][1] - wanted[category]) % 12 in (11, 0, 1)


def test_the_drifted_influencer_shows_another_niche_than_it_declares(truth: Truth, ask: Ask) -> None:
    drift = truth["drifted_influencer"]
    assert ask("SELECT ?niche { ?influencer ckb:nicheCategory ?niche }", influencer=drift["influencer"]) == [
        (drift["declares"],)
    ]
    shown = """SELECT (COUNT(*) AS ?n) { ?video ckb:createdBy ?influencer ;
      ckb:features/ckb:offersSku/ckb:variantOf/ckb:directCategory/ckb:broaderCategory* ?category }"""
    count = {
        name: int(ask(shown, influencer=drift["influencer"], category=drift[name])[0][0])
        for name in ("shows", "declares")
    }
    assert count["shows"] > 4 * count["declares"] > 0


def test_suspicious_offers_are_the_only_cheap_ones_without_authorisation(truth: Truth, ask: Ask) -> None:
    rows = ask("""SELECT ?offer { ?offer ckb:offersSku/ckb:variantOf ?spu ;
      ckb:price ?price ; ckb:offeredBy ?merchant .
      ?spu ckb:directBrand ?brand . FILTER NOT EXISTS { ?merchant ckb:authorizedByBrand ?brand }
      { SELECT ?spu (SUM(?each) AS ?sum) (COUNT(?each) AS ?n)
          { ?any ckb:offersSku/ckb:variantOf ?spu ; ckb:price ?each } GROUP BY ?spu }
      FILTER(?price * ?n < 0.55 * ?sum) }""")
    assert {row[0] for row in rows} == {each["offer"] for each in truth["suspicious_offers"]}


def test_some_merchants_sell_a_brand_without_authorisation(ask: Ask) -> None:
    rows = ask("""SELECT DISTINCT ?merchant ?brand ?allowed { ?offer ckb:offeredBy ?merchant ;
      ckb:offersSku/ckb:variantOf/ckb:directBrand ?brand
      BIND(EXISTS { ?merchant ckb:authorizedByBrand ?brand } AS ?allowed) }""")
    without = [row for row in rows if row[2] == "false"]
    assert 0.1 < len(without) / len(rows) < 0.5


def test_the_brand_family_has_three_levels(truth: Truth, ask: Ask) -> None:
    family = truth["brand_family"]
    rows = ask("SELECT ?brand { ?brand ckb:directSubBrandOf/ckb:directSubBrandOf ?top }", top=family["top"])
    assert rows == [(family["levels"][2],)]


def test_missed_merges_have_one_brand_one_category_and_equal_key_attributes(truth: Truth, ask: Ask) -> None:
    rows = ask("""SELECT ?first ?second { ?first ckb:directBrand ?brand ; ckb:directCategory ?category .
      ?second ckb:directBrand ?brand ; ckb:directCategory ?category . FILTER(STR(?first) < STR(?second))
      FILTER NOT EXISTS { ?category ckb:broaderCategory* ?above . ?rule ckb:ruleForCategory ?above ;
          ckb:attributeRole <https://w3id.org/commerce-kb/vocab/role/key> ; ckb:ruleForAttribute ?attribute .
        FILTER NOT EXISTS { ?first ckb:hasAttributeAssertion ?a . ?second ckb:hasAttributeAssertion ?b .
          ?a ckb:ofAttribute ?attribute ; ckb:valueConcept|ckb:canonicalValue ?value .
          ?b ckb:ofAttribute ?attribute ; ckb:valueConcept|ckb:canonicalValue ?value } }
      FILTER NOT EXISTS { ?first ckb:sameProductAs|^ckb:sameProductAs ?second } }""")
    assert {tuple(pair) for pair in truth["missed_merges"]} <= set(rows)


def test_shared_gtins_are_the_only_ones(truth: Truth, ask: Ask) -> None:
    rows = ask("""SELECT ?gtin { ?sku ckb:gtin ?gtin ; ckb:variantOf ?spu } GROUP BY ?gtin
      HAVING (COUNT(DISTINCT ?spu) > 1)""")
    assert {row[0] for row in rows} == {each["gtin"] for each in truth["shared_gtins"]}


def test_complements_are_bought_together_more_than_anything_else(truth: Truth, ask: Ask) -> None:
    rows = ask("""SELECT ?a ?b (COUNT(DISTINCT ?order) AS ?n) { ?order ckb:hasLine/ckb:lineSku/ckb:variantOf ?a ;
      ckb:hasLine/ckb:lineSku/ckb:variantOf ?b . FILTER(STR(?a) < STR(?b)) } GROUP BY ?a ?b""")
    together = {frozenset((a, b)): int(n) for a, b, n in rows}
    planted = [frozenset(pair) for pair in (*truth["complements"], truth["promoted_together"]["spus"])]
    others = [count for pair, count in together.items() if pair not in planted]
    assert min(together[pair] for pair in planted) > max(others)


def test_the_promotion_sold_together_in_one_week_only(truth: Truth, ask: Ask) -> None:
    promotion = truth["promoted_together"]
    rows = ask(
        """SELECT ?at { ?order ckb:orderedAt ?at ; ckb:hasLine/ckb:lineSku/ckb:variantOf ?a ;
      ckb:hasLine/ckb:lineSku/ckb:variantOf ?b }""",
        a=promotion["spus"][0],
        b=promotion["spus"][1],
    )
    inside = [row for row in rows if promotion["from"] <= row[0] <= promotion["to"]]
    assert len(rows) >= 10
    assert len(inside) > 0.8 * len(rows)


def test_each_segment_over_indexes_on_its_category(truth: Truth, ask: Ask) -> None:
    rows = ask("""SELECT ?segment ?category (COUNT(*) AS ?n) { ?order ckb:placedBy/ckb:inSegment ?segment ;
      ckb:hasLine/ckb:lineSku/ckb:variantOf/ckb:directCategory/ckb:broaderCategory* ?category }
      GROUP BY ?segment ?category""")
    bought = {(segment, category): int(n) for segment, category, n in rows}
    for each in truth["segments"]:
        segment, category = each["segment"], each["over_indexes_on"]
        own = bought[segment, category] / sum(n for (who, _), n in bought.items() if who == segment)
        base = sum(n for (_, what), n in bought.items() if what == category) / sum(bought.values())
        assert own > 1.5 * base, each


def test_segments_count_their_members_and_have_twenty(ask: Ask) -> None:
    rows = ask("""SELECT ?count (COUNT(?buyer) AS ?n) { ?segment ckb:memberCount ?count .
      ?buyer ckb:inSegment ?segment } GROUP BY ?segment ?count""")
    assert len(rows) == 6
    assert all(count == n and int(count) >= 20 for count, n in rows)


def test_order_totals_add_up(ask: Ask) -> None:
    rows = ask("""SELECT ?order { ?order ckb:total ?total ; ckb:discount ?discount ; ckb:shippingFee ?fee .
      { SELECT ?order (SUM(?q * ?p) AS ?sum) { ?order ckb:hasLine ?l .
          ?l ckb:quantity ?q ; ckb:unitPrice ?p } GROUP BY ?order }
      FILTER(?sum - ?discount + ?fee != ?total) }""")
    assert rows == []
    assert int(ask("SELECT (COUNT(*) AS ?n) { ?order a ckb:Order }")[0][0]) == 1150


def test_the_price_war_has_falling_prices_and_a_first_mover(truth: Truth, ask: Ask) -> None:
    rows = ask(
        """SELECT ?offer ?merchant ?price { ?seen a ckb:PriceObservation ; ckb:observedEntity ?offer ;
      ckb:observedAt ?at ; ckb:numericResult ?price .
      ?offer ckb:offersSku/ckb:variantOf ?spu ; ckb:offeredBy ?merchant } ORDER BY ?at""",
        spu=truth["price_war"]["spu"],
    )
    highest: dict[str, float] = {}
    movers = []
    for offer, merchant, price in rows:
        if merchant not in movers and float(price) < 0.95 * highest.setdefault(offer, float(price)):
            movers.append(merchant)
    assert movers[0] == truth["price_war"]["first_to_move"]
    assert len(movers) > 1


def test_the_white_space_is_served_by_one_spu_while_demand_rises(truth: Truth, ask: Ask) -> None:
    space = truth["white_space"]
    assert [
        row[0] for row in ask("SELECT ?spu { ?spu ckb:satisfiesNeed ?need }", need=space["need"])
    ] == space["served_by"]
    rows = ask("""SELECT ?need ?at ?n { ?seen ckb:observedEntity ?need ; ckb:observedAt ?at ; ckb:numericResult ?n .
      ?need a ckb:Need } ORDER BY ?at""")
    series: dict[str, list[float]] = {}
    for need, _, count in rows:
        series.setdefault(need, []).append(float(count))
    rise = {need: counts[-1] / counts[0] for need, counts in series.items()}
    assert max(rise, key=rise.__getitem__) == space["need"]
    assert rise[space["need"]] > 10


def test_the_campaign_lifted_sales_while_it_ran(truth: Truth, ask: Ask) -> None:
    lift = truth["lifting_campaign"]
    rows = ask(
        """SELECT ?start (SUM(?units) AS ?sum) { ?seen ckb:observedEntity ?spu ; ckb:periodStart ?start ;
      ckb:numericResult ?units ; ckb:observedMetric <https://w3id.org/commerce-kb/vocab/metric/units-sold> ;
      ckb:observedRegion ?region . FILTER(?start < "2026-05-26T00:00:00Z"^^xsd:dateTime) } GROUP BY ?start""",
        spu=lift["spu"],
    )
    during = [float(n) for start, n in rows if lift["from"] <= start < lift["to"]]
    before = [float(n) for start, n in rows if start < lift["from"]]
    assert len(during) == 4
    assert sum(during) / 4 > 2 * sum(before) / len(before)
    assert ask(
        "SELECT ?video { ?campaign ckb:hasContent ?video . ?video ckb:features/ckb:offersSku/ckb:variantOf ?spu }",
        campaign=lift["campaign"],
        spu=lift["spu"],
    )


def test_miscategorised_spus_are_titled_as_what_they_are(truth: Truth, ask: Ask) -> None:
    for each in truth["miscategorised"]:
        title = ask("SELECT ?label { ?spu rdfs:label ?label FILTER(LANG(?label) = 'en') }", spu=each["spu"])[
            0
        ][0]
        assert each["belongs_in"].rsplit("/", 1)[1] in title
        assert ask("SELECT ?category { ?spu ckb:directCategory ?category }", spu=each["spu"]) == [
            (each["sits_in"],)
        ]


def test_odd_products_are_as_listed(truth: Truth, ask: Ask) -> None:
    without = ask("SELECT ?spu { ?spu a ckb:SPU FILTER NOT EXISTS { ?sku ckb:variantOf ?spu } }")
    assert [row[0] for row in without] == truth["spus_without_sku"]
    stock = "SELECT DISTINCT ?state { ?offer ckb:offersSku/ckb:variantOf ?spu ; ckb:availability ?state }"
    assert ask(stock, spu=truth["content_but_out_of_stock"]) == [("out_of_stock",)]
    twice = ask("""SELECT ?spu { ?spu a ckb:SPU ; ckb:hasAttributeAssertion ?a, ?b .
      ?a ckb:ofAttribute ?x ; ckb:valueConcept ?v ; ckb:origin "merchant" .
      ?b ckb:ofAttribute ?x ; ckb:valueConcept ?w ; ckb:origin "mined" . FILTER(?v != ?w) }""")
    assert [row[0] for row in twice] == truth["two_patterns"]
    mixed = ask("""SELECT DISTINCT ?spu { ?k ckb:variantOf ?spu ; ckb:hasAttributeAssertion ?a .
      ?m ckb:variantOf ?spu ; ckb:hasAttributeAssertion ?b .
      ?a ckb:ofAttribute id:attribute\\/material ; ckb:valueConcept ?v .
      ?b ckb:ofAttribute id:attribute\\/material ; ckb:valueConcept ?w . FILTER(?v != ?w) }""")
    assert [row[0] for row in mixed] == truth["mixed_materials"]


def test_generations_follow_each_other(truth: Truth, ask: Ask) -> None:
    first, second, third = truth["generations"]
    rows = ask("SELECT ?new ?old { ?new ckb:directlySupersedes ?old }")
    assert sorted(rows) == sorted([(second, first), (third, second)])


def test_the_replenished_spu_is_bought_again_by_the_same_buyers(truth: Truth, ask: Ask) -> None:
    rows = ask(
        """SELECT ?buyer (COUNT(DISTINCT ?order) AS ?n) { ?order ckb:placedBy ?buyer ;
      ckb:hasLine/ckb:lineSku/ckb:variantOf ?spu } GROUP BY ?buyer ORDER BY DESC(?n)""",
        spu=truth["replenished"],
    )
    assert [int(n) >= 6 for _, n in rows[:4]] == [True] * 4


def test_the_newcomer_is_new_and_sells(truth: Truth, ask: Ask) -> None:
    seen = ask("SELECT ?at { ?spu ckb:firstSeenAt ?at }", spu=truth["newcomer"])[0][0]
    assert seen > "2026-05-31"
    rows = ask("""SELECT ?spu (SUM(?n) AS ?sum) { ?o ckb:observedEntity ?spu ; ckb:numericResult ?n ;
      ckb:periodStart ?start ; ckb:observedMetric <https://w3id.org/commerce-kb/vocab/metric/units-sold> .
      FILTER(?start >= "2026-06-16T00:00:00Z"^^xsd:dateTime) } GROUP BY ?spu ORDER BY DESC(?sum) LIMIT 10""")
    assert truth["newcomer"] in {row[0] for row in rows}


def test_the_dominated_category_has_mostly_one_value(truth: Truth, ask: Ask) -> None:
    rows = ask(
        """SELECT ?spu ?value { ?spu ckb:directCategory ?category ; ckb:hasAttributeAssertion ?a .
      ?a ckb:valueConcept ?value ; ckb:ofAttribute id:attribute\\/material }""",
        category=truth["dominated_category"]["category"],
    )
    assert sum(value == truth["dominated_category"]["value"] for _, value in rows) > len(rows) / 2


def test_influencer_merchants_are_both(truth: Truth, ask: Ask) -> None:
    rows = ask("SELECT ?who { ?who a ckb:Influencer, ckb:Merchant }")
    assert sorted(row[0] for row in rows) == sorted(truth["influencer_merchants"])


def test_the_brand_alias_reads_like_the_brand(truth: Truth, ask: Ask) -> None:
    label = "SELECT ?label { ?brand rdfs:label ?label FILTER(LANG(?label) = 'en') }"
    alias = truth["brand_alias"]
    names = [ask(label, brand=alias[key])[0][0].replace(" ", "").lower() for key in ("brand", "written_as")]
    assert names[0] == names[1]
