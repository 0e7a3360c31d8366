"""File formats: which suffix means which RDF syntax, table or compression."""

from __future__ import annotations

import difflib
from pathlib import Path

import pyoxigraph as ox

from .errors import UnsupportedFormat, UsageError

RDF_FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".trig": ox.RdfFormat.TRIG,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".nq": ox.RdfFormat.N_QUADS,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".owl": ox.RdfFormat.RDF_XML,
    ".xml": ox.RdfFormat.RDF_XML,
    ".jsonld": ox.RdfFormat.JSON_LD,
}
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
COMPRESSIONS = (".gz", ".zst")
STANDARD_INPUT = Path("-")

_NAMES = {
    "turtle": ".ttl",
    "ttl": ".ttl",
    "trig": ".trig",
    "ntriples": ".nt",
    "nt": ".nt",
    "nquads": ".nq",
    "nq": ".nq",
    "rdfxml": ".rdf",
    "rdf": ".rdf",
    "xml": ".rdf",
    "jsonld": ".jsonld",
    "json-ld": ".jsonld",
}


def suffix_of(path: Path) -> str:
    """The suffix that tells the format, compression left aside.

    >>> suffix_of(Path("feed.TTL.gz"))
    '.ttl'
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def stem_of(path: Path) -> str:
    """The file name without format and compression.

    >>> stem_of(Path("data/feed.2026.nq.gz"))
    'feed.2026'
    """
    name = path.name
    while Path(name).suffix.lower() in (*COMPRESSIONS, *RDF_FORMATS, *TABLES):
        name = Path(name).stem
    return name


def is_table(path: Path) -> bool:
    """Whether a file needs a mapping.

    >>> is_table(Path("orders.csv.gz")), is_table(Path("feed.ttl"))
    (True, False)
    """
    return suffix_of(path) in TABLES


def rdf_format(path: Path) -> ox.RdfFormat:
    """The RDF syntax of a file by its suffix.

    >>> rdf_format(Path("feed.nq.zst")).name
    'N-Quads'

    Raises UnsupportedFormat, naming the suffixes that are read.
    """
    suffix = suffix_of(path)
    if suffix not in RDF_FORMATS:
        near = difflib.get_close_matches(suffix, [*RDF_FORMATS, *TABLES], 1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UnsupportedFormat(
            f"'{suffix or path.name}' is no suffix of a known format",
            where=str(path),
            hint=f"{meant}read are {' '.join(RDF_FORMATS)}, and with a mapping {' '.join(TABLES)}; "
            "for standard input say --input-format",
        )
    return RDF_FORMATS[suffix]


def rdf_format_named(name: str) -> ox.RdfFormat:
    """The RDF syntax by its everyday name.

    >>> rdf_format_named("turtle").name
    'Turtle'

    Raises UsageError.
    """
    suffix = _NAMES.get(name.lower().lstrip("."))
    if suffix is None:
        raise UsageError(f"No RDF format is called '{name}'", hint=f"use one of {', '.join(_NAMES)}")
    return RDF_FORMATS[suffix]
