"""The doctor: clean on a sound store, and finds every damage that is planted; rebuilding mends it."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.columns.files import read_image, write_image
from kb.columns.image import Image
from kb.columns.relations import Relations
from kb.columns.rows import Rows
from kb.doctor import Diagnosis
from kb.errors import NotFound, StoreDamaged, StoreMissing, UsageError
from kb.settings import Settings
from tests.shop import BAD_BRAND, BRANDS, turtle

BARE = Settings(ontology=(), shapes=(), reasoning="none")
FEED = "https://w3id.org/commerce-kb/graph/feed"


@pytest.fixture(scope="module")
def filled(made_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Brands in two sources, one of them in quarantine, a private order, odd spellings, a name index."""
    tmp_path = tmp_path_factory.mktemp("filled")
    store = Path(shutil.copytree(made_store, tmp_path / "shop.kb"))
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND))
        knowledge.load(turtle(tmp_path, BRANDS, "again.ttl"))
        with knowledge.commit(source="orders", message="private", private=True) as change:
            change.add("urn:order", "urn:of", ox.Literal("01.50", datatype=ox.NamedNode("urn:money")))
            change.add("urn:order", "urn:total", 1.5)
        knowledge.update('INSERT DATA { <urn:a> <urn:p> 1.50, "x" }')
        knowledge.update("DELETE DATA { <urn:a> <urn:p> 1.5 }")
        knowledge.find("Lumora")
    return store


@pytest.fixture
def shop(filled: Path, tmp_path: Path) -> Path:
    """A copy of the filled store to damage."""
    return Path(shutil.copytree(filled, tmp_path / "shop.kb"))


def diagnosis(store: Path, *, deep: bool = False) -> Diagnosis:
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        return knowledge.doctor(deep=deep)


def current(store: Path) -> Path:
    return store / "snapshots" / (store / "CURRENT").read_text()


def content(store: Path) -> set[bytes]:
    with KnowledgeBase.open(store, read_only=True) as knowledge:
        return set(b"".join(knowledge.dump()).splitlines())


def rewrite(store: Path, change: Callable[[Image], Image]) -> None:
    """Write the columns of the current snapshot otherwise, with names and checksums that fit."""
    columns = current(store) / "columns"
    image = change(read_image(columns))
    columns.rename(columns.with_name("old"))
    write_image(image, columns)


def without_a_row(image: Image) -> Image:
    rows = image.rows_of(FEED)
    key, pairs = next(iter(rows.pairs.items()))
    return image.changed(added=Rows(), removed=Rows({key: pairs[:1]}))


@pytest.mark.parametrize("deep", [False, True])
def test_a_sound_store_is_found_sound(shop: Path, deep: bool) -> None:
    found = diagnosis(shop, deep=deep)
    assert found.findings == ()
    assert found
    graphs = {one.name: one.quads for one in found.graphs}
    assert graphs[FEED] == 9
    assert graphs["https://w3id.org/commerce-kb/graph/again"] == 9
    assert graphs["https://w3id.org/commerce-kb/graph/private/orders"] == 2
    assert graphs["https://w3id.org/commerce-kb/graph/update"] == 1


def test_the_same_quads_in_another_order_have_the_same_hash(tmp_path: Path) -> None:
    hashes = []
    for name, values in (("one", [1, 2, 3]), ("two", [3, 1, 2])):
        BARE.write(tmp_path / name)
        with KnowledgeBase.open(tmp_path / name) as knowledge:
            for value in values:
                with knowledge.commit(source="x", message="x") as change:
                    change.add("urn:s", "urn:p", value)
                    change.add("urn:s", "urn:q", 100 + value) if name == "one" else None
            with knowledge.commit(source="x", message="x") as change:
                for value in values if name == "one" else ():
                    change.remove("urn:s", "urn:q", 100 + value)
            graphs = {one.name: one for one in knowledge.doctor().graphs}
            hashes.append(graphs["https://w3id.org/commerce-kb/graph/x"])
    assert hashes[0] == hashes[1]
    assert hashes[0].quads == 3


