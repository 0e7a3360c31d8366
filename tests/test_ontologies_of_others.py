"""Ontologies that others keep: checked with a useful summary, aligned so that queries answer in both vocabularies."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pyoxigraph import NamedNode, Triple

from kb import KnowledgeBase
from kb.cli import run
from kb.ontology.difference import difference, read_ontology
from kb.ontology.impact import Consequence, Impact
from kb.reasoning import check_ontology
from kb.resources import folder
from kb.settings import Settings
from kb.terms import OWL, RDF, RDFS
from tests.conftest import ROOT
from tests.shop import BRANDS, turtle

ACME = "https://acme.example/voc#"
THEIRS = "PREFIX acme: <https://acme.example/voc#> "
WARES = "@prefix acme: <https://acme.example/voc#> . <urn:w> a acme:Ware ; acme:madeBy <urn:m> . <urn:m> a acme:Maker ."


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (
            "gs1-webvoc/gs1Voc.ttl.gz",
            [
                r"violations of OWL 2 DL: 5,\d{3}, of OWL 2 RL: 5,\d{3}",
                r"HermiT passed over axioms with datatypes that it does not know: .*date",
                r"DL and RL: undeclared class, 2,\d{3} times, \d{3} terms\n .* in SubClassOf\(",
                r"one name for two kinds of property",
                r"rdfs:comemnt in",
            ],
        ),
        (
            "schemaorg/schemaorg-all-https.ttl.gz",
            [
                r"violations of OWL 2 DL: \d,\d{3}",
                r"undeclared annotation property, \d,\d{3} times, \d+ terms",
                r"to mend it: declare it \(TERM a owl:Class\)",
            ],
        ),
    ],
    ids=["GS1", "schema.org"],
)
def test_check_ends_in_a_summary_by_kind(
    shared_data: Callable[[str], Path],
    program: Callable[[str], Path],
    capfd: pytest.CaptureFixture[str],
    file: str,
    told: list[str],
) -> None:
    program("java")
    place, name = file.split("/")
    assert run(["ontology", "check", str(shared_data(place) / name)]) == 0
    out, err = capfd.readouterr()
    assert out.startswith("consistent\n") and err == ""
    assert len(out.splitlines()) < 45 and max(map(len, out.splitlines())) < 450
    assert [one for one in told if not re.search(one, out)] == []


def test_edit_that_brings_thousands_of_terms_is_told_in_few_lines() -> None:
    terms = [NamedNode(f"urn:term:{number}") for number in range(3000)]
    classes = [Triple(one, RDF.type, OWL.Class) for one in terms]
    axioms = [Triple(one, RDFS.subClassOf, terms[0]) for one in terms[1:]]
    drawn = tuple(Consequence(one.value, 1, 0, ("a",)) for one in terms)
    told = str(Impact(difference([], [*classes, *axioms]), drawn)).splitlines()
    assert len(told) == 25 + 1 + 25 + 1 + 1 + 25 + 1
    assert told[25] == "and 2,975 more terms added" and told[51] == "and 2,974 more axioms added"
    assert told[-1] == "  and 2,975 more (--format json tells all)"


def test_aligned_vocabulary_is_in_the_profiles_and_queries_answer_in_both(
    tmp_path: Path, program: Callable[[str], Path]
) -> None:
    program("java")
    (text,) = re.findall(
        r"```turtle\n(.*?)```", (ROOT / "docs" / "ontology.md").read_text("utf-8"), re.DOTALL
    )
    align = tmp_path / "align-acme.ttl"
    align.write_text(text, "utf-8")
    (tmp_path / "wares.ttl").write_text(WARES, "utf-8")
    found = check_ontology(read_ontology([align, folder("ontology")]))
    assert found and found.profiles and not found.unsupported, str(found)

    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        knowledge.init(Settings(shapes=()))
        knowledge.load(
            turtle(tmp_path, BRANDS + "<urn:spu> a ckb:SPU ; ckb:directBrand brand:top ."), source="ours"
        )
        knowledge.load(tmp_path / "wares.ttl", source="theirs")
        assert not knowledge.query(f"{THEIRS} ASK {{ ?brand a acme:Maker , ckb:Brand }}")
        weighed = knowledge.weigh_ontology([align], hermit=False)
        gained = {one.term.rpartition("#")[2]: one.gained for one in weighed.consequences if not one.lost}
        assert gained == {"Maker": 3, "Brand": 1, "Ware": 1, "madeBy": 1}
        assert weighed and weighed.difference.added

        assert knowledge.load_ontology([align]).commit
        for name in ("acme:Maker", "ckb:Brand"):
            assert len(list(knowledge.query(f"{THEIRS} SELECT ?x {{ ?x a {name} }}"))) == 4, name
        assert (
            len(list(knowledge.query(f"{THEIRS} SELECT ?x {{ ?x a acme:Ware ; acme:madeBy ?maker }}"))) == 2
        )
        assert len(list(knowledge.query("SELECT ?x { ?x ckb:directBrand ?brand }"))) == 1, (
            "only from ours to theirs"
        )
