"""A contradiction in full: the proof of each of its facts, and what to take back so that it goes away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..columns.dictionary import Dictionary
from ..columns.relations import Relations
from .contradictions import Contradiction, plain_label
from .expressions import Node
from .proof_tree import Proof
from .proofs import ProofSearch
from .rules import Fact, RuleSet

MOST_REMOVED = 20
Triple = tuple[Node, Node, Node]


@dataclass(frozen=True)
class Account:
    """A contradiction told to somebody who has to mend it.

    `sides` proves each of its facts down to asserted triples. Taking back all triples of any one of `mends`
    ends the contradiction; mostly each is a single triple. It is empty where more than `MOST_REMOVED` would
    have to go, and where the axioms contradict themselves without any data.
    """

    rule: str
    axiom: str
    sentence: str
    witnesses: tuple[Node, ...]
    sides: tuple[Proof, ...]
    mends: tuple[tuple[Triple, ...], ...]

    def __str__(self) -> str:
        lines = [f"{self.sentence} [{self.rule}]"]
        for side in self.sides:
            lines += [f"  {line}" for line in str(side).splitlines()]
        for number, mend in enumerate(self.mends):
            said = " and ".join(f"{s} {p} {o}" for s, p, o in mend)
            lines.append(f"  {'or' if number else 'to mend it, take back'} {said}")
        return "\n".join(lines)

    def to_dict(self) -> dict:
        """The account for JSON; terms in N-Triples syntax."""
        return {
            "rule": self.rule,
            "axiom": self.axiom,
            "sentence": self.sentence,
            "witnesses": [str(one) for one in self.witnesses],
            "sides": [one.to_dict() for one in self.sides],
            "mends": [[[str(term) for term in triple] for triple in mend] for mend in self.mends],
        }


def account(
    rules: RuleSet,
    view: Relations,
    asserted: Relations,
    contradiction: Contradiction,
    *,
    dictionary: Dictionary,
) -> Account:
    """The account of a contradiction; `view` holds asserted and inferred facts."""
    teller = _Teller(rules, view, asserted, dictionary)
    sides = [teller.proof(fact) for fact in contradiction.facts]
    return Account(
        contradiction.source.name,
        contradiction.source.axiom,
        contradiction.sentence(plain_label(rules)),
        tuple(map(dictionary.term, contradiction.witnesses)),
        tuple(one for one in sides if one is not None),
        tuple(teller.told(mend) for mend in teller.mends(contradiction.facts)),
    )


class _Teller:
    def __init__(self, rules: RuleSet, view: Relations, asserted: Relations, dictionary: Dictionary) -> None:
        self._rules, self._view, self._asserted, self._dictionary = rules, view, asserted, dictionary

    def proof(self, fact: Fact, without: Iterable[Fact] = ()) -> Proof | None:
        search = ProofSearch(self._rules, self._view, self._asserted, without=frozenset(without))
        return search.proof(fact, self._dictionary)

    def told(self, facts: Iterable[Fact]) -> tuple[Triple, ...]:
        term = self._dictionary.term
        return tuple((term(s), term(p), term(o)) for s, p, o in facts)

    def mends(self, facts: tuple[Fact, ...]) -> list[tuple[Fact, ...]]:
        """Each single asserted fact without which one of `facts` falls; else one least set that does it."""
        leaves = self._leaves(facts, ())
        single: list[tuple[Fact, ...]] = [(leaf,) for leaf in leaves if self._falls(facts, (leaf,))]
        return single or [several for several in (self._several(facts),) if several]

    def _several(self, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
        """A least set of asserted facts without which one of `facts` falls, if there is one."""
        for fact in sorted(facts, key=lambda one: len(self._leaves((one,), ()))):
            removed: list[Fact] = []
            while len(removed) < MOST_REMOVED and (leaves := self._leaves((fact,), removed)):
                removed.append(leaves[0])
            if not self._falls((fact,), removed):
                continue
            for one in tuple(removed):
                rest = [other for other in removed if other != one]
                if self._falls((fact,), rest):
                    removed = rest
            return tuple(removed)
        return ()

    def _falls(self, facts: Iterable[Fact], removed: Iterable[Fact]) -> bool:
        return any(self.proof(fact, removed) is None for fact in facts)

    def _leaves(self, facts: Iterable[Fact], removed: Iterable[Fact]) -> list[Fact]:
        """The asserted facts that proofs of `facts` rest on."""
        found: dict[Fact, None] = {}
        for fact in facts:
            proof = self.proof(fact, removed)
            for triple in () if proof is None else proof.leaves():
                s, p, o = map(int, self._dictionary.find([str(term) for term in triple]))
                found[s, p, o] = None
        return list(found)
