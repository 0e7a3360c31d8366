"""Verbs that look at the whole store: reason, stats, dump."""

from __future__ import annotations

import click
import pyoxigraph as ox

from ..errors import UsageError
from ..formats import rdf_format_named
from .options import at_option, format_option, opened, put, store_option


@click.command(
    epilog="""
\b
Examples:
  kb reason
  kb reason --all --format json
"""
)
@click.option(
    "--all", "every", is_flag=True, help="Tell every contradiction in full, not only the first three."
)
@format_option("text", "json")
@store_option
def reason(every: bool, form: str, store: str) -> int:
    """Work out all consequences anew and report on them. Exit code 1 for a contradiction.

    A contradiction comes with the proof of each side and what to take back so that it goes away.
    """
    with opened(store) as knowledge:
        report = knowledge.reason(accounts=None if every else 3)
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
