"""From the axioms of an ontology to rules (OWL 2 Profiles, section 4.3, tables 4 to 9).

Class expressions on the left become bodies, those on the right become heads, so that no anonymous class is
ever materialised. What the tables don't cover is listed in `RuleSet.unsupported`.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, pairwise

import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..errors import UsageError
from .bodies import Alternative
from .expressions import Datatype, Expression, Named, Node, Property, is_anonymous, owl, rdf, rdfs, short
from .heads import HeadWriter
from .ontology_graph import Graph
from .rules import Atom, Distinct, EqualityRule, RuleSet, Source, Vocabulary
from .schema import Schema, closure

PROFILES = ("full",)

_DECLARED = ("Class", "ObjectProperty", "DatatypeProperty", "ReflexiveProperty")
_RULES_OR_SHAPES = "state it as a shape or a rule query"


def compile_ontology(
    triples: Iterable[ox.Triple | ox.Quad], dictionary: Dictionary, *, profile: str = "full"
) -> RuleSet:
    """Compile the axioms among `triples` (an ontology with all that it imports) to rules.

    Statements about individuals are data, not axioms: hand them to `materialise`. Terms of the ontology
    are added to `dictionary`.

    >>> from kb.reasoning.expressions import rdfs
    >>> low, high = ox.NamedNode("urn:Serum"), ox.NamedNode("urn:Product")
    >>> [rule] = compile_ontology([ox.Triple(low, rdfs("subClassOf"), high)], Dictionary()).rules
    >>> rule.source
    Source(names=('cax-sco',), axiom='Serum SubClassOf Product')

    Raises UsageError for an unknown profile.
    """
    if profile not in PROFILES:
        raise UsageError(f"There is no reasoning profile '{profile}'", hint=f"use {' or '.join(PROFILES)}")
    compiler = _Compiler(Graph(triples), dictionary)
    compiler.classes()
    compiler.disjointness()
    compiler.properties()
    compiler.characteristics()
    compiler.individuals()
    return compiler.finished()


class _Compiler:
    """Walks the axioms, family by family."""

    def __init__(self, graph: Graph, dictionary: Dictionary) -> None:
        self._graph = graph
        self._dictionary = dictionary
        self._vocabulary = Vocabulary.of(dictionary)
        self._schema = Schema(graph)
        lower = self._schema.below_expressions()
        self._write = HeadWriter(graph.identifiers(dictionary), self._vocabulary, lower)
        self._read = self._write.bodies
        self._distinct: list[Distinct] = []

    def classes(self) -> None:
        """cax-sco, cax-eqc1, cax-eqc2, and cls-* through the expressions on both sides."""
        graph = self._graph
        for low, high in graph.pairs(rdfs("subClassOf")):
            left, right = graph.expression(low), graph.expression(high)
            self._subsumed(left, right, Source(("cax-sco",), f"{left} SubClassOf {right}"))
        for one, other in graph.pairs(owl("equivalentClass")):
            if graph.is_datatype(one) or graph.is_datatype(other):
                self._write.report("a datatype definition", _RULES_OR_SHAPES, f"Datatype {short(one)}")
                continue
            left, right = graph.expression(one), graph.expression(other)
            self._equivalent(left, right, f"{left} EquivalentTo {right}")
        for node in graph.structured():
            same = graph.definitions(node)
            same = same if is_anonymous(node) else (Named(node), *same)
            for left, right in pairwise(same):
                self._equivalent(left, right, f"{left} EquivalentTo {right}")

    def disjointness(self) -> None:
        """cax-dw, cax-adc, cls-com."""
        graph = self._graph
        for one, other in (*graph.pairs(owl("disjointWith")), *graph.pairs(owl("complementOf"))):
            if is_anonymous(one) and graph.has(one, owl("complementOf"), other):
                continue
            left, right = graph.expression(one), graph.expression(other)
            self._exclude((left, right), Source(("cax-dw",), f"{left} DisjointWith {right}"))
        for node in graph.instances("AllDisjointClasses"):
            members = [graph.expression(one) for one in graph.members(graph.value(node, owl("members")))]
            source = Source(("cax-adc",), f"DisjointClasses: {', '.join(map(str, members))}")
            for pair in combinations(members, 2):
                self._exclude(pair, source)
        for node, head in graph.pairs(owl("disjointUnionOf")):
            members = [graph.expression(one) for one in graph.members(head)]
            axiom = f"{short(node)} DisjointUnionOf {', '.join(map(str, members))}"
            for member in members:
                self._subsumed(member, Named(node), Source(("cax-sco",), axiom))
            for pair in combinations(members, 2):
                self._exclude(pair, Source(("cax-dw",), axiom))
            self._write.report("the covering half of a disjoint union", _RULES_OR_SHAPES, axiom)

    def properties(self) -> None:
        """prp-dom, prp-rng, prp-spo1, prp-spo2, prp-eqp1, prp-eqp2, prp-inv1, prp-inv2, prp-pdw, prp-adp."""
        graph, link = self._graph, self._link
        for on, kind in graph.pairs(rdfs("domain")):
            self._placed(on, kind, "x", Source(("prp-dom",), f"{short(on)} Domain {graph.expression(kind)}"))
        for on, kind in graph.pairs(rdfs("range")):
            self._placed(on, kind, "y", Source(("prp-rng",), f"{short(on)} Range {graph.expression(kind)}"))
        for low, high in graph.pairs(rdfs("subPropertyOf")):
            axiom = f"{graph.property(low)} SubPropertyOf {graph.property(high)}"
            self._write.rule(Source(("prp-spo1",), axiom), (link(low),), link(high))
        for one, other in graph.pairs(owl("equivalentProperty")):
            axiom = f"{graph.property(one)} EquivalentTo {graph.property(other)}"
            self._write.rule(Source(("prp-eqp1",), axiom), (link(one),), link(other))
            self._write.rule(Source(("prp-eqp2",), axiom), (link(other),), link(one))
        for one, other in graph.pairs(owl("inverseOf")):
            if not is_anonymous(one):
                axiom = f"{short(one)} InverseOf {graph.property(other)}"
                self._write.rule(Source(("prp-inv1",), axiom), (link(one),), link(other, "y", "x"))
                self._write.rule(Source(("prp-inv2",), axiom), (link(other),), link(one, "y", "x"))
        for on, head in graph.pairs(owl("propertyChainAxiom")):
            self._chain(on, graph.members(head))
        for one, other in graph.pairs(owl("propertyDisjointWith")):
            axiom = f"{graph.property(one)} DisjointWith {graph.property(other)}"
            self._apart(Source(("prp-pdw",), axiom), one, other)
        for node in graph.instances("AllDisjointProperties"):
            members = graph.members(graph.value(node, owl("members")))
            source = Source(("prp-adp",), f"DisjointProperties: {', '.join(map(short, members))}")
            for one, other in combinations(members, 2):
                self._apart(source, one, other)

    def characteristics(self) -> None:
        """prp-fp, prp-ifp, prp-irp, prp-symp, prp-asyp, prp-trp, prp-key."""
        graph, link, write = self._graph, self._link, self._write
        for on in graph.instances("FunctionalProperty"):
            source = Source(("prp-fp",), f"Functional: {graph.property(on)}")
            write.equality(EqualityRule(source, (link(on),), ("x",), "y"))
        for on in graph.instances("InverseFunctionalProperty"):
            source = Source(("prp-ifp",), f"InverseFunctional: {graph.property(on)}")
            write.equality(EqualityRule(source, (link(on),), ("y",), "x"))
        for on in graph.instances("SymmetricProperty"):
            write.rule(Source(("prp-symp",), f"Symmetric: {short(on)}"), (link(on),), link(on, "y", "x"))
        for on in graph.instances("TransitiveProperty"):
            body = (link(on, "x", "y"), link(on, "y", "z"))
            write.rule(Source(("prp-trp",), f"Transitive: {short(on)}"), body, link(on, "x", "z"))
        for on in graph.instances("IrreflexiveProperty"):
            write.constraint(Source(("prp-irp",), f"Irreflexive: {short(on)}"), (link(on, "x", "x"),))
        for on in graph.instances("AsymmetricProperty"):
            body = (link(on, "x", "y"), link(on, "y", "x"))
            write.constraint(Source(("prp-asyp",), f"Asymmetric: {short(on)}"), body)
        for on in graph.instances("ReflexiveProperty"):
            write.report("a reflexive property", _RULES_OR_SHAPES, f"Reflexive: {short(on)}")
        for node, head in graph.pairs(owl("hasKey")):
            self._key(node, graph.members(head))

    def individuals(self) -> None:
        """prp-npa1, prp-npa2, eq-diff1 to eq-diff3, eq-rep-o and eq-rep-p on terms of the ontology."""
        graph, write = self._graph, self._write
        for node in graph.instances("NegativePropertyAssertion"):
            self._denied(node)
        for one, other in graph.pairs(owl("differentFrom")):
            self._differ(("eq-diff1",), (one, other))
        for node in graph.instances("AllDifferent"):
            for name, rule in (("members", "eq-diff2"), ("distinctMembers", "eq-diff3")):
                for head in graph.objects(node, owl(name)):
                    self._differ((rule,), graph.members(head))
        for one, other in graph.pairs(owl("sameAs")):
            for low, high in ((one, other), (other, one)):
                axiom = f"{short(low)} SameAs {short(high)}"
                if isinstance(low, ox.NamedNode) and isinstance(high, ox.NamedNode):
                    self._subsumed(Named(low), Named(high), Source(("eq-rep-o",), axiom))
                    write.rule(Source(("eq-rep-p",), axiom), (self._link(low),), self._link(high))
        for node, kind in graph.pairs(rdf("type")):
            if is_anonymous(kind) and graph.is_structured(kind):
                right = graph.expression(kind)
                source = Source((), f"{short(node)} Type {right}")
                write.axiom(source.axiom)
                write.head(right, write.identify(node), Alternative(), source)

    def finished(self) -> RuleSet:
        """The rule set, completed by what the scm-* rules alone can tell."""
        graph, write = self._graph, self._write
        identify = write.identify
        schema = self._schema
        direct = closure(write.class_steps())
        for low, high in schema.subsumptions():
            if identify(high) in direct.get(identify(low), ()):
                continue
            if not graph.is_datatype(low) and not graph.is_datatype(high):
                axiom = f"{short(low)} SubClassOf {short(high)} (follows)"
                self._subsumed(Named(low), Named(high), Source(("cax-sco", "scm-sco"), axiom))
        self._write.constraint(
            Source(("cls-nothing2",), "Nothing has no member"), (self._read.member(owl("Nothing"), "x"),)
        )
        here = {*graph.instances("Ontology"), *(one for _, one in graph.pairs(owl("versionIRI")))}
        missing = {one for _, one in graph.pairs(owl("imports")) if one not in here}
        return RuleSet(
            self._dictionary,
            self._vocabulary,
            tuple(write.rules.values()),
            tuple(write.equalities.values()),
            tuple(write.constraints.values()),
            tuple(self._distinct),
            tuple(dict.fromkeys(write.unsupported)),
            tuple(sorted(str(one)[1:-1] for one in missing)),
            frozenset((identify(s), identify(p), identify(o)) for s, p, o in schema.triples()),
            frozenset(
                (identify(one), name)
                for name in _DECLARED
                for one in graph.instances(name)
                if not is_anonymous(one)
            ),
        )

    def _link(self, node: Node, subject: str = "x", value: str = "y") -> Atom:
        return self._read.link(self._graph.property(node), subject, value)

    def _subsumed(self, left: Expression, right: Expression, source: Source) -> None:
        self._write.axiom(source.axiom)
        if isinstance(left, Datatype) or isinstance(right, Datatype):
            self._write.report("a datatype in the place of a class", "state it of the values' property")
            return
        for alternative in self._read.alternatives(left, "x"):
            self._write.head(right, "x", alternative, source)

    def _equivalent(self, left: Expression, right: Expression, axiom: str) -> None:
        self._subsumed(left, right, Source(("cax-eqc1",), axiom))
        self._subsumed(right, left, Source(("cax-eqc2",), axiom))

    def _exclude(self, pair: tuple[Expression, Expression], source: Source) -> None:
        self._write.axiom(source.axiom)
        for both in self._read.conjunction([self._read.alternatives(one, "x") for one in pair]):
            self._write.constraint(source, both.body)

    def _apart(self, source: Source, one: Node, other: Node) -> None:
        if {one, other} & set(self._graph.instances("DatatypeProperty")):
            body = (self._link(one), self._link(other, "x", "z"))
            self._write.constraint(source, body, equal=("y", "z"))
        else:
            self._write.constraint(source, (self._link(one), self._link(other)))

    def _placed(self, on: Node, kind: Node, variable: str, source: Source) -> None:
        self._write.axiom(source.axiom)
        body = Alternative((self._link(on),))
        self._write.head(self._graph.expression(kind), variable, body, source)

    def _chain(self, on: Node, links: tuple[Node, ...]) -> None:
        steps = [self._graph.property(one) for one in links]
        axiom = f"{' o '.join(map(str, steps))} SubPropertyOf {short(on)}"
        body = tuple(self._read.link(one, f"c{n}", f"c{n + 1}") for n, one in enumerate(steps))
        self._write.axiom(axiom)
        self._write.rule(Source(("prp-spo2",), axiom), body, self._link(on, "c0", f"c{len(steps)}"))

    def _key(self, node: Node, links: tuple[Node, ...]) -> None:
        steps = [self._graph.property(one) for one in links]
        kind = self._graph.expression(node)
        axiom = f"{kind} HasKey {', '.join(map(str, steps))}"
        self._write.axiom(axiom)
        keys = tuple(f"k{n}" for n in range(len(steps)))
        values = tuple(self._read.link(one, "x", key) for one, key in zip(steps, keys, strict=True))
        for one in self._write.single(self._read.alternatives(kind, "x")):
            source = Source(("prp-key", *one.names), axiom)
            self._write.equality(EqualityRule(source, (*one.body, *values), keys, "x"))

    def _denied(self, node: Node) -> None:
        graph = self._graph
        source = graph.value(node, owl("sourceIndividual"))
        on = graph.value(node, owl("assertionProperty"))
        for name, rule in (("targetIndividual", "prp-npa1"), ("targetValue", "prp-npa2")):
            target = graph.value(node, owl(name))
            if source is not None and on is not None and target is not None:
                axiom = f"not ({short(source)} {short(on)} {short(target)})"
                self._write.axiom(axiom)
                link = Alternative((self._read.link(Property(on), self._write.identify(source), "y"),))
                for denied in self._read.conjunction([[link], [self._read.equal("y", target)]]):
                    self._write.constraint(Source((rule,), axiom), denied.body)

    def _differ(self, names: tuple[str, ...], members: tuple[Node, ...]) -> None:
        source = Source(names, f"DifferentIndividuals: {', '.join(map(short, members))}")
        self._distinct.append(Distinct(source, tuple(map(self._write.identify, members))))
