"""--as csv: the tables of a real shop, and mappings that turn them into the same graph."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import yaml

from kb import demo
from kb.demo.graph_writer import read_templates
from kb.loading.mapping import read_mapping
from kb.loading.tables import TableOptions, map_tables

MAPPINGS = Path(demo.__file__).parent / "mappings"


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> demo.GeneratedShop:
    return demo.generate(tmp_path_factory.mktemp("tables"), scale=0.1, faults=0.02, form="csv")


def read_header(path: Path) -> set[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return set(next(csv.reader(file)))


def test_tables_hold_codes_not_iris(tables: demo.GeneratedShop) -> None:
    for file in tables.files:
        if file.name not in ("truth.json", "faults.csv"):
            assert "w3id.org" not in file.read_text(encoding="utf-8")


def test_every_mapped_table_is_written_with_the_columns_that_the_mappings_name(
    tables: demo.GeneratedShop,
) -> None:
    for stem_tables in read_templates().values():
        for table, templates in stem_tables.items():
            columns = read_header(tables.output / f"{table}.csv")
            for template in templates:
                for line in (template.subject, *template.lines):
                    assert set(line.references) <= columns, table


def test_tables_map_back_to_the_same_quads(tables: demo.GeneratedShop, tmp_path: Path) -> None:
    graph = demo.generate(tmp_path, scale=0.1, faults=0.02)
    assert (tables.output / "faults.csv").read_bytes() == (graph.output / "faults.csv").read_bytes()
    for file in MAPPINGS.glob("*.yml"):
        mapped: set[str] = set()
        options = TableOptions(graph="https://w3id.org/commerce-kb/graph/unused")
        for batch in map_tables(read_mapping(file), folder=tables.output, options=options):
            terms = zip(*(batch.column(name).to_pylist() for name in "spog"), strict=True)
            mapped.update(f"{' '.join(quad)} ." for quad in terms)
        assert mapped == set((tmp_path / f"{file.stem}.nq").read_text(encoding="utf-8").splitlines())


def test_mappings_use_simple_yarrrml_alone() -> None:
    for file in MAPPINGS.glob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        assert set(document) == {"prefixes", "mappings"}
        for mapping in document["mappings"].values():
            assert set(mapping) == {"sources", "s", "graphs", "po"}
