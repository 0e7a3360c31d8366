"""The star schema says what SPARQL says, as far as somebody may see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyoxigraph import Literal

from kb import KnowledgeBase
from kb.errors import NotFound, UsageError
from kb.star import Relational, Star, star_of

ID = "https://w3id.org/commerce-kb/id/"


@pytest.fixture(scope="module")
def shop(demo_store: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(demo_store, read_only=True) as knowledge:
        yield knowledge


@pytest.fixture(scope="module")
def star(shop: KnowledgeBase) -> Iterator[Star]:
    with star_of(shop.snapshot.image) as found:
        yield found


def test_every_table_has_each_key_once_and_in_order(star: Star) -> None:
    assert len(star.definitions) >= 14
    for table in star:
        keys = list(zip(*(table.rows[one].to_pylist() for one in table.definition.key), strict=True))
        assert keys == sorted(set(keys)), table.name
        assert keys, table.name
        assert table.definition.description


def test_order_lines_are_those_of_sparql(shop: KnowledgeBase, star: Star) -> None:
    rows = shop.query(
        """SELECT ?line ?buyer ?at ?sku ?spu ?merchant ?quantity ?price ?currency {
             ?order ckb:hasLine ?line ; ckb:placedBy ?buyer ; ckb:orderedAt ?at ; ckb:currency ?currency .
             ?line ckb:lineSku ?sku ; ckb:lineOffer/ckb:offeredBy ?merchant ; ckb:quantity ?quantity ;
               ckb:unitPrice ?price . ?sku ckb:variantOf ?spu }"""
    ).to_arrow()
    expected = {
        row["line"]: (
            row["buyer"],
            row["sku"],
            row["spu"],
            row["merchant"],
            int(row["quantity"]),
            row["currency"],
        )
        for row in rows.to_pylist()
    }
    found = star["fact_order_line"].rows
    assert found.schema.field("ordered_at").type == pa.timestamp("us", "UTC")
    assert found.schema.field("amount").type == pa.decimal128(18, 4)
    columns = ("buyer", "sku", "spu", "merchant", "quantity", "currency")
    assert {row["order_line"]: tuple(row[name] for name in columns) for row in found.to_pylist()} == expected
    revenue = sum(Decimal(str(row["price"])) * int(row["quantity"]) for row in rows.to_pylist())
    assert sum(found["amount"].to_pylist()) == revenue


def test_brand_families_are_those_of_the_reasoner(shop: KnowledgeBase, star: Star) -> None:
    rows = shop.query("SELECT ?brand ?above { ?brand ckb:subBrandOf ?above }").to_arrow().to_pylist()
    above: dict[str, set[str]] = {}
    for row in rows:
        above.setdefault(row["brand"], set()).add(row["above"])
    found = {row["brand"]: row["family"] for row in star["dim_brand"].rows.to_pylist()}
    assert any(found[brand] != brand for brand in found)
    for brand, family in found.items():
        assert family == brand if brand not in above else family in above[brand] and family not in above


def test_categories_know_their_way_from_the_top(star: Star) -> None:
    for row in star["dim_category"].rows.to_pylist():
        assert len(row["path"]) == row["level"]
        assert row["path"][-1] == row["name"]
        assert (row["parent"] is None) == (row["level"] == 1)


def test_who_may_not_see_buyers_finds_no_orders(shop: KnowledgeBase) -> None:
    with star_of(shop.snapshot.image, private=False) as star:
        for name in ("fact_order_line", "fact_interaction", "dim_buyer"):
            assert len(star[name].rows) == 0
        assert len(star["dim_spu"].rows)


def test_values_are_read_as_the_type_asked_for(knowledge: KnowledgeBase) -> None:
    with knowledge.commit(source="feed", message="odd values") as change:
        for number, value in enumerate(("6.5", "1e2", "many", "007")):
            change.add(f"{ID}need/n{number}", "skos:notation", Literal(value))
    with Relational(knowledge.snapshot.image) as tables:
        numbers = tables.rows('SELECT s, o FROM "skos:notation.decimal"')["o"].to_pylist()
        assert sorted(numbers) == [Decimal("6.5"), Decimal("7"), Decimal("100")]
        texts = Counter(tables.rows('SELECT o FROM "skos:notation.text"')["o"].to_pylist())
        assert {"6.5", "1e2", "many", "007"} <= set(texts)
        assert tables.rows('SELECT o FROM "skos:notation.instant"')["o"].to_pylist() == []


def test_an_unknown_name_is_said(shop: KnowledgeBase, star: Star) -> None:
    with Relational(shop.snapshot.image) as tables:
        with pytest.raises(UsageError, match="prefix"):
            tables.rows('SELECT s FROM "nope:thing"')
        with pytest.raises(UsageError, match="no type"):
            tables.rows('SELECT s FROM "ckb:price.colour"')
    with pytest.raises(NotFound, match="dim_moon"):
        star["dim_moon"]
