"""The demo shop, open for asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from kb import KnowledgeBase
from kb.mining.neighbours import mine_neighbours


@pytest.fixture(scope="session")
def shop(demo_store: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(demo_store, read_only=True) as opened:
        yield opened


@pytest.fixture(scope="session")
def mined_shop(demo_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeBase]:
    """The demo shop after a run of `kb mine neighbours`, for the questions about what it finds."""
    with KnowledgeBase.open(copytree(demo_store, tmp_path_factory.mktemp("mined") / "shop.kb")) as opened:
        mine_neighbours(opened)
        yield opened
