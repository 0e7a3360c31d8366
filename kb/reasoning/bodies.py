"""Class expressions on the left of an axiom: the bodies, one per alternative, under which a node belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from types import MappingProxyType

import pyoxigraph as ox

from . import expressions as ex
from .datatypes import KNOWN_DATATYPES, value_of
from .expressions import NOTHING, THING, Expression, Node, Property
from .rules import Atom, Body, Term, Vocabulary

MOST_ALTERNATIVES = 256
Report = Callable[[str, str], None]

_WORDS = {
    ex.Not: "a complement",
    ex.Only: "a universal restriction",
    ex.Count: "a cardinality",
    ex.Datatype: "a datatype whose values are not known",
}
_ON_THE_LEFT = "name the class and let its members be stated, or write a rule query"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to belong: a body, the variables that it fixes to a constant, the rules of the tables used."""

    body: Body = ()
    values: dict[str, Term] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    def joined(self, other: Alternative) -> Alternative | None:
        """Both at once; nothing where they fix a variable to different constants."""
        if any(self.values.get(key, value) != value for key, value in other.values.items()):
            return None
        values = {**self.values, **other.values}
        body = tuple(dict.fromkeys(atom.bound(values) for atom in (*self.body, *other.body)))
        return Alternative(body, values, tuple(dict.fromkeys((*self.names, *other.names))))


class BodyReader:
    """Reads expressions into alternatives; `report` hears of what the rule tables don't cover.

    `lower` has the named classes below an anonymous expression: their members belong to it without fulfilling
    what it spells out (a class below an existential restriction needs no known value).
    """

    def __init__(
        self,
        identify: Callable[[Node], int],
        vocabulary: Vocabulary,
        report: Report,
        lower: Mapping[Expression, tuple[Node, ...]] = MappingProxyType({}),
    ) -> None:
        self._lower = lower
        self._identify = identify
        self._vocabulary = vocabulary
        self._report = report
        self._numbers: Iterator[int] = count(1)

    def fresh(self) -> str:
        """A variable that the present axiom does not use yet."""
        return f"v{next(self._numbers)}"

    def restart(self) -> None:
        """Begin another axiom: variables are numbered anew, so that equal rules look equal."""
        self._numbers = count(1)

    def member(self, node: Node, term: Term) -> Atom:
        """The atom that says that `term` belongs to a named class."""
        return Atom(self._vocabulary.type, term, self._identify(node))

    def link(self, on: Property, subject: Term, value: Term) -> Atom:
        """The atom of a property expression."""
        ends = (value, subject) if on.inverted else (subject, value)
        return Atom(self._identify(on.node), *ends)

    def alternatives(self, expression: Expression, term: Term) -> list[Alternative]:
        """The ways in which `term` can belong to `expression`."""
        spelled = self._spelled_out(expression, term)
        if isinstance(expression, ex.Named | ex.Datatype | ex.And | ex.Value):
            return spelled
        stated = [self.member(one, term) for one in self._lower.get(expression, ())]
        return [*spelled, *(Alternative((atom,), names=("cax-sco",)) for atom in stated)]

    def _spelled_out(self, expression: Expression, term: Term) -> list[Alternative]:
        match expression:
            case ex.Named() if expression == THING:
                return [Alternative()]
            case ex.Named() if expression == NOTHING:
                return []
            case ex.Named(node):
                return [Alternative((self.member(node, term),))]
            case ex.Datatype(node) if node.value in KNOWN_DATATYPES:
                return [Alternative((self.member(node, term),), names=("dt-type2",))]
            case ex.And(parts):
                return self.conjunction([self.alternatives(one, term) for one in parts], "cls-int1")
            case ex.Or(parts):
                found = [one for part in parts for one in self.alternatives(part, term)]
                return [Alternative(one.body, one.values, ("cls-uni", *one.names)) for one in found]
            case ex.Same(parts):
                return [one for part in parts for one in self.alternatives(part, term)]
            case ex.Some(on, filler) | ex.Count(on, "min", 1, filler, _):
                return self._existential(on, filler, term)
            case ex.Value(on, value):
                filled = self.fresh()
                link = Alternative((self.link(on, term, filled),), names=("cls-hv2",))
                return self.conjunction([[link], [self.equal(filled, value)]])
            case ex.OneOf(members):
                return [
                    Alternative(one.body, one.values, ("cls-oo",))
                    for member in members
                    if (one := self._equal_to(term, member)) is not None
                ]
            case ex.Not() | ex.Only() | ex.Count() | ex.Datatype():
                self._report(f"{_WORDS[type(expression)]} on the left", _ON_THE_LEFT)
            case _:
                self._report(expression.construct, _ON_THE_LEFT)
        return []

    def equal(self, variable: str, value: Node) -> Alternative:
        """`variable` is one value; a literal that can be written in several ways is compared by its value."""
        identifier = self._identify(value)
        if isinstance(value, ox.Literal) and value_of(value) not in (("text", value.value), value):
            return Alternative((Atom(self._vocabulary.type, variable, identifier),), names=("dt-eq",))
        return Alternative(values={variable: identifier})

    def conjunction(self, parts: list[list[Alternative]], name: str | None = None) -> list[Alternative]:
        """All ways to belong to every part."""
        found = [Alternative(names=() if name is None else (name,))]
        for part in parts:
            found = [both for one in found for other in part if (both := one.joined(other)) is not None]
            if len(found) > MOST_ALTERNATIVES:
                self._report(
                    f"an intersection of unions with more than {MOST_ALTERNATIVES} combinations",
                    "name the unions as classes of their own",
                )
                return []
        return found

    def _existential(self, on: Property, filler: Expression, term: Term) -> list[Alternative]:
        value = self.fresh()
        name = "cls-svf2" if filler == THING else "cls-svf1"
        link = Alternative((self.link(on, term, value),), names=(name,))
        return self.conjunction([[link], self.alternatives(filler, value)])

    def _equal_to(self, term: Term, member: Node) -> Alternative | None:
        if isinstance(term, str):
            return self.equal(term, member)
        return Alternative() if term == self._identify(member) else None
