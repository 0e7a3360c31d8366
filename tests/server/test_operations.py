"""What those see who keep a server running, replicas, and a server's end while something runs."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kb import KnowledgeBase
from tests.server.live import Server, start

SECRET = "abcdefghijklmnopqrstuvwxyz"
SLOW = "SELECT (COUNT(*) AS ?n) {{ {} FILTER(?a + ?b + ?c + ?d > 999) }}".format(
    " ".join(f"VALUES ?{name} {{ {' '.join(map(str, range(30)))} }}" for name in "abcd")
)


@pytest.fixture(scope="module")
def watched(launch: Callable[..., Server], shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    folder = tmp_path_factory.mktemp("logs")
    place = Path(shutil.copytree(shop, folder / "shop.kb"))
    logs = ("--access-log", str(folder / "access"), "--slow-log", str(folder / "slow"), "--slow", "0.1")
    return launch(place, *logs)


def samples(server: Server) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = server.get("/metrics").text
    return {
        (one.name, tuple(sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def total(server: Server, name: str, **labels: str) -> float:
    found = samples(server).items()
    return sum(value for (one, given), value in found if one == name and set(labels.items()) <= set(given))


def until(happens: Callable[[], bool]) -> None:
    """Wait for what comes a moment after an answer."""
    late = time.monotonic() + 20
    while not happens():
        assert time.monotonic() < late
        time.sleep(0.1)


def lines(server: Server, name: str, **wanted: str) -> list[dict]:
    """The lines of a log that say this; they come a moment after the answer."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        text = (server.store.parent / name).read_text("utf-8")
        found = [json.loads(line) for line in text.splitlines()]
        if found := [one for one in found if wanted.items() <= one.items()]:
            return found
        time.sleep(0.05)
    return []


def test_metrics_count_the_requests_of_all_processes(watched: Server) -> None:
    before = total(watched, "kb_request_seconds_count", route="/find", engine="columns")
    with ThreadPoolExecutor(4) as pool:
        statuses = [one.status for one in pool.map(lambda _: watched.get("/find?q=velvet"), range(40))]
    # They are counted a moment after their answer.
    until(lambda: total(watched, "kb_request_seconds_count", route="/find") - before == 40)
    assert total(watched, "kb_request_seconds_count", status="200") >= statuses.count(200) > 0
    watched.get("/sparql?query=SELEKT")
    until(lambda: total(watched, "kb_faults_total", kind="QueryError") >= 1)
    until(lambda: total(watched, "kb_requests_running") == 1)  # The one that asks.
    assert total(watched, "kb_workers") >= 2
    assert total(watched, "kb_commits") == 3
    assert total(watched, "kb_store_bytes") > 100_000
    assert 0 < total(watched, "kb_snapshot_age_seconds") < 10_000


def test_metrics_hold_no_value_of_the_data_and_no_text_of_queries(watched: Server) -> None:
    analyst = watched.bearing("analyst")
    analyst.get(f"/id/buyer/{SECRET}")
    analyst.get(f"/sparql?query={quote(f'ASK {{ <urn:{SECRET}> ?p ?o }}')}")
    assert SECRET not in watched.get("/metrics").text


def test_metrics_are_for_this_machine_and_for_administrators(watched: Server) -> None:
    assert watched.get("/metrics", X_Forwarded_For="203.0.113.9").status == 401
    reader, admin = watched.bearing("reader"), watched.bearing("admin")
    assert reader.get("/metrics", X_Forwarded_For="203.0.113.9").status == 403
    assert admin.get("/metrics", X_Forwarded_For="203.0.113.9").status == 200


def test_each_request_is_a_line_without_its_parameters(watched: Server) -> None:
    analyst = watched.bearing("analyst", name="ann")
    assert analyst.get(f"/find?q={SECRET}").status == 200
    found = lines(watched, "access", path="/find", caller="ann")
    assert [(one["status"], one["method"], one["route"]) for one in found] == [(200, "GET", "/find")]
    assert found[0]["seconds"] > 0 and found[0]["snapshot"]
    assert SECRET not in json.dumps(found)
    assert (watched.store.parent / "access").stat().st_mode & 0o077 == 0


