"""A schema.org feed in terms of the ontology."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from kb.errors import NotFound, SyntaxFault
from kb.loading.crosswalk import crosswalk, read_feed

FEED = Path(__file__).parent / "fixtures" / "schemaorg-feed.jsonld"
ID = "https://w3id.org/commerce-kb/id/"
CKB = "https://w3id.org/commerce-kb/onto#"


@pytest.fixture(scope="module")
def found() -> set[tuple[str, str, str]]:
    names = {
        "http://www.w3.org/1999/02/22-rdf-syntax-ns#type": "a",
        "http://www.w3.org/2000/01/rdf-schema#label": "label",
        "http://www.w3.org/2004/02/skos/core#prefLabel": "label",
    }
    return {
        (
            each.subject.value.removeprefix(ID),
            names.get(each.predicate.value, each.predicate.value.removeprefix(CKB)),
            str(each.object).replace(ID, "").replace(CKB, "ckb:"),
        )
        for each in crosswalk(read_feed(FEED))
    }


@pytest.mark.parametrize(
    "statement",
    [
        ("sku/06901234567892", "a", "<ckb:SKU>"),
        ("sku/06901234567892", "gtin", '"06901234567892"'),
        ("sku/06901234567892", "variantOf", "<spu/VD>"),
        ("spu/VD", "label", '"Velvet Dusk lipstick"@en'),
        ("spu/VD", "directBrand", "<brand/velvet-dusk>"),
        ("spu/VD", "directCategory", "<category/lipstick>"),
        ("category/lipstick", "label", '"Lipstick"@en'),
        ("offer/06901234567892-moon-harbour", "offeredBy", "<merchant/moon-harbour>"),
        ("offer/06901234567892-moon-harbour", "price", '"79.9"^^<http://www.w3.org/2001/XMLSchema#decimal>'),
        ("offer/06901234567892-moon-harbour", "availability", '"in_stock"'),
        (
            "offer/06901234567892-moon-harbour",
            "validThrough",
            '"2026-12-31T23:59:59Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>',
        ),
        ("merchant/%E6%98%9F%E6%B2%B3%E5%B0%8F%E5%BA%97", "label", '"星河小店"@zh'),
        ("sku/C%202", "label", '"云朵保湿面霜"@zh'),
        ("spu/C%202", "directBrand", "<brand/%E4%BA%91%E6%9C%B5>"),
    ],
)
def test_a_feed_says_in_our_terms(found: set[tuple[str, str, str]], statement: tuple[str, str, str]) -> None:
    assert statement in found


def test_every_spu_has_one_brand_and_one_category_and_every_offer_one_price(
    found: set[tuple[str, str, str]],
) -> None:
    def subjects(kind: str) -> list[str]:
        return [s for s, p, o in found if p == "a" and o == f"<ckb:{kind}>"]

    def count(subject: str, predicate: str) -> int:
        return sum(1 for s, p, _ in found if s == subject and p == predicate)

    assert len(subjects("SPU")) == len(subjects("SKU")) == 2
    assert len(subjects("Offer")) == 3
    for spu in subjects("SPU"):
        assert count(spu, "directBrand") == count(spu, "directCategory") == 1
    for offer in subjects("Offer"):
        assert count(offer, "price") == count(offer, "currency") == count(offer, "offersSku") == 1


def test_an_offer_without_a_seller_gets_none(found: set[tuple[str, str, str]]) -> None:
    offer = next(s for s, p, o in found if p == "offersSku" and o == "<sku/C%202>")
    assert not [o for s, p, o in found if s == offer and p == "offeredBy"]


def test_nothing_but_the_ontology_is_left(found: set[tuple[str, str, str]]) -> None:
    assert not [p for _, p, _ in found if "schema.org" in p or p.startswith("urn:")]


def test_an_older_namespace_and_context_are_understood(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonld"
    feed.write_text('{"@context": "http://schema.org/", "@type": "Product", "name": "Cup", "sku": "1"}')
    assert any(isinstance(each.subject, ox.NamedNode) for each in crosswalk(read_feed(feed)))


def test_a_broken_feed_names_its_line(tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonld"
    feed.write_text('{"@context": "https://schema.org",\n "name": }')
    with pytest.raises(SyntaxFault, match="line 2"):
        read_feed(feed)


def test_an_unknown_vocabulary_is_refused() -> None:
    with pytest.raises(NotFound, match="goodrelations"):
        list(crosswalk([], "goodrelations"))
