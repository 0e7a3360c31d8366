"""Listings become products, on a demo shop with careless titles."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from kb import KnowledgeBase, graphs
from kb.demo import generate
from kb.mining import changes_of_run, decide, evidence_of, queue
from kb.mining.clustering import b_cubed
from kb.mining.products import mine_products

LISTED = "SELECT ?listing ?spu { ?listing ckb:listsSpu ?spu }"


@pytest.fixture(scope="module")
def careless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop in which three listings in ten don't say which SPU they are of."""
    place = tmp_path_factory.mktemp("careless")
    shop = generate(place / "files", scale=1, noise=0.3)
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        report = knowledge.load(
            [one for one in shop.files if one.stem in ("catalog", "trade") and one.suffix == ".nq"],
            source="demo",
        )
        assert report.quarantined == 0
    return place


@pytest.fixture(scope="module")
def mined(careless: Path) -> Path:
    """The same shop after a run."""
    place = Path(shutil.copytree(careless / "shop.kb", careless / "mined.kb"))
    with KnowledgeBase.open(place) as knowledge:
        assert mine_products(knowledge)
    return place


@pytest.fixture
def shop(mined: Path, tmp_path: Path) -> KnowledgeBase:
    return KnowledgeBase.open(shutil.copytree(mined, tmp_path / "shop.kb"))


@pytest.fixture(scope="module")
def truth(careless: Path) -> dict[str, str]:
    return json.loads((careless / "files" / "truth.json").read_text(encoding="utf-8"))["careless_listings"]


def listed(knowledge: KnowledgeBase) -> dict[str, str]:
    rows = knowledge.query(LISTED, reasoning=False)
    return {row["listing"].value: row["spu"].value for row in rows}


def numbered(names: dict[str, str], order: list[str]) -> np.ndarray:
    return np.unique([names[one] for one in order], return_inverse=True)[1]


def test_careless_listings_find_their_products(shop: KnowledgeBase, truth: dict[str, str]) -> None:
    found = listed(shop)
    assert set(truth) <= set(found)
    order = sorted(found)
    quality = b_cubed(numbered(found, order), numbered({**found, **truth}, order))[2]
    assert quality >= 0.97


def test_what_a_merchant_states_is_left_alone(shop: KnowledgeBase, careless: Path) -> None:
    with KnowledgeBase.open(careless / "shop.kb", read_only=True) as before:
        stated = listed(before)
    assert stated.items() <= listed(shop).items()


def test_a_second_run_changes_nothing(shop: KnowledgeBase) -> None:
    before = listed(shop)
    report = mine_products(shop)
    changes = changes_of_run(shop, report.run)
    assert (changes.added, changes.withdrawn) == ((), ())
    assert listed(shop) == before


def test_a_rejected_listing_leaves_and_an_accepted_one_joins(shop: KnowledgeBase) -> None:
    accepted = queue(shop, kind="lists-spu")[0]
    decide(shop, [accepted.id], "accept")
    mine_products(shop)
    assert listed(shop)[accepted.subject] == accepted.object
    assert accepted.id not in {one.id for one in queue(shop)}


def test_a_placement_says_what_it_rests_on(shop: KnowledgeBase, truth: dict[str, str]) -> None:
    found = listed(shop)
    listing = min(one for one in truth if found[one] == truth[one])
    (said,) = [one for one in evidence_of(shop, listing, found[listing]) if one.kind == "lists-spu"]
    assert "most like" in said.evidence
    edge = f"?e ckb:relationSubject <{listing}> ; ckb:relationObject <{found[listing]}>"
    sources = shop.query(f"SELECT ?s {{ {edge} ; prov:wasDerivedFrom ?s }}")
    assert len(sources) > 1


def test_spus_are_minted_where_the_catalogue_has_none(knowledge: KnowledgeBase) -> None:
    names = ["Nova steel kettle K-200", "Nova steel kettle K200"]
    others = [f"{brand} {thing} {number}" for brand in ("Tirro", "Mabel", "Quist") for thing in ("lamp", "chair", "mug")
              for number in (3, 11)]  # fmt: skip
    with knowledge.commit(source="feed", message="bare listings") as change:
        for place, name in enumerate([*names, *others]):
            listing = f"{graphs.DATA}listing/{place:03d}"
            change.add(listing, "rdf:type", "ckb:Listing")
            change.add(listing, "rdfs:label", _english(name))
    assert change.report
    report = mine_products(knowledge)
    assert report, str(report)
    found = listed(knowledge)
    assert len(found) == len(names) + len(others)
    kettles = [found[f"{graphs.DATA}listing/{place:03d}"] for place in (0, 1)]
    assert kettles[0] == kettles[1]
    assert len(set(found.values())) >= 14
    said = "ckb:directBrand ?brand ; ckb:directCategory ?category ; rdfs:label ?label"
    described = knowledge.query(f"SELECT * {{ <{kettles[0]}> {said} }}")
    assert len(described) == 1


def _english(text: str):
    import pyoxigraph as ox

    return ox.Literal(text, language="en")
