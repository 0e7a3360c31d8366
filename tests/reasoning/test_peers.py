"""Our consequences against those of other engines, on random ontologies and data.

Compared are facts about named individuals; left out on both sides are anonymous classes, owl:Thing and reflexive
owl:sameAs, which we answer when asked and don't store. What else differs, and why:

- `sparq-rdf` makes owl:differentFrom symmetric. That is true, but no rule of the tables draws it; we show it by
  denial (`entails`).
- `reasonable` has no scm-svf1, no cls-oo, no prp-spo2, no prp-key, no cls-maxc2 and no cls-maxqc3, and its prp-ifp
  takes any two subjects of an inverse-functional property for the same: those axioms are left out for it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable

import owlrl
import pyoxigraph as ox
import rdflib
import reasonable
import sparq
from hypothesis import given, settings

from .conftest import Bench, parse
from .naive import told
from .test_differential import ROUNDS, calm, texts

Facts = set[tuple]
NOT_IN_REASONABLE = re.compile("oneOf|hasKey|Chain|Cardinality|Functional|subClassOf .*someValuesFrom")


def by_owlrl(triples: list[ox.Quad]) -> Facts:
    graph = as_rdflib(triples)
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(graph)
    return facts(graph.serialize(format="nt").splitlines())


def by_reasonable(triples: list[ox.Quad]) -> Facts:
    engine = reasonable.PyReasoner()
    engine.from_graph(as_rdflib(triples))
    return facts(" ".join(term.n3() for term in one) + " ." for one in engine.reason())


def by_sparq(triples: list[ox.Quad]) -> Facts:
    graph = sparq.Graph.load(n_triples(triples).decode(), format="ntriples")
    graph.reason("owl")
    rows = graph.query("SELECT ?s ?p ?o { ?s ?p ?o }").rows
    # A term's repr is ``Term(...)`` about its N-Triples form.
    return facts(" ".join(repr(row[name])[5:-1] for name in "spo") + " ." for row in rows)


def as_rdflib(triples: list[ox.Quad]) -> rdflib.Graph:
    return rdflib.Graph().parse(data=n_triples(triples), format="nt")


def n_triples(triples: list[ox.Quad]) -> bytes:
    plain = (ox.Triple(one.subject, one.predicate, one.object) for one in triples)
    return ox.serialize(plain, format=ox.RdfFormat.N_TRIPLES) or b""


def facts(lines: Iterable[str]) -> Facts:
    """Lines of N-Triples, without those whose subject is a literal."""
    text = "\n".join(line for line in lines if not line.startswith('"'))
    return {(one.subject, one.predicate, one.object) for one in ox.parse(text, format=ox.RdfFormat.N_TRIPLES)}


def differing(peer: Callable[[list[ox.Quad]], Facts], ontology: list[str], data: list[str]) -> Facts:
    stated = {(one.subject, one.predicate, one.object) for one in parse("\n".join(data))}
    theirs = told(peer(parse("\n".join([*ontology, *data])))) - stated
    return theirs ^ Bench("\n".join(ontology), "\n".join(data)).facts


@settings(calm, max_examples=ROUNDS // 3)
@given(**texts)
def test_owlrl_draws_the_same(ontology, data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert differing(by_owlrl, ontology, data) == set()


@calm
@given(**texts)
def test_sparq_draws_the_same_but_for_the_symmetry_of_different_from(ontology, data):
    found = differing(by_sparq, ontology, data)
    assert {one for one in found if not one[1].value.endswith("differentFrom")} == set()


@calm
@given(**texts)
def test_reasonable_draws_the_same_of_what_it_knows(ontology, data):
    known = [one for one in ontology if not NOT_IN_REASONABLE.search(one)]
    assert differing(by_reasonable, known, data) == set()
