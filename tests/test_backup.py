"""Backups: made while writers work, proved when they are put back, whole or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.errors import SourceError, StoreDamaged, UsageError
from kb.settings import Settings
from tests.server.processes import hear_ctrl_c
from tests.shop import BAD_BRAND, BRANDS, turtle

FORMS = ["copy", "copy.tar", "copy.tar.zst"]


@pytest.fixture(scope="module")
def filled(made_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Public and private data, something in quarantine, a secret."""
    tmp_path = tmp_path_factory.mktemp("filled")
    store = Path(shutil.copytree(made_store, tmp_path / "shop.kb"))
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND))
        with knowledge.commit(source="orders", message="classified", private=True) as change:
            change.add("urn:order", "urn:total", ox.Literal("hidden treasure"))
        knowledge.update("INSERT DATA { <urn:a> <urn:p> 1.50 }")
        knowledge.update("DELETE DATA { <urn:a> <urn:p> 1.5 }")
    return store


@pytest.fixture
def shop(filled: Path, tmp_path: Path) -> Path:
    """A copy of the filled store."""
    return Path(shutil.copytree(filled, tmp_path / "shop.kb"))


def content(knowledge: KnowledgeBase, *, private: bool = True) -> set[bytes]:
    return set(b"".join(knowledge.dump(private=private)).splitlines())


@pytest.mark.parametrize("form", FORMS)
def test_what_is_restored_is_what_was_backed_up(shop: Path, tmp_path: Path, form: str) -> None:
    with KnowledgeBase.open(shop) as knowledge:
        report = knowledge.backup(tmp_path / form)
        before, log, quarantine = content(knowledge), knowledge.log(), len(knowledge.quarantine())
        knowledge.update("INSERT DATA { <urn:later> <urn:p> 1 }")
    assert (report.number, report.private) == (5, True)
    restored = KnowledgeBase.restore(tmp_path / form, tmp_path / "new.kb")
    assert restored.number == 5
    with KnowledgeBase.open(tmp_path / "new.kb") as knowledge:
        assert content(knowledge) == before
        assert knowledge.log() == log
        assert len(knowledge.quarantine()) == quarantine == 1
        assert not knowledge.doctor(deep=True).findings
        assert knowledge.query("ASK { <https://w3id.org/commerce-kb/id/brand/sub> ckb:subBrandOf ?b }")
        knowledge.update("INSERT DATA { <urn:new> <urn:p> 1 }")
        assert len(knowledge.at(5).log()) == 5
        assert knowledge.doctor()
    assert (tmp_path / "new.kb" / "buyer.secret").read_bytes() == (shop / "buyer.secret").read_bytes()
    assert (tmp_path / "new.kb" / "buyer.secret").stat().st_mode & 0o077 == 0
    with KnowledgeBase.open(shop, read_only=True) as knowledge:
        assert not knowledge.doctor().findings


@pytest.mark.parametrize("form", ["copy", "copy.tar"])
def test_a_backup_without_private_data_holds_no_trace_of_it(shop: Path, tmp_path: Path, form: str) -> None:
    with KnowledgeBase.open(shop) as knowledge:
        report = knowledge.backup(tmp_path / form, private=False)
        before = content(knowledge, private=False)
    assert not report.private
    assert "without private" in str(report)
    KnowledgeBase.restore(tmp_path / form, tmp_path / "new.kb")
    for path in [*(tmp_path / "new.kb").rglob("*"), *(tmp_path / form).rglob("*"), tmp_path / form]:
        if path.is_file():
            found = path.read_bytes()
            assert not any(word in found for word in (b"hidden treasure", b"classified", b"urn:order")), path
    assert not (tmp_path / "new.kb" / "buyer.secret").exists()
    assert not (tmp_path / "new.kb" / "keys.db").exists()
    with KnowledgeBase.open(tmp_path / "new.kb") as knowledge:
        assert content(knowledge) == before
        assert [one.number for one in knowledge.log()] == [1, 2, 3, 4, 5]
        assert not knowledge.doctor(deep=True).findings


@pytest.mark.parametrize("private", [True, False])
def test_a_store_whose_journal_has_a_base_is_backed_up(shop: Path, tmp_path: Path, private: bool) -> None:
    with KnowledgeBase.open(shop) as knowledge:
        knowledge.rebuild(from_snapshot=True)
        knowledge.update("INSERT DATA { <urn:after> <urn:p> 1 }")
        knowledge.backup(tmp_path / "copy", private=private)
        before = content(knowledge, private=private)
    KnowledgeBase.restore(tmp_path / "copy", tmp_path / "new.kb")
    with KnowledgeBase.open(tmp_path / "new.kb") as knowledge:
        assert content(knowledge) == before
        assert not knowledge.doctor(deep=True).findings
        assert len(knowledge.log()) == 6
        assert not knowledge.at(5).query("ASK { <urn:after> ?p ?o }")


def test_a_backup_is_made_beside_a_writer(tmp_path: Path) -> None:
    Settings(ontology=(), shapes=(), reasoning="none", keep_snapshots=1, keep_seconds=0).write(
        tmp_path / "x.kb"
    )
    ended = threading.Event()
    with KnowledgeBase.open(tmp_path / "x.kb") as writer:
        writer.init()

        def write() -> None:
            number = 0
            while not ended.is_set():
                number += 1
                with writer.commit(source="x", message="x") as change:
                    change.add("urn:s", "urn:p", number)

        thread = threading.Thread(target=write)
        thread.start()
        try:
            for place in ("a", "b.tar", "c.tar.zst"):
                with KnowledgeBase.open(tmp_path / "x.kb", read_only=True) as knowledge:
                    number = knowledge.backup(tmp_path / place).number
                KnowledgeBase.restore(tmp_path / place, tmp_path / f"{place}.kb")
                with KnowledgeBase.open(tmp_path / f"{place}.kb", read_only=True) as copy:
                    commits = copy.log()
                    assert len(copy.query("SELECT * { ?s ?p ?o }").rows) == number - 1
                    assert commits[-1].number == number
        finally:
            ended.set()
            thread.join()


