"""Ontologies that are odd, endless or outside OWL 2 RL end in time with a clear result."""

from __future__ import annotations

import pytest

from kb.errors import UsageError
from kb.reasoning import compile_ontology

from .conftest import parse


def test_a_circle_of_subclasses_makes_all_of_them_equal(bench):
    ring = " ".join(f":C{n} rdfs:subClassOf :C{(n + 1) % 50} ." for n in range(50))
    result = bench(ring, ":x a :C0 .")
    assert len(result.facts) == 49
    told = {(s, p, o) for s, p, o in result.rules.schema}
    equivalent = result.dictionary.id("<http://www.w3.org/2002/07/owl#equivalentClass>")
    assert (result.id("C3"), equivalent, result.id("C7")) in told


def test_a_property_that_is_its_own_chain_ends(bench):
    result = bench(":p owl:propertyChainAxiom ( :p :p ) .", ":a :p :b . :b :p :c . :c :p :a .")
    assert len(result.facts) == 6


def test_a_chain_of_one_property_is_a_subproperty(bench):
    assert bench(":q owl:propertyChainAxiom ( :p ) .", ":a :p :b .").turtle() == "a q b"


def test_a_class_equivalent_to_its_complement_contradicts_every_member(bench):
    result = bench(":A owl:equivalentClass [ owl:complementOf :A ] .", ":x a :A .")
    assert result.clashes() == ["cax-eqc1"]
    assert [str(one) for one in result.rules.unsupported] == [
        "A EquivalentTo not A: a complement on the left is not covered by OWL 2 RL; "
        "name the class and let its members be stated, or write a rule query"
    ]


def test_a_class_expression_that_contains_itself_is_reported():
    from kb.columns.dictionary import Dictionary

    rules = compile_ontology(
        parse("_:a owl:intersectionOf ( :B _:a ) . _:a rdfs:subClassOf :C ."), Dictionary()
    )
    assert [one.construct for one in rules.unsupported] == ["a class expression that contains itself"]


def test_a_list_that_runs_in_a_circle_ends(bench):
    result = bench("_:l rdf:first :A ; rdf:rest _:l . :C owl:unionOf _:l .", ":x a :A .")
    assert result.turtle() == "x a C"


def test_a_missing_import_is_named_and_an_import_of_itself_is_not(bench):
    ontology = "<urn:me> a owl:Ontology ; owl:imports <urn:me> , <urn:elsewhere> ."
    assert bench(ontology).rules.missing_imports == ("urn:elsewhere",)


def test_an_unknown_profile_is_refused_with_those_that_exist():
    from kb.columns.dictionary import Dictionary

    with pytest.raises(UsageError, match="full"):
        compile_ontology([], Dictionary(), profile="half")


@pytest.mark.parametrize(
    ("axiom", "construct"),
    [
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :B ] .", "an existential restriction"),
        (":A rdfs:subClassOf [ owl:unionOf ( :B :C ) ] .", "a union on the right"),
        (":A rdfs:subClassOf [ owl:oneOf ( :b :c ) ] .", "an enumeration on the right"),
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:minCardinality 1 ] .", "this cardinality"),
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:maxCardinality 2 ] .", "this cardinality"),
        (":A rdfs:subClassOf [ owl:onProperty :p ; owl:hasSelf true ] .", "owl:hasSelf"),
        ("[ owl:onProperty :p ; owl:allValuesFrom :B ] rdfs:subClassOf :A .", "a universal restriction"),
        ("owl:Thing rdfs:subClassOf :A .", "owl:Thing on the left"),
        (":p a owl:ReflexiveProperty .", "a reflexive property"),
        (":A owl:disjointUnionOf ( :B :C ) .", "the covering half"),
        (":T owl:equivalentClass [ owl:onDatatype xsd:integer ] .", "a datatype definition"),
    ],
)
def test_a_construct_outside_the_rules_is_listed_with_axiom_and_remedy(bench, axiom, construct):
    [found] = bench(axiom).rules.unsupported
    assert found.construct.startswith(construct)
    assert found.axiom and found.remedy
    assert "(" in str(found) or ";" in str(found)


def test_what_is_outside_the_rules_does_not_stop_the_rest_of_its_axiom(bench):
    ontology = (
        ":A owl:equivalentClass [ owl:intersectionOf ( :B [ owl:onProperty :p ; owl:someValuesFrom :C ] ) ] ."
    )
    result = bench(ontology, ":x a :B ; :p :y . :y a :C . :z a :A .")
    assert result.turtle() == "x a A . z a B"
    assert len(result.rules.unsupported) == 1
