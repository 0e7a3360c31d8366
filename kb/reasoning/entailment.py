"""Whether axioms and facts follow from others, shown by what they deny.

The rules draw facts about data. For any other conclusion (a class is below another, two individuals are
different, a property is transitive) its denial is added to the premises, about fresh individuals where it
speaks of all: where that contradicts, the conclusion follows. Sound under the RDF-based semantics.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, count

import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..columns.kernels import distinct, heads, pack, tails
from ..columns.relations import Relation, Relations
from .axiomatic import axiomatic
from .bodies import Alternative, BodyReader
from .compiler import compile_ontology
from .datatypes import KNOWN_DATATYPES, includes
from .engine import Consequences, materialise
from .expressions import OWL, Node, is_anonymous, owl, rdf, rdfs
from .ontology_graph import Graph
from .rules import Vocabulary

_TYPE, _SAME, _DIFFERENT = rdf("type"), owl("sameAs"), owl("differentFrom")
_FRESH = "urn:commerce-kb:fresh:"
_NOT_IRI = "urn:commerce-kb:not:"
_DECLARATIONS = {
    owl(name)
    for name in (
        "Ontology",
        "Class",
        "ObjectProperty",
        "DatatypeProperty",
        "AnnotationProperty",
        "NamedIndividual",
        "Thing",
        "Restriction",
        "DataRange",
    )
} | {rdf("List"), rdf("Property"), rdfs("Class")}
_SPELLING = {rdf("first"), rdf("rest")} | {
    owl(name)
    for name in (
        *("intersectionOf", "unionOf", "complementOf", "oneOf", "onProperty", "onClass", "onDataRange"),
        *("someValuesFrom", "allValuesFrom", "hasValue", "hasSelf", "members", "distinctMembers"),
        *("minCardinality", "maxCardinality", "cardinality"),
        *("minQualifiedCardinality", "maxQualifiedCardinality", "qualifiedCardinality"),
        *("sourceIndividual", "assertionProperty", "targetIndividual", "targetValue"),
    )
}


@dataclass(frozen=True)
class Entailment:
    """Whether all of a conclusion follows; `missing` has the triples of it that were not shown to."""

    missing: tuple[ox.Triple, ...] = ()

    def __bool__(self) -> bool:
        return not self.missing


def entails(premises: Iterable[ox.Triple], conclusion: Iterable[ox.Triple]) -> Entailment:
    """Whether `premises` (axioms and data, small: everything is reasoned anew for each axiom) entail `conclusion`.

    Blank nodes of the conclusion stand for anything; declarations in it say nothing. What contradicts itself
    entails everything.

    >>> a, b = ox.NamedNode("urn:a"), ox.NamedNode("urn:b")
    >>> bool(entails([ox.Triple(a, _DIFFERENT, b)], [ox.Triple(b, _DIFFERENT, a)]))
    True
    """
    return _Entailment(tuple(premises), tuple(conclusion)).checked()


def relations_of(dictionary: Dictionary, triples: Iterable[ox.Triple | ox.Quad]) -> Relations:
    """Triples as relations; their terms are added to the dictionary."""
    texts = [str(term) for one in triples for term in (one.subject, one.predicate, one.object)]
    if not texts:
        return Relations({})
    received = dictionary.encode(texts)
    ids = dictionary.stored[received]
    s, p, o = ids[0::3], ids[1::3], ids[2::3]
    found = {}
    for key in distinct(p):
        found[int(key)] = Relation(distinct(pack(s[p == key], o[p == key])))
    return Relations(found)


class _Entailment:
    def __init__(self, premises: tuple[ox.Triple, ...], conclusion: tuple[ox.Triple, ...]) -> None:
        self._premises = premises
        self._conclusion = conclusion
        self._graph = Graph(conclusion)
        self._numbers: Iterator[int] = count(1)

    def checked(self) -> Entailment:
        wanted = [one for one in self._conclusion if not self._says_nothing(one)]
        if self._closure.contradictions or self._matches([*wanted, *self._spelled_out]):
            return Entailment()
        unnamed = [one for one in wanted if self._has_unknown(one)]
        alone = [one for one in wanted if one not in unnamed and not self._follows(one)]
        return Entailment((*alone, *(() if self._matches(unnamed) else unnamed)))

    def _says_nothing(self, one: ox.Triple) -> bool:
        if one.predicate == _TYPE and one.object in _DECLARATIONS:
            return True
        return one.predicate in _SPELLING and is_anonymous(one.subject)

    def _has_unknown(self, one: ox.Triple) -> bool:
        """Whether a blank node in it stands for an individual, not for an expression."""
        ends = (one.subject, one.object)
        return any(isinstance(end, ox.BlankNode) and not self._is_spelled_out(end) for end in ends)

    def _is_spelled_out(self, node: Node) -> bool:
        graph = self._graph
        kinds = ("AllDifferent", "NegativePropertyAssertion", "AllDisjointClasses", "AllDisjointProperties")
        return (
            graph.is_structured(node)
            or bool(graph.objects(node, rdf("first")))
            or any(graph.has(node, _TYPE, owl(kind)) for kind in kinds)
        )

    @cached_property
    def _state(self) -> tuple[Dictionary, Consequences, ox.Store]:
        dictionary = Dictionary()
        rules = compile_ontology(self._premises, dictionary)
        found = materialise(rules, relations_of(dictionary, self._premises))
        self._rules = rules
        store = ox.Store()
        store.extend(ox.Quad(one.subject, one.predicate, one.object) for one in self._premises)
        facts = [
            (s, key, o)
            for key, pairs in found.relations.items()
            for s, o in zip(heads(pairs), tails(pairs), strict=True)
        ]
        for fact in (*facts, *rules.schema):
            one = _triple(*map(dictionary.term, fact))
            store.add(ox.Quad(one.subject, one.predicate, one.object))
        return dictionary, found, store

    @property
    def _closure(self) -> Consequences:
        return self._state[1]

    def _matches(self, triples: list[ox.Triple]) -> bool:
        """Whether all of the triples hold at once, blank nodes read as variables."""
        lines = [
            " ".join(
                f"?{one.value}" if isinstance(one, ox.BlankNode) else str(one)
                for one in (triple.subject, triple.predicate, triple.object)
            )
            for triple in triples
        ]
        return bool(self._state[2].query(f"ASK {{ {' . '.join(lines)} }}"))

    def _follows(self, one: ox.Triple) -> bool:
        dictionary, _, store = self._state
        if ox.Quad(one.subject, one.predicate, one.object) in store:
            return True
        fact = tuple(map(int, dictionary.encode([str(one.subject), str(one.predicate), str(one.object)])))
        if axiomatic(self._rules, fact) is not None:  # type: ignore[arg-type]
            return True
        denials = list(self._denials(one))
        return bool(denials) and all(self._contradicts(denial) for denial in denials)

    def _contradicts(self, denial: list[ox.Triple] | None) -> bool:
        if denial is None:
            return False
        triples = (*self._premises, *self._spelled_out, *denial)
        dictionary = Dictionary()
        rules = compile_ontology(triples, dictionary)
        return bool(materialise(rules, relations_of(dictionary, triples)).contradictions)

    @cached_property
    def _spelled_out(self) -> tuple[ox.Triple, ...]:
        """The conclusion's expressions, which say nothing by themselves."""
        return tuple(
            one for one in self._conclusion if one.predicate in _SPELLING and is_anonymous(one.subject)
        )

    def _fresh(self) -> ox.NamedNode:
        return ox.NamedNode(f"{_FRESH}{next(self._numbers)}")

    def _denials(self, one: ox.Triple) -> Iterator[list[ox.Triple] | None]:
        """What must each contradict the premises for a triple to follow; None for what can't be denied."""
        subject, predicate, value = one.subject, one.predicate, one.object
        graph = self._graph
        if predicate == _TYPE:
            yield from self._denials_of_type(subject, value)
        elif predicate == _SAME:
            yield [_triple(subject, _DIFFERENT, value)]
        elif predicate == _DIFFERENT:
            yield [_triple(subject, _SAME, value)]
        elif predicate == rdfs("subClassOf"):
            yield from self._denials_of_subclass(subject, value)
        elif predicate == owl("equivalentClass"):
            yield from self._denials_of_subclass(subject, value)
            yield from self._denials_of_subclass(value, subject)
        elif predicate == owl("disjointWith"):
            x = self._fresh()
            yield [_triple(x, _TYPE, subject), _triple(x, _TYPE, value)]
        elif predicate in (rdfs("domain"), rdfs("range")):
            yield self._denial_of_place(subject, predicate, value)
        elif predicate.value.startswith(OWL) or predicate in (rdfs("subPropertyOf"),):
            yield from self._denials_of_property(subject, predicate, value)
        elif not graph.is_structured(subject):
            yield self._denied(subject, predicate, value)

    def _denials_of_type(self, subject: Node, kind: Node) -> Iterator[list[ox.Triple] | None]:
        graph = self._graph
        x, y, z = self._fresh(), self._fresh(), self._fresh()
        forms = {
            "SymmetricProperty": lambda: [_triple(x, subject, y), *self._denied(y, subject, x)],
            "TransitiveProperty": lambda: [
                _triple(x, subject, y),
                _triple(y, subject, z),
                *self._denied(x, subject, z),
            ],
            "FunctionalProperty": lambda: [
                _triple(x, subject, y),
                _triple(x, subject, z),
                _triple(y, _DIFFERENT, z),
            ],
            "InverseFunctionalProperty": lambda: [
                _triple(x, subject, z),
                _triple(y, subject, z),
                _triple(x, _DIFFERENT, y),
            ],
            "IrreflexiveProperty": lambda: [_triple(x, subject, x)],
            "AsymmetricProperty": lambda: [_triple(x, subject, y), _triple(y, subject, x)],
        }
        name = kind.value.removeprefix(OWL) if isinstance(kind, ox.NamedNode) else ""
        if name in forms:
            yield forms[name]()
        elif kind == owl("AllDifferent"):
            lists = (*graph.objects(subject, owl("members")), *graph.objects(subject, owl("distinctMembers")))
            for head in lists:
                for one, other in combinations(graph.members(head), 2):
                    yield [_triple(one, _SAME, other)]
        elif kind == owl("NegativePropertyAssertion"):
            yield self._affirmed(subject)
        else:
            yield self._outside(subject, kind)

    def _affirmed(self, node: Node) -> list[ox.Triple] | None:
        """The fact that a negative property assertion denies."""
        parts = [
            self._graph.value(node, owl(name))
            for name in ("sourceIndividual", "assertionProperty", "targetIndividual", "targetValue")
        ]
        target = parts[2] or parts[3]
        if parts[0] is None or parts[1] is None or target is None:
            return None
        return [_triple(parts[0], parts[1], target)]

    def _outside(self, node: Node, kind: Node) -> list[ox.Triple]:
        """That `node` is not in a class; not in a complement is in what it is the complement of."""
        parts = self._graph.objects(kind, owl("complementOf")) if is_anonymous(kind) else []
        if parts:
            return [_triple(node, _TYPE, part) for part in parts]
        outside = ox.NamedNode(f"{_NOT_IRI}{next(self._numbers)}")
        return [
            _triple(outside, rdfs("subClassOf"), denied := ox.BlankNode()),
            _triple(denied, owl("complementOf"), kind),
            _triple(node, _TYPE, outside),
        ]

    @staticmethod
    def _denied(subject: Node, on: Node, value: Node) -> list[ox.Triple]:
        node = ox.BlankNode()
        name = "targetValue" if isinstance(value, ox.Literal) else "targetIndividual"
        return [
            _triple(node, _TYPE, owl("NegativePropertyAssertion")),
            _triple(node, owl("sourceIndividual"), subject),
            _triple(node, owl("assertionProperty"), on),
            _triple(node, owl(name), value),
        ]

    def _denials_of_subclass(self, low: Node, high: Node) -> Iterator[list[ox.Triple] | None]:
        """A fresh member of the lower class, in each of the ways to be one, that is not in the higher."""
        dictionary = Dictionary()
        reports: list[str] = []
        graph = Graph((*self._premises, *self._conclusion))
        vocabulary = Vocabulary.of(dictionary)
        reader = BodyReader(
            graph.identifiers(dictionary), vocabulary, lambda construct, _: reports.append(construct)
        )
        for alternative in reader.alternatives(graph.expression(low), "x"):
            x, facts = self._frozen(alternative, dictionary)
            yield [*facts, *self._outside(x, high)]
        if reports:
            yield None

    def _frozen(self, alternative: Alternative, dictionary: Dictionary) -> tuple[Node, list[ox.Triple]]:
        """A body with fresh individuals in the place of its variables."""
        names = {name for atom in alternative.body for name in atom.variables} | {"x"}
        terms: dict[str, Node] = {name: self._fresh() for name in names}
        terms |= {
            key: dictionary.term(value) for key, value in alternative.values.items() if isinstance(value, int)
        }
        facts = []
        for atom in alternative.body:
            ends = [
                terms[one] if isinstance(one, str) else dictionary.term(one)
                for one in (atom.subject, atom.object)
            ]
            facts.append(_triple(ends[0], dictionary.term(atom.predicate), ends[1]))
        return terms["x"], facts

    def _denial_of_place(self, on: Node, place: ox.NamedNode, kind: Node) -> list[ox.Triple] | None:
        if isinstance(kind, ox.NamedNode) and kind.value in KNOWN_DATATYPES:
            ranges = Graph(self._premises).objects(on, place)
            names = [one.value for one in ranges if isinstance(one, ox.NamedNode)]
            fits = includes(kind.value, [one for one in names if one in KNOWN_DATATYPES])
            # What holds by value spaces alone contradicts of itself: a fresh node differs from itself.
            return [_triple(x := self._fresh(), _DIFFERENT, x)] if fits else None
        x, y = self._fresh(), self._fresh()
        return [_triple(x, on, y), *self._outside(x if place == rdfs("domain") else y, kind)]

    def _denials_of_property(
        self, low: Node, predicate: ox.NamedNode, high: Node
    ) -> Iterator[list[ox.Triple] | None]:
        if predicate == owl("propertyChainAxiom"):
            yield self._denial_of_chain(low, self._graph.members(high))
            return
        if is_anonymous(low) or is_anonymous(high):
            yield None
            return
        x, y = self._fresh(), self._fresh()
        below = [_triple(x, low, y), *self._denied(x, high, y)]
        above = [_triple(x, high, y), *self._denied(x, low, y)]
        if predicate == rdfs("subPropertyOf"):
            yield below
        elif predicate == owl("equivalentProperty"):
            yield from (below, above)
        elif predicate == owl("inverseOf"):
            yield [_triple(x, low, y), *self._denied(y, high, x)]
            yield [_triple(x, high, y), *self._denied(y, low, x)]
        elif predicate == owl("propertyDisjointWith"):
            yield [_triple(x, low, y), _triple(x, high, y)]
        else:
            yield None

    def _denial_of_chain(self, on: Node, links: tuple[Node, ...]) -> list[ox.Triple] | None:
        if any(map(is_anonymous, links)):
            return None
        nodes = [self._fresh() for _ in range(len(links) + 1)]
        path = [_triple(nodes[n], link, nodes[n + 1]) for n, link in enumerate(links)]
        return [*path, *self._denied(nodes[0], on, nodes[-1])]


def _triple(subject: Node, predicate: Node, value: Node) -> ox.Triple:
    return ox.Triple(subject, predicate, value)  # type: ignore[arg-type]
