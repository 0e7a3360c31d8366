"""A difference as a dataset to query: what was added and removed by graph name, classes in the default graph."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .. import graphs
from ..columns.batches import lines
from ..columns.image import Image
from ..columns.kernels import distinct
from ..columns.rows import Rows
from ..terms import RDF
from .changes import Changes

ADDED, REMOVED = (ox.NamedNode(f"{graphs.BASE}changes/{name}") for name in ("added", "removed"))
_NOTES = pa.array([f"<{name}>" for name in (graphs.COMMITS, graphs.PRIVATE_COMMITS)], pa.large_string())


def compared(changes: Changes, image: Image, *, private: graphs.Private = True) -> ox.Store:
    """A store with a difference in two graphs; what it speaks of has the classes that `image`, or it itself, says."""
    store, subjects = ox.Store(), []
    for adds, graph in ((True, ADDED), (False, REMOVED)):
        for batch in changes.batches(adds=adds):
            own = pc.is_in(batch.column("g").cast(pa.large_string()), _NOTES)
            some = batch.filter(pc.invert(own))
            _load(store, some, graph)
            typed = some.filter(pc.equal(some.column("p").cast(pa.large_string()), str(RDF.type)))
            _load(store, typed, ox.DefaultGraph())
            subjects.append(image.dictionary.find(some.column("s")))
    asked = distinct(np.concatenate([np.empty(0, np.uint32), *subjects]))
    kind = image.dictionary.id(str(RDF.type))
    pairs = image.view(private=private, inferred=False).get_relation(kind).rows.under(asked)[0]
    for batch in Rows({(0, kind): pairs}).batches(image.dictionary):
        _load(store, batch, ox.DefaultGraph())
    return store


def _load(store: ox.Store, batch: pa.RecordBatch, graph: ox.NamedNode | ox.DefaultGraph) -> None:
    if len(batch):
        text = bytes(lines(batch, graphs=False))
        store.load(text, format=ox.RdfFormat.N_TRIPLES, to_graph=graph, lenient=True)