def test_a_folder_on_the_same_disk_shares_what_never_changes(shop: Path, tmp_path: Path) -> None:
    with KnowledgeBase.open(shop, read_only=True) as knowledge:
        knowledge.backup(tmp_path / "copy")
    tables = list((tmp_path / "copy").rglob("*.sst"))
    assert tables
    assert all(path.stat().st_nlink > 1 for path in tables)
    assert all(path.stat().st_nlink == 1 for path in (tmp_path / "copy").rglob("*.rdfp"))


@pytest.mark.parametrize("form", FORMS)
def test_a_damaged_backup_is_refused_and_nothing_is_left(shop: Path, tmp_path: Path, form: str) -> None:
    with KnowledgeBase.open(shop, read_only=True) as knowledge:
        knowledge.backup(tmp_path / form)
    place = tmp_path / form
    if place.is_dir():
        place = next(place.rglob("*.rdfp"))
    damaged = bytearray(place.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    place.write_bytes(damaged)
    with pytest.raises(StoreDamaged):
        KnowledgeBase.restore(tmp_path / form, tmp_path / "new.kb")
    assert {path.name for path in tmp_path.iterdir()} == {"shop.kb", form}


@pytest.mark.parametrize("form", FORMS)
def test_a_backup_that_breaks_off_is_refused(shop: Path, tmp_path: Path, form: str) -> None:
    with KnowledgeBase.open(shop, read_only=True) as knowledge:
        knowledge.backup(tmp_path / form)
    place = tmp_path / form
    if place.is_dir():
        next(place.rglob("*.pack")).unlink()
    else:
        os.truncate(place, place.stat().st_size * 2 // 3)
    with pytest.raises(StoreDamaged):
        KnowledgeBase.restore(tmp_path / form, tmp_path / "new.kb")
    assert not (tmp_path / "new.kb").exists()


def test_an_archive_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("x")
    for name in ("../evil", "/evil", "store/../../evil"):
        with tarfile.open(tmp_path / "evil.tar", "w") as archive:
            archive.add(tmp_path / "evil", arcname=name)
        with pytest.raises(StoreDamaged, match="does not belong"):
            KnowledgeBase.restore(tmp_path / "evil.tar", tmp_path / "deep" / "new.kb")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "evil", "evil.tar"]


def test_what_is_there_is_never_overwritten(shop: Path, tmp_path: Path) -> None:
    with KnowledgeBase.open(shop, read_only=True) as knowledge:
        (tmp_path / "taken").mkdir()
        with pytest.raises(UsageError, match="there already"):
            knowledge.backup(tmp_path / "taken")
        with pytest.raises(UsageError, match="no folder"):
            knowledge.backup(tmp_path / "no" / "such" / "folder")
        knowledge.backup(tmp_path / "copy")
    with pytest.raises(UsageError, match="there already"):
        KnowledgeBase.restore(tmp_path / "copy", shop)
    for wrong in ("taken", "nowhere"):
        with pytest.raises(SourceError):
            KnowledgeBase.restore(tmp_path / wrong, tmp_path / "new.kb")
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(StoreDamaged):
        KnowledgeBase.restore(tmp_path / "text", tmp_path / "new.kb")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_who_is_stopped_leaves_no_half_backup(shop: Path, tmp_path: Path, form: str, sign: int) -> None:
    script = (
        "import sys, time; from pathlib import Path; from kb import KnowledgeBase\n"
        "def slow(what, done, total): print(what, flush=True); time.sleep(0.2)\n"
        "with KnowledgeBase.open(sys.argv[1], read_only=True) as kb: kb.backup(sys.argv[2], progress=slow)\n"
    )
    command = [sys.executable, "-c", script, str(shop), str(tmp_path / form)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=hear_ctrl_c,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(0.1)
    process.send_signal(sign)
    process.communicate(timeout=60)
    assert process.returncode != 0
    assert not (tmp_path / form).exists()
    if sign == signal.SIGINT:
        assert {path.name for path in tmp_path.iterdir()} == {"shop.kb"}
    with KnowledgeBase.open(shop, read_only=True) as knowledge:
        knowledge.backup(tmp_path / form)
    assert KnowledgeBase.restore(tmp_path / form, tmp_path / "new.kb").number == 5


# The command line


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run([str(one) for one in arguments])
    return (code, *capsys.readouterr())


def test_the_verbs_back_up_and_restore(
    capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path
) -> None:
    code, out, _ = told(capsys, "backup", tmp_path / "b.tar.zst", "--store", shop)
    assert code == 0
    assert "keep it safe" in out
    assert (tmp_path / "b.tar.zst").stat().st_mode & 0o077 == 0
    code, out, _ = told(capsys, "restore", tmp_path / "b.tar.zst", "--store", tmp_path / "n.kb", "-f", "json")
    assert (code, json.loads(out)["number"]) == (0, 5)
    assert told(capsys, "doctor", "--store", tmp_path / "n.kb")[0] == 0
    assert told(capsys, "restore", tmp_path / "b.tar.zst", "--store", shop)[0] == 2
    assert told(capsys, "restore", tmp_path / "none", "--store", tmp_path / "m.kb")[0] == 1
    assert "keys of private data" in " ".join(told(capsys, "backup", "--help")[1].split())
