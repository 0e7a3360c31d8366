"""Mappings that are shipped are taken by name; Shopify's taxonomy becomes two schemes and alignments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kb import KnowledgeBase, graphs
from kb.cli import run

CATEGORIES = """# Categories
# Format: {GID} : {Ancestor name} > ... > {Category name}

gid://shopify/TaxonomyCategory/aa      : Apparel & Accessories
gid://shopify/TaxonomyCategory/aa-1    : Apparel & Accessories > Clothing
gid://shopify/TaxonomyCategory/aa-1-10 : Apparel & Accessories > Clothing > Socks, "long"
gid://shopify/TaxonomyCategory/aa-2    : Apparel & Accessories > Hair bows
"""
ALIGNED = """# Mapping

→ Apparel & Accessories
⇒ Apparel & Accessories

→ Apparel & Accessories > Clothing > Socks, "long"
⇒ Apparel & Accessories > Clothing > Underwear

→ Apparel & Accessories > Hair bows
⇒ Apparel & Accessories > Hair > Hair bows
"""
ALIGNMENTS = (
    "SELECT ?how ?s (GROUP_CONCAT(?name; separator=' > ') AS ?t) { VALUES ?how { skos:exactMatch skos:closeMatch "
    "skos:broadMatch } ?s ?how ?target . ?target skos:prefLabel ?name } GROUP BY ?how ?s"
)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two small files in the form of a release."""
    texts = {"categories.txt": CATEGORIES, "shopify_2025-08_to_google_2021-09-21.txt": ALIGNED}
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [tmp_path / name for name in texts]


def test_a_shipped_mapping_is_taken_by_its_name(store: Path, files: list[Path]) -> None:
    told = [*map(str, files), "--mapping", "shopify-taxonomy", "--source", "shopify", "--store", str(store)]
    assert run(["load", *told, "--strict"]) == 0
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        rows = knowledge.query(
            f"SELECT ?c ?name ?up {{ ?c skos:inScheme <{graphs.DATA}scheme/shopify> ; skos:prefLabel ?name "
            "OPTIONAL { ?c ckb:broaderCategory ?up } }",
            reasoning=False,
        )
        found = {
            row["c"].value.rpartition("-category/")[2].rpartition("/")[2]: (
                row["name"].value,
                row["up"] and row["up"].value.rpartition("/")[2],
            )
            for row in rows
        }
        assert found == {
            "shopify-aa": ("Apparel & Accessories", None),
            "shopify-aa-1": ("Clothing", "shopify-aa"),
            "shopify-aa-1-10": ('Socks, "long"', "shopify-aa-1"),
            "shopify-aa-2": ("Hair bows", "shopify-aa"),
        }
        aligned = {
            (row["how"].value.rpartition("#")[2], row["s"].value.rpartition("/")[2], row["t"].value)
            for row in knowledge.query(ALIGNMENTS, reasoning=False)
        }
        assert aligned == {
            ("exactMatch", "shopify-aa", "Apparel & Accessories"),
            ("broadMatch", "shopify-aa-1-10", "Underwear"),
            ("closeMatch", "shopify-aa-2", "Hair bows"),
        }
        google = f"SELECT (COUNT(?c) AS ?n) {{ ?c skos:inScheme <{graphs.DATA}scheme/google> }}"
        (row,) = knowledge.query(google, reasoning=False)
        assert row["n"].value == "5"


def test_an_unknown_mapping_is_told_with_those_there_are(
    store: Path, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["load", str(files[0]), "--mapping", "shopify", "--store", str(store)]) != 0
    assert "shopify-taxonomy" in capsys.readouterr().err


def test_shopifys_whole_taxonomy_conforms_and_is_aligned(
    knowledge: KnowledgeBase, shared_data: Callable[[str], Path]
) -> None:
    folder = shared_data("shopify-taxonomy") / "en"
    chosen = [folder / "categories.txt.gz", folder / "shopify_2025-08_to_google_2021-09-21.txt.gz"]
    report = knowledge.load(chosen, mapping="shopify-taxonomy", source="shopify")
    assert (report.quarantined, report.rejected) == (0, ())
    counted = (
        "SELECT (COUNT(DISTINCT ?c) AS ?n) (COUNT(DISTINCT ?up) AS ?inner) "
        f"{{{{ ?c skos:inScheme <{graphs.DATA}scheme/{{}}> OPTIONAL {{{{ ?c ckb:broaderCategory ?up }}}} }}}}"
    )
    (shopify,), (google,) = (
        knowledge.query(counted.format(one), reasoning=False) for one in ("shopify", "google")
    )
    assert int(shopify["n"].value) == 10_595
    assert 5_456 <= int(google["n"].value) <= 5_595
    aligned = (
        "SELECT (COUNT(?s) AS ?n) { ?s a ckb:Category ; skos:exactMatch|skos:closeMatch|skos:broadMatch ?t }"
    )
    (row,) = knowledge.query(aligned, reasoning=False)
    assert int(row["n"].value) == 10_535
    birds = (
        "Animals & Pet Supplies > Pet Supplies > Bird Supplies > Bird Cage Accessories > Bird Cage Bird Baths"
    )
    asked = (
        f"SELECT ?name {{ <{graphs.DATA}category/shopify-ap-2-1-1-1> skos:exactMatch ?t . "
        "?t ckb:broaderCategory* ?up . ?up skos:prefLabel ?name }"
    )
    assert {one["name"].value for one in knowledge.query(asked, reasoning=False)} == set(birds.split(" > "))
