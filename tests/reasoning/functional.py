"""OWL functional syntax as triples: as much of it as the W3C cases without RDF/XML use."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pyoxigraph as ox

from kb.reasoning.expressions import owl, rdf, rdfs

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\^\^|<[^>]*>|[()]|[^\s()"^<>]+')


def read_functional(text: str) -> list[ox.Triple]:
    """The triples of an ontology document."""
    return list(_Reader(text).axioms())


class _Reader:
    def __init__(self, text: str) -> None:
        self.prefixes = dict(re.findall(r"Prefix\(([^=]*)=<([^>]*)>\)", text))
        self.tokens = TOKEN.findall(text[text.index("Ontology(") :])
        self.place = 0

    def axioms(self) -> Iterator[ox.Triple]:
        for name, *parts in self.tree()[1:]:
            yield from getattr(self, name)(*parts)

    def tree(self):
        """A term, or [name, argument, ...]."""
        token = self.next()
        if self.peek() == "^^":
            self.next()
            return ox.Literal(token[1:-1], datatype=self.iri(self.next()))
        if self.peek() != "(":
            return ox.Literal(token[1:-1]) if token.startswith('"') else self.iri(token)
        self.next()
        found = [token]
        while self.peek() != ")":
            found.append(self.tree())
        self.next()
        return found

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def iri(self, name: str) -> ox.NamedNode:
        prefix, _, local = name.partition(":")
        return ox.NamedNode(name[1:-1] if name.startswith("<") else self.prefixes[f"{prefix}:"] + local)

    def Declaration(self, declared):
        kinds = {"DataProperty": "DatatypeProperty"}
        kind, name = declared
        yield ox.Triple(name, rdf("type"), owl(kinds.get(kind, kind)))

    def FunctionalDataProperty(self, on):
        yield ox.Triple(on, rdf("type"), owl("FunctionalProperty"))

    def DataPropertyRange(self, on, datatype):
        yield ox.Triple(on, rdfs("range"), datatype)

    def DataPropertyAssertion(self, on, subject, value):
        yield ox.Triple(subject, on, value)

    def ClassAssertion(self, kind, subject):
        name, on, value = kind
        assert name == "DataHasValue"
        node = ox.BlankNode()
        yield ox.Triple(subject, rdf("type"), node)
        yield ox.Triple(node, rdf("type"), owl("Restriction"))
        yield ox.Triple(node, owl("onProperty"), on)
        yield ox.Triple(node, owl("hasValue"), value)
