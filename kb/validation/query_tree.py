"""The tree of a SELECT query: its groups with their triple patterns, filters and parts.

It is read for what can be said about a query without running it: which rows it depends on (`reading`), and which
focus nodes may have a solution at all (`candidates`). What the tree doesn't cover is marked: a group is `opaque`
where it has a part that is no triple pattern, filter, BIND, OPTIONAL, UNION, group or sub-select.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import count

import pyoxigraph as ox
import tree_sitter
import tree_sitter_sparql

from .paths import Alternative, Inverse, Path, Predicate, Repeated, Sequence
from .triples import Term
from .vocabulary import RDF_TYPE

_SIGNS = {"?": (0, False), "*": (0, True), "+": (1, True)}


@dataclass(frozen=True)
class Variable:
    """A variable; those of one name in different scopes have different names here."""

    name: str


THIS = Variable("this")
Place = Variable | Term


@dataclass(frozen=True)
class Pattern:
    """A triple pattern; `path` is None where a variable stands for the predicate, or what is no path of SHACL."""

    subject: Place
    path: Path | None
    object: Place

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Its variables at both ends."""
        return tuple(one for one in (self.subject, self.object) if isinstance(one, Variable))


@dataclass(frozen=True)
class Call:
    """A function or operator of SPARQL by its name, upper case; ``?`` for what isn't read."""

    name: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, eq=False)
class Exists:
    """``EXISTS { ... }``."""

    group: Group


Expression = Variable | Term | Call | Exists
UNREAD = Call("?")


@dataclass(frozen=True)
class Grouping:
    """``GROUP BY`` variables, what is worked out of each group, and ``HAVING``; no other modifier stands beside them.

    An aggregate is a call by its name: ``SUM``, ``COUNT`` (of nothing: of all), ``COUNT DISTINCT``.
    """

    keys: tuple[Variable, ...]
    made: tuple[tuple[Variable, Expression], ...] = ()
    having: tuple[Expression, ...] = ()


@dataclass
class Group:
    """A group graph pattern; its `parts` joined are what it means, apart from filters and assignments."""

    patterns: list[Pattern] = field(default_factory=list)
    # Those before any OPTIONAL: what they bind, no OPTIONAL has bound.
    steady: list[Pattern] = field(default_factory=list, compare=False)
    filters: list[Expression] = field(default_factory=list)
    binds: list[tuple[Variable, Expression]] = field(default_factory=list)
    optionals: list[Group] = field(default_factory=list)
    unions: list[list[Group]] = field(default_factory=list)
    selects: list[Group] = field(default_factory=list)
    grouping: Grouping | None = None
    opaque: bool = False

    @cached_property
    def reads(self) -> frozenset[Variable]:
        """The variables of its patterns and filters, and of those of all groups in it."""
        patterns = (name for part in self.all() for one in part.patterns for name in one.variables)
        tests = (name for part in self.all() for one in part.filters for name in variables_of(one))
        return frozenset((*patterns, *tests))

    def parts(self) -> Iterator[Group]:
        """The groups directly in it, those of EXISTS among them."""
        yield from self.optionals
        for branches in self.unions:
            yield from branches
        yield from self.selects
        for expression in (*self.filters, *(one for _, one in self.binds)):
            yield from _groups_in(expression)

    def all(self) -> Iterator[Group]:
        """It and all groups in it."""
        yield self
        for part in self.parts():
            yield from part.all()


@lru_cache(4096)
def variables_of(expression: Expression) -> frozenset[Variable]:
    """The variables that an expression names, but for those within EXISTS."""
    if isinstance(expression, Variable):
        return frozenset((expression,))
    parts = expression.arguments if isinstance(expression, Call) else ()
    return frozenset(name for one in parts for name in variables_of(one))


def _groups_in(expression: Expression) -> Iterator[Group]:
    if isinstance(expression, Exists):
        yield expression.group
    elif isinstance(expression, Call):
        for argument in expression.arguments:
            yield from _groups_in(argument)


@cache
def _language() -> tree_sitter.Language:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # The grammar hands out its address as a number.
        return tree_sitter.Language(tree_sitter_sparql.language())


@lru_cache(512)
def read_tree(text: str) -> Group:
    """The tree of a query, not to be changed; an opaque one where it doesn't parse.

    >>> group = read_tree("SELECT $this WHERE { $this <urn:p>/<urn:q> ?v FILTER(?v > 1) }")
    >>> str(group.patterns[0].path), group.filters[0].name
    ('<urn:p>/<urn:q>', '>')
    """
    root = tree_sitter.Parser(_language()).parse(text.encode()).root_node
    select = next((one for one in root.children if one.type == "select_query"), None)
    if root.has_error or select is None:
        return Group(opaque=True)
    return _Reader(root).select(select)


