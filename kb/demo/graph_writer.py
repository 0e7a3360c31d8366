"""Rows to N-Quads, as the mappings say: ``mappings/*.yml`` are compiled to one text template a mapping.

The mappings are plain YARRRML (the subset that they use: CSV sources, subject templates, predicates with templates,
references, datatypes and languages, graphs), so the N-Quads here and what loading the tables through them gives agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from .blocks import Block, Column

_REFERENCE = re.compile(r"\$\((\w+)\)")
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@dataclass(frozen=True)
class Line:
    """What follows the subject on one line, with %s where cells go, and the columns of these cells."""

    text: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """One mapping: a subject and its lines."""

    subject: Line
    lines: tuple[Line, ...]

    def write(self, columns: Mapping[str, Column]) -> tuple[str, int]:
        """The N-Quads of some rows and their number; a line with an empty cell is left out."""
        pieces: list[str] = []
        cells: list[Column] = []
        count, rows = 0, len(next(iter(columns.values())))
        for line in self.lines:
            references = (*self.subject.references, *line.references)
            text = f"{self.subject.text} {line.text}"
            if any(None in columns[name] for name in references):
                fragments = _fill(text, [columns[name] for name in references])
                count += rows - fragments.count("")
                pieces.append("%s")
                cells.append(fragments)
            else:
                count += rows
                pieces.append(text)
                cells.extend(columns[name] for name in references)
        if not cells:
            return "".join(pieces) * rows, count
        return "".join(map("".join(pieces).__mod__, zip(*cells, strict=True))), count


def _fill(text: str, cells: Sequence[Column]) -> list[str]:
    return ["" if None in row else text % row for row in zip(*cells, strict=True)]


def read_templates() -> dict[str, dict[str, tuple[Template, ...]]]:
    """For each mapping file (by stem) its templates by table."""
    found: dict[str, dict[str, tuple[Template, ...]]] = {}
    for file in sorted((files(__package__) / "mappings").iterdir(), key=lambda each: each.name):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        tables = found.setdefault(file.name.removesuffix(".yml"), {})
        for mapping in document["mappings"].values():
            table = mapping["sources"][0][0].removesuffix(".csv~csv")
            tables[table] = (*tables.get(table, ()), _compile(mapping, document["prefixes"]))
    return found


def _compile(mapping: dict[str, Any], prefixes: dict[str, str]) -> Template:
    def iri(text: str) -> str:
        prefix, _, rest = text.partition(":")
        return f"<{prefixes[prefix]}{rest}>"

    def line(text: str) -> Line:
        return Line(_REFERENCE.sub("%s", text.replace("%", "%%")), tuple(_REFERENCE.findall(text)))

    lines = []
    for predicate, value, *kind in mapping["po"]:
        if predicate == "a":
            term = iri(value)
        elif value.endswith("~iri"):
            term = iri(value.removesuffix("~iri"))
        elif kind and kind[0].endswith("~lang"):
            term = f'"{value}"@{kind[0].removesuffix("~lang")}'
        else:
            term = f'"{value}"^^{iri(kind[0])}' if kind else f'"{value}"'
        verb = f"<{_TYPE}>" if predicate == "a" else iri(predicate)
        lines.append(line(f"{verb} {term} {iri(mapping['graphs'])} .\n"))
    return Template(line(iri(mapping["s"])), tuple(lines))


def write_quads(block: Block, templates: tuple[Template, ...]) -> tuple[str, int]:
    """The N-Quads of a block and their number."""
    texts, counts = zip(*(template.write(block.columns) for template in templates), strict=True)
    return "".join(texts), sum(counts)