def test_a_slow_query_is_a_line_with_its_text_and_the_view_that_it_reads(watched: Server) -> None:
    body = urlencode({"query": SLOW}).encode()
    answer = watched.ask("POST", "/sparql", body=body, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 200
    (found,) = lines(watched, "slow", text=SLOW)
    assert found["seconds"] >= 0.1 and found["plan"]["view"]["named"] is False
    assert found["plan"]["view"]["private"] is False and found["engine"] == "oxigraph"
    assert (watched.store.parent / "slow").stat().st_mode & 0o077 == 0


def test_a_server_that_can_take_requests_and_changes_says_so(watched: Server) -> None:
    answer = watched.get("/ready")
    assert (answer.status, answer.json["status"], answer.json["writes"]) == (200, "ready", True)
    assert answer.headers["Cache-Control"] == "no-store"
    assert watched.get("/health").json["snapshot"] == answer.json["snapshot"]


WRITES = [
    ("POST", "/sparql", "application/sparql-update", b"INSERT DATA { <urn:s> <urn:p> 1 }"),
    ("PUT", "/graph/mine", "text/turtle", b"<urn:s> <urn:p> 1 ."),
    ("POST", "/store", "application/n-quads", b"<urn:s> <urn:p> <urn:o> <urn:g> ."),
    ("DELETE", "/graph/shop", "text/turtle", b""),
    ("PATCH", "/graph/shop", "application/sparql-update", b"INSERT DATA { <urn:s> <urn:p> 1 }"),
    ("POST", "/loads", "text/turtle", b"<urn:s> <urn:p> 1 ."),
]


@pytest.fixture(scope="module", params=["the store", "a copied snapshot"])
def replica(
    request: pytest.FixtureRequest,
    launch: Callable[..., Server],
    shop: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    folder = tmp_path_factory.mktemp("replica")
    place = Path(shutil.copytree(shop, folder / "shop.kb"))
    if request.param == "the store":
        return launch(place, "--read-only")
    newest = max((place / "snapshots").glob("[0-9]*"))
    copied = Path(shutil.copytree(newest, folder / "elsewhere" / newest.name))
    shutil.rmtree(place / "snapshots")
    return launch(place, "--read-only", "--snapshot", str(copied))


@pytest.mark.parametrize(("method", "path", "kind", "body"), WRITES)
def test_a_replica_takes_no_changes(replica: Server, method: str, path: str, kind: str, body: bytes) -> None:
    answer = replica.bearing("admin").ask(method, path, body=body, Content_Type=kind)
    assert answer.status == 403 and "only reads" in answer.text


def test_a_replica_answers_like_the_store_that_it_comes_from(replica: Server, server: Server) -> None:
    for path in ("/find?q=velvet", f"/sparql?query={quote('SELECT * { ?s a ckb:SPU } ORDER BY ?s')}"):
        assert replica.get(path).json == server.get(path).json
    buyers = f"/sparql?query={quote('SELECT ?buyer { ?buyer a ckb:Buyer }')}"
    assert replica.get(buyers).json["results"]["bindings"] == []
    assert len(replica.bearing("analyst").get(buyers).json["results"]["bindings"]) == 1
    assert replica.get("/ready").json["writes"] is False
    for path in ("/", "/commits", "/id/spu/velvet-lipstick", "/onto/core", "/metrics"):
        assert replica.get(path, Accept="text/html").status == 200, path


def test_what_is_no_snapshot_is_not_served(shop: Path, tmp_path: Path) -> None:
    for options, says in (
        (("--read-only", "--snapshot", str(tmp_path)), "no snapshot at"),
        (("--snapshot", str(tmp_path)), "--read-only"),
    ):
        _, errors = start(shop, *options).communicate(timeout=60)
        assert says in errors and "Traceback" not in errors


def test_a_server_that_is_to_end_finishes_the_query_that_runs(
    launch: Callable[..., Server], shop: Path
) -> None:
    server = launch(shop)
    assert server.get("/health").status == 200
    body = urlencode({"query": SLOW}).encode()
    with ThreadPoolExecutor(1) as pool:
        form = "application/x-www-form-urlencoded"
        waiting = pool.submit(server.ask, "POST", "/sparql", body=body, Content_Type=form)
        time.sleep(0.25)
        server.process.send_signal(signal.SIGTERM)
        assert waiting.result().status == 200
    assert server.process.wait(90) == 0


def test_who_does_not_read_an_answer_keeps_no_server_from_ending(
    launch: Callable[..., Server], shop: Path
) -> None:
    server = launch(shop)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        text = quote("SELECT * { ?a ?b ?c . ?d ?e ?f }")
        client.sendall(f"GET /sparql?query={text} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        time.sleep(1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(90) == 0


def test_a_server_that_is_to_end_finishes_the_load_that_runs(
    launch: Callable[..., Server], shop: Path, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(shop, tmp_path / "shop.kb"))
    server = launch(place)
    body = "".join(f'<urn:last:{n}> <urn:p> "{n}" .\n' for n in range(30_000)).encode()
    begun = server.bearing("writer").ask("POST", "/loads", body=body, Content_Type="application/n-triples")
    assert begun.status == 202
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(90) == 0
    state = json.loads((place / "loads" / begun.json["id"] / "state.json").read_text("utf-8"))
    assert (state["status"], state["report"]["added"]) == ("done", 30_000)
    with KnowledgeBase.open(place, read_only=True) as knowledge:
        assert knowledge.query("ASK { <urn:last:29999> ?p ?o }")
