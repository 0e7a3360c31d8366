"""Our consequences against a literal reading of the rule tables, on random ontologies and data."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Bench, parse, to_facts
from .naive import Chainer, told

CLASSES = [":A", ":B", ":C", ":D"]
LINKS = [":p", ":q", ":r", ":t"]
NODES = [":n1", ":n2", ":n3", ":n4", ":n5"]
VALUES = ['"1"', '"2"', '"3"@en']

classes, links, nodes, values = map(st.sampled_from, (CLASSES, LINKS, NODES, VALUES))


def on(kind: str, filler: str) -> str:
    return f"[ a owl:Restriction ; owl:onProperty {{}} ; owl:{kind} {filler} ]"


left = st.one_of(
    classes,
    st.builds("[ owl:intersectionOf ( {} {} ) ]".format, classes, classes),
    st.builds("[ owl:unionOf ( {} {} ) ]".format, classes, classes),
    st.builds("[ owl:oneOf ( {} {} ) ]".format, nodes, nodes),
    st.builds(on("someValuesFrom", "{}").format, links, st.one_of(classes, st.just("owl:Thing"))),
    st.builds(on("hasValue", "{}").format, links, nodes),
    st.builds(
        "[ owl:intersectionOf ( {} [ owl:onProperty {} ; owl:someValuesFrom [ owl:unionOf ( {} {} ) ] ] ) ]".format,
        classes,
        links,
        classes,
        classes,
    ),
)
right = st.one_of(
    classes,
    st.builds("[ owl:intersectionOf ( {} {} ) ]".format, classes, classes),
    st.builds(on("allValuesFrom", "{}").format, links, classes),
    st.builds(on("someValuesFrom", "{}").format, links, classes),
    st.builds(on("hasValue", "{}").format, links, nodes),
    st.builds("[ owl:complementOf {} ]".format, classes),
    st.builds("[ owl:onProperty {} ; owl:maxCardinality {} ]".format, links, st.sampled_from([0, 1])),
    st.builds(
        "[ owl:onProperty {} ; owl:onClass {} ; owl:maxQualifiedCardinality 1 ]".format, links, classes
    ),
)
kinds = st.sampled_from(
    ["Symmetric", "Transitive", "Irreflexive", "Asymmetric", "Functional", "InverseFunctional"]
)
axioms = st.one_of(
    st.builds("{} rdfs:subClassOf {} .".format, left, right),
    st.builds("{} rdfs:subClassOf {} .".format, left, right),
    st.builds("{} owl:equivalentClass {} .".format, classes, classes),
    st.builds("{} owl:disjointWith {} .".format, classes, classes),
    st.builds("[] a owl:AllDisjointClasses ; owl:members ( :A :C :D ) .".format),
    st.builds("{} rdfs:subPropertyOf {} .".format, links, links),
    st.builds("{} owl:inverseOf {} .".format, links, links),
    st.builds("{} owl:propertyDisjointWith {} .".format, links, links),
    st.builds("{} rdfs:domain {} .".format, links, classes),
    st.builds("{} rdfs:range {} .".format, links, classes),
    st.builds("{} owl:propertyChainAxiom ( {} {} ) .".format, links, links, links),
    st.builds("{} owl:propertyChainAxiom ( {} {} {} ) .".format, links, links, links, links),
    st.builds("{} a owl:{}Property .".format, links, kinds),
    st.builds("{} owl:hasKey ( {} ) .".format, classes, st.one_of(links, st.just(":v"))),
    st.builds("{} owl:hasKey ( {} :v ) .".format, classes, links),
)
facts = st.one_of(
    st.builds("{} {} {} .".format, nodes, links, nodes),
    st.builds("{} {} {} .".format, nodes, links, nodes),
    st.builds("{} a {} .".format, nodes, classes),
    st.builds("{} :v {} .".format, nodes, values),
    st.builds("{} :untold {} .".format, nodes, nodes),
    st.builds("{} owl:sameAs {} .".format, nodes, nodes),
    st.builds("{} owl:differentFrom {} .".format, nodes, nodes),
)
texts = {"ontology": st.lists(axioms, max_size=7), "data": st.lists(facts, max_size=10)}
ROUNDS = int(os.environ.get("KB_ROUNDS", "150"))
calm = settings(max_examples=ROUNDS, deadline=None, suppress_health_check=list(HealthCheck))


@calm
@given(**texts)
def test_consequences_are_those_of_the_rule_tables(ontology, data):
    bench = Bench("\n".join(ontology), "\n".join(data))
    stated = parse("\n".join(data))
    expected = Chainer([*parse("\n".join(ontology)), *stated])
    known = {(one.subject, one.predicate, one.object) for one in stated}
    assert bench.facts == told(expected.facts) - known
    assert bool(bench.result.contradictions) == bool(expected.clashes), expected.clashes


@calm
@given(**texts, private=st.lists(facts, max_size=6))
def test_public_and_private_together_are_the_whole(ontology, data, private):
    bench = Bench("\n".join(ontology), "\n".join(data), "\n".join(private))
    alone = Bench("\n".join(ontology), "\n".join(data))
    whole = Bench("\n".join(ontology), "\n".join([*data, *private]))
    public = to_facts(bench.dictionary, bench.public.relations)
    assert public == alone.facts
    stated = {(one.subject, one.predicate, one.object) for one in parse("\n".join([*data, *private]))}
    assert (public | bench.facts) - stated == whole.facts
    assert public.isdisjoint(bench.facts)
