"""The scm-* rules: what an ontology says about its own classes and properties, drawn to the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from itertools import product
from typing import TypeVar

import pyoxigraph as ox

from .expressions import OWL, Node, is_anonymous, owl, rdf, rdfs
from .ontology_graph import Graph

Key = TypeVar("Key", bound=Hashable)
Above = dict[Node, set[Node]]
SchemaTriple = tuple[Node, ox.NamedNode, Node]

_SUB_CLASS, _EQUIVALENT_CLASS = rdfs("subClassOf"), owl("equivalentClass")
_SUB_PROPERTY, _EQUIVALENT_PROPERTY = rdfs("subPropertyOf"), owl("equivalentProperty")


def closure(steps: Mapping[Key, Iterable[Key]]) -> dict[Key, set[Key]]:
    """Per node, all nodes that one or more steps lead to; a node on a circle reaches itself.

    >>> a, b, c = (ox.NamedNode(f"urn:{name}") for name in "abc")
    >>> closure({a: [b], b: [c]})[a] == {b, c}
    True
    """
    above: dict[Key, set[Key]] = {}
    for start in list(steps):
        found: set[Key] = set()
        pending = list(steps[start])
        while pending:
            node = pending.pop()
            if node not in found:
                found.add(node)
                known = above.get(node)
                if known is None:
                    pending.extend(steps.get(node, ()))
                else:
                    found |= known
        above[start] = found
    return above


class Schema:
    """The class and property hierarchies, closed under the scm-* rules."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.properties = closure(self._steps(_SUB_PROPERTY, _EQUIVALENT_PROPERTY))
        self.classes = self._class_closure()

    def triples(self) -> frozenset[SchemaTriple]:
        """The consequences between named terms that the ontology does not state itself."""
        found = {
            *self._named(self.classes, _SUB_CLASS, _EQUIVALENT_CLASS),
            *self._named(self.properties, _SUB_PROPERTY, _EQUIVALENT_PROPERTY),
            *self._placed(rdfs("domain")),
            *self._placed(rdfs("range")),
        }
        return frozenset(one for one in found if not self._graph.has(one[0], one[1], one[2]))

    def subsumptions(self) -> Iterable[tuple[Node, Node]]:
        """All (class, class above it) with names."""
        for low, highs in self.classes.items():
            yield from ((low, high) for high in highs if low != high and _is_plain(low) and _is_plain(high))

    def _steps(self, sub: ox.NamedNode, equivalent: ox.NamedNode) -> dict[Node, set[Node]]:
        """What is directly below what; their closure is scm-sco, scm-spo, and scm-eqc1, scm-eqp1 both ways."""
        steps: dict[Node, set[Node]] = defaultdict(set)
        for low, high in self._graph.pairs(sub):
            steps[low].add(high)
        for one, other in self._graph.pairs(equivalent):
            steps[one].add(other)
            steps[other].add(one)
        return steps

    def _class_closure(self) -> Above:
        """The hierarchy of classes with scm-int, scm-uni and the rules of restrictions."""
        steps = self._steps(_SUB_CLASS, _EQUIVALENT_CLASS)
        for node, head in self._graph.pairs(owl("intersectionOf")):
            steps[node].update(self._graph.members(head))
        for node, head in self._graph.pairs(owl("unionOf")):
            for member in self._graph.members(head):
                steps[member].add(node)
        while True:
            above = closure(steps)
            fresh = [
                (low, high) for low, high in self._restriction_steps(above) if high not in above.get(low, ())
            ]
            if not fresh:
                return above
            for low, high in fresh:
                steps[low].add(high)

    def _restriction_steps(self, above: Above) -> Iterable[tuple[Node, Node]]:
        """scm-hv, scm-svf1, scm-svf2, scm-avf1, scm-avf2 over the hierarchy so far."""
        for name, contravariant in (("hasValue", False), ("someValuesFrom", False), ("allValuesFrom", True)):
            by_property: dict[Node, list[tuple[Node, Node]]] = defaultdict(list)
            by_filler: dict[Node, list[tuple[Node, Node]]] = defaultdict(list)
            for node, filler in self._graph.pairs(owl(name)):
                on = self._graph.value(node, owl("onProperty"))
                if on is not None:
                    by_property[on].append((node, filler))
                    by_filler[filler].append((node, on))
            if name != "hasValue":
                yield from self._pairwise(by_property, lambda low, high: high in above.get(low, ()))
            below = self._property_above(contravariant)
            yield from self._pairwise(by_filler, below)

    def _property_above(self, contravariant: bool) -> Callable[[Node, Node], bool]:
        if contravariant:
            return lambda low, high: low in self.properties.get(high, ())
        return lambda low, high: high in self.properties.get(low, ())

    @staticmethod
    def _pairwise(
        groups: Mapping[Node, list[tuple[Node, Node]]], below: Callable[[Node, Node], bool]
    ) -> Iterable[tuple[Node, Node]]:
        for group in groups.values():
            for (low, low_part), (high, high_part) in product(group, repeat=2):
                if low != high and (low_part == high_part or below(low_part, high_part)):
                    yield low, high

    @staticmethod
    def _named(above: Above, sub: ox.NamedNode, equivalent: ox.NamedNode) -> Iterable[SchemaTriple]:
        """The closure between names; what is below each other is equivalent (scm-eqc2, scm-eqp2)."""
        for low, highs in above.items():
            for high in highs:
                if low != high and _is_plain(low) and _is_plain(high):
                    yield low, sub, high
                    if low in above.get(high, ()):
                        yield low, equivalent, high

    def _placed(self, place: ox.NamedNode) -> Iterable[SchemaTriple]:
        """scm-dom1, scm-dom2 (and scm-rng1, scm-rng2): up the classes, down the properties."""
        lower: dict[Node, set[Node]] = defaultdict(set)
        for low, highs in self.properties.items():
            for high in highs:
                lower[high].add(low)
        for on, kind in self._graph.pairs(place):
            for one, other in product({on, *lower[on]}, {kind, *self.classes.get(kind, ())}):
                if _is_plain(one) and _is_plain(other):
                    yield one, place, other


def _is_plain(node: Node) -> bool:
    """Whether a node is a named term of the ontology (not owl:Thing, owl:Nothing, rdf:nil)."""
    if not isinstance(node, ox.NamedNode) or is_anonymous(node):
        return False
    return not node.value.startswith(OWL) and node != rdf("nil")
