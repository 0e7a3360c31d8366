"""Class and property expressions, written in Manchester syntax."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import pyoxigraph as ox

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
    """A datatype that has a name."""

    node: ox.NamedNode

    def __str__(self) -> str:
        return short(self.node)


@dataclass(frozen=True, slots=True)
class _Combined:
    parts: tuple[Expression, ...]
    word: ClassVar[str]

    def __str__(self) -> str:
        return f" {self.word} ".join(_inner(one) for one in self.parts)


class And(_Combined):
    """An intersection."""

    word = "and"


class Or(_Combined):
    """A union."""

    word = "or"


class Same(_Combined):
    """One anonymous class that several expressions are spelled out on: they are equivalent."""

    word = "="


@dataclass(frozen=True, slots=True)
class Not:
    """A complement."""

    part: Expression

    def __str__(self) -> str:
        return f"not {_inner(self.part)}"


@dataclass(frozen=True, slots=True)
class _Quantified:
    property: Property
    filler: Expression
    word: ClassVar[str]

    def __str__(self) -> str:
        return f"{self.property} {self.word} {_inner(self.filler)}"


class Some(_Quantified):
    """An existential restriction."""

    word = "some"


class Only(_Quantified):
    """A universal restriction."""

    word = "only"


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


Expression = Named | Datatype | And | Or | Same | Not | Some | Only | Value | OneOf | Count | Other
THING = Named(owl("Thing"))
NOTHING = Named(owl("Nothing"))


def _inner(expression: Expression) -> str:
    text = str(expression)
    return f"({text})" if " " in text and not text.startswith(("{", "(")) else text