class _Reader:
    def __init__(self, root: tree_sitter.Node) -> None:
        self.prologue = "".join(
            f"{_text(one)} " for part in root.children if part.type == "prologue" for one in part.children
        )
        self._numbers = count(1)
        self._names: dict[str, Variable] = {}
        self._terms: dict[str, Term] = {}

    def select(self, node: tree_sitter.Node) -> Group:
        """A query or a sub-select, whose variables are its own but for those that it returns."""
        outer, number = self._names, next(self._numbers)
        clause = next(one for one in node.children if one.type == "select_clause")
        returned = {_text(one)[1:] for one in clause.children if one.type == "var"}
        everything = any(one.type == "*" for one in clause.children)
        self._names = _Renamed(outer, number, None if everything or number == 1 else returned | {"this"})
        where = next(one for one in node.children if one.type == "where_clause")
        group = self.group(where.children[-1])
        assigned = [
            one for one in clause.children if one.type not in ("SELECT", "DISTINCT", "REDUCED", "*", "var")
        ]
        modifiers = [one for one in node.children if one.type == "solution_modifier"]
        # Groups of EXISTS may stand behind HAVING and in the clause: what they read counts.
        if any("EXISTS" in _text(one).upper() for one in (*assigned, *modifiers)):
            group.opaque = True
        else:
            group.grouping = self.grouping(clause, modifiers)
        group.opaque |= any(one.type == "dataset_clause" for one in node.children)
        self._names = outer
        return group

    def grouping(self, clause: tree_sitter.Node, modifiers: list[tree_sitter.Node]) -> Grouping | None:
        parts = [one for modifier in modifiers for one in modifier.children]
        keys = [one for part in parts if part.type == "group_clause" for one in part.named_children]
        plain = [one.named_children[0] for one in keys if one.named_child_count == 1]
        if len(plain) < len(keys) or not keys or any(one.type != "var" for one in plain):
            return None
        if any(one.type not in ("group_clause", "having_clause") for one in parts):
            return None
        having = [one for part in parts if part.type == "having_clause" for one in part.named_children]
        made, named = [], clause.named_children
        for place, one in enumerate(named):
            if one.type != "var":
                made.append((self.variable(named[place + 1]), self.expression(one)))
        return Grouping(
            tuple(map(self.variable, plain)),
            tuple(made),
            tuple(test for one in having for test in _conjuncts(self.expression(one.named_children[0]))),
        )

    def group(self, node: tree_sitter.Node) -> Group:
        group = Group()
        for part in node.children:
            match part.type:
                case "{" | "}" | ".":
                    pass
                case "triples_block":
                    self.triples(part, group)
                    if not group.optionals:
                        group.steady = [*group.patterns]
                case "filter":
                    group.filters += _conjuncts(self.expression(part.children[-1]))
                case "bind":
                    inner = [one for one in part.children if one.type not in ("BIND", "(", ")", "AS")]
                    group.binds.append((self.variable(inner[-1]), self.expression(inner[0])))
                case "optional_graph_pattern":
                    group.optionals.append(self.group(part.children[-1]))
                case "group_or_union_graph_pattern":
                    branches = [self.group(one) for one in part.children if one.type == "group_graph_pattern"]
                    selects = branches[0].selects
                    if len(branches) == 1 and branches[0] == Group(selects=selects):
                        group.selects += selects
                    else:
                        group.unions.append(branches)
                case "sub_select":
                    group.selects.append(self.select(part))
                case _:
                    group.opaque = True
        return group

    def triples(self, node: tree_sitter.Node, group: Group) -> None:
        for part in node.children:
            if part.type == "triples_same_subject":
                head = part.children[0]
                subject = self.node(head, group)
                for one in part.children[1:]:
                    self.properties(one, subject, group)

    def properties(self, node: tree_sitter.Node, subject: Place, group: Group) -> None:
        for part in node.children:
            if part.type != "property":
                continue
            path, objects = part.children[0], part.children[-1]
            walked = None if path.type == "var" else self.path(path)
            for one in objects.children:
                if one.type != ",":
                    group.patterns.append(Pattern(subject, walked, self.node(one, group)))

    def node(self, node: tree_sitter.Node, group: Group) -> Place:
        if node.type == "blank_node_property_list":
            fresh = Variable(f"[{next(self._numbers)}]")
            for part in node.children:
                if part.type == "property_list":
                    self.properties(part, fresh, group)
            return fresh
        if node.type == "collection":
            group.opaque = True
            return Variable(f"[{next(self._numbers)}]")
        if node.type in ("blank_node_label", "anon") or _text(node).startswith(("_:", "[")):
            label = _text(node)
            return self._names[label] if label.startswith("_:") else Variable(f"[{next(self._numbers)}]")
        return self.variable(node) if node.type == "var" else self.term(node)

    def path(self, node: tree_sitter.Node) -> Path | None:
        """A path, None where it negates a set of predicates."""
        if node.type == "binary_path":
            first, sign, second = node.children
            ends = self.path(first), self.path(second)
            if ends[0] is None or ends[1] is None:
                return None
            return Sequence((ends[0], ends[1])) if _text(sign) == "/" else Alternative((ends[0], ends[1]))
        found: Path | None = None
        back = False
        for part in node.children if node.type == "path_element" else [node]:
            text = _text(part)
            if part.type == "path_inverse" or text == "^":
                back = True
            elif text == "!" or part.type == "path_negated_property_set":
                return None
            elif text in _SIGNS and found is not None:
                found = Repeated(found, *_SIGNS[text])
            elif text == "a":
                found = Predicate(RDF_TYPE)
            elif part.type in ("binary_path", "path_element"):
                found = self.path(part)
                if found is None:
                    return None
            elif part.type not in ("(", ")"):
                term = self.term(part)
                if not isinstance(term, ox.NamedNode):
                    return None
                found = Predicate(term)
        return Inverse(found) if back and found is not None else found

    def expression(self, node: tree_sitter.Node) -> Expression:
        inner = [one for one in node.children if one.type not in ("(", ")", ",")]
        match node.type:
            case "var":
                return self.variable(node)
            case "bracketted_expression":
                return self.expression(inner[0])
            case "binary_expression" if len(inner) == 3:
                name = _text(inner[1]).upper()
                if name == "IN":
                    options = [
                        self.expression(one) for one in inner[2].children if one.type not in ("(", ")", ",")
                    ]
                    return Call("IN", (self.expression(inner[0]), *options))
                return Call(name, (self.expression(inner[0]), self.expression(inner[2])))
            case "unary_expression" if _text(inner[0]) == "!":
                return Call("!", (self.expression(inner[1]),))
            case "exists_func":
                return Exists(self.group(node.children[-1]))
            case "not_exists_func":
                return Call("!", (Exists(self.group(node.children[-1])),))
            case "aggregate":
                name = " ".join(_text(one).upper() for one in inner if not one.is_named and one.type != "*")
                return Call(name, tuple(map(self.expression, (one for one in inner if one.is_named))))
            case "regex_expression" | "build_in_function":
                if len(inner) == 2 and inner[1].type in ("bracketted_expression", "expression_list"):
                    inner = [inner[0], *(one for one in inner[1].children if one.type not in ("(", ")", ","))]
                return Call(_text(inner[0]).upper(), tuple(map(self.expression, inner[1:])))
            case (
                "rdf_literal"
                | "integer"
                | "decimal"
                | "double"
                | "boolean_literal"
                | "iri_reference"
                | "prefixed_name"
            ):
                return self.term(node)
            case _:
                return Call("?", tuple(self.expression(one) for one in node.named_children))

    def variable(self, node: tree_sitter.Node) -> Variable:
        return self._names[_text(node)[1:]]

    def term(self, node: tree_sitter.Node) -> Term:
        """A constant as Oxigraph stores it."""
        text = _text(node)
        if text not in self._terms:
            store = ox.Store()
            store.load(
                f"{_as_turtle(self.prologue)} <urn:a> <urn:b> {text} .".encode(), format=ox.RdfFormat.TURTLE
            )
            self._terms[text] = next(iter(store)).object
        return self._terms[text]


class _Renamed(dict):
    """Names of variables to variables; those that a sub-select keeps to itself get its number."""

    def __init__(self, outer: dict[str, Variable], number: int, returned: set[str] | None) -> None:
        super().__init__()
        self.outer, self.number, self.returned = outer, number, returned

    def __missing__(self, name: str) -> Variable:
        if self.number == 1:
            self[name] = Variable(name)
        elif self.returned is None or name in self.returned:
            self[name] = self.outer[name]
        else:
            self[name] = Variable(f"{name}/{self.number}")
        return self[name]


def _as_turtle(prologue: str) -> str:
    return prologue.replace("BASE", "\nBASE").replace("PREFIX", "\nPREFIX")


def _conjuncts(expression: Expression) -> list[Expression]:
    if isinstance(expression, Call) and expression.name == "&&":
        return [one for part in expression.arguments for one in _conjuncts(part)]
    return [expression]


def _text(node: tree_sitter.Node) -> str:
    return node.text.decode() if node.text is not None else ""
