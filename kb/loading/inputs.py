"""Inputs: the files of one load, RDF, feeds and tables alike, read as one stream of quad batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox

from .. import skolem
from ..columns.batches import batches_of, lines
from ..errors import DataError, MappingError
from ..formats import STANDARD_INPUT, is_table, rdf_format, suffix_of
from .crosswalk import crosswalk, read_feed
from .mapping import read_mapping
from .rdf import read_rdf
from .sources import RejectedRow, table_name
from .tables import TableOptions, map_tables

SCHEMA_ORG = Path("schema.org")
"""The built-in mapping: feeds in terms of schema.org, in JSON-LD or any other RDF syntax."""


@dataclass(frozen=True)
class Inputs:
    """Files to read; tables among them need a mapping, `SCHEMA_ORG` is for feeds."""

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
        """A hash of the files' bytes, the mapping and `options`: equal for the same load; empty for a stream.

        The files that a mapping reads beside those given count too. Raises MappingError.
        """
        if STANDARD_INPUT in self.files:
            return ""
        digest = hashlib.sha256(repr((*options, self.mapping == SCHEMA_ORG)).encode())
        for path in (*self.files, *([self.mapping] if self.mapping else ()), *self._beside()):
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
        if self.mapping == SCHEMA_ORG:
            yield from self._feed(graph, commit, progress)
            return
        tables = self.tables
        for part, path in enumerate(path for path in self.files if path not in tables):
            yield from read_rdf(
                path,
                graph=graph,
                skolem=skolem.prefix(commit, part),
                format=self.format,
                progress=progress,
            )
        if tables:
            yield from self._mapped(tables, graph, self.table_skolem(commit), secret, rejected, progress)

    def table_skolem(self, commit: str) -> str:
        """How the IRIs of blank nodes that come of tables begin in a commit."""
        return skolem.prefix(commit, len(self.files))

    @property
    def tables(self) -> list[Path]:
        """Those of the files that are tables; a feed of schema.org is none, whatever its suffix."""
        if self.mapping == SCHEMA_ORG:
            return []
        return [path for path in self.files if self.format is None and is_table(path)]

    def _beside(self) -> list[Path]:
        """The tables that the mapping reads beside those given."""
        if self.mapping is None or not self.tables:
            return []
        mapping = read_mapping(self.mapping)
        named = {*(one.source.path for one in mapping.triples_maps), *mapping.files}
        given = {table_name(path.name) for path in self.tables}
        if len(named) == len(given) == 1:
            return []
        return [self.tables[0].parent / name for name in sorted(named) if table_name(name) not in given]

    def _feed(
        self, graph: str, commit: str, progress: Callable[[int], None] | None
    ) -> Iterator[pa.RecordBatch]:
        """What feeds of schema.org say, in terms of the ontology; the files are one feed."""
        quads: list[ox.Quad] = []
        for part, path in enumerate(self.files):
            if suffix_of(path) == ".json" or (self.format or rdf_format(path)) == ox.RdfFormat.JSON_LD:
                quads += read_feed(path, progress=progress)
                continue
            beginning = skolem.prefix(commit, part)
            for batch in read_rdf(path, graph=graph, skolem=beginning, format=self.format, progress=progress):
                text = bytes(lines(skolem.unskolemised_batch(batch)))
                quads += ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=True)
        found = 0
        for batch in batches_of(crosswalk(quads), graph):
            found += len(batch)
            yield batch
        if not found:
            raise DataError(
                "There is no schema.org Product with a name in it",
                where=", ".join(map(str, self.files)),
                hint="nothing was stored; load it without --mapping to keep it as it is",
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
