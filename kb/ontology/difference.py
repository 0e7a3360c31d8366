"""What differs between two versions of an ontology, in words: terms, labels, axioms; whoever named blank nodes how."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from ..errors import OntologyError, SourceError
from ..formats import rdf_format
from ..loading.rdf import open_source
from ..rdf_guard import Watch
from ..terms import OWL, PREFIXES, RDF, RDFS, SKOS

_KINDS = {
    OWL.Class: "class",
    OWL.ObjectProperty: "object property",
    OWL.DatatypeProperty: "datatype property",
    OWL.AnnotationProperty: "annotation property",
    OWL.NamedIndividual: "individual",
}
_WORDS = {
    OWL.someValuesFrom: "some",
    OWL.allValuesFrom: "only",
    OWL.hasValue: "value",
    OWL.minCardinality: "min",
    OWL.maxCardinality: "max",
    OWL.cardinality: "exactly",
    OWL.minQualifiedCardinality: "min",
    OWL.maxQualifiedCardinality: "max",
    OWL.qualifiedCardinality: "exactly",
}
_JOINED = {OWL.intersectionOf: " and ", OWL.unionOf: " or "}
_TEXTS = (RDFS.label, SKOS.definition)
SUFFIXES = (".ttl", ".owl", ".rdf", ".nt", ".jsonld")


@dataclass(frozen=True)
class Text:
    """A label or definition that changed; None on the side that has none."""

    term: str
    property: str
    language: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        told = [f'"{one}"' if one else "none" for one in (self.before, self.after)]
        return f"{self.property} of {self.term} @{self.language}: {told[0]} -> {told[1]}"


@dataclass(frozen=True)
class Difference:
    """From one version to another: IRIs of terms, `renamed` as pairs, axioms in words. True where there is any."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    axioms_added: tuple[str, ...] = ()
    axioms_removed: tuple[str, ...] = ()
    texts: tuple[Text, ...] = ()
    kinds: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(
            (self.added, self.removed, self.renamed, self.axioms_added, self.axioms_removed, self.texts)
        )

    @property
    def gone(self) -> tuple[str, ...]:
        """The IRIs that no longer name a term, those of renamed terms among them."""
        return (*self.removed, *(old for old, _ in self.renamed))

    def __str__(self) -> str:
        return "\n".join(self.lines()) or "no difference"

    def lines(self, *, most: int | None = None) -> list[str]:
        """It in words; of each sort at most so many, and how many more there are."""
        sorts = {
            "terms renamed": [f"renamed: {short(old)} -> {short(new)}" for old, new in self.renamed],
            "terms added": [f"{self.kinds[one]} added: {short(one)}" for one in self.added],
            "terms removed": [f"{self.kinds[one]} removed: {short(one)}" for one in self.removed],
            "texts": [str(one) for one in self.texts],
            "axioms added": [f"+ {one}" for one in self.axioms_added],
            "axioms removed": [f"- {one}" for one in self.axioms_removed],
        }
        return [line for sort, told in sorts.items() for line in few(told, sort, most)]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "added": list(self.added),
            "removed": list(self.removed),
            "renamed": [list(pair) for pair in self.renamed],
            "axioms_added": list(self.axioms_added),
            "axioms_removed": list(self.axioms_removed),
            "texts": [vars(one) for one in self.texts],
        }


def read_ontology(paths: Sequence[str | Path]) -> list[ox.Triple]:
    """The triples of ontology files, or of all such files right in a folder.

    Raises SourceError, OntologyError, UnsupportedFormat (with the remedy) for OWL's own syntaxes, DataError.
    """
    return [triple for file in ontology_files(paths) for triple in _parsed(file)]


def ontology_files(paths: Sequence[str | Path]) -> list[Path]:
    """The files named, and those right in the folders named. Raises SourceError for what is not there."""
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.exists():
            raise SourceError(f"There is no {path}", hint="name a file or a folder")
        found += sorted(one for one in path.iterdir() if one.suffix in SUFFIXES) if path.is_dir() else [path]
    return found


def _parsed(file: Path) -> list[ox.Triple]:
    base, form = file.absolute().as_uri(), rdf_format(file)
    watch = Watch(form, str(file))
    with open_source(file) as stream:
        text = stream.read()
        watch.take(text)
        try:
            quads = ox.parse(text, format=form, base_iri=base, rename_blank_nodes=True)
            return [quad.triple for quad in watch.modest(quads)]
        except SyntaxError as fault:
            raise OntologyError(
                f"It does not parse: {fault.msg}", where=f"{file}, line {fault.lineno}"
            ) from None


def difference(before: Iterable[ox.Triple], after: Iterable[ox.Triple]) -> Difference:
    """What the second ontology has that the first has not, and the reverse.

    A term that went is taken for renamed where one that came is of its kind and has its labels.

    >>> a, b = (ox.NamedNode(f"urn:{name}") for name in "ab")
    >>> print(difference([ox.Triple(a, RDF.type, OWL.Class)], [ox.Triple(b, RDF.type, OWL.Class)]))
    class added: <urn:b>
    class removed: <urn:a>
    """
    old, new = _Version(before), _Version(after)
    came, went = set(new.kinds) - set(old.kinds), set(old.kinds) - set(new.kinds)
    renamed = []
    for gone in sorted(went):
        labels = old.labels(gone)
        for fresh in sorted(came):
            if labels and new.labels(fresh) == labels and new.kinds[fresh] == old.kinds[gone]:
                renamed.append((gone, fresh))
                came.discard(fresh)
                break
    went -= {gone for gone, _ in renamed}
    names = dict(renamed)
    old_axioms, new_axioms = old.axioms(names), new.axioms({})
    return Difference(
        tuple(sorted(came)),
        tuple(sorted(went)),
        tuple(renamed),
        tuple(sorted(new_axioms - old_axioms)),
        tuple(sorted(old_axioms - new_axioms)),
        tuple(_texts(old, new, names)),
        old.kinds | new.kinds,
    )


