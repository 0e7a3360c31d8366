"""What follows that is no fact about data: shown by denial, and not shown where it does not follow."""

from __future__ import annotations

import pytest

from kb.reasoning import entails

from .conftest import parse

SHOP = """
:Serum rdfs:subClassOf :Product . :Product owl:disjointWith :Agent . :Gift owl:equivalentClass :Present .
:buys rdfs:domain :Agent ; rdfs:range :Product ; rdfs:subPropertyOf :gets . :sells owl:inverseOf :soldBy .
:partOf owl:propertyChainAxiom ( :partOf :partOf ) . :near a owl:SymmetricProperty , owl:IrreflexiveProperty .
:price a owl:FunctionalProperty ; rdfs:range xsd:byte . :likes owl:propertyDisjointWith :hates .
:ann :buys :s1 ; :likes :x ; :hates :y . :s1 a :Serum . :a owl:sameAs :b . :b owl:differentFrom :c .
"""

# (conclusion, whether it follows)
CASES = [
    (":ann :gets :s1 .", True),
    (":ann :gets :s2 .", False),
    ("_:someone :buys _:something . _:something a :Product .", True),
    ("_:someone :buys _:something . _:something a :Agent .", False),
    (":Serum rdfs:subClassOf :Product .", True),
    (":Product rdfs:subClassOf :Serum .", False),
    ("[ owl:onProperty :buys ; owl:someValuesFrom :Serum ] rdfs:subClassOf :Agent .", True),
    ("[ owl:onProperty :buys ; owl:someValuesFrom :Serum ] rdfs:subClassOf :Product .", False),
    (":Present owl:equivalentClass :Gift .", True),
    (":Serum owl:disjointWith :Agent .", True),
    (":Serum owl:disjointWith :Gift .", False),
    (":buys rdfs:domain :Agent .", True),
    (":buys rdfs:range :Serum .", False),
    (":price rdfs:range xsd:short .", True),
    (":price rdfs:range xsd:unsignedByte .", False),
    (":buys rdfs:subPropertyOf :gets .", True),
    (":gets rdfs:subPropertyOf :buys .", False),
    (":soldBy owl:inverseOf :sells .", True),
    (":partOf a owl:TransitiveProperty .", True),
    (":near a owl:TransitiveProperty .", False),
    (":near a owl:SymmetricProperty , owl:IrreflexiveProperty .", True),
    (":buys a owl:AsymmetricProperty .", True),
    (":gets a owl:AsymmetricProperty .", False),
    (":price a owl:FunctionalProperty .", True),
    (":price a owl:InverseFunctionalProperty .", False),
    (":hates owl:propertyDisjointWith :likes .", True),
    (":x owl:differentFrom :y .", True),
    (":a owl:differentFrom :c .", True),
    (":a owl:differentFrom :b .", False),
    (":a owl:sameAs :b .", True),
    (":a owl:sameAs :c .", False),
    ("[] a owl:AllDifferent ; owl:members ( :ann :s1 ) .", True),
    ("[] a owl:AllDifferent ; owl:members ( :ann :s1 :s2 ) .", False),
    (":s1 a [ owl:complementOf :Agent ] .", True),
    (":s1 a [ owl:complementOf :Gift ] .", False),
    (":ann a [ owl:intersectionOf ( :Agent [ owl:onProperty :gets ; owl:hasValue :s1 ] ) ] .", True),
    (
        "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :ann ; owl:assertionProperty :hates ; "
        "owl:targetIndividual :x .",
        True,
    ),
    (":Serum a owl:Class . [] a owl:Restriction ; owl:onProperty :buys ; owl:minCardinality 1 .", True),
    ("xsd:byte a rdfs:Datatype .", True),
    (":Serum owl:hasKey ( :price ) .", False),
    (":gets owl:propertyChainAxiom ( :buys ) .", True),
    (":partOf owl:propertyChainAxiom ( :partOf :partOf :partOf ) .", True),
    (":gets owl:propertyChainAxiom ( :buys :partOf ) .", False),
]


@pytest.mark.parametrize(("conclusion", "follows"), CASES, ids=[one[:50] for one, _ in CASES])
def test_a_conclusion_follows_or_is_named_as_missing(conclusion, follows):
    found = entails(parse(SHOP), parse(conclusion))
    assert bool(found) is follows
    assert set(found.missing) <= set(parse(conclusion)) or not follows


def test_what_contradicts_itself_entails_everything():
    assert entails(parse(SHOP + ":s1 a :Agent ."), parse(":any :thing :goes ."))
