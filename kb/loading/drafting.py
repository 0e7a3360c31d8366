"""A first mapping for files that nobody has mapped: products as SPU, SKU and offer, with their brands and categories.

It is YARRRML as a person would write it, over one query that says what each column is taken for; there it is mended.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import yaml

from ..errors import MappingError
from .column_profile import profile_table
from .drafted_tables import Table
from .inputs import Inputs
from .meanings import Meaning, guess_meanings
from .sources import RejectedRow

_ID = "https://w3id.org/commerce-kb/id/"
_ROWS = 2


@dataclass(frozen=True)
class DraftedTable:
    """What one table's columns were taken for."""

    name: str
    rows: int
    columns: tuple[Meaning, ...]


@dataclass(frozen=True)
class MappingDraft:
    """A drafted mapping: its YARRRML text, what it rests on, and some of the triples that it makes."""

    text: str
    tables: tuple[DraftedTable, ...]
    notes: tuple[str, ...]
    preview: tuple[str, ...]

    def __str__(self) -> str:
        lines = []
        for table in self.tables:
            lines += [f"{table.name}: {table.rows:,} rows", *(f"  {column}" for column in table.columns)]
        lines += [f"! {note}" for note in self.notes]
        return "\n".join([*lines, "", "Some of its triples:", *(f"  {triple}" for triple in self.preview)])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def draft_mapping(files: Sequence[Path], *, currency: str | None = None) -> MappingDraft:
    """A mapping for tables of products or categories; `currency` (ISO 4217) is for prices without one.

    Raises MappingError where no file looks like such a table, SourceError, UnsupportedFormat.
    """
    notes: list[str] = []
    tables, parts, used = [], [], []
    for file in files:
        profile = profile_table(file)
        meanings = guess_meanings(profile)
        tables.append(DraftedTable(file.name, profile.rows, meanings))
        notes += [
            f"{file.name}: '{one.column}' looks personal ({one.field}) and is left out"
            for one in meanings
            if one.personal
        ]
        table = Table(
            profile, {one.field: one.column for one in meanings if one.field and not one.personal}, notes
        )
        if table.describes_products or table.describes_categories:
            parts.append(table.products(currency) if table.describes_products else table.tree())
            used.append(file)
        else:
            notes.append(f"{file.name} is left out: it looks like neither products nor categories")
    if not parts:
        raise MappingError(
            "No file looks like a table of products or of categories",
            where=", ".join(file.name for file in files),
            hint="write a mapping for it: docs/mapping.md",
        )
    merged = {
        "prefixes": {"id": _ID, "dcterms": "http://purl.org/dc/terms/"},
        **{section: {k: v for part in parts for k, v in part[section].items()} for section in parts[0]},
    }
    text = _written(merged)
    return MappingDraft(text, tuple(tables), tuple(notes), tuple(_preview(used, text)))


def _written(document: dict[str, Any]) -> str:
    class Dumper(yaml.SafeDumper):
        pass

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)

    def row(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
        flat = all(isinstance(one, str) for one in value)
        return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)

    Dumper.add_representer(str, text)
    Dumper.add_representer(list, row)
    head = "# Drafted by kb map from names and values of columns: look it through before you rely on it.\n"
    return head + yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=120)


def _preview(files: Sequence[Path], text: str) -> list[str]:
    """The first triples of each kind of subject."""
    found: list[str] = []
    rejected: list[RejectedRow] = []
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as mapping:
        mapping.write(text)
        mapping.flush()
        inputs = Inputs(tuple(files), Path(mapping.name))
        batches = inputs.batches(graph="urn:preview", commit="preview", secret=b"preview", rejected=rejected)
        for batch in batches:
            for row in islice(batch.to_pylist(), _ROWS):
                triple = f"{row['s']} {row['p']} {row['o']}".replace(_ID, "").replace(
                    "https://w3id.org/commerce-kb/onto#", "ckb:"
                )
                found.append(triple[:160])
    return found
