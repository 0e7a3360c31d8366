"""One real server with tight limits, attacked by every test of this folder; after each it answers as before."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kb import KnowledgeBase
from tests.server.conftest import launch, launch_for_all  # noqa: F401 - the fixtures
from tests.server.live import Answer, Server
from tests.server.processes import family, is_worker

SECONDS = 1.0
MEMORY = 300 << 20
ROWS = 40_000
ITEMS = 3_000
# What the processes that hold the server up may have for themselves; workers have a limit each.
MOST_MEMORY = 1 << 30
SETTINGS = f"""
ontology = []
shapes = []
reasoning = "none"
limits = {{ seconds = {SECONDS}, memory = {MEMORY}, rows = {ROWS}, bytes = 30_000_000, long = 3 }}
"""
KEY = "https://w3id.org/commerce-kb/id/brand/"
SCRIPT = "<script>alert(1)</script>"


@dataclass
class Target:
    """A server under attack, and a bearer of every role."""

    server: Server
    writer: Server
    admin: Server

    @property
    def port(self) -> int:
        return self.server.port

    def query(self, text: str, server: Server | None = None, **parameters: str) -> Answer:
        """One query, by POST."""
        form = urlencode({"query": text, **parameters}).encode()
        return (server or self.server).ask(
            "POST", "/sparql", body=form, Content_Type="application/x-www-form-urlencoded"
        )

    def update(self, text: str) -> Answer:
        """One update by a writer."""
        return self.writer.ask(
            "POST", "/sparql", body=text.encode(), Content_Type="application/sparql-update"
        )


@pytest.fixture(scope="session")
def target(
    launch_for_all: Callable[..., Server],  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Target:
    """A plain store with some thousand items, an item whose names are markup, and its server."""
    folder = tmp_path_factory.mktemp("attacks")
    place = folder / "plain.kb"
    place.mkdir()
    (place / "kb.toml").write_text(SETTINGS, "utf-8")
    data = folder / "items.nt"
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    data.write_text(
        "".join(
            f'<urn:s{n}> <urn:p> "item {n}" .\n<urn:s{n}> <urn:next> <urn:s{n + 1}> .\n' for n in range(ITEMS)
        )
        + f'<{KEY}evil> {label} "{SCRIPT}" .\n<{KEY}evil> <urn:sees> <javascript:alert(1)> .\n'
        + f"<{KEY}evil> <urn:sees> <{KEY}'onmouseover='alert(1)> .\n",
        "utf-8",
    )
    with KnowledgeBase.open(place) as knowledge:
        assert knowledge.load(data, source="items")
    server = launch_for_all(place)
    return Target(server, server.bearing("writer"), server.bearing("admin"))


@pytest.fixture(autouse=True)
def goes_on(target: Target) -> Iterator[None]:
    """After each test the server is the same process, answers at once and truly, and is no larger than it should be."""
    yield
    assert target.server.process.poll() is None
    answer = target.query("SELECT ?x { <urn:s7> <urn:p> ?x }")
    assert answer.status == 200, answer.text
    assert [row["x"]["value"] for row in answer.json["results"]["bindings"]] == ["item 7"]
    assert (
        sum(private_memory(one) for one in family(target.server.process.pid) if not is_worker(one))
        < MOST_MEMORY
    )
    # Random tokens may have cost this address a minute's patience.
    until = time.monotonic() + 90
    while (left := target.admin.get("/queries").json) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def private_memory(process: int) -> int:
    """Bytes of memory that a process shares with no other."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except FileNotFoundError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
