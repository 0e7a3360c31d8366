"""Documents that LOAD reads: files below the folders, and addresses, that a store's settings list; nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyoxigraph as ox

from .. import skolem
from ..columns.batches import lines
from ..errors import DataError, Forbidden
from ..graphs import GRAPH
from .fetching import Listed, fetched

_UNNAMED = f"{GRAPH}unnamed"


class Reader(Protocol):
    """Reads an RDF file; see `kb.loading.rdf.read_rdf`."""

    def __call__(self, path: Path, *, graph: str, skolem: str) -> Iterable[pa.RecordBatch]: ...


@dataclass(frozen=True)
class Documents:
    """What LOAD may read; nothing without any. `folders` are absolute, `addresses` begin with http: or https:."""

    folders: tuple[Path, ...] = ()
    read: Reader | None = None
    addresses: tuple[str, ...] = ()

    def triples(self, iri: str) -> list[ox.Triple]:
        """The triples of a document, its blank nodes as skolem IRIs of their own.

        Raises Forbidden for what is no file below an allowed folder (links are followed first) and for what `fetched`
        does not allow, DataError for a document that names graphs, and what these and the reader raise: SourceError,
        SyntaxFault, UnsupportedFormat.
        """
        if self.addresses and iri.partition(":")[0] in ("http", "https"):
            with fetched(iri, Listed.of(self.addresses)) as path:
                return self._read(path)
        return self._read(self._allowed(iri))

    def _read(self, path: Path) -> list[ox.Triple]:
        found: list[ox.Triple] = []
        assert self.read is not None
        for batch in self.read(path, graph=_UNNAMED, skolem=skolem.prefix(uuid.uuid4().hex, 0)):
            text = bytes(lines(batch))
            for quad in ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=True):
                if quad.graph_name.value != _UNNAMED:
                    raise DataError(
                        f"LOAD reads one graph, but this file names {quad.graph_name}",
                        where=str(path),
                        hint="load it with kb load, which keeps graph names",
                    )
                found.append(quad.triple)
        return found

    def _allowed(self, iri: str) -> Path:
        parts = urlsplit(iri)
        if parts.scheme == "file" and parts.netloc in ("", "localhost") and self.read is not None:
            try:
                path = Path(unquote(parts.path)).resolve()
            except ValueError:  # A NUL among the letters.
                path = Path()
            if any(path.is_relative_to(folder.resolve()) for folder in self.folders):
                return path
        raise Forbidden(
            f"LOAD may not read <{iri}>",
            where="load_folders in kb.toml",
            hint="name there the folder of a file: address, or load the file with kb load",
        )
