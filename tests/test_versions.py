"""Versions: what a commit changed, what two commits differ in, the graph as it was, the snapshots that are kept."""

from __future__ import annotations

import json
import os
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.errors import NotFound, UsageError
from kb.settings import Settings
from kb.store import Commit
from kb.versions import commit_of
from kb.versions.past import KEPT
from tests.shop import BRANDS, turtle

BRAND = "https://w3id.org/commerce-kb/id/brand/"
DECIMAL = ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
# No snapshot but the newest: the past has to be made.
FORGETFUL = {"keep_snapshots": 1, "keep_seconds": 0}
BARE = Settings(ontology=(), shapes=(), reasoning="none", **FORGETFUL)


@pytest.fixture
def forgetful(store: Path) -> Path:
    """A store with ontology and shapes that keeps one snapshot."""
    (store / "kb.toml").write_text(Settings(**FORGETFUL).to_toml())
    return store


@pytest.fixture
def brands(forgetful: Path, tmp_path: Path) -> Path:
    """Commit 2: three brands; 3: a price, spelt oddly; 4: one brand less; 5: the price is gone again."""
    with KnowledgeBase.open(forgetful) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS), message="brands")
        knowledge.update("INSERT DATA { <urn:a> <urn:p> 1.50 }")
        knowledge.load(turtle(tmp_path, BRANDS.replace("brand:sub", "#")))
        knowledge.update("DELETE DATA { <urn:a> <urn:p> 1.5 }")
    return forgetful


def bare(path: Path) -> KnowledgeBase:
    """A store without ontology, shapes and reasoning; its first commit is empty."""
    BARE.write(path)
    knowledge = KnowledgeBase.open(path)
    knowledge.init()
    return knowledge


def numbers_of(knowledge: KnowledgeBase) -> list[int]:
    """The numbers of the commits that are not the store's own."""
    return [one.number for one in knowledge.log() if one.source != "ontology"]


def content(knowledge: KnowledgeBase) -> frozenset[bytes]:
    return frozenset(b"".join(knowledge.dump()).splitlines())


def every_quad(knowledge: KnowledgeBase) -> set[ox.Quad]:
    """All asserted quads in the form that they are stored in, the store's own graphs among them."""
    names = (name for name in knowledge.snapshot.image.graph_names() if "inferred" not in name)
    pieces = (piece for name in names for piece in knowledge.dump(graph=name))
    quads = {quad for piece in pieces for quad in ox.parse(piece, format=ox.RdfFormat.N_QUADS)}
    return {normal(quad) for quad in quads}


def normal(quad: ox.Quad) -> ox.Quad:
    store = ox.Store()
    store.add(quad)
    return next(iter(store))


def random_commits(knowledge: KnowledgeBase, seed: int, number: int) -> list[frozenset[bytes]]:
    """Commit at random; gives what the store held after each commit."""
    draw = random.Random(seed)
    seen = []
    texts = ["1.5", "1.50", "2", "02.0"]
    for _ in range(number):
        source = draw.choice(["one", "two"])
        with knowledge.commit(source=source, message="random", private=draw.random() < 0.3) as change:
            for _ in range(draw.randrange(1, 9)):
                triple = (
                    f"urn:s{draw.randrange(4)}",
                    f"urn:p{draw.randrange(2)}",
                    ox.Literal(draw.choice(texts), datatype=DECIMAL),
                )
                (change.add if draw.random() < 0.6 else change.remove)(*triple)
        if change.report.commit is not None:
            seen.append(content(knowledge))
    return seen


@pytest.mark.parametrize("backward", [True, False])
def test_the_past_is_what_was_seen_then(tmp_path: Path, backward: bool) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    with bare(tmp_path / "x.kb") as knowledge:
        seen = random_commits(knowledge, seed, 25)
        numbers = numbers_of(knowledge)
        assert len(numbers) == len(seen)
        if not backward:  # The only other snapshot is the newest; without it the way leads up from nothing.
            knowledge.at(numbers[0])
        order = random.Random(seed).sample(range(len(seen)), len(seen))
        for place in order:
            past = knowledge.at(numbers[place])
            assert {plain(line) for line in content(past)} == {plain(line) for line in seen[place]}
            assert past.log()[-1].number == numbers[place]


def plain(line: bytes) -> ox.Quad:
    """A quad as it is stored: the same value may come back in another of its spellings."""
    return normal(next(iter(ox.parse(line, format=ox.RdfFormat.N_QUADS))))


