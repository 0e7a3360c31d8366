"""What an ontology compiles to: rules over triples whose predicates and classes are constants.

A term of a rule is a variable (a string) or the dictionary id of a constant (an integer).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..columns.dictionary import Dictionary
from .datatypes import Datatypes

if TYPE_CHECKING:
    from .plan import Plan

Term = str | int
Fact = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The ids of the terms that the engine itself knows."""

    type: int
    same_as: int
    different_from: int

    @classmethod
    def of(cls, dictionary: Dictionary) -> Vocabulary:
        """The ids in `dictionary`, which is given the terms where it lacks them."""
        owl = "http://www.w3.org/2002/07/owl#"
        kind = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
        names = [kind, f"<{owl}sameAs>", f"<{owl}differentFrom>"]
        return cls(*map(int, dictionary.encode(names)))


@dataclass(frozen=True, slots=True)
class Atom:
    """A triple pattern; the object of an rdf:type atom is always a constant.

    Where that is a datatype, the subject is a literal with a value in it; where it is a literal, the subject
    is one of the same value.
    """

    predicate: int
    subject: Term
    object: Term

    @property
    def variables(self) -> frozenset[str]:
        """The variables it names.

        >>> sorted(Atom(1, "x", 7).variables)
        ['x']
        """
        return frozenset(one for one in (self.subject, self.object) if isinstance(one, str))

    def bound(self, values: Mapping[str, Term]) -> Atom:
        """The atom with variables exchanged for their values.

        >>> Atom(1, "x", "y").bound({"y": 7})
        Atom(predicate=1, subject='x', object=7)
        """
        return Atom(self.predicate, _value(self.subject, values), _value(self.object, values))


def _value(term: Term, values: Mapping[str, Term]) -> Term:
    return values.get(term, term) if isinstance(term, str) else term


Body = tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a rule comes from: the W3C names of the rules that it specialises, and the axiom as text.

    >>> Source(("cax-eqc2", "cls-hv2"), "Mega EquivalentTo hasTier value mega").name
    'cax-eqc2, cls-hv2'
    """

    names: tuple[str, ...]
    axiom: str

    @property
    def name(self) -> str:
        """The names of the rule tables, the leading one first."""
        return ", ".join(self.names)


@dataclass(frozen=True, slots=True)
class Rule:
    """If the body holds, so does the head; an empty body states the head."""

    source: Source
    body: Body
    head: Atom


@dataclass(frozen=True, slots=True)
class EqualityRule:
    """All values of `merged` for which the body holds with the same `keys` are one individual."""

    source: Source
    body: Body
    keys: tuple[str, ...]
    merged: str


@dataclass(frozen=True, slots=True)
class Constraint:
    """A rule whose head is *false*: its body must not hold.

    `outside` narrows it to solutions where a variable is a literal without a value in a datatype (its id),
    `equal` to those where two variables are literals of one value.
    """

    source: Source
    body: Body
    outside: tuple[str, int] | None = None
    equal: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Distinct:
    """Individuals (ids) that an owl:AllDifferent declares to be different from each other."""

    source: Source
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A construct that the rules of OWL 2 RL do not cover, the axiom it stands in, and what to do instead."""

    construct: str
    axiom: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.axiom}: {self.construct} is not covered by OWL 2 RL; {self.remedy}"


@dataclass(frozen=True)
class RuleSet:
    """A compiled ontology.

    `schema` holds the consequences about classes and properties themselves (the scm-* rules) as triples of
    ids; `missing_imports` the imported ontologies that were not among the triples; `declared` what the
    ontology says its terms are, as (term, local name of the OWL type).
    """

    dictionary: Dictionary
    vocabulary: Vocabulary
    rules: tuple[Rule, ...] = ()
    equalities: tuple[EqualityRule, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    distinct: tuple[Distinct, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
    missing_imports: tuple[str, ...] = ()
    schema: frozenset[Fact] = field(default=frozenset(), repr=False)
    declared: frozenset[tuple[int, str]] = field(default=frozenset(), repr=False)

    @cached_property
    def datatypes(self) -> Datatypes:
        """What literals are, as the rules ask for it."""
        return Datatypes(self.dictionary)

    @cached_property
    def plan(self) -> Plan:
        """The rules made ready for `materialise`, once for all its runs."""
        from .plan import Plan  # It is made of what is here.

        return Plan(self)

    @cached_property
    def by_head(self) -> Mapping[tuple[int, int | None], tuple[Rule, ...]]:
        """The rules by the predicate of their head and, for rdf:type, the class."""
        found: dict[tuple[int, int | None], list[Rule]] = {}
        for rule in self.rules:
            found.setdefault(self.head_of(rule.head.predicate, rule.head.object), []).append(rule)
        return {head: tuple(some) for head, some in found.items()}

    def head_of(self, predicate: int, value: Term) -> tuple[int, int | None]:
        """The key in `by_head` of a fact or a head."""
        return predicate, value if predicate == self.vocabulary.type and isinstance(value, int) else None

    @cached_property
    def ranges(self) -> frozenset[int]:
        """The data ranges (datatypes, or literals for their values) that any rule asks for."""
        bodies = [one.body for one in self.rules]
        bodies += [one.body for one in self.equalities] + [one.body for one in self.constraints]
        atoms = [*(one.head for one in self.rules), *(atom for body in bodies for atom in body)]
        classes = {one.object for one in atoms if one.predicate == self.vocabulary.type}
        return frozenset(one for one in classes if isinstance(one, int) and self.datatypes.is_range(one))

    def is_declared(self, term: int, kind: str) -> bool:
        """Whether the ontology says that a term is, say, a ``"Class"``."""
        return (term, kind) in self.declared

    def __iter__(self) -> Iterator[Rule | EqualityRule | Constraint | Distinct]:
        yield from self.rules
        yield from self.equalities
        yield from self.constraints
        yield from self.distinct

    def __len__(self) -> int:
        return sum(1 for _ in self)
