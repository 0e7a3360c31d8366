"""The scm-* rules: what an ontology says about its own classes and properties, drawn to the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from itertools import product
from typing import TypeVar

import pyoxigraph as ox

from ..errors import OntologyError
from .expressions import OWL, Expression, Node, is_anonymous, owl, rdf, rdfs
from .ontology_graph import Graph

Key = TypeVar("Key", bound=Hashable)
Above = dict[Node, set[Node]]
SchemaTriple = tuple[Node, ox.NamedNode, Node]

MOST_PAIRS = 2_000_000
_SUB_CLASS, _EQUIVALENT_CLASS = rdfs("subClassOf"), owl("equivalentClass")
_SUB_PROPERTY, _EQUIVALENT_PROPERTY = rdfs("subPropertyOf"), owl("equivalentProperty")


def closure(steps: Mapping[Key, Iterable[Key]]) -> dict[Key, set[Key]]:
    """Per node, all nodes that one or more steps lead to; a node on a circle reaches itself.

    >>> a, b, c = (ox.NamedNode(f"urn:{name}") for name in "abc")
    >>> closure({a: [b], b: [c]})[a] == {b, c}
    True

    Raises OntologyError above `MOST_PAIRS` pairs.
    """
    above: dict[Key, set[Key]] = {}
    pairs = 0
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
        pairs += len(found)
        if pairs > MOST_PAIRS:
            raise OntologyError(
                f"A hierarchy of classes or properties has more than {MOST_PAIRS:,} pairs of lower and higher",
                where=str(start),
                hint="look for a long circle or chain of rdfs:subClassOf, or model the tree as data (skos:broader)",
            )
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

    def below_expressions(self) -> dict[Expression, tuple[Node, ...]]:
        """For each anonymous expression the highest classes with a name that lie below it."""
        below: dict[Expression, dict[Node, None]] = defaultdict(dict)
        spelled: dict[Node, Expression] = {}  # Many classes lie below one node.
        for low, highs in self.classes.items():
            if _is_plain(low):
                for high in filter(is_anonymous, highs):
                    if high not in spelled:
                        spelled[high] = self._graph.expression(high)
                    below[spelled[high]][low] = None
        return {
            one: tuple(low for low in lows if not self._is_covered(low, lows)) for one, lows in below.items()
        }

    def _is_covered(self, low: Node, others: Container[Node]) -> bool:
        """Whether another one lies above; of classes in a circle the first by name stays."""
        return any(
            one != low and (low not in self.classes.get(one, ()) or str(one) < str(low))
            for one in self.classes.get(low, ())
            if one in others
        )

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
                (low, high)
                for low, high in self._restriction_steps(above)
                if low != high and high not in above.get(low, ())
            ]
            if not fresh:
                return above
            for low, high in fresh:
                steps[low].add(high)

    def _restriction_steps(self, above: Above) -> Iterable[tuple[Node, Node]]:
        """scm-hv, scm-svf1, scm-svf2, scm-avf1, scm-avf2 over the hierarchy so far."""
        for name in ("hasValue", "someValuesFrom", "allValuesFrom"):
            places: dict[tuple[Node, Node], list[Node]] = defaultdict(list)
            for node, filler in self._graph.pairs(owl(name)):
                for on in self._graph.objects(node, owl("onProperty")):
                    places[on, filler].append(node)
            for (on, filler), nodes in list(places.items()):
                yield from zip(nodes, nodes[1:] + nodes[:1], strict=True)
                if name != "hasValue":
                    for wider in above.get(filler, ()):
                        yield from product(nodes, places.get((on, wider), ()))
                for higher in self.properties.get(on, ()):
                    others = places.get((higher, filler), ())
                    yield from product(others, nodes) if name == "allValuesFrom" else product(nodes, others)

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
