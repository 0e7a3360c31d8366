"""What the server says of itself: the SPARQL service description and VoID, both of what the caller may see."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import resources

import pyoxigraph as ox

from kb.statistics import Profile, Stats
from kb.terms import RDF

SD = "http://www.w3.org/ns/sparql-service-description#"
VOID = "http://rdfs.org/ns/void#"
PREFIXES = {
    "formats": "http://www.w3.org/ns/formats/",
    "sd": SD,
    "void": VOID,
    "dcterms": "http://purl.org/dc/terms/",
}
_IDENTIFIER = ox.NamedNode("http://purl.org/dc/terms/identifier")
_RULES = "http://www.w3.org/ns/entailment/OWL-RDF-Based"
_PROFILE = "http://www.w3.org/ns/owl-profile/RL"


def service(endpoint: str, stats: Stats, *, reasons: bool) -> Iterator[ox.Triple]:
    """The description of a SPARQL service at an address (SPARQL 1.1 Service Description).

    `reasons` says whether queries see consequences.
    """
    yield from _file("service", endpoint)
    if reasons:
        for name, value in (
            ("defaultEntailmentRegime", _RULES),
            ("defaultSupportedEntailmentProfile", _PROFILE),
        ):
            yield ox.Triple(ox.NamedNode(endpoint), _sd(name), ox.NamedNode(value))
    for graph in stats.graphs:
        named, counted = ox.BlankNode(), ox.BlankNode()
        yield ox.Triple(ox.NamedNode(f"{endpoint}#dataset"), _sd("namedGraph"), named)
        yield ox.Triple(named, RDF.type, _sd("NamedGraph"))
        yield ox.Triple(named, _sd("name"), ox.NamedNode(graph.name))
        yield ox.Triple(named, _sd("graph"), counted)
        yield ox.Triple(counted, RDF.type, _sd("Graph"))
        yield _count(counted, "triples", graph.quads)


def void(root: str, profile: Profile) -> Iterator[ox.Triple]:
    """What is known of the data behind a server at an address, in numbers (VoID)."""
    yield from _file("void", root)
    data = ox.NamedNode(f"{root}.well-known/void#data")
    yield ox.Triple(data, _IDENTIFIER, ox.Literal(profile.snapshot))
    numbers = {
        "triples": profile.triples,
        "distinctSubjects": profile.subjects,
        "distinctObjects": profile.objects,
        "classes": len(profile.classes),
        "properties": len(profile.properties),
    }
    for name, number in numbers.items():
        yield _count(data, name, number)
    for kind in profile.classes:
        yield from _part(data, "class", kind.iri, "entities", kind.instances)
    for one in profile.properties:
        yield from _part(data, "property", one.iri, "triples", one.triples)
    for graph in profile.graphs:
        part = ox.BlankNode()
        yield ox.Triple(data, _void("subset"), part)
        yield ox.Triple(part, RDF.type, _void("Dataset"))
        yield ox.Triple(part, _sd("name"), ox.NamedNode(graph.name))
        yield _count(part, "triples", graph.quads)


def _part(data: ox.NamedNode, kind: str, iri: str, counts: str, number: int) -> Iterator[ox.Triple]:
    part = ox.BlankNode()
    yield ox.Triple(data, _void(f"{kind}Partition"), part)
    yield ox.Triple(part, _void(kind), ox.NamedNode(iri))
    yield _count(part, counts, number)


def _count(subject: ox.NamedNode | ox.BlankNode, name: str, number: int) -> ox.Triple:
    return ox.Triple(subject, _void(name), ox.Literal(number))


def _file(name: str, base: str) -> Iterator[ox.Triple]:
    quads = ox.parse(_text(name), format=ox.RdfFormat.TURTLE, base_iri=base)
    return (quad.triple for quad in quads)


@cache
def _text(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.ttl").read_text("utf-8")


def _sd(name: str) -> ox.NamedNode:
    return ox.NamedNode(SD + name)


def _void(name: str) -> ox.NamedNode:
    return ox.NamedNode(VOID + name)
