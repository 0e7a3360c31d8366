"""Pre-binding (SHACL 5.2.1 and appendix A): which groups of a query mention ``$this``, and how to bind it there.

A query is cut into tokens and groups, no more: enough to see what the specification forbids, whether a query can
run once for all focus nodes, and where a VALUES block has to go where it can't.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)|(?P<iri><[^<>"{}|^`\\\s]*>)"""
    r"""|(?P<text>'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<variable>[?$]\w+)|(?P<word>[A-Za-z_][\w.-]*(?::[\w.%\\-]*)?|:[\w.%-]*)|(?P<mark>.)""",
    re.DOTALL,
)
_PREBOUND = {"this", "shapesGraph", "currentShape"}
_AGGREGATES = {"COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"}


@dataclass
class Group:
    """A ``{...}`` of a query, or (`kind` ``select``) a query with its clauses around its one group.

    `binds`: a triple pattern of this very group has ``$this``; `uses`: an expression has it.
    """

    kind: str
    start: int
    binds: bool = False
    uses: bool = False
    assigned_early: bool = False
    children: list[Group] = field(default_factory=list)
    projection: set[str] = field(default_factory=set)
    aggregates: bool = False
    grouped: bool = False
    limited: bool = False

    def mentions(self) -> bool:
        """Whether ``$this`` occurs in it."""
        return self.binds or self.uses or any(one.mentions() for one in self.children)

    def all(self) -> Iterator[Group]:
        """The group and all groups in it."""
        yield self
        for one in self.children:
            yield from one.all()

    def bound(self) -> bool:
        """Whether each of its solutions surely binds ``$this`` by itself."""
        parts = [one for one in self.children if one.kind in ("group", "select")]
        return self.binds or (bool(parts) and all(one.bound() for one in parts))

    def whole(self, *, outside: bool = False) -> bool:
        """Whether it means the same with ``$this`` as an ordinary variable."""
        if self.kind == "select" and (self.limited or (self.aggregates and not self.grouped)):
            return False
        if self.mentions() and (self.assigned_early or not (self.bound() or outside)):
            return False
        return all(one.whole(outside=one.kind == "exists") for one in self.children if one.mentions())


@dataclass(frozen=True)
class Query:
    """A SELECT query with its groups."""

    text: str
    root: Group
    faults: tuple[str, ...]
    variables: frozenset[str]

    @property
    def form(self) -> str:
        """``set`` (once for all focus nodes), ``batch`` (many at a time) or ``single``."""
        if self.root.whole():
            return "set"
        selects = [one for one in self.root.all() if one.kind == "select"]
        apart = any(one.limited or (one.aggregates and not one.grouped) for one in selects)
        return "single" if apart else "batch"

    def bound_to(self, values: str, *, outermost: str = "") -> str:
        """The query with a VALUES block in every group that mentions ``$this``, but for EXISTS.

        The outermost group may have another one.
        """
        first = self.root.children[0].start
        places = {one.start for one in _joined(self.root.children[0]) if one.mentions()} | {first}
        text = self.text
        for place in sorted(places, reverse=True):
            block = (outermost or values) if place == first else values
            text = f"{text[:place]} {block} {text[place:]}"
        return text


def _joined(group: Group) -> Iterator[Group]:
    for one in group.children:
        if one.kind != "exists":
            if one.kind != "select":
                yield one
            yield from _joined(one)


def read_query(text: str, substitutions: dict[str, str]) -> Query:
    """Cut a query into groups; variables named in `substitutions` are replaced by text.

    >>> read_query("SELECT $this WHERE { $this a ?c }", {}).form
    'set'
    >>> read_query("SELECT $this WHERE { FILTER($this = ?c) }", {}).form
    'batch'
    >>> read_query("SELECT $this WHERE { ?s ?p ?o MINUS { $this a ?c } }", {}).faults
    ('MINUS',)
    """
    root = Group("select", 0)
    stack, depth, variables = [root], [0], set()
    faults: list[str] = []
    parts: list[str] = []
    length = 0
    before: list[str] = []
    for match in _TOKEN.finditer(text):
        token, sort = match[0], match.lastgroup
        if sort == "variable" and token[1:] in _PREBOUND and before and before[-1] == "AS":
            faults.append(f"AS ${token[1:]}")
        if sort == "variable" and token[1:] in substitutions:
            token, sort = substitutions[token[1:]], "iri"
        parts.append(token)
        length += len(token)
        if sort == "skip":
            continue
        group = stack[-1]
        upper = token.upper() if sort == "word" else ""
        if token == "{" and sort == "mark":
            kind = "exists" if before and before[-1] == "EXISTS" else "group"
            kind = "optional" if before and before[-1] == "OPTIONAL" else kind
            opened = Group(kind, length)
            group.children.append(opened)
            stack.append(opened)
            depth.append(0)
        elif token == "}" and sort == "mark" and len(stack) > 1:
            stack.pop()
            depth.pop()
        elif token in ("(", ")") and sort == "mark":
            depth[-1] += 1 if token == "(" else -1
        elif sort == "variable":
            variables.add(token[1:])
            _note_variable(group, token[1:], depth[-1], before)
        elif upper in ("MINUS", "SERVICE", "VALUES"):
            faults.append(upper)
        elif upper == "SELECT" and len(stack) > 1:
            group.kind = "select"
        elif upper in _AGGREGATES:
            group.aggregates = True
        elif upper in ("LIMIT", "OFFSET"):
            group.limited = True
        elif token == "*" and group.kind == "select" and not group.children and not depth[-1]:
            group.projection.add("*")
        before.append(upper or token)
    for group in root.all():
        if group is not root and group.kind == "select" and "this" not in group.projection:
            faults.append("a sub-select that doesn't return $this")
    return Query("".join(parts), root, tuple(faults), frozenset(variables))


def _note_variable(group: Group, name: str, depth: int, before: list[str]) -> None:
    if group.kind == "select":
        if not group.children:
            if not depth or (before and before[-1] == "AS"):
                group.projection.add(name)
        elif name == "this" and "BY" in before[-4:]:
            group.grouped = True
    elif name == "this":
        if depth:
            group.uses = True
            group.assigned_early |= not group.binds and "BIND" in before[-3:]
        else:
            group.binds = True
