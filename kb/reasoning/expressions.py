"""Class and property expressions: read from the triples of an ontology, written in Manchester syntax."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..graphs import GENID

OWL = "http://www.w3.org/2002/07/owl#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"

Node = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


def owl(name: str) -> ox.NamedNode:
    """A term of the OWL vocabulary."""
    return ox.NamedNode(OWL + name)


def rdf(name: str) -> ox.NamedNode:
    """A term of the RDF vocabulary."""
    return ox.NamedNode(RDF + name)


def rdfs(name: str) -> ox.NamedNode:
    """A term of the RDFS vocabulary."""
    return ox.NamedNode(RDFS + name)


def is_anonymous(node: Node) -> bool:
    """Whether a node has no name of its own: a blank node, or an IRI that stands for one.

    >>> is_anonymous(ox.NamedNode(GENID + "c1/0")), is_anonymous(ox.NamedNode("urn:a"))
    (True, False)
    """
    return isinstance(node, ox.BlankNode) or (isinstance(node, ox.NamedNode) and node.value.startswith(GENID))


def short(node: Node) -> str:
    """The local name of an IRI, a literal as it is written.

    >>> short(ox.NamedNode("http://example.org/onto#SKU")), short(ox.Literal("a"))
    ('SKU', '"a"')
    """
    if isinstance(node, ox.NamedNode):
        return re.split(r"[#/:]", node.value.rstrip("/#"))[-1] or node.value
    return str(node)


@dataclass(frozen=True, slots=True)
class Property:
    """A property, or the inverse of one."""

    node: Node
    inverted: bool = False

    def __str__(self) -> str:
        return f"inverse {short(self.node)}" if self.inverted else short(self.node)


@dataclass(frozen=True, slots=True)
class Named:
    """A class that has a name."""

    node: Node

    def __str__(self) -> str:
        return short(self.node)


@dataclass(frozen=True, slots=True)
class Datatype:
    """A data range."""

    node: Node

    def __str__(self) -> str:
        return short(self.node) if isinstance(self.node, ox.NamedNode) else "a data range"


@dataclass(frozen=True, slots=True)
class And:
    """An intersection."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " and ".join(_inner(one) for one in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """A union."""

    parts: tuple[Expression, ...]

    def __str__(self) -> str:
        return " or ".join(_inner(one) for one in self.parts)


@dataclass(frozen=True, slots=True)
class Not:
    """A complement."""

    part: Expression

    def __str__(self) -> str:
        return f"not {_inner(self.part)}"


@dataclass(frozen=True, slots=True)
class Some:
    """An existential restriction."""

    property: Property
    filler: Expression

    def __str__(self) -> str:
        return f"{self.property} some {_inner(self.filler)}"


@dataclass(frozen=True, slots=True)
class Only:
    """A universal restriction."""

    property: Property
    filler: Expression

    def __str__(self) -> str:
        return f"{self.property} only {_inner(self.filler)}"


@dataclass(frozen=True, slots=True)
class Value:
    """A restriction to one value."""

    property: Property
    value: Node

    def __str__(self) -> str:
        return f"{self.property} value {short(self.value)}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """An enumeration of individuals."""

    members: tuple[Node, ...]

    def __str__(self) -> str:
        return f"{{{', '.join(map(short, self.members))}}}"


@dataclass(frozen=True, slots=True)
class Count:
    """A cardinality restriction; `bound` is min, max or exactly."""

    property: Property
    bound: str
    number: int
    filler: Expression
    qualified: bool = False

    def __str__(self) -> str:
        filler = f" {_inner(self.filler)}" if self.qualified else ""
        return f"{self.property} {self.bound} {self.number}{filler}"


@dataclass(frozen=True, slots=True)
class Other:
    """An expression that has no place in OWL 2 RL, or is ill-formed."""

    construct: str

    def __str__(self) -> str:
        return f"({self.construct})"


Expression = Named | Datatype | And | Or | Not | Some | Only | Value | OneOf | Count | Other
THING = Named(owl("Thing"))
NOTHING = Named(owl("Nothing"))
_STRUCTURE = tuple(map(owl, ("intersectionOf", "unionOf", "complementOf", "oneOf", "onProperty")))
_COUNTS = {
    f"{word}{kind}": bound
    for word, bound in (("min", "min"), ("max", "max"), ("", "exactly"))
    for kind in (("Cardinality", "QualifiedCardinality") if word else ("cardinality", "qualifiedCardinality"))
}


def _inner(expression: Expression) -> str:
    text = str(expression)
    return f"({text})" if " " in text and not text.startswith(("{", "(")) else text


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
        """The named classes that an expression is spelled out on."""
        nodes = {node for predicate in _STRUCTURE[:4] for node, _ in self.pairs(predicate)}
        return sorted((one for one in nodes if not is_anonymous(one) and not self.is_datatype(one)), key=str)

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
        if isinstance(node, ox.NamedNode) and (
            node.value.startswith(XSD) or node in (rdfs("Literal"), rdf("PlainLiteral"), rdf("langString"))
        ):
            return True
        if self.objects(node, owl("onDatatype")) or self.objects(node, owl("datatypeComplementOf")):
            return True
        return self.has(node, rdf("type"), rdfs("Datatype")) or self.has(node, rdf("type"), owl("DataRange"))

    def expression(self, node: Node) -> Expression:
        """The class expression that a node stands for; a named class stands for itself."""
        return self._expression(node, frozenset())

    def definition(self, node: Node) -> Expression:
        """What the triples of a structured node spell out."""
        return self._definition(node, frozenset({node}))

    def _expression(self, node: Node, above: frozenset[Node]) -> Expression:
        if isinstance(node, ox.Literal):
            return Other("a literal in the place of a class")
        if self.is_datatype(node):
            return Datatype(node)
        if not is_anonymous(node):
            return Named(node)
        if node in above:
            return Other("a class expression that contains itself")
        return self._definition(node, above | {node})

    def _definition(self, node: Node, above: frozenset[Node]) -> Expression:
        for name, build in (("intersectionOf", And), ("unionOf", Or)):
            head = self.value(node, owl(name))
            if head is not None:
                return build(tuple(self._expression(one, above) for one in self.members(head)))
        part = self.value(node, owl("complementOf"))
        if part is not None:
            return Not(self._expression(part, above))
        members = self.value(node, owl("oneOf"))
        if members is not None:
            return OneOf(self.members(members))
        on = self.value(node, owl("onProperty"))
        if on is None:
            return Other("an anonymous class without a known structure")
        return self._restriction(node, self.property(on), above)

    def _restriction(self, node: Node, on: Property, above: frozenset[Node]) -> Expression:
        for name, build in (("someValuesFrom", Some), ("allValuesFrom", Only)):
            filler = self.value(node, owl(name))
            if filler is not None:
                return build(on, self._expression(filler, above))
        value = self.value(node, owl("hasValue"))
        if value is not None:
            return Value(on, value)
        for name, bound in _COUNTS.items():
            number = self.value(node, owl(name))
            if isinstance(number, ox.Literal) and number.value.strip().isdigit():
                filler = self.value(node, owl("onClass")) or self.value(node, owl("onDataRange"))
                inner = THING if filler is None else self._expression(filler, above)
                return Count(on, bound, int(number.value), inner, filler is not None)
        return Other("owl:hasSelf" if self.value(node, owl("hasSelf")) else "an incomplete restriction")
