"""The W3C's SPARQL 1.1 suite, unpacked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.w3c.manifests import unpacked


@pytest.fixture(scope="session")
def suite(shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder ``sparql11`` of the suite."""
    return unpacked(shared_data("w3c-tests") / "rdf-tests-sparql.tar.gz", tmp_path_factory.mktemp("w3c"))
