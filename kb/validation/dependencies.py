"""What a shape's results depend on: rows of some predicates, and the way back from them to its focus nodes.

An edge that a shape reads lies at the end of a path from its focus node: the steps of its own paths before the
edge, behind those that lead to it through other shapes. Of a query each triple pattern counts, with all patterns
that stand around it: whoever has a solution with a changed row has one of the joined patterns with that row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import is_

import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..columns.kernels import unite
from ..columns.relations import Relation
from . import components as c
from .classes import Hierarchy
from .paths import Alternative, Inverse, Path, Predicate, Repeated, Sequence
from .prebinding import read_query
from .query_tree import THIS, Group, Pattern, read_tree
from .shapes import Shape, ShapesGraph
from .sparql import query_text
from .triples import Resource, Term
from .value_table import LASTING, ValueTable
from .vocabulary import RDF_TYPE

# What gives another answer at another time.
_VOLATILE = re.compile(r"\b(NOW|RAND|UUID|STRUUID)\s*\(", re.IGNORECASE)


@dataclass(frozen=True)
class Edge:
    """Rows that matter: those of `predicate` (None: of any), and of rdf:type of the instances of `cls` alone.

    `back` leads from the focus node to the row's subject, or to its object where `inverse`; None where it is that.
    """

    predicate: ox.NamedNode | None
    back: Path | None = None
    inverse: bool = False
    cls: Term | None = None


@dataclass(frozen=True)
class Reading:
    """Rows that a query reads through one of its `patterns` (the first), together with all those around it.

    `back` leads from the focus node of the shape with a target to ``$this``. Where a `whole` is read, nothing
    leads back.
    """

    patterns: tuple[Pattern, ...]
    back: Path | None
    whole: bool = False


@dataclass(frozen=True)
class Dependencies:
    """All that the results of a shape with a target depend on.

    `foreign`: on every row there is. `volatile`: on the time too.
    """

    edges: tuple[Edge, ...] = ()
    readings: tuple[Reading, ...] = ()
    classes: frozenset[Term] = frozenset()
    foreign: bool = False
    volatile: bool = False


@dataclass
class _Collected:
    edges: dict[Edge, None] = field(default_factory=dict)
    readings: dict[Reading, None] = field(default_factory=dict)
    classes: set[Term] = field(default_factory=set)
    foreign: bool = False
    volatile: bool = False


class Plan:
    """The dependencies of all shapes with targets, read once for a shapes graph."""

    def __init__(self, shapes: ShapesGraph) -> None:
        self.shapes = shapes
        # What one run found out about a dictionary and a hierarchy serves the next.
        self._ids: tuple[Dictionary | None, dict[Term, int]] = None, {}
        self._values: ValueTable | None = None
        self._classes: tuple[list[Relation], Hierarchy] = [], Hierarchy()

    def ids(self, dictionary: Dictionary) -> dict[Term, int]:
        """What is known so far of the ids that terms have in a dictionary."""
        if self._ids[0] is not dictionary:
            self._ids = dictionary, {}
        return self._ids[1]

    def values(self, dictionary: Dictionary) -> ValueTable:
        """What is known so far of the values of a dictionary's terms."""
        if self._values is None or self._values.dictionary is not dictionary:
            self._values = ValueTable(dictionary, most=LASTING)
        return self._values

    def classes(self, subclasses: list[Relation]) -> Hierarchy:
        """The hierarchy that relations of subclasses make together."""
        same = len(subclasses) == len(self._classes[0]) and all(map(is_, subclasses, self._classes[0]))
        if not same:
            self._classes = subclasses, Hierarchy(reduce(unite, (one.pairs for one in subclasses)))
        return self._classes[1]

    @cached_property
    def dependencies(self) -> dict[Resource, Dependencies]:
        """By shape with a target."""
        return {shape.node: dependencies(self.shapes, shape) for shape in self.shapes.roots()}

    @cached_property
    def edges(self) -> dict[ox.NamedNode | None, dict[Edge, list[Resource]]]:
        """By predicate the edges along it, and the shapes that depend on each."""
        found: dict[ox.NamedNode | None, dict[Edge, list[Resource]]] = {}
        for node, needs in self.dependencies.items():
            for edge in needs.edges:
                found.setdefault(edge.predicate, {}).setdefault(edge, []).append(node)
        return found

    @cached_property
    def readings(self) -> dict[ox.NamedNode | None, dict[Reading, list[Resource]]]:
        """By predicate the readings of rows of it, and the shapes that depend on each."""
        found: dict[ox.NamedNode | None, dict[Reading, list[Resource]]] = {}
        for node, needs in self.dependencies.items():
            for reading in needs.readings:
                path = reading.patterns[0].path
                for predicate in {edge.predicate for edge in edges(path)} if path is not None else {None}:
                    found.setdefault(predicate, {}).setdefault(reading, []).append(node)
        return found

    @cached_property
    def always(self) -> tuple[list[Resource], list[Resource]]:
        """The shapes whose results depend on every row, and those whose results depend on the time."""
        needs = self.dependencies.items()
        return [node for node, one in needs if one.foreign], [node for node, one in needs if one.volatile]


