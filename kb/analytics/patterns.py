"""Terms, paths and triple patterns of a query's syntax tree."""

from __future__ import annotations

import re
from itertools import count

import pyoxigraph as ox
import tree_sitter

from ..graphs import BASE
from ..terms import PREFIXES, RDF, XSD
from .algebra import Constant, Path, Pattern, Term, Uncovered, Variable

Node = tree_sitter.Node
_INTEGER = re.compile(r"(0|-?[1-9][0-9]{0,17})")
CONSTANTS = {
    "iri_reference",
    "prefixed_name",
    "rdf_literal",
    "integer",
    "decimal",
    "double",
    "boolean_literal",
}


class PatternReader:
    """Reads what stands between the braces of a group and is no clause; hidden variables begin with `marker`."""

    def __init__(self, source: bytes, marker: str) -> None:
        self.source = source
        self.marker = marker
        self.prefixes = dict(PREFIXES)
        self.prologue = ""
        self.based = False
        self.hides = False
        self._numbers = count()

    def triples(self, node: Node) -> list[Pattern]:
        """The patterns of a block of triples; bracketed blank nodes and paths may make more of them."""
        patterns: list[Pattern] = []
        for one in node.named_children:
            if one.type != "triples_same_subject":
                raise Uncovered(one.type.replace("_", " "))
            first, *rest = one.named_children
            subject = self._node(first, patterns)
            for part in rest:
                self._properties(subject, part, patterns)
        return patterns

    def _node(self, node: Node, patterns: list[Pattern]) -> Term:
        if node.type == "blank_node_property_list":
            return self._bracketed(node, patterns)
        if node.type == "collection":
            return self._listed(node, patterns)
        return self.term(node)

    def _listed(self, node: Node, patterns: list[Pattern]) -> Term:
        """A collection (SPARQL 1.1, section 4.2.3)."""
        rest: Term = Constant(str(RDF.nil))
        for part in reversed(node.named_children):
            value, cell = self._node(part, patterns), self._between()
            patterns.append(Pattern(cell, Constant(str(RDF.first)), value))
            patterns.append(Pattern(cell, Constant(str(RDF.rest)), rest))
            rest = cell
        return rest

    def _bracketed(self, node: Node, patterns: list[Pattern]) -> Term:
        subject = self._between()
        for part in node.named_children:
            self._properties(subject, part, patterns)
        return subject

    def _properties(self, subject: Term, node: Node, patterns: list[Pattern]) -> None:
        if node.type != "property_list":
            raise Uncovered(node.type.replace("_", " "))
        for one in node.named_children:
            verb, objects = one.children[0], one.named_children[-1]
            if one.type != "property" or objects.type != "object_list":
                raise Uncovered("an unknown form of triples")
            for part in objects.named_children:
                object = self._node(part, patterns)
                if verb.type == "a":
                    patterns.append(Pattern(subject, Constant(str(RDF.type)), object))
                elif verb.type == "var":
                    patterns.append(Pattern(subject, Variable(self.text(verb)[1:]), object))
                else:
                    self._along(subject, self._path(verb), object, patterns)

    def _along(self, subject: Term, path: Path, object: Term, patterns: list[Pattern]) -> None:
        """A path as patterns (section 18.2.2.4); alternatives are left to the matcher."""
        if path.operator == "iri":
            patterns.append(Pattern(subject, Constant(path.iri), object))
        elif path.operator == "^":
            self._along(object, path.parts[0], subject, patterns)
        elif path.operator == "/":
            middle = self._between()
            self._along(subject, path.parts[0], middle, patterns)
            self._along(middle, path.parts[1], object, patterns)
        else:
            patterns.append(Pattern(subject, path, object))

    def _path(self, node: Node) -> Path:
        if node.type == "binary_path":
            left, right = (self._path(one) for one in node.named_children)
            operator = next(one.type for one in node.children if not one.is_named)
            return Path(operator, (left, right))
        if node.type in ("iri_reference", "prefixed_name"):
            return Path("iri", iri=self.constant(node))
        if node.type != "path_element":
            raise Uncovered("an unknown form of path")
        if any(one.type == "!" for one in node.children):
            return self._negated(node.named_children[0])
        kinds = [one.type for one in node.named_children]
        inner = [one for one in node.named_children if one.type not in ("path_inverse", "path_mod")]
        if not inner and self.text(node).strip("^*+? ") == "a":
            path = Path("iri", iri=str(RDF.type))
        elif len(inner) == 1:
            path = self._path(inner[0])
        else:
            raise Uncovered("an unknown form of path")
        if "path_mod" in kinds:
            path = Path(self.text(node.named_children[kinds.index("path_mod")]), (path,))
        return Path("^", (path,)) if "path_inverse" in kinds else path

    def _negated(self, node: Node) -> Path:
        """A negated property set; one both ways is an alternative of two."""
        forward: list[Path] = []
        backward: list[Path] = []
        for one in node.named_children:
            inverse = any(part.type == "^" for part in one.children)
            iris = [self.constant(part) for part in one.named_children] or [str(RDF.type)]
            (backward if inverse else forward).extend(Path("iri", iri=iri) for iri in iris)
        ways = [Path("!", tuple(forward))] if forward else []
        if backward:
            ways.append(Path("^", (Path("!", tuple(backward)),)))
        return ways[0] if len(ways) == 1 else Path("|", tuple(ways))

    def term(self, node: Node) -> Term:
        """A variable or a constant; blank nodes are hidden variables."""
        if node.type == "var":
            return Variable(self.text(node)[1:])
        if node.type == "anon":
            return self._between()
        if node.type in ("blank_node_label", "blank_node"):
            self.hides = True
            return Variable(self.marker + "_" + self.text(node)[2:].replace(".", "_").replace("-", "_"))
        return Constant(self.constant(node))

    def _between(self) -> Variable:
        self.hides = True
        return self.fresh()

    def fresh(self) -> Variable:
        """A new hidden variable."""
        return Variable(f"{self.marker}{next(self._numbers)}")

    def constant(self, node: Node) -> str:
        """A term in N-Triples syntax, as Oxigraph stores it."""
        text = self.text(node)
        if node.type == "iri_reference":
            return f"<{self.absolute(text[1:-1])}>"
        if node.type == "prefixed_name":
            prefix, _, local = text.partition(":")
            if "\\" in local or prefix not in self.prefixes:
                raise Uncovered("an escaped name")
            return f"<{self.prefixes[prefix]}{local}>"
        if node.type == "nil":
            return str(RDF.nil)
        if node.type == "integer" and _INTEGER.fullmatch(text):
            return f'"{text}"^^{XSD.integer}'
        if node.type == "boolean_literal":
            return f'"{text.lower()}"^^{XSD.boolean}'
        if node.type not in CONSTANTS:
            raise Uncovered(node.type.replace("_", " "))
        if text[0] == text[-1] == '"' and not text.startswith('"""') and "\\" not in text:
            return text
        return self._asked(text)

    def absolute(self, iri: str) -> str:
        """An IRI as it stands, or resolved against the query's BASE."""
        if "\\" in iri:
            raise Uncovered("an escaped name")
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", iri) and not self.based:
            return iri
        if not self.based:
            raise Uncovered("a relative IRI")
        return self._asked(f"<{iri}>")[1:-1]

    def _asked(self, text: str) -> str:
        """A constant as Oxigraph reads it."""
        found = ox.Store().query(
            f"{self.prologue} SELECT ({text} AS ?x) {{}}", prefixes=dict(PREFIXES), base_iri=BASE
        )
        (row,) = found  # type: ignore[misc]
        return str(row[0])

    def text(self, node: Node) -> str:
        """The source of a node."""
        return self.source[node.start_byte : node.end_byte].decode()
