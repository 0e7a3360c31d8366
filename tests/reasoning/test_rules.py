"""Every rule of the OWL 2 RL/RDF rule tables by its W3C name: it draws what it must; the table of the docs is right."""

from __future__ import annotations

import re

import pytest

from kb.reasoning import explain
from tests.conftest import ROOT

from .conftest import name
from .test_contradictions import CASES
from .test_datatypes import AXIOMATIC

# OWL 2 Profiles, section 4.3, tables 4 to 9.
TABLES = {
    4: "eq-ref eq-sym eq-trans eq-rep-s eq-rep-p eq-rep-o eq-diff1 eq-diff2 eq-diff3",
    5: "prp-ap prp-dom prp-rng prp-fp prp-ifp prp-irp prp-symp prp-asyp prp-trp prp-spo1 prp-spo2 prp-eqp1 prp-eqp2 "
    "prp-pdw prp-adp prp-inv1 prp-inv2 prp-key prp-npa1 prp-npa2",
    6: "cls-thing cls-nothing1 cls-nothing2 cls-int1 cls-int2 cls-uni cls-com cls-svf1 cls-svf2 cls-avf cls-hv1 "
    "cls-hv2 cls-maxc1 cls-maxc2 cls-maxqc1 cls-maxqc2 cls-maxqc3 cls-maxqc4 cls-oo",
    7: "cax-sco cax-eqc1 cax-eqc2 cax-dw cax-adc",
    8: "dt-type1 dt-type2 dt-eq dt-diff dt-not-type",
    9: "scm-cls scm-sco scm-eqc1 scm-eqc2 scm-op scm-dp scm-spo scm-eqp1 scm-eqp2 scm-dom1 scm-dom2 scm-rng1 scm-rng2 "
    "scm-hv scm-svf1 scm-svf2 scm-avf1 scm-avf2 scm-int scm-uni",
}
RULES = [rule for names in TABLES.values() for rule in names.split()]

LEFT = "[ {} ] rdfs:subClassOf :C .".format
RIGHT = ":C rdfs:subClassOf [ {} ] .".format
# Rule: (ontology, data, what follows by it).
DRAWN = {
    "eq-sym": ("", ":x owl:sameAs :y .", "y sameAs x"),
    "eq-trans": ("", ":x owl:sameAs :y . :y owl:sameAs :z .", "x sameAs z"),
    "eq-rep-s": ("", ":x owl:sameAs :y ; :p :z .", "y p z"),
    "eq-rep-p": ("", ":p owl:sameAs :q . :x :p :z .", "x q z"),
    "eq-rep-o": ("", ":x owl:sameAs :y . :z :p :x .", "z p y"),
    "prp-dom": (":p rdfs:domain :C .", ":x :p :y .", "x a C"),
    "prp-rng": (":p rdfs:range :C .", ":x :p :y .", "y a C"),
    "prp-fp": (":p a owl:FunctionalProperty .", ":x :p :y , :z .", "y sameAs z"),
    "prp-ifp": (":p a owl:InverseFunctionalProperty .", ":x :p :z . :y :p :z .", "x sameAs y"),
    "prp-symp": (":p a owl:SymmetricProperty .", ":x :p :y .", "y p x"),
    "prp-trp": (":p a owl:TransitiveProperty .", ":x :p :y . :y :p :z .", "x p z"),
    "prp-spo1": (":p rdfs:subPropertyOf :q .", ":x :p :y .", "x q y"),
    "prp-spo2": (":r owl:propertyChainAxiom ( :p :q ) .", ":x :p :y . :y :q :z .", "x r z"),
    "prp-eqp1": (":p owl:equivalentProperty :q .", ":x :p :y .", "x q y"),
    "prp-eqp2": (":p owl:equivalentProperty :q .", ":x :q :y .", "x p y"),
    "prp-inv1": (":p owl:inverseOf :q .", ":x :p :y .", "y q x"),
    "prp-inv2": (":p owl:inverseOf :q .", ":x :q :y .", "y p x"),
    "prp-key": (":C owl:hasKey ( :p ) .", ":x a :C ; :p :z . :y a :C ; :p :z .", "x sameAs y"),
    "cls-int1": (LEFT("owl:intersectionOf ( :A :B )"), ":x a :A , :B .", "x a C"),
    "cls-int2": (RIGHT("owl:intersectionOf ( :A :B )"), ":x a :C .", "x a B"),
    "cls-uni": (LEFT("owl:unionOf ( :A :B )"), ":x a :B .", "x a C"),
    "cls-svf1": (LEFT("owl:onProperty :p ; owl:someValuesFrom :A"), ":x :p :y . :y a :A .", "x a C"),
    "cls-svf2": (LEFT("owl:onProperty :p ; owl:someValuesFrom owl:Thing"), ":x :p :y .", "x a C"),
    "cls-avf": (RIGHT("owl:onProperty :p ; owl:allValuesFrom :A"), ":x a :C ; :p :y .", "y a A"),
    "cls-hv1": (RIGHT("owl:onProperty :p ; owl:hasValue :y"), ":x a :C .", "x p y"),
    "cls-hv2": (LEFT("owl:onProperty :p ; owl:hasValue :y"), ":x :p :y .", "x a C"),
    "cls-maxc2": (RIGHT("owl:onProperty :p ; owl:maxCardinality 1"), ":x a :C ; :p :y , :z .", "y sameAs z"),
    "cls-maxqc3": (
        RIGHT("owl:onProperty :p ; owl:maxQualifiedCardinality 1 ; owl:onClass :A"),
        ":x a :C ; :p :y , :z . :y a :A . :z a :A .",
        "y sameAs z",
    ),
    "cls-maxqc4": (
        RIGHT("owl:onProperty :p ; owl:maxQualifiedCardinality 1 ; owl:onClass owl:Thing"),
        ":x a :C ; :p :y , :z .",
        "y sameAs z",
    ),
    "cls-oo": (LEFT("owl:oneOf ( :x :y )"), ":x :p :y .", "x a C"),
    "cax-sco": (":A rdfs:subClassOf :C .", ":x a :A .", "x a C"),
    "cax-eqc1": (":A owl:equivalentClass :C .", ":x a :A .", "x a C"),
    "cax-eqc2": (":A owl:equivalentClass :C .", ":x a :C .", "x a A"),
}
ON_P = "owl:onProperty :p ; owl:{} :{}".format
ON_Q = "owl:onProperty :q ; owl:{} :{}".format
# Rule: (ontology, what it says of its own terms).
SCHEMA = {
    "scm-sco": (":A rdfs:subClassOf :B . :B rdfs:subClassOf :C .", "A subClassOf C"),
    "scm-eqc1": (":A owl:equivalentClass :B .", "B subClassOf A"),
    "scm-eqc2": (":A rdfs:subClassOf :B . :B rdfs:subClassOf :A .", "A equivalentClass B"),
    "scm-spo": (":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :r .", "p subPropertyOf r"),
    "scm-eqp1": (":p owl:equivalentProperty :q .", "q subPropertyOf p"),
    "scm-eqp2": (":p rdfs:subPropertyOf :q . :q rdfs:subPropertyOf :p .", "p equivalentProperty q"),
    "scm-dom1": (":p rdfs:domain :A . :A rdfs:subClassOf :B .", "p domain B"),
    "scm-dom2": (":q rdfs:domain :A . :p rdfs:subPropertyOf :q .", "p domain A"),
    "scm-rng1": (":p rdfs:range :A . :A rdfs:subClassOf :B .", "p range B"),
    "scm-rng2": (":q rdfs:range :A . :p rdfs:subPropertyOf :q .", "p range A"),
    "scm-hv": (
        f":A {ON_P('hasValue', 'i')} . :B {ON_Q('hasValue', 'i')} . :p rdfs:subPropertyOf :q .",
        "A subClassOf B",
    ),
    "scm-svf1": (
        f":A {ON_P('someValuesFrom', 'X')} . :B {ON_P('someValuesFrom', 'Y')} . :X rdfs:subClassOf :Y .",
        "A subClassOf B",
    ),
    "scm-svf2": (
        f":A {ON_P('someValuesFrom', 'X')} . :B {ON_Q('someValuesFrom', 'X')} . :p rdfs:subPropertyOf :q .",
        "A subClassOf B",
    ),
    "scm-avf1": (
        f":A {ON_P('allValuesFrom', 'X')} . :B {ON_P('allValuesFrom', 'Y')} . :X rdfs:subClassOf :Y .",
        "A subClassOf B",
    ),
    "scm-avf2": (
        f":A {ON_P('allValuesFrom', 'X')} . :B {ON_Q('allValuesFrom', 'X')} . :p rdfs:subPropertyOf :q .",
        "B subClassOf A",
    ),
    "scm-int": (":C owl:intersectionOf ( :A :B ) .", "C subClassOf B"),
    "scm-uni": (":C owl:unionOf ( :A :B ) .", "B subClassOf C"),
}


