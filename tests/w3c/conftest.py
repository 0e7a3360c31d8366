"""The W3C's SPARQL 1.1 suite, unpacked."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def suite(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``sparql11`` of the suite."""
    place = tmp_path_factory.mktemp("w3c")
    with tarfile.open(shared_data("w3c-tests") / "rdf-tests-sparql.tar.gz") as archive:
        archive.extractall(place, filter="data")
    return place / "sparql" / "sparql11"
