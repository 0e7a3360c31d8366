"""Writing beside a running server just works: from the command line, from Python, from many at once."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase, LoadOptions
from kb.core.address import Peer
from kb.errors import GateRefused, NotFound, QueryError, SourceError
from tests.core.conftest import begin, run, socket_of, until, writer_of
from tests.server.live import ROOT, Server

LINE = '<https://w3id.org/commerce-kb/id/thing/{}> <urn:example:p> "{}" .\n'
COUNT = f"/sparql?query={quote('SELECT (COUNT(*) AS ?n) { ?s <urn:example:p> ?o }')}"
BAD_BRAND = "<https://w3id.org/commerce-kb/id/brand/x> a <https://w3id.org/commerce-kb/onto#Brand> .\n"


def count(server: Server) -> int:
    return int(server.get(COUNT).json["results"]["bindings"][0]["n"]["value"])


def snapshot(server: Server) -> str:
    return server.get("/health").json["snapshot"]


def test_what_kb_load_and_kb_update_write_is_served_at_once(server: Server, tmp_path: Path) -> None:
    (tmp_path / "one.nt").write_text(LINE.format(1, "a"))
    code, told = run(server.store, "load", "one.nt", cwd=tmp_path)
    assert (code, "commit #2" in told) == (0, True), told
    assert count(server) == 1
    code, told = run(server.store, "update", 'INSERT DATA { <urn:x> <urn:example:p> "b" }')
    assert (code, "commit #3" in told) == (0, True), told
    assert count(server) == 2
    assert run(server.store, "revert", "3")[0] == 0
    assert count(server) == 1


def test_a_copy_of_a_served_store_is_written_itself(server: Server, tmp_path: Path) -> None:
    until(lambda: socket_of(server.store).is_socket())
    copy = Path(shutil.copytree(server.store, tmp_path / "copy.kb"))
    code, told = run(copy, "update", 'INSERT DATA { <urn:x> <urn:example:p> "copied" }')
    assert (code, "commit #2" in told) == (0, True), told
    assert count(server) == 0
    assert "copied" in run(copy, "query", 'SELECT ?s ?o { ?s ?p ?o FILTER(?o = "copied") }')[1]


def test_standard_input_is_loaded_beside_a_server(server: Server) -> None:
    code, told = run(
        server.store, "load", "-", "--input-format", "nt", "--source", "pipe", text=LINE.format(1, "a")
    )
    assert (code, count(server)) == (0, 1), told
    with KnowledgeBase.open(server.store, read_only=True) as knowledge:
        assert (knowledge.log()[-1].source, knowledge.log()[-1].message) == ("pipe", "load -")


def test_a_program_reads_what_it_wrote_through_the_server(server: Server, tmp_path: Path) -> None:
    with KnowledgeBase.open(server.store) as knowledge:
        knowledge.author = "somebody"
        before = knowledge.snapshot.name
        with knowledge.commit(source="program", message="by program") as change:
            change.add("urn:x", "urn:example:p", 1)
            change.add("urn:x", "urn:example:p", ox.Literal("中文", language="zh"))
        assert knowledge.snapshot.name == f"00000002-{change.report.commit[:8]}" > before
        assert knowledge.query("ASK { <urn:x> <urn:example:p> 1 }")
        last = knowledge.log()[-1]
        assert (last.author, last.source, last.message) == ("somebody", "program", "by program")
    assert not list((server.store / "staging").glob(f"writer-*{before}*"))
    assert count(server) == 2


def test_reports_come_back_whole(shared: Server, tmp_path: Path) -> None:
    (tmp_path / "brand.ttl").write_text(BAD_BRAND)
    with KnowledgeBase.open(shared.store) as knowledge:
        report = knowledge.load(tmp_path / "brand.ttl")
        assert report.nodes == ("<https://w3id.org/commerce-kb/id/brand/x>",)
        assert report.validation.count("Violation") == report.violations > 0
        assert "In quarantine" in str(report)
        assert not report and report.to_dict()["validation"]


def test_rejected_rows_come_back(shared: Server, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("id,age\na,1\nb\n")
    (tmp_path / "rows.yml").write_text(
        "prefixes: {ex: 'http://example.org/', xsd: 'http://www.w3.org/2001/XMLSchema#'}\n"
        "mappings:\n  row:\n    sources: [['rows.csv~csv']]\n    s: ex:$(id)\n"
        "    po: [[ex:age, $(age), xsd:integer]]\n"
    )
    with KnowledgeBase.open(shared.store) as knowledge:
        report = knowledge.load(tmp_path / "rows.csv", mapping=tmp_path / "rows.yml")
    assert report.added == 1
    assert [row.line for row in report.rejected] == [3]


def test_errors_come_back_as_what_they_are(shared: Server, tmp_path: Path) -> None:
    (tmp_path / "brand.ttl").write_text(BAD_BRAND)
    with KnowledgeBase.open(shared.store) as knowledge:
        with pytest.raises(SourceError) as missing:
            knowledge.load(tmp_path / "none.ttl")
        assert missing.value.where == str(tmp_path / "none.ttl")
        with pytest.raises(GateRefused) as refused:
            knowledge.load(tmp_path / "brand.ttl", options=LoadOptions(strict=True))
        assert "without --strict" in refused.value.hint
        with pytest.raises(QueryError):
            knowledge.update("INSERT")
        with pytest.raises(NotFound):
            knowledge.revert("99")
    code, told = run(shared.store, "load", "none.ttl", cwd=tmp_path)
    assert code == 1 and "Can't open it" in told
    assert run(shared.store, "update", "INSERT")[0] == 2


def test_options_and_progress_reach_the_core(server: Server, tmp_path: Path) -> None:
    text = "".join(LINE.format(number, "a") for number in range(1000))
    (tmp_path / "odd.txt").write_text(text)
    read: list[int] = []
    with KnowledgeBase.open(server.store) as knowledge:
        options = LoadOptions(format=ox.RdfFormat.N_TRIPLES)
        assert knowledge.load(tmp_path / "odd.txt", options=options, progress=read.append).added == 1000
        assert sum(read) == len(text)
        dry = LoadOptions(format=ox.RdfFormat.N_TRIPLES, dry_run=True, mode="add")
        assert knowledge.load(tmp_path / "odd.txt", source="more", options=dry).dry_run
        assert knowledge.log()[-1].number == 2


def test_eight_programs_write_at_once_and_all_of_it_is_there(server: Server) -> None:
    program = """
