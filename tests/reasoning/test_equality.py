"""Equal individuals: keys, functional properties, counts, caps, and the wall between public and private."""

from __future__ import annotations

import pytest

from kb.reasoning import plain_label

KEYS = ":SKU owl:hasKey ( :gtin ) . :SPU owl:hasKey ( :brand :model ) ."


@pytest.mark.parametrize(
    ("ontology", "data"),
    [
        (KEYS, ':x a :SKU ; :gtin "1" . :y a :SKU ; :gtin "1" .'),
        (KEYS, ':x a :SPU ; :brand :b ; :model "m", "n" . :y a :SPU ; :brand :b ; :model "n" .'),
        (":p a owl:FunctionalProperty .", ":a :p :x , :y ."),
        (":p a owl:InverseFunctionalProperty .", ":x :p :a . :y :p :a ."),
        (":C rdfs:subClassOf [ owl:onProperty :p ; owl:maxCardinality 1 ] .", ":a a :C ; :p :x , :y ."),
        (":C rdfs:subClassOf [ owl:onProperty :p ; owl:cardinality 1 ] .", ":a a :C ; :p :x , :y ."),
        (
            ":C rdfs:subClassOf [ owl:onProperty :p ; owl:onClass :D ; owl:maxQualifiedCardinality 1 ] .",
            ":a a :C ; :p :x , :y , :z . :x a :D . :y a :D .",
        ),
        ("", ":x owl:sameAs :y ."),
    ],
    ids=["key", "two-keys", "functional", "inverse-functional", "max-1", "exactly-1", "qualified", "stated"],
)
def test_equal_individuals_share_facts_and_nothing_else_merges(bench, ontology, data):
    result = bench(ontology, data + ':x :label "one" . :other :knows :y .')
    told = result.turtle()
    assert "y sameAs x" in told
    assert 'y label "one"' in told
    assert "other knows x" in told
    assert "x sameAs x" not in told and "z sameAs" not in told
    assert result.public.cliques.size == 2


def test_a_key_that_differs_in_one_part_merges_nothing(bench):
    result = bench(KEYS, ':x a :SPU ; :brand :b ; :model "m" . :y a :SPU ; :brand :b ; :model "n" .')
    assert result.facts == set()


def test_a_rule_with_a_constant_sees_the_facts_of_its_equals(bench):
    mega = ":Mega owl:equivalentClass [ owl:onProperty :tier ; owl:hasValue :mega ] ."
    assert "i a Mega" in bench(mega, ":i :tier :head . :head owl:sameAs :mega .").turtle()
    assert "i a Mega" in bench(mega, ":i :tier :mega . :a :p :mega . :b :p :b .").turtle()


def test_merging_that_needs_consequences_of_merging_reaches_the_end(bench):
    ontology = ":p a owl:FunctionalProperty . :q rdfs:subPropertyOf :p ."
    told = bench(ontology, ":a :p :b . :a :q :c . :b :p :d . :c :p :e . :d :p :f . :e :p :g .").turtle()
    assert "f sameAs g" in told


def test_equal_predicates_and_classes_share_their_facts(bench):
    told = bench("", ":p owl:sameAs :q . :C owl:sameAs :D . :x :p :y ; a :C . ").turtle()
    assert "x q y" in told and "x a D" in told


def test_a_clique_above_the_cap_is_reported_and_not_merged(bench):
    data = " ".join(f':s{n} a :SKU ; :gtin "0" ; :price {n} .' for n in range(6)) + ':x a :SKU ; :gtin "1" .'
    result = bench(KEYS, data + ':y a :SKU ; :gtin "1" .', cap=5)
    [found] = result.public.oversized
    assert found.members == tuple(sorted(result.id(f"s{n}") for n in range(6)))
    assert [one.axiom for one in found.sources] == ["SKU HasKey gtin"]
    assert [str(result.dictionary.term(one)) for one in found.values] == ['"0"']
    assert found.sentence(plain_label(result.rules)) == (
        '6 individuals (s0, s1, s2, ...) would be one, sharing "0": not merged (SKU HasKey gtin).'
    )
    assert result.turtle() == "x sameAs y . y sameAs x"


def test_a_clique_at_the_cap_is_merged(bench):
    data = " ".join(f':s{n} a :SKU ; :gtin "0" .' for n in range(5))
    result = bench(KEYS, data, cap=5)
    assert not result.public.oversized and len(result.facts) == 20


def test_ten_thousand_equal_nodes_end_as_one_report(bench):
    data = "\n".join(f":n{n} owl:sameAs :n{n + 1} ." for n in range(10_000))
    result = bench(":p a owl:SymmetricProperty .", data + ":n7 :p :n9000 .")
    assert [len(one.members) for one in result.public.oversized] == [10_001]
    assert result.turtle() == "n9000 p n7"


def test_private_premises_never_merge_public_individuals(bench):
    result = bench(
        KEYS,
        ':x a :SKU ; :gtin "1" ; :brand :b . :y a :SKU .',
        private=':y :gtin "1" . :buyer :bought :y .',
    )
    assert result.public.relations == {} and result.public.cliques.size == 0
    assert "buyer bought x" in result.turtle()
    assert "x sameAs y" in result.turtle() and "y brand b" in result.turtle()


def test_two_texts_of_a_functional_property_are_a_contradiction_not_a_merge(bench):
    result = bench(":p a owl:FunctionalProperty .", ':a :p "1" , "2" .')
    assert result.facts == set()
    assert result.clashes() == ["prp-fp"]


def test_one_number_written_in_two_datatypes_is_one_value(bench):
    result = bench(":p a owl:FunctionalProperty .", ":a :p 1 , 1.0 .")
    assert result.clashes() == []
