"""--as csv: the tables of a real shop, and mappings that turn them into the same graph."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from kb import demo
from kb.demo.blocks import Block
from kb.demo.graph_writer import read_templates, write_quads

MAPPINGS = Path(demo.__file__).parent / "mappings"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> demo.GeneratedShop:
    return demo.generate(tmp_path_factory.mktemp("tables"), scale=0.1, faults=0.02, form="csv")


def read_table(path: Path) -> Block:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return Block(path.stem, {name: [row[place] or None for row in rows] for place, name in enumerate(header)})


def test_tables_hold_codes_not_iris(tables: demo.GeneratedShop) -> None:
    for file in tables.files:
        if file.name not in ("truth.json", "faults.csv"):
            assert "w3id.org" not in file.read_text(encoding="utf-8")


def test_every_mapped_table_is_written_with_the_columns_that_the_mappings_name(
    tables: demo.GeneratedShop,
) -> None:
    for stem_tables in read_templates().values():
        for table, templates in stem_tables.items():
            columns = set(read_table(tables.output / f"{table}.csv").columns)
            for template in templates:
                for line in (template.subject, *template.lines):
                    assert set(line.references) <= columns, table


def test_tables_map_back_to_the_same_quads(tables: demo.GeneratedShop, tmp_path: Path) -> None:
    graph = demo.generate(tmp_path, scale=0.1, faults=0.02)
    assert (tables.output / "faults.csv").read_bytes() == (graph.output / "faults.csv").read_bytes()
    for stem, stem_tables in read_templates().items():
        mapped: set[str] = set()
        for table, templates in stem_tables.items():
            text, _ = write_quads(read_table(tables.output / f"{table}.csv"), templates)
            mapped.update(text.splitlines())
        assert mapped == set((tmp_path / f"{stem}.nq").read_text(encoding="utf-8").splitlines())


def test_mappings_use_simple_yarrrml_alone() -> None:
    for file in MAPPINGS.glob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert set(document) == {"prefixes", "mappings"}
        for mapping in document["mappings"].values():
            assert set(mapping) == {"sources", "s", "graphs", "po"}
