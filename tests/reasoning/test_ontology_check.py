"""`kb ontology check`: what it says, what it stores, and that reasoning needs no Java for it."""

from __future__ import annotations

import json
import shutil

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
    (tmp_path / "more.ttl").write_text(PREFIXES + "<urn:more> a owl:Ontology . :Tale rdfs:subClassOf :Book .")
    assert run(["ontology", "load", str(tmp_path / "more.ttl"), "--store", str(store)]) == 0
    assert "kb ontology check --write" in capfd.readouterr().err
    with KnowledgeBase.open(store) as knowledge:
        assert not knowledge.query(asked), "the axioms that it was drawn from are others now"
    assert run(["ontology", "load", str(tmp_path / "more.ttl"), "--store", str(store)]) == 0
    assert "classification" not in capfd.readouterr().err


@pytest.mark.usefixtures("java")
def test_checking_files_lists_what_the_rules_do_not_cover_and_what_is_not_here(tmp_path, capfd):
    (tmp_path / "o.ttl").write_text(PREFIXES + BEYOND + "<urn:o> a owl:Ontology ; owl:imports <urn:gone> .")
    assert run(["ontology", "check", str(tmp_path / "o.ttl")]) == 0
    assert capfd.readouterr().out.splitlines() == [
        "consistent",
        "violations of OWL 2 DL: 0, of OWL 2 RL: 1",
        "RL: expression that may not stand on the right of SubClassOf, nor be a domain or range, once",
        "  reads in SubClassOf(Reader ObjectSomeValuesFrom(reads Book))",
        "  to mend it: unions, 'some' and numbers on the right are for shapes (sh:or, sh:minCount)",
        "added: Reader SubClassOf Person",
        "not covered: Reader SubClassOf reads some Book: an existential restriction on the right is not covered by "
        "OWL 2 RL; demand the value by a shape (sh:minCount)",
        "import that is not here: urn:gone",
    ]


@pytest.mark.usefixtures("java")
def test_what_hermit_can_not_read_is_checked_as_far_as_it_goes(tmp_path, capfd):
    text = ":p a owl:ObjectProperty , owl:TransitiveProperty , owl:AsymmetricProperty . :A a owl:Class . :x a :B ."
    (tmp_path / "o.ttl").write_text(PREFIXES + text)
    assert run(["ontology", "check", str(tmp_path / "o.ttl")]) == 1
    told = capfd.readouterr().out
    assert told.startswith("consistency is not known: HermiT can't read the ontology: ")
    assert (
        "DL and RL: property with a chain, or a transitive one, where a simple one is needed, once\n  p in"
        in told
    )
    assert "DL and RL: undeclared class, once\n  B in ClassAssertion(B x)" in told
    found = check_ontology(parse(text))
    assert found.consistent is None and not found and not found.profiles
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        knowledge.init(Settings(ontology=(str(tmp_path / "o.ttl"),), shapes=()))
        with pytest.raises(OntologyError, match="HermiT can't read"):
            knowledge.check_ontology(write=True)


@pytest.mark.usefixtures("java")
def test_java_without_a_compiler_checks_all_but_the_profiles(tmp_path, monkeypatch):
    lean = tmp_path / "java"
    lean.write_text(
        f'#!/bin/sh\nexec {shutil.which("java")} --limit-modules java.desktop,java.logging "$@"\n'
    )
    lean.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = check_ontology(parse(BEYOND))
    assert found and "that needs a JDK (apt-get install default-jdk-headless)" in str(found)


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
