"""Ontologies that are odd, endless or outside OWL 2 RL end in time with a clear result."""

from __future__ import annotations

import gzip

import pyoxigraph as ox
import pytest

from kb.columns.dictionary import Dictionary
from kb.errors import OntologyError, UsageError
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


def test_a_key_on_unbounded_values_is_not_used_for_those_who_have_them(bench):
    ontology = ":S owl:hasKey ( :tag :label ) ."
    many = "".join(
        f":{name} a :S ; :tag {', '.join(map(str, range(start, start + 2000)))} ; "
        f":label {', '.join(map(str, range(2000)))} ."
        for name, start in (("x", 0), ("y", 1))
    )
    few = ":a a :S ; :tag 1 ; :label 2 . :b a :S ; :tag 1 , 3 ; :label 2 ."
    result = bench(ontology, many + few)
    [found] = result.result.unkeyed
    assert found.members == tuple(sorted((result.id("x"), result.id("y"))))
    assert "b sameAs a" in result.turtle() and "x sameAs y" not in result.turtle()
    assert "S HasKey tag, label" in found.sentence(str)


def test_a_key_on_texts_without_end_merges_nothing_and_a_shared_blank_one_is_reported(bench):
    data = "".join(f':s{n} a :S ; :text "text {n}" , "" .' for n in range(3000))
    result = bench(":S owl:hasKey ( :text ) .", data)
    [found] = result.result.oversized
    assert len(found.members) == 3000
    assert [str(result.dictionary.term(one)) for one in found.values] == ['""']
    assert result.facts == set()


def test_a_class_with_a_union_and_an_intersection_is_both(bench):
    both = ":C owl:unionOf ( :A :B ) ; owl:intersectionOf ( :D :E ) ."
    assert bench(both, ":x a :A .").turtle() == "x a C . x a D . x a E"
    assert bench(both, ":x a :D , :E .").turtle() == "x a C"
    anonymous = "[ owl:unionOf ( :A :B ) ; owl:intersectionOf ( :D :E ) ] rdfs:subClassOf :F ."
    assert bench(anonymous, ":x a :A .").turtle() == "x a D . x a E . x a F"
    assert bench(anonymous, ":x a :D , :E .").turtle() == "x a F"


def test_a_restriction_with_a_name_is_read(bench):
    named = ":R owl:onProperty :p ; owl:someValuesFrom :A . :S owl:onProperty :q ; owl:allValuesFrom :B ."
    assert bench(named, ":x :p :y . :y a :A .").turtle() == "x a R"
    assert bench(named, ":x a :S ; :q :y .").turtle() == "y a B"


def test_a_literal_in_the_place_of_a_class_or_a_number_that_is_none_is_reported():
    rules = compile_ontology(
        parse(
            ':A rdfs:subClassOf "B" . :A rdfs:subClassOf [ owl:onProperty :p ; owl:maxCardinality "few" ] . '
            ":A rdfs:subClassOf [ owl:onProperty :p ] . :q rdfs:range <http://www.w3.org/2001/XMLSchema#digit> . "
            ":A rdfs:subClassOf [ owl:onProperty :p ; owl:hasSelf true ] . :A rdfs:subClassOf xsd:integer ."
        ),
        Dictionary(),
    )
    assert rules.rules == ()
    assert [one.construct for one in rules.unsupported] == [
        "a literal in the place of a class",
        "a cardinality that is no number",
        "an incomplete restriction",
        "owl:hasSelf",
        "a datatype in the place of a class",
        "the datatype digit, whose values are not known",
    ]


@pytest.mark.parametrize(
    ("file", "form", "constructs"),
    [
        ("schemaorg/schemaorg-all-https.ttl.gz", ox.RdfFormat.TURTLE, set()),
        ("schemaorg/schemaorg.owl.gz", ox.RdfFormat.RDF_XML, {"a union on the right"}),
        (
            "gs1-webvoc/gs1Voc.ttl.gz",
            ox.RdfFormat.TURTLE,
            {
                "a union on the right",
                "a literal in the place of a class",
                "the datatype AI, whose values are not known",
            },
        ),
        ("lubm/univ-bench.owl", ox.RdfFormat.RDF_XML, {"an existential restriction on the right"}),
    ],
)
def test_ontologies_of_others_compile_and_what_is_outside_the_rules_has_axiom_and_remedy(
    shared_data, file, form, constructs
):
    path = shared_data(file.split("/")[0]) / file.split("/")[1]
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rules = compile_ontology(ox.parse(text, format=form, base_iri="http://example.org/"), Dictionary())
    assert len(rules.rules) > 80
    assert {one.construct for one in rules.unsupported} == constructs
    assert all(one.axiom and one.remedy for one in rules.unsupported)


def test_a_circle_of_thousands_of_classes_is_an_error_that_names_one_of_them():
    ring = " ".join(f":C{n} rdfs:subClassOf :C{(n + 1) % 3000} ." for n in range(3000))
    with pytest.raises(OntologyError, match=r"more than 2,000,000 pairs.*http://example\.org/C"):
        compile_ontology(parse(ring), Dictionary())


def test_thousands_of_restrictions_on_one_property_compile(bench):
    many = " ".join(
        f":A{n} rdfs:subClassOf [ owl:onProperty :p ; owl:someValuesFrom :B{n} ] . :B{n} rdfs:subClassOf :B{n // 2} ."
        for n in range(1, 1500)
    )
    rules = compile_ontology(parse(many), Dictionary())
    assert {one.construct for one in rules.unsupported} == {"an existential restriction on the right"}
    schema = {tuple(map(rules.dictionary.text, one)) for one in rules.schema}
    assert len(rules.schema) == len(schema) > 10_000