def test_a_missing_column_file_is_found_and_mended(shop: Path) -> None:
    before = content(shop)
    max((current(shop) / "columns").glob("*.pack"), key=lambda path: path.stat().st_size).unlink()
    found = diagnosis(shop)
    assert [one.part for one in found.faults] == ["columns"]
    assert "kb rebuild" in found.faults[0].hint
    with KnowledgeBase.open(shop) as knowledge:
        assert knowledge.rebuild().number == 6
        assert not knowledge.doctor(deep=True).findings
    assert content(shop) == before


def test_a_changed_array_is_found(shop: Path) -> None:
    pack = max((current(shop) / "columns").glob("*.pack"), key=lambda path: path.stat().st_size)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)
    found = diagnosis(shop)
    assert any(pack.name in one.what and "checksum" in one.what for one in found.faults)


def test_a_lost_row_is_named(shop: Path) -> None:
    rewrite(shop, without_a_row)
    found = diagnosis(shop)
    columns = next(one for one in found.faults if one.part == "columns")
    assert columns.graph == FEED
    assert "1 quads are missing, 0 are too many" in columns.what
    assert columns.examples[0].startswith("- <https://w3id.org/commerce-kb/id/brand/")
    assert columns.examples[0].endswith(f"<{FEED}> .")
    with KnowledgeBase.open(shop) as knowledge:
        knowledge.rebuild()
        assert not knowledge.doctor(deep=True).findings


@pytest.mark.parametrize("part", ["asserted", "oxigraph"])
def test_a_triple_put_into_oxigraph_behind_the_back_is_named(shop: Path, part: str) -> None:
    store = ox.Store(str(current(shop) / part))
    store.add(ox.Quad(ox.NamedNode("urn:x"), ox.NamedNode("urn:y"), ox.Literal("z")))
    store.flush()
    del store
    (fault,) = diagnosis(shop).faults
    assert fault.part == part
    assert fault.examples == ('+ <urn:x> <urn:y> "z" .',)
    with KnowledgeBase.open(shop) as knowledge:
        knowledge.rebuild()
        assert not knowledge.query("ASK { <urn:x> ?p ?o }")
        assert not knowledge.doctor().findings


def test_a_triple_taken_from_oxigraph_and_a_named_graph_are_named(shop: Path) -> None:
    store = ox.Store(str(current(shop) / "asserted"))
    gone = next(iter(store.quads_for_pattern(ox.NamedNode("urn:a"), None, None, None)))
    store.remove(gone)
    store.add(ox.Quad(ox.NamedNode("urn:x"), ox.NamedNode("urn:y"), ox.Literal("z"), ox.NamedNode("urn:g")))
    store.flush()
    del store
    faults = diagnosis(shop).faults
    assert {one.part for one in faults} == {"asserted"}
    assert any("urn:g" in one.what for one in faults)
    assert ('- <urn:a> <urn:p> "x" .',) in [one.examples for one in faults]


def test_a_missing_file_of_oxigraph_is_found_and_mended(shop: Path) -> None:
    next((current(shop) / "asserted").glob("*.sst")).unlink()
    assert {one.part for one in diagnosis(shop).faults} == {"asserted"}
    with KnowledgeBase.open(shop) as knowledge:
        knowledge.rebuild()
        assert not knowledge.doctor().findings


def test_a_flipped_bit_in_the_journal_is_found(shop: Path) -> None:
    segment = next((shop / "journal").glob("*.rdfp"))
    text = bytearray(segment.read_bytes())
    place = text.index(b"Lumora Studio")
    text[place] ^= 1
    segment.write_bytes(text)
    found = diagnosis(shop)
    assert {one.part for one in found.faults} == {"journal"}
    assert "commit #2" in found.faults[0].what
    with KnowledgeBase.open(shop) as knowledge, pytest.raises(StoreDamaged):
        knowledge.rebuild()
    assert content(shop)


