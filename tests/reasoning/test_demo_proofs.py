"""Inferred triples of a demo shop have proofs whose steps are instances of rules and whose leaves are asserted."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.columns.kernels import heads, tails
from kb.demo import generate
from kb.pipeline import rules_of
from kb.reasoning import Proof, RuleSet, explain, materialise
from kb.reasoning.entailment import relations_of
from kb.reasoning.rules import Atom, Fact

# So many triples of each predicate, at random.
MOST = 25
OF_EQUALITY = ("eq-", "prp-fp", "prp-ifp", "prp-key", "cls-maxc", "cls-maxqc")


class Checker:
    """Checks each step, once, by the rule that it names and by its premises alone."""

    def __init__(self, rules: RuleSet, stated: set[tuple]) -> None:
        self._rules, self._stated = rules, stated
        self._known: set[Proof] = set()
        self._by_source: dict[tuple[str, str], list] = {}
        for rule in rules.rules:
            self._by_source.setdefault((rule.source.name, rule.source.axiom), []).append(rule)

    def check(self, proof: Proof, above: tuple = ()) -> None:
        assert proof.conclusion not in above, f"a circle: {proof}"
        if proof in self._known:
            return
        if proof.asserted:
            assert not proof.premises and proof.conclusion in self._stated, str(proof)
        else:
            assert self._is_instance(proof), str(proof)
        for premise in proof.premises:
            self.check(premise, (*above, proof.conclusion))
        self._known.add(proof)

    def _is_instance(self, proof: Proof) -> bool:
        goal = self._fact(proof)
        if goal in self._rules.schema and not proof.premises:
            return True
        if any(one.startswith(OF_EQUALITY) for one in proof.rule.split(", ")):
            return self._follows(proof, goal)
        premises = [self._fact(one) for one in proof.premises]
        return any(
            len(rule.body) == len(premises)
            and self._fits(list(zip((rule.head, *rule.body), (goal, *premises), strict=True)))
            for rule in self._by_source.get((proof.rule, proof.axiom), ())
        )

    def _fits(self, pairs: list[tuple[Atom, Fact]]) -> bool:
        values: dict[str, int] = {}
        for atom, (subject, predicate, value) in pairs:
            if atom.predicate != predicate:
                return False
            for name, one in ((atom.subject, subject), (atom.object, value)):
                if one != (values.setdefault(name, one) if isinstance(name, str) else name):
                    return False
        return True

    def _follows(self, proof: Proof, goal: Fact) -> bool:
        triples = [ox.Triple(*one.conclusion) for one in proof.premises]
        given = relations_of(self._rules.dictionary, triples)
        pairs = materialise(self._rules, given).relations.get(goal[1], np.empty(0, np.uint64))
        return bool(np.any((heads(pairs) == goal[0]) & (tails(pairs) == goal[2])))

    def _fact(self, proof: Proof) -> Fact:
        found = self._rules.dictionary.find([str(term) for term in proof.conclusion])
        subject, predicate, value = map(int, self._rules.dictionary.stored_of(found))
        return subject, predicate, value


def test_every_kind_of_inferred_triple_of_the_demo_shop_has_a_right_proof(tmp_path: Path) -> None:
    shop = generate(tmp_path / "files", scale=0.02, seed=7)
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        knowledge.load([one for one in shop.files if one.suffix == ".nq"], source="demo")
        image = knowledge.snapshot.image
    rules = rules_of(image)
    view = image.view(private=True, inferred=True).united(image.ontology)
    asserted = image.view(private=True, inferred=False).united(image.ontology)
    term = image.dictionary.term
    stated = {
        (term(s), term(key), term(o))
        for key, one in asserted.items()
        for s, o in zip(heads(one.pairs), tails(one.pairs), strict=True)
    }
    checker = Checker(rules, stated)
    draw = np.random.default_rng(7)
    checked = 0
    for key, one in chain(image.inferred_public.items(), image.inferred_private.items()):
        pairs = one.pairs if len(one.pairs) <= MOST else draw.choice(one.pairs, MOST, replace=False)
        for s, o in zip(heads(pairs).tolist(), tails(pairs).tolist(), strict=True):
            proof = explain(rules, view, asserted, s, key, o, dictionary=image.dictionary)
            assert proof is not None, (term(s), term(key), term(o))
            assert proof.conclusion == (term(s), term(key), term(o))
            checker.check(proof)
            checked += 1
            if proof.premises and checked % 50 == 0:
                with pytest.raises(AssertionError):
                    Checker(rules, stated).check(replace(proof, premises=()))
    assert checked > 500
