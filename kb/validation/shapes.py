"""Shapes (SHACL 2): the typed plan that a shapes graph is read into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

import pyoxigraph as ox

from ..errors import ShapesError
from . import components as c
from .parameters import flag, read_constraints
from .paths import Path, read_path
from .triples import Resource, Term, Triples, is_blank, shown
from .vocabulary import FIX, IDENTIFIER, OWL_CLASS, RDF_TYPE, RDFS_CLASS, sh

if TYPE_CHECKING:
    from .dependencies import Plan

_TARGETS: dict[str, OneOf["node", "class", "subjects", "objects"]] = {
    "targetNode": "node",
    "targetClass": "class",
    "targetSubjectsOf": "subjects",
    "targetObjectsOf": "objects",
}


@dataclass(frozen=True)
class Target:
    """Which nodes a shape judges: a node, a class's instances, a predicate's subjects or objects.

    ``foreign`` stands for a target of SHACL-AF, which columns don't find.
    """

    kind: OneOf["node", "class", "subjects", "objects", "foreign"]
    term: Any


@dataclass(frozen=True)
class Shape:
    """A node shape, or with `path` a property shape; `fixes` are texts that say how to mend what breaks it."""

    node: Resource
    path: Path | None = None
    targets: tuple[Target, ...] = ()
    constraints: tuple[c.Constraint, ...] = ()
    severity: ox.NamedNode = field(default_factory=lambda: sh("Violation"))
    messages: tuple[ox.Literal, ...] = ()
    deactivated: bool = False
    identifier: str | None = None
    fixes: tuple[ox.Literal, ...] = ()

    @property
    def name(self) -> str:
        """The shape as messages name it: its identifier, else its IRI, else its path."""
        if self.identifier or not is_blank(self.node):
            return self.identifier or shown(self.node)
        return f"[{self.path}]" if self.path else "[anonymous]"


@dataclass(frozen=True)
class ShapesGraph:
    """All shapes by their node, and the triples that they were read from."""

    shapes: Mapping[Resource, Shape]
    triples: tuple[ox.Triple, ...] = ()

    def __getitem__(self, node: Resource) -> Shape:
        return self.shapes[node]

    @cached_property
    def has_rules(self) -> bool:
        """Whether any shape has a rule of SHACL-AF."""
        rule = sh("rule")
        return any(one.predicate == rule for one in self.triples)

    @cached_property
    def plan(self) -> Plan:
        """What the results of its shapes depend on."""
        from .dependencies import Plan  # It is written over shapes.

        return Plan(self)

    def roots(self) -> Iterator[Shape]:
        """The active shapes with targets."""
        return (one for one in self.shapes.values() if one.targets and not one.deactivated)

    def reachable(self, shape: Shape) -> Iterator[Shape]:
        """The shape and all active shapes that judging it needs."""
        seen, pending = {shape.node}, [shape]
        while pending:
            one = pending.pop()
            if one.deactivated:
                continue
            yield one
            for constraint in one.constraints:
                for node in constraint.shapes:
                    if node not in seen:
                        seen.add(node)
                        pending.append(self.shapes[node])


def read_shapes(triples: Iterable[ox.Triple | ox.Quad]) -> ShapesGraph:
    """Read a shapes graph as it was parsed (never from a store, which rewrites literals).

    Raises ShapesError, naming shape and parameter, for ill-formed and for recursive shapes.

    >>> text = b'''@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix : <urn:x:> .
    ... :S a sh:NodeShape ; sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCount 1 ] .'''
    >>> shapes = read_shapes(ox.parse(text, format=ox.RdfFormat.TURTLE))
    >>> [shape.name for shape in shapes.roots()], len(shapes.shapes)
    (['<urn:x:S>'], 2)
    """
    graph = Triples(triples)
    shapes: dict[Resource, Shape] = {}
    pending = list(_declared(graph))
    while pending:
        node = pending.pop(0)
        if node not in shapes:
            if isinstance(node, ox.Literal):
                raise ShapesError(f"{shown(node)} stands where a shape is needed", where="shapes graph")
            shapes[node] = _read(graph, node)
            for constraint in shapes[node].constraints:
                pending += constraint.shapes
    _check_properties(graph, shapes)
    _refuse_recursion(graph, shapes)
    _hand_down_identifiers(shapes)
    return ShapesGraph(shapes, tuple(graph.all))


def _declared(graph: Triples) -> dict[Term, None]:
    found: dict[Term, None] = {}
    for cls in ("NodeShape", "PropertyShape"):
        found.update(dict.fromkeys(graph.subjects(RDF_TYPE, sh(cls))))
    for name in (*_TARGETS, "target", "property", "node"):
        found.update(dict.fromkeys(graph.subjects(sh(name))))
    return found


def _read(graph: Triples, node: Resource) -> Shape:
    types = graph.types(node)
    path_node = graph.one(node, sh("path"))
    if path_node is None and sh("PropertyShape") in types:
        raise graph.fault(node, "is a property shape without sh:path", "give it one sh:path")
    if path_node is not None and sh("NodeShape") in types:
        raise graph.fault(node, "is a node shape with a sh:path", "make it a sh:PropertyShape")
    path = None if path_node is None else read_path(graph, path_node, node)
    severity = graph.one(node, sh("severity")) or sh("Violation")
    if not isinstance(severity, ox.NamedNode):
        raise graph.fault(node, "is ill-formed: sh:severity needs an IRI")
    messages = graph.objects(node, sh("message"))
    if not all(isinstance(one, ox.Literal) for one in messages):
        raise graph.fault(node, "is ill-formed: sh:message needs texts")
    identifiers = graph.objects(node, IDENTIFIER)
    return Shape(
        node,
        path,
        _targets(graph, node, types),
        read_constraints(graph, node, has_path=path is not None),
        severity,
        tuple(messages),
        flag(graph, node, "deactivated"),
        identifiers[0].value if identifiers else None,
        tuple(one for one in graph.objects(node, FIX) if isinstance(one, ox.Literal)),
    )


def _targets(graph: Triples, node: Resource, types: set[Term]) -> tuple[Target, ...]:
    found = [Target(kind, term) for name, kind in _TARGETS.items() for term in graph.objects(node, sh(name))]
    found += [Target("foreign", term) for term in graph.objects(node, sh("target"))]
    if types & {RDFS_CLASS, OWL_CLASS} and types & {sh("NodeShape"), sh("PropertyShape")}:
        found.append(Target("class", node))
    return tuple(found)


def _check_properties(graph: Triples, shapes: Mapping[Resource, Shape]) -> None:
    for shape in shapes.values():
        for constraint in shape.constraints:
            if isinstance(constraint, c.Property) and shapes[constraint.shape].path is None:
                raise graph.fault(shape.node, f"has a sh:property without sh:path: {shown(constraint.shape)}")


def _refuse_recursion(graph: Triples, shapes: Mapping[Resource, Shape]) -> None:
    done: set[Resource] = set()

    def visit(node: Resource, above: list[Resource]) -> None:
        if node in above:
            circle = [*above[above.index(node) :], node]
            names = " -> ".join(_name_in_circle(graph, one) for one in circle)
            raise graph.fault(
                node,
                f"is recursive ({names}), which SHACL leaves undefined",
                "say the inner part in a shape of its own",
            )
        if node not in done:
            for constraint in shapes[node].constraints:
                for inner in constraint.shapes:
                    visit(inner, [*above, node])
            done.add(node)

    for node in shapes:
        visit(node, [])


def _name_in_circle(graph: Triples, node: Resource) -> str:
    path = graph.objects(node, sh("path"))
    return f"[sh:path {shown(path[0])}]" if is_blank(node) and path else shown(node)


def _hand_down_identifiers(shapes: dict[Resource, Shape]) -> None:
    """Anonymous parts of a shape answer to its identifier."""
    pending = [one for one in shapes.values() if one.identifier]
    while pending:
        owner = pending.pop(0)
        for constraint in owner.constraints:
            for node in constraint.shapes:
                part = shapes[node]
                if part.identifier is None and is_blank(node):
                    shapes[node] = Shape(**{**vars(part), "identifier": owner.identifier})
                    pending.append(shapes[node])
