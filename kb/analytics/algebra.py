"""The algebra of the queries that columns answer: SPARQL 1.1, section 18, as far as `reading` reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class Uncovered(Exception):
    """Columns don't answer this: Oxigraph does. The text says why."""


@dataclass(frozen=True)
class Variable:
    """A variable by its name; the names of hidden ones begin with the query's marker."""

    name: str


@dataclass(frozen=True)
class Constant:
    """A term in N-Triples syntax, in the form that Oxigraph stores."""

    text: str


@dataclass(frozen=True)
class Path:
    """A property path: ``iri`` of one IRI, ``^``, ``/``, ``|``, ``*``, ``+``, ``?`` of other paths.

    ``!`` is every predicate but those of its parts, each of one IRI.
    """

    operator: str
    parts: tuple[Path, ...] = ()
    iri: str = ""

    @property
    def negates(self) -> bool:
        """Whether a negated property set is in it."""
        return self.operator == "!" or any(one.negates for one in self.parts)


Term = Variable | Constant


@dataclass(frozen=True)
class Pattern:
    """A triple pattern; a path in the place of the predicate joins each pair once: ``*``, ``+``, ``?``, ``|``.

    ``!`` joins a pair as often as there are triples.
    """

    subject: Term
    predicate: Term | Path
    object: Term

    @property
    def variables(self) -> frozenset[str]:
        """The names of its variables."""
        parts = (self.subject, self.predicate, self.object)
        return frozenset(one.name for one in parts if isinstance(one, Variable))


@dataclass(frozen=True)
class Expression:
    """An expression: its SPARQL text (names as in the query's prologue), and its parts where its operator is known.

    The operator is ``var``, ``term`` or that of SPARQL; empty where Oxigraph alone evaluates it.
    """

    text: str
    variables: frozenset[str]
    operator: str = ""
    parts: tuple[Expression, ...] = ()
    term: Term | None = None


@dataclass(frozen=True)
class Bgp:
    """Triple patterns that are joined."""

    patterns: tuple[Pattern, ...]


@dataclass(frozen=True)
class Values:
    """Inline data; None is UNDEF."""

    names: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True)
class Filter:
    """A condition."""

    condition: Expression


@dataclass(frozen=True)
class Exists:
    """FILTER EXISTS or, `negated`, NOT EXISTS."""

    group: Group
    negated: bool


@dataclass(frozen=True)
class Optional:
    """OPTIONAL; the conditions of its group see what stands before it."""

    group: Group


@dataclass(frozen=True)
class Minus:
    """MINUS."""

    group: Group


@dataclass(frozen=True)
class Union:
    """Alternatives; a single one is a nested group."""

    groups: tuple[Group, ...]


@dataclass(frozen=True)
class Bind:
    """BIND."""

    expression: Expression
    name: str


@dataclass(frozen=True)
class Group:
    """A group graph pattern; its filters hold for the whole of it."""

    elements: tuple[Element, ...]
    filters: tuple[Filter | Exists, ...] = ()


@dataclass(frozen=True)
class Aggregate:
    """An aggregate; without an expression COUNT(*). Its value becomes the variable `name`.

    `separator` is that of GROUP_CONCAT as it stands in the query, empty where it has none.
    """

    function: str
    distinct: bool
    argument: Expression | None
    name: str
    separator: str = ""


@dataclass(frozen=True)
class OrderKey:
    """A key of ORDER BY."""

    expression: Expression
    descending: bool


@dataclass(frozen=True)
class Select:
    """A SELECT or (`asks`) an ASK. `names` is empty for ``*``."""

    where: Group
    names: tuple[str, ...] = ()
    extends: tuple[Bind, ...] = ()
    distinct: bool = False
    grouped: bool = False
    keys: tuple[Bind, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    having: tuple[Expression, ...] = ()
    order: tuple[OrderKey, ...] = ()
    limit: int | None = None
    offset: int = 0
    values: Values | None = None


Element = Bgp | Values | Optional | Minus | Union | Bind | Select


@dataclass(frozen=True)
class Query:
    """A query that was read: its prologue goes before the text of expressions.

    `hides` is whether blank nodes or paths have made variables that nobody sees, `template` what a CONSTRUCT makes.
    """

    select: Select
    asks: bool
    prologue: str
    marker: str
    hides: bool = False
    template: tuple[Pattern, ...] | None = None


def variables_of(group: Group) -> Iterator[str]:
    """The names of all variables that a group's patterns and expressions mention, some more than once."""
    for one in group.filters:
        yield from one.condition.variables if isinstance(one, Filter) else variables_of(one.group)
    for element in group.elements:
        if isinstance(element, Bgp):
            for pattern in element.patterns:
                yield from pattern.variables
        elif isinstance(element, Values):
            yield from element.names
        elif isinstance(element, (Optional, Minus)):
            yield from variables_of(element.group)
        elif isinstance(element, Union):
            for part in element.groups:
                yield from variables_of(part)
        elif isinstance(element, Bind):
            yield element.name
            yield from element.expression.variables
        else:
            yield from element.names or variables_of(element.where)


def elements_of(group: Group) -> Iterator[Element]:
    """The elements of a group and of all groups within it."""
    for one in group.filters:
        if isinstance(one, Exists):
            yield from elements_of(one.group)
    for element in group.elements:
        yield element
        if isinstance(element, (Optional, Minus)):
            yield from elements_of(element.group)
        elif isinstance(element, Union):
            for part in element.groups:
                yield from elements_of(part)
        elif isinstance(element, Select):
            yield from elements_of(element.where)
