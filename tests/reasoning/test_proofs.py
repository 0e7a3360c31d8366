"""Proofs: every consequence has one, and every step of it is right."""

from __future__ import annotations

import json
from io import StringIO

import pyoxigraph as ox
from hypothesis import given
from rich.console import Console

from kb.cli.drawing import tree_of
from kb.reasoning.proof_tree import Proof
from kb.reasoning.proofs import alternatives, explain

from .conftest import Bench, parse
from .naive import Chainer
from .test_differential import calm, texts

BRANDS = """
:directBrand rdfs:subPropertyOf :hasBrand .
:hasBrand owl:propertyChainAxiom ( :variantOf :hasBrand ) .
:SKU owl:hasKey ( :gtin ) .
:variantOf rdfs:domain :SKU .
"""
SHOP = ':sku1 :variantOf :spu1 ; :gtin "1" . :spu1 :directBrand :b . :sku2 a :SKU ; :gtin "1" .'


def proof_of(bench: Bench, subject: str, predicate: str, value: str) -> Proof | None:
    same = bench.rules.vocabulary.same_as if predicate == "sameAs" else bench.id(predicate)
    fact = (bench.id(subject), same, bench.id(value))
    return explain(bench.rules, bench.view, bench.asserted, *fact, dictionary=bench.dictionary)


def verify(proof: Proof, bench: Bench, ontology: list) -> None:
    """Each step follows, by a literal reading of the rule tables, from its premises alone."""
    if proof.asserted:
        assert not proof.premises
        return
    premises = [ox.Triple(*one.conclusion) for one in proof.premises]
    assert proof.rule
    assert proof.conclusion in Chainer([*ontology, *premises]).facts, str(proof)
    for premise in proof.premises:
        verify(premise, bench, ontology)


@calm
@given(**texts)
def test_every_consequence_has_a_proof_whose_steps_follow(ontology, data):
    bench = Bench("\n".join(ontology), "\n".join(data))
    axioms = parse("\n".join(ontology))
    stated = {(one.subject, one.predicate, one.object) for one in parse("\n".join(data))}
    for fact in sorted(bench.facts, key=str):
        ids = [bench.dictionary.id(str(term)) for term in fact]
        proof = explain(bench.rules, bench.view, bench.asserted, *ids, dictionary=bench.dictionary)
        assert proof is not None, fact
        assert proof.conclusion == fact
        assert set(proof.leaves()) <= stated
        verify(proof, bench, axioms)


def test_a_proof_reads_as_an_indented_tree_of_rule_axiom_and_premises():
    proof = proof_of(Bench(BRANDS, SHOP), "sku1", "hasBrand", "b")
    assert str(proof).splitlines() == [
        "sku1 hasBrand b  [prp-spo2: variantOf o hasBrand SubPropertyOf hasBrand]",
        "  sku1 variantOf spu1  [asserted]",
        "  spu1 hasBrand b  [prp-spo1: directBrand SubPropertyOf hasBrand]",
        "    spu1 directBrand b  [asserted]",
    ]


def test_what_equal_individuals_share_is_proven_through_their_key():
    proof = proof_of(Bench(BRANDS, SHOP), "sku2", "hasBrand", "b")
    text = str(proof)
    assert "eq-rep-s" in text
    assert "sku1 sameAs sku2  [prp-key: SKU HasKey gtin]" in text
    assert 'sku2 gtin "1"  [asserted]' in text


def test_a_proof_survives_json():
    proof = proof_of(Bench(BRANDS, SHOP), "sku1", "sameAs", "sku2")
    again = json.loads(json.dumps(proof.to_dict()))
    assert again["rule"] == "prp-key"
    assert [one["asserted"] for one in again["premises"]].count(True) == 3


def test_an_asserted_fact_is_its_own_proof():
    proof = proof_of(Bench(BRANDS, SHOP), "spu1", "directBrand", "b")
    assert proof.asserted and str(proof) == "spu1 directBrand b  [asserted]"


def test_what_does_not_follow_has_no_proof():
    assert proof_of(Bench(BRANDS, SHOP), "b", "hasBrand", "spu1") is None


def test_a_circle_of_rules_is_no_proof():
    bench = Bench(
        ":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :p . :r rdfs:subPropertyOf :p .", ":a :r :b ."
    )
    assert str(proof_of(bench, "a", "q", "b")).count("\n") == 2


@calm
@given(**texts)
def test_alternatives_differ_in_their_last_step_and_none_rests_on_what_it_proves(ontology, data):
    bench = Bench("\n".join(ontology), "\n".join(data))
    axioms = parse("\n".join(ontology))
    for fact in sorted(bench.facts, key=str)[:20]:
        s, p, o = (bench.dictionary.id(str(term)) for term in fact)
        found = list(
            alternatives(bench.rules, bench.view, bench.asserted, (s, p, o), dictionary=bench.dictionary)
        )
        steps = {(one.rule, frozenset(below.conclusion for below in one.premises)) for one in found}
        assert 0 < len(found) == len(steps) <= 10
        for proof in found:
            assert all(fact != one for below in proof.premises for one in conclusions(below))
            verify(proof, bench, axioms)


def test_a_fact_with_two_reasons_has_two_proofs_up_to_the_bound():
    bench = Bench(":p rdfs:subPropertyOf :r . :q rdfs:subPropertyOf :r .", ":a :p :b ; :q :b .")
    goal = (bench.id("a"), bench.id("r"), bench.id("b"))
    both = list(alternatives(bench.rules, bench.view, bench.asserted, goal, dictionary=bench.dictionary))
    assert len(both) == 2
    assert len({leaf for proof in both for leaf in proof.leaves()}) == 2
    one = alternatives(bench.rules, bench.view, bench.asserted, goal, dictionary=bench.dictionary, at_most=1)
    assert list(one) == both[:1]


def conclusions(proof: Proof):
    yield proof.conclusion
    for premise in proof.premises:
        yield from conclusions(premise)


def test_a_drawn_proof_shows_every_step_and_takes_nothing_for_markup():
    ontology, data = ":p rdfs:subPropertyOf :q .", ':x :p "[red]danger[/red]" .'
    bench = Bench(ontology, data)
    text = bench.dictionary.id('"[red]danger[/red]"')
    fact = (bench.id("x"), bench.id("q"), text)
    proof = explain(bench.rules, bench.view, bench.asserted, *fact, dictionary=bench.dictionary)
    assert proof is not None
    console = Console(width=200, file=StringIO())
    console.print(tree_of(proof))
    first, second = console.file.getvalue().splitlines()
    assert "[red]danger[/red]" in first and "prp-spo1" in first
    assert second.startswith("└── ") and "[red]danger[/red]" in second and "asserted" in second