import sys
from kb import KnowledgeBase
with KnowledgeBase.open(sys.argv[1]) as knowledge:
    for number in range(5):
        with knowledge.commit(source=f"p{sys.argv[2]}", message=f"{sys.argv[2]}/{number}") as change:
            change.add(f"urn:{sys.argv[2]}:{number}", "urn:example:p", number)
        assert knowledge.query(f"ASK {{ <urn:{sys.argv[2]}:{number}> ?p ?o }}")
"""
    programs = [
        subprocess.Popen([sys.executable, "-c", program, str(server.store), str(one)], cwd=ROOT)
        for one in range(8)
    ]
    assert [one.wait(timeout=120) for one in programs] == [0] * 8
    assert count(server) == 40
    with KnowledgeBase.open(server.store, read_only=True) as knowledge:
        written = [one.message for one in knowledge.log()[1:]]
    assert sorted(written) == [f"{one}/{number}" for one in range(8) for number in range(5)]


def test_only_its_owner_may_reach_the_core(shared: Server) -> None:
    place = socket_of(shared.store)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    here = Peer.of(_connected(place))
    assert here.trusted
    assert not Peer(here.process, 1 + (here.user or 0)).trusted


def _connected(place: Path):
    import socket

    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(place))
    return connection


def test_the_core_carries_out_nothing_but_verbs_that_write(shared: Server) -> None:
    from kb.core.client import connect
    from kb.core.messages import Request
    from kb.errors import UsageError

    for verb in ("close", "query", "__class__", "none"):
        core = connect(shared.store)
        assert core is not None
        with core, pytest.raises(UsageError, match="carries out no"):
            core.ask(Request(verb, {}, "me"))


def test_a_store_in_a_deep_folder_is_served_and_written(launch, store: Path, tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-folder-with-a-long-name"] * 8) / "shop.kb"
    deep.parent.mkdir(parents=True)
    store.rename(deep)
    server = launch(deep)
    code, told = run(deep, "update", 'INSERT DATA { <urn:x> <urn:example:p> "b" }')
    assert code == 0, told
    assert count(server) == 1


def test_the_first_store_is_made_beside_a_server_too(launch, tmp_path: Path) -> None:
    place = tmp_path / "new.kb"
    place.mkdir()
    server = launch(place)
    code, told = run(place, "init", "--ontology", "none", "--shapes", "none", "--reasoning", "none")
    assert code == 0, told
    assert run(place, "update", 'INSERT DATA { <urn:x> <urn:example:p> "b" }')[0] == 0
    assert count(server) == 1
    with KnowledgeBase.open(place) as knowledge:
        assert knowledge.settings.reasoning == "none"


def test_without_a_core_a_second_writer_is_told_who_writes(store: Path, feed) -> None:
    first = begin(store, "load", str(feed.path))
    with feed:
        feed.write(10)
        assert writer_of(store) == first.pid
        code, told = run(store, "update", 'INSERT DATA { <urn:x> <urn:example:p> "b" }')
        assert code == 3
        assert f"Process {first.pid} is writing" in told
    assert first.wait(timeout=60) == 0
