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
        self.hides = False
        self._numbers = count()

    def triples(self, node: Node) -> list[Pattern]:
        """The patterns of a block of triples; bracketed blank nodes and paths may make more of them."""
        patterns: list[Pattern] = []
        for one in node.named_children:
            if one.type != "triples_same_subject":
                raise Uncovered(one.type.replace("_", " "))
            first, *rest = one.named_children
            if first.type == "blank_node_property_list":
                subject = self._bracketed(first, patterns)
            else:
                subject = self.term(first)
            for part in rest:
                self._properties(subject, part, patterns)
        return patterns

    def _bracketed(self, node: Node, patterns: list[Pattern]) -> Term:
        subject = self._between()
        for part in node.named_children:
            self._properties(subject, part, patterns)
        return subject

    def _properties(self, subject: Term, node: Node, patterns: list[Pattern]) -> None:
        if node.type != "property_list":
            raise Uncovered(node.type.replace("_", " "))
        for one in node.named_children:
            if one.type != "property" or len(one.named_children) != 2:
                raise Uncovered("an unknown form of triples")
            verb, objects = one.named_children
            for part in objects.named_children:
                if part.type == "blank_node_property_list":
                    object = self._bracketed(part, patterns)
                else:
                    object = self.term(part)
                if verb.type == "var":
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
        if node.type != "path_element" or any(one.type == "!" for one in node.children):
            raise Uncovered("a negated property set")
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
        if node.type == "integer" and _INTEGER.fullmatch(text):
            return f'"{text}"^^{XSD.integer}'
        if node.type == "boolean_literal":
            return f'"{text.lower()}"^^{XSD.boolean}'
        if node.type not in CONSTANTS:
            raise Uncovered(node.type.replace("_", " "))
        if text[0] == text[-1] == '"' and not text.startswith('"""') and "\\" not in text:
            return text
        found = ox.Store().query(
            f"{self.prologue} SELECT ({text} AS ?x) {{}}", prefixes=dict(PREFIXES), base_iri=BASE
        )
        (row,) = found  # type: ignore[misc]
        return str(row[0])

    def absolute(self, iri: str) -> str:
        """An IRI that needs no base."""
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", iri) or "\\" in iri:
            raise Uncovered("a relative IRI")
        return iri

    def text(self, node: Node) -> str:
        """The source of a node."""
        return self.source[node.start_byte : node.end_byte].decode()
