"""All that is asserted, graph by graph, as bytes: N-Quads out of the columns, and other syntaxes made of these."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import pyoxigraph as ox

from . import graphs, skolem
from .columns.batches import lines
from .columns.image import Image
from .errors import NotFound


def dump(image: Image, *, graph: str | None = None, private: graphs.Private = True) -> Iterator[bytes]:
    """What somebody who sees these `private` graphs may have of all data, or of one graph of any kind, as N-Quads.

    Blank nodes are blank again. Raises NotFound, when iterated, for a graph that is not there, and in the same words
    for one that may not be seen.
    """
    names = [name for name in image.graph_names() if graphs.is_visible(name, private)]
    if graph is not None and graph not in names:
        raise NotFound(f"There is no graph {graph}", hint="see kb stats for the graphs there are")
    for name in [graph] if graph else [name for name in names if not graphs.is_own(name)]:
        for batch in image.rows_of(name).batches(image.dictionary):
            yield bytes(lines(skolem.unskolemised_batch(batch)))


def write(pieces: Iterator[bytes], sink: IO[bytes], format: ox.RdfFormat) -> None:
    """Write N-Quads, as `dump` yields them, in an RDF syntax; one that has no graphs gets the triples."""
    if format == ox.RdfFormat.N_QUADS:
        for piece in pieces:
            sink.write(piece)
        return
    quads = (quad for piece in pieces for quad in ox.parse(piece, format=ox.RdfFormat.N_QUADS, lenient=True))
    ox.serialize(quads if format.supports_datasets else (quad.triple for quad in quads), sink, format=format)
