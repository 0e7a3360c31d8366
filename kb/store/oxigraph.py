"""Oxigraph as the store: cloning, bulk writing, and the two ways a graph lies in it.

The default graph holds each open triple once: the merged view that queries read. Oxigraph's own union of named
graphs repeats a triple that lies in two of them, and reading a list of graphs is two to eight times slower
(docs/decisions/0002). The named graphs are filled from the columns when a query first asks for them.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from ..columns.batches import lines
from ..columns.files import link
from ..errors import StoreDamaged

_BULK = 20_000
_COPIED_NOT = ("LOCK", "LOG")


def clone(source: Path, target: Path) -> None:
    """Make a second store of a closed one: its immutable table files by hard link, the rest by copy."""
    target.mkdir(parents=True)
    for file in source.iterdir():
        if file.suffix in (".sst", ".blob"):
            link(file, target / file.name)
        elif not file.name.startswith(_COPIED_NOT):
            shutil.copy2(file, target / file.name)


def open_to_read(folder: Path) -> ox.Store:
    """Open a published store; it never changes any more.

    Raises StoreDamaged when RocksDB can't read it.
    """
    try:
        return ox.Store.read_only(str(folder))
    except (OSError, RuntimeError) as error:
        raise StoreDamaged(
            f"Oxigraph can't read its files: {error}",
            where=folder.parent.name,
            hint="kb rebuild makes them anew from the journal",
        ) from None


def in_memory(batches: Iterable[pa.RecordBatch]) -> ox.Store:
    """A store in memory with triples in its default graph; about 0.6 GiB for a million."""
    store = ox.Store()
    for batch in batches:
        store.bulk_load(bytes(lines(batch, graphs=False)), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return store


def insert(store: ox.Store, batches: Iterable[pa.RecordBatch], spool: Path, *, graphs: bool) -> None:
    """Add quads (or, without `graphs`, triples of the default graph); `spool` is a file to pass bulk through."""
    form = ox.RdfFormat.N_QUADS if graphs else ox.RdfFormat.N_TRIPLES
    rows = 0
    with spool.open("wb") as sink:
        for batch in batches:
            rows += len(batch)
            sink.write(lines(batch, graphs=graphs))
    if rows > _BULK:
        # A bulk load sorts in memory of its own; what Arrow keeps for later would come on top.
        pa.default_memory_pool().release_unused()
        store.bulk_load(path=str(spool), format=form, lenient=True)
    elif rows:
        store.load(path=str(spool), format=form, lenient=True)
    spool.unlink()


def delete(store: ox.Store, batches: Iterable[pa.RecordBatch], *, graphs: bool) -> None:
    """Take quads (or triples of the default graph) away."""
    form = ox.RdfFormat.N_QUADS if graphs else ox.RdfFormat.N_TRIPLES
    for batch in batches:
        for quad in ox.parse(bytes(lines(batch, graphs=graphs)), format=form, lenient=True):
            store.remove(quad)
