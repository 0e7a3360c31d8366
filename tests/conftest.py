"""Fixtures that many tests share."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from kb import KnowledgeBase
from kb.demo import generate

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("KB_SHARED_DATA", ROOT.parent / "shared" / "data"))
# How long an example takes says something about the machine, not about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
# The OWL API of Debian's libowlapi-java, and what it needs beside it.
OWL_API_JARS = (
    *("owlapi-distribution", "rdf4j-*", "guava", "caffeine", "slf4j-api", "slf4j-nop", "commons-*"),
    *("hppcrt*", "xz", "jackson-*", "atinject*", "jaxb-api"),
)
SKIPS_FORBIDDEN = os.environ.get("KB_SKIPS") == "forbidden"


def lacking(what: str) -> None:
    """Skip because something outside the project is missing; a failure where skips are forbidden."""
    if SKIPS_FORBIDDEN:
        pytest.fail(f"{what} is missing, and skips are forbidden here")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """A folder of the shared data sets by its name; skips where it is not there."""

    def find(name: str) -> Path:
        place = SHARED / name
        if not place.exists():
            lacking(f"the data set {name} below {SHARED} (set KB_SHARED_DATA)")
        return place

    return find


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that holds only the ontology and the shapes; copy it, don't write to it."""
    place = tmp_path_factory.mktemp("made") / "shop.kb"
    with KnowledgeBase.open(place) as knowledge:
        knowledge.init()
    return place


@pytest.fixture
def store(made_store: Path, tmp_path: Path) -> Path:
    """A new store of one's own."""
    return Path(shutil.copytree(made_store, tmp_path / "shop.kb"))


@pytest.fixture
def knowledge(store: Path) -> Iterator[KnowledgeBase]:
    """A new store of one's own, open."""
    with KnowledgeBase.open(store) as opened:
        yield opened


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo shop's files and the store that they were loaded into, made once for all test processes."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    place = base / "demo"
    with (base / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            draft = base / "demo-draft"
            shop = generate(draft / "files", scale=0.3, seed=7)
            with KnowledgeBase.open(draft / "shop.kb") as knowledge:
                knowledge.load([one for one in shop.files if one.suffix == ".nq"], source="demo")
            draft.rename(place)
    return place


@pytest.fixture(scope="session")
def demo_files(demo_folder: Path) -> Path:
    """The files of a small demo shop: N-Quads, ``truth.json``."""
    return demo_folder / "files"


@pytest.fixture(scope="session")
def demo_store(demo_folder: Path) -> Path:
    """A store that holds the small demo shop; don't write to it."""
    return demo_folder / "shop.kb"


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """A program on the PATH (java, chromium) by its name; skips where it is not there."""

    def find(name: str) -> Path:
        place = shutil.which(name)
        if place is None:
            lacking(f"the program {name}")
        return Path(place)

    return find


@pytest.fixture(scope="session")
def owl_api(program: Callable[[str], Path]) -> str:
    """The class path of the OWL API 5.1; skips without Java or the Debian package."""
    program("java")
    jars = [jar for name in OWL_API_JARS for jar in Path("/usr/share/java").glob(f"{name}.jar")]
    if not any("owlapi" in jar.name for jar in jars):
        lacking("the Debian package libowlapi-java")
    return ":".join(map(str, jars))
