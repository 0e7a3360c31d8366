"""File formats: which suffix means which RDF syntax, table or compression."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import pyoxigraph as ox

from .errors import UnsupportedFormat, UsageError

_BEGINNING = 4096
_OWL_SUFFIXES = {".owx": "OWL/XML", ".ofn": "functional syntax", ".omn": "Manchester syntax"}
_OWL_SYNTAXES = {
    r"<Ontology[\s>]": "OWL/XML",
    r"^(Prefix|Ontology)\(": "functional syntax",
    r"^(Prefix|Ontology):": "Manchester syntax",
}
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
TABLES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
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

    A file called ``.owl`` may be of any syntax: its beginning is looked at.

    Raises UnsupportedFormat, naming the suffixes that are read; for syntaxes of OWL alone with the remedy.
    """
    suffix = suffix_of(path)
    if suffix in (".owl", *_OWL_SUFFIXES):
        return _owl_format(path, suffix)
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


def _owl_format(path: Path, suffix: str) -> ox.RdfFormat:
    """What an ontology editor has written, by its beginning; RDF/XML where that can't be seen."""
    beginning = b""
    if path.is_file() and path.suffix.lower() not in COMPRESSIONS:
        with path.open("rb") as stream:
            beginning = stream.read(_BEGINNING)
    text = beginning.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    syntax = _OWL_SUFFIXES.get(suffix)
    for pattern, name in _OWL_SYNTAXES.items():
        if syntax is None and re.search(pattern, text, re.MULTILINE):
            syntax = name
    if syntax:
        raise UnsupportedFormat(
            f"This is {syntax}, a syntax of OWL that is no RDF",
            where=str(path),
            hint="in Protégé: File > Save as... > Turtle Syntax, and name that file",
        )
    if not text or text.startswith("<?xml") or "<rdf:RDF" in text:
        return ox.RdfFormat.RDF_XML
    return ox.RdfFormat.JSON_LD if text[0] in "{[" and '"@' in text else ox.RdfFormat.TURTLE


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
