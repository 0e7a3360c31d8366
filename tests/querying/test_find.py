"""Finding entities by name: what a person types, and what comes first."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb.columns.batches import batches_of
from kb.columns.files import write_image
from kb.columns.image import Image
from kb.columns.rows import Rows
from kb.querying.find import Match, find
from kb.store import Snapshot
from kb.store.snapshots import READERS

SHOP = """
@prefix ckb: <https://w3id.org/commerce-kb/onto#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix id: <https://w3id.org/commerce-kb/id/> .
@prefix graph: <https://w3id.org/commerce-kb/graph/> .

graph:shop {
  <https://w3id.org/commerce-kb/id/category/lipstick> a ckb:Category ;
    skos:prefLabel "Lipstick"@en , "口红"@zh ; skos:altLabel "唇膏"@zh .
  <https://w3id.org/commerce-kb/id/brand/B1> a ckb:Brand ; rdfs:label "Crème \\"Rouge\\""@en , "绯红"@zh .
  <https://w3id.org/commerce-kb/id/spu/P1> a ckb:SPU ; rdfs:label "Velvet lipstick"@en , "丝绒口红"@zh ;
    ckb:modelNumber "VL-200" .
  <https://w3id.org/commerce-kb/id/sku/K1> a ckb:SKU ;
    rdfs:label "Velvet lipstick, ruby"@en ; ckb:gtin "06901234567892" .
  <https://w3id.org/commerce-kb/id/sku/K2> a ckb:SKU, ckb:Bundle ; rdfs:label "Party set"@en .
  <https://w3id.org/commerce-kb/id/video/V1> a ckb:ShortVideo ; rdfs:label "Velvet lipstick"@en .
  <https://w3id.org/commerce-kb/id/offer/F1> a ckb:Offer ; ckb:merchantSkuCode "M4.K1/red" .
  <https://w3id.org/commerce-kb/id/influencer/I1> a ckb:Influencer ;
    rdfs:label "Lin"@en ; ckb:platformAccount "douyin:70001" .
}
<https://w3id.org/commerce-kb/graph/private/crm> {
  <https://w3id.org/commerce-kb/id/buyer/abcdefghijklmnopqrstuvwx23> a ckb:Buyer ;
    ckb:pseudonym "abcdefghijklmnopqrstuvwx23" .
  <https://w3id.org/commerce-kb/id/brand/B1> skos:altLabel "Secret name"@en .
  <https://w3id.org/commerce-kb/id/brand/B2> a ckb:Brand ; rdfs:label "Unlaunched lipstick"@en .
}
"""
ID = "https://w3id.org/commerce-kb/id/"
CKB = "https://w3id.org/commerce-kb/onto#"


def written(folder: Path, quads: Iterable[ox.Quad]) -> Snapshot:
    image = Image()
    image = image.changed(added=Rows.encoded(image.dictionary, batches_of(quads)), removed=Rows())
    write_image(image, folder / "columns")
    (folder / READERS).touch()
    return Snapshot(folder)


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    return written(tmp_path, ox.parse(SHOP, format=ox.RdfFormat.TRIG))


def names(matches: list[Match]) -> list[str]:
    return [one.iri.removeprefix(ID) for one in matches]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("lipstik", "category/lipstick"),
        ("LIPSTICK", "category/lipstick"),
        ("口红", "category/lipstick"),
        ("唇膏", "category/lipstick"),
        ("velvet lipstik", "spu/P1"),
        ("lipstick velvet", "spu/P1"),
        ("Velvet  lipstick", "spu/P1"),
        ("丝绒", "spu/P1"),
        ("绒", "spu/P1"),
        ("creme rouge", "brand/B1"),
        ('Crème "Rouge"', "brand/B1"),
        ("VL-200", "spu/P1"),
        ("vl200", "spu/P1"),
        ("06901234567892", "sku/K1"),
        ("6901234567892", "sku/K1"),
        ("M4.K1/red", "offer/F1"),
        ("douyin:70001", "influencer/I1"),
        ("douyin:700", "influencer/I1"),
        ("Lin", "influencer/I1"),
        ("abcdefghijklmnopqrstuvwx23", "buyer/abcdefghijklmnopqrstuvwx23"),
    ],
)
def test_what_is_meant_comes_first(snapshot: Snapshot, text: str, first: str) -> None:
    assert names(find(snapshot, text))[0] == first


def test_a_match_tells_both_labels_the_class_and_the_name_that_matched(snapshot: Snapshot) -> None:
    match = find(snapshot, "唇膏")[0]
    assert (match.label, match.label_zh, match.matched) == ("Lipstick", "口红", "唇膏")
    assert match.kind == f"{CKB}Category"
    assert match.score == 1.0


def test_of_two_classes_the_narrower_one_is_shown(snapshot: Snapshot) -> None:
    assert find(snapshot, "party set")[0].kind == f"{CKB}Bundle"


def test_an_entity_without_label_shows_the_code_that_matched(snapshot: Snapshot) -> None:
    match = find(snapshot, "m4k1red")[0]
    assert (match.label, match.label_zh) == ("M4.K1/red", None)


@pytest.mark.parametrize("kind", ["ckb:SKU", f"{CKB}SKU"])
def test_a_kind_keeps_its_members_alone(snapshot: Snapshot, kind: str) -> None:
    assert names(find(snapshot, "lipstick", kind=kind)) == ["sku/K1"]


def test_a_kind_that_nothing_belongs_to_finds_nothing(snapshot: Snapshot) -> None:
    assert find(snapshot, "lipstick", kind="ckb:Listing") == []


def test_the_limit_holds_and_each_entity_comes_once(snapshot: Snapshot) -> None:
    assert len(find(snapshot, "lipstick", limit=2)) == 2
    every = names(find(snapshot, "lipstick", limit=50))
    assert len(every) == len(set(every)) == 5


@pytest.mark.parametrize("text", ["", "  ", "-", '"', "zzzzqqqq", "微波炉"])
def test_nothing_like_it_finds_nothing(snapshot: Snapshot, text: str) -> None:
    assert find(snapshot, text) == []


@pytest.mark.parametrize("text", ["abcdefghijklmnopqrstuvwx23", "Secret name", "unlaunched"])
def test_without_private_graphs_their_names_are_unknown(snapshot: Snapshot, text: str) -> None:
    assert find(snapshot, text)
    assert find(snapshot, text, private=False) == []


def test_a_public_entity_with_a_private_alias_is_found_by_its_public_name(snapshot: Snapshot) -> None:
    assert names(find(snapshot, "creme rouge", private=False)) == ["brand/B1"]


def test_the_best_is_found_among_many_that_share_letters(tmp_path: Path) -> None:
    label, graph = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label"), ox.NamedNode("urn:graph")
    names = [f"{start} stick, slip and tin {number}" for start in ("Fine", "Plain") for number in range(400)]
    names += ["Lipstick", *(f"Tips for sticky list {number}" for number in range(400))]
    quads = [
        ox.Quad(ox.NamedNode(f"{ID}spu/{place}"), label, ox.Literal(name, language="en"), graph)
        for place, name in enumerate(names)
    ]
    assert find(written(tmp_path, quads), "lipstik")[0].label == "Lipstick"


def test_many_who_ask_at_once_build_one_index(snapshot: Snapshot) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: names(find(Snapshot(snapshot.folder), "lipstik")), range(6)))
    assert all(answer[0] == "category/lipstick" for answer in answers)
    assert [one.name for one in (snapshot.folder / "views").iterdir()] == ["find.sqlite"]
