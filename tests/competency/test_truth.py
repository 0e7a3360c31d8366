"""What the generator says that it planted (``truth.json``) is what the questions find."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kb import KnowledgeBase

from .answers import Rows, asked


@pytest.fixture(scope="session")
def truth(demo_files: Path) -> dict[str, Any]:
    return json.loads((demo_files / "truth.json").read_text(encoding="utf-8"))


def column(rows: Rows, name: str) -> list[str]:
    return [row[name] for row in rows]


def pairs(rows: Rows, first: str, second: str) -> set[tuple[str, str]]:
    return {(row[first], row[second]) for row in rows}


def test_c02_names_the_riser_first_and_the_fallers_last(shop: KnowledgeBase, truth: dict) -> None:
    rows = asked(shop, "C02")
    assert rows[0]["spu"] == truth["top_riser"]["spu"]
    assert {row["spu"] for row in rows[-3:]} == {one["spu"] for one in truth["fallers"]}
    # Each region rounds its part of a week's units up.
    assert abs(int(rows[0]["after"]) - truth["top_riser"]["units_last_month"]) <= 8


def test_k03_names_the_drifted_influencer_alone(shop: KnowledgeBase, truth: dict) -> None:
    assert column(asked(shop, "K03"), "influencer") == [truth["drifted_influencer"]["influencer"]]


def test_k08_names_the_influencers_that_sell(shop: KnowledgeBase, truth: dict) -> None:
    assert column(asked(shop, "K08"), "influencer") == truth["influencer_merchants"]


def test_c13_names_the_suspicious_offers_alone(shop: KnowledgeBase, truth: dict) -> None:
    rows = asked(shop, "C13")
    assert pairs(rows, "offer", "merchant") == {
        (one["offer"], one["merchant"]) for one in truth["suspicious_offers"]
    }


def test_g04_holds_every_level_of_the_family(shop: KnowledgeBase, truth: dict) -> None:
    rows = asked(shop, "G04", family=truth["brand_family"]["top"])
    assert set(column(rows, "brand")) <= set(truth["brand_family"]["levels"])
    assert len(set(column(rows, "brand"))) > 1


def test_g15_finds_the_alias(shop: KnowledgeBase, truth: dict) -> None:
    alias = truth["brand_alias"]
    assert pairs(asked(shop, "G15"), "other", "brand") == {(alias["brand"], alias["written_as"])}


def test_r02_puts_the_planted_complement_first(shop: KnowledgeBase, truth: dict) -> None:
    for spu, other in truth["complements"]:
        first = asked(shop, "R02", spu=spu)[0]
        assert first["complement"] == "true"
        assert {spu, other} & {first["other"]} or [first["other"], spu] in truth["complements"]


def test_r01_finds_the_substitute(shop: KnowledgeBase, truth: dict) -> None:
    (first, second), *_ = truth["substitutes"]
    assert asked(shop, "R01", spu=second)[0]["other"] == first


def test_r14_puts_the_promotion_first_and_shows_its_week(shop: KnowledgeBase, truth: dict) -> None:
    first, promotion = asked(shop, "R14")[0], truth["promoted_together"]
    assert [first["spu"], first["other"]] == promotion["spus"]
    assert promotion["from"] <= first["first"] <= first["last"] <= promotion["to"]


def test_b03_finds_what_each_segment_over_indexes_on(shop: KnowledgeBase, truth: dict) -> None:
    for one in truth["segments"]:
        assert asked(shop, "B03", category=one["over_indexes_on"])[0]["segment"] == one["segment"]


def test_g11_finds_the_missed_merges(shop: KnowledgeBase, truth: dict) -> None:
    assert {tuple(one) for one in truth["missed_merges"]} <= pairs(asked(shop, "G11"), "spu", "other")


def test_g10_finds_the_shared_gtins(shop: KnowledgeBase, truth: dict) -> None:
    found = {(row["gtin"], row["spu"], row["other"]) for row in asked(shop, "G10")}
    assert found == {(one["gtin"], *one["spus"]) for one in truth["shared_gtins"]}


def test_k01_finds_the_miscategorised(shop: KnowledgeBase, truth: dict) -> None:
    found = pairs(asked(shop, "K01"), "spu", "category")
    assert found == {(one["spu"], one["sits_in"]) for one in truth["miscategorised"]}


@pytest.mark.parametrize(
    ("id", "name", "planted"),
    [
        ("G09", "product", "two_patterns"),
        ("G12", "spu", "mixed_materials"),
        ("G02", "item", "spus_without_sku"),
    ],
)
def test_faulty_products_are_found_alone(
    shop: KnowledgeBase, truth: dict, id: str, name: str, planted: str
) -> None:
    assert column(asked(shop, id), name) == truth[planted]


def test_g17_finds_what_is_shown_and_can_not_be_bought(shop: KnowledgeBase, truth: dict) -> None:
    found = pairs(asked(shop, "G17"), "finding", "spu")
    assert ("content, nothing in stock", truth["content_but_out_of_stock"]) in found


def test_c07_names_the_first_to_lower_the_price(shop: KnowledgeBase, truth: dict) -> None:
    assert asked(shop, "C07")[0]["merchant"] == truth["price_war"]["first_to_move"]


def test_c09_finds_the_white_space_alone(shop: KnowledgeBase, truth: dict) -> None:
    rows = asked(shop, "C09")
    assert column(rows, "need") == [truth["white_space"]["need"]]
    assert rows[0]["spus"] == str(len(truth["white_space"]["served_by"]))


def test_c11_puts_the_lifting_campaign_first(shop: KnowledgeBase, truth: dict) -> None:
    first = asked(shop, "C11")[0]
    assert (first["campaign"], first["spu"]) == tuple(
        truth["lifting_campaign"][key] for key in ("campaign", "spu")
    )


def test_g18_knows_the_generations(shop: KnowledgeBase, truth: dict) -> None:
    first, second, third = truth["generations"]
    assert pairs(asked(shop, "G18"), "current", "replaced") == {(third, first), (third, second)}


def test_c10_finds_the_newcomer_alone(shop: KnowledgeBase, truth: dict) -> None:
    assert column(asked(shop, "C10"), "spu") == [truth["newcomer"]]


def test_b10_puts_what_is_replenished_among_the_most_repeated(shop: KnowledgeBase, truth: dict) -> None:
    spus = [row["thing"] for row in asked(shop, "B10") if row["kind"] == "SPU"]
    assert truth["replenished"] in spus[:4]


def test_g13_finds_the_dominated_category(shop: KnowledgeBase, truth: dict) -> None:
    dominated = truth["dominated_category"]["category"]
    assert dominated in column(asked(shop, "G13"), "category")


def test_c15_knows_when_the_seasons_peak(shop: KnowledgeBase, truth: dict) -> None:
    peaks = {one["category"]: one["peak_month"] for one in truth["seasonal_categories"]}
    found = {row["category"]: int(row["peak_month"]) for row in asked(shop, "C15")}
    seasonal = set(found) & set(peaks)
    assert len(seasonal) >= 4
    # A noisy week may move a peak to the month beside it.
    assert all((found[one] - peaks[one]) % 12 in (0, 1, 11) for one in seasonal)


def test_k13_names_the_misplaced_products_alone_and_k02_where_they_belong(
    mined_shop: KnowledgeBase, truth: dict
) -> None:
    planted = {(one["spu"], one["belongs_in"]) for one in truth["miscategorised"]}
    assert pairs(asked(mined_shop, "K13"), "spu", "nearest") == planted
    for spu, category in planted:
        rows = asked(mined_shop, "K02", spu=spu)
        assert rows[0]["category"] == category and rows[0]["is_own"] == "false" and len(rows) <= 3