def test_a_sound_snapshot_becomes_the_beginning_of_a_broken_journal(shop: Path) -> None:
    before = content(shop)
    for segment in (shop / "journal").glob("*.rdfp"):
        text = bytearray(segment.read_bytes())
        text[text.index(b"Lumora Studio")] ^= 1
        segment.write_bytes(text)
    with KnowledgeBase.open(shop) as knowledge:
        with pytest.raises(StoreDamaged, match="--from snapshot"):
            knowledge.rebuild()
        assert knowledge.rebuild(from_snapshot=True).number == 6
        assert not knowledge.doctor(deep=True).findings
        assert content(shop) == before
        knowledge.update("INSERT DATA { <urn:after> <urn:p> 1 }")
        assert not knowledge.doctor(deep=True).findings
        assert knowledge.diff(6, 7).added == 1
        with pytest.raises(NotFound, match="base"):
            list(knowledge.show(3).quads(adds=True))
        with pytest.raises(NotFound, match="base"):
            knowledge.at(3)
        assert len(knowledge.log()) == 7
    assert list((shop / "journal" / "archive").iterdir())


def test_a_journal_that_lost_its_end_begins_anew_with_the_snapshot(shop: Path) -> None:
    before = content(shop)
    for path in (shop / "journal").rglob("*"):
        if path.is_file():
            path.unlink()
    assert any(one.part in ("folder", "journal") for one in diagnosis(shop).faults)
    with KnowledgeBase.open(shop) as knowledge:
        knowledge.rebuild(from_snapshot=True)
        assert not knowledge.doctor(deep=True).faults
        assert [one.source for one in knowledge.log()] == ["rebuild"]
    assert content(shop) == before


def test_an_unsound_snapshot_begins_nothing(shop: Path) -> None:
    store = ox.Store(str(current(shop) / "asserted"))
    store.add(ox.Quad(ox.NamedNode("urn:x"), ox.NamedNode("urn:y"), ox.Literal("z")))
    store.flush()
    del store
    with KnowledgeBase.open(shop) as knowledge, pytest.raises(StoreDamaged, match="not sound either"):
        knowledge.rebuild(from_snapshot=True)


def test_a_journal_that_can_be_read_is_believed_before_a_snapshot(shop: Path) -> None:
    rewrite(shop, without_a_row)
    with KnowledgeBase.open(shop) as knowledge:
        with pytest.raises(StoreDamaged, match="believes the journal"):
            knowledge.rebuild(from_snapshot=True)
        knowledge.rebuild()
        assert not knowledge.doctor(deep=True).findings


def test_consequences_that_do_not_follow_are_found_by_looking_deeper(shop: Path) -> None:
    def less(image: Image) -> Image:
        views = {key: one.pairs for key, one in image.inferred_public.items()}
        key = max(views, key=lambda one: len(views[one]))
        return replace(image, inferred_public=Relations.of({**views, key: views[key][1:]}))

    rewrite(shop, less)
    found = diagnosis(shop, deep=True)
    assert {one.part for one in found.faults} == {"inferred", "oxigraph"}
    inferred = next(one for one in found.faults if one.part == "inferred")
    assert "1 quads are missing" in inferred.what


def test_a_wrong_index_of_names_is_found_by_looking_deeper(shop: Path) -> None:
    with sqlite3.connect(current(shop) / "views" / "find.sqlite") as index:
        index.execute("DELETE FROM name WHERE text = 'Lumora'")
    index.close()
    assert diagnosis(shop)
    (fault,) = diagnosis(shop, deep=True).faults
    assert fault.part == "names"
    assert "Lumora" in fault.what
    (current(shop) / "views" / "find.sqlite").write_bytes(b"no database at all" * 100)
    assert [one.part for one in diagnosis(shop).faults] == ["names"]


def test_what_the_dead_have_left_is_noted_and_no_fault(shop: Path) -> None:
    (shop / "CURRENT.draft").touch()
    (shop / "snapshots" / ".00000099-abcdefgh").mkdir()
    (shop / "staging" / "writer-dead").mkdir(parents=True)
    (shop / "lock").write_text("99999")
    (shop / "quarantine" / "00000099-abcdefgh").mkdir(parents=True)
    found = diagnosis(shop)
    assert found
    assert len(found.findings) == 5
    assert all(not one.fault for one in found.findings)
    assert "99999" in str(found)


