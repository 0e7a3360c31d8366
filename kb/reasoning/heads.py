"""Class expressions on the right of an axiom: the rules that put a node into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pyoxigraph as ox

from . import expressions as ex
from .bodies import Alternative, BodyReader
from .datatypes import KNOWN_DATATYPES, LITERAL
from .expressions import NOTHING, THING, Expression, Node
from .rules import Atom, Body, Constraint, EqualityRule, Rule, Source, Term, Unsupported, Vocabulary

_REMEDIES = {
    ex.Some: ("an existential restriction on the right", "demand the value by a shape (sh:minCount)"),
    ex.Or: ("a union on the right", "demand one of the classes by a shape (sh:or)"),
    ex.OneOf: ("an enumeration on the right", "demand one of the values by a shape (sh:in)"),
    ex.Count: ("this cardinality on the right", "count by a shape (sh:minCount, sh:maxCount)"),
}
_DATATYPE = "use a datatype of OWL 2 RL, or demand it by a shape (sh:datatype)"


class HeadWriter:
    """Collects rules, without repeats, and what could not become one."""

    def __init__(
        self,
        identify: Callable[[Node], int],
        vocabulary: Vocabulary,
        lower: Mapping[Expression, tuple[Node, ...]],
    ) -> None:
        self.identify = identify
        self.bodies = BodyReader(identify, vocabulary, self.report, lower)
        self.rules: dict[tuple[Body, Atom], Rule] = {}
        self.equalities: dict[tuple, EqualityRule] = {}
        self.constraints: dict[tuple, Constraint] = {}
        self.unsupported: list[Unsupported] = []
        self._vocabulary = vocabulary
        self._thing = identify(THING.node)
        self._axiom = ""

    def axiom(self, text: str) -> None:
        """Begin with another axiom."""
        self._axiom = text
        self.bodies.restart()

    def report(self, construct: str, remedy: str, axiom: str | None = None) -> None:
        """Note a construct that the rule tables don't cover."""
        self.unsupported.append(Unsupported(construct, axiom or self._axiom, remedy))

    def rule(self, source: Source, body: Body, head: Atom) -> None:
        """Add a rule, unless it says nothing."""
        if head in body or (head.predicate == self._vocabulary.type and head.object == self._thing):
            return
        if not head.variables <= frozenset().union(*(atom.variables for atom in body)):
            self.report("owl:Thing on the left", "give the class a domain or range that implies it")
            return
        self.rules.setdefault((body, head), Rule(source, body, head))

    def equality(self, rule: EqualityRule) -> None:
        """Add a rule that merges."""
        self.equalities.setdefault((rule.body, rule.keys, rule.merged), rule)

    def constraint(self, source: Source, body: Body, **tests: tuple) -> None:
        """Add a body that must not hold; `tests` are those of a Constraint."""
        if not body:
            self.report("an axiom that no model fulfils", "remove it")
            return
        key = (frozenset(body), *tests.items())
        self.constraints.setdefault(key, Constraint(source, tuple(dict.fromkeys(body)), **tests))

    def single(self, alternatives: list[Alternative]) -> list[Alternative]:
        """The only alternative; several can't be a key's class or a cardinality's filler."""
        if len(alternatives) > 1:
            self.report("a union where values are counted", "name the union as a class of its own")
            return []
        return alternatives

    def head(self, expression: Expression, term: Term, given: Alternative, source: Source) -> None:
        """Write the rules that put `term` into `expression` where `given` holds."""
        target = given.values.get(term, term) if isinstance(term, str) else term
        names = (*source.names, *given.names)
        match expression:
            case ex.Named() if expression == NOTHING:
                self.constraint(_named(source, names, "cls-nothing2"), given.body)
            case ex.Named(node):
                self.rule(_named(source, names), given.body, self.bodies.member(node, target))
            case ex.And(parts):
                for part in parts:
                    self.head(part, term, _with(given, "cls-int2"), source)
            case ex.Or((part,)):
                self.head(part, term, given, source)
            case ex.Same(parts):
                for part in parts:
                    self.head(part, term, given, source)
            case ex.Datatype(node):
                self._valued(node, target, given, _named(source, names, "dt-not-type"))
            case ex.Not(part):
                for one in self.bodies.alternatives(part, target):
                    both = given.joined(one)
                    if both is not None:
                        self.constraint(_named(source, names, "cls-com"), both.body)
            case ex.Only(on, filler):
                value = self.bodies.fresh()
                link = Alternative((self.bodies.link(on, target, value),), names=("cls-avf",))
                self.head(filler, value, given.joined(link) or given, source)
            case ex.Value(on, value):
                head = self.bodies.link(on, target, self.identify(value))
                self.rule(_named(source, names, "cls-hv1"), given.body, head)
            case ex.Count(bound="min", number=0):
                pass
            case ex.Count(bound="max" | "exactly", number=0 | 1):
                self._counted(expression, target, given, source)
            case ex.Some() | ex.Or() | ex.OneOf() | ex.Count():
                self.report(*_REMEDIES[type(expression)])
            case _:
                self.report(expression.construct, "mend the axiom, or demand it by a shape")

    def class_steps(self) -> dict[int, set[int]]:
        """Which class directly implies which, by the rules written so far."""
        steps: dict[int, set[int]] = {}
        kind = self._vocabulary.type
        for body, head in self.rules:
            if len(body) == 1 and body[0].subject == head.subject:
                low, high = body[0].object, head.object
                if (
                    body[0].predicate == head.predicate == kind
                    and isinstance(low, int)
                    and isinstance(high, int)
                ):
                    steps.setdefault(low, set()).add(high)
        return steps

    def _valued(self, datatype: ox.NamedNode, target: Term, given: Alternative, source: Source) -> None:
        """dt-not-type: a literal that must have a value of the datatype, and has none."""
        if datatype.value not in KNOWN_DATATYPES:
            self.report(f"the datatype {ex.short(datatype)}, whose values are not known", _DATATYPE)
        elif isinstance(target, str):
            self.constraint(source, given.body, outside=(target, self.identify(datatype)))

    def _counted(self, count: ex.Count, target: Term, given: Alternative, source: Source) -> None:
        """cls-maxc1, cls-maxc2, cls-maxqc1 to cls-maxqc4."""
        value = self.bodies.fresh()
        link = Alternative((self.bodies.link(count.property, target, value),))
        if count.filler in (THING, ex.Datatype(ox.NamedNode(LITERAL))):
            fillers = [Alternative()]
            names = ("cls-maxqc2", "cls-maxqc4") if count.qualified else ("cls-maxc1", "cls-maxc2")
        else:
            fillers = self.bodies.alternatives(count.filler, value)
            names = ("cls-maxqc1", "cls-maxqc3")
        if count.bound == "exactly" and count.number:
            self.report("the lower half of an exact cardinality", _REMEDIES[ex.Count][1])
        for filler in fillers if count.number == 0 else self.single(fillers):
            both = self.bodies.conjunction([[given], [link], [filler]])
            for one in both:
                named = _named(source, (*source.names, *one.names), names[count.number])
                if count.number == 0:
                    self.constraint(named, one.body)
                else:
                    keys = (target,) if isinstance(target, str) else ()
                    self.equality(EqualityRule(named, one.body, keys, value))


def _with(given: Alternative, name: str) -> Alternative:
    return replace(given, names=tuple(dict.fromkeys((*given.names, name))))


def _named(source: Source, names: tuple[str, ...], *more: str) -> Source:
    return Source(tuple(dict.fromkeys((*names, *more))), source.axiom)
