"""Consequences kept up to date are those of reasoning from scratch: over random ontologies and random changes."""

from __future__ import annotations

import os
from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kb import graphs
from kb.columns import kernels, relations
from kb.columns.batches import batches_of
from kb.columns.image import Image
from kb.columns.rows import Rows
from kb.pipeline import Inference, infer
from kb.reasoning import FromScratch, compile_ontology, derivation, stacks

from .conftest import parse
from .test_differential import axioms, facts

PUBLIC, PRIVATE = graphs.of_source("shop"), graphs.of_source("orders", private=True)
ROUNDS = int(os.environ.get("KB_ROUNDS", "60"))
PHASES = [one for one in Phase if one != Phase.shrink]


class Store:
    """An image with its consequences, changed step by step."""

    def __init__(self, ontology: str, public=(), private=()) -> None:
        self.image = Image()
        self.rules = compile_ontology(parse(ontology), self.image.dictionary)
        self.state: Inference | None = None
        self.from_scratch = 0
        self.change({PUBLIC: list(public), PRIVATE: list(private)}, {})

    def change(self, added: dict[str, list[str]], removed: dict[str, list[str]]) -> None:
        """Add and remove facts by graph, and draw the consequences."""
        rows = [self.rows(part) for part in (added, removed)]
        effective = self.image.effective(added=rows[0], removed=rows[1])
        image = self.image.changed(added=effective[0], removed=effective[1])
        if self.state is not None:
            try:
                self.state.upkeep.after(self.state.image, image)
            except FromScratch:
                self.from_scratch += 1
        self.state = infer(image, self.rules, before=self.state)
        self.image = self.state.image

    def rows(self, part: dict[str, list[str]]) -> Rows:
        found = Rows()
        for graph, lines in part.items():
            triples = [one.triple for one in parse("\n".join(lines))]
            found = found.plus(Rows.encoded(self.image.dictionary, batches_of(triples, graph)))
        return found

    def told(self, view) -> set:
        text = self.image.dictionary.text
        return {
            (text(int(s)), text(key), text(int(o)))
            for key, one in view.items()
            for s, o in zip(one.subjects, one.objects, strict=True)
        }

    def check(self) -> None:
        """Compare with reasoning from scratch."""
        fresh = infer(self.image, self.rules)
        for name in ("inferred_public", "inferred_private"):
            mine, theirs = self.told(getattr(self.image, name)), self.told(getattr(fresh.image, name))
            assert mine == theirs, (name, "too many", mine - theirs, "missing", theirs - mine)
        for name in ("public", "private"):
            mine, theirs = (
                {(one.source, frozenset(one.facts)) for one in getattr(state.upkeep, name)}
                for state in (self.state, fresh)
            )
            assert mine == theirs, (name, "too many", mine - theirs, "missing", theirs - mine)


some = st.lists(facts, max_size=5)
numbers = st.lists(st.integers(0, 40), max_size=5)
steps = st.lists(st.tuples(some, numbers, some, numbers), min_size=1, max_size=4)


@settings(phases=PHASES, max_examples=ROUNDS, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    ontology=st.lists(axioms, max_size=9),
    public=st.lists(facts, max_size=12),
    private=st.lists(facts, max_size=6),
    steps=steps,
    few=st.sampled_from([0, 2, kernels.FEW]),
)
def test_changes_give_what_reasoning_from_scratch_gives(ontology, public, private, steps, few):
    with ExitStack() as stack:
        for module in (kernels, relations, derivation, stacks):
            stack.enter_context(patch.object(module, "FEW", few))
        follow(ontology, public, private, steps)


def follow(ontology, public, private, steps):
    """Make changes and check after each."""
    store = Store("\n".join(ontology), public, private)
    known = {PUBLIC: list(dict.fromkeys(public)), PRIVATE: list(dict.fromkeys(private))}
    for more, fewer, secrets, fewer_secrets in steps:
        removed = {
            graph: [one for number, one in enumerate(known[graph]) if number in chosen]
            for graph, chosen in ((PUBLIC, fewer), (PRIVATE, fewer_secrets))
        }
        added = {PUBLIC: more, PRIVATE: secrets}
        for graph in known:
            left = [one for one in known[graph] if one not in removed[graph]]
            known[graph] = list(dict.fromkeys([*left, *added[graph]]))
        store.change(added, removed)
        store.check()
    assert store.from_scratch == 0


KEYS = ":SKU owl:hasKey ( :gtin ) . :brand a owl:FunctionalProperty ."


def test_a_clique_that_loses_its_key_falls_apart():
    store = Store(KEYS, [":x a :SKU ; :gtin '1' ; :brand :b .", ":y a :SKU ; :gtin '1' .", ":z :likes :x ."])
    assert ("y", "likes") not in short(store)
    assert {("y", "brand"), ("z", "likes")} <= short(store)
    store.change({}, {PUBLIC: [":y :gtin '1' ."]})
    store.check()
    assert short(store) == set() and store.from_scratch == 0


def test_a_fact_that_supports_itself_through_equality_alone_goes():
    ontology = ":gtin a owl:InverseFunctionalProperty . :code rdfs:subPropertyOf :gtin ."
    store = Store(ontology, [":x :code :k .", ":y :code :k ."])
    store.change({}, {PUBLIC: [":y :code :k ."]})
    store.check()
    assert short(store) == {("x", "gtin")}


def test_a_fact_stays_where_another_source_supports_it():
    store = Store(":a rdfs:subClassOf :b .", [":x a :a ."], [":x a :a ."])
    store.change({}, {PUBLIC: [":x a :a ."]})
    store.check()
    assert not store.image.inferred_public and store.image.inferred_private.size == 1


@pytest.mark.parametrize(
    ("ontology", "public", "more"),
    [
        (
            ":p a owl:SymmetricProperty .",
            [":n0 :p :m ."],
            [f":n{n} owl:sameAs :n{n + 1} ." for n in range(60)],
        ),
        (":a rdfs:subClassOf :b .", [":x a :a ."], [":a owl:sameAs :c ."]),
        (":p rdfs:subPropertyOf owl:sameAs .", [":x :p :y ."], [":y :p :z ."]),
    ],
    ids=["a clique above the cap", "equal classes", "a property that means equality"],
)
def test_what_maintenance_can_not_do_is_done_from_scratch(ontology, public, more):
    store = Store(ontology, public)
    store.change({PUBLIC: more}, {})
    store.check()
    assert store.from_scratch == 1
    store.change({}, {PUBLIC: more})
    store.check()


def test_no_relation_is_copied_for_a_small_change():
    count = 20_000
    store = Store(":p rdfs:subPropertyOf :q .", [f":n{n} :p :m ." for n in range(count)])
    before = store.image
    store.change({PUBLIC: [":fresh :p :m ."]}, {PUBLIC: [":n7 :p :m ."]})
    for name in ("asserted_public", "inferred_public"):
        for key, relation in getattr(store.image, name).items():
            assert np.shares_memory(relation.rows.base.pairs, getattr(before, name)[key].rows.base.pairs)
    store.check()


def short(store: Store) -> set:
    """The inferred facts but owl:sameAs, as (subject, predicate)."""
    view = store.told(store.image.inferred_public)
    ends = {(s[1:-1].rsplit("/", 1)[-1], p[1:-1].rsplit("/", 1)[-1].rsplit("#", 1)[-1]) for s, p, _ in view}
    return {one for one in ends if one[1] != "sameAs"}