def test_a_broken_quarantine_is_found(shop: Path) -> None:
    report = next((shop / "quarantine").glob("*/report.json"))
    report.write_text("{")
    assert [one.part for one in diagnosis(shop).faults] == ["quarantine"]


def test_a_snapshot_of_another_store_is_found(shop: Path) -> None:
    name = (shop / "CURRENT").read_text()
    (shop / "snapshots" / name).rename(shop / "snapshots" / "00000006-00000000")
    (shop / "CURRENT").write_text("00000006-00000000")
    assert any("no commit in the journal" in one.what for one in diagnosis(shop).faults)


def test_a_missing_snapshot_is_found_and_mended(shop: Path) -> None:
    before = content(shop)
    current(shop).rename(shop / "away")
    assert [one.part for one in diagnosis(shop).faults] == ["folder"]
    with KnowledgeBase.open(shop) as knowledge:
        knowledge.rebuild()
        assert not knowledge.doctor().findings
    assert content(shop) == before


def test_the_doctor_works_beside_a_writer(shop: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        with KnowledgeBase.open(shop) as writer:
            number = 0
            while not ended.is_set():
                number += 1
                with writer.commit(source=f"s{number % 3}", message="x") as change:
                    change.add("urn:s", "urn:p", number)
                    change.remove("urn:s", "urn:p", number - 2)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(4):
            assert diagnosis(shop).faults == ()
    finally:
        ended.set()
        thread.join()
    assert not diagnosis(shop).findings


def test_a_store_without_ontology_and_reasoning_is_examined_too(tmp_path: Path) -> None:
    BARE.write(tmp_path / "x.kb")
    with KnowledgeBase.open(tmp_path / "x.kb") as knowledge:
        knowledge.update("INSERT DATA { <urn:a> <urn:b> 1 }")
        assert not knowledge.doctor(deep=True).findings
        before = knowledge.snapshot.name
        assert knowledge.rebuild().snapshot != before
        assert not knowledge.doctor(deep=True).findings
        knowledge.update("INSERT DATA { <urn:a> <urn:b> 2 }")
        assert not knowledge.doctor(deep=True).findings
        assert len(knowledge.query("SELECT * { ?s ?p ?o }").rows) == 2


def test_readers_see_a_rebuilt_snapshot_and_a_pinned_one_stays(shop: Path) -> None:
    with KnowledgeBase.open(shop, read_only=True) as reader, KnowledgeBase.open(shop) as knowledge:
        before = reader.snapshot.name
        reader.pin(6)
        report = knowledge.rebuild()
        assert reader.snapshot.name == report.snapshot != before
        assert {one.name for one in reader.snapshots()} == {before, report.snapshot}
        with pytest.raises(UsageError):
            reader.rebuild()


def test_there_is_nothing_to_examine_or_rebuild_where_no_store_is(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path / "none.kb") as knowledge:
        for verb in (knowledge.doctor, knowledge.rebuild):
            with pytest.raises(StoreMissing):
                verb()
    assert list(tmp_path.iterdir()) == []


# The command line


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run([str(one) for one in arguments])
    return (code, *capsys.readouterr())


def test_the_verb_ends_with_1_for_a_fault_and_names_the_remedy(
    capsys: pytest.CaptureFixture[str], shop: Path
) -> None:
    code, out, _ = told(capsys, "doctor", "--store", shop)
    assert (code, "sound" in out) == (0, True)
    rewrite(shop, without_a_row)
    code, out, _ = told(capsys, "doctor", "--store", shop)
    assert code == 1
    assert "to mend it: kb rebuild" in out
    code, out, _ = told(capsys, "doctor", "--format", "json", "--store", shop)
    assert code == 1
    found = json.loads(out)
    assert found["sound"] is False
    assert found["findings"][0]["graph"] == FEED
    code, out, _ = told(capsys, "rebuild", "--store", shop)
    assert (code, "from the journal" in out) == (0, True)
    assert told(capsys, "doctor", "--deep", "--store", shop)[0] == 0
    assert told(capsys, "doctor", "--store", shop / "none")[0] == 3
