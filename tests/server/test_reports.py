"""Reports and quarantine over HTTP: what the facade says, and only to those who may see it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kb import KnowledgeBase, LoadOptions
from kb.errors import NotFound
from kb.graphs import PRIVATE, of_source
from kb.remote import RemoteKnowledgeBase
from kb.settings import Settings
from tests.server.live import Server
from tests.server.test_pages import PAGE, plain
from tests.shop import BAD_BRAND, BRANDS, turtle

SECRET = (
    'brand:secret\n  a ckb:Brand ; rdfs:label "Hidden"@en ; ckb:directSubBrandOf brand:top , brand:mid .\n'
)
WARNED = "brand:warned a ckb:Brand .\n"
JSON = "application/json"


@pytest.fixture(scope="module")
def held(launch: Callable[..., Server], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of a store that lets unlabelled brands in: a public one, a private one; two in quarantine likewise."""
    folder = tmp_path_factory.mktemp("reports")
    with KnowledgeBase.open(folder / "shop.kb") as knowledge:
        knowledge.init(Settings(gate={"CKB-024c": "quarantine", "Violation": "warn"}))
        hidden = LoadOptions(private=True)
        knowledge.load(turtle(folder, BRANDS, "good.ttl"), source="good")
        knowledge.load(turtle(folder, WARNED + BAD_BRAND, "feed.ttl"), source="feed")
        lone = turtle(folder, SECRET + "brand:lone a ckb:Brand .\n", "deep.ttl")
        knowledge.load(lone, source="deep", options=hidden)
        knowledge.trend()
    return launch(folder / "shop.kb")


def local(server: Server) -> KnowledgeBase:
    return KnowledgeBase.open(server.store, read_only=True)


def test_an_analyst_reads_what_the_facade_reports(held: Server) -> None:
    answer = held.bearing("analyst").get("/reports", Accept=JSON)
    with local(held) as knowledge:
        expected, trend = knowledge.validate().to_dict(), knowledge.known_trend().to_dict()
    assert answer.json == {**expected, "trend": trend["commits"]}
    focuses = {one["focus"].rsplit("/", 1)[1] for one in answer.json["results"]}
    assert {"warned>", "lone>"} <= focuses and len(answer.json["trend"]) >= 3


@pytest.mark.parametrize("accept", [JSON, PAGE])
def test_private_nodes_are_in_nobodys_report_who_may_not_see_them(held: Server, accept: str) -> None:
    elsewhere = held.bearing("analyst", graphs=(f"{PRIVATE}other",))
    for stranger in (held, held.bearing("reader"), elsewhere):
        answer = stranger.get("/reports", Accept=accept)
        assert answer.status == 200 and "warned" in answer.text
        assert "lone" not in answer.text and "deep" not in answer.text
    seeing = held.bearing("analyst", graphs=(f"{PRIVATE}deep",))
    assert "lone" in seeing.get("/reports", Accept=accept).text


def test_the_page_names_shape_node_source_and_is_linked(held: Server) -> None:
    page = held.get("/reports", Accept=PAGE)
    assert "source feed" in plain(page.text) and "CKB-" in page.text and "Over commits" not in page.text
    assert 'href="/reports"' in page.text and "/quarantine" not in page.text
    known = held.bearing("analyst").get("/reports", Accept=PAGE).text
    assert "Over commits" in known and 'href="/quarantine"' in known
    assert "报告" in held.get("/reports?lang=zh", Accept=PAGE).text


def test_comparing_with_an_older_commit_is_for_those_who_see_everything(held: Server) -> None:
    analyst = held.bearing("analyst")
    told = analyst.get("/reports?since=2", Accept=JSON)
    with local(held) as knowledge:
        assert told.json == knowledge.validate_since(2).to_dict()
    assert told.json["new"] and "lone" in analyst.get("/reports?since=2", Accept=PAGE).text
    assert held.get("/reports?since=2").status == 401
    assert held.bearing("analyst", graphs=(f"{PRIVATE}deep",)).get("/reports?since=2").status == 403
    assert analyst.get("/reports?since=99", Accept=JSON).status == 404


def test_quarantine_is_shown_with_reason_place_and_quads(held: Server) -> None:
    analyst = held.bearing("analyst")
    entries = analyst.get("/quarantine", Accept=JSON).json
    assert {one["source"] for one in entries} == {"feed", "deep"}
    (bad,) = next(one for one in entries if one["source"] == "feed")["held"]
    assert bad["file"] == "feed.ttl" and bad["row"] and bad["reasons"][0].startswith("CKB-024c")
    one = analyst.get(f"/quarantine/{bad['id']}", Accept=JSON).json
    assert "directSubBrandOf" in one["content"] and str(held.store) not in str(entries)
    page = plain(analyst.get(f"/quarantine/{bad['id']}", Accept=PAGE).text)
    assert "at most one parent" in page and "feed.ttl" in page and "/release" not in page
    assert "/release" in held.bearing("writer").get("/quarantine", Accept=PAGE).text