def dependencies(shapes: ShapesGraph, root: Shape) -> Dependencies:
    """What judging a shape with a target reads."""
    found = _Collected()
    for target in root.targets:
        match target.kind:
            case "class":
                found.classes.add(target.term)
                found.edges[Edge(RDF_TYPE, cls=target.term)] = None
            case "subjects":
                found.edges[Edge(target.term)] = None
            case "objects":
                found.edges[Edge(target.term, inverse=True)] = None
            case "foreign":
                found.foreign = True
    _collect(shapes, root, None, found)
    return Dependencies(
        tuple(found.edges), tuple(found.readings), frozenset(found.classes), found.foreign, found.volatile
    )


def _collect(shapes: ShapesGraph, shape: Shape, back: Path | None, found: _Collected) -> None:
    if shape.deactivated:
        return
    values = back
    if shape.path is not None:
        found.edges.update(dict.fromkeys(edges(shape.path, back)))
        values = then(back, shape.path)
    for constraint in shape.constraints:
        match constraint:
            case c.Class():
                found.classes.add(constraint.cls)
                found.edges[Edge(RDF_TYPE, values, cls=constraint.cls)] = None
            case c.Pair():
                found.edges[Edge(constraint.predicate, back)] = None
            case c.Closed():
                found.edges[Edge(None, values)] = None
            case c.SPARQL():
                _collect_query(shape, constraint, back, found)
            case c.Foreign():
                found.foreign = True
        for node in constraint.shapes:
            _collect(shapes, shapes[node], values, found)


def edges(path: Path, back: Path | None = None, *, turned: bool = False) -> Iterator[Edge]:
    """The edges of a path, each with the steps before it.

    >>> p, q = (Predicate(ox.NamedNode(f"urn:{name}")) for name in "pq")
    >>> [(str(edge.predicate), str(edge.back)) for edge in edges(Sequence((p, Repeated(q, 0, True))))]
    [('<urn:p>', 'None'), ('<urn:q>', '<urn:p>/<urn:q>*')]
    """
    match path:
        case Predicate(iri):
            yield Edge(iri, back, turned)
        case Inverse(inner):
            yield from edges(inner, back, turned=not turned)
        case Alternative(parts):
            for part in parts:
                yield from edges(part, back, turned=turned)
        case Sequence(parts):
            for part in reversed(parts) if turned else parts:
                yield from edges(part, back, turned=turned)
                back = then(back, Inverse(part) if turned else part)
        case Repeated(inner, _, many):
            repeated = Repeated(Inverse(inner) if turned else inner, 0, True)
            yield from edges(inner, then(back, repeated) if many else back, turned=turned)


def then(first: Path | None, second: Path) -> Path:
    """One path behind another."""
    if first is None:
        return second
    return Sequence((*(first.paths if isinstance(first, Sequence) else (first,)), second))


def _collect_query(shape: Shape, constraint: c.SPARQL, back: Path | None, found: _Collected) -> None:
    text = query_text(shape, constraint)
    tree = read_tree(text)
    if (
        any(group.opaque for group in tree.all())
        or "shapesGraph" in read_query(constraint.select, {}).variables
    ):
        found.foreign = True
        return
    found.volatile |= _VOLATILE.search(text) is not None
    for patterns in joined(tree):
        found.readings[Reading(patterns, back, not _leads_back(patterns))] = None


def joined(group: Group, around: tuple[Pattern, ...] = ()) -> Iterator[tuple[Pattern, ...]]:
    """Each triple pattern of a query, and behind it all that a solution with it has too."""
    own = tuple(group.patterns)
    for number, pattern in enumerate(own):
        yield (pattern, *own[:number], *own[number + 1 :], *around)
    for part in group.parts():
        yield from joined(part, (*own, *around))


def _leads_back(patterns: tuple[Pattern, ...]) -> bool:
    reached, grown = set(patterns[0].variables), True
    while grown and THIS not in reached:
        more = {
            variable
            for pattern in patterns
            if pattern.path is not None and reached & set(pattern.variables)
            for variable in pattern.variables
        }
        grown = not more <= reached
        reached |= more
    return THIS in reached
