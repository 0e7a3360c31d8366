"""A real server process on a real store."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb import KnowledgeBase, LoadOptions
from tests.server.live import Server, launching

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a small shop and, in a private graph, an order."""
    place = tmp_path_factory.mktemp("server") / "shop.kb"
    with KnowledgeBase.open(place) as knowledge:
        assert knowledge.load(HERE / "shop.ttl", source="shop", message="the shop")
        assert knowledge.load(HERE / "orders.ttl", source="orders", options=LoadOptions(private=True))
    return place


@pytest.fixture(scope="module")
def launch() -> Iterator[Callable[..., Server]]:
    """Start servers that end with the module: hundreds of processes would fill a machine."""
    with launching() as run:
        yield run


@pytest.fixture(scope="session")
def launch_for_all() -> Iterator[Callable[..., Server]]:
    """Start the few servers that many modules ask."""
    with launching() as run:
        yield run


@pytest.fixture(scope="session")
def server(launch_for_all: Callable[..., Server], shop: Path) -> Server:
    """A server of the shop on loopback."""
    return launch_for_all(shop)


@pytest.fixture(scope="session")
def writable(
    launch_for_all: Callable[..., Server], shop: Path, tmp_path_factory: pytest.TempPathFactory
) -> Server:
    """A server of a copy of the shop, for tests that change it."""
    place = tmp_path_factory.mktemp("writable") / "shop.kb"
    return launch_for_all(Path(shutil.copytree(shop, place)))
