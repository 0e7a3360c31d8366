"""Verbs that look at the whole store: validate, reason, stats, dump."""

from __future__ import annotations

import sys

import click
import pyoxigraph as ox

from ..errors import UsageError
from ..formats import rdf_format_named
from ..knowledge_base import LoadOptions
from .options import at_option, format_option, opened, put, say, store_option


@click.command(
    epilog="""
\b
Examples:
  kb validate
  kb validate feed.ttl
  kb validate --format json | jq '.results[].focus'
"""
)
@click.argument("files", nargs=-1, type=click.Path())
@click.option("--mapping", "-m", type=click.Path(), help="RML (.ttl) or YARRRML (.yml) mapping, for tables.")
@format_option("text", "json", "turtle")
@store_option
def validate(files: tuple[str, ...], mapping: str | None, form: str, store: str) -> int:
    """Judge the store by its shapes, or files as if they were loaded. Exit code 1 for a violation."""
    with opened(store, read_only=not files) as knowledge:
        if files:
            tried = knowledge.load(files, mapping=mapping, options=LoadOptions(dry_run=True))
            report = tried.validation
            if report is None:
                say("Nothing new to judge: the store holds all of it already")
                return 0
        else:
            report = knowledge.validate()
    if form == "turtle":
        ox.serialize(report.to_graph(), sys.stdout.buffer, format=ox.RdfFormat.TURTLE)
    else:
        put(report, form)
    return 1 if report.count("Violation") else 0


@click.command(
    epilog="""
\b
Examples:
  kb reason
  kb reason --format json
"""
)
@format_option("text", "json")
@store_option
def reason(form: str, store: str) -> int:
    """Work out all consequences anew and report on them. Exit code 1 for a contradiction."""
    with opened(store) as knowledge:
        report = knowledge.reason()
    put(report, form)
    return 0 if report else 1


@click.command(
    epilog="""
\b
Examples:
  kb stats
  kb stats --at 2026-01-31
  kb stats --format json | jq .graphs
"""
)
@at_option
@format_option("text", "json")
@store_option
def stats(at: str | None, form: str, store: str) -> None:
    """Show the store in numbers: graphs, classes, size."""
    with opened(store, at=at) as knowledge:
        put(knowledge.stats(), form)


@click.command(
    epilog="""
\b
Examples:
  kb dump > shop.nq
  kb dump --public --output public.nq
  kb dump --at 12 > then.nq
  kb dump --graph https://w3id.org/commerce-kb/graph/catalog --format ttl
"""
)
@click.option("--graph", help="One graph only.")
@click.option("--public", is_flag=True, help="Leave private graphs out.")
@click.option("--output", "-o", type=click.File("wb"), default="-", help="A file [default: standard output].")
@click.option(
    "--format", "-f", "form", default="nq", show_default=True, help="nq, nt, trig, ttl, jsonld or rdf."
)
@at_option
@store_option
def dump(graph: str | None, public: bool, output, form: str, at: str | None, store: str) -> None:
    """Write all asserted data (or one graph of any kind); kb load reads it back."""
    chosen = rdf_format_named(form)
    if not chosen.supports_datasets and graph is None:
        raise UsageError(f"{chosen.name} holds one graph", hint="name it with --graph, or use nq or trig")
    with opened(store, at=at) as knowledge:
        pieces = knowledge.dump(graph=graph, private=not public)
        if chosen == ox.RdfFormat.N_QUADS:
            for piece in pieces:
                output.write(piece)
            return
        quads = (
            quad for piece in pieces for quad in ox.parse(piece, format=ox.RdfFormat.N_QUADS, lenient=True)
        )
        triples = (quad.triple for quad in quads) if not chosen.supports_datasets else quads
        ox.serialize(triples, output, format=chosen)
