"""Classification of an ontology by HermiT: what holds of its classes beyond the rules of OWL 2 RL.

For building and checking only: what it finds is stored with the ontology, and reasoning reads that, so that
serving never needs Java.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations

import pyoxigraph as ox

from ..errors import OntologyError
from .expressions import NOTHING, XSD, owl, rdf, rdfs
from .hermit import fault_of, merged, run_java
from .schema import closure

_ANSWER = re.compile(r"^(SubClassOf|EquivalentClasses)\( (.*) \)$", re.MULTILINE)
_IRI = re.compile(r"<([^<>]+)>")
# https://www.w3.org/TR/owl2-syntax/#Datatype_Maps, all that HermiT knows.
_DATATYPE_MAP = {
    *(owl(name).value for name in ("real", "rational")),
    *(rdf(name).value for name in ("PlainLiteral", "XMLLiteral")),
    rdfs("Literal").value,
    *(
        XSD + name
        for name in (
            *("decimal", "integer", "nonNegativeInteger", "nonPositiveInteger", "positiveInteger"),
            *("negativeInteger", "long", "int", "short", "byte", "unsignedLong", "unsignedInt"),
            *("unsignedShort", "unsignedByte", "double", "float", "string", "normalizedString", "token"),
            *("language", "Name", "NCName", "NMTOKEN", "boolean", "hexBinary", "base64Binary", "anyURI"),
            *("dateTime", "dateTimeStamp"),
        )
    ),
}


@dataclass(frozen=True)
class Classification:
    """What HermiT says. An inconsistent ontology entails anything: nothing else is told of it.

    `subclasses` are the inferred rdfs:subClassOf axioms between named classes that the stated ones do not
    imply; `unsatisfiable` the IRIs of classes that can have no member; `unheard` the IRIs of datatypes that HermiT
    does not know: it passes over the axioms with these.
    """

    consistent: bool
    subclasses: tuple[ox.Triple, ...] = ()
    unsatisfiable: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ()


def classify(triples: Iterable[ox.Triple | ox.Quad]) -> Classification:
    """Classify the axioms among `triples`; imports are not followed.

    Raises ToolMissing where there is no Java, OntologyError for what HermiT can't read.
    """
    told = merged(triples)
    program = ("org.semanticweb.HermiT.cli.CommandLine", "--ignoreUnsupportedDatatypes", "-c")
    ran = run_java(program, told)
    if "Inconsistent ontology" in ran.stderr:
        return Classification(consistent=False, unheard=_unheard(told))
    if (
        ran.returncode or "Exception" in ran.stderr or "pear-shaped" in ran.stderr
    ):  # Its own word for a fault.
        raise OntologyError(
            f"HermiT can't read the ontology: {fault_of(ran)}", hint="keep to OWL 2 DL and its datatypes"
        )
    stated = closure(_stated(told))
    impossible: set[str] = set()
    found: set[tuple[ox.NamedNode, ox.NamedNode]] = set()
    for relation, names in _ANSWER.findall(ran.stdout):
        nodes = [ox.NamedNode(iri) for iri in _IRI.findall(names)]
        if NOTHING.node in nodes:
            impossible.update(one.value for one in nodes if one != NOTHING.node)
        elif relation == "SubClassOf":
            found.add((nodes[0], nodes[1]))
        else:
            found.update(permutations(nodes, 2))
    fresh = sorted(
        (low, high)
        for low, high in found
        if owl("Thing") not in (low, high) and low.value not in impossible and high not in stated.get(low, ())
    )
    subclasses = tuple(ox.Triple(low, rdfs("subClassOf"), high) for low, high in fresh)
    return Classification(True, subclasses, tuple(sorted(impossible)), _unheard(told))


def _stated(triples: Iterable[ox.Triple]) -> dict[ox.NamedNode, set[ox.NamedNode]]:
    """Which named class is said to be directly below which."""
    steps: dict[ox.NamedNode, set[ox.NamedNode]] = defaultdict(set)
    for one in triples:
        if isinstance(one.subject, ox.NamedNode) and isinstance(one.object, ox.NamedNode):
            if one.predicate in (rdfs("subClassOf"), owl("equivalentClass")):
                steps[one.subject].add(one.object)
            if one.predicate == owl("equivalentClass"):
                steps[one.object].add(one.subject)
    return steps


def _unheard(triples: Iterable[ox.Triple]) -> tuple[str, ...]:
    """The datatypes outside OWL 2's map that values and ranges are of."""
    found = set()
    for one in triples:
        value = one.object
        if isinstance(value, ox.Literal):
            found |= set() if value.language else {value.datatype.value}
        elif one.predicate == rdfs("range") and isinstance(value, ox.NamedNode):
            found |= {value.value} if value.value.startswith(XSD) or value == rdf("langString") else set()
    return tuple(sorted(found - _DATATYPE_MAP))
