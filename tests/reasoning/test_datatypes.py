"""The dt-* rules: value spaces, equal and different literals, and what holds by itself."""

from __future__ import annotations

import pytest

from kb.reasoning import explain
from kb.reasoning.datatypes import RL_DATATYPES

XSD = "http://www.w3.org/2001/XMLSchema#"
OWL = "http://www.w3.org/2002/07/owl#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"

# Datatype: (literals with a value in it, literals without).
SPACES = {
    "xsd:integer": (
        ['"-5"^^xsd:integer', '"7"^^xsd:byte', '"2.0"^^xsd:decimal'],
        ['"2.5"^^xsd:decimal', '"2"'],
    ),
    "xsd:decimal": (['"1"^^xsd:integer', '"0.5"^^xsd:decimal'], ['"1"^^xsd:double', '"x"^^xsd:decimal']),
    "xsd:nonNegativeInteger": (['"0"^^xsd:integer', '"0"^^xsd:negativeInteger, 0'], ['"-1"^^xsd:integer']),
    "xsd:byte": (['"127"^^xsd:integer', '"5"^^xsd:unsignedLong'], ['"128"^^xsd:integer', '"300"^^xsd:byte']),
    "xsd:unsignedLong": (['"18446744073709551615"^^xsd:integer'], ['"18446744073709551616"^^xsd:integer']),
    "xsd:double": (['"1e3"^^xsd:double', '"NaN"^^xsd:double'], ['"1"^^xsd:decimal', '"1"^^xsd:float']),
    "xsd:string": (['"a"', '"a"^^xsd:token'], ['"a"@en', '"1"^^xsd:integer']),
    "rdf:PlainLiteral": (['"a"', '"a"@en'], ['"1"^^xsd:integer']),
    "rdf:langString": (['"a"@en'], ['"a"']),
    "rdfs:Literal": (['"a"', '"1"^^xsd:byte', '"x"^^<urn:own>'], ['"x"^^xsd:byte']),
    "xsd:normalizedString": (['"a b"'], [r'"a\tb"']),
    "xsd:token": (['"a b"'], ['" a"', '"a  b"']),
    "xsd:language": (['"en-GB"'], ['"no language"']),
    "xsd:NCName": (['"a-1"', '"é"'], ['"a:b"', '"1a"']),
    "xsd:Name": (['"a:b"'], ['"1a"']),
    "xsd:NMTOKEN": (['"1a"'], ['"a b"']),
    "xsd:boolean": (["true", '"1"^^xsd:boolean'], ['"yes"^^xsd:boolean', "1"]),
    "xsd:anyURI": (['"urn:a"^^xsd:anyURI'], ['"urn:a"']),
    "xsd:dateTimeStamp": (['"2026-01-31T00:00:00Z"^^xsd:dateTime'], ['"2026-01-31T00:00:00"^^xsd:dateTime']),
    "xsd:hexBinary": (['"0aFF"^^xsd:hexBinary'], ['"0a"^^xsd:base64Binary', '"f"^^xsd:hexBinary']),
    "xsd:date": (['"2024-02-29"^^xsd:date'], ['"2026-02-29"^^xsd:date']),
}


@pytest.mark.parametrize("datatype", SPACES)
def test_a_literal_outside_the_datatype_of_a_range_contradicts_it_and_no_other(bench, datatype):
    inside, outside = SPACES[datatype]
    for text in inside:
        assert bench(f":p rdfs:range {datatype} .", f":x :p {text} .").clashes() == [], text
    for text in outside:
        [found] = bench(f":p rdfs:range {datatype} .", f":x :p {text} .").result.contradictions
        assert found.source.names == ("prp-rng", "dt-not-type"), text


def test_a_range_by_intersection_or_universal_restriction_is_checked_too(bench):
    both = "[ a rdfs:Datatype ; owl:intersectionOf ( xsd:byte xsd:nonNegativeInteger ) ]"
    assert bench(f":p rdfs:range {both} .", ":x :p 5 .").clashes() == []
    assert bench(f":p rdfs:range {both} .", ":x :p -5 .").clashes() == ["prp-rng"]
    only = ":A rdfs:subClassOf [ owl:onProperty :p ; owl:allValuesFrom xsd:string ] ."
    assert bench(only, ":x :p 5 .").clashes() == []
    [found] = bench(only, ":x a :A ; :p 5 .").result.contradictions
    assert "dt-not-type" in found.source.names


def test_an_iri_where_a_literal_is_expected_is_left_to_the_shapes(bench):
    assert bench(":p rdfs:range xsd:string .", ":x :p :y .").clashes() == []


