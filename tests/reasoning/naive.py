"""The rules of OWL 2 RL/RDF read literally over a set of triples: slow, plain, and not our engine."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, permutations

import pyoxigraph as ox

OWL = "http://www.w3.org/2002/07/owl#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
TYPE = ox.NamedNode(RDF + "type")
SAME = ox.NamedNode(OWL + "sameAs")
FALSE = "false"


class Chainer:
    """Closes triples; `clashes` collects the names of the rules that drew *false*."""

    def __init__(self, triples):
        self.facts = {(one.subject, one.predicate, one.object) for one in triples}
        self.clashes = set()
        size = -1
        while size != len(self.facts):
            size = len(self.facts)
            self.index()
            self.facts |= {one for one in self.draw() if not isinstance(one[0], ox.Literal)}
        self.index()
        self.check()

    def index(self):
        self.by = defaultdict(set)
        self.of = defaultdict(lambda: defaultdict(set))
        self.into = defaultdict(lambda: defaultdict(set))
        self.members = defaultdict(set)
        for s, p, o in self.facts:
            self.by[p].add((s, o))
            self.of[p][s].add(o)
            self.into[p][o].add(s)
            if p == TYPE:
                self.members[o].add(s)

    def owl(self, name):
        return sorted(self.by[ox.NamedNode(OWL + name)], key=str)

    def rdfs(self, name):
        return sorted(self.by[ox.NamedNode(RDFS + name)], key=str)

    def a(self, name):
        return self.members[ox.NamedNode(OWL + name)]

    def list(self, node):
        first, rest = ox.NamedNode(RDF + "first"), ox.NamedNode(RDF + "rest")
        while self.of[first][node]:
            yield next(iter(self.of[first][node]))
            node = next(iter(self.of[rest][node]))

    def on(self, name):
        """(restriction, property, filler) of one kind of restriction."""
        prop = self.of[ox.NamedNode(OWL + "onProperty")]
        for node, filler in self.owl(name):
            for one in prop[node]:
                yield node, one, filler

    def draw(self):
        yield from self.draw_equality()
        yield from self.draw_properties()
        yield from self.draw_classes()
        yield from self.draw_schema()

    def draw_schema(self):
        """The scm-* rules by which anonymous classes lie below each other."""
        sub, sub_property = ox.NamedNode(RDFS + "subClassOf"), ox.NamedNode(RDFS + "subPropertyOf")
        classes, properties = self.of[sub], self.of[sub_property]
        for of, on in ((classes, sub), (properties, sub_property)):
            for low in list(of):
                for high in list(of[low]):
                    for higher in list(of[high]):
                        yield low, on, higher
        for one, other in self.owl("equivalentClass"):
            yield one, sub, other
            yield other, sub, one
        for c, head in self.owl("intersectionOf"):
            for part in self.list(head):
                yield c, sub, part
        for c, head in self.owl("unionOf"):
            for part in self.list(head):
                yield part, sub, c
        for name in ("someValuesFrom", "allValuesFrom", "hasValue"):
            for (c, p, x), (d, q, y) in permutations(list(self.on(name)), 2):
                if p == q and (x == y or (name != "hasValue" and y in classes[x])):
                    yield c, sub, d
                if x == y and q in properties[p]:
                    yield (d, sub, c) if name == "allValuesFrom" else (c, sub, d)

    def draw_equality(self):
        for x, y in self.by[SAME]:
            yield y, SAME, x
            for z in self.of[SAME][y]:
                yield x, SAME, z
            if x != y:
                for s, p, o in self.facts:
                    if s == x:
                        yield y, p, o
                    if o == x:
                        yield s, p, y
                    if p == x:
                        yield s, y, o
        for p in self.a("FunctionalProperty"):
            for values in list(self.of[p].values()):
                yield from self.same(values)
        for p in self.a("InverseFunctionalProperty"):
            for values in list(self.into[p].values()):
                yield from self.same(values)
        for c, head in self.owl("hasKey"):
            keys = list(self.list(head))
            for x, y in combinations(sorted(self.members[c], key=str), 2):
                if all(self.of[p][x] & self.of[p][y] for p in keys):
                    yield x, SAME, y
        for node, p, number in self.on("maxCardinality"):
            if number.value == "1":
                for x in self.members[node]:
                    yield from self.same(self.of[p][x])
        for node, p, number in self.on("maxQualifiedCardinality"):
            if number.value == "1":
                kinds = self.of[ox.NamedNode(OWL + "onClass")][node]
                for x in self.members[node]:
                    for c in kinds:
                        yield from self.same({y for y in self.of[p][x] if self.is_a(y, c)})

    def same(self, values):
        for x, y in combinations(values, 2):
            yield x, SAME, y

    def is_a(self, node, kind):
        return kind == ox.NamedNode(OWL + "Thing") or node in self.members[kind]

    def draw_properties(self):
        for p, c in self.rdfs("domain"):
            for x, _ in self.by[p]:
                yield x, TYPE, c
        for p, c in self.rdfs("range"):
            for _, y in self.by[p]:
                yield y, TYPE, c
        steps = [*self.rdfs("subPropertyOf"), *self.owl("equivalentProperty")]
        for p, q in [*steps, *((q, p) for p, q in self.owl("equivalentProperty"))]:
            for x, y in self.by[p]:
                yield x, q, y
        for p, q in self.owl("inverseOf"):
            for low, high in ((p, q), (q, p)):
                for x, y in self.by[low]:
                    yield y, high, x
        for p in self.a("SymmetricProperty"):
            for x, y in self.by[p]:
                yield y, p, x
        for p in self.a("TransitiveProperty"):
            for x, y in self.by[p]:
                for z in self.of[p][y]:
                    yield x, p, z
        for p, head in self.owl("propertyChainAxiom"):
            ends = None
            for q in self.list(head):
                step = self.by[q]
                ends = step if ends is None else {(x, z) for x, y in ends for z in self.of[q][y]}
            for x, y in ends or ():
                yield x, p, y

    def draw_classes(self):
        for low, high in self.rdfs("subClassOf"):
            for x in self.members[low]:
                yield x, TYPE, high
        for one, other in self.owl("equivalentClass"):
            for x in self.members[one]:
                yield x, TYPE, other
            for x in self.members[other]:
                yield x, TYPE, one
        for c, head in self.owl("intersectionOf"):
            parts = list(self.list(head))
            for x in set.intersection(*(self.members[one] for one in parts)):
                yield x, TYPE, c
            for x in self.members[c]:
                for one in parts:
                    yield x, TYPE, one
        for c, head in self.owl("unionOf"):
            for one in self.list(head):
                for x in self.members[one]:
                    yield x, TYPE, c
        for c, head in self.owl("oneOf"):
            for x in self.list(head):
                yield x, TYPE, c
        for c, p, filler in self.on("someValuesFrom"):
            for x, y in self.by[p]:
                if self.is_a(y, filler):
                    yield x, TYPE, c
        for c, p, filler in self.on("allValuesFrom"):
            for x in self.members[c]:
                for y in self.of[p][x]:
                    yield y, TYPE, filler
        for c, p, value in self.on("hasValue"):
            for x in self.members[c]:
                yield x, p, value
            for x in self.into[p][value]:
                yield x, TYPE, c

    def check(self):
        self.false("cls-nothing2", self.a("Nothing"))
        for one, other in self.owl("disjointWith"):
            self.false("cax-dw", self.members[one] & self.members[other])
        for one, other in self.owl("complementOf"):
            self.false("cls-com", self.members[one] & self.members[other])
        for node in self.a("AllDisjointClasses"):
            for head in self.of[ox.NamedNode(OWL + "members")][node]:
                for one, other in combinations(list(self.list(head)), 2):
                    self.false("cax-adc", self.members[one] & self.members[other])
        for p, q in self.owl("propertyDisjointWith"):
            self.false("prp-pdw", self.by[p] & self.by[q])
        for p in self.a("IrreflexiveProperty"):
            self.false("prp-irp", any(x == y for x, y in self.by[p]))
        for p in self.a("AsymmetricProperty"):
            self.false("prp-asyp", any((y, x) in self.by[p] for x, y in self.by[p]))
        for node, p, number in self.on("maxCardinality"):
            if number.value == "0":
                self.false("cls-maxc1", any(self.of[p][x] for x in self.members[node]))
        different = self.by[ox.NamedNode(OWL + "differentFrom")]
        self.false("eq-diff1", self.by[SAME] & different or any(x == y for x, y in different))
        self.false("dt-diff", any(isinstance(y, ox.Literal) and x != y for x, y in self.by[SAME]))

    def false(self, name, found):
        if found:
            self.clashes.add(name)


def told(facts):
    """The facts that a materialisation shows: no anonymous class, no owl:Thing, no reflexive owl:sameAs."""
    return {
        (s, p, o)
        for s, p, o in facts
        if not p.value.startswith((RDFS, RDF + "first", RDF + "rest"))
        and (not p.value.startswith(OWL) or p.value in (OWL + "sameAs", OWL + "differentFrom"))
        and not (p == SAME and (s == o or isinstance(o, ox.Literal)))
        and not (p == TYPE and (isinstance(o, ox.BlankNode) or o.value.startswith((OWL, RDFS))))
        and not isinstance(s, (ox.Literal, ox.BlankNode))
    }
