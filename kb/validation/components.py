"""The constraint components of SHACL Core (chapter 4) and SHACL-SPARQL (chapter 5) as typed values.

A class is called as its component is: ``MinCount`` stands for ``sh:MinCountConstraintComponent``.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from .triples import Resource, Term
from .vocabulary import sh


@dataclass(frozen=True)
class Constraint:
    """What all constraints share."""

    @property
    def component(self) -> ox.NamedNode:
        """The IRI of the constraint component."""
        return sh(f"{type(self).__name__}ConstraintComponent")

    @property
    def shapes(self) -> tuple[Resource, ...]:
        """The shapes that this constraint refers to."""
        return ()


@dataclass(frozen=True)
class Class(Constraint):
    cls: Term


@dataclass(frozen=True)
class Datatype(Constraint):
    datatype: ox.NamedNode


@dataclass(frozen=True)
class NodeKind(Constraint):
    kind: str


@dataclass(frozen=True)
class Counted(Constraint):
    count: int


class MinCount(Counted): ...


class MaxCount(Counted): ...


@dataclass(frozen=True)
class Bound(Constraint):
    limit: ox.Literal


class MinExclusive(Bound): ...


class MinInclusive(Bound): ...


class MaxExclusive(Bound): ...


class MaxInclusive(Bound): ...


class MinLength(Counted): ...


class MaxLength(Counted): ...


@dataclass(frozen=True)
class Pattern(Constraint):
    pattern: str
    flags: str = ""


@dataclass(frozen=True)
class LanguageIn(Constraint):
    ranges: tuple[str, ...]


@dataclass(frozen=True)
class UniqueLang(Constraint): ...


@dataclass(frozen=True)
class Pair(Constraint):
    predicate: ox.NamedNode


class Equals(Pair): ...


class Disjoint(Pair): ...


class LessThan(Pair): ...


class LessThanOrEquals(Pair): ...


@dataclass(frozen=True)
class ShapeBased(Constraint):
    shape: Resource

    @property
    def shapes(self) -> tuple[Resource, ...]:
        return (self.shape,)


class Not(ShapeBased): ...


class Node(ShapeBased): ...


class Property(ShapeBased): ...


@dataclass(frozen=True)
class Listed(Constraint):
    members: tuple[Resource, ...]

    @property
    def shapes(self) -> tuple[Resource, ...]:
        return self.members


class And(Listed): ...


class Or(Listed): ...


class Xone(Listed): ...


@dataclass(frozen=True)
class Qualified(ShapeBased):
    """Counts the values that conform to `shape` and to none of `siblings`."""

    count: int
    siblings: tuple[Resource, ...] = ()

    @property
    def shapes(self) -> tuple[Resource, ...]:
        return (self.shape, *self.siblings)


class QualifiedMinCount(Qualified): ...


class QualifiedMaxCount(Qualified): ...


@dataclass(frozen=True)
class Closed(Constraint):
    allowed: tuple[ox.NamedNode, ...]


@dataclass(frozen=True)
class HasValue(Constraint):
    value: Term


@dataclass(frozen=True)
class In(Constraint):
    values: tuple[Term, ...]


@dataclass(frozen=True)
class SPARQL(Constraint):
    """A SPARQL-based constraint; `prefixes` is the text of its PREFIX lines."""

    node: Resource
    select: str
    prefixes: str
    messages: tuple[ox.Literal, ...] = ()


@dataclass(frozen=True)
class Foreign(Constraint):
    """A constraint that columns and set form don't cover (a custom component, SHACL-JS, an expression)."""

    iri: ox.NamedNode
    reason: str

    component = property(lambda self: self.iri)
