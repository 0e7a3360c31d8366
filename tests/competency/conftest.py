"""The demo shop, open for asking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import KnowledgeBase


@pytest.fixture(scope="session")
def shop(demo_store: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(demo_store, read_only=True) as opened:
        yield opened