def test_a_difference_applied_to_the_one_state_gives_the_other(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    with bare(tmp_path / "x.kb") as knowledge:
        random_commits(knowledge, seed, 20)
        numbers = [one.number for one in knowledge.log()]
        for _ in range(8):
            before, after = draw.choice(numbers), draw.choice(numbers)
            changes = knowledge.diff(before, after)
            state = every_quad(knowledge.at(before))
            removed = {normal(quad) for quad in changes.quads(adds=False)}
            added = {normal(quad) for quad in changes.quads(adds=True)}
            assert removed <= state
            assert (state - removed) | added == every_quad(knowledge.at(after))


def test_what_came_and_went_is_not_in_a_difference(brands: Path) -> None:
    with KnowledgeBase.open(brands, read_only=True) as knowledge:
        assert (knowledge.diff(2, 3).added, knowledge.diff(2, 3).removed) == (1, 0)
        changes = knowledge.diff(2, 5)
        assert (changes.added, changes.removed) == (0, 3)
        assert {quad.subject.value for quad in changes.quads(adds=False)} == {BRAND + "sub"}
        back = knowledge.diff(5, 2)
        assert (back.added, back.removed) == (3, 0)
        none = knowledge.diff(3, 3)
        assert (none.added, none.removed, list(none.quads(adds=True))) == (0, 0, [])


def test_reasoning_is_that_of_then(brands: Path) -> None:
    question = f"ASK {{ <{BRAND}sub> ckb:subBrandOf <{BRAND}top> }}"
    with KnowledgeBase.open(brands, read_only=True) as knowledge:
        assert not knowledge.query(question)
        past = knowledge.at(2)
        assert past.query(question)
        assert not past.query(question, reasoning=False)
        assert past.explain(BRAND + "sub", "ckb:subBrandOf", BRAND + "top")
        assert past.find("Lumora Mini")[0].iri == BRAND + "sub"
        assert past.stats().commits == 2
        assert past.validate().conforms


def test_the_ontology_is_part_of_the_past(brands: Path) -> None:
    with KnowledgeBase.open(brands, read_only=True) as knowledge:
        then, now = knowledge.at(1), knowledge
        graph = "https://w3id.org/commerce-kb/graph/shapes"
        assert set(then.dump(graph=graph)) == set(now.dump(graph=graph))
        assert then.stats().asserted < now.stats().asserted


def test_the_past_is_made_once_and_the_least_used_goes_first(tmp_path: Path) -> None:
    with bare(tmp_path / "x.kb") as knowledge:
        for number in range(KEPT + 4):
            with knowledge.commit(source="x", message="x") as change:
                change.add("urn:s", "urn:p", number)
        history = tmp_path / "x.kb" / "history"
        numbers = numbers_of(knowledge)[:-1]
        name = knowledge.at(numbers[0]).snapshot.name
        made = (history / name / "columns" / "manifest.json").stat().st_ino
        for age, number in enumerate(numbers[1:KEPT]):
            place = history / knowledge.at(number).snapshot.name
            os.utime(place, (1000 + age, 1000 + age))
        knowledge.at(numbers[0])
        knowledge.at(numbers[KEPT])
        kept = {place.name for place in history.glob("[0-9]*")}
        assert len(kept) == KEPT
        assert name in kept
        assert knowledge.show(numbers[1]).after.name not in kept
        assert (history / name / "columns" / "manifest.json").stat().st_ino == made


def test_a_past_that_is_being_read_stays(tmp_path: Path) -> None:
    with bare(tmp_path / "x.kb") as knowledge:
        for number in range(2 * KEPT + 2):
            with knowledge.commit(source="x", message="x") as change:
                change.add("urn:s", "urn:p", number)
        numbers = numbers_of(knowledge)[:-1]
        held = knowledge.at(numbers[0])
        for number in numbers[1:]:
            knowledge.at(number)
        assert held.query("SELECT * { ?s ?p ?o }")
        assert len(list((tmp_path / "x.kb" / "history").glob("[0-9]*"))) == KEPT + 1


def test_the_past_is_there_to_read_only(brands: Path) -> None:
    with KnowledgeBase.open(brands) as knowledge:
        past = knowledge.at(2)
        with pytest.raises(UsageError):
            past.update("INSERT DATA { <urn:a> <urn:b> 1 }")
        with pytest.raises(UsageError), past.commit(source="x", message="x") as change:
            change.add("urn:a", "urn:b", 1)
        assert len(knowledge.log()) == 5


def test_a_commit_is_named_by_number_id_snapshot_or_time(brands: Path) -> None:
    with KnowledgeBase.open(brands, read_only=True) as knowledge:
        commits = knowledge.log()
        third = commits[2]
        moment = datetime.fromisoformat(third.time)
        names = [3, "3", "#3", third.id, third.id[:12], third.name, third.time, moment]
        assert {knowledge.show(name).after.number for name in names} == {3}
        assert knowledge.show(moment - timedelta(milliseconds=1)).after.number == 2
        assert knowledge.show(datetime.now(UTC)).after.number == 5
        today = moment.date()
        assert knowledge.show(date(today.year + 1, 1, 1)).after.number == 5
        assert knowledge.show(f"{today.year + 1}-01-01").after.number == 5


@pytest.mark.parametrize(
    ("reference", "error", "words"),
    [
        ("abc", UsageError, "names no commit"),
        ("99", NotFound, "the newest is #5"),
        ("ffffffffffffffffffffffffffffffff", NotFound, "kb log"),
        ("2001-01-01", NotFound, "its first commit is of"),
        ("2001-99-01", UsageError, "is no time"),
        ("yesterday", UsageError, "names no commit"),
        ("", UsageError, "names no commit"),
    ],
)
def test_a_reference_that_names_nothing_is_told(
    brands: Path, reference: str, error: type[Exception], words: str
) -> None:
    with KnowledgeBase.open(brands, read_only=True) as knowledge, pytest.raises(error, match=words):
        knowledge.at(reference)


def test_an_ambiguous_id_is_told() -> None:
    commits = [Commit(1, id="abcd1" * 6), Commit(2, id="abcd2" * 6), Commit(3, id="12345678" * 4)]
    with pytest.raises(NotFound, match="More than one commit is called abcd: #1 abcd1abc, #2"):
        commit_of(commits, "abcd")
    assert commit_of(commits, "ABCD2").number == 2
    assert commit_of(commits, "12345678").number == 3
    assert commit_of(commits, "3").number == 3


def test_a_number_is_never_taken_for_the_beginning_of_an_id() -> None:
    commits = [Commit(1, id="7777" * 8)]
    for reference in ("7", "77", "7777", "#7777777"):
        with pytest.raises(NotFound, match="the newest is #1"):
            commit_of(commits, reference)


def test_private_commits_stay_private(tmp_path: Path) -> None:
    with bare(tmp_path / "x.kb") as knowledge:
        with knowledge.commit(source="open", message="x") as change:
            change.add("urn:s", "urn:p", 1)
        with knowledge.commit(source="orders", message="x", private=True) as change:
            change.add("urn:secret", "urn:p", 1)
        with knowledge.commit(source="open", message="x") as change:
            change.add("urn:s", "urn:p", 2)
        first, hidden, last = numbers_of(knowledge)
        for ask in (knowledge.show, knowledge.at):
            with pytest.raises(NotFound):
                ask(hidden, private=False)
        changes = knowledge.diff(first, last, private=False)
        assert (changes.added, changes.removed) == (1, 0)
        assert all("secret" not in str(quad) for quad in changes.quads(adds=True))
        assert not any("private" in name for name in changes.graphs)
        assert not knowledge.at(last).query("ASK { <urn:secret> ?p ?o }", private=False)
        assert knowledge.at(last).query("ASK { <urn:secret> ?p ?o }")


def test_a_pinned_snapshot_outlives_pruning(tmp_path: Path) -> None:
    with bare(tmp_path / "x.kb") as knowledge:
        names = []
        for number in range(5):
            with knowledge.commit(source="x", message="x") as change:
                change.add("urn:s", "urn:p", number)
            names.append(knowledge.snapshot.name)
            if number == 1:
                assert knowledge.pin(knowledge.log()[-1].number).pinned
        kept = {one.name: one for one in knowledge.snapshots()}
        assert kept[names[1]].pinned
        assert kept[names[-1]].current
        assert names[2] not in kept
        knowledge.unpin(names[1])
        with pytest.raises(UsageError, match="not pinned"):
            knowledge.unpin(names[1])
        with pytest.raises(NotFound, match="no snapshot of commit"):
            knowledge.pin(knowledge.log()[-3].number)
        with knowledge.commit(source="x", message="x") as change:
            change.add("urn:s", "urn:p", 99)
        assert names[1] not in {one.name for one in knowledge.snapshots()}


# The command line


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run([str(one) for one in arguments])
    return (code, *capsys.readouterr())


def test_show_tells_a_commit_with_what_it_changed(capsys: pytest.CaptureFixture[str], brands: Path) -> None:
    code, out, _ = told(capsys, "show", "#2", "--store", brands)
    assert code == 0
    assert "9 quads added, 0 removed" in out
    assert '+ rdfs:label                   "Lumora Mini"@en' in out
    assert f"{BRAND}sub  (Lumora Mini)" in out
    assert "prov" not in out
    bounded = told(capsys, "show", "2", "--limit", 4, "--store", brands)[1]
    assert bounded.count("\n  + ") == 4
    assert "5 more: --limit 0" in bounded


def test_show_writes_a_patch_that_a_journal_could_hold(
    capfdbinary: pytest.CaptureFixture[bytes], brands: Path
) -> None:
    assert run(["show", "4", "--format", "rdfp", "--store", str(brands)]) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    assert (lines[0], lines[-1]) == (b"TX .", b"TC .")
    assert sum(line.startswith(b"D ") for line in lines) == 3


def test_show_finds_an_entity_by_its_exact_name_alone(
    capsys: pytest.CaptureFixture[str], brands: Path
) -> None:
    assert told(capsys, "show", "lumora studio", "--store", brands)[1].startswith(f"{BRAND}mid")
    assert told(capsys, "show", "Lumora Mini", "--at", "2", "--store", brands)[1].startswith(f"{BRAND}sub")
    code, out, err = told(capsys, "show", "Lumora Studi", "--store", brands)
    assert (code, out) == (2, "")
    assert "did you mean 'Lumora Studio'" in err
    code, out, err = told(capsys, "show", "nope", "--store", brands)
    assert (code, out) == (2, "")
    assert "kb find" in err
    facts = json.loads(told(capsys, "show", "Lumora", "--format", "json", "--store", brands)[1])
    assert facts["iri"] == BRAND + "top"
    assert any(one["inferred"] for one in facts["facts"])


def test_diff_shows_both_ways_and_against_the_newest(
    capsys: pytest.CaptureFixture[str], brands: Path
) -> None:
    code, out, _ = told(capsys, "diff", "2", "--store", brands)
    assert code == 0
    assert "0 quads added, 3 removed" in out
    assert '- rdfs:label                   "Lumora Mini"@en' in out
    back = json.loads(told(capsys, "diff", "#5", "#2", "--format", "json", "--store", brands)[1])
    assert back["counts"] == {"added": 3, "removed": 0}
    assert len(back["added"]) == 3
    assert told(capsys, "diff", "nonsense", "--store", brands)[0] == 2


def test_reading_verbs_look_at_the_past(capsys: pytest.CaptureFixture[str], brands: Path) -> None:
    count = "SELECT (COUNT(DISTINCT ?b) AS ?n) { ?b a ckb:Brand }"
    assert told(capsys, "query", count, "--store", brands)[1] == "?n\n2\n"
    assert told(capsys, "query", count, "--at", "#2", "--store", brands)[1] == "?n\n3\n"
    assert told(capsys, "find", "Lumora Mini", "--at", 3, "--store", brands)[1].startswith("1.00")
    assert (
        told(capsys, "explain", "brand/sub", "ckb:subBrandOf", "brand/top", "--at", 2, "--store", brands)[0]
        == 0
    )
    assert json.loads(told(capsys, "stats", "--at", 2, "-f", "json", "--store", brands)[1])["commits"] == 2
    assert "brand/sub" in told(capsys, "dump", "--at", 2, "--store", brands)[1]
    assert told(capsys, "query", count, "--at", "99", "--store", brands)[0] == 2


def test_log_is_narrowed_by_source_time_and_number(capsys: pytest.CaptureFixture[str], brands: Path) -> None:
    def numbers(*options: object) -> list[str]:
        return [
            line.split("\t")[0] for line in told(capsys, "log", *options, "--store", brands)[1].splitlines()
        ]

    assert numbers() == ["#5", "#4", "#3", "#2", "#1"]
    assert numbers("--limit", 2) == ["#5", "#4"]
    assert numbers("--source", "feed") == ["#4", "#2"]
    assert numbers("--since", 3) == ["#5", "#4"]
    assert numbers("--since", "2001-01-01", "--limit", 1, "--source", "feed") == ["#4"]
    assert numbers("--since", "2999-01-01") == []
    assert "3 older ones" in told(capsys, "log", "--limit", 2, "--store", brands)[2]


def test_snapshots_are_listed_pinned_and_unpinned(capsys: pytest.CaptureFixture[str], brands: Path) -> None:
    assert told(capsys, "snapshot", "list", "--store", brands)[1].endswith("\tcurrent\n")
    assert "pinned current" in told(capsys, "snapshot", "pin", 5, "--store", brands)[1]
    listed = json.loads(told(capsys, "snapshot", "--format", "json", "--store", brands)[1])
    assert [one["number"] for one in listed if one["pinned"]] == [5]
    assert "pinned" not in told(capsys, "snapshot", "unpin", 5, "--store", brands)[1]
    assert told(capsys, "snapshot", "pin", "--store", brands)[0] == 2
    assert told(capsys, "snapshot", "pin", 2, "--store", brands)[0] == 2


def test_a_store_without_ontology_has_a_past_too(tmp_path: Path) -> None:
    with bare(tmp_path / "x.kb") as knowledge:
        knowledge.update("INSERT DATA { <urn:a> <urn:b> 1 }")
        knowledge.update("INSERT DATA { <urn:a> <urn:b> 2 }")
        first = knowledge.show(numbers_of(knowledge)[0]).after
        assert len(knowledge.at(first.id).query("SELECT * { ?s ?p ?o }").rows) == 1
