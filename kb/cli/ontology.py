"""Verbs about the model: ontology."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import pyoxigraph as ox

from ..errors import OntologyError, UsageError
from ..formats import rdf_format
from ..loading.rdf import open_source
from ..reasoning import check_ontology
from .options import format_option, opened, put, say, store_option


@click.command(
    epilog="""
\b
Examples:
  kb ontology check
  kb ontology check --write
  kb ontology check my-ontology.ttl what-it-imports.ttl --format json
"""
)
@click.argument("action", type=click.Choice(["check"]))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--write", is_flag=True, help="Store what classification adds, as a commit.")
@format_option("text", "json")
@store_option
def ontology(action: str, files: tuple[Path, ...], write: bool, form: str, store: str) -> int:
    """Check the ontology of the store, or the files of one. Exit code 1 for a fault.

    HermiT (Java) looks for contradictions and for classes that can have no member, with axioms that make it so,
    and classifies. What that adds to the rules of OWL 2 RL is part of the ontology once it is written: reasoning
    never needs Java. What the rules don't cover is listed with a remedy.
    """
    if files and write:
        raise UsageError("--write is for the ontology of a store", hint="leave the files out")
    if files:
        found = check_ontology(quad for path in files for quad in _read(path))
    else:
        with opened(store, read_only=not write) as knowledge:
            found = knowledge.check_ontology(write=write)
    put(found, form)
    if write:
        say(f"{len(found.added)} axioms written")
    return 0 if found else 1


def _read(path: Path) -> Iterator[ox.Quad]:
    with open_source(path) as stream:
        try:
            yield from ox.parse(
                stream.read(),
                format=rdf_format(path),
                base_iri=path.absolute().as_uri(),
                rename_blank_nodes=True,
            )
        except SyntaxError as fault:
            raise OntologyError(
                f"It does not parse: {fault.msg}", where=f"{path}, line {fault.lineno}"
            ) from None
