"""`kb ontology check`: what it says, what it stores, and that reasoning needs no Java for it."""

from __future__ import annotations

import json

import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.errors import OntologyError, ToolMissing
from kb.graphs import CLASSIFIED
from kb.reasoning import check_ontology
from kb.settings import Settings

from .conftest import PREFIXES, parse

# A member of :Reader reads something that has an author, which only books have: no rule of the tables sees it.
BEYOND = """
:Book a owl:Class ; rdfs:subClassOf :Work . :Work a owl:Class . :Reader a owl:Class ; rdfs:subClassOf
    [ a owl:Restriction ; owl:onProperty :reads ; owl:someValuesFrom :Book ] .
:reads a owl:ObjectProperty ; rdfs:domain :Person . :Person a owl:Class .
"""


@pytest.fixture
def java(program):
    return program("java")


@pytest.mark.usefixtures("java")
def test_an_impossible_class_is_named_with_axioms_that_make_it_so():
    found = check_ontology(
        parse(
            BEYOND + ":Work owl:disjointWith :Thing . :Thing a owl:Class . "
            ':Odd a owl:Class ; rdfs:subClassOf :Book , :Thing . :reads rdfs:comment "x" .'
        )
    )
    [one] = found.impossible
    assert not found and found.consistent
    assert one.iri == "http://example.org/Odd"
    assert set(one.axioms) == {
        "Work DisjointWith Thing",
        "Odd SubClassOf Book",
        "Book SubClassOf Work",
        "Odd SubClassOf Thing",
    }


@pytest.mark.usefixtures("java")
def test_what_only_hermit_sees_is_justified_by_a_least_set_of_axioms():
    found = check_ontology(
        parse(BEYOND + ":reads rdfs:range :Film . :Film a owl:Class ; owl:disjointWith :Book .")
    )
    [one] = found.impossible
    assert set(one.axioms) == {
        "Reader SubClassOf reads some Book",
        "reads Range Film",
        "Film DisjointWith Book",
    }


@pytest.mark.usefixtures("java")
def test_a_conflict_is_told_with_its_axioms_and_facts():
    found = check_ontology(parse(BEYOND + ":Work owl:disjointWith :Person . :x a :Book ; :reads :x ."))
    assert not found.consistent
    assert set(found.conflict) == {
        "Work DisjointWith Person",
        "Book SubClassOf Work",
        "reads Domain Person",
        "x Type Book",
        "x reads x",
    }


@pytest.mark.usefixtures("java")
def test_what_classification_adds_is_stored_and_reasoned_with_without_java(tmp_path, monkeypatch, capfd):
    (tmp_path / "o.ttl").write_text(PREFIXES + BEYOND)
    (tmp_path / "d.ttl").write_text(PREFIXES + ":ann a :Reader .")
    store = tmp_path / "shop.kb"
    with KnowledgeBase.open(store) as knowledge:
        knowledge.init(Settings(ontology=(str(tmp_path / "o.ttl"),), shapes=()))
        knowledge.load(tmp_path / "d.ttl")
        asked = "ASK { <http://example.org/ann> a <http://example.org/Person> }"
        assert not knowledge.query(asked)
    assert run(["ontology", "check", "--write", "--store", str(store), "--format", "json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["consistent"] and [one[2] for one in told["added"]] == ["<http://example.org/Person>"]
    monkeypatch.setenv("PATH", "")
    with KnowledgeBase.open(store) as knowledge:
        assert knowledge.query(asked)
        (tmp_path / "e.ttl").write_text(PREFIXES + ":bob a :Reader .")
        knowledge.load(tmp_path / "e.ttl")
        assert knowledge.query(asked.replace("ann", "bob"))
        assert knowledge.query(f"ASK {{ GRAPH <{CLASSIFIED}> {{ ?low ?is ?high }} }}")


@pytest.mark.usefixtures("java")
def test_checking_files_lists_what_the_rules_do_not_cover_and_what_is_not_here(tmp_path, capfd):
    (tmp_path / "o.ttl").write_text(PREFIXES + BEYOND + "<urn:o> a owl:Ontology ; owl:imports <urn:gone> .")
    assert run(["ontology", "check", str(tmp_path / "o.ttl")]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "consistent",
        "added: Reader SubClassOf Person",
        "not covered: Reader SubClassOf reads some Book: an existential restriction on the right is not covered by "
        "OWL 2 RL; demand the value by a shape (sh:minCount)",
        "import that is not here: urn:gone",
    ]


def test_without_java_the_check_says_which_package_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissing, match="default-jre-headless"):
        check_ontology(parse(BEYOND))


def test_a_file_that_is_not_there_or_does_not_parse_is_an_error_that_names_it(tmp_path, capfd):
    assert run(["ontology", "check", str(tmp_path / "no.ttl")]) == 1
    (tmp_path / "bad.ttl").write_text("<urn:a> <urn:b>")
    assert run(["ontology", "check", str(tmp_path / "bad.ttl")]) == 1
    told = capfd.readouterr().err
    assert "no.ttl" in told and "bad.ttl, line 1" in told


@pytest.mark.usefixtures("java")
def test_an_inconsistent_ontology_is_not_written_to(tmp_path, capfd):
    (tmp_path / "o.ttl").write_text(
        PREFIXES + ":A a owl:Class ; owl:disjointWith :B . :B a owl:Class . :x a :A , :B ."
    )
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        knowledge.init(Settings(ontology=(str(tmp_path / "o.ttl"),), shapes=()))
        commits = len(knowledge.log())
        with pytest.raises(OntologyError, match="A DisjointWith B"):
            knowledge.check_ontology(write=True)
        assert not knowledge.check_ontology()
        assert len(knowledge.log()) == commits
