"""Forgetting a buyer: no byte of them is left, whatever is killed on the way, and everything else stays."""

from __future__ import annotations

import io
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kb import KnowledgeBase, LoadOptions
from kb.cli import run
from kb.erasure import Forgotten
from kb.errors import NotFound, UsageError
from kb.loading.pseudonyms import pseudonym, secret_of
from kb.settings import Settings
from kb.store import Journal
from tests.server.live import launching
from tests.shop import turtle

BARE = Settings(ontology=(), shapes=(), reasoning="none", keep_snapshots=1, keep_seconds=0)
ID = "https://w3id.org/commerce-kb/id/"
ANN, BOB = f"{ID}buyer/annannannannannannannann23", f"{ID}buyer/bobbobbobbobbobbobbobbob23"
MAIL = "ann.lee@example.org"
# What must not be found afterwards: pseudonym, orders, e-mail, blank nodes' content, the words of a commit.
SECRETS = [b"annannannannannannannann23", b"order/A-", b"line/A-", MAIL.encode(), b"Elm street 7"]

FIRST = f"""
<{ANN}> a ckb:Buyer ; <urn:mail> "{MAIL}" ; ckb:inSegment id:segment .
<{BOB}> a ckb:Buyer ; ckb:inSegment id:segment .
<{ID}order/A-1> ckb:placedBy <{ANN}> ; ckb:hasLine <{ID}line/A-1> ; <urn:total> 01.50 .
<{ID}order/A-1> <urn:to> [ <urn:street> "Elm street 7" ] .
<{ID}line/A-1> ckb:lineSku id:sku .
<{ID}order/B-1> ckb:placedBy <{BOB}> ; <urn:total> 2.5 ; <urn:to> [ <urn:street> "Oak street 3" ] .
<{ID}order/C-1> ckb:placedBy <{ANN}> ; <urn:total> 99 .
id:segment ckb:segmentMember <{ANN}> , <{BOB}> .
id:relation ckb:relationSubject <{ANN}> ; ckb:relationObject id:sku ; ckb:score 0.7 .
"""
# Its order is known before its buyer is, so that its rows are sealed with nobody's key.
EARLY = f"<{ID}order/A-2> <urn:total> 7 ; ckb:hasLine <{ID}line/A-2> ."
LATE = f"<{ID}order/A-2> ckb:placedBy <{ANN}> ."
GRAPH = "https://w3id.org/commerce-kb/graph/private/orders"
ONTO = "https://w3id.org/commerce-kb/onto#"
PLACED = f"{ONTO}placedBy"
COUNTS = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that knows two buyers: in several commits, a pinned snapshot, one of the past, an index of names."""
    place = tmp_path_factory.mktemp("told")
    store = place / "shop.kb"
    with KnowledgeBase.open(store) as knowledge:
        knowledge.init(BARE)
        private = {"source": "orders", "options": LoadOptions(private=True, mode="add")}
        knowledge.load(turtle(place, EARLY, "early.ttl"), **private)
        knowledge.load(turtle(place, FIRST + LATE, "first.ttl"), message=f"asked by {ANN}", **private)
        knowledge.pin(3)
        # An order that was Ann's becomes Bob's: what was said of it before is his.
        knowledge.update(
            f"DELETE DATA {{ GRAPH <{GRAPH}> {{ <{ID}order/C-1> <{PLACED}> <{ANN}> }} }} ; "
            f"INSERT DATA {{ GRAPH <{GRAPH}> {{ <{ID}order/C-1> <{PLACED}> <{BOB}> }} }}"
        )
        knowledge.update(f"INSERT DATA {{ <urn:page> <urn:thanks> <{ANN}> ; <urn:p> 1.50 }}")
        knowledge.find("Ann")
        knowledge.at(2).query(COUNTS)
        knowledge.query(COUNTS, private=False)
    return store


@pytest.fixture
def store(told: Path, tmp_path: Path) -> Path:
    """A copy to forget in."""
    return Path(shutil.copytree(told, tmp_path / "shop.kb"))


def found(store: Path) -> dict[str, set[bytes]]:
    """The secrets in the raw bytes of a store's files, by file."""
    seen = {}
    for path in store.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            if some := {one for one in SECRETS if one in held}:
                seen[path.relative_to(store).as_posix()] = some
    return seen


