"""Where a node stands in the files that it came from: a line of an RDF file, a row of a table."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import KbError
from ..formats import STANDARD_INPUT
from .inputs import Inputs
from .mapping import read_mapping
from .rdf import open_source
from .tables import TableOptions, rows_of_subjects

_PREFIX = re.compile(rb"@?prefix\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A file, and a line (RDF) or a data row from 1 on (tables) where it is known."""

    file: str
    row: int | None = None


def places_of(
    inputs: Inputs, nodes: Collection[str], *, graph: str, commit: str, secret: bytes
) -> Mapping[str, Place]:
    """Where nodes (N-Triples syntax) are said first, as far as that can be seen; a second look at the files.

    A line of Turtle is the first that begins a statement with the node, else the first that names it.
    """
    found: dict[str, Place] = {}
    files = [path for path in inputs.files if path != STANDARD_INPUT]
    tables = [path for path in files if path in inputs.tables]
    for path in files:
        missing = [node for node in nodes if node not in found]
        if path not in tables and missing:
            with suppress(KbError, OSError):
                found.update(_lines_of(path, missing))
    if tables and inputs.mapping is not None:
        missing = [node for node in nodes if node not in found]
        options = TableOptions(graph=graph, skolem=inputs.table_skolem(commit), secret=secret)
        rows = rows_of_subjects(
            read_mapping(inputs.mapping),
            missing,
            folder=tables[0].parent,
            tables={path.name: path for path in tables},
            options=options,
        )
        found.update({node: Place(file, row) for node, (file, row) in rows.items()})
    return found


def _lines_of(path: Path, nodes: Collection[str]) -> Iterator[tuple[str, Place]]:
    """The first lines of a text that name the nodes, in full or by a prefix that the text declares."""
    wanted = {node[1:-1].encode(): node for node in nodes if node.startswith("<")}
    prefixes: dict[bytes, bytes] = {}
    named: dict[str, int] = {}
    begun: dict[str, int] = {}
    with open_source(path) as source:
        for number, line in enumerate(source, 1):
            if line.lstrip()[:7].lower().startswith((b"@prefix", b"prefix")):
                prefixes.update(_PREFIX.findall(line))
                continue
            for begins, iri in _iris(line, prefixes):
                node = wanted.get(iri)
                if node is not None:
                    (begun if begins else named).setdefault(node, number)
    for node in wanted.values():
        line_number = begun.get(node) or named.get(node)
        if line_number:
            yield node, Place(path.name, line_number)


_NAMES = re.compile(rb"<([^<>\"\s]+)>|(?<![\w:<\"/])([\w.-]*):([\w%][\w.%-]*)|\"(?:[^\"\\\n]|\\.)*\"")


def _iris(line: bytes, prefixes: Mapping[bytes, bytes]) -> Iterator[tuple[bool, bytes]]:
    """The IRIs that a line names, and whether the line begins with them."""
    for match in _NAMES.finditer(line):
        begins = match.start() == 0
        if match[1]:
            yield begins, match[1]
        elif match[3] and match[2] in prefixes:
            yield begins, prefixes[match[2]] + match[3].rstrip(b".")
        elif not match[3]:
            yield begins, match[0].strip(b'"')
