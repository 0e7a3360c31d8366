"""Dumps and patches are made by workers, and come as they are made."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.graphs import GRAPH
from kb.settings import Settings
from tests.server.live import Server

ROWS = 300_000


@pytest.fixture(scope="module")
def large(launch: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A store of one large graph, by a server with little memory for each request."""
    place = tmp_path_factory.mktemp("large")
    file = place / "rows.nt"
    file.write_text(
        "".join(f'<urn:row/{number}> <urn:says> "row {number}, {"x" * 40}" .\n' for number in range(ROWS)),
        encoding="utf-8",
    )
    store = place / "large.kb"
    with KnowledgeBase.open(store) as knowledge:
        knowledge.init(Settings(ontology=(), shapes=(), reasoning="none", limits={"seconds": 0.2}))
        knowledge.load(file)
    return launch(store)


def resident(process: int) -> int:
    """The memory of a process and those below it that serve HTTP, in bytes."""
    found = 0
    for one in [process, *children(process)]:
        lines = Path(f"/proc/{one}/status").read_text("ascii").splitlines()
        found += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
    return found


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split()
    return [one for one in map(int, listed) if b"kb.workers" not in Path(f"/proc/{one}/cmdline").read_bytes()]


@pytest.mark.parametrize("path", ["/store", "/store?format=trig", "/graph/rows?format=nt", "/changes"])
def test_a_large_dump_is_whole_and_takes_longer_than_a_query_may(large: Server, path: str) -> None:
    answer = large.get(path)
    assert answer.status == 200 and answer.headers["Transfer-Encoding"] == "chunked"
    assert answer.text.count('"row ') == ROWS


def test_the_server_keeps_no_dump_in_memory(large: Server) -> None:
    large.get("/store")
    before, most = resident(large.process.pid), [0]
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            most.append(resident(large.process.pid))
            time.sleep(0.01)

    watching = threading.Thread(target=watch)
    watching.start()
    size = len(large.get("/store?format=nq").body) + len(large.get("/changes").body)
    done.set()
    watching.join()
    assert size > 50_000_000
    assert max(most) - before < 20_000_000


def test_a_graph_that_is_not_there_and_an_empty_default_graph(server: Server) -> None:
    for path in ("/graph/nowhere", f"/store?graph={quote(GRAPH + 'nowhere', safe='')}&format=nt"):
        answer = server.get(path)
        assert (answer.status, answer.type) == (404, "application/problem+json")
    empty = server.get("/store?default", Accept="application/ld+json")
    assert (empty.status, empty.json) == (200, [])
    assert server.ask("HEAD", "/store").status == 200
    assert server.ask("HEAD", "/graph/nowhere").status == 404


@pytest.mark.parametrize("format", ["nq", "trig", "jsonld"])
def test_a_dump_says_the_same_in_each_format(server: Server, format: str) -> None:
    forms = {"nq": ox.RdfFormat.N_QUADS, "trig": ox.RdfFormat.TRIG, "jsonld": ox.RdfFormat.JSON_LD}
    with KnowledgeBase.open(server.store, read_only=True) as knowledge:
        expected = set(ox.parse(b"".join(knowledge.dump(private=False)), format=ox.RdfFormat.N_QUADS))
    found = set(ox.parse(server.get(f"/store?format={format}").body, format=forms[format]))
    assert {str(one) for one in found if "_:" not in str(one)} == {
        str(one) for one in expected if "_:" not in str(one)
    }
    assert len(found) == len(expected)
