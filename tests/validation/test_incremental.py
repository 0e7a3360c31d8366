"""Incremental validation is exact: after every change the maintained report is the full one, in random orders of all
kinds of changes, and what columns rule out SPARQL would not have found."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.rows import Rows
from kb.gate import data_of, judged, touched
from kb.graphs import of_source
from kb.terms import RDFS
from kb.validation import Result, ShapesGraph, validate
from kb.validation.candidates import candidates
from kb.validation.prebinding import read_query
from kb.validation.query_tree import read_tree
from tests.shapes.cases import find_cases, parse, surroundings

from .reading import shapes, turtle
from .test_against_pyshacl import shape, triples
from .test_shape_fixtures import own_shapes

GRAPHS = [of_source("a"), of_source("b"), of_source("c", private=True)]


class Shop:
    """A graph that changes, with a report that is maintained and a store that queries see."""

    def __init__(self, rules: ShapesGraph) -> None:
        self.rules, self.image, self.store = rules, Image(), ox.Store()
        self.kept: list[Result] = list(judged(rules, self.image, self.store).results)
        self.judged_nodes = 0

    def change(
        self, *, added: Iterable[ox.Triple] = (), removed: Iterable[ox.Triple] = (), graph: str
    ) -> None:
        came, went = (
            Rows.encoded(self.image.dictionary, batches_of(some, graph)) for some in (added, removed)
        )
        came, went = self.image.effective(added=came, removed=went)
        before, self.image = self.image, self.image.changed(added=came, removed=went)
        gained, lost = self.image.difference(before, inferred=False)
        for rows, write in ((lost, self.store.remove), (gained, self.store.add)):
            for batch in rows.batches(self.image.dictionary):
                for quad in parsed(batch.to_pylist()):
                    write(quad)
        focus = touched(self.rules, self.image, added=came, removed=before.as_received(went))
        texts = {
            node: None if nodes is None else set(self.image.dictionary.decode(nodes).to_pylist())
            for node, nodes in focus.items()
        }
        self.judged_nodes = sum(len(one) for one in texts.values() if one)
        fresh = judged(self.rules, self.image, self.store, focus=focus).results
        stays = [
            one
            for one in self.kept
            if one.root_shape not in texts
            or ((nodes := texts[one.root_shape]) is not None and str(one.root) not in nodes)
        ]
        self.kept = [*stays, *fresh]

    def full(self) -> Counter:
        return bag(judged(self.rules, self.image, self.store).results)


def parsed(rows: list[dict[str, str]]) -> Iterable[ox.Quad]:
    text = "".join(f"{row['s']} {row['p']} {row['o']} .\n" for row in rows)
    return ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)


def bag(results: Iterable[Result]) -> Counter:
    return Counter(
        (
            *map(str, (one.root, one.root_shape, one.focus, one.path, one.value, one.source_shape)),
            *(one.component.value, one.severity.value, frozenset(one.message.items())),
        )
        for one in results
    )


def shop_of(case_files: bool) -> list[ox.Triple]:
    """The clean shop, and all that the fixtures do to it; blank nodes have the same names in all."""
    rows = list(surroundings())
    if case_files:
        rows += [row for case in find_cases() for row in parse(case.file)]
    return list(dict.fromkeys(rows))


@pytest.mark.parametrize("seed", range(3))
def test_own_shapes_are_maintained_exactly_whatever_comes_and_goes(seed: int) -> None:
    drawn, shop = random.Random(seed), Shop(own_shapes())
    pool = shop_of(case_files=True)
    drawn.shuffle(pool)
    shop.change(added=pool[::2], graph=GRAPHS[0])
    assert bag(shop.kept) == shop.full()
    for step in range(10):
        some = drawn.sample(pool, 8)
        if step % 4 == 3:  # All that is said about a node goes, or a subclass axiom.
            axioms = [one for one in pool if one.predicate == RDFS.subClassOf]
            node = drawn.choice(pool).subject
            some = [one for one in pool if one.subject == node] + drawn.sample(axioms, 1)
        adds = step % 2 == 0
        shop.change(
            added=some if adds else (),
            removed=() if adds else some,
            graph=GRAPHS[drawn.randrange(2) if adds else 0],
        )
        assert bag(shop.kept) == shop.full(), f"step {step}"


changes = st.lists(
    st.tuples(
        st.booleans(), st.sampled_from(GRAPHS), st.lists(triples, min_size=1, max_size=3).map("\n".join)
    ),
    min_size=2,
    max_size=6,
)
odd_triples = st.sampled_from(
    [
        ':a :p "01"^^xsd:integer .',
        ":a :p 1 .",
        ':b :q "1.50"^^xsd:decimal .',
        ":b :q 1.5 .",
        ':c :r "x"@EN .',
        ':a :q "x"@en .',
    ]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(shape, changes, st.lists(odd_triples, max_size=3))
def test_random_shapes_are_maintained_exactly_with_terms_as_received(
    rule: str, steps: list, odd: list[str]
) -> None:
    shop = Shop(shapes(rule))
    for number, (removes, graph, text) in enumerate(steps):
        rows = [one.triple for one in turtle("\n".join([text, *odd[number : number + 1]]))]
        shop.change(added=() if removes else rows, removed=rows if removes else (), graph=graph)
        assert bag(shop.kept) == shop.full()


QUERIES = [
    "$this :p ?value . FILTER NOT EXISTS { ?value :q ?x FILTER EXISTS { ?x :r $this } }",
    "$this :p/:q* ?value . ?value :r ?x . FILTER(?x != ?value)",
    "$this :p ?value . OPTIONAL { $this :q ?x } FILTER(!BOUND(?x) || ?x < ?value)",
    "{ $this :p ?value } UNION { $this ^:q ?value } FILTER NOT EXISTS { $this a :C }",
    "$this (:p|^:q)+ ?value . FILTER EXISTS { ?value a :D }",
    "$this :p ?value . { SELECT $this (COUNT(?x) AS ?n) WHERE { $this :q ?x } GROUP BY $this } FILTER(?n > 1)",
    "$this :p ?x . ?other :p ?x ; :q ?value . FILTER(?other != $this && ?value >= 2)",
    "$this :p ?value . FILTER(CONTAINS(STR(?value), STRAFTER(STR($this), 'x:')) || ?value * 2 > 3)",
    "$this :p ?value . ?any :r ?else . FILTER NOT EXISTS { ?any :q $this }",
    "$this ?value ?x . FILTER(?x = 1)",
    "BIND($this AS ?t) ?t :p ?value . FILTER(STR(?value) > 'urn:x:b')",
    "$this :p ?value FILTER(?value IN (:a, 2) && !(?value = :b))",
    "$this :p ?value . FILTER NOT EXISTS { $this :q ?x FILTER(?x <= ?value) }",
    "$this :p ?value . FILTER NOT EXISTS { $this :q ?x FILTER(!(?x = ?value)) }",
    "$this :p ?value OPTIONAL { $this :q ?x } OPTIONAL { ?value :q ?y } FILTER(COALESCE(?x, :c) = COALESCE(?y, :c))",
    "$this :p ?value OPTIONAL { ?value :q ?x } OPTIONAL { $this :r ?x }"
    " FILTER(COALESCE(?x < ?value, false) || ?x = :a)",
    "?value :q $this OPTIONAL { $this :p ?x } FILTER NOT EXISTS { ?value :r ?x }",
    "$this :p ?value OPTIONAL { $this :q ?x } FILTER(!(COALESCE(?x, ?value) != ?value))",
    "{ SELECT $this (SUM(?x * ?y) AS ?sum) WHERE { $this :p ?z . ?z :q ?x . ?z :q ?y } GROUP BY $this }"
    " $this :q ?value OPTIONAL { $this :p ?less } FILTER(?sum - COALESCE(?less, 0) > ?value)",
    "SELECT $this ?value WHERE { $this :p ?value . ?other :p ?value ; :q ?x }"
    " GROUP BY $this ?value HAVING (2 * SUM(IF(?x > 1, 1, 0)) > COUNT(?other) || COUNT(*) > 3)",
    "SELECT $this ?value (COUNT(?x) AS ?n) WHERE { $this :p|:q ?value ; :q ?x FILTER(?x != ?value) }"
    " GROUP BY $this ?value HAVING (SUM(?x) < COUNT(?x))",
    "SELECT $this ?value WHERE { $this :q ?value . ?other :q ?x FILTER EXISTS { $this :p ?other } }"
    " GROUP BY $this ?value HAVING (SUM(?x) > 2 * ?value)",
]


def whole(query: str) -> str:
    select = query if query.startswith("SELECT") else f"SELECT $this ?value WHERE {{ {query} }}"
    return f"PREFIX : <urn:x:> {select}"


def with_query(query: str) -> str:
    return f':S sh:targetSubjectsOf :p, :q ; sh:sparql [ sh:select """{whole(query)}""" ] .'


@pytest.mark.parametrize("query", QUERIES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=changes)
def test_queries_are_maintained_exactly(query: str, steps: list) -> None:
    shop = Shop(shapes(with_query(query)))
    for removes, graph, text in steps:
        rows = [one.triple for one in turtle(text)]
        shop.change(added=() if removes else rows, removed=rows if removes else (), graph=graph)
        assert bag(shop.kept) == shop.full()


@pytest.mark.parametrize("query", QUERIES)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(triples, min_size=1, max_size=14).map("\n".join))
def test_what_columns_rule_out_has_no_solution(query: str, rows: str) -> None:
    rules = shapes(with_query(query))
    shop = Shop(rules)
    shop.change(added=[one.triple for one in turtle(rows)], graph=GRAPHS[0])
    data = data_of(shop.image, rules, shop.store, whole=True)
    text = whole(query)
    found = {str(row["this"]) for row in shop.store.query(text) if row["this"] is not None}
    nodes = np.unique(np.concatenate([np.unique(one.pairs >> np.uint64(32)) for one in data.judged.values()]))
    nodes = nodes.astype(np.uint32)
    kept = set(shop.image.dictionary.decode(candidates(read_tree(text), nodes, data).focus).to_pylist())
    known = set(shop.image.dictionary.decode(nodes).to_pylist())
    assert found & known <= kept


# Those that run in set form, and: what an OPTIONAL may have bound before a pattern does, groups of their own.
IN_SETS = [
    *(one for one in QUERIES if read_query(whole(one), {}).form == "set"),
    "$this :p ?other OPTIONAL { $this :q ?value } ?other :r ?value",
    "$this :p ?other OPTIONAL { $this :q ?value } ?other :p ?value",
    "$this :p ?other OPTIONAL { ?other :q ?x } { ?x :p ?value } UNION { $this :q ?value }",
    "?other :p ?value . $this :q ?other OPTIONAL { ?other :r ?x . $this :p ?y } FILTER(?other != $this)",
    "$this :p ?other . ?other :q ?value . { SELECT $this (COUNT(?x) AS ?n) WHERE { $this :q ?x } GROUP BY $this }",
    "SELECT DISTINCT $this ?value WHERE { $this (:p|:q) ?value . ?value (:p|^:r) ?other }",
]


@pytest.mark.parametrize("query", IN_SETS)
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@example(rows=":a :p :b ; :q :c . :b :p :d ; :r :d .")
@given(rows=st.lists(triples, min_size=1, max_size=14).map("\n".join))
def test_results_are_the_rows_of_the_query(query: str, rows: str) -> None:
    rules = shapes(with_query(query))
    shop = Shop(rules)
    shop.change(added=[one.triple for one in turtle(rows)], graph=GRAPHS[0])
    text = whole(query)
    heads = {
        quad.subject
        for name in ("p", "q")
        for quad in shop.store.quads_for_pattern(None, ox.NamedNode(f"urn:x:{name}"), None)
    }
    asked = Counter(
        (str(row["this"]), str(row["value"] or row["this"]))
        for row in shop.store.query(text)
        if row["this"] in heads
    )
    report = validate(rules, data_of(shop.image, rules, shop.store, whole=True))
    assert Counter((str(one.focus), str(one.value)) for one in report.results) == asked


def test_a_small_change_judges_few_nodes() -> None:
    shop = Shop(own_shapes())
    shop.change(added=surroundings(), graph=GRAPHS[0])
    everything = len(shop.image.dictionary)
    row = next(one for one in surroundings() if one.predicate.value.endswith("#price"))
    shop.change(removed=[row], graph=GRAPHS[0])
    assert 0 < shop.judged_nodes < everything / 50


def test_blank_focus_nodes_and_edited_shapes_are_judged_as_a_full_run_judges() -> None:
    rules = shapes(
        with_query(QUERIES[0]) + " :T sh:targetClass :C ; sh:property [ sh:path :p ; sh:maxCount 1 ] ."
    )
    shop = Shop(rules)
    rows = [one.triple for one in turtle("_:b a :C ; :p 1, 2 . :a a :C ; :p _:b .")]
    shop.change(added=rows, graph=GRAPHS[0])
    assert bag(shop.kept) == shop.full() and shop.kept
    shop.change(removed=rows[1:2], graph=GRAPHS[0])
    assert bag(shop.kept) == shop.full()
    edited = replace(shop.rules[next(shop.rules.roots()).node], deactivated=True)
    others = ShapesGraph({**shop.rules.shapes, edited.node: edited}, shop.rules.triples)
    data = data_of(shop.image, others, shop.store, whole=True)
    assert bag(validate(others, data).results) == bag(
        one for one in shop.kept if one.root_shape != edited.node
    )