def test_a_datatype_on_the_left_is_asked_of_the_values(bench):
    cheap = ":Cheap owl:equivalentClass [ owl:onProperty :price ; owl:someValuesFrom xsd:unsignedByte ] ."
    result = bench(cheap, ':a :price 20 . :b :price 2000 . :c :price "20"^^xsd:float . :d :price 7.0 .')
    assert result.turtle() == "a a Cheap . d a Cheap"
    counted = ":C rdfs:subClassOf [ owl:onProperty :p ; owl:maxQualifiedCardinality 0 ; owl:onDataRange xsd:integer ] ."
    assert bench(counted, ':x a :C ; :p "a" .').clashes() == []
    assert bench(counted, ':x a :C ; :p "1"^^xsd:byte .').clashes() == ["cax-sco"]


def test_values_are_one_whatever_datatype_they_are_written_in(bench):
    mega = ":Mega owl:equivalentClass [ owl:onProperty :tier ; owl:hasValue 1 ] ."
    told = bench(mega, ':a :tier 1.0 . :b :tier "1"^^xsd:byte . :c :tier "1" . :d :tier 1e0 .')
    members = [one for one in told.turtle().split(" . ") if " a " in one]
    assert members == ["a a Mega", "b a Mega"]
    key = ":S owl:hasKey ( :code ) ."
    assert "y sameAs x" in bench(key, ":x a :S ; :code 5 . :y a :S ; :code 5.0 .").turtle()
    assert bench(key, ':x a :S ; :code 5 . :y a :S ; :code "5" .').turtle() == ""
    apart = ":p a owl:DatatypeProperty ; owl:propertyDisjointWith :q ."
    assert bench(apart, ":x :p 5 ; :q 5.0 .").clashes() == ["prp-pdw"]
    assert bench(apart, ":x :p 5 ; :q 5.5 .").clashes() == []


def test_what_is_equal_by_value_alone_is_proven_so(bench):
    result = bench(":S owl:hasKey ( :code ) .", ":x a :S ; :code 5 . :y a :S ; :code 5.0 .")
    ids = result.id("x"), result.rules.vocabulary.same_as, result.id("y")
    text = str(explain(result.rules, result.view, result.asserted, *ids, dictionary=result.dictionary))
    assert text.splitlines()[-1].endswith("[dt-eq: the literals have one value]")


# Rule: a fact that holds by it, with nothing asserted.
AXIOMATIC = {
    "eq-ref": ("<urn:a>", f"<{OWL}sameAs>", "<urn:a>"),
    "cls-thing": (f"<{OWL}Thing>", f"<{RDF}type>", f"<{OWL}Class>"),
    "cls-nothing1": (f"<{OWL}Nothing>", f"<{RDF}type>", f"<{OWL}Class>"),
    "prp-ap": (f"<{RDFS}label>", f"<{RDF}type>", f"<{OWL}AnnotationProperty>"),
    "dt-type1": (f"<{XSD}byte>", f"<{RDF}type>", f"<{RDFS}Datatype>"),
    "dt-type2": (f'"1"^^<{XSD}integer>', f"<{RDF}type>", f"<{XSD}byte>"),
    "dt-eq": (f'"1"^^<{XSD}integer>', f"<{OWL}sameAs>", f'"1"^^<{XSD}byte>'),
    "dt-diff": ('"a"', f"<{OWL}differentFrom>", '"b"'),
    "scm-cls": ("<http://example.org/C>", f"<{RDFS}subClassOf>", f"<{OWL}Thing>"),
    "scm-op": ("<http://example.org/p>", f"<{RDFS}subPropertyOf>", "<http://example.org/p>"),
    "scm-dp": ("<http://example.org/v>", f"<{OWL}equivalentProperty>", "<http://example.org/v>"),
}


@pytest.mark.parametrize("rule", AXIOMATIC)
def test_what_holds_by_itself_is_answered_when_asked_and_not_stored(bench, rule):
    result = bench(":C a owl:Class . :p a owl:ObjectProperty . :v a owl:DatatypeProperty .", ":x a :C .")
    fact = [int(one) for one in result.dictionary.encode(list(AXIOMATIC[rule]))]
    proof = explain(result.rules, result.view, result.asserted, *fact, dictionary=result.dictionary)
    assert proof is not None and proof.rule == rule and not proof.asserted
    assert result.facts == set()


@pytest.mark.parametrize(
    "fact",
    [
        (f'"1"^^<{XSD}integer>', f"<{OWL}sameAs>", '"1"'),
        ('"a"', f"<{RDF}type>", f"<{XSD}integer>"),
        ("<urn:a>", f"<{OWL}sameAs>", "<urn:b>"),
        ("<urn:a>", f"<{RDFS}subClassOf>", "<urn:a>"),
    ],
)
def test_what_does_not_hold_by_itself_has_no_proof(bench, fact):
    result = bench("", ":x a :C .")
    ids = [int(one) for one in result.dictionary.encode(list(fact))]
    assert explain(result.rules, result.view, result.asserted, *ids, dictionary=result.dictionary) is None


def test_the_datatypes_of_the_profile_are_thirty():
    # OWL 2 Profiles, section 4.2: those of OWL 2 without owl:real, owl:rational, xsd:double, xsd:float.
    assert len(RL_DATATYPES) == 30
