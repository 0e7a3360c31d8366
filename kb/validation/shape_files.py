"""Shapes graphs from files of any RDF syntax."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from ..errors import ShapesError, SourceError
from ..formats import rdf_format
from .shapes import ShapesGraph, read_shapes


def read_shape_files(paths: Sequence[Path]) -> ShapesGraph:
    """The shapes of several files, as one graph.

    Raises SourceError, UnsupportedFormat, and ShapesError for a file that does not parse and for ill-formed shapes.
    """
    return read_shapes(one for number, path in enumerate(paths) for one in parsed(path, number))


def parsed(path: Path, number: int = 0) -> list[ox.Triple]:
    """The triples of a file; its `number` keeps blank nodes of several files apart.

    Raises SourceError, UnsupportedFormat, ShapesError.
    """
    if not path.is_file():
        raise SourceError(f"There is no file {path}", hint="look at its name")
    try:
        triples = ox.parse(path=str(path), format=rdf_format(path), base_iri=path.absolute().as_uri())
        return list(_apart(triples, f"f{number}"))
    except SyntaxError as fault:
        place = f"{path}, line {fault.lineno}" if fault.lineno else str(path)
        raise ShapesError(f"The shapes don't parse: {fault.msg}", where=place) from None


def _apart(triples: Iterable[ox.Quad], mark: str) -> Iterable[ox.Triple]:
    def named(term: Any) -> Any:
        return ox.BlankNode(f"{mark}{term.value}") if isinstance(term, ox.BlankNode) else term

    return (ox.Triple(named(one.subject), one.predicate, named(one.object)) for one in triples)
