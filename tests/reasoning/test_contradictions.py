"""Contradictions: every rule that ends in *false*, found, said in a sentence, with its facts."""

from __future__ import annotations

import json

import pyoxigraph as ox
import pytest
from hypothesis import given

from kb.columns.kernels import contains, pack
from kb.reasoning import account, materialise, plain_label
from kb.reasoning.entailment import relations_of

from .conftest import Bench, to_facts
from .test_differential import calm, texts

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
    "dt-not-type": (":p rdfs:range xsd:integer .", ":x :p 1 .", ':x :p "one" .'),
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
    told = told_of(result, found)
    assert len(told.sides) == len(found.facts)
    assert told.mends and str(told).startswith(told.sentence)
    for mend in told.mends:
        assert rule not in {name for one in mended(result, mend) for name in one.source.names}


def told_of(result, found):
    return account(result.rules, result.view, result.asserted, found, dictionary=result.dictionary)


def mended(result, removed):
    """The contradictions that are left when some triples are taken back."""
    stated = to_facts(result.dictionary, result.asserted)
    assert set(removed) <= stated
    left = [ox.Triple(*one) for one in stated - set(removed)]
    return materialise(result.rules, relations_of(result.dictionary, left)).contradictions


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


def test_what_two_ways_support_takes_two_triples_to_mend(bench):
    ontology = ":A owl:disjointWith :B . :p rdfs:domain :A . :q rdfs:domain :A ."
    result = bench(ontology, ":x :p :y ; :q :y . :b :p :b ; a :B . :x a :B .")
    of_x = next(one for one in result.result.contradictions if result.id("x") in one.witnesses)
    told = told_of(result, of_x)
    assert [len(one) for one in told.mends] == [1]
    result = bench(ontology + ":r rdfs:domain :B .", ":x :p :y ; :q :y ; :r :y ; :r :z .")
    [found] = result.result.contradictions
    [mend] = told_of(result, found).mends
    assert len(mend) == 2
    assert mended(result, mend) == ()


def test_the_proof_of_each_side_ends_in_asserted_triples(bench):
    result = bench(
        ":Buyer owl:disjointWith :Item . :bought rdfs:range :Item .", ":b2 a :Buyer . :b1 :bought :b2 ."
    )
    told = told_of(result, result.result.contradictions[0])
    assert str(told).splitlines() == [
        "b2 is a Buyer and b2 is a Item, which exclude each other (Buyer DisjointWith Item). [cax-dw]",
        "  b2 a Buyer  [asserted]",
        "  b2 a Item  [prp-rng: bought Range Item]",
        "    b1 bought b2  [asserted]",
        "  to mend it, take back <http://example.org/b2> "
        "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://example.org/Buyer>",
        "  or <http://example.org/b1> <http://example.org/bought> <http://example.org/b2>",
    ]
    assert json.loads(json.dumps(told.to_dict()))["rule"] == "cax-dw"


@pytest.mark.parametrize(
    ("ontology", "data", "facts"),
    [
        (":p a owl:AsymmetricProperty .", ":x :p :x .", 1),
        (":p a owl:AsymmetricProperty .", ":x :p :y . :y :p :x .", 2),
        ("", ":x owl:differentFrom :x .", 1),
        ("", ":x owl:differentFrom :y . :y owl:differentFrom :x ; owl:sameAs :x .", 2),
    ],
)
def test_what_is_said_of_a_pair_both_ways_is_one_contradiction_with_each_fact_once(
    bench, ontology, data, facts
):
    [found] = bench(ontology, data).result.contradictions
    assert len(found.facts) == len(set(found.facts)) == facts
    assert len(found.witnesses) == len(set(found.witnesses))


@calm
@given(**texts)
def test_every_contradiction_has_the_proof_of_each_side_and_every_mend_ends_it(ontology, data):
    result = Bench("\n".join(ontology), "\n".join(data))
    for found in result.result.contradictions[:3]:
        told = told_of(result, found)
        assert [one.conclusion for one in told.sides] == [
            tuple(map(result.dictionary.term, fact)) for fact in found.facts
        ]
        stated = to_facts(result.dictionary, result.asserted)
        assert told.mends or holds(result, found.facts, without=stated)
        for mend in told.mends[:3]:
            assert not holds(result, found.facts, without=mend)


def holds(result, facts, without) -> bool:
    """Whether facts still follow, or stand, when some triples are taken back."""
    stated = to_facts(result.dictionary, result.asserted) - set(without)
    given = relations_of(result.dictionary, [ox.Triple(*one) for one in stated])
    closed = given.united(Bench.as_relations(materialise(result.rules, given)))
    same_as = result.rules.vocabulary.same_as
    return all(
        contains(closed.get_relation(p).pairs, pack([s], [o]))[0] or (p == same_as and s == o)
        for s, p, o in facts
    )
