"""What the pages of the ontology and its modules show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, RdfFormat, Triple, parse

from kb import graphs
from kb.skolem import unskolemised_triple
from kb.terms import OWL, RDF, RDFS, SKOS

from .diagrams import ANYTHING, Outline
from .display import Cell, Labels, iris_in
from .links import short
from .reader import View

UMBRELLA = f"{graphs.BASE}onto"
_TITLE = NamedNode("http://purl.org/dc/terms/title")
_DESCRIPTION = NamedNode("http://purl.org/dc/terms/description")
DEFINITION = SKOS.definition
_AXIOMS = (RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, OWL.inverseOf)
_KINDS = {
    OWL.Class: "Classes",
    OWL.ObjectProperty: "Object properties",
    OWL.DatatypeProperty: "Datatype properties",
}
_TERM = f"{UMBRELLA}#"


@dataclass(frozen=True)
class Texts:
    """What is said in several languages."""

    spoken: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, values: Iterable[object]) -> Texts:
        """The first literal of each language."""
        found: dict[str, str] = {}
        for value in values:
            if isinstance(value, Literal):
                found.setdefault(value.language or "", value.value)
        return cls(tuple(sorted(found.items())))

    def say(self, language: str) -> str:
        """The text in a language, else in any, else nothing.

        >>> Texts((("en", "brand"), ("zh", "品牌"))).say("zh")
        '品牌'
        """
        found = dict(self.spoken)
        return found.get(language) or next(iter(found.values()), "")


@dataclass(frozen=True)
class Term:
    """A class or property: its names and definition, and its axioms as (property name, values)."""

    anchor: str
    iri: str
    kind: str
    names: Texts
    definition: Texts
    axioms: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class Module:
    """One ontology of the store and its triples; the umbrella is all of them together."""

    iri: str
    triples: tuple[Triple, ...]

    @property
    def name(self) -> str:
        """The last part of the IRI; empty for the umbrella."""
        return self.iri.removeprefix(UMBRELLA).lstrip("/")

    def values(self, subject: str, predicate: NamedNode) -> list[object]:
        """The objects of a subject's triples with one predicate."""
        return [
            triple.object
            for triple in self.triples
            if triple.predicate == predicate and getattr(triple.subject, "value", None) == subject
        ]

    @property
    def title(self) -> Texts:
        """What the module calls itself."""
        return Texts.of(self.values(self.iri, _TITLE))

    @property
    def description(self) -> Texts:
        """What the module says it is about."""
        return Texts.of(self.values(self.iri, _DESCRIPTION))

    @property
    def version(self) -> str | None:
        """The version IRI."""
        found = self.values(self.iri, OWL.versionIRI)
        return next((value.value for value in found if isinstance(value, NamedNode)), None)

    def terms(self, view: View, *, language: str, link_language: str | None = None) -> tuple[Term, ...]:
        """The classes and properties that the module names, classes first, then in alphabetical order."""
        said: dict[str, dict[NamedNode, list[object]]] = defaultdict(lambda: defaultdict(list))
        for triple in self.triples:
            if isinstance(triple.subject, NamedNode) and triple.subject.value.startswith(_TERM):
                said[triple.subject.value][triple.predicate].append(triple.object)
        named = {iri: facts for iri, facts in said.items() if facts.get(RDFS.label)}
        labels = Labels.of(
            view,
            iris_in(value for facts in named.values() for axiom in _AXIOMS for value in facts.get(axiom, ())),
            language=language,
        )
        listed = []
        for iri, facts in named.items():
            kind = next((name for type_, name in _KINDS.items() if type_ in facts[RDF.type]), None)
            if kind is None:
                continue
            values = {
                axiom: [one for one in facts.get(axiom, ()) if isinstance(one, NamedNode)]
                for axiom in _AXIOMS
            }
            axioms = tuple(
                (
                    short(axiom.value),
                    tuple(labels.cell(one, link_language=link_language) for one in dict.fromkeys(found)),
                )
                for axiom, found in values.items()
                if found
            )
            definition = Texts.of([*facts.get(SKOS.definition, ()), *facts.get(RDFS.comment, ())])
            listed.append(Term(short(iri), iri, kind, Texts.of(facts[RDFS.label]), definition, axioms))
        order = list(_KINDS.values())
        return tuple(sorted(listed, key=lambda term: (order.index(term.kind), term.anchor.casefold())))

    @property
    def outline(self) -> Outline:
        """What a drawing of the module shows: classes that it defines, and properties without their inverses.

        Where it says of others' classes what they are below, as an alignment does, that is a line too.
        """
        said: dict[str, dict[NamedNode, list[str]]] = defaultdict(lambda: defaultdict(list))
        named = set()
        for one in self.triples:
            if isinstance(one.subject, NamedNode) and isinstance(one.object, NamedNode):
                said[one.subject.value][one.predicate].append(one.object.value)
            elif isinstance(one.subject, NamedNode) and one.predicate == RDFS.label:
                named.add(one.subject.value)
        kinds = {iri: facts[RDF.type] for iri, facts in said.items()}
        classes = [iri for iri, kind in kinds.items() if OWL.Class.value in kind]
        properties = [
            (iri, domain, to)
            for iri, kind in kinds.items()
            if OWL.ObjectProperty.value in kind and iri in named and not said[iri][OWL.inverseOf]
            for domain in said[iri][RDFS.domain] or [ANYTHING]
            for to in said[iri][RDFS.range] or [ANYTHING]
        ]
        above = [(low, up) for low in classes for up in said[low][RDFS.subClassOf]]
        properties += [(RDFS.subClassOf.value, low, up) for low, up in above if low not in named]
        return Outline(
            tuple(sorted(one for one in classes if one in named)),
            tuple(sorted(one for one in above if one[0] in named)),
            tuple(sorted(properties)),
        )


def modules(view: View) -> tuple[Module, ...]:
    """The ontologies that the store holds, in alphabetical order; graphs that name none are left out."""
    found = []
    for graph in sorted(view.snapshot.image.graph_names()):
        if graph.startswith(graphs.ONTOLOGY):
            module = Module(f"{UMBRELLA}/{graph.removeprefix(graphs.ONTOLOGY)}", _triples(view, graph))
            if OWL.Ontology in module.values(module.iri, RDF.type):
                found.append(module)
    return tuple(found)


def module_at(found: tuple[Module, ...], iri: str) -> Module | None:
    """The module that an IRI names, by its own or its version IRI; the umbrella is all modules as one."""
    version = iri.removeprefix(f"{UMBRELLA}/")
    if iri == UMBRELLA or any(module.version == f"{module.iri}/{version}" for module in found):
        return Module(UMBRELLA, tuple(dict.fromkeys(triple for module in found for triple in module.triples)))
    return next((module for module in found if iri in (module.iri, module.version)), None)


def _triples(view: View, graph: str) -> tuple[Triple, ...]:
    text = b"".join(view.knowledge.dump(graph=graph))
    return tuple(unskolemised_triple(quad) for quad in parse(text, format=RdfFormat.N_QUADS))