def in_journal(store: Path) -> str:
    """All that can still be read of the journal, headers and private rows too."""
    journal = Journal(store / "journal", keys=store / "keys.db")
    rows: list[object] = [*map(vars, journal.commits()), *(one.to_pylist() for one in journal.read_base())]
    for number in range(journal.oldest, journal.last + 1):
        rows += [one.to_pylist() for adds in (True, False) for one in journal.read(number, adds=adds)]
    return str(rows)


def is_gone(store: Path) -> None:
    """Nothing of Ann is left, all of Bob is there, and the store is sound."""
    assert found(store) == {}
    left = in_journal(store)
    assert not [one for one in SECRETS if one.decode() in left]
    assert sorted(one.name for one in store.iterdir() if one.name == "forgetting") == []
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        assert knowledge.doctor(deep=True), str(knowledge.doctor(deep=True))
        rows = knowledge.query(
            f"SELECT ?o ?total WHERE {{ ?o <{PLACED}> <{BOB}> ; <urn:total> ?total }} ORDER BY ?o"
        )
        assert [(row["o"].value[-3:], row["total"].value) for row in rows] == [("B-1", "2.5"), ("C-1", "99")]
        assert "Oak street 3" in str(list(knowledge.query("SELECT ?x WHERE { ?s <urn:street> ?x }")))
        (pinned,) = [one for one in knowledge.snapshots() if one.pinned]
        assert pinned.number == 3
        members = f"SELECT ?b WHERE {{ ?s <{ONTO}segmentMember> ?b }}"
        for then in (knowledge.at(3), knowledge.at(4), knowledge):
            assert [row["b"].value for row in then.query(members)] == [BOB]


def test_no_byte_of_a_forgotten_buyer_is_left(store: Path) -> None:
    before = found(store)
    places = {name.split("/")[0] for name in before}
    assert places >= {"keys.db", "snapshots", "history", "journal"}, (
        "the control finds them everywhere before"
    )
    assert {one for some in before.values() for one in some} == set(SECRETS)
    assert all(one.decode() in in_journal(store) for one in SECRETS)
    with KnowledgeBase.open(store) as knowledge:
        report = knowledge.forget(ANN)
        assert report.buyer == ANN and report.number == 6 and len(report.snapshots) == 2
        # Ann, two orders, two lines, an address, what was mined about her.
        assert report.nodes == 7
        assert knowledge.log()[-1].message == "a buyer was forgotten"
        assert knowledge.log()[2].message == "(forgotten)"
    is_gone(store)


def test_writing_goes_on_and_the_buyer_may_come_back(store: Path, tmp_path: Path) -> None:
    with KnowledgeBase.open(store) as knowledge:
        knowledge.forget(ANN)
        with pytest.raises(NotFound, match="forgotten already"):
            knowledge.forget(ANN)
        again = turtle(tmp_path, f"<{ID}order/A-9> ckb:placedBy <{ANN}> .")
        assert knowledge.load(again, source="later", options=LoadOptions(private=True))
        assert knowledge.forget(ANN).nodes == 2
    is_gone(store)


# Each step of forgetting, by the function that begins it.
STEPS = [
    "kb.erasure.forgetting._rewrite_journal",
    "kb.erasure.forgetting.repaired",
    "kb.store.keys.Keys.destroy",
    "kb.erasure.forgetting._remade_pinned",
    "kb.erasure.forgetting.remade",
    "kb.store.quarantine.Quarantine.expunge",
    "kb.erasure.clear_away",
]
KILLED = """
import os, pkgutil, signal, sys
from kb import KnowledgeBase
import kb.erasure.forgetting
store, buyer, step = sys.argv[1:]
owner, _, name = step.rpartition(".")
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
with KnowledgeBase.open(store) as knowledge:
    knowledge.snapshot
    setattr(pkgutil.resolve_name(owner), name, die)
    knowledge.forget(buyer)
"""


