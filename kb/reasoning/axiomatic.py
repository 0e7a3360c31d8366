"""What holds whatever is said: facts of the rule tables that are answered when asked, and never stored.

Stored, eq-ref and the reflexive scm-* triples would add one or more rows for each term and tell nothing; dt-eq
and dt-diff would add a row for each pair of literals, whose subjects RDF does not allow besides.
"""

from __future__ import annotations

from ..columns.dictionary import Kind
from .datatypes import KNOWN_DATATYPES
from .expressions import OWL, RDF, RDFS
from .rules import Fact, RuleSet, Source

ANNOTATIONS = frozenset(
    {f"{RDFS}{name}" for name in ("label", "comment", "seeAlso", "isDefinedBy")}
    | {
        f"{OWL}{name}"
        for name in (
            "deprecated",
            "versionInfo",
            "priorVersion",
            "backwardCompatibleWith",
            "incompatibleWith",
        )
    }
)
"""The annotation properties that OWL 2 has built in (prp-ap)."""
_CLASSES = {f"{OWL}Thing": "cls-thing", f"{OWL}Nothing": "cls-nothing1"}
_REFLEXIVE = {
    f"{RDFS}subClassOf": ("scm-cls", "Class"),
    f"{OWL}equivalentClass": ("scm-cls", "Class"),
    f"{RDFS}subPropertyOf": ("scm-op", "ObjectProperty"),
    f"{OWL}equivalentProperty": ("scm-op", "ObjectProperty"),
}


def axiomatic(rules: RuleSet, fact: Fact) -> Source | None:
    """The rule by which a fact (ids) holds without any premise among the data, if there is one."""
    subject, predicate, value = fact
    kind, dictionary = rules.dictionary.kind, rules.dictionary
    if kind[subject] == Kind.LITERAL:
        return _of_literal(rules, fact)
    if predicate == rules.vocabulary.same_as and subject == value:
        return Source(("eq-ref",), "everything is the same as itself")
    low, on, high = (dictionary.text(one)[1:-1] for one in fact)
    name = None
    if on == f"{RDF}type":
        name = _kind_of_term(low, high)
    elif on in _REFLEXIVE and subject == value:
        name = _reflexive(rules, subject, on)
    elif on == f"{RDFS}subClassOf" and (high == f"{OWL}Thing" or low == f"{OWL}Nothing"):
        known = rules.is_declared(subject if high == f"{OWL}Thing" else value, "Class")
        name = "scm-cls" if known else None
    elif subject == value and rules.is_declared(predicate, "ReflexiveProperty"):
        return Source(("reflexive",), f"Reflexive: {on}")
    return None if name is None else Source((name,), "holds in every ontology")


def _of_literal(rules: RuleSet, fact: Fact) -> Source | None:
    subject, predicate, value = fact
    datatypes, vocabulary = rules.datatypes, rules.vocabulary
    if predicate == vocabulary.type and datatypes.holds(subject, value):
        return Source(("dt-type2",), "its value lies in the datatype's value space")
    if rules.dictionary.kind[value] != Kind.LITERAL:
        return None
    differ = datatypes.differ(subject, value)
    if predicate == vocabulary.same_as and not differ:
        return Source(("dt-eq",), "the literals have one value")
    if predicate == vocabulary.different_from and differ:
        return Source(("dt-diff",), "the literals have different values")
    return None


def _kind_of_term(term: str, kind: str) -> str | None:
    if kind == f"{RDFS}Datatype" and term in KNOWN_DATATYPES:
        return "dt-type1"
    if kind == f"{OWL}AnnotationProperty" and term in ANNOTATIONS:
        return "prp-ap"
    return _CLASSES.get(term) if kind == f"{OWL}Class" else None


def _reflexive(rules: RuleSet, term: int, predicate: str) -> str | None:
    name, kind = _REFLEXIVE[predicate]
    if rules.is_declared(term, kind):
        return name
    return "scm-dp" if kind == "ObjectProperty" and rules.is_declared(term, "DatatypeProperty") else None
