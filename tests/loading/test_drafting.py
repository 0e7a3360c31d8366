"""Mappings drafted for tables that nobody has mapped: what is understood, what is left out, what comes of it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.errors import MappingError
from kb.loading.drafting import MappingDraft

PRODUCTS = """Artikelnummer,Bezeichnung,Marke,Kategorie,Preis,EAN,Mail
A1,Lippenstift Rot,Aurelle,Beauty > Lips,"€1,012.50",4006381333931,ann@example.org
A2,Lippenstift Rosa,Aurelle,Beauty > Lips,€9,4006381333948,bob@example.org
A3,Wimperntusche,L'Élan,Beauty,€12.00,,cy@example.org
"""


def mapped(draft: MappingDraft, file: str) -> dict[str, str | None]:
    (table,) = (one for one in draft.tables if one.name == file)
    return {column.column: column.field for column in table.columns}


def write(place: Path, name: str, text: str) -> Path:
    file = place / name
    file.write_text(text, encoding="utf-8")
    return file


def test_columns_are_understood_by_header_and_values(tmp_path: Path) -> None:
    draft = KnowledgeBase.map(write(tmp_path, "shop.csv", PRODUCTS))
    assert mapped(draft, "shop.csv") == {
        "Artikelnummer": "key",
        "Bezeichnung": "title",
        "Marke": "brand",
        "Kategorie": "category",
        "Preis": "price",
        "EAN": "gtin",
        "Mail": "email",
    }
    assert draft.notes == ("shop.csv: 'Mail' looks personal (email) and is left out",)
    assert "example.org" not in draft.text
    assert any('"Lippenstift Rot"' in triple for triple in draft.preview)


def test_what_is_drafted_loads_and_conforms(tmp_path: Path) -> None:
    file, mapping = write(tmp_path, "shop.csv", PRODUCTS), tmp_path / "shop.yml"
    mapping.write_text(KnowledgeBase.map(file).text, encoding="utf-8")
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        report = knowledge.load(file, mapping=mapping, source="shop")
        assert report and not report.quarantined
        rows = knowledge.query(
            "SELECT ?title ?brand ?category ?price ?currency ?gtin { ?spu a ckb:SPU ; rdfs:label ?title ;"
            " ckb:directBrand/rdfs:label ?brand ; ckb:directCategory/skos:prefLabel ?category ."
            " ?sku ckb:variantOf ?spu ."
            " ?offer ckb:offersSku ?sku ; ckb:price ?price ; ckb:currency ?currency OPTIONAL { ?sku ckb:gtin ?gtin } }"
            " ORDER BY ?title"
        )
        assert [[cell and cell.value for cell in row] for row in rows] == [
            ["Lippenstift Rosa", "Aurelle", "Lips", "9", "EUR", "04006381333948"],
            ["Lippenstift Rot", "Aurelle", "Lips", "1012.5", "EUR", "04006381333931"],
            ["Wimperntusche", "L'Élan", "other", "12", "EUR", None],
        ]


def test_the_same_file_gives_the_same_draft(tmp_path: Path) -> None:
    file = write(tmp_path, "shop.csv", PRODUCTS)
    assert KnowledgeBase.map(file) == KnowledgeBase.map(file)


def test_prices_without_currency_are_left_out_until_it_is_named(tmp_path: Path) -> None:
    file = write(tmp_path, "shop.csv", "id,name,price\n1,Lipstick red,9.50\n2,Lipstick pink,8\n")
    unsure, sure = KnowledgeBase.map(file), KnowledgeBase.map(file, currency="gbp")
    assert "ckb:Offer" not in unsure.text and "name it" in unsure.notes[0]
    assert "ckb:Offer" in sure.text and "'GBP'" in sure.text


def test_commas_before_cents_are_told_from_those_between_thousands(tmp_path: Path) -> None:
    texts = {
        "id;name;price\n1;Lippe rot;1.234,50 €\n2;Lippe rosa;9,00 €\n": {"1234.5", "9"},
        "id;name;price\n1;Lippe rot;€1,234.50\n2;Lippe rosa;€9\n": {"1234.5", "9"},
    }
    for text, prices in texts.items():
        draft = KnowledgeBase.map(write(tmp_path, "shop.csv", text))
        told = {triple.split('"')[1] for triple in draft.preview if "ckb:price" in triple}
        assert told == prices


def test_chinese_headers_and_titles(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "商品.csv",
        "编号,商品名称,品牌\n1,哑光口红,欧若\n2,水润口红,欧若\n3,亮光口红,欧若\n4,雾面口红,欧若\n",
    )
    draft = KnowledgeBase.map(file)
    assert set(mapped(draft, "商品.csv").values()) == {"key", "title", "brand"}
    assert "zh~lang" in draft.text


def test_categories_with_their_ways_become_a_tree(tmp_path: Path) -> None:
    rows = [
        {"id": "c1", "name": "Beauty", "path": [{"id": "c1", "name": "Beauty"}]},
        {"id": "c2", "name": "Lips", "path": [{"id": "c1", "name": "Beauty"}, {"id": "c2", "name": "Lips"}]},
    ]
    file = tmp_path / "categories.json.gz"
    file.write_bytes(gzip.compress(json.dumps(rows).encode()))
    mapping = write(tmp_path, "tree.yml", KnowledgeBase.map(file).text)
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        assert knowledge.load(file, mapping=mapping)
        found = knowledge.query(
            "SELECT ?a ?b { ?x ckb:broaderCategory ?y . ?x skos:prefLabel ?a . ?y skos:prefLabel ?b }"
        )
        assert [[cell.value for cell in row] for row in found] == [["Lips", "Beauty"]]


def test_other_tables_are_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"docs/mapping\.md"):
        KnowledgeBase.map(write(tmp_path, "pairs.csv", "left,right\n1,2\n3,4\n"))


def test_the_mapping_goes_to_standard_output_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "shop.csv", PRODUCTS)
    assert run(["map", str(file)]) == 0
    out, err = capsys.readouterr()
    assert out == KnowledgeBase.map(file).text
    assert "personal" in err


def test_a_table_without_mapping_is_loaded_when_its_draft_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, store = write(tmp_path, "shop.csv", PRODUCTS), tmp_path / "shop.kb"
    load = ["load", str(file), "--store", str(store)]
    assert run(load) == MappingError.exit_code
    assert "--yes" in capsys.readouterr().err
    assert not store.exists()
    assert run([*load, "--yes"]) == 0
    assert run([*load, "--mapping", str(store / "mappings" / "shop.yml")]) == 0
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        assert len(list(knowledge.query("SELECT ?s { ?s a ckb:SPU }"))) == 3


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("er-abt-buy/tables/abt.csv.gz", {"key", "title", "description", "price"}),
        ("flipkart-20k/flipkart_id_name_category.csv.gz", {"key", "title", "category"}),
        ("bestbuy-open/categories.json.gz", {"key", "title", "parent", "category"}),
    ],
)
def test_files_that_nobody_has_mapped(
    shared_data: Callable[[str], Path], name: str, fields: set[str]
) -> None:
    draft = KnowledgeBase.map(shared_data(name), currency="USD")
    assert set(mapped(draft, Path(name).name).values()) == fields
    assert len(draft.preview) > 8
