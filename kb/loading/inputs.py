"""Inputs: the files of one load, RDF and tables alike, read as one stream of quad batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from .. import skolem
from ..errors import MappingError
from ..formats import STANDARD_INPUT, is_table
from .mapping import read_mapping
from .rdf import read_rdf
from .sources import RejectedRow
from .tables import TableOptions, map_tables


@dataclass(frozen=True)
class Inputs:
    """Files to read; tables among them need a mapping."""

    files: tuple[Path, ...]
    mapping: Path | None = None
    format: ox.RdfFormat | None = None

    @property
    def size(self) -> int | None:
        """The bytes of all files, None where standard input is among them."""
        if STANDARD_INPUT in self.files:
            return None
        return sum(path.stat().st_size for path in self.files if path.is_file())

    def content(self, *options: object) -> str:
        """A hash of the files' bytes, the mapping and `options`: equal for the same load; empty for a stream."""
        if STANDARD_INPUT in self.files:
            return ""
        digest = hashlib.sha256(repr(options).encode())
        for path in (*self.files, *([self.mapping] if self.mapping else ())):
            if path.is_file():
                with path.open("rb") as source:
                    digest.update(hashlib.file_digest(source, "sha256").digest())
        return digest.hexdigest()

    def batches(
        self,
        *,
        graph: str,
        commit: str,
        secret: bytes,
        rejected: list[RejectedRow],
        progress: Callable[[int], None] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Everything the files say; `rejected` collects the rows of tables that could not be read.

        Raises SourceError, SyntaxFault, UnsupportedFormat, MappingError, DataError.
        """
        tables = [path for path in self.files if self.format is None and is_table(path)]
        for part, path in enumerate(path for path in self.files if path not in tables):
            yield from read_rdf(
                path,
                graph=graph,
                skolem=skolem.prefix(commit, part),
                format=self.format,
                progress=progress,
            )
        if tables:
            yield from self._mapped(
                tables, graph, skolem.prefix(commit, len(self.files)), secret, rejected, progress
            )

    def _mapped(
        self,
        tables: list[Path],
        graph: str,
        beginning: str,
        secret: bytes,
        rejected: list[RejectedRow],
        progress: Callable[[int], None] | None,
    ) -> Iterator[pa.RecordBatch]:
        if self.mapping is None:
            raise MappingError(
                "A table needs a mapping",
                where=str(tables[0]),
                hint="give one with --mapping FILE (RML or YARRRML; see docs/mapping.md)",
            )
        done = 0

        def advance(bytes_done: int, _: int) -> None:
            nonlocal done
            if progress:
                progress(bytes_done - done)
            done = bytes_done

        yield from map_tables(
            read_mapping(self.mapping),
            folder=tables[0].parent,
            tables={path.name: path for path in tables},
            options=TableOptions(graph=graph, skolem=beginning, secret=secret),
            rejected=rejected,
            progress=advance,
        )
