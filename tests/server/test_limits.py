"""Queries that want too much: each ends with its true status, and the server goes on as if nothing was."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import pyarrow as pa
import pytest

from kb import KnowledgeBase
from kb.errors import DeadlinePassed, MemoryExceeded
from kb.graphs import of_source
from kb.store.snapshots import in_use
from kb.workers import Limits, Pool, Query, Runs
from tests.server.live import Answer, Server
from tests.server.processes import family, is_worker

SECONDS = 2.5
MEMORY = 300 << 20
ROWS = 40_000
SETTINGS = (
    f"\nlimits = {{ seconds = {SECONDS}, memory = {MEMORY}, rows = {ROWS}, bytes = 30_000_000, long = 3 }}\n"
)
ITEMS = 4_000
# Two ways to make 16 million and 64 thousand million rows of 4,000 items.
PAIRS = "?a <urn:p> ?x . ?b <urn:p> ?y"
TRIPLES = f"{PAIRS} . ?c <urn:p> ?z"
VALUES = " ".join(f"VALUES ?v{n} {{ {' '.join(map(str, range(60)))} }}" for n in range(6))
DOUBLING = (
    "SELECT (STRLEN(?x36) AS ?n) { BIND(STR(RAND()) AS ?x0) "
    + " ".join(f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(36))
    + " }"
)
ALIVE = "SELECT ?x { <urn:s7> <urn:p> ?x }"
RUNAWAYS = {
    "order by": (f"SELECT * {{ {TRIPLES} }} ORDER BY ?z ?y LIMIT 5", {408, 507}),
    "distinct": (f"SELECT DISTINCT ?x ?y ?z {{ {TRIPLES} }} ORDER BY ?x LIMIT 5", {408, 507}),
    "group by": (f"SELECT ?x (COUNT(*) AS ?n) {{ {TRIPLES} }} GROUP BY ?x", {408, 507}),
    "values": (
        f"SELECT (COUNT(*) AS ?n) {{ {VALUES} FILTER(?v0 + ?v1 + ?v2 + ?v3 + ?v4 + ?v5 > 9999) }}",
        {408},
    ),
    "concat": (DOUBLING, {408, 507}),
    "path": (
        "SELECT (COUNT(*) AS ?n) { ?a (<urn:next>|^<urn:next>)* ?b . ?b (<urn:next>|^<urn:next>)* ?c }",
        {408, 507},
    ),
    "memory": (f"SELECT DISTINCT ?x ?y {{ {PAIRS} }} ORDER BY ?x", {408, 507}),
}


def in_columns(names: int) -> str:
    """A query that columns answer, looking at 800,000 rows once for each of so many names."""
    some = " ".join(f"<urn:s{n}>" for n in range(200))
    others = ", ".join(f"IRI('urn:none{n}')" for n in range(names))
    return f"SELECT (COUNT(*) AS ?n) {{ ?a <urn:p> ?x VALUES ?b {{ {some} }} FILTER(?a = ?b || ?a IN ({others})) }}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("limits")
    place = folder / "plain.kb"
    place.mkdir()
    (place / "kb.toml").write_text('ontology = []\nshapes = []\nreasoning = "none"' + SETTINGS, "utf-8")
    data = folder / "items.nt"
    data.write_text(
        "".join(
            f'<urn:s{n}> <urn:p> "item {n}" .\n<urn:s{n}> <urn:next> <urn:s{n + 1}> .\n' for n in range(ITEMS)
        ),
        "utf-8",
    )
    with KnowledgeBase.open(place) as knowledge:
        assert knowledge.load(data, source="items")
    return place


@pytest.fixture(scope="module")
def busy(launch: Callable[..., Server], place: Path) -> Server:
    server = launch(place).bearing("admin")
    # Both HTTP processes have workers that are ready.
    with ThreadPoolExecutor(8) as pool:
        assert {one.status for one in pool.map(lambda _: asked(server, ALIVE), range(16))} == {200}
    return server


@pytest.fixture(autouse=True)
def goes_on(busy: Server) -> Iterator[None]:
    """After each test the server answers, is the same process, and is no larger than it should be."""
    yield
    assert busy.process.poll() is None
    assert [row["x"]["value"] for row in asked(busy, ALIVE).json["results"]["bindings"]] == ["item 7"]
    assert sum(resident(one) for one in family(busy.process.pid) if not is_worker(one)) < 900 << 20
    until = time.monotonic() + 10
    while running(busy) and time.monotonic() < until:
        time.sleep(0.1)
    assert running(busy) == []


def asked(server: Server, text: str, **parameters: str) -> Answer:
    return server.get(f"/sparql?{urlencode({'query': text, **parameters})}")


def running(server: Server) -> list[dict]:
    return server.get("/queries").json


def resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def workers(server: Server) -> list[int]:
    """The workers, without the nurseries."""
    found = [one for one in family(server.process.pid) if is_worker(one)]
    return [one for one in found if parent(one) in found]


def parent(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def test_memory_has_a_limit_of_its_own(place: Path, tmp_path: Path) -> None:
    pool = Pool(place, limits=Limits(seconds=300, memory=MEMORY), runs=Runs(tmp_path))
    try:
        with KnowledgeBase.open(place, read_only=True) as knowledge:
            query = Query(knowledge.snapshot.name, DOUBLING, "json", rows=ROWS, bytes=MEMORY)
        with pytest.raises(MemoryExceeded):
            pool.read(query, caller="test")
    finally:
        pool.close()


def test_time_has_a_limit_for_queries_over_columns_too(place: Path, tmp_path: Path) -> None:
    pool = Pool(place, limits=Limits(seconds=SECONDS, memory=4 << 30), runs=Runs(tmp_path))
    try:
        with KnowledgeBase.open(place, read_only=True) as knowledge:
            plan = knowledge.query(in_columns(3)).plan
            assert plan is not None and plan.engine == "columns"
            snapshot = knowledge.snapshot.name
        with pytest.raises(DeadlinePassed):
            pool.read(Query(snapshot, in_columns(5_000), "json", rows=ROWS, bytes=MEMORY), caller="test")
        assert pool.read(Query(snapshot, ALIVE, "json", rows=ROWS, bytes=MEMORY), caller="test")
    finally:
        pool.close()


def test_workers_that_wait_go_on_to_new_commits(store: Path, tmp_path: Path) -> None:
    """So that none keeps an old snapshot, and the first query behind a commit finds its columns ready."""
    count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    pool = Pool(store, limits=Limits(seconds=SECONDS, memory=4 << 30), runs=Runs(tmp_path))
    try:
        with KnowledgeBase.open(store) as knowledge:
            first = knowledge.snapshot
            before = pool.read(Query(first.name, count, "csv", rows=ROWS, bytes=MEMORY), caller="test")
            place = first.folder
            del first
            for number in range(60):
                knowledge.update(
                    f'INSERT DATA {{ GRAPH <{of_source("x")}> {{ <urn:new{number}> <urn:is> "new" }} }}'
                )
                newest = knowledge.snapshot.name
                if number and (not place.exists() or not in_use(place)):
                    break
                time.sleep(0.5)
            else:
                pytest.fail("the first snapshot is still in use")
            after = pool.read(Query(newest, count, "csv", rows=ROWS, bytes=MEMORY), caller="test")
            assert int(after.split()[1]) > int(before.split()[1]) + number
    finally:
        pool.close()


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_query_is_ended(busy: Server, name: str) -> None:
    text, expected = RUNAWAYS[name]
    answer = asked(busy, text)
    assert answer.status in expected, answer.text[:300]
    problem = answer.json
    assert answer.type == "application/problem+json"
    limits = {408: ("time", SECONDS), 507: ("memory", MEMORY), 413: ("rows", ROWS)}
    assert (problem["limit"], problem["value"]) == limits[answer.status]
    assert "LIMIT" in problem["hint"] or "FILTER" in problem["hint"]


def test_a_client_may_ask_for_less_time_but_not_for_more(busy: Server) -> None:
    text = RUNAWAYS["values"][0]
    assert asked(busy, text, timeout="0.3").json["value"] == 0.3
    assert asked(busy, text, timeout="100").json["value"] == SECONDS
    assert busy.get(f"/sparql?{urlencode({'query': text})}", X_Commerce_KB_Timeout="0.2").json["value"] == 0.2
    assert asked(busy, text, timeout="soon").status == 400


def test_what_the_guard_lets_pass_may_nest_without_harm(busy: Server) -> None:
    groups = "SELECT * " + "{" * 99 + " ?s <urn:none> ?o " + "}" * 99
    sums = "SELECT (" + "+".join("1" * 200) + " AS ?x) {}"
    nots = "ASK { FILTER(" + "!" * 199 + "true) }"
    for text in (groups, sums, nots):
        assert asked(busy, text).status in (200, 400, 500)


def test_too_many_rows_are_refused_before_the_first_byte(busy: Server) -> None:
    answer = asked(busy, f"SELECT (1 AS ?n) {{ {PAIRS} }} LIMIT {ROWS + 1}", format="csv")
    whole = asked(busy, f"SELECT (1 AS ?n) {{ {PAIRS} }} LIMIT {ROWS}", format="csv")
    assert whole.status == 200 and whole.text.count("\n") == ROWS + 1
    assert whole.headers["X-Commerce-KB-Cut"] == "no"
    assert answer.status == 413


def test_a_table_keeps_the_limit_of_rows(busy: Server) -> None:
    for engine, text in (
        ("oxigraph", f"SELECT ?a ?b {{ {PAIRS} }}"),
        ("columns", "SELECT DISTINCT ?a { ?a ?p ?x }"),
    ):
        small = asked(busy, f"{text} LIMIT 3", format="arrow")
        assert (small.status, small.headers["X-Commerce-KB-Engine"]) == (200, engine)
        assert pa.ipc.open_stream(small.body).read_all().num_rows == 3
    assert asked(busy, f"SELECT ?a ?b {{ {PAIRS} }} LIMIT {ROWS + 1}", format="parquet").status == 413
    eleven = f"VALUES ?n {{ {' '.join(map(str, range(11)))} }}"
    assert asked(busy, f"SELECT DISTINCT ?a ?n {{ ?a <urn:p> ?x {eleven} }}", format="arrow").status == 413


@pytest.mark.parametrize("format", ["json", "xml", "csv", "tsv"])
def test_a_long_answer_that_fails_is_seen_to_have_failed(busy: Server, format: str) -> None:
    text = f"SELECT * {{ {PAIRS} }} LIMIT {ROWS + 1}"
    with pytest.raises(http.client.IncompleteRead):
        asked(busy, text, format=format)


def test_a_long_answer_that_fails_has_a_true_status_in_http_1_0(busy: Server) -> None:
    path = f"/sparql?{urlencode({'query': f'SELECT * {{ {PAIRS} }} LIMIT {ROWS + 1}'})}"
    with socket.create_connection(("127.0.0.1", busy.port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())
        said = b"".join(iter(lambda: client.recv(65_536), b""))
    assert b" 413 " in said.split(b"\r\n")[0]


@pytest.mark.parametrize("format", ["json", "xml", "csv", "tsv"])
def test_a_long_answer_is_whole(busy: Server, format: str) -> None:
    answer = asked(busy, f"SELECT * {{ {PAIRS} }} LIMIT {ROWS}", format=format)
    rows = {"json": b'"a":', "xml": b"<result>", "csv": b"\n", "tsv": b"\n"}[format]
    assert answer.status == 200
    assert answer.body.count(rows) == ROWS + (format in ("csv", "tsv"))
    assert answer.headers["X-Commerce-KB-Snapshot"] and answer.headers["X-Commerce-KB-Reasoning"] == "true"


def test_a_query_ends_when_its_client_goes_away(busy: Server) -> None:
    with socket.create_connection(("127.0.0.1", busy.port)) as client:
        path = f"/sparql?{urlencode({'query': RUNAWAYS['values'][0]})}"
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        time.sleep(0.4)
        assert len(running(busy)) == 1
    time.sleep(0.5)
    assert running(busy) == []


def test_a_running_query_is_listed_and_can_be_ended(busy: Server) -> None:
    text = RUNAWAYS["values"][0]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asked, busy, text)
        time.sleep(0.4)
        (found,) = running(busy)
        assert found["text"] == text and 0.2 < found["age"] < SECONDS
        assert busy.ask("DELETE", f"/queries/{found['id']}").status == 204
        answer = waiting.result()
    assert answer.status == 503 and "ended" in answer.json["detail"]
    assert busy.ask("DELETE", f"/queries/{found['id']}").status == 404


@pytest.mark.parametrize("id", ["..%2F..%2Fetc", "%2e", "0" * 12])
def test_no_other_id_ends_anything(busy: Server, id: str) -> None:
    assert busy.ask("DELETE", f"/queries/{id}").status == 404


def test_only_an_administrator_sees_queries(busy: Server) -> None:
    assert replace(busy, headers={}).get("/queries").status == 401
    assert busy.bearing("analyst").get("/queries").status == 403


def test_killed_workers_are_replaced_and_nobody_notices(busy: Server) -> None:
    before = workers(busy)
    assert len(before) >= 2
    for process in before:
        os.kill(process, signal.SIGKILL)
    answers = [asked(busy, ALIVE) for _ in range(20)]
    assert [answer.status for answer in answers] == [200] * 20
    assert set(workers(busy)).isdisjoint(before)


def test_a_query_whose_worker_is_killed_says_so(busy: Server) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asked, busy, RUNAWAYS["values"][0])
        time.sleep(0.4)
        for process in workers(busy):
            os.kill(process, signal.SIGKILL)
        assert waiting.result().status == 503


def test_a_killed_nursery_is_replaced(busy: Server) -> None:
    nurseries = [one for one in family(busy.process.pid) if is_worker(one) and one not in workers(busy)]
    for process in nurseries:
        os.kill(process, signal.SIGKILL)
    time.sleep(0.5)
    assert [asked(busy, ALIVE).status for _ in range(10)] == [200] * 10


def test_look_ups_go_on_beside_runaways_and_too_many_of_these_are_refused(busy: Server) -> None:
    with ThreadPoolExecutor(12) as pool:
        runaways = [pool.submit(asked, busy, RUNAWAYS["values"][0]) for _ in range(12)]
        time.sleep(0.2)
        assert [asked(busy, ALIVE).status for _ in range(30)] == [200] * 30
        statuses = {one.result().status for one in runaways}
    assert statuses <= {408, 503} and 503 in statuses


def test_pages_have_limits_too(busy: Server) -> None:
    answer = busy.get(f"/sparql?{urlencode({'query': RUNAWAYS['values'][0]})}", Accept="text/html")
    assert answer.status == 408 and answer.type == "text/html"
    page = busy.get(
        f"/sparql?{urlencode({'query': f'SELECT * {{ {PAIRS} }} LIMIT 5000'})}", Accept="text/html"
    )
    assert (page.status == 200 and "5,000" in page.text) or "5000" in page.text


def test_ending_the_server_ends_its_queries_with_a_true_status(
    launch: Callable[..., Server], place: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(place, tmp_path / "plain.kb"))
    (copy / "kb.toml").write_text('ontology = []\nshapes = []\nreasoning = "none"\n', "utf-8")
    server = launch(copy)
    assert asked(server, ALIVE).status == 200
    children = family(server.process.pid)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(asked, server, RUNAWAYS["values"][0])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        assert waiting.result().status == 503
    assert server.process.wait(20) == 0
    until = time.monotonic() + 10
    while (left := [one for one in children if Path(f"/proc/{one}").exists()]) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []
