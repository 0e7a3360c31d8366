"""Class expressions on the left of an axiom: the bodies, one per alternative, under which a node belongs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from .expressions import (
    NOTHING,
    THING,
    And,
    Count,
    Datatype,
    Expression,
    Named,
    Node,
    Not,
    OneOf,
    Only,
    Or,
    Property,
    Some,
    Value,
    rdfs,
)
from .rules import Atom, Body, Term, Vocabulary

MOST_ALTERNATIVES = 256
Report = Callable[[str, str], None]

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
    """Reads expressions into alternatives; `report` hears of what the rule tables don't cover."""

    def __init__(self, identify: Callable[[Node], int], vocabulary: Vocabulary, report: Report) -> None:
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
        match expression:
            case Named() if expression == THING:
                return [Alternative()]
            case Named() if expression == NOTHING:
                return []
            case Named(node):
                return [Alternative((self.member(node, term),))]
            case And(parts):
                return self.conjunction([self.alternatives(one, term) for one in parts], "cls-int1")
            case Or(parts):
                found = [one for part in parts for one in self.alternatives(part, term)]
                return [Alternative(one.body, one.values, ("cls-uni", *one.names)) for one in found]
            case Some(on, Datatype(node)) if node == rdfs("Literal"):
                return [Alternative((self.link(on, term, self.fresh()),), names=("cls-svf1",))]
            case Some(on, filler):
                return self._existential(on, filler, term)
            case Count(on, "min", 1, filler, _):
                return self._existential(on, filler, term)
            case Value(on, value):
                return [Alternative((self.link(on, term, self._identify(value)),), names=("cls-hv2",))]
            case OneOf(members):
                return self._enumeration([self._identify(one) for one in members], term)
            case Not() | Only() | Count() | Datatype():
                kind = {Not: "a complement", Only: "a universal restriction", Count: "a cardinality"}
                self._report(f"{kind.get(type(expression), 'a data range')} on the left", _ON_THE_LEFT)
            case _:
                self._report(expression.construct, _ON_THE_LEFT)
        return []

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
        link = Alternative(
            (self.link(on, term, value),), names=("cls-svf2" if filler == THING else "cls-svf1",)
        )
        return self.conjunction([[link], self.alternatives(filler, value)])

    def _enumeration(self, members: list[int], term: Term) -> list[Alternative]:
        if isinstance(term, str):
            return [Alternative(values={term: one}, names=("cls-oo",)) for one in members]
        return [Alternative(names=("cls-oo",))] if term in members else []
