"""From the text of a query that Oxigraph has accepted to the algebra."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from ..querying import guard
from ..querying.syntax import tree
from .algebra import (
    Aggregate,
    Bgp,
    Bind,
    Constant,
    Element,
    Exists,
    Expression,
    Filter,
    Group,
    Minus,
    Optional,
    OrderKey,
    Path,
    Pattern,
    Query,
    Select,
    Uncovered,
    Union,
    Values,
    Variable,
    elements_of,
    variables_of,
)
from .patterns import CONSTANTS, Node, PatternReader

_NOT_REPEATABLE = re.compile(r"\b(NOW|RAND|UUID|STRUUID|BNODE)\s*\(", re.IGNORECASE)
_OPERATORS = {"=", "!=", "<", ">", "<=", ">=", "+", "-", "*", "/", "&&", "||"}
_KNOWN = dict.fromkeys(("BOUND", "DAY", "LCASE", "MONTH", "STR", "UCASE", "YEAR"), 1)
_KNOWN |= dict.fromkeys(("CONTAINS", "STRENDS", "STRSTARTS"), 2)
_FOLDED = {"AVG", "COUNT", "GROUP_CONCAT", "MAX", "MIN", "SAMPLE", "SUM"}


def read(text: str) -> Query:
    """The algebra of a query.

    Raises Uncovered for what the columns don't answer.
    """
    try:
        return _Reader(text).query()
    except RecursionError:
        raise Uncovered("operators nested too deep") from None


class _Reader(PatternReader):
    def __init__(self, text: str) -> None:
        if "\\u" in text or "\\U" in text:
            raise Uncovered("escaped characters")
        if _NOT_REPEATABLE.search(text):
            raise Uncovered("a function that gives something else at each call")
        # The grammar stumbles over comments.
        plain = "".join(
            " " * len(token.group()) if token.group()[0] == "#" else token.group()
            for token in guard.tokens(text)
        )
        marker = "kb_"
        while marker in text:
            marker += "_"
        super().__init__(plain.encode(), marker)
        self.aggregates: list[Aggregate] | None = None

    def query(self) -> Query:
        root = tree(self.source)
        if root.has_error:
            raise Uncovered("syntax that the grammar does not know")
        body, values = None, None
        for node in root.named_children:
            if node.type == "prologue":
                self._read_prologue(node)
            elif node.type in ("select_query", "ask_query", "construct_query") and body is None:
                body = node
            elif node.type == "values_clause":
                values = self._values(_only(node, "data_block"))
            else:
                raise Uncovered(node.type.replace("_", " "))
        if body is None:
            raise Uncovered("an empty query")
        template = self._template(body) if body.type == "construct_query" else None
        select = self._select(body, values)
        if template is not None:
            made = frozenset[str]().union(*(one.variables for one in template))
            select = replace(select, names=tuple(sorted(made)))
        _check_negated(select)
        return Query(select, body.type == "ask_query", self.prologue, self.marker, self.hides, template)

    def _template(self, node: Node) -> tuple[Pattern, ...]:
        """What a CONSTRUCT makes of a solution."""
        for part in node.named_children:
            if part.type == "triples_template":
                found = self.triples(part)
            elif part.type == "construct_template":
                found = [one for block in part.named_children for one in self.triples(block)]
            else:
                continue
            if any(name.startswith(self.marker) for one in found for name in one.variables):
                raise Uncovered("blank nodes in what is made")
            return tuple(found)
        raise Uncovered("an unknown form of CONSTRUCT")

    def _read_prologue(self, node: Node) -> None:
        for part in node.named_children:
            if part.type == "base_declaration":
                self.based = True
            else:
                namespace, iri = part.named_children
                self.prefixes[self.text(namespace)[:-1]] = self.absolute(self.text(iri)[1:-1])
            self.prologue += self.text(part) + "\n"

    def _select(self, node: Node, values: Values | None = None) -> Select:
        outer, self.aggregates = self.aggregates, []
        try:
            return self._select_parts(node, values)
        finally:
            self.aggregates = outer

    def _select_parts(self, node: Node, values: Values | None) -> Select:
        where, distinct = Group(()), False
        names: list[str] = []
        extends: list[Bind] = []
        keys: list[Bind] = []
        having: list[Expression] = []
        order: list[OrderKey] = []
        limit, offset, grouped = None, 0, False
        for part in node.named_children:
            if part.type == "select_clause":
                distinct = any(one.type == "DISTINCT" for one in part.children) or bool(
                    re.match(r"(?i)SELECT\s+DISTINCT\b", self.text(part))
                )
                if re.match(r"(?i)SELECT\s+REDUCED\b", self.text(part)):
                    raise Uncovered("REDUCED")
                names, extends = self._projection(part)
            elif part.type == "construct_template":
                continue
            elif part.type == "triples_template":
                where = Group((Bgp(tuple(self.triples(part))),))
            elif part.type == "where_clause":
                saved, self.aggregates = self.aggregates, None
                where = self._group(_only(part, "group_graph_pattern"))
                self.aggregates = saved
            elif part.type == "values_clause":
                values = self._values(_only(part, "data_block"))
            elif part.type == "solution_modifier":
                for clause in part.named_children:
                    if clause.type == "group_clause":
                        grouped, keys = True, [self._key(one) for one in clause.named_children]
                    elif clause.type == "having_clause":
                        having = [self._expression(one.named_children[0]) for one in clause.named_children]
                    elif clause.type == "order_clause":
                        order = [self._order(one) for one in clause.named_children]
                    elif clause.type == "limit_offset_clauses":
                        for bound in clause.named_children:
                            number = int(self.text(bound.named_children[0]))
                            if bound.type == "limit_clause":
                                limit = number
                            else:
                                offset = number
                    else:
                        raise Uncovered(clause.type.replace("_", " "))
            else:
                raise Uncovered(part.type.replace("_", " "))
        aggregates = tuple(self.aggregates or ())
        return Select(
            where,
            tuple(names),
            tuple(extends),
            distinct,
            grouped or bool(aggregates),
            tuple(keys),
            aggregates,
            tuple(having),
            tuple(order),
            limit,
            offset,
            values,
        )

    def _projection(self, node: Node) -> tuple[list[str], list[Bind]]:
        names, extends = [], []
        parts = node.named_children
        expects: Expression | None = None
        opened = False
        for part in node.children:
            if part.type == "(":
                opened, expects = True, None
            elif part.type == ")":
                opened = False
            elif not part.is_named:
                continue
            elif not opened:
                names.append(self.text(part)[1:])
            elif expects is None:
                expects = self._expression(part)
            else:
                name = self.text(part)[1:]
                names.append(name)
                extends.append(Bind(expects, name))
        if not parts and "*" not in self.text(node):
            raise Uncovered("an unknown projection")
        return names, extends

    def _key(self, node: Node) -> Bind:
        parts = node.named_children
        if len(parts) == 1 and parts[0].type == "var":
            return Bind(self._expression(parts[0]), self.text(parts[0])[1:])
        if len(parts) == 2 and parts[1].type == "var":
            return Bind(self._expression(parts[0]), self.text(parts[1])[1:])
        raise Uncovered("GROUP BY an expression without a name")

    def _order(self, node: Node) -> OrderKey:
        descending = any(one.type == "DESC" for one in node.children) or bool(
            re.match(r"(?i)DESC\b", self.text(node))
        )
        return OrderKey(self._expression(node.named_children[0]), descending)

    def _group(self, node: Node) -> Group:
        elements: list[Element] = []
        filters: list[Filter | Exists] = []
        for part in node.named_children:
            if part.type == "triples_block":
                found = self.triples(part)
                if elements and isinstance(elements[-1], Bgp):
                    elements[-1] = Bgp((*elements[-1].patterns, *found))
                elif found:
                    elements.append(Bgp(tuple(found)))
            elif part.type == "optional_graph_pattern":
                elements.append(Optional(self._group(_only(part, "group_graph_pattern"))))
            elif part.type == "minus_graph_pattern":
                elements.append(Minus(self._group(_only(part, "group_graph_pattern"))))
            elif part.type == "group_or_union_graph_pattern":
                elements.append(Union(tuple(self._group(one) for one in part.named_children)))
            elif part.type == "filter":
                filters += self._conditions(part.named_children[0])
            elif part.type == "bind":
                inner, variable = part.named_children
                elements.append(Bind(self._expression(inner), self.text(variable)[1:]))
            elif part.type == "inline_data":
                elements.append(self._values(_only(part, "data_block")))
            elif part.type == "sub_select":
                elements.append(self._select(part))
            else:
                raise Uncovered(part.type.replace("_", " "))
        return Group(tuple(elements), tuple(filters))

    def _conditions(self, node: Node) -> Iterator[Filter | Exists]:
        """The conditions that are joined by &&: a solution passes where all are true."""
        if node.type == "bracketted_expression":
            yield from self._conditions(node.named_children[0])
        elif node.type == "binary_expression" and [one.type for one in node.children[1:-1]] == ["&&"]:
            for part in node.named_children:
                yield from self._conditions(part)
        elif node.type in ("exists_func", "not_exists_func"):
            yield Exists(self._group(_only(node, "group_graph_pattern")), node.type == "not_exists_func")
        else:
            yield Filter(self._expression(node))

    def _values(self, node: Node) -> Values:
        names: list[str] = []
        cells: list[str | None] = []
        for part in node.children:
            if part.type == "var":
                names.append(self.text(part)[1:])
            elif part.type.upper() == "UNDEF":
                cells.append(None)
            elif part.is_named:
                cells.append(self.constant(part))
        if not names or len(cells) % len(names):
            raise Uncovered("an unknown form of VALUES")
        width = len(names)
        rows = [tuple(cells[at : at + width]) for at in range(0, len(cells), width)]
        return Values(tuple(names), tuple(rows))

    def _expression(self, node: Node) -> Expression:
        if node.type == "bracketted_expression":
            return self._expression(node.named_children[0])
        pieces: list[str] = []
        names: set[str] = set()
        self._piece(node, pieces, names)
        text, variables = f"({''.join(pieces)})", frozenset(names)
        if node.type == "var":
            return Expression(text, variables, "var", term=Variable(self.text(node)[1:]))
        if node.type == "aggregate":
            return Expression(text, variables, "var", term=Variable(next(iter(names))))
        if node.type in CONSTANTS:
            return Expression(text, variables, "term", term=Constant(self.constant(node)))
        operator, parts = self._operator(node)
        if operator == "||" and (among := _as_membership(parts)):
            operator, parts = "IN", among
        return Expression(text, variables, operator, parts)

    def _operator(self, node: Node) -> tuple[str, tuple[Expression, ...]]:
        kinds = [one.type for one in node.children if not one.is_named]
        inner = node.named_children
        if node.type == "binary_expression" and kinds in (["||"], ["&&"]):
            return kinds[0], tuple(self._expression(one) for one in _chain(node, kinds[0]))
        if node.type == "binary_expression" and len(kinds) == 1 and kinds[0] in _OPERATORS:
            return kinds[0], tuple(self._expression(one) for one in inner)
        if node.type == "binary_expression" and kinds in (["IN"], ["NOT", "IN"]):
            parts = tuple(self._expression(one) for one in (inner[0], *inner[1].named_children))
            return " ".join(kinds), parts
        if node.type == "unary_expression" and kinds == ["!"]:
            return "!", (self._expression(inner[0]),)
        if node.type == "regex_expression":
            return "REGEX", tuple(self._expression(one) for one in inner)
        name = kinds[0].upper() if kinds and node.type == "build_in_function" else ""
        if len(inner) == _KNOWN.get(name):
            return name, tuple(self._expression(one) for one in inner)
        return "", ()

    def _piece(self, node: Node, pieces: list[str], names: set[str]) -> None:
        """The text of a node, with variables for its aggregates."""
        at = node.start_byte
        pending = [node]
        while pending:
            one = pending.pop()
            if one.type in ("exists_func", "not_exists_func", "group_graph_pattern"):
                raise Uncovered("EXISTS within an expression")
            if one.type == "aggregate":
                name = self._aggregate(one)
                names.add(name)
                pieces += self.source[at : one.start_byte].decode(), f"?{name}"
                at = one.end_byte
                continue
            if one.type == "var":
                names.add(self.text(one)[1:])
            pending += reversed(one.named_children)
        pieces.append(self.source[at : node.end_byte].decode())

    def _aggregate(self, node: Node) -> str:
        text = self.text(node)
        function = text.partition("(")[0].strip().upper()
        if self.aggregates is None or function not in _FOLDED:
            raise Uncovered(f"the aggregate {function}")
        distinct = bool(re.match(r"(?i)\w+\s*\(\s*DISTINCT\b", text))
        inner = node.named_children
        separator = self.text(inner[-1]) if len(inner) > 1 and inner[-1].type == "string" else ""
        collected, self.aggregates = self.aggregates, None
        argument = self._expression(inner[0]) if inner else None
        self.aggregates = collected
        for known in collected:
            if replace(known, name="") == Aggregate(function, distinct, argument, "", separator):
                return known.name
        name = self.fresh().name
        collected.append(Aggregate(function, distinct, argument, name, separator))
        return name


def _check_negated(select: Select) -> None:
    """Of a negated property set with both ends known Oxigraph gives a pair once or once a triple, as its plan is.

    Raises Uncovered where both ends may be known.
    """
    inner = [one for one in elements_of(select.where) if isinstance(one, Select)]
    names = Counter(name for one in (select, *inner) for name in variables_of(one.where))
    names.update(name for one in (select, *inner) if one.values for name in one.values.names)
    for block in elements_of(select.where):
        for one in block.patterns if isinstance(block, Bgp) else ():
            ends = (one.subject, one.object)
            known = all(isinstance(end, Constant) or names[end.name] > 1 for end in ends)
            if known and isinstance(one.predicate, Path) and one.predicate.negates:
                raise Uncovered("a negated property set between what is known")


def _chain(node: Node, operator: str) -> list[Node]:
    """The operands of a chain of one operator, which the grammar nests to the left."""
    found: list[Node] = []
    while node.type == "binary_expression" and [one.type for one in node.children[1:-1]] == [operator]:
        node, last = node.named_children
        found.append(last)
    return [node, *reversed(found)]


def _as_membership(parts: tuple[Expression, ...]) -> tuple[Expression, ...] | None:
    """What stands in an IN that says the same as equations joined by ||: all of one variable with a constant each."""
    found: list[Expression] = []
    for one in parts:
        if one.operator != "=" or {side.operator for side in one.parts} != {"var", "term"}:
            return None
        left, right = one.parts if one.parts[0].operator == "var" else one.parts[::-1]
        if found and found[0].term != left.term:
            return None
        found += [right] if found else [left, right]
    return tuple(found)


def _only(node: Node, kind: str) -> Node:
    found = [one for one in node.named_children if one.type == kind]
    if len(found) != 1:
        raise Uncovered(node.type.replace("_", " "))
    return found[0]
