"""Why a fact does not follow: the nearest rules, with what they lack."""

from __future__ import annotations

from kb.reasoning import find_gaps

from .conftest import Bench

ONTOLOGY = """
:Star owl:equivalentClass [ owl:intersectionOf ( :Creator [ owl:onProperty :tier ; owl:hasValue :mega ] :Verified ) ] .
:hasBrand owl:propertyChainAxiom ( :variantOf :hasBrand ) .
:Star rdfs:subClassOf :Known .
"""


def gaps_of(data: str, subject: str, predicate: str, value: str):
    bench = Bench(ONTOLOGY, data)
    kind = bench.rules.vocabulary.type if predicate == "a" else bench.id(predicate)
    fact = bench.id(subject), kind, bench.id(value)
    return find_gaps(bench.rules, bench.view, fact, dictionary=bench.dictionary)


def local(triple) -> str:
    return " ".join(end.strip("<>").replace("#", "/").rsplit("/", 1)[-1] for end in triple)


def test_the_missing_premise_of_a_definition_is_named():
    found = gaps_of(":ann a :Creator ; :tier :mega .", "ann", "a", "Star")
    [gap] = found.gaps
    assert [local(one) for one in gap.missing] == ["ann type Verified"]
    assert sorted(local(one) for one in gap.present) == ["ann tier mega", "ann type Creator"]
    assert "missing" in str(found) and gap.to_dict()["missing"] == [list(gap.missing[0])]


def test_a_chain_says_what_the_middle_lacks():
    found = gaps_of(":sku :variantOf :spu . :other :hasBrand :b .", "sku", "hasBrand", "b")
    told = {(local(one.missing[0]), local(one.present[0])) for one in found.gaps}
    assert told == {
        ("spu hasBrand b", "sku variantOf spu"),
        ("sku variantOf other", "other hasBrand b"),
    }


def test_what_is_unknown_in_a_missing_premise_is_a_variable():
    found = gaps_of(":sku :x :y . :b :x :y .", "sku", "hasBrand", "b")
    assert {local(one).split()[1] for one in found.gaps[0].missing} == {"variantOf", "hasBrand"}
    assert any(one[2].startswith("?") for one in found.gaps[0].missing)


def test_a_triple_that_no_rule_concludes_has_no_gaps():
    found = gaps_of(":sku :x :y .", "sku", "x", "sku")
    assert found.gaps == () and "no rule" in str(found)
