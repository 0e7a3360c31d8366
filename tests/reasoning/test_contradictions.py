"""Contradictions: every rule that ends in *false*, found, said in a sentence, with its facts."""

from __future__ import annotations

import pytest

from kb.columns.kernels import contains, pack
from kb.reasoning import plain_label

MAX = ":A rdfs:subClassOf [ owl:onProperty :p ; owl:{} ] .".format
DENIED = "[] a owl:NegativePropertyAssertion ; owl:sourceIndividual :x ; owl:assertionProperty :p ; owl:{} .".format

# Rule: (ontology, data that fit, what makes them contradict).
CASES = {
    "cax-dw": (":A owl:disjointWith :B .", ":x a :A .", ":x a :B ."),
    "cax-adc": ("[] a owl:AllDisjointClasses ; owl:members ( :A :B :C ) .", ":x a :A .", ":x a :C ."),
    "cls-com": (":A rdfs:subClassOf [ owl:complementOf :B ] .", ":x a :A .", ":x a :B ."),
    "cls-nothing2": (":A rdfs:subClassOf owl:Nothing .", ":x a :B .", ":x a :A ."),
    "cls-maxc1": (MAX("maxCardinality 0"), ":x a :A .", ":x :p :y ."),
    "cls-maxqc1": (MAX("maxQualifiedCardinality 0 ; owl:onClass :B"), ":x a :A ; :p :y .", ":y a :B ."),
    "cls-maxqc2": (MAX("maxQualifiedCardinality 0 ; owl:onClass owl:Thing"), ":x a :A .", ":x :p :y ."),
    "prp-irp": (":p a owl:IrreflexiveProperty .", ":x :p :y .", ":x :p :x ."),
    "prp-asyp": (":p a owl:AsymmetricProperty .", ":x :p :y .", ":y :p :x ."),
    "prp-pdw": (":p owl:propertyDisjointWith :q .", ":x :p :y .", ":x :q :y ."),
    "prp-adp": ("[] a owl:AllDisjointProperties ; owl:members ( :p :q :r ) .", ":x :p :y .", ":x :r :y ."),
    "prp-npa1": (DENIED("targetIndividual :y"), ":x :p :z .", ":x :p :y ."),
    "prp-npa2": (DENIED("targetValue 1"), ":x :p 2 .", ":x :p 01 ."),
    "eq-diff1": (":p a owl:FunctionalProperty .", ":y owl:differentFrom :z . :x :p :y .", ":x :p :z ."),
    "eq-diff2": (
        "[] a owl:AllDifferent ; owl:members ( :x :y ) .",
        ":x owl:sameAs :z .",
        ":y owl:sameAs :z .",
    ),
    "eq-diff3": (
        "[] a owl:AllDifferent ; owl:distinctMembers ( :x :y ) .",
        ":x :p :y .",
        ":x owl:sameAs :y .",
    ),
    "dt-diff": (":p a owl:FunctionalProperty .", ':x :p "1" .', ':x :p "2" .'),
}


@pytest.mark.parametrize("rule", CASES)
def test_a_contradiction_is_found_by_its_rule_and_only_with_its_fault(bench, rule):
    ontology, fitting, fault = CASES[rule]
    assert bench(ontology, fitting).clashes() == []
    result = bench(ontology, fitting + fault)
    [found] = result.result.contradictions
    assert rule in found.source.names
    assert found.witnesses
    for subject, predicate, value in found.facts:
        pairs = result.view.get_relation(predicate).pairs
        assert contains(pairs, pack([subject], [value]))[0]


def test_a_contradiction_reads_as_one_sentence_with_labels(bench):
    result = bench(
        ":Buyer owl:disjointWith :Influencer . :createdBy rdfs:range :Influencer .",
        ":buyer1 a :Buyer . :vid9 :createdBy :buyer1 .",
    )
    [found] = result.result.contradictions
    plain = found.sentence(plain_label(result.rules))
    assert plain == (
        "buyer1 is a Buyer and buyer1 is a Influencer, which exclude each other (Buyer DisjointWith Influencer)."
    )
    names = {result.id("buyer1"): "Ms Li"}
    label = plain_label(result.rules)
    assert found.sentence(lambda one: names.get(one) or label(one)).startswith("Ms Li is a Buyer")


def test_a_contradiction_among_public_facts_is_not_told_again_of_private_ones(bench):
    ontology = ":A owl:disjointWith :B . :C owl:disjointWith :B ."
    result = bench(ontology, ":x a :A , :B .", private=":x a :C .")
    assert [one.source.axiom for one in result.public.contradictions] == ["A DisjointWith B"]
    assert [one.source.axiom for one in result.result.contradictions] == ["C DisjointWith B"]
