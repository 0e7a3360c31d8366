"""The triples of an ontology, and the expressions that they spell out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from .datatypes import KNOWN_DATATYPES
from .expressions import (
    THING,
    XSD,
    And,
    Count,
    Datatype,
    Expression,
    Named,
    Node,
    Not,
    OneOf,
    Only,
    Or,
    Other,
    Property,
    Same,
    Some,
    Value,
    is_anonymous,
    owl,
    rdf,
    rdfs,
)

_STRUCTURE = tuple(map(owl, ("intersectionOf", "unionOf", "complementOf", "oneOf", "onProperty")))
_COUNTS = {
    f"{word}{kind}": bound
    for word, bound in (("min", "min"), ("max", "max"), ("", "exactly"))
    for kind in (("Cardinality", "QualifiedCardinality") if word else ("cardinality", "qualifiedCardinality"))
}


class Graph:
    """The triples of an ontology, by subject and by predicate."""

    def __init__(self, triples: Iterable[ox.Triple | ox.Quad]) -> None:
        self._of: dict[Node, dict[ox.NamedNode, list[Node]]] = defaultdict(lambda: defaultdict(list))
        self._by: dict[ox.NamedNode, dict[tuple[Node, Node], None]] = defaultdict(dict)
        for one in triples:
            if (one.subject, one.object) not in self._by[one.predicate]:
                self._by[one.predicate][one.subject, one.object] = None
                self._of[one.subject][one.predicate].append(one.object)

    def objects(self, subject: Node, predicate: ox.NamedNode) -> list[Node]:
        """The objects of a subject and predicate."""
        return self._of[subject][predicate] if subject in self._of and predicate in self._of[subject] else []

    def value(self, subject: Node, predicate: ox.NamedNode) -> Node | None:
        """The first object, if there is one."""
        return next(iter(self.objects(subject, predicate)), None)

    def pairs(self, predicate: ox.NamedNode) -> list[tuple[Node, Node]]:
        """All (subject, object) of a predicate."""
        return list(self._by.get(predicate, ()))

    def instances(self, name: str) -> list[Node]:
        """The subjects of the type owl:`name`."""
        return [subject for subject, kind in self.pairs(rdf("type")) if kind == owl(name)]

    def has(self, subject: Node, predicate: ox.NamedNode, value: Node) -> bool:
        """Whether the triple is there."""
        return (subject, value) in self._by.get(predicate, ())

    def structured(self) -> list[Node]:
        """The nodes that an expression is spelled out on."""
        nodes = {node for predicate in _STRUCTURE for node, _ in self.pairs(predicate)}
        return sorted((one for one in nodes if not self.is_datatype(one)), key=str)

    def identifiers(self, dictionary: Dictionary) -> Callable[[Node], int]:
        """A function from terms to ids; all names of the ontology get theirs at once."""
        nodes = {one for pairs in self._by.values() for pair in pairs for one in pair}
        names = [str(one) for one in (*nodes, *self._by) if isinstance(one, ox.NamedNode)]
        known = dict(zip(names, map(int, dictionary.encode(names)), strict=True))

        def identify(node: Node) -> int:
            text = str(node)
            if text not in known:
                received = dictionary.encode([text])[0]
                known[text] = int(dictionary.stored[received])
            return known[text]

        return identify

    def members(self, node: Node | None) -> tuple[Node, ...]:
        """The members of an RDF list; a list that runs in a circle ends where it closes."""
        found: list[Node] = []
        seen: set[Node] = set()
        while node is not None and node != rdf("nil") and node not in seen:
            seen.add(node)
            found += self.objects(node, rdf("first"))[:1]
            node = self.value(node, rdf("rest"))
        return tuple(found)

    def property(self, node: Node) -> Property:
        """A property expression; an anonymous node with owl:inverseOf is the inverse of its object."""
        if is_anonymous(node):
            inner = self.value(node, owl("inverseOf"))
            if inner is not None and inner != node and not is_anonymous(inner):
                return Property(inner, inverted=True)
        return Property(node)

    def is_structured(self, node: Node) -> bool:
        """Whether triples of `node` spell out a class expression."""
        return any(self.objects(node, predicate) for predicate in _STRUCTURE)

    def is_datatype(self, node: Node) -> bool:
        """Whether a node is a data range."""
        if isinstance(node, ox.NamedNode) and (node.value in KNOWN_DATATYPES or node.value.startswith(XSD)):
            return True
        if self.objects(node, owl("onDatatype")) or self.objects(node, owl("datatypeComplementOf")):
            return True
        return self.has(node, rdf("type"), rdfs("Datatype")) or self.has(node, rdf("type"), owl("DataRange"))

    def expression(self, node: Node) -> Expression:
        """The class expression or data range that a node stands for; what has a name stands for itself."""
        return self._expression(node, frozenset())

    def definitions(self, node: Node) -> tuple[Expression, ...]:
        """What the triples of a structured node spell out: mostly one expression, all of them equivalent."""
        return tuple(dict.fromkeys(self._definitions(node, frozenset({node}))))

    def _expression(self, node: Node, above: frozenset[Node]) -> Expression:
        if isinstance(node, ox.Literal):
            return Other("a literal in the place of a class")
        if isinstance(node, ox.NamedNode) and not is_anonymous(node):
            return Datatype(node) if self.is_datatype(node) else Named(node)
        if node in above:
            return Other("a class expression that contains itself")
        found = tuple(dict.fromkeys(self._definitions(node, above | {node})))
        return found[0] if len(found) == 1 else Same(found)

    def _definitions(self, node: Node, above: frozenset[Node]) -> list[Expression]:
        found = [*self._set_operations(node, above), *self._restrictions(node, above)]
        if self.objects(node, owl("onDatatype")) or self.objects(node, owl("datatypeComplementOf")):
            found.append(Other("a data range with facets or a complement"))
        if self.objects(node, owl("onProperties")):
            found.append(Other("a restriction of several data properties"))
        return found or [Other("an anonymous class without a known structure")]

    def _set_operations(self, node: Node, above: frozenset[Node]) -> Iterator[Expression]:
        for name, build in (("intersectionOf", And), ("unionOf", Or)):
            for head in self.objects(node, owl(name)):
                yield build(tuple(self._expression(one, above) for one in self.members(head)))
        for part in self.objects(node, owl("complementOf")):
            yield Not(self._expression(part, above))
        for head in self.objects(node, owl("oneOf")):
            yield OneOf(self.members(head))

    def _restrictions(self, node: Node, above: frozenset[Node]) -> Iterator[Expression]:
        for place in self.objects(node, owl("onProperty")):
            on = self.property(place)
            found = list(self._restrictions_on(node, on, above))
            yield from found or [Other("an incomplete restriction")]

    def _restrictions_on(self, node: Node, on: Property, above: frozenset[Node]) -> Iterator[Expression]:
        for name, build in (("someValuesFrom", Some), ("allValuesFrom", Only)):
            for filler in self.objects(node, owl(name)):
                yield build(on, self._expression(filler, above))
        yield from (Value(on, value) for value in self.objects(node, owl("hasValue")))
        for name, bound in _COUNTS.items():
            for number in self.objects(node, owl(name)):
                if not isinstance(number, ox.Literal) or not number.value.strip().isdecimal():
                    yield Other("a cardinality that is no number")
                    continue
                counted = self.value(node, owl("onClass")) or self.value(node, owl("onDataRange"))
                inner = THING if counted is None else self._expression(counted, above)
                yield Count(on, bound, int(number.value), inner, counted is not None)
        if self.objects(node, owl("hasSelf")):
            yield Other("owl:hasSelf")
