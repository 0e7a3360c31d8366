"""What there is to say of one term of an ontology, for people: hierarchy, axioms, alignments, shapes, questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from ..querying.competency import Question
from ..terms import OWL, PREFIXES, RDF, RDFS, SKOS
from .impact import questions_naming, shapes_naming

_KINDS = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
_ALIGNED = (SKOS.exactMatch, SKOS.closeMatch, SKOS.relatedMatch, RDFS.subClassOf, RDFS.subPropertyOf)


@dataclass(frozen=True)
class Documentation:
    """One term; IRIs everywhere but in `chains` (each the IRIs of its steps), `shapes` and `questions` (names).

    `above` and `below` are direct; `uses` are the properties of a class: those whose domain or range it is.
    `elsewhere` are terms of other vocabularies with how they are related; `triples` all that is said of the term.
    """

    iri: str
    kind: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    domains: tuple[str, ...]
    ranges: tuple[str, ...]
    inverses: tuple[str, ...]
    uses: tuple[str, ...]
    chains: tuple[tuple[str, ...], ...]
    elsewhere: tuple[tuple[str, str], ...]
    shapes: tuple[str, ...]
    questions: tuple[Question, ...]
    triples: tuple[ox.Triple, ...]


def documented(
    iri: str, ontology: Sequence[ox.Triple], shapes: Sequence[ox.Triple], questions: Sequence[Question]
) -> Documentation | None:
    """The documentation of a class or property; None for what the ontology declares as neither."""
    node = ox.NamedNode(iri)
    said: dict[object, list[ox.Triple]] = {}
    for one in ontology:
        said.setdefault(one.subject, []).append(one)
    about = said.get(node, [])
    kind = next((one.object for one in about if one.predicate == RDF.type and one.object in _KINDS), None)
    if kind is None or not any(one.predicate == RDFS.label for one in about):
        return None

    def values(*predicates: ox.NamedNode) -> tuple[str, ...]:
        found = (one.object for one in about if one.predicate in predicates)
        return tuple(sorted({one.value for one in found if isinstance(one, ox.NamedNode)}))

    def subjects(*predicates: ox.NamedNode) -> tuple[str, ...]:
        found = (one.subject for one in ontology if one.predicate in predicates and one.object == node)
        return tuple(sorted({one.value for one in found if isinstance(one, ox.NamedNode)}))

    up = (RDFS.subClassOf, RDFS.subPropertyOf)
    asked = questions_naming(questions, [iri])
    ours = PREFIXES["ckb"]
    chains = (one.object for one in about if one.predicate == OWL.propertyChainAxiom)
    return Documentation(
        iri,
        str(kind)[1:-1],
        tuple(one for one in values(*up) if one.startswith(ours)),
        subjects(*up),
        values(RDFS.domain),
        values(RDFS.range),
        tuple(sorted({*values(OWL.inverseOf), *subjects(OWL.inverseOf)})),
        subjects(RDFS.domain, RDFS.range) if kind == OWL.Class else (),
        tuple(sorted(tuple(_steps(head, said)) for head in chains)),
        tuple(
            sorted(
                (one.predicate.value, one.object.value)
                for one in about
                if one.predicate in _ALIGNED and isinstance(one.object, ox.NamedNode)
                if not one.object.value.startswith(ours)
            )
        ),
        tuple(one.name for one in shapes_naming(shapes, [iri])),
        tuple(one for one in questions if one.id in asked),
        tuple(_closed(node, said)),
    )


def _steps(node: object, said: dict[object, list[ox.Triple]]) -> list[str]:
    found = []
    while node != RDF.nil and node in said:
        by = {one.predicate: one.object for one in said[node]}
        step = by[RDF.first]
        if isinstance(step, ox.NamedNode):
            found.append(step.value)
        node = by[RDF.rest]
    return found


def _closed(node: object, said: dict[object, list[ox.Triple]]) -> dict[ox.Triple, None]:
    """All that is said of a term, blank nodes spelled out."""
    found: dict[ox.Triple, None] = {}
    pending = [node]
    while pending:
        for one in said.get(pending.pop(), ()):
            if one not in found:
                found[one] = None
                if isinstance(one.object, ox.BlankNode):
                    pending.append(one.object)
    return found
