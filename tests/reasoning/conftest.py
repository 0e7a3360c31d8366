"""A small bench for reasoning: Turtle in, facts out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyoxigraph as ox
import pytest

from kb.columns.dictionary import Dictionary
from kb.columns.kernels import heads, tails
from kb.columns.relations import Relation, Relations
from kb.reasoning.compiler import compile_ontology
from kb.reasoning.engine import Consequences, materialise
from kb.reasoning.entailment import relations_of
from kb.reasoning.rules import RuleSet

PREFIXES = """
@prefix : <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def parse(turtle: str) -> list[ox.Quad]:
    """The triples of a Turtle text with the usual prefixes."""
    return list(ox.parse(PREFIXES + turtle, format=ox.RdfFormat.TURTLE))


def to_facts(dictionary: Dictionary, relations) -> set:
    """Relations (or packed pairs by predicate) as (subject, predicate, object) terms."""
    found = set()
    for key, one in relations.items():
        pairs = getattr(one, "pairs", one)
        for s, o in zip(heads(pairs), tails(pairs), strict=True):
            found.add((dictionary.term(s), dictionary.term(key), dictionary.term(o)))
    return found


@dataclass
class Bench:
    """An ontology, data, private data, and what follows."""

    ontology: str
    data: str = ""
    private: str | None = None
    cap: int = 50
    dictionary: Dictionary = field(default_factory=Dictionary)

    def __post_init__(self) -> None:
        self.rules: RuleSet = compile_ontology(parse(self.ontology), self.dictionary)
        self.asserted = relations_of(self.dictionary, parse(self.data))
        secret = relations_of(self.dictionary, parse(self.private or ""))
        self.public: Consequences = materialise(self.rules, self.asserted, cap=self.cap)
        self.closed = self.asserted.united(self.as_relations(self.public))
        self.result = self.public
        self.view = self.closed
        if self.private is not None:
            self.result = materialise(self.rules, secret, given=self.closed, cap=self.cap)
            self.asserted = self.asserted.united(secret)
            self.view = self.closed.united(secret).united(self.as_relations(self.result))

    @staticmethod
    def as_relations(found: Consequences) -> Relations:
        return Relations({key: Relation(pairs) for key, pairs in found.relations.items()})

    @property
    def facts(self) -> set:
        return to_facts(self.dictionary, self.result.relations)

    def turtle(self) -> str:
        """The inferred facts, short and sorted."""
        return " . ".join(sorted(f"{name(s)} {name(p)} {name(o)}" for s, p, o in self.facts))

    def clashes(self) -> list[str]:
        """The leading rule of each contradiction."""
        return sorted(one.source.names[0] for one in self.result.contradictions)

    def id(self, local: str) -> int:
        return self.dictionary.id(f"<http://example.org/{local}>")


def name(term) -> str:
    """The end of an IRI after # or /."""
    if isinstance(term, ox.NamedNode):
        return "a" if term.value.endswith("#type") else term.value.replace("#", "/").rsplit("/", 1)[-1]
    return str(term)


@pytest.fixture
def bench():
    return Bench
