"""`KnowledgeBase.connect`: what it gives is what the store gives."""

from __future__ import annotations

import gzip
import json
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import Change, Dataset, KnowledgeBase, LoadOptions, Solutions, Triples, Truth
from kb.errors import (
    DeadlinePassed,
    Forbidden,
    GateRefused,
    KbError,
    NotFound,
    Outdated,
    QueryError,
    ResultTooLarge,
    ServerLost,
    SourceError,
    SyntaxFault,
    UnsupportedFormat,
    UsageError,
)
from kb.graphs import GRAPH
from kb.insight import Scope
from kb.judging import judge_files
from kb.querying.graph_store import Body
from kb.remote import RemoteKnowledgeBase
from kb.remote.plain import from_plain, to_plain
from kb.validation import ValidationReport
from kb.validation.report import Origin
from tests.server.live import Server

SPU = "https://w3id.org/commerce-kb/id/spu/velvet-lipstick"
BRAND = "https://w3id.org/commerce-kb/id/brand/aurelle"
INFERRED = (SPU, "ckb:ofBrandFamily", BRAND)
ORDERS = "https://w3id.org/commerce-kb/graph/private/orders"


def connected(server: Server, role: str | None = None, **options) -> RemoteKnowledgeBase:
    token = None
    if role is not None:
        token = server.bearing(role, name=f"connect-{role}").headers["Authorization"].removeprefix("Bearer ")
    return KnowledgeBase.connect(server.address, token=token, **options)


@pytest.fixture(scope="module")
def local(server: Server) -> Iterator[KnowledgeBase]:
    with KnowledgeBase.open(server.store, read_only=True) as knowledge:
        yield knowledge


@pytest.fixture(scope="module")
def writer(writable: Server) -> Iterator[RemoteKnowledgeBase]:
    with connected(writable, "writer") as knowledge:
        yield knowledge


@pytest.fixture(scope="module", params=[None, "analyst"])
def both(request, server: Server) -> Iterator[tuple[RemoteKnowledgeBase, bool]]:
    """A connection, and which private graphs it shows."""
    with connected(server, request.param) as knowledge:
        yield knowledge, request.param is not None


Both = tuple[RemoteKnowledgeBase, bool]


def test_queries_give_the_same_typed_results(both: Both, local: KnowledgeBase) -> None:
    remote, private = both
    for text in ("SELECT * { ?s a ckb:SPU ; ?p ?o } ORDER BY ?s ?p ?o", "SELECT ?s { ?s a ckb:Order }"):
        far, near = remote.query(text), local.query(text, private=private)
        assert isinstance(far, Solutions) and isinstance(near, Solutions)
        assert far.variables == near.variables
        assert [tuple(row) for row in far] == [tuple(row) for row in near]
        assert far.to_csv() == near.to_csv()
        assert far.to_arrow() == near.to_arrow()
    text = f"DESCRIBE <{SPU}>"
    triples = remote.query(text)
    assert isinstance(triples, Triples)
    assert set(triples) == set(local.query(text, private=private))
    truth = remote.query("ASK { ?s a ckb:Order }")
    assert isinstance(truth, Truth) and bool(truth) == private


def test_an_answer_stays_what_it_is(server: Server) -> None:
    with connected(server) as remote:
        found = remote.query("SELECT ?s { ?s a ckb:SPU }")
        first = found.to_json()
    assert isinstance(found, Solutions) and len(found) > 0
    assert found.to_json() == first


def test_parameters_dataset_and_reasoning_are_passed_on(server: Server, local: KnowledgeBase) -> None:
    remote = connected(server)
    text = "SELECT ?brand { ?spu ckb:ofBrandFamily ?brand }"
    given = {"spu": ox.NamedNode(SPU)}
    counts = [
        (len(one.query(text, parameters=given)), len(one.query(text, parameters=given, reasoning=False)))
        for one in (remote, local)
    ]
    assert counts[0] == counts[1] == (2, 0)
    shop = Dataset(named_graphs=(f"{GRAPH}shop",))
    (row,) = remote.query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", dataset=shop)
    assert row["g"].value == f"{GRAPH}shop"


