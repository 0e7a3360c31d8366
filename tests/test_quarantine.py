"""Quarantine as a place with a life: what is held is shown, mended, let in, thrown away."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.errors import GateRefused, NotFound, UsageError

from .core.conftest import run as beside
from .server.live import launching
from .shop import BAD_BRAND, BRANDS, turtle

BRAND = "https://w3id.org/commerce-kb/id/brand/"
BAD, PLAIN = f"<{BRAND}bad>", f"<{BRAND}plain>"
NO_LABEL = "brand:plain\n  a ckb:Brand .\n"
NAMES = "SELECT ?b { ?b a ckb:Brand } ORDER BY ?b"


@pytest.fixture
def held(knowledge: KnowledgeBase, tmp_path: Path) -> KnowledgeBase:
    """Three brands, and two in quarantine: one with two parents, one without a label."""
    knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND + NO_LABEL), source="feed")
    return knowledge


@pytest.fixture
def mended(tmp_path: Path) -> Path:
    return turtle(
        tmp_path,
        'brand:bad a ckb:Brand ; rdfs:label "Twofold"@en ; ckb:directSubBrandOf brand:top .',
        "m.ttl",
    )


def brands(knowledge: KnowledgeBase) -> set[str]:
    return {str(row[0]).rsplit("/", 1)[1].rstrip(">") for row in knowledge.query(NAMES).rows}  # type: ignore[union-attr]


def test_each_node_has_its_number_reason_label_and_place(held: KnowledgeBase) -> None:
    (entry,) = held.quarantine()
    assert entry.nodes == (BAD, PLAIN) or set(entry.nodes) == {BAD, PLAIN}
    one = held.quarantine_entry(entry.id_of(BAD))
    assert one.nodes == (BAD,)
    assert one.reasons(BAD) == ["CKB-024c: A brand has at most one parent brand."]
    assert held.quarantine_entry(BAD) == one == held.quarantine_entry(f"{BRAND}bad")
    lines = (held.folder.path.parent / "feed.ttl").read_text().splitlines()
    told = entry.origins[BAD]
    assert (told["label"], told["file"]) == ("Twofold", "feed.ttl")
    assert lines[told["row"] - 1].startswith("brand:bad")
    assert lines[entry.origins[PLAIN]["row"] - 1].startswith("brand:plain")


def test_what_is_not_mended_stays_and_makes_no_commit(held: KnowledgeBase) -> None:
    (entry,) = held.quarantine()
    commits = len(held.log())
    report = held.quarantine_release(entry.id)
    assert not report
    assert set(report.held) == {BAD, PLAIN}
    assert report.commit is None
    assert len(held.log()) == commits
    assert set(held.quarantine()[0].nodes) == {BAD, PLAIN}


def test_what_is_mended_conforms_and_its_release_is_a_commit(held: KnowledgeBase, mended: Path) -> None:
    (entry,) = held.quarantine()
    fixed = held.quarantine_fix(entry.id_of(BAD), mended)
    assert (fixed.released, fixed.held, fixed.dry_run) == ((BAD,), (), True)
    assert brands(held) == {"top", "mid", "sub"}
    report = held.quarantine_release(entry.id)
    assert (report.released, report.held, report.added) == ((BAD,), (PLAIN,), 3)
    assert report.reasons[PLAIN] == ["CKB-024a: A brand has at least one label."]
    assert brands(held) == {"top", "mid", "sub", "bad"}
    newest = held.log()[-1]
    assert (newest.id, newest.source) == (report.commit, "feed")
    (left,) = held.quarantine()
    assert (left.nodes, left.id) == ((PLAIN,), entry.id)
    assert left.id_of(PLAIN) == entry.id_of(PLAIN)
    assert held.validate().conforms
    assert held.doctor()


def test_a_bad_fix_is_kept_and_says_its_new_reason(held: KnowledgeBase, tmp_path: Path) -> None:
    (entry,) = held.quarantine()
    worse = turtle(tmp_path, "brand:bad a ckb:Brand ; ckb:directSubBrandOf brand:top .", "worse.ttl")
    report = held.quarantine_fix(entry.id, worse)
    assert set(report.held) == {BAD, PLAIN}
    assert report.reasons[BAD] == ["CKB-024a: A brand has at least one label."]
    assert held.quarantine_entry(BAD).reasons(BAD) == report.reasons[BAD]


def test_a_fix_may_bring_what_the_node_lacked(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    bad = 'brand:x a ckb:Brand ; rdfs:label "X"@en ; ckb:directSubBrandOf brand:top , brand:mid .\n'
    knowledge.load(turtle(tmp_path, BRANDS + bad), source="feed")
    more = """brand:new a ckb:Brand ; rdfs:label "New"@en .
    brand:x a ckb:Brand ; rdfs:label "X"@en ; ckb:directSubBrandOf brand:new ."""
    (entry,) = knowledge.quarantine()
    assert knowledge.quarantine_fix(entry.id, turtle(tmp_path, more, "more.ttl"))
    assert knowledge.quarantine_release(entry.id)
    assert brands(knowledge) >= {"x", "new"}
    assert knowledge.quarantine() == []


def test_a_release_also_takes_away_what_the_load_replaced(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS), source="feed")
    changed = BRANDS.replace(
        'brand:sub a ckb:Brand ; rdfs:label "Lumora Mini"@en ; ckb:directSubBrandOf brand:mid .',
        "brand:sub a ckb:Brand ; ckb:directSubBrandOf brand:mid , brand:top .",
    )
    knowledge.load(turtle(tmp_path, changed, "again.ttl"), source="feed")
    (entry,) = knowledge.quarantine()
    fix = turtle(
        tmp_path,
        'brand:sub a ckb:Brand ; rdfs:label "Petite"@en ; ckb:directSubBrandOf brand:top .',
        "fix.ttl",
    )
    assert knowledge.quarantine_fix(entry.id, fix)
    assert knowledge.quarantine_release(entry.id)
    asked = f"SELECT ?l ?p {{ <{BRAND}sub> rdfs:label ?l ; ckb:directSubBrandOf ?p }}"
    rows = [tuple(map(str, row)) for row in knowledge.query(asked, reasoning=False).rows]  # type: ignore[union-attr]
    assert rows == [('"Petite"@en', f"<{BRAND}top>")]


def test_one_node_or_all_can_be_thrown_away(held: KnowledgeBase) -> None:
    (entry,) = held.quarantine()
    assert held.quarantine_drop(entry.id_of(PLAIN)) == (PLAIN,)
    assert held.quarantine()[0].nodes == (BAD,)
    assert held.quarantine_entry(BAD).about([PLAIN]) == b""
    assert held.quarantine_drop(entry.id) == (BAD,)
    assert held.quarantine() == []
    assert held.doctor()


def test_a_source_loaded_anew_takes_the_place_of_what_it_left(held: KnowledgeBase, tmp_path: Path) -> None:
    before = held.quarantine()[0].commit
    held.load(turtle(tmp_path, BRANDS + BAD_BRAND, "again.ttl"), source="feed")
    (entry,) = held.quarantine()
    assert entry.commit != before
    assert entry.nodes == (BAD,)


def test_loading_again_what_is_held_makes_no_commit(held: KnowledgeBase, tmp_path: Path) -> None:
    (entry,), commits = held.quarantine(), len(held.log())
    again = held.load(turtle(tmp_path, BRANDS + BAD_BRAND + NO_LABEL), source="feed")
    assert not again
    assert (again.commit, set(again.nodes), again.quarantined) == (None, {BAD, PLAIN}, 5)
    assert "nothing new" in str(again) and "In quarantine: 2 nodes with 5 quads" in str(again)
    assert len(held.log()) == commits
    assert [(one.id, one.nodes, one.origins) for one in held.quarantine()] == [
        (entry.id, entry.nodes, entry.origins)
    ]
    assert not held.doctor().findings


def test_another_node_that_is_held_is_a_commit_of_its_own(held: KnowledgeBase, tmp_path: Path) -> None:
    commits = len(held.log())
    more = "brand:third\n  a ckb:Brand .\n"
    again = held.load(turtle(tmp_path, BRANDS + BAD_BRAND + NO_LABEL + more), source="feed")
    assert len(held.log()) == commits + 1
    (entry,) = held.quarantine()
    assert (entry.commit, len(entry.nodes)) == (again.commit, 3)


def test_what_was_thrown_away_is_held_again_when_it_is_loaded_again(
    held: KnowledgeBase, tmp_path: Path
) -> None:
    held.quarantine_drop(held.quarantine()[0].id_of(BAD))
    held.load(turtle(tmp_path, BRANDS + BAD_BRAND + NO_LABEL), source="feed")
    assert set(held.quarantine()[0].nodes) == {BAD, PLAIN}


@pytest.mark.parametrize("name", ["nothing", "0000/1", "abcd/9"])
def test_an_unknown_name_is_answered_with_where_to_look(held: KnowledgeBase, name: str) -> None:
    with pytest.raises(NotFound, match="kb quarantine list"):
        held.quarantine_release(name)


def test_a_file_about_other_nodes_mends_nothing(held: KnowledgeBase, tmp_path: Path) -> None:
    before = held.quarantine_entry(BAD).about([BAD])
    with pytest.raises(UsageError, match="says nothing"):
        held.quarantine_fix(BAD, turtle(tmp_path, 'brand:other rdfs:label "O"@en .', "other.ttl"))
    assert held.quarantine_entry(BAD).about([BAD]) == before


def test_rows_of_tables_are_named(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    table = tmp_path / "brands.csv"
    table.write_text("id,name,parent\ntop,Top,\nbad,,top\nfine,Fine,top\n")
    mapping = tmp_path / "map.yml"
    mapping.write_text(
        "prefixes: {ckb: 'https://w3id.org/commerce-kb/onto#', rdfs: 'http://www.w3.org/2000/01/rdf-schema#'}\n"
        "mappings:\n  brand:\n    sources: [['brands.csv~csv']]\n"
        f"    s: '{BRAND}$(id)'\n    po:\n      - [a, ckb:Brand]\n      - [rdfs:label, $(name), en~lang]\n"
    )
    report = knowledge.load(table, mapping=mapping, source="table")
    assert report.nodes == (BAD,)
    told = knowledge.quarantine()[0].origins[BAD]
    assert (told["file"], told["row"]) == ("brands.csv", 2)


@pytest.mark.parametrize(
    ("gate", "held", "stored"),
    [
        ('"CKB-024c" = "warn"', set(), {"top", "mid", "sub", "bad"}),
        ('Violation = "warn"', set(), {"top", "mid", "sub", "bad"}),
        (
            '"https://w3id.org/commerce-kb/shapes#BrandParentShape" = "quarantine", Violation = "warn"',
            None,
            None,
        ),
    ],
)
def test_the_settings_say_what_the_gate_does(
    store: Path, tmp_path: Path, gate: str, held: set[str] | None, stored: set[str] | None
) -> None:
    settle(store, gate)
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND), source="feed")
        nodes = {node for entry in knowledge.quarantine() for node in entry.nodes}
        if held is not None:
            assert nodes == held
            assert brands(knowledge) == stored


def test_a_shape_can_refuse_a_whole_commit(store: Path, tmp_path: Path) -> None:
    settle(store, '"CKB-024c" = "refuse"')
    with KnowledgeBase.open(store) as knowledge:
        with pytest.raises(GateRefused, match=r"gate in kb.toml.*CKB-024c"):
            knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND), source="feed")
        assert len(knowledge.log()) == 1
        assert knowledge.load(turtle(tmp_path, BRANDS + NO_LABEL, "other.ttl"), source="feed").nodes == (
            PLAIN,
        )


def test_an_unknown_action_of_the_gate_is_refused(store: Path) -> None:
    settle(store, 'Violation = "ignore"')
    with pytest.raises(UsageError, match="gate"):
        KnowledgeBase.open(store).settings  # noqa: B018


def settle(store: Path, gate: str) -> None:
    path = store / "kb.toml"
    lines = [line for line in path.read_text().splitlines() if not line.startswith("gate")]
    path.write_text("\n".join([*lines, f"gate = {{{gate}}}"]) + "\n")


def test_the_command_line_goes_all_the_way(
    held: KnowledgeBase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = str(held.folder.path)
    held.close()

    def kb(*arguments: str) -> tuple[int, str]:
        code = run(["--store", store, "quarantine", *arguments])
        return code, capsys.readouterr().out

    code, out = kb("--format", "json")
    (entry,) = json.loads(out)
    (bad,) = [one for one in entry["held"] if one["node"] == BAD]
    assert (code, bad["row"], bad["reasons"][0][:8]) == (0, 9, "CKB-024c")
    code, out = kb("show", bad["id"], "--format", "nq")
    kept = [line for line in out.splitlines() if "brand/mid>" not in line]
    assert len(kept) == len(out.splitlines()) - 1
    mended = tmp_path / "mended.nq"
    mended.write_text("\n".join(kept) + "\n")
    assert kb("release", entry["id"])[0] == 1
    assert kb("fix", bad["id"], str(mended))[0] == 0
    assert kb("release", bad["id"])[0] == 0
    assert kb("drop", entry["id"])[0] == 0
    assert kb("list") == (0, "")
    assert kb("release")[0] == kb("list", "x")[0] == kb("fix", "x")[0] == 2


def test_a_server_with_its_core_carries_out_every_verb(
    held: KnowledgeBase, mended: Path, tmp_path: Path
) -> None:
    store = held.folder.path
    held.close()

    def kb(*words: str) -> tuple[int, str]:
        return beside(store, "quarantine", *words, cwd=tmp_path)

    with launching(cleanly=False) as launch:
        server = launch(store)
        before = server.get("/health").json["snapshot"]
        (entry,) = json.loads(kb("--format", "json")[1])
        ids = {one["node"]: one["id"] for one in entry["held"]}
        code, told = kb("release", ids[BAD])
        assert code == 1 and "CKB-024c" in told and server.get("/health").json["snapshot"] == before
        assert kb("fix", ids[BAD], mended.name)[0] == 0
        code, told = kb("release", ids[BAD])
        assert code == 0 and "1 nodes released" in told
        asked = f"/sparql?query={quote(f'ASK {{ {BAD} ?p ?o }}')}"
        assert server.get(asked, Accept="application/sparql-results+json").json["boolean"]
        assert kb("drop", ids[PLAIN])[0] == 0 and "Nothing is in quarantine" in kb()[1]
