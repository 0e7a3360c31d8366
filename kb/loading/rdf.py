"""RDF files as quad batches: opened, decompressed, parsed, skolemised."""

from __future__ import annotations

import gzip
import io
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
import zstandard

from .. import graphs
from ..columns.batches import batches_of
from ..errors import DataError, SourceError, SyntaxFault
from ..formats import STANDARD_INPUT, rdf_format
from ..rdf_guard import Watch
from ..skolem import skolemised
from .line_formats import read_lines

Progress = Callable[[int], None]
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def read_rdf(
    path: Path,
    *,
    graph: str,
    skolem: str,
    format: ox.RdfFormat | None = None,
    progress: Progress | None = None,
) -> Iterator[pa.RecordBatch]:
    """The quads of a file; those of its default graph go to `graph`, blank nodes become IRIs below `skolem`.

    `progress` is told the bytes of the file (compressed, if it is) as they are read. Raises SourceError,
    UnsupportedFormat, SyntaxFault (file, line, column, fragment) and DataError for a reserved graph name.
    """
    with open_source(path, progress=progress) as source:
        form = format or rdf_format(path)
        try:
            head = source.peek(1 << 16)  # type: ignore[attr-defined]
            if not head.strip(b"\xef\xbb\xbf \t\r\n"):
                raise SourceError(
                    "The file is empty", where=str(path), hint="nothing was stored; check the export"
                )
            if form in (ox.RdfFormat.N_TRIPLES, ox.RdfFormat.N_QUADS):
                batches = read_lines(source, graph=graph, graphs=form == ox.RdfFormat.N_QUADS)
            else:
                watch = Watch(form, str(path))
                watched = cast(IO[bytes], _Watched(source, watch))
                parsed = ox.parse(watched, format=form, rename_blank_nodes=False)
                batches = batches_of(watch.modest(parsed), graph)
            for batch in batches:
                yield _checked(skolemised(batch, skolem), path)
        except SyntaxError as fault:
            raise _located(fault, path) from None
        except MemoryError:
            raise SyntaxFault(
                "A single term or comment is longer than 16 MiB",
                where=str(path),
                hint="nothing was stored; keep such texts in a file and their address in the graph",
            ) from None
        except (OSError, EOFError, zlib.error, zstandard.ZstdError) as fault:
            raise SourceError(f"The file can't be decompressed or read: {fault}", where=str(path)) from None


def open_source(path: Path, *, progress: Progress | None = None) -> IO[bytes]:
    """A file (``-`` is standard input) opened to read, decompressed by what its first bytes say.

    Raises SourceError for what is missing, a folder, a URL or empty.
    """
    if path == STANDARD_INPUT:
        raw: IO[bytes] = sys.stdin.buffer
    else:
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", str(path)):
            raise SourceError("URLs are not fetched", where=str(path), hint="download it and load the file")
        if path.is_dir():
            raise SourceError("This is a folder", where=str(path), hint=f"name the files: kb load {path}/*")
        try:
            raw = path.open("rb")
        except OSError as error:
            raise SourceError(f"Can't open it: {error.strerror}", where=str(path)) from None
    counted = io.BufferedReader(_Counted(raw, progress), 1 << 20)
    try:
        kind = next((name for magic, name in _MAGIC.items() if counted.peek(4).startswith(magic)), None)
    except BaseException:
        counted.close()
        raise
    if kind is None and path.suffix.lower() in (".gz", ".zst"):
        raise SourceError(
            "The file is empty or not compressed as its name says",
            where=str(path),
            hint="fetch or export it again",
        )
    if kind == "gzip":
        return io.BufferedReader(gzip.GzipFile(fileobj=counted), 1 << 20)
    if kind == "zstd":
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(counted), 1 << 20)
    return counted


class _Watched:
    """A source whose bytes are looked at as they are read."""

    def __init__(self, source: IO[bytes], watch: Watch) -> None:
        self._source = source
        self._watch = watch

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._watch.take(piece)
        return piece


class _Counted(io.RawIOBase):
    """A raw reader that tells how many bytes went through it."""

    def __init__(self, raw: IO[bytes], progress: Progress | None) -> None:
        self._raw = raw
        self._progress = progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        count = self._raw.readinto(buffer)  # type: ignore[attr-defined]
        if self._progress and count:
            self._progress(count)
        return count

    def close(self) -> None:
        if self._raw is not sys.stdin.buffer:
            self._raw.close()
        super().close()


def _checked(batch: pa.RecordBatch, path: Path) -> pa.RecordBatch:
    for name in pc.unique(batch.column("g")).to_pylist():
        if graphs.is_reserved(name[1:-1]):
            raise DataError(
                f"The file names the graph {name}, which the knowledge base keeps itself",
                where=str(path),
                hint="give its quads another graph name",
            )
    return batch


def _located(fault: SyntaxError, path: Path) -> DataError:
    message = str(fault.msg if hasattr(fault, "msg") and fault.msg else fault)
    where = str(path)
    fragment = ""
    if fault.lineno:
        where += f", line {fault.lineno}, column {fault.offset}"
        fragment = _fragment(path, fault.lineno)
    if "utf-8" in message.lower() or "utf8" in message.lower():
        return SourceError(
            "The file is not UTF-8", where=where, hint="convert it, for example: iconv -f GB18030 -t UTF-8"
        )
    return SyntaxFault(
        f"{message}{fragment}", where=where, hint="nothing was stored; mend the file and load it again"
    )


def _fragment(path: Path, line: int) -> str:
    if path == STANDARD_INPUT:
        return ""
    with open_source(path) as source:
        for number, text in enumerate(source, 1):
            if number == line:
                return f": «{text.decode('utf-8', 'replace').strip()[:120]}»"
    return ""