def test_the_other_reading_verbs_give_the_same(both: Both, local: KnowledgeBase) -> None:
    remote, private = both
    assert remote.find("velvt lipstik", kind="ckb:SPU", limit=3) == local.find(
        "velvt lipstik", kind="ckb:SPU", limit=3, private=private
    )
    assert remote.explain(*INFERRED) == local.explain(*INFERRED, private=private)
    assert remote.explain_all(*INFERRED) == local.explain_all(*INFERRED, private=private)
    missing = (SPU, "ckb:ofBrandFamily", "ckb:Brand")
    assert remote.explain_missing(*missing) == local.explain_missing(*missing, private=private)
    assert remote.log() == local.log(private=private)
    assert remote.profile() == local.profile(private=private)
    assert remote.snapshot.name == local.snapshot.name
    far, near = remote.stats(), local.stats(private=private)
    assert far.path == Path(near.path.name)
    assert (far.graphs, far.classes, far.asserted, far.terms) == (
        near.graphs,
        near.classes,
        near.asserted,
        near.terms,
    )
    assert sorted(b"".join(remote.dump()).splitlines()) == sorted(
        b"".join(local.dump(private=private)).splitlines()
    )
    one = f"{GRAPH}shop"
    assert ox.parse(b"".join(remote.dump(graph=one)), format=ox.RdfFormat.N_QUADS)
    assert set(b"".join(remote.dump(graph=one)).splitlines()) == set(
        b"".join(local.dump(graph=one)).splitlines()
    )


def test_reports_and_insights_are_those_of_the_store(both: Both, local: KnowledgeBase) -> None:
    remote, private = both
    far, near = remote.validate(), local.validate(private=private)
    assert far == near
    for name, scope in (("price-position", Scope(limit=5)), ("price-history", Scope(sku="06901234567892"))):
        far, near = remote.insight(name, scope=scope), local.insight(name, scope=scope, private=private)
        assert far == near
    assert far.rows.num_rows
    if private:
        far, near = remote.validate_since(1), local.validate_since(1)
        assert far == near
    else:
        with pytest.raises(Forbidden):
            remote.validate_since(1)


def test_changes_are_those_of_the_store(both: Both, local: KnowledgeBase) -> None:
    remote, private = both
    newest = local.log(private=private)[-1]
    told = [
        (remote.show(newest.number), local.show(newest.number, private=private)),
        (remote.show("#2"), local.show("#2", private=private)),
        (remote.diff(1), local.diff(1, private=private)),
        (remote.diff(newest.id[:8], 1), local.diff(newest.id[:8], 1, private=private)),
    ]
    for far, near in told:
        assert far.to_dict() == near.to_dict() and far.added + far.removed
        for adds in (True, False):
            assert sorted(map(str, far.quads(adds=adds))) == sorted(map(str, near.quads(adds=adds)))
    hidden = next(one for one in local.log() if not one.visible(False))
    if not private:
        with pytest.raises(NotFound, match=f"#?{hidden.number}"):
            remote.show(hidden.number)
    with pytest.raises(UsageError, match="names no commit"):
        remote.diff("yesterday")


def test_the_past_is_read_and_not_written(both: Both, local: KnowledgeBase) -> None:
    remote, private = both
    far, near = remote.at(1), local.at(1)
    text = "SELECT * { ?s a ckb:SPU ; ?p ?o }"
    if not private:
        with pytest.raises(Forbidden):
            far.query(text)
        return
    assert far.snapshot.name == near.snapshot.name != remote.snapshot.name
    assert len(far.query(text)) == len(near.query(text)) == 0 < len(remote.query(text))
    assert far.log() == near.log() and far.validate() == near.validate()
    assert far.stats().asserted == near.stats().asserted
    assert sorted(b"".join(far.dump()).splitlines()) == sorted(b"".join(near.dump()).splitlines())
    assert len(remote.at(remote.log()[-1].time).query(text)) == len(remote.query(text))
    with pytest.raises(NotFound):
        remote.at(99).log()


