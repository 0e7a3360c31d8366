"""Starting, ending, who is answered, and what a commit of another process changes."""

from __future__ import annotations

import shutil
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import pytest
from pyoxigraph import Literal

from kb import KnowledgeBase
from tests.server.live import Server, greeted, start

BUYERS = f"/sparql?query={quote('SELECT ?buyer { ?buyer a ckb:Buyer }')}"
BUYER = "/id/buyer/abcdefghijklmnopqrstuvwxyz"


def test_on_loopback_everybody_reads_public_graphs_and_the_greeting_names_the_way_to_more(
    server: Server,
) -> None:
    assert "kb token add --role analyst" in server.greeting
    assert server.get(BUYERS).json["results"]["bindings"] == []
    page = server.get("/", Accept="text/html").text
    assert "</b> buyer" not in page and "Public graphs only" in page
    assert "buyer/" not in server.get("/id/sku/velvet-lipstick-red", Accept="text/html").text


def test_a_forwarded_request_is_not_local(server: Server) -> None:
    answer = server.get(BUYERS, X_Forwarded_For="203.0.113.9")
    assert (answer.status, answer.headers["WWW-Authenticate"].split()[0]) == (401, "Bearer")
    assert server.bearing("reader").get(BUYERS, X_Forwarded_For="203.0.113.9").status == 200


def test_beyond_loopback_a_server_without_a_token_does_not_start(shop: Path, tmp_path: Path) -> None:
    place = Path(shutil.copytree(shop, tmp_path / "shop.kb", ignore=shutil.ignore_patterns("tokens.json")))
    process = start(place, host="0.0.0.0")
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 2
    assert "kb token add --role reader" in errors and "--host 127.0.0.1" in errors


def test_beyond_loopback_who_shows_no_token_is_asked_for_one(
    launch: Callable[..., Server], server: Server
) -> None:
    reader = server.bearing("reader")
    open_to_all = launch(server.store, host="0.0.0.0")
    assert "Only who shows a token" in open_to_all.greeting
    for path in ("/", BUYERS, "/commits", "/store", "/find?q=velvet"):
        assert open_to_all.get(path).status == 401, path
    assert open_to_all.get("/health").status == 200
    assert open_to_all.get(BUYERS, **reader.headers).status == 200
    asked = open_to_all.get("/", Accept="text/html")
    assert asked.headers["WWW-Authenticate"].startswith("Basic")


def test_a_public_server_lets_everybody_read_public_graphs(
    launch: Callable[..., Server], server: Server
) -> None:
    server.bearing("reader")
    public = launch(server.store, "--public", host="0.0.0.0")
    assert public.get(BUYERS).json["results"]["bindings"] == []
    assert public.get("/id/spu/velvet-lipstick").status == 200


def test_answers_differ_in_their_tag_by_what_may_be_seen(server: Server) -> None:
    seen = server.get(BUYERS).headers["ETag"]
    answer = server.bearing("analyst").get(BUYERS, If_None_Match=seen)
    assert answer.status == 200
    assert len(answer.json["results"]["bindings"]) == 1


@pytest.mark.parametrize("host", ["evil.example.org", "127.0.0.1.evil.example.org", ""])
def test_requests_for_other_hosts_are_refused(server: Server, host: str) -> None:
    answer = server.get(BUYERS, Host=host)
    assert answer.status in (400, 421)
    assert "abcdefghijklmnopqrstuvwxyz" not in answer.text


def test_a_configured_host_name_is_answered(launch: Callable[..., Server], shop: Path) -> None:
    server = launch(shop, "--host-name", "kb.example.org")
    assert server.get("/health", Host="kb.example.org").status == 200
    assert server.get("/health", Host="other.example.org").status == 421


def test_the_next_request_sees_what_another_process_committed(
    launch: Callable[..., Server], shop: Path, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(shop, tmp_path / "shop.kb"))
    server = launch(place)
    path = (
        f"/sparql?query={quote('SELECT ?l { <https://w3id.org/commerce-kb/id/brand/nova> rdfs:label ?l }')}"
    )
    before = server.get(path)
    assert before.json["results"]["bindings"] == []
    with (
        KnowledgeBase.open(place) as knowledge,
        knowledge.commit(source="manual", message="a new brand") as change,
    ):
        brand = "https://w3id.org/commerce-kb/id/brand/nova"
        change.add(brand, "rdf:type", "ckb:Brand")
        for language, name in (("en", "Nova"), ("zh", "新星")):
            change.add(brand, "rdfs:label", Literal(name, language=language))
    after = server.get(path, If_None_Match=before.headers["ETag"])
    assert after.status == 200
    assert {row["l"]["value"] for row in after.json["results"]["bindings"]} == {"Nova", "新星"}
    assert after.headers["X-Commerce-KB-Snapshot"] != before.headers["X-Commerce-KB-Snapshot"]
    assert "a new brand" in server.get("/commits", Accept="text/html").text


def test_readers_never_fail_and_never_go_back_while_another_process_commits(
    launch: Callable[..., Server], shop: Path, tmp_path: Path
) -> None:
    place = Path(shutil.copytree(shop, tmp_path / "shop.kb"))
    server = launch(place)
    paths = ["/id/spu/velvet-lipstick", BUYERS, "/find?q=velvet", "/", "/onto/core"]

    def read(number: int) -> list[str]:
        answers = [server.get(paths[(number + turn) % len(paths)], Accept="*/*") for turn in range(20)]
        assert [answer.status for answer in answers] == [200] * len(answers)
        return [answer.headers["X-Commerce-KB-Snapshot"] for answer in answers]

    with ThreadPoolExecutor(9) as pool:
        readers = [pool.submit(read, number) for number in range(8)]
        for number in range(3):
            with (
                KnowledgeBase.open(place) as knowledge,
                knowledge.commit(source="m", message="more") as change,
            ):
                change.add(
                    "https://w3id.org/commerce-kb/id/brand/aurelle", "skos:altLabel", Literal(f"A{number}")
                )
        seen = [reader.result() for reader in readers]
    assert all(names == sorted(names) for names in seen)
    assert server.get("/health").json["snapshot"] > seen[0][0]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(shop: Path, ending: signal.Signals) -> None:
    process = start(shop)
    greeted(process)
    process.send_signal(ending)
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_busy_port_names_the_remedy(shop: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(shop, port=port)
        _, errors = process.communicate(timeout=90)
    assert process.returncode == 3
    assert f"--port {port + 1}" in errors


def test_a_missing_store_names_the_way_to_make_one(tmp_path: Path) -> None:
    process = start(tmp_path / "none.kb")
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 3
    assert "kb load" in errors


def test_a_port_out_of_reach_is_named(shop: Path) -> None:
    process = start(shop, host="192.0.2.1")
    _, errors = process.communicate(timeout=90)
    assert process.returncode == 2
    assert "192.0.2.1" in errors