def test_quarantine_is_closed_to_strangers_and_shows_no_node_of_hidden_graphs(held: Server) -> None:
    assert held.get("/quarantine").status == 401
    assert held.bearing("reader").get("/quarantine").status == 403
    some = held.bearing("analyst", graphs=(of_source("feed"),))
    shown = some.get("/quarantine", Accept=JSON)
    assert [one["source"] for one in shown.json] == ["feed"] and "secret" not in shown.text
    whole = held.bearing("analyst").get("/quarantine", Accept=JSON).json
    (deep,) = [one for one in whole if one["source"] == "deep"]
    assert some.get(f"/quarantine/{deep['id']}").status == 404
    assert some.get(f"/quarantine/{deep['held'][0]['id']}").status == 404


def test_a_connection_shows_quarantine_as_the_store_does(held: Server) -> None:
    with local(held) as knowledge, connected(held.bearing("analyst")) as remote:
        near, far = knowledge.quarantine(), remote.quarantine()
        assert [{**one.to_dict(), "quads": ""} for one in far] == [
            {**one.to_dict(), "quads": ""} for one in near
        ]
        for one in near:
            (node,) = one.nodes
            same = remote.quarantine_entry(node[1:-1])
            assert same.about(one.nodes) == one.about(one.nodes) and same.reasons(node) == one.reasons(node)
            assert remote.quarantine_quads(one.id) == knowledge.quarantine_quads(one.id)
        with pytest.raises(NotFound):
            remote.quarantine_entry("https://example.org/nobody")
    with connected(held.bearing("analyst", graphs=(of_source("feed"),))) as some:
        assert [one.source for one in some.quarantine()] == ["feed"]
        (deep,) = [one for one in near if one.source == "deep"]
        with pytest.raises(NotFound):
            some.quarantine_quads(deep.id)


def connected(server: Server) -> RemoteKnowledgeBase:
    token = server.headers["Authorization"].removeprefix("Bearer ")
    return KnowledgeBase.connect(server.address, token=token)


def test_only_a_writer_of_its_graphs_changes_what_is_held(held: Server, tmp_path: Path) -> None:
    entries = held.bearing("analyst").get("/quarantine", Accept=JSON).json
    bad = next(one for one in entries if one["source"] == "feed")["held"][0]
    mended = (
        f"{bad['node']} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/commerce-kb/onto#Brand> .\n"
        f'{bad["node"]} <http://www.w3.org/2000/01/rdf-schema#label> "Mended"@en .\n'
    ).encode()
    deep = next(one for one in entries if one["source"] == "deep")
    other = held.bearing("writer", graphs=(of_source("other"),))
    fix, release = f"/quarantine/{bad['id']}/fix", f"/quarantine/{bad['id']}/release"
    assert held.ask("POST", release).status == 401
    assert held.bearing("analyst").ask("POST", release).status == 403
    assert [other.ask("POST", one, body=mended).status for one in (fix, release)] == [403, 403]
    assert other.ask("POST", f"/quarantine/{deep['id']}/drop").status == 404
    writer = held.bearing("writer", graphs=(of_source("feed"),))
    astray = mended.replace(b" .\n", f" <{of_source('good')}> .\n".encode())
    assert writer.ask("POST", fix, body=astray).status == 403
    assert writer.ask("POST", fix, body=b"no quads").status == 400
    assert writer.ask("POST", fix, body=mended).json["held"] == []
    (tmp_path / "mended.ttl").write_bytes(mended)
    with connected(writer) as remote:
        assert remote.quarantine_fix(bad["id"], tmp_path / "mended.ttl").dry_run
        released = remote.quarantine_release(bad["node"][1:-1])
        assert released and released.released == (bad["node"],) and released.commit
    with connected(held.bearing("writer")) as remote:
        assert remote.quarantine_drop(deep["id"]) == tuple(one["node"] for one in deep["held"])
    assert held.bearing("analyst").get("/quarantine", Accept=JSON).json == []


def test_progress_of_trend_and_comparison_is_told_step_by_step(held: Server) -> None:
    with local(held) as knowledge:
        commits, steps = len(knowledge.log()), []
        knowledge.trend(commits, progress=lambda what, done, total: steps.append((done, total)))
        assert steps == [(one, commits) for one in range(commits)]
        steps.clear()
        knowledge.validate_since(2, progress=lambda what, done, total: steps.append((done, total)))
        assert steps == [(one, 3) for one in range(4)]