def test_a_report_with_paths_and_details_comes_back_as_it_was(tmp_path: Path) -> None:
    data, shapes = tmp_path / "data.ttl", tmp_path / "shapes.ttl"
    data.write_text('@prefix : <urn:> . :a a :Thing ; :p "x"@en , 1.50 ; :q [ :r :b ] .', encoding="utf-8")
    shapes.write_text(
        """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <urn:> .
        :S a sh:NodeShape ; sh:targetClass :Thing ;
          sh:property [ sh:path :p ; sh:nodeKind sh:IRI ; sh:message "no"@en , "不"@zh ] ;
          sh:property [ sh:path ( :q [ sh:alternativePath ( :r [ sh:inversePath :s ] ) ] ) ; sh:maxCount 0 ] ;
          sh:property [ sh:path [ sh:oneOrMorePath :q ] ; sh:node [ sh:class :Other ] ] .""",
        encoding="utf-8",
    )
    report = judge_files([data], shapes=[shapes])
    assert {type(one.path).__name__ for one in report.results} == {"Predicate", "Sequence", "Repeated"}
    assert any(one.details for one in report.results)
    known = {
        ox.NamedNode("urn:a"): Origin("a", row=3),
        ox.Literal("x", language="en"): Origin(file="data.ttl"),
    }
    report = replace(report, origins=known)
    assert from_plain(ValidationReport, json.loads(json.dumps(to_plain(report)))) == report


def test_questions_are_asked_by_name(server: Server, local: KnowledgeBase) -> None:
    values = {"sku": "06901234567892"}
    far, near = connected(server).ask("G03", values), local.ask("G03", values, private=False)
    assert [tuple(row) for row in far] == [tuple(row) for row in near]


@pytest.mark.parametrize(
    ("kind", "says", "asked"),
    [
        (QueryError, "line 1", lambda remote: remote.query("SELECT ?s WHERE { ?s ?p }")),
        (QueryError, "not a query", lambda remote: remote.query("CLEAR ALL")),
        (Forbidden, "SERVICE", lambda remote: remote.query("ASK { SERVICE <urn:x> {} }")),
        (NotFound, "No proof", lambda remote: remote.explain(SPU, "ckb:ofBrandFamily", "ckb:Brand")),
        (NotFound, "no graph", lambda remote: list(remote.dump(graph=ORDERS))),
        (NotFound, "G999", lambda remote: remote.ask("G999")),
        (UsageError, "number", lambda remote: remote.find("x", limit=5_000)),
        (Forbidden, "role writer", lambda remote: remote.update("CLEAR ALL")),
        (
            DeadlinePassed,
            "0.3 seconds",
            lambda remote: remote.query(
                "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", seconds=0.3
            ),
        ),
    ],
)
def test_errors_are_those_of_the_store(
    server: Server, kind: type[KbError], says: str, asked: Callable[[RemoteKnowledgeBase], object]
) -> None:
    with connected(server) as remote:
        with pytest.raises(kind, match=says) as told:
            asked(remote)
        assert type(told.value) is kind
        assert remote.query("ASK {}")


def test_limits_are_told_with_their_values(launch: Callable[..., Server], shop: Path, tmp_path: Path) -> None:
    import shutil

    store = Path(shutil.copytree(shop, tmp_path / "shop.kb"))
    settings = (store / "kb.toml").read_text(encoding="utf-8")
    (store / "kb.toml").write_text(
        settings.replace("limits = {}", "limits = { rows = 10 }"), encoding="utf-8"
    )
    with connected(launch(store)) as remote, pytest.raises(ResultTooLarge) as told:
        remote.query("SELECT * { ?s ?p ?o }")
    assert (told.value.limit, told.value.value, told.value.status) == ("rows", 10, 413)


def test_the_past_takes_no_changes(writer: RemoteKnowledgeBase) -> None:
    before = len(writer.log())
    with pytest.raises(UsageError, match="past"):
        writer.at(1).update("INSERT DATA { <urn:far> <urn:says> 'late' }")
    assert len(writer.log()) == before


def test_updates_commits_and_graphs_are_written(writer: RemoteKnowledgeBase, writable: Server) -> None:
    before = writer.snapshot.name
    report = writer.update("INSERT DATA { <urn:far> <urn:says> 'one' }", source="far", message="从远处")
    assert report and report.added == 1 and report.number == writer.log()[-1].number
    assert writer.log()[-1].message == "从远处"
    assert writer.log()[-1].author == "connect-writer"
    with pytest.raises(Outdated):
        writer.update("INSERT DATA { <urn:far> <urn:says> 'late' }", snapshot=before)
    with writer.commit(source="far", message="two for one") as change:
        assert isinstance(change, Change)
        change.add("urn:far", "urn:says", ox.Literal("two\nlines"))
        change.remove("urn:far", "urn:says", ox.Literal("one"))
    assert (change.report.added, change.report.removed) == (1, 1)
    (row,) = writer.query("SELECT ?text { <urn:far> <urn:says> ?text }")
    assert row["text"].value == "two\nlines"
    put = writer.graph_store("PUT", f"{GRAPH}far/side", Body(b"<urn:x> <urn:says> 1 ."), message="a side")
    assert put.created and writer.log()[-1].message == "a side"
    assert b"<urn:x>" in b"".join(writer.dump(graph=f"{GRAPH}far/side"))
    with KnowledgeBase.open(writable.store, read_only=True) as local:
        assert local.snapshot.name == writer.snapshot.name


