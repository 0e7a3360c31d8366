"""HermiT as a second opinion: on the hierarchy of classes, and on what follows for individuals."""

from __future__ import annotations

import io

import owlready2
import pyoxigraph as ox
import pytest

from kb.errors import OntologyError, ToolMissing
from kb.reasoning import classify, compile_ontology, materialise
from kb.reasoning.entailment import relations_of
from kb.reasoning.hermit import merged
from kb.resources import folder

from .conftest import name, parse, to_facts
from .test_inferences import ROWS, clash, graph, shipped

ONTO = "https://w3id.org/commerce-kb/onto#"


@pytest.fixture(autouse=True)
def java(program):
    return program("java")


def test_classification_adds_what_the_rules_do_not_see():
    found = classify(
        parse(
            ":A a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom :B ] . "
            ":B a owl:Class . :p a owl:ObjectProperty ; rdfs:domain :C . :C a owl:Class ; rdfs:subClassOf :D . "
            ":D a owl:Class ."
        )
    )
    assert found.consistent
    assert [f"{name(one.subject)} {name(one.object)}" for one in found.subclasses] == ["A C"]


def test_a_class_that_can_have_no_member_is_named():
    found = classify(
        parse(
            ":A a owl:Class ; owl:disjointWith :B . :B a owl:Class . :C a owl:Class ; rdfs:subClassOf :A , :B ."
        )
    )
    assert found.consistent
    assert found.unsatisfiable == ("http://example.org/C",)


def test_an_inconsistent_ontology_is_said_to_be_so():
    found = classify(
        parse(":A a owl:Class ; owl:disjointWith :B . :B a owl:Class . :x a :A , :B , owl:NamedIndividual .")
    )
    assert not found.consistent and found.subclasses == ()


def test_hermit_passes_over_a_datatype_that_it_does_not_know_and_says_so():
    found = classify(
        parse(
            ":p a owl:DatatypeProperty ; rdfs:range xsd:gYear . :A a owl:Class . :B a owl:Class ; rdfs:subClassOf "
            "[ a owl:Restriction ; owl:onProperty :p ; owl:someValuesFrom xsd:gMonth ] . :A owl:equivalentClass :C . "
            ":C a owl:Class . :x a owl:NamedIndividual , :A ; :p '2026'^^xsd:gYear ."
        )
    )
    assert found.consistent and found.unsatisfiable == () and found.subclasses == ()
    assert [one.rpartition("#")[2] for one in found.unheard] == ["gYear"]


def test_what_hermit_can_not_read_is_an_ontology_error():
    with pytest.raises(OntologyError, match="simple"):
        classify(
            parse(
                ":p a owl:ObjectProperty , owl:TransitiveProperty , owl:AsymmetricProperty . :q a owl:Class ."
            )
        )


def test_missing_java_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissing, match="default-jre-headless"):
        classify([])


def test_hermit_and_the_rules_draw_the_same_from_the_test_data():
    """All rows at once: classes and object properties of named individuals, both directions."""
    dictionary, _ = shipped()
    axioms = []
    for file in sorted(folder("ontology").glob("*.ttl")):
        if not file.name.startswith("align"):
            axioms += ox.parse(path=str(file), format=ox.RdfFormat.TURTLE, rename_blank_nodes=True)
    data = [one.triple for row in ROWS if clash(row) is None for one in graph(row, "given")]
    objects = {one.subject for one in axioms if name(one.object) == "ObjectProperty"}
    rules = compile_ontology(axioms, dictionary)
    given = relations_of(dictionary, data)
    ours = to_facts(dictionary, given) | to_facts(dictionary, materialise(rules, given).relations)
    individuals = {term for one in data for term in (one.subject, one.object)} - {
        one.object for one in data if name(one.predicate) == "a"
    }
    theirs = hermit([*axioms, *data], individuals)
    assert len(theirs) > 200
    mine = {
        (s.value, name(p), o.value)
        for s, p, o in ours
        if (p in objects and p.value.startswith(ONTO)) or (name(p) == "a" and o.value.startswith(ONTO))
    }
    assert theirs - mine == set()
    assert mine - theirs == set()


def hermit(triples, individuals) -> set[tuple[str, str, str]]:
    """What HermiT finds of individuals, in our namespace."""
    world = owlready2.World()
    ontology = world.get_ontology("urn:merged#")
    named = [
        ox.Triple(one, ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"), kind)
        for one in individuals
        if isinstance(one, ox.NamedNode)
        for kind in [ox.NamedNode("http://www.w3.org/2002/07/owl#NamedIndividual")]
    ]
    text = ox.serialize(merged([*triples, *named]), format=ox.RdfFormat.N_TRIPLES)
    ontology.load(fileobj=io.BytesIO(text))
    owlready2.sync_reasoner_hermit(world, infer_property_values=True, debug=0)
    found = set()
    for one in world.individuals():
        for kind in (ancestor for parent in one.is_a for ancestor in ancestors(parent)):
            if kind.iri.startswith(ONTO):
                found.add((one.iri, "a", kind.iri))
        for prop in world.object_properties():
            if prop.iri.startswith(ONTO):
                for other in prop._get_indirect_values_for_individual(one):
                    found.add((one.iri, prop.name, other.iri))
                    # owlready2 leaves out what it takes for known through the inverse.
                    if prop.inverse_property is not None:
                        found.add((other.iri, prop.inverse_property.name, one.iri))
    return found


def ancestors(parent):
    return parent.ancestors() if isinstance(parent, owlready2.ThingClass) else ()
