"""One shop of scale 1, made and loaded once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kb import demo

PREFIXES = {
    "ckb": "https://w3id.org/commerce-kb/onto#",
    "id": "https://w3id.org/commerce-kb/id/",
    "vocab": "https://w3id.org/commerce-kb/vocab/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def load(shop: demo.GeneratedShop) -> ox.Store:
    store = ox.Store()
    for file in shop.files:
        if file.suffix == ".nq":
            store.bulk_load(path=str(file), format=ox.RdfFormat.N_QUADS)
    return store


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> demo.GeneratedShop:
    return demo.generate(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="session")
def store(shop: demo.GeneratedShop) -> ox.Store:
    return load(shop)


@pytest.fixture(scope="session")
def truth(shop: demo.GeneratedShop) -> dict[str, Any]:
    return json.loads((shop.output / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def ask(store: ox.Store) -> Callable[..., list[tuple[str | None, ...]]]:
    """Rows of a SELECT over all graphs, each cell the value of its term; names given are bound to IRIs."""

    def run(query: str, **bound: str) -> list[tuple[str | None, ...]]:
        for name, iri in bound.items():
            query = re.sub(rf"\?{name}\b", f"<{iri}>", query)
        solutions = store.query(query, prefixes=PREFIXES, use_default_graph_as_union=True)
        return [tuple(cell.value if cell is not None else None for cell in row) for row in solutions]

    return run


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[2]