@pytest.mark.parametrize("step", STEPS)
def test_what_a_kill_interrupts_the_next_write_ends(store: Path, step: str) -> None:
    command = [sys.executable, "-c", KILLED, str(store), ANN, step]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    # What others that were killed have left.
    shutil.copytree(next((store / "snapshots").glob("0*")), store / "history" / ".gone-00000001-0")
    assert found(store)
    assert (store / "forgetting").stat().st_mode & 0o777 == 0o700
    if (
        step != "kb.erasure.forgetting.repaired"
    ):  # There the journal is away, until the next writer puts it back.
        with KnowledgeBase.open(store, read_only=True) as reader:
            assert reader.query("ASK { <urn:page> <urn:p> 1.5 }")
            assert "was interrupted" in str(reader.doctor())
    with KnowledgeBase.open(store) as knowledge:
        knowledge.update('INSERT DATA { <urn:after> <urn:p> "x" }')
    is_gone(store)


def test_exports_go_and_the_answer_tells_what_is_beyond_reach(demo_store: Path, tmp_path: Path) -> None:
    store = Path(shutil.copytree(demo_store, tmp_path / "shop.kb"))
    (store / "copies.jsonl").unlink(missing_ok=True)  # What other tests exported is theirs.
    with KnowledgeBase.open(store) as knowledge:
        rows = knowledge.query(
            "SELECT ?b WHERE { ?o ckb:placedBy ?b } GROUP BY ?b ORDER BY DESC(COUNT(?o)) LIMIT 1"
        )
        buyer = next(iter(rows))["b"].value
        whole = knowledge.export("star-schema", tmp_path / "lake")
        knowledge.export("schema-org", tmp_path / "feed")
        knowledge.export("star-schema", tmp_path / "elsewhere")
        (tmp_path / "elsewhere").rename(tmp_path / "moved")
        backed = knowledge.backup(tmp_path / "backup")
        knowledge.backup(tmp_path / "public", private=False)
        report = knowledge.forget(buyer.rpartition("/")[2])
        fates = {one.copy.place.name: one for one in report.copies}
        assert {name: one.state for name, one in fates.items()} == {
            "lake": "removed",
            "elsewhere": "gone",
            "backup": "kept",
        }
        name = fates["elsewhere"].pseudonym
        assert name in str(_buyers(tmp_path / "moved")), (
            "what the buyer is called in a copy that went elsewhere"
        )
        assert not (tmp_path / "lake").exists() and (tmp_path / "feed").exists() and backed.private
        anew = knowledge.export("star-schema", tmp_path / "lake")
        assert anew.rows["dim_buyer.parquet"] == whole.rows["dim_buyer.parquet"] - 1
        assert name not in str(_buyers(tmp_path / "lake"))
        # The backup is as it was: put back, it knows the buyer, who can be forgotten there.
        assert "delete it, or restore it" in str(report)
    with KnowledgeBase.open(KnowledgeBase.restore(tmp_path / "backup", tmp_path / "old.kb").store) as old:
        assert old.query(f"ASK {{ ?o ckb:placedBy <{buyer}> }}")
        old.forget(buyer)
        assert not old.query(f"ASK {{ ?o ckb:placedBy <{buyer}> }}")


def _buyers(export: Path) -> list[str]:
    import pyarrow.parquet as pq

    return pq.read_table(export / "dim_buyer.parquet")["buyer"].to_pylist()


def test_a_buyer_in_quarantine_alone_is_forgotten_too(store_with_shapes: Path) -> None:
    place = store_with_shapes
    assert any(name.startswith("quarantine/") for name in found(place))
    with KnowledgeBase.open(place) as knowledge:
        report = knowledge.forget(ANN)
        assert report.quarantined >= 1
        assert [BOB in one.nodes[0] for one in knowledge.quarantine()] == [True]
    assert found(place) == {}


