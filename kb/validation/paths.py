"""Property paths (SHACL 2.3.1): reading them, walking them over columns, writing them as SPARQL and RDF."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyoxigraph as ox

from ..columns.kernels import (
    NO_PAIRS,
    Ids,
    Pairs,
    distinct,
    expand,
    heads,
    pack,
    subtract,
    tails,
    unite,
)
from .triples import Term, Triples, is_blank, shown
from .views import Rows
from .vocabulary import RDF_FIRST, RDF_NIL, RDF_REST, sh


@dataclass(frozen=True)
class Predicate:
    """One step along a predicate."""

    iri: ox.NamedNode

    def __str__(self) -> str:
        return f"<{self.iri.value}>"


@dataclass(frozen=True)
class Inverse:
    """A path walked backwards."""

    path: Path

    def __str__(self) -> str:
        return f"^({self.path})" if isinstance(self.path, (Sequence, Alternative)) else f"^{self.path}"


@dataclass(frozen=True)
class Sequence:
    """One path after the other."""

    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return "/".join(
            f"({one})" if isinstance(one, (Alternative, Sequence)) else str(one) for one in self.paths
        )


@dataclass(frozen=True)
class Alternative:
    """Any of several paths."""

    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return "|".join(map(str, self.paths))


@dataclass(frozen=True)
class Repeated:
    """A path from `least` (0 or 1) times on, at most once unless `many`."""

    path: Path
    least: int
    many: bool

    def __str__(self) -> str:
        inner = str(self.path) if isinstance(self.path, Predicate) else f"({self.path})"
        return inner + self.sign

    @property
    def sign(self) -> str:
        """``*``, ``+`` or ``?``."""
        return ("*", "+")[self.least] if self.many else "?"


Path = Predicate | Inverse | Sequence | Alternative | Repeated

_REPEATED = {
    sh("zeroOrMorePath"): (0, True),
    sh("oneOrMorePath"): (1, True),
    sh("zeroOrOnePath"): (0, False),
}


def read_path(triples: Triples, node: Term, shape: Term) -> Path:
    """The path that `node` stands for.

    Raises ShapesError, in the name of `shape`, for a node that is no path or contains itself.
    """
    return _read(triples, node, shape, ())


def _read(triples: Triples, node: Term, shape: Term, above: tuple[Term, ...]) -> Path:
    if isinstance(node, ox.NamedNode) and not is_blank(node):
        return Predicate(node)
    if node in above or isinstance(node, ox.Literal):
        raise triples.fault(shape, f"has an ill-formed sh:path: {shown(node)}")
    above = (*above, node)

    def inner(part: Term) -> Path:
        return _read(triples, part, shape, above)

    if triples.objects(node, RDF_FIRST):
        members = triples.members(node, shape, sh("path"))
        if len(members) < 2:
            raise triples.fault(shape, "has a sequence path of fewer than two members")
        return Sequence(tuple(map(inner, members)))
    if inverse := triples.one(node, sh("inversePath")):
        return Inverse(inner(inverse))
    if listed := triples.one(node, sh("alternativePath")):
        members = triples.members(listed, shape, sh("alternativePath"))
        if len(members) < 2:
            raise triples.fault(shape, "has an alternative path of fewer than two members")
        return Alternative(tuple(map(inner, members)))
    for predicate, (least, many) in _REPEATED.items():
        if repeated := triples.one(node, predicate):
            return Repeated(inner(repeated), least, many)
    raise triples.fault(
        shape, "has a sh:path that is no path", "a path is an IRI, a list or one of SHACL 2.3.1"
    )


def walk(path: Path, nodes: Ids, relation: Callable[[ox.NamedNode], Rows], *, back: bool = False) -> Pairs:
    """All (node, value) along `path` from the sorted, distinct `nodes`; `back` walks it from its end."""
    match path:
        case Predicate(iri):
            return relation(iri).over(nodes) if back else relation(iri).under(nodes)
        case Inverse(inner):
            return walk(inner, nodes, relation, back=not back)
        case Sequence(parts):
            found = pack(nodes, nodes)
            for part in reversed(parts) if back else parts:
                found = _then(found, part, relation, back)
            return found
        case Alternative(parts):
            found = NO_PAIRS
            for part in parts:
                found = unite(found, walk(part, nodes, relation, back=back))
            return found
        case Repeated(inner, least, many):
            start = pack(nodes, nodes)
            found = frontier = walk(inner, nodes, relation, back=back)
            while many and len(frontier):
                frontier = subtract(_then(frontier, inner, relation, back), found)
                found = unite(found, frontier)
            return found if least else unite(found, start)


def _then(pairs: Pairs, path: Path, relation: Callable[[ox.NamedNode], Rows], back: bool) -> Pairs:
    reached = tails(pairs)
    row, value = expand(walk(path, distinct(reached), relation, back=back), reached)
    return distinct(pack(heads(pairs)[row], value))


def path_triples(path: Path) -> tuple[Term, list[ox.Triple]]:
    """The path as RDF: its node and the triples that describe it, with fresh blank nodes."""
    match path:
        case Predicate(iri):
            return iri, []
        case Sequence(parts):
            return _list(parts)
        case Inverse(inner):
            value, described = path_triples(inner)
            predicate = sh("inversePath")
        case Alternative(parts):
            value, described = _list(parts)
            predicate = sh("alternativePath")
        case Repeated(inner, least, many):
            value, described = path_triples(inner)
            predicate = next(key for key, form in _REPEATED.items() if form == (least, many))
    node = ox.BlankNode()
    return node, [ox.Triple(node, predicate, value), *described]


def _list(parts: tuple[Path, ...]) -> tuple[Term, list[ox.Triple]]:
    head: Term = RDF_NIL
    found: list[ox.Triple] = []
    for part in reversed(parts):
        value, described = path_triples(part)
        node = ox.BlankNode()
        found += [ox.Triple(node, RDF_FIRST, value), ox.Triple(node, RDF_REST, head), *described]
        head = node
    return head, found


def no_values(nodes: Ids) -> Pairs:
    """(node, no value) for each node."""
    return pack(nodes, np.zeros(len(nodes), np.uint32))
