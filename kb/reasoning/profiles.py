"""How an ontology leaves OWL 2 DL and OWL 2 RL, by the OWL API that comes with HermiT: by kind, with remedies.

Specification: https://www.w3.org/TR/owl2-syntax/#Ontologies and https://www.w3.org/TR/owl2-profiles/#OWL_2_RL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

import pyoxigraph as ox

from .expressions import short
from .hermit import fault_of, run_java

_EXAMPLES = 2
_LONGEST = 160
_FIRST_TERM = re.compile(r"(?:<[^>]+>|\b(?:owl|rdfs?|xsd|xml):\w+)")
_DECLARE = "declare it ({}), or check the file that does together with this one"
_MEANT_FOR_SHAPES = "unions, 'some' and numbers on the right are for shapes (sh:or, sh:minCount)"
# By the OWL API's name of a kind: what it is, and the remedy.
_KINDS = {
    "UseOfUndeclaredClass": ("undeclared class", _DECLARE.format("TERM a owl:Class")),
    "UseOfUndeclaredObjectProperty": (
        "undeclared object property",
        _DECLARE.format("TERM a owl:ObjectProperty"),
    ),
    "UseOfUndeclaredDataProperty": (
        "undeclared datatype property",
        _DECLARE.format("TERM a owl:DatatypeProperty"),
    ),
    "UseOfUndeclaredAnnotationProperty": (
        "undeclared annotation property",
        _DECLARE.format("TERM a owl:AnnotationProperty"),
    ),
    "UseOfUndeclaredDatatype": ("undeclared datatype", _DECLARE.format("TERM a rdfs:Datatype")),
    "DatatypeIRIAlsoUsedAsClassIRI": (
        "one name for a class and a datatype",
        "give one of them a name of its own",
    ),
    "IllegalPunning": (
        "one name for two kinds of property",
        "let it be either an object, a datatype or an annotation property",
    ),
    "InsufficientOperands": ("union or intersection of fewer than two", "name its one member instead"),
    "LexicalNotInLexicalSpace": (
        "value that its datatype does not have",
        "mend the value, or its datatype",
    ),
    "UseOfUnknownDatatype": (
        "datatype unknown to OWL 2",
        "declare it (TERM a rdfs:Datatype), or use one of XML Schema",
    ),
    "UseOfNonSuperClassExpression": (
        "expression that may not stand on the right of SubClassOf, nor be a domain or range",
        _MEANT_FOR_SHAPES,
    ),
    "UseOfNonSubClassExpression": (
        "expression that may not stand on the left of SubClassOf",
        "'only', 'not' and numbers on the left are for shapes",
    ),
    "UseOfNonEquivalentClassExpression": (
        "expression that may not be equivalent to a class",
        "keep the half that is needed, as SubClassOf with the expression on the left",
    ),
    "UseOfIllegalDataRange": (
        "datatype or data range that the profile lacks",
        "xsd:dateTime for dates and decimals for durations; limits of values are for shapes",
    ),
    "UseOfIllegalAxiom": (
        "axiom that the profile lacks",
        "disjoint unions as SubClassOf and AllDisjointClasses; else leave it to shapes",
    ),
    "UseOfIllegalClassExpression": ("class expression that the profile lacks", _MEANT_FOR_SHAPES),
    "UseOfPropertyInChainCausesCycle": (
        "property chains that run in a circle",
        "order the properties so that each chain is made of those before it",
    ),
}
_FAMILIES = {
    "UseOfReservedVocabulary": (
        "name in the namespace of rdf:, rdfs:, owl: or xsd: that is none, or not for this",
        "mend the spelling, or use a term of your own",
    ),
    "UseOfNonSimpleProperty": (
        "property with a chain, or a transitive one, where a simple one is needed",
        "say it of the direct property from which the other follows",
    ),
}
_UNKNOWN_REMEDY = "see https://www.w3.org/TR/owl2-profiles/"


@dataclass(frozen=True)
class Violations:
    """One kind of violation: how many times by profile, of how many terms, with the first few axioms."""

    what: str
    dl: int
    rl: int
    terms: int
    examples: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        profiles = "DL and RL" if self.dl and self.rl else "DL" if self.dl else "RL"
        most = max(self.dl, self.rl)
        times = "once" if most == 1 else f"{most:,} times"
        terms = f", {self.terms:,} terms" if self.terms > 1 else ""
        lines = (f"{profiles}: {self.what}, {times}{terms}", "; ".join(self.examples))
        return "\n  ".join((*lines, f"to mend it: {self.remedy}"))


@dataclass(frozen=True)
class ProfileReport:
    """What keeps an ontology out of the two profiles, the most frequent first; true where nothing does.

    `unasked` says why nobody has looked.
    """

    violations: tuple[Violations, ...] = ()
    unasked: str | None = None

    def __bool__(self) -> bool:
        return not self.violations and self.unasked is None

    def __str__(self) -> str:
        if self.unasked is not None:
            return f"OWL 2 DL and RL: not looked at: {self.unasked}"
        if not self.violations:
            return "OWL 2 DL and RL: no violations"
        dl, rl = (sum(getattr(one, name) for one in self.violations) for name in ("dl", "rl"))
        return "\n".join([f"violations of OWL 2 DL: {dl:,}, of OWL 2 RL: {rl:,}", *map(str, self.violations)])


def profile_report(triples: Iterable[ox.Triple]) -> ProfileReport:
    """The violations of an ontology with one header or none; imports are not followed.

    The OWL API 3.4.3 passes ranges of xsd:date, xsd:gYear and xsd:duration in DL (it reports them in RL), and
    owl:ReflexiveProperty in RL. Raises ToolMissing without Java.
    """
    with resources.as_file(resources.files(__package__) / "Profiles.java") as source:
        ran = run_java([source], triples)
    if ran.returncode:
        if "jdk.compiler" in ran.stderr:
            return ProfileReport(unasked="that needs a JDK (apt-get install default-jdk-headless)")
        return ProfileReport(unasked=f"the OWL API can't read it: {fault_of(ran)}")
    return grouped(ran.stdout.splitlines())


def grouped(lines: Iterable[str]) -> ProfileReport:
    """A report of the lines that Profiles.java prints.

    >>> print(grouped(["DL\\tInsufficientOperands\\tNot enough: ObjectUnionOf(<urn:A>)\\tSubClassOf(<urn:B> <urn:A>)"]))
    violations of OWL 2 DL: 1, of OWL 2 RL: 0
    DL: union or intersection of fewer than two, once
      A in SubClassOf(B A)
      to mend it: name its one member instead
    """
    found: dict[tuple[str, str], _Kind] = {}
    for line in lines:
        profile, *rest = line.split("\t")
        if len(rest) == 3:
            kind, message, axiom = rest
            told = _told(kind)
            found.setdefault(told, _Kind(*told)).take(profile, message, axiom)
    ordered = sorted(found.values(), key=lambda one: (-max(one.counts.values()), one.what))
    return ProfileReport(tuple(one.violations() for one in ordered))


def _told(kind: str) -> tuple[str, str]:
    """What a kind is, and its remedy."""
    family = next((told for name, told in _FAMILIES.items() if kind.startswith(name)), None)
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
    return _KINDS.get(kind) or family or (words, _UNKNOWN_REMEDY)


class _Kind:
    """The violations of one kind as they come."""

    def __init__(self, what: str, remedy: str) -> None:
        self.what, self.remedy = what, remedy
        self.counts = {"DL": 0, "RL": 0}
        self.terms: dict[str, str] = {}

    def take(self, profile: str, message: str, axiom: str) -> None:
        """One more."""
        self.counts[profile] += 1
        term = _FIRST_TERM.search(message.partition(": ")[2] or message)
        name, said = term[0] if term else message, axiom if axiom != "null" else message
        self.terms[name] = min(said, self.terms.get(name, said))  # The OWL API has no order.

    def violations(self) -> Violations:
        """All of them; examples are of different terms, the same ones at each run."""
        examples = tuple(
            _shortened(one if self.terms[one] == one else f"{one} in {self.terms[one]}")
            for one in sorted(self.terms)[:_EXAMPLES]
        )
        counts = self.counts["DL"], self.counts["RL"]
        return Violations(self.what, *counts, len(self.terms), examples, self.remedy)


def _shortened(axiom: str) -> str:
    text = re.sub(r"<([^<>\s]+)>", lambda found: short(ox.NamedNode(found[1])), axiom)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
