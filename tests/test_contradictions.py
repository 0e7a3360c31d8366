"""Contradictions as people meet them: told by kb reason, refused or held back by a store's settings."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase, LoadOptions, graphs
from kb.cli import run
from kb.errors import GateRefused
from kb.settings import Action, Settings
from kb.terms import OWL

EX = "http://example.org/"
PREFIXES = f"""@prefix : <{EX}> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
"""
ONTOLOGY = """
:Buyer a owl:Class ; owl:disjointWith :Brand . :Brand a owl:Class .
:likes a owl:ObjectProperty ; rdfs:domain :Buyer .
:code a owl:DatatypeProperty . :Sku a owl:Class ; owl:hasKey ( :code ) .
"""
SHAPES = "[] a sh:NodeShape ; sh:targetClass :Offer ; sh:property [ sh:path :of ; sh:class :Brand ] ."
BAD = ":b a :Brand ; :likes :c . :good a :Brand ."


def turtle(folder: Path, text: str, name: str = "data.ttl") -> Path:
    path = folder / name
    path.write_text(PREFIXES + text)
    return path


def made(folder: Path, action: Action, *, shapes: bool = False) -> KnowledgeBase:
    """A store with an ontology of its own, and what its settings say of contradictions."""
    files = [str(turtle(folder, SHAPES, "shapes.ttl"))] if shapes else []
    onto = str(turtle(folder, ONTOLOGY, "onto.ttl"))
    knowledge = KnowledgeBase.open(folder / "shop.kb")
    knowledge.init(Settings(ontology=(onto,), shapes=tuple(files), contradictions=action))
    return knowledge


def subjects(knowledge: KnowledgeBase) -> set[str]:
    found = knowledge.query("SELECT DISTINCT ?s { ?s ?p ?o FILTER STRSTARTS(STR(?s), 'http://example.org/') }",
                            reasoning=False)  # fmt: skip
    return {row["s"].value.removeprefix(EX) for row in found} - {"Buyer", "Brand", "Sku", "likes", "code"}


def test_a_commit_with_a_new_contradiction_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with made(tmp_path, "refuse") as knowledge:
        knowledge.load(turtle(tmp_path, ":b a :Brand ."))
        with pytest.raises(GateRefused, match="contradictions that were not there") as refused:
            knowledge.load(turtle(tmp_path, ":b :likes :c .", "more.ttl"))
        assert "to mend it, take back" in str(refused.value)
        (told,) = refused.value.report.to_dict()["contradictions"]
        assert f"<{EX}b>" in told["witnesses"] and len(told["sides"]) == 2
        assert [[f"<{EX}b>", f"<{EX}likes>", f"<{EX}c>"]] in told["mends"]
        assert len(knowledge.log()) == 2
        assert subjects(knowledge) == {"b"}
        assert knowledge.load(turtle(tmp_path, ":d :likes :c .", "fine.ttl"))
        assert subjects(knowledge) == {"b", "d"}


def test_the_nodes_of_a_contradiction_go_to_quarantine_and_the_rest_is_kept(tmp_path: Path) -> None:
    with made(tmp_path, "quarantine") as knowledge:
        report = knowledge.load(turtle(tmp_path, BAD))
        assert report.nodes == (f"<{EX}b>",)
        assert not report.contradictions
        assert subjects(knowledge) == {"good"}
        (entry,) = knowledge.quarantine()
        (reason,) = entry.reasons(f"<{EX}b>")
        assert "cax-dw" in reason and "exclude each other" in reason
        assert knowledge.reason()
        assert not knowledge.quarantine_release(entry.id)
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        assert knowledge.load(turtle(tmp_path, ":e :likes :c .", "fine.ttl"))


def test_what_needs_a_node_in_quarantine_is_judged_anew_by_the_shapes(tmp_path: Path) -> None:
    with made(tmp_path, "quarantine", shapes=True) as knowledge:
        report = knowledge.load(turtle(tmp_path, BAD + ":o a :Offer ; :of :b . :p a :Offer ; :of :good ."))
        assert set(report.nodes) == {f"<{EX}b>", f"<{EX}o>"}
        assert subjects(knowledge) == {"good", "p"}


def test_an_old_contradiction_does_not_stand_in_the_way(tmp_path: Path) -> None:
    with made(tmp_path, "warn") as knowledge:
        assert knowledge.load(turtle(tmp_path, BAD)).contradictions
    settings = tmp_path / "shop.kb" / "kb.toml"
    settings.write_text(settings.read_text().replace('"warn"', '"refuse"'))
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        report = knowledge.load(turtle(tmp_path, ":d a :Brand .", "fine.ttl"))
        assert report.commit and report.contradictions
        with pytest.raises(GateRefused):
            knowledge.load(turtle(tmp_path, ":d :likes :c .", "more.ttl"))


@pytest.mark.parametrize("action", ["refuse", "quarantine"])
def test_an_ontology_that_contradicts_the_data_is_refused_and_leaves_nothing(
    tmp_path: Path, action: Action
) -> None:
    with made(tmp_path, action) as knowledge:
        knowledge.load(turtle(tmp_path, ":b a :Brand , :Shop ."))
        edit = "<urn:onto> a owl:Ontology . :Shop a owl:Class ; owl:disjointWith :Brand ."
        with pytest.raises(GateRefused, match="contradictions that were not there") as refused:
            knowledge.load_ontology([turtle(tmp_path, edit, "edit.ttl")])
        assert "mend the axioms" in str(refused.value) and "Shop" in str(refused.value)
        assert len(knowledge.log()) == 2
        assert not knowledge.query("ASK { GRAPH ?g { <urn:onto> ?p ?o } }")
        harmless = edit.replace("owl:disjointWith :Brand", "rdfs:subClassOf :Brand")
        assert knowledge.load_ontology([turtle(tmp_path, harmless, "edit.ttl")]).commit


def test_an_ontology_that_contradicts_the_data_is_warned_of_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = turtle(
        tmp_path, "<urn:onto> a owl:Ontology . :Shop a owl:Class ; owl:disjointWith :Brand .", "e.ttl"
    )
    with made(tmp_path, "warn") as knowledge:
        knowledge.load(turtle(tmp_path, ":b a :Brand , :Shop ."))
        store = str(knowledge.folder.path)
    assert run(["--store", store, "ontology", "load", str(edit)]) == 1
    assert "Contradiction: b " in capsys.readouterr().out
    settings = tmp_path / "shop.kb" / "kb.toml"
    settings.write_text(settings.read_text().replace('"warn"', '"refuse"'))
    edit.write_text(edit.read_text().replace(":Shop a", ":Kiosk a owl:Class . :Shop a"))
    with KnowledgeBase.open(store) as knowledge:  # What contradicts was there.
        assert knowledge.load_ontology([edit]).commit


def test_reason_tells_contradictions_in_full_and_suspected_errors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    many = "".join(f':s{number} a :Sku ; :code "1" . ' for number in range(60))
    wrong = "".join(f":b{number} a :Brand ; :likes :c . " for number in range(5))
    with made(tmp_path, "warn") as knowledge:
        knowledge.load(turtle(tmp_path, many + wrong))
    store = str(tmp_path / "shop.kb")
    assert run(["--store", store, "reason"]) == 1
    out = capsys.readouterr().out
    assert out.count("to mend it, take back") == 3 and "and 2 more contradictions" in out
    assert "Suspected error in the data: 60 individuals" in out and "HasKey" in out
    assert run(["--store", store, "reason", "--all", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert len(told["accounts"]) == len(told["contradictions"]) == 5
    assert all(one["sides"] and one["mends"] for one in told["accounts"])
    assert len(told["suspects"]) == 1


@pytest.mark.parametrize("action", ["refuse", "quarantine"])
def test_a_private_fact_that_contradicts_a_public_one_is_held_back_too(
    tmp_path: Path, action: Action
) -> None:
    with made(tmp_path, action) as knowledge:
        knowledge.load(turtle(tmp_path, ":b a :Brand ."))
        secret = turtle(tmp_path, ":b :likes :c . :d :likes :c .", "secret.ttl")
        options = LoadOptions(private=True)
        if action == "refuse":
            with pytest.raises(GateRefused, match="contradictions"):
                knowledge.load(secret, source="s", options=options)
            assert subjects(knowledge) == {"b"} and len(knowledge.log()) == 2
        else:
            assert knowledge.load(secret, source="s", options=options).nodes == (f"<{EX}b>",)
            assert subjects(knowledge) == {"b", "d"}
            (entry,) = knowledge.quarantine()
            assert "cax-dw" in " ".join(entry.reasons(f"<{EX}b>"))
        assert knowledge.contradictions().count == 0
        # Public data stay as they were: what private data bring about does not touch them.
        found = knowledge.query(f"ASK {{ <{EX}b> a <{EX}Buyer> }}", private=False)
        assert not found


@pytest.mark.parametrize("action", ["refuse", "quarantine"])
def test_an_ontology_commit_that_makes_data_contradictory_is_refused(tmp_path: Path, action: Action) -> None:
    with made(tmp_path, action) as knowledge:
        knowledge.load(turtle(tmp_path, ":s a :Sku ; :code '1' . :b a :Brand , :Sku ."))
        sku, brand, place = (
            ox.NamedNode(one) for one in (f"{EX}Sku", f"{EX}Brand", f"{graphs.ONTOLOGY}onto")
        )
        with (
            pytest.raises(GateRefused, match="contradictions") as refused,
            knowledge.commit(source="onto", message="they share nothing") as change,
        ):
            change.added.append(ox.Quad(sku, OWL.disjointWith, brand, place))
        assert "exclude each other" in str(refused.value)
        assert len(knowledge.log()) == 2 and knowledge.contradictions().count == 0
        # And what follows is what it was: the next commit is judged without the axiom.
        assert knowledge.load(turtle(tmp_path, ":e a :Brand , :Sku .", "fine.ttl"))


def test_what_a_store_warns_of_is_told_by_its_verb_and_ends_with_its_cause(tmp_path: Path) -> None:
    with made(tmp_path, "warn") as knowledge:
        knowledge.load(turtle(tmp_path, BAD))
        told = knowledge.contradictions()
        assert told.count == 1 == len(told.accounts)
        assert told.accounts == knowledge.reason(accounts=None).accounts
        knowledge.update(f"DELETE WHERE {{ GRAPH ?g {{ <{EX}b> <{EX}likes> <{EX}c> }} }}")
        assert knowledge.contradictions().count == 0
