"""The command line as people use it: verbs, exit codes, what goes to which stream.

Most cases run in this process, because importing the libraries takes longer than the verbs; what only a real
process can show (streams, pipes, imports, standard input) runs as one.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.cli import GROUPS, run
from kb.querying.competency import catalogue
from tests.conftest import ROOT
from tests.shop import BAD_BRAND, BRANDS, turtle

VERBS = [verb for verbs in GROUPS.values() for verb in verbs]
BRAND = "https://w3id.org/commerce-kb/id/brand/"
COUNT = "SELECT (COUNT(DISTINCT ?b) AS ?n) { ?b a ckb:Brand }"


class Ended(NamedTuple):
    """How a command line ended."""

    code: int
    out: str
    err: str


Kb = Callable[..., Ended]


@pytest.fixture
def kb(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Kb:
    """Run ``kb ARGUMENTS`` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KB_STORE", raising=False)

    def once(*arguments: object) -> Ended:
        capsys.readouterr()
        code = run([str(one) for one in arguments])
        return Ended(code, *capsys.readouterr())

    return once


def process(*arguments: object, stdin: str = "", options: tuple[str, ...] = (), **env: str) -> Ended:
    """Run ``kb ARGUMENTS`` as a process."""
    done = subprocess.run(
        [sys.executable, *options, "-m", "kb", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        cwd=ROOT,
        timeout=120,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def filled(made_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three brands, and a fourth in quarantine; don't write to it."""
    place = tmp_path_factory.mktemp("filled")
    store = Path(shutil.copytree(made_store, place / "shop.kb"))
    with KnowledgeBase.open(store) as knowledge:
        knowledge.load(turtle(place, BRANDS + BAD_BRAND), source="feed", message="brands")
    return store


@pytest.fixture
def own(filled: Path, tmp_path: Path) -> Path:
    """A copy of the filled store to write to."""
    return Path(shutil.copytree(filled, tmp_path / "own.kb"))


# The command line itself


def test_help_lists_every_verb_in_its_group(kb: Kb) -> None:
    ended = kb("--help")
    assert ended.code == 0
    for group, verbs in GROUPS.items():
        section = ended.out.split(f"\n{group}:\n")[1].split("\n\n")[0]
        assert [line.split()[0] for line in section.splitlines()] == list(verbs)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself_with_examples(kb: Kb, verb: str) -> None:
    ended = kb(verb, "--help")
    assert ended.code == 0
    usage, _, examples = ended.out.partition("Examples:")
    assert f"Usage: kb {verb}" in usage
    assert f"kb {verb}" in examples


def test_help_imports_no_large_library() -> None:
    program = (
        "import sys; from kb.cli import run; run(['--help']); "
        "sys.exit(any(name in sys.modules for name in ('numpy', 'pyarrow', 'pyoxigraph', 'duckdb', 'flask')))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Everyday" in ended.stdout


def test_the_version_is_that_of_the_package(kb: Kb) -> None:
    from importlib.metadata import version

    assert kb("--version").out.strip().endswith(version("commerce-kb"))


@pytest.mark.parametrize(("typed", "meant"), [("quary", "kb query"), ("vaildate", "kb validate")])
def test_an_unknown_verb_is_answered_with_the_one_that_was_meant(kb: Kb, typed: str, meant: str) -> None:
    ended = kb(typed)
    assert (ended.code, ended.out) == (2, "")
    assert f"did you mean {meant}" in ended.err


def test_a_verb_like_no_other_is_answered_with_where_to_look(kb: Kb) -> None:
    assert "kb --help" in kb("zzz").err


def test_usage_errors_exit_with_2_and_system_errors_with_3(kb: Kb) -> None:
    assert kb("load").code == 2
    assert kb("query", "--no-such-option").code == 2
    assert kb("stats", "--format", "yaml").code == 2
    assert kb("query").code == 2
    assert kb("stats").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", COUNT], ["validate"], ["reason"], ["explain", "a:b", "rdf:type", "ckb:SPU"], ["find", "x"],
        ["show", "x"], ["stats"], ["log"], ["dump"], ["quarantine"],
    ],
)  # fmt: skip
def test_reading_where_no_store_is_names_the_remedy_and_makes_none(
    kb: Kb, tmp_path: Path, arguments: list[str]
) -> None:
    ended = kb(*arguments)
    assert (ended.code, ended.out) == (3, "")
    assert "no store at shop.kb" in ended.err
    assert "kb load FILE or kb demo" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_the_store_is_named_before_or_behind_the_verb_or_by_the_environment(
    kb: Kb, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = "?n\n3\n"
    assert kb("--store", filled, "query", COUNT).out == expected
    assert kb("query", COUNT, "--store", filled).out == expected
    assert kb("--store", "nowhere.kb", "query", COUNT, "--store", filled).out == expected
    monkeypatch.setenv("KB_STORE", str(filled))
    assert kb("query", COUNT).out == expected
    assert kb("query", COUNT, "--store", "nowhere.kb").code == 3


# Everyday


def test_init_makes_a_store_once(kb: Kb) -> None:
    first = kb("init", "--store", "new.kb")
    assert (first.code, first.out) == (0, "")
    assert "new.kb is ready" in first.err
    kb("init", "--store", "new.kb")
    assert len(json.loads(kb("log", "--format", "json", "--store", "new.kb").out)) == 1


def test_the_first_load_makes_the_store_and_reports_on_standard_output(kb: Kb, tmp_path: Path) -> None:
    ended = kb("load", turtle(tmp_path, BRANDS), "--message", "first", "--source", "brands")
    assert ended.code == 0
    assert ended.out.startswith("brands: commit #2 (")
    assert "9 quads added, 0 removed" in ended.out
    assert kb("query", COUNT).out == "?n\n3\n"


def test_a_load_with_violations_exits_with_1_and_says_where_to_look(
    kb: Kb, store: Path, tmp_path: Path
) -> None:
    ended = kb("load", turtle(tmp_path, BRANDS + BAD_BRAND), "--store", store)
    assert ended.code == 1
    assert "see kb quarantine" in ended.out
    assert kb("query", COUNT, "--store", store).out == "?n\n3\n"


def test_strict_loads_and_dry_runs_change_nothing(kb: Kb, store: Path, tmp_path: Path) -> None:
    feed = turtle(tmp_path, BRANDS + BAD_BRAND)
    strict = kb("load", feed, "--strict", "--store", store)
    assert (strict.code, strict.out) == (1, "")
    dry = kb("load", feed, "--dry-run", "--store", store, "--format", "json")
    assert dry.code == 1
    told = json.loads(dry.out)
    assert (told["dry_run"], told["added"], told["quarantined"]) == (True, 9, 4)
    assert kb("query", COUNT, "--store", store).out == "?n\n0\n"


def test_the_same_load_again_is_good_and_says_so(kb: Kb, own: Path, tmp_path: Path) -> None:
    feed = turtle(tmp_path, BRANDS)
    kb("load", feed, "--store", own)
    again = kb("load", feed, "--store", own)
    assert again.code == 0
    assert "nothing new" in again.out


def test_loading_reports_bad_files_on_standard_error_with_exit_code_1(
    kb: Kb, store: Path, tmp_path: Path
) -> None:
    broken = turtle(tmp_path, "brand:x a ckb:Brand ; rdfs:label unquoted .", "broken.ttl")
    ended = kb("load", broken, "--store", store)
    assert (ended.code, ended.out) == (1, "")
    assert "broken.ttl, line 6" in ended.err
    assert kb("load", "no.ttl", "--store", store).code == 1
    assert kb("load", "http://example.org/x.ttl", "--store", store).code == 1


def test_files_can_be_added_or_kept_private(kb: Kb, own: Path, tmp_path: Path) -> None:
    more = turtle(tmp_path, 'brand:new a ckb:Brand ; rdfs:label "Novel"@en .', "more.ttl")
    assert kb("load", more, "--source", "feed", "--add", "--store", own).code == 0
    assert kb("query", COUNT, "--store", own).out == "?n\n4\n"
    assert kb("load", more, "--source", "hidden", "--private", "--store", own).code == 0
    assert b"graph/private/hidden" in kb("dump", "--store", own).out.encode()
    assert "graph/private/" not in kb("dump", "--public", "--store", own).out


def test_tables_are_loaded_through_a_mapping(kb: Kb, store: Path, tmp_path: Path) -> None:
    (tmp_path / "brands.csv").write_text("code,name\nx,Exa\ny,Ypsilon\n")
    (tmp_path / "brands.yml").write_text(
        """prefixes:
  ckb: https://w3id.org/commerce-kb/onto#
  rdfs: http://www.w3.org/2000/01/rdf-schema#
mappings:
  brand:
    sources: [[brands.csv~csv]]
    s: https://w3id.org/commerce-kb/id/brand/$(code)
    po:
      - [a, ckb:Brand]
      - [rdfs:label, $(name), en~lang]
"""
    )
    ended = kb("load", "brands.csv", "--mapping", "brands.yml", "--store", store)
    assert (ended.code, ended.err) == (0, "")
    assert kb("query", COUNT, "--store", store).out == "?n\n2\n"


def test_standard_input_is_loaded_by_its_named_format(store: Path) -> None:
    triple = f"<{BRAND}piped> <urn:p> <urn:o> .\n"
    ended = process("load", "-", "--input-format", "nt", "--source", "pipe", "--store", store, stdin=triple)
    assert (ended.code, ended.err) == (0, "")
    asked = process("query", "-", stdin=f"ASK {{ <{BRAND}piped> ?p ?o }}", KB_STORE=str(store))
    assert asked == Ended(0, "yes\n", "")


def test_validate_tells_violations_by_its_exit_code(kb: Kb, filled: Path, tmp_path: Path) -> None:
    assert kb("validate", "--store", filled).code == 0
    judged = kb("validate", turtle(tmp_path, BAD_BRAND, "bad.ttl"), "--store", filled, "--format", "json")
    assert judged.code == 1
    assert f"{BRAND}bad" in {one["focus"].strip("<>") for one in json.loads(judged.out)["results"]}
    report = kb("validate", "--store", filled, "--format", "turtle").out
    assert list(ox.parse(report, format=ox.RdfFormat.TURTLE))


def test_reason_reports_in_words_and_in_json(kb: Kb, filled: Path) -> None:
    ended = kb("reason", "--store", filled)
    assert ended.code == 0
    assert "triples inferred by" in ended.out
    assert json.loads(kb("reason", "--store", filled, "--format", "json").out)["public"] > 0


def test_a_query_comes_as_text_or_file_with_values_for_its_variables(
    kb: Kb, filled: Path, tmp_path: Path
) -> None:
    (tmp_path / "count.rq").write_text(COUNT)
    for given in (COUNT, "count.rq"):
        assert kb("query", given, "--store", filled) == Ended(0, "?n\n3\n", "")
    bound = "SELECT ?l { ?s rdfs:label ?l } ORDER BY ?l"
    ended = kb("query", bound, "--param", f"s={BRAND}top", "--store", filled, "--format", "csv")
    assert ended.out.split() == ["l", "Lumora", "露墨"]


def test_reasoning_can_be_left_out_of_a_query(kb: Kb, filled: Path) -> None:
    text = f"SELECT ?t {{ <{BRAND}sub> ckb:subBrandOf ?t }}"
    assert len(kb("query", text, "--store", filled).out.splitlines()) == 3
    assert len(kb("query", text, "--store", filled, "--no-reasoning").out.splitlines()) == 1


def test_questions_are_listed_without_a_store(kb: Kb) -> None:
    lines = kb("query", "--list").out.splitlines()
    assert [line.split("\t")[0] for line in lines] == [one.id for one in catalogue()]


def test_a_question_is_asked_by_label_or_iri_of_its_parameter(kb: Kb, demo_store: Path) -> None:
    ended = kb("query", "G05", "--store", demo_store, "--format", "csv")
    assert ended.code == 0
    assert len(ended.out.splitlines()) > 1
    spu = kb("query", "SELECT ?s { ?s a ckb:SPU } ORDER BY ?s LIMIT 1", "--store", demo_store, "-f", "csv")
    iri = spu.out.split()[1]
    assert kb("query", "G05", "--param", f"spu={iri}", "--store", demo_store).code == 0
    wrong = kb("query", "G05", "--param", "shoe=x", "--store", demo_store)
    assert (wrong.code, wrong.out) == (2, "")
    assert "its parameters are spu" in wrong.err
    assert kb("query", "G99", "--store", demo_store).code == 2
    assert kb("query", "G05", "--param", "spu", "--store", demo_store).code == 2


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv", "table"])
def test_rows_are_written_in_every_format(kb: Kb, filled: Path, form: str) -> None:
    ended = kb("query", COUNT, "--format", form, "--store", filled)
    assert ended.code == 0
    if form == "json":
        assert json.loads(ended.out)["results"]["bindings"][0]["n"]["value"] == "3"
    elif form in ("xml", "csv", "tsv"):
        formats = {
            "xml": ox.QueryResultsFormat.XML, "csv": ox.QueryResultsFormat.CSV, "tsv": ox.QueryResultsFormat.TSV
        }  # fmt: skip
        if form != "csv":
            (row,) = ox.parse_query_results(ended.out, format=formats[form])
            assert row["n"].value == "3"
        else:
            assert ended.out.splitlines() == ["n", "3"]
    else:
        assert "3" in ended.out
        assert ended.err == "1 rows\n"


@pytest.mark.parametrize("form", ["ttl", "nt", "jsonld", "rdf"])
def test_triples_are_written_in_every_format(kb: Kb, filled: Path, form: str) -> None:
    from kb.formats import rdf_format_named

    ended = kb("query", f"DESCRIBE <{BRAND}top>", "--format", form, "--store", filled)
    assert ended.code == 0
    assert len(list(ox.parse(ended.out, format=rdf_format_named(form)))) >= 3


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv", "table"])
def test_a_truth_value_is_written_in_every_format(kb: Kb, filled: Path, form: str) -> None:
    ended = kb("query", "ASK { ?b a ckb:Brand }", "--format", form, "--store", filled)
    assert ended.code == 0
    assert ("yes" if form == "table" else "true") in ended.out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT * { ?s ?p", "line 1, column"),
        ("INSERT DATA { <urn:a> <urn:b> 1 }", "kb update"),
        ("SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }", "SERVICE"),
    ],
)
def test_a_bad_query_is_a_usage_error_that_says_where(kb: Kb, filled: Path, text: str, words: str) -> None:
    ended = kb("query", text, "--store", filled)
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err


def test_formats_that_do_not_fit_are_usage_errors(kb: Kb, filled: Path) -> None:
    for form in ("ttl", "nonsense"):
        assert kb("query", COUNT, "--format", form, "--store", filled).code == 2
    assert kb("query", "DESCRIBE <urn:a>", "--format", "csv", "--store", filled).code == 2
    assert kb("dump", "--format", "nonsense", "--store", filled).code == 2


def test_an_update_is_a_commit(kb: Kb, own: Path, tmp_path: Path) -> None:
    (tmp_path / "change.ru").write_text(f'INSERT DATA {{ <{BRAND}up> a ckb:Brand ; rdfs:label "Upward"@en }}')
    ended = kb("update", "change.ru", "--source", "fix", "--message", "one more", "--store", own)
    assert ended.code == 0
    assert ended.out.startswith("fix: commit #3")
    assert "one more" in kb("log", "--store", own).out.splitlines()[0]
    assert kb("query", COUNT, "--store", own).out == "?n\n4\n"
    bad = kb("update", "INSERT DATA { <urn:a> <urn:b> }", "--store", own)
    assert (bad.code, bad.out) == (2, "")


def test_explain_gives_rule_and_premises(kb: Kb, filled: Path) -> None:
    ended = kb("explain", "brand/sub", "ckb:subBrandOf", "brand/top", "--store", filled)
    assert ended.code == 0
    assert "directSubBrandOf" in ended.out
    told = json.loads(
        kb("explain", "brand/sub", "ckb:subBrandOf", "brand/top", "--store", filled, "-f", "json").out
    )
    assert told
    untrue = kb("explain", "brand/top", "ckb:subBrandOf", "brand/sub", "--store", filled)
    assert (untrue.code, untrue.out) == (2, "")
    assert f"{BRAND}top" in untrue.err


def test_find_forgives_typing_errors_and_exits_with_1_for_nothing(kb: Kb, filled: Path) -> None:
    for text in ("Lumora", "lumroa", "露墨"):
        ended = kb("find", text, "--store", filled)
        assert ended.code == 0
        assert f"{BRAND}top" in ended.out
    told = json.loads(kb("find", "Lumora", "--kind", "ckb:Brand", "--store", filled, "-f", "json").out)
    assert told[0]["iri"] == f"{BRAND}top"
    nothing = kb("find", "qqqqqqqq", "--store", filled)
    assert (nothing.code, nothing.out) == (1, "")
    assert json.loads(kb("find", "qqqqqqqq", "--store", filled, "-f", "json").out) == []


def test_show_marks_what_was_inferred_with_a_star(kb: Kb, filled: Path) -> None:
    ended = kb("show", "brand/sub", "--store", filled)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == f"{BRAND}sub"
    assert any(line.startswith("* ckb:subBrandOf") and "brand/top" in line for line in lines)
    assert any(line.startswith("  ckb:directSubBrandOf") for line in lines)
    assert kb("show", "Lumora Mini", "--store", filled).out == ended.out
    assert "brands" in kb("show", "#2", "--store", filled).out
    assert kb("show", "brand/none", "--store", filled).code == 2
    assert kb("show", "#99", "--store", filled).code == 2


def test_stats_tell_graphs_and_classes(kb: Kb, filled: Path) -> None:
    assert "graph/feed" in kb("stats", "--store", filled).out
    told = json.loads(kb("stats", "--store", filled, "--format", "json").out)
    assert {"name": "https://w3id.org/commerce-kb/graph/feed", "quads": 9, "private": False} in told["graphs"]
    assert told["commits"] == 2


# Versions and care


def test_log_lists_commits_newest_first(kb: Kb, filled: Path) -> None:
    lines = kb("log", "--store", filled).out.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["#2", "#1"]
    told = json.loads(kb("log", "--store", filled, "--format", "json").out)
    assert [(one["number"], one["source"]) for one in told] == [(2, "feed"), (1, "ontology")]
    assert told[0]["message"] == "brands"


def test_revert_undoes_a_commit_by_number_or_id(kb: Kb, own: Path) -> None:
    ended = kb("revert", "#2", "--store", own)
    assert ended.code == 0
    assert kb("query", COUNT, "--store", own).out == "?n\n0\n"
    newest = json.loads(kb("log", "--store", own, "--format", "json").out)[0]
    assert kb("revert", newest["id"][:8], "--store", own).code == 0
    assert kb("query", COUNT, "--store", own).out == "?n\n3\n"
    missing = kb("revert", "#99", "--store", own)
    assert (missing.code, missing.out) == (2, "")


def test_quarantine_tells_what_was_held_back_and_why(kb: Kb, filled: Path, made_store: Path) -> None:
    ended = kb("quarantine", "--store", filled)
    assert ended.code == 0
    assert f"<{BRAND}bad>" in ended.out
    (entry,) = json.loads(kb("quarantine", "--store", filled, "--format", "json").out)
    assert entry["nodes"] == [f"<{BRAND}bad>"]
    nothing = kb("quarantine", "--store", made_store)
    assert (nothing.code, nothing.out) == (0, "")


@pytest.mark.parametrize("form", ["nq", "trig"])
def test_a_dump_loaded_elsewhere_is_the_same_store(kb: Kb, filled: Path, form: str) -> None:
    assert kb("dump", "--output", f"all.{form}", "--format", form, "--store", filled) == Ended(0, "", "")
    quads = {quad for quad in ox.parse(path=f"all.{form}") if "graph/feed" in quad.graph_name.value}
    assert len(quads) == 9
    one = "https://w3id.org/commerce-kb/graph/feed"
    text = kb("dump", "--graph", one, "--format", "ttl", "--store", filled).out
    assert {quad.triple for quad in ox.parse(text, format=ox.RdfFormat.TURTLE)} == {
        quad.triple for quad in quads
    }


def test_a_dump_of_many_graphs_or_of_none_is_refused(kb: Kb, filled: Path) -> None:
    assert kb("dump", "--format", "ttl", "--store", filled).code == 2
    unknown = kb("dump", "--graph", "urn:none", "--store", filled)
    assert (unknown.code, unknown.out) == (2, "")
    assert "kb stats" in unknown.err


# The demo


@pytest.mark.parametrize("form", ["nquads", "csv"])
def test_generate_writes_files_and_names_them(kb: Kb, tmp_path: Path, form: str) -> None:
    ended = kb("generate", "--scale", "0.05", "--faults", "0.02", "--as", form, "--output", "shop")
    assert ended.code == 0
    assert all(Path(line).is_file() for line in ended.out.splitlines())
    assert "faults planted" in ended.err


def test_the_demo_walks_through_five_moments(tmp_path: Path) -> None:
    ended = process("demo", "--no-serve", "--scale", "0.05", "--store", tmp_path / "demo.kb")
    assert ended.code == 0
    for number in range(1, 6):
        assert f"\n{number}. " in ended.out
    assert "kb load your.csv" in ended.out
    again = process("demo", "--no-serve", "--scale", "0.05", "--store", tmp_path / "demo.kb")
    assert again.code == 0
    assert again.out == ended.out
    assert "is there already" in again.err


# What only a process shows


def test_results_and_talk_go_to_streams_of_their_own(filled: Path) -> None:
    assert process("query", COUNT, "--store", filled) == Ended(0, "?n\n3\n", "")
    for arguments, code in ((["quary"], 2), (["stats", "--store", "no.kb"], 3), (["load", "no.ttl"], 1)):
        ended = process(*arguments, KB_STORE=str(filled))
        assert (ended.code, ended.out) == (code, "")
        assert ended.err.startswith("kb: ")
        assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    "arguments",
    [["dump"], ["query", "SELECT * { ?s ?p ?o }"], ["query", "CONSTRUCT WHERE { ?s ?p ?o }"], ["stats"]],
)
def test_whoever_stops_reading_ends_a_verb_quietly(filled: Path, arguments: list[str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "kb", "--store", str(filled), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    ) as writing:
        assert writing.stdout and writing.stderr
        writing.stdout.close()
        talk = writing.stderr.read()
        assert writing.wait(60) == 0
    assert talk == b""


def test_explain_names_graph_and_commit_of_each_leaf(kb: Kb, filled: Path) -> None:
    asked = ("explain", "brand/sub", "ckb:subBrandOf", "brand/top", "--store", filled)
    told = json.loads(kb(*asked, "-f", "json").out)
    assert told["premises"] and told["assertions"] == []
    leaf = told
    while leaf["premises"]:
        leaf = leaf["premises"][0]
    (said,) = leaf["assertions"]
    log = json.loads(kb("log", "--store", filled, "-f", "json").out)
    commit = next(one for one in log if one["message"] == "brands")
    assert said["graph"].endswith("/graph/feed")
    assert (said["commit"], said["id"], said["time"]) == (commit["number"], commit["id"], commit["time"])
    assert f"commit #{said['commit']} of {said['time'][:10]} (brands)" in kb(*asked).out


def test_explain_all_gives_other_proofs_up_to_a_bound(kb: Kb, filled: Path) -> None:
    asked = ("explain", "brand/sub", "rdf:type", "ckb:Brand", "--store", filled, "--all", "-f", "json")
    proofs = json.loads(kb(*asked).out)["proofs"]
    assert len(proofs) > 1
    last_steps = [(one["rule"], str([below["conclusion"] for below in one["premises"]])) for one in proofs]
    assert len(set(last_steps)) == len(proofs)
    assert len(json.loads(kb(*asked, "--at-most", "1").out)["proofs"]) == 1
