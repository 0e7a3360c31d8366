"""A source: the files of one load, RDF and tables alike, read as one stream of quad batches."""

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
from .rdf import read_rdf


@dataclass(frozen=True)
class RejectedRow:
    """A row of a table that could not become quads; `row` counts from 1 behind the header, if it is known."""

    file: str
    row: int | None
    reason: str


@dataclass(frozen=True)
class Sources:
    """Files to read; tables among them need a mapping."""

    files: tuple[Path, ...]
    mapping: Path | None = None
    format: ox.RdfFormat | None = None

    @property
    def bytes(self) -> int | None:
        """The size of all files, None where standard input is among them."""
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
        secret: str,
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
        if tables and self.mapping is None:
            raise MappingError(
                "A table needs a mapping",
                where=str(tables[0]),
                hint="give one with --mapping FILE (RML or YARRRML; docs/mapping.md has examples)",
            )
        if tables:
            raise AssertionError(secret, rejected)