@pytest.mark.parametrize("rule", DRAWN)
def test_a_rule_draws_what_it_must_and_proofs_name_it(bench, rule):
    ontology, data, expected = DRAWN[rule]
    result = bench(ontology, data)
    [fact] = [one for one in result.facts if " ".join(map(name, one)) == expected]
    ids = [result.dictionary.id(str(term)) for term in fact]
    proof = explain(result.rules, result.view, result.asserted, *ids, dictionary=result.dictionary)
    assert rule in proof.rule.split(", ")
    assert expected not in bench("", data).turtle().split(" . ") or rule.startswith("eq-")


@pytest.mark.parametrize("rule", SCHEMA)
def test_a_rule_about_the_schema_draws_what_it_must(bench, rule):
    ontology, expected = SCHEMA[rule]
    result = bench(ontology)
    told = {" ".join(name(result.dictionary.term(one)) for one in fact) for fact in result.rules.schema}
    assert expected in told


def test_every_rule_of_the_tables_has_a_case_that_shows_it():
    assert len(RULES) == 78
    shown = {*DRAWN, *SCHEMA, *CASES, *AXIOMATIC}
    assert shown == set(RULES)


def rows() -> list[list[str]]:
    """The table of docs/reasoning.md: table, rule, modules, test, consequences."""
    text = (ROOT / "docs" / "reasoning.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if re.match(r"\| \d \| ", line)]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines]


def test_the_table_of_the_docs_has_every_rule_once_in_its_table():
    told = [(int(row[0]), row[1]) for row in rows()]
    assert told == [(table, rule) for table, names in TABLES.items() for rule in names.split()]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[1])
def test_the_table_of_the_docs_names_the_module_and_the_test_of_each_rule(row):
    _, rule, modules, test, _ = row
    for module in modules.split(", "):
        source = (ROOT / "kb" / "reasoning" / f"{module}.py").read_text(encoding="utf-8")
        assert rule in source, f"{module} does not know {rule}"
    file, _, function = test.partition("::")
    tests = (ROOT / "tests" / "reasoning" / file).read_text(encoding="utf-8")
    assert f"def {function}(" in tests
    assert f'"{rule}": (' in tests