def test_a_refused_change_leaves_nothing_and_says_why(writable: Server) -> None:
    bad = "INSERT DATA { <urn:bad> a ckb:SKU ; ckb:gtin '123' }"
    with connected(writable, "admin") as admin:
        before = admin.snapshot.name
        with pytest.raises(GateRefused) as told:
            admin.update(bad)
        assert admin.snapshot.name == before
    assert told.value.report["results"]
    assert "nothing was written" in str(told.value)


def test_files_are_loaded_with_progress(writer: RemoteKnowledgeBase, tmp_path: Path) -> None:
    file = tmp_path / "feed.nt.gz"
    rows = "".join(f'<urn:row/{number}> <urn:says> "{number}" .\n' for number in range(2_000))
    file.write_bytes(gzip.compress(rows.encode()))
    seen: list[int] = []
    report = writer.load(file, message="a feed", progress=seen.append)
    assert report.added == 2_000 and report.source == "feed"
    assert sum(seen) == len(rows)
    assert writer.log()[-1].message == "a feed"
    file.write_bytes(gzip.compress(b'<urn:row/1> <urn:says> "other" .\n'))
    report = writer.load(file)
    assert (report.added, report.removed) == (1, 2_000)
    more = LoadOptions(mode="add", format=ox.RdfFormat.TURTLE)
    odd = tmp_path / "odd.data"
    odd.write_text("<urn:row/2> <urn:says> 'more' .", encoding="utf-8")
    assert writer.load(odd, source="feed", options=more).added == 1
    odd.write_text("<urn:row/2> <urn:says> .", encoding="utf-8")
    with pytest.raises(SyntaxFault, match="line 1"):
        writer.load(odd, options=more)
    with pytest.raises(SourceError):
        writer.load(tmp_path / "none.ttl")
    with pytest.raises(UnsupportedFormat):
        writer.load(tmp_path / "table.csv")


def test_a_wrong_token_and_a_wrong_address_are_told(server: Server) -> None:
    with pytest.raises(Forbidden, match="token"):
        KnowledgeBase.connect(server.address, token="wrong").query("ASK {}")
    with pytest.raises(UsageError, match="no server's address"):
        KnowledgeBase.connect("ftp://example.org")
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    with pytest.raises(ServerLost, match="does not answer"):
        KnowledgeBase.connect(f"127.0.0.1:{port}").query("ASK {}")


def test_an_answer_that_breaks_off_is_an_error(server: Server) -> None:
    with connected(server) as remote, pytest.raises(ServerLost, match="broke off"):
        remote.query("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", seconds=1)


def test_a_connection_goes_on_after_the_server_was_started_anew(
    launch: Callable[..., Server], store: Path
) -> None:
    first = launch(store, "--port", "0")
    with connected(first) as remote:
        assert remote.query("ASK {}")
        first.process.send_signal(signal.SIGTERM)
        assert first.process.wait(timeout=90) == 0
        with pytest.raises(ServerLost):
            remote.query("ASK {}")
        launch(store, "--port", str(first.port))
        assert remote.query("ASK {}")


def test_several_threads_ask_by_one_connection(server: Server) -> None:
    remote, found = connected(server), []

    def ask(number: int) -> None:
        (row,) = remote.query(f"SELECT ({number} AS ?n) {{}}")
        found.append(int(row["n"].value))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(8))


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/api/nothing", 404, "explain_all"),
        ("/api/find", 400, "'text' is missing"),
        ("/api/find?text=x&private=true", 400, "no parameter 'private'"),
        ("/api/explain?subject=x&property=y&object=z", 400, "is no term"),
        ("/api/log?x=1", 400, "no parameter"),
    ],
)
def test_the_verbs_refuse_what_they_do_not_know(server: Server, path: str, status: int, says: str) -> None:
    answer = server.get(path)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert says in answer.text
