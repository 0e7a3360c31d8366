"""Insights agree with SPARQL, find what is planted, and leave noise alone."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from kb import KnowledgeBase
from kb.cli import run
from kb.demo import generate
from kb.errors import NotFound, SourceError, UsageError
from kb.insight import INSIGHTS, Scope
from kb.insight.significance import discoveries, mann_kendall, spread

ID = "https://w3id.org/commerce-kb/id/"
VOCAB = "https://w3id.org/commerce-kb/vocab/"
WINDOW = {"since": "2026-06-02", "until": "2026-06-30"}


@pytest.fixture(scope="module")
def shop(demo_store: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(demo_store, read_only=True) as knowledge:
        yield knowledge


@pytest.fixture(scope="module")
def truth(demo_files: Path) -> dict:
    return json.loads((demo_files / "truth.json").read_text(encoding="utf-8"))


def rows(shop: KnowledgeBase, name: str, **scope: object) -> list[dict]:
    return shop.insight(name, scope=Scope(**scope)).rows.to_pylist()  # type: ignore[arg-type]


def answer(shop: KnowledgeBase, id: str, **values: str) -> list[dict]:
    return shop.ask(id, values).to_arrow().to_pylist()


@pytest.mark.parametrize("category", ["Electronics", "Beauty", "Earbuds"])
def test_top_items_are_those_of_the_question(shop: KnowledgeBase, category: str) -> None:
    found = rows(shop, "top", category=category, region=f"{VOCAB}region/cn-east", **WINDOW)
    expected = answer(shop, "C01", category=category, region=f"{VOCAB}region/cn-east", **WINDOW)
    assert [(one["spu"], one["value"], one["units"]) for one in found] == [
        (one["spu"], float(one["gmv"]), float(one["units"])) for one in expected
    ]
    assert [one["rank"] for one in found] == list(range(1, len(found) + 1))
    assert sum(one["share"] for one in found) == pytest.approx(1) or len(found) == 20


def test_shares_are_those_of_the_question(shop: KnowledgeBase) -> None:
    found = rows(shop, "share", category="Home and kitchen", since="2026-06-02", until="2026-06-30")
    expected = answer(
        shop, "C03", category="Home and kitchen", since="2026-05-05", split="2026-06-02", until="2026-06-30"
    )
    assert len(found) > 1
    assert {one["family"]: (round(one["share"], 3), round(one["share_before"] or 0, 3)) for one in found} == {
        one["family"]: (float(one["share"]), float(one["share_before"])) for one in expected
    }
    assert sum(one["share"] for one in found) == pytest.approx(1)


def test_price_positions_are_those_of_the_question(shop: KnowledgeBase) -> None:
    merchant = rows(shop, "price-position", limit=100)[0]["merchant"]
    found = rows(shop, "price-position", merchant=merchant, limit=500)
    expected = {one["sku"]: one for one in answer(shop, "C06", merchant=merchant)}
    assert found
    for one in found:
        asked = expected[one["sku"]]
        assert (one["price"], one["lowest"]) == (float(asked["price"]), float(asked["lowest"]))
        assert round(one["to_lowest"], 2) == pytest.approx(float(asked["index_to_lowest"]), abs=0.011)


def test_competitors_are_those_of_the_question(shop: KnowledgeBase) -> None:
    brand = f"{ID}brand/B0005"
    family = {brand} | {
        one["b"] for one in shop.query(f"SELECT ?b {{ ?b ckb:subBrandOf <{brand}> }}").to_arrow().to_pylist()
    }
    found = {one["rival"]: one["score"] for one in rows(shop, "competitors", family=brand, limit=100)}
    expected = {
        one["rival"]: int(one["score"])
        for one in answer(shop, "C05", brand=brand)
        if one["rival"] not in family
    }
    assert expected
    assert {rival: score for rival, score in found.items() if rival in expected} == expected


def test_planted_movers_are_found_and_nothing_else_is_so_sure(shop: KnowledgeBase, truth: dict) -> None:
    planted = {truth["top_riser"]["spu"]: "riser"} | {one["spu"]: "faller" for one in truth["fallers"]}
    found = rows(shop, "movers", limit=100)
    assert planted.items() <= {one["spu"]: one["kind"] for one in found}.items()
    riser = next(one for one in found if one["spu"] == truth["top_riser"]["spu"])
    assert riser["now"] == pytest.approx(truth["top_riser"]["units_last_month"], rel=0.02)
    assert len(found) <= len(planted) + 2


def test_the_white_space_is_the_planted_one(shop: KnowledgeBase, truth: dict) -> None:
    assert [one["need"] for one in rows(shop, "white-space")] == [truth["white_space"]["need"]]


def test_the_campaign_that_lifted_sales_is_found(shop: KnowledgeBase, truth: dict) -> None:
    found = rows(shop, "campaigns")
    assert (found[0]["campaign"], found[0]["spu"]) == (
        truth["lifting_campaign"]["campaign"],
        truth["lifting_campaign"]["spu"],
    )
    assert 2 < found[0]["lift"] < 4


def test_seasons_peak_when_they_were_planted(shop: KnowledgeBase, truth: dict) -> None:
    planted = {one["category"]: one["peak_month"] for one in truth["seasonal_categories"]}
    found = {one["category"]: one["peak_month"] for one in rows(shop, "seasonality", limit=100)}
    seasonal = set(found) & set(planted)
    assert seasonal
    for category in seasonal:
        assert abs(found[category] - planted[category]) % 12 in (0, 1, 11)


def test_the_price_war_has_its_first_mover(shop: KnowledgeBase, truth: dict) -> None:
    skus = (
        shop.query(f"SELECT ?sku {{ ?sku ckb:variantOf <{truth['price_war']['spu']}> }}")
        .to_arrow()
        .to_pylist()
    )
    histories = [rows(shop, "price-history", sku=one["sku"]) for one in skus]
    fought = [history for history in histories if any(one["undercuts"] for one in history)]
    assert fought
    for history in fought:
        first = next(one for one in history if one["undercuts"])
        assert all(one["lowest_of_30_days"] <= one["lowest"] for one in history)
        assert first["lowest"] < history[0]["lowest"]
    assert truth["price_war"]["first_to_move"] in {history[0]["merchant"] for history in fought}


def test_who_may_not_see_orders_learns_nothing_of_them(shop: KnowledgeBase) -> None:
    assert rows(shop, "influencers")
    assert not len(shop.insight("influencers", private=False).rows)


def test_a_shop_without_a_panel_is_told_of_its_own_orders(tmp_path: Path) -> None:
    made = generate(tmp_path / "files", scale=0.1, seed=3)
    files = [one for one in made.files if one.suffix == ".nq" and one.stem != "market"]
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        knowledge.load(files, source="demo")
        found = knowledge.insight(
            "top", scope=Scope(since="2025-07-01", until="2026-07-01", limit=5)
        ).rows.to_pylist()
        expected = (
            knowledge.query(
                """SELECT ?spu (SUM(?q * ?p) AS ?value) {
                 ?line ckb:lineSku/ckb:variantOf ?spu ; ckb:quantity ?q ; ckb:unitPrice ?p }
               GROUP BY ?spu ORDER BY DESC(?value) ?spu LIMIT 5"""
            )
            .to_arrow()
            .to_pylist()
        )
    assert [(one["spu"], one["value"]) for one in found] == [
        (one["spu"], float(one["value"])) for one in expected
    ]


def test_every_insight_has_its_columns_question_and_chart(shop: KnowledgeBase) -> None:
    needs = {"competitors": {"family": f"{ID}brand/B0001"}, "price-history": {"sku": f"{ID}sku/K000001"}}
    for name, kind in INSIGHTS.items():
        found = shop.insight(name, scope=Scope(**needs.get(name, {})))
        assert set(kind.chart) <= set(found.rows.column_names), name
        assert found.question == kind.question
        table = list(csv.reader(io.StringIO(found.to_csv())))
        assert table[0] == found.rows.column_names
        assert len(table) == len(found.rows) + 1


def test_a_new_commit_is_seen(demo_store: Path, tmp_path: Path) -> None:
    place = tmp_path / "shop.kb"
    shutil.copytree(demo_store, place)
    instant = NamedNode("http://www.w3.org/2001/XMLSchema#dateTime")
    with KnowledgeBase.open(place) as knowledge:
        before = rows(knowledge, "top", limit=1, **WINDOW)[0]
        with knowledge.commit(source="panel", message="one more sale") as change:
            sale = f"{ID}observation/one"
            change.add(sale, "rdf:type", "ckb:SalesObservation")
            change.add(sale, "ckb:observedEntity", before["spu"])
            change.add(sale, "ckb:observedMetric", f"{VOCAB}metric/units-sold")
            change.add(sale, "ckb:numericResult", 7)
            change.add(sale, "ckb:observationSource", Literal("another panel"))
            change.add(sale, "ckb:periodStart", Literal("2026-06-02T00:00:00Z", datatype=instant))
            change.add(sale, "ckb:periodEnd", Literal("2026-06-09T00:00:00Z", datatype=instant))
        assert not change.report.quarantined
        after = rows(knowledge, "top", limit=1, **WINDOW)[0]
    assert (after["spu"], after["units"]) == (before["spu"], before["units"] + 7)


def test_a_store_without_sales_says_so(knowledge: KnowledgeBase) -> None:
    with pytest.raises(SourceError, match="no sales"):
        knowledge.insight("top")


def test_mistakes_are_named(shop: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="weather"):
        shop.insight("weather")
    with pytest.raises(UsageError, match="one brand"):
        shop.insight("competitors")
    with pytest.raises(UsageError, match="one SKU"):
        shop.insight("price-history")
    with pytest.raises(NotFound, match="category"):
        shop.insight("top", scope=Scope(category="zzzzzzzz"))
    with pytest.raises(UsageError, match="no date"):
        Scope(since="yesterday")
    with pytest.raises(UsageError, match="empty"):
        Scope(since="2026-02-01", until="2026-01-01")


def test_the_command_line_tells_it(demo_store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["insight", "top", "--category", "Beauty", "--limit", "3", "--store", str(demo_store)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 4
    assert run(["insight", "top", "--format", "json", "--limit", "3", "--store", str(demo_store)]) == 0
    assert len(json.loads(capsys.readouterr().out)["rows"]) == 3
    assert run(["insight", "top", "--format", "table", "--limit", "3", "--store", str(demo_store)]) == 0
    told = capsys.readouterr()
    assert "spu/P" in told.out
    assert "kb query C01" in told.err


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_discoveries_are_the_smallest_probabilities(p: list[float]) -> None:
    column = np.array(p)
    found = discoveries(column)
    if found.any():
        assert column[found].max() <= 0.05
        assert (column[~found] >= column[found].max()).all()


@given(st.integers(0, 2**32 - 1))
def test_noise_has_no_trend_too_often(seed: int) -> None:
    draws = np.random.default_rng(seed)
    found = sum(mann_kendall(draws.normal(size=12))[1] < 0.05 for _ in range(100))
    assert found <= 20


def test_a_spread_is_not_moved_by_outliers() -> None:
    values = np.random.default_rng(1).normal(0, 2, 1001)
    assert spread(values, least=0.0) == pytest.approx(2, rel=0.15)
    values[:200] = 1e9
    assert spread(values, least=0.0) < 5
