"""The triples of a shapes graph, indexed for reading; terms stay exactly as they were parsed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import pyoxigraph as ox

from ..errors import ShapesError
from ..graphs import GENID
from .vocabulary import RDF_FIRST, RDF_NIL, RDF_REST, RDF_TYPE, RDFS_SUBCLASS, sh

Resource = ox.NamedNode | ox.BlankNode
Term = ox.NamedNode | ox.BlankNode | ox.Literal


class Triples:
    """Subject and predicate to objects, and the other way round; readers check what kind of term they got."""

    def __init__(self, triples: Iterable[ox.Triple | ox.Quad]) -> None:
        self.all = [ox.Triple(one.subject, one.predicate, one.object) for one in triples]
        self._objects: dict[tuple[Any, ox.NamedNode], dict[Any, None]] = defaultdict(dict)
        self._subjects: dict[ox.NamedNode, dict[Any, dict[Any, None]]] = defaultdict(
            lambda: defaultdict(dict)
        )
        for one in self.all:
            self._objects[one.subject, one.predicate][one.object] = None
            self._subjects[one.predicate][one.object][one.subject] = None

    def objects(self, subject: Term, predicate: ox.NamedNode) -> list[Any]:
        """The objects of a subject and predicate, in the order of the file."""
        return list(self._objects.get((subject, predicate), ()))

    def subjects(self, predicate: ox.NamedNode, value: Term | None = None) -> Iterator[Any]:
        """The subjects of a predicate, of one value or of all (then with repeats)."""
        by_object = self._subjects.get(predicate, {})
        for subjects in by_object.values() if value is None else [by_object.get(value, {})]:
            yield from subjects

    def all_objects(self, predicate: ox.NamedNode) -> list[Any]:
        """The distinct objects of a predicate."""
        return list(self._subjects.get(predicate, ()))

    def one(self, subject: Term, predicate: ox.NamedNode) -> Any:
        """The only object, or nothing.

        Raises ShapesError where there are several.
        """
        values = self.objects(subject, predicate)
        if len(values) > 1:
            raise self.fault(
                subject, f"has {len(values)} values of {shown(predicate)}, at most one is allowed"
            )
        return values[0] if values else None

    def types(self, node: Term) -> set[Term]:
        """The classes of a node, superclasses included."""
        found: set[Term] = set()
        pending = self.objects(node, RDF_TYPE)
        while pending:
            one = pending.pop()
            if one not in found:
                found.add(one)
                pending += self.objects(one, RDFS_SUBCLASS)
        return found

    def members(self, head: Term, subject: Term, predicate: ox.NamedNode) -> list[Any]:
        """The members of an RDF list.

        Raises ShapesError, in the name of `subject` and `predicate`, for a list that is none.
        """
        found, seen = [], set()
        while head != RDF_NIL:
            first, rest = self.objects(head, RDF_FIRST), self.objects(head, RDF_REST)
            if len(first) != 1 or len(rest) != 1 or head in seen:
                raise self.fault(subject, f"needs a well-formed list as value of {shown(predicate)}")
            seen.add(head)
            found.append(first[0])
            head = rest[0]
        return found

    def fault(self, shape: Term, what: str, hint: str = "see the syntax rules of the SHACL specification"):
        """The error that names an ill-formed shape; blank nodes are named by the shape that uses them."""
        owner: Any = shape
        for _ in range(8):
            if not is_blank(owner):
                break
            users = [one.subject for one in self.all if one.object == owner]
            if not users:
                break
            owner = users[0]
        inside = "" if owner == shape else f", in a part of {shown(owner)}"
        path = self.objects(shape, sh("path"))
        on_path = f", path {shown(path[0])}" if path and not is_blank(path[0]) else ""
        return ShapesError(f"Shape {shown(shape)} {what}", where=f"shapes graph{inside}{on_path}", hint=hint)


def is_blank(term: Term) -> bool:
    """Whether a term is a blank node, or the IRI that stands for one."""
    return isinstance(term, ox.BlankNode) or (isinstance(term, ox.NamedNode) and term.value.startswith(GENID))


def shown(term: Term) -> str:
    """A term as messages show it: prefixed in the SHACL namespace, else in N-Triples syntax.

    >>> shown(sh("path"))
    'sh:path'
    """
    text = str(term)
    prefix = f"<{sh('').value}"
    return f"sh:{text[len(prefix) : -1]}" if text.startswith(prefix) else text