def few(lines: list[str], what: str, most: int | None) -> list[str]:
    """The first of many lines, and how many more there are.

    >>> few(["a", "b", "c"], "terms", 2)
    ['a', 'b', 'and 1 more terms']
    """
    if most is None or len(lines) <= most:
        return lines
    return [*lines[:most], f"and {len(lines) - most:,} more {what}"]


def short(iri: str) -> str:
    """An IRI as people read it.

    >>> short("https://w3id.org/commerce-kb/onto#SKU"), short("http://www.w3.org/2004/02/skos/core#Concept")
    ('SKU', 'skos:Concept')
    """
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            name = iri.removeprefix(namespace)
            return name if prefix == "ckb" else f"{prefix}:{name}"
    return f"<{iri}>"


class _Version:
    """One version of an ontology, its blank nodes spelled out."""

    def __init__(self, triples: Iterable[ox.Triple]) -> None:
        self.triples = list(dict.fromkeys(triples))
        self.about: dict[Any, list[tuple[ox.NamedNode, Any]]] = {}
        for one in self.triples:
            self.about.setdefault(one.subject, []).append((one.predicate, one.object))
        self.kinds = {
            one.subject.value: _KINDS[one.object]
            for one in self.triples
            if one.predicate == RDF.type and isinstance(one.subject, ox.NamedNode)
            if isinstance(one.object, ox.NamedNode) and one.object in _KINDS
        }
        self.names: dict[str, str] = {}

    def labels(self, iri: str) -> set[Any]:
        """The labels of a term."""
        return {
            value for predicate, value in self.about.get(ox.NamedNode(iri), ()) if predicate == RDFS.label
        }

    def texts(self, names: dict[str, str]) -> dict[tuple[str, ox.NamedNode, str], str]:
        """Labels and definitions by term, property and language."""
        return {
            (names.get(one.subject.value, one.subject.value), one.predicate, one.object.language or ""): (
                one.object.value
            )
            for one in self.triples
            if one.predicate in _TEXTS and isinstance(one.subject, ox.NamedNode)
            if isinstance(one.object, ox.Literal)
        }

    def axioms(self, names: dict[str, str]) -> set[str]:
        """All else that is said, a line each, with terms under the names that they have later."""
        self.names = names
        spelled = {one.object for one in self.triples if isinstance(one.object, ox.BlankNode)}
        found = set()
        for one in self.triples:
            if one.predicate in _TEXTS or (one.predicate == RDF.type and one.object in _KINDS):
                continue
            if isinstance(one.subject, ox.BlankNode):
                if one.subject in spelled or (one.predicate, one.object) != self._first(one.subject):
                    continue
                found.add(self._loose(one.subject))
            else:
                found.add(f"{self._word(one.subject)} {_name(one.predicate)} {self._word(one.object)}")
        return found

    def _first(self, node: ox.BlankNode) -> tuple[ox.NamedNode, Any]:
        said = self.about[node]
        return next((one for one in said if one[1] not in _KINDS), said[0])

    def _loose(self, node: ox.BlankNode) -> str:
        said = dict(self.about[node])
        if RDFS.subClassOf in said:
            upper = said.pop(RDFS.subClassOf)
            return f"{self._expression(said)} subClassOf {self._word(upper)}"
        if OWL.members in said:
            return f"{_name(said[RDF.type])} {self._word(said[OWL.members])}"
        return "; ".join(sorted(f"{_name(one)} {self._word(value)}" for one, value in said.items()))

    def _word(self, term: Any) -> str:
        if isinstance(term, ox.Literal):  # A store writes instants in UTC with Z.
            return str(term).replace('+00:00"^^', 'Z"^^')
        if isinstance(term, ox.NamedNode):
            return short(self.names.get(term.value, term.value))
        said = dict(self.about.get(term, ()))
        if RDF.first in said:
            return f"({' '.join(self._members(term))})"
        return f"({self._expression(said)})"

    def _expression(self, said: dict[ox.NamedNode, Any]) -> str:
        for operator, word in _JOINED.items():
            if operator in said:
                return word.join(sorted(self._members(said[operator])))
        for operator, word in _WORDS.items():
            if operator in said:
                of = said.get(OWL.onClass) or said.get(OWL.onDataRange)
                on = self._word(said[OWL.onProperty]) if OWL.onProperty in said else "no property"
                told = f"{on} {word} {self._word(said[operator])}"
                return f"{told} {self._word(of)}" if of else told
        if OWL.complementOf in said:
            return f"not {self._word(said[OWL.complementOf])}"
        return " ".join(sorted(f"{_name(one)} {self._word(value)}" for one, value in said.items()))

    def _members(self, node: Any) -> list[str]:
        found = []
        while node != RDF.nil and node in self.about:
            said = dict(self.about[node])
            found.append(self._word(said[RDF.first]))
            node = said.get(RDF.rest, RDF.nil)
        return found


def _name(predicate: ox.NamedNode) -> str:
    return predicate.value.rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def _texts(old: _Version, new: _Version, names: dict[str, str]) -> Iterable[Text]:
    before, after = old.texts(names), new.texts({})
    for key in sorted({*before, *after}, key=str):
        term, predicate, language = key
        known = term in new.kinds and (term in old.kinds or term in names.values())
        if known and before.get(key) != after.get(key):
            yield Text(short(term), _name(predicate), language, before.get(key), after.get(key))