@pytest.fixture
def store_with_shapes(store: Path, made_store: Path, tmp_path: Path) -> Path:
    """A store whose gate has held back two buyers for their e-mail addresses."""
    place = Path(shutil.copytree(made_store, tmp_path / "judged.kb"))
    with KnowledgeBase.open(place) as knowledge:
        text = "".join(
            f'<{one}> a ckb:Buyer ; rdfs:label "{mail}" .\n' for one, mail in ((ANN, MAIL), (BOB, "bob"))
        )
        report = knowledge.load(turtle(tmp_path, text, "mails.ttl"), options=LoadOptions(private=True))
        assert report.quarantined, str(report)
    return place


def test_others_write_and_forget_meanwhile(store: Path) -> None:
    with KnowledgeBase.open(store) as knowledge, ThreadPoolExecutor(6) as pool:
        forgetting = [pool.submit(knowledge.forget, one) for one in (ANN, BOB)]
        writes = [
            pool.submit(knowledge.update, f"INSERT DATA {{ <urn:w{one}> <urn:p> {one} }}")
            for one in range(20)
        ]
        assert {one.result().buyer for one in forgetting} == {ANN, BOB}
        assert all(one.result().added == 1 for one in writes)
        written = knowledge.query("SELECT ?s WHERE { ?s <urn:p> ?o FILTER(STRSTARTS(STR(?s), 'urn:w')) }")
        assert len(written) == 20 and knowledge.doctor()
    assert found(store) == {}


def test_who_is_no_buyer_is_not_forgotten(store: Path) -> None:
    with KnowledgeBase.open(store) as knowledge:
        with pytest.raises(UsageError, match="is no buyer"):
            knowledge.forget(f"{ID}order/B-1")
        with pytest.raises(NotFound):
            knowledge.forget("nobodynobodynobodynobody23")
        assert len(knowledge.log()) == 5
    with KnowledgeBase.open(store, read_only=True) as knowledge, pytest.raises(UsageError):
        knowledge.forget(ANN)


def test_the_platforms_id_names_a_buyer(store: Path, tmp_path: Path) -> None:
    with KnowledgeBase.open(store) as knowledge:
        name = pseudonym("17850", secret_of(store))
        knowledge.load(
            turtle(tmp_path, f"<{ID}buyer/{name}> a ckb:Buyer ."), options=LoadOptions(private=True)
        )
        assert knowledge.forget("17850").buyer == f"{ID}buyer/{name}"


def test_the_command_asks_first(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert run(["forget", ANN, "--store", str(store)]) == 130
    assert found(store)
    assert run(["forget", ANN, "--yes", "--store", str(store)]) == 0
    assert "is forgotten: 7 nodes" in capsys.readouterr().out
    is_gone(store)


def test_administrators_forget_over_http_beside_a_core(store: Path) -> None:
    with launching(cleanly=False) as launch:
        server = launch(store)
        admin = server.bearing("admin")
        assert admin.ask("GET", "/sparql?query=SELECT%20*%20%7B%3Fs%20%3Fp%20%3Fo%7D").status == 200
        body = b'{"buyer": "%s"}' % ANN.encode()
        for caller, status in ((server, 401), (server.bearing("writer"), 403)):
            answer = caller.ask("POST", "/forget", body=body, Content_Type="application/json")
            assert answer.status == status
        assert admin.ask("POST", "/forget", body=b"{}", Content_Type="application/json").status == 400
        token = admin.headers["Authorization"].removeprefix("Bearer ")
        with KnowledgeBase.connect(server.address, token=token) as remote:
            report = remote.forget(ANN)
            assert isinstance(report, Forgotten) and report.nodes == 7
            assert not remote.query(f"ASK {{ ?s ?p <{ANN}> }}")
    is_gone(store)
