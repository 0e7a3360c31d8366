"""Verbs that write: load, update."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click

from ..formats import rdf_format_named, stem_of
from ..graphs import source_name
from ..knowledge_base import LoadOptions
from ..loading.inputs import Inputs
from ..settings import Durability, Reasoning, is_file
from .mapping import accepted
from .options import format_option, opened, progress, put, say, store_option, text_of


@click.command(
    epilog="""
\b
Examples:
  kb init --store shop.kb
  kb init --ontology model.ttl --shapes none
  kb init --ontology core --ontology extra.ttl
  kb init --ontology none --shapes none --reasoning none --store plain.kb
"""
)
@click.option(
    "--ontology", multiple=True, help="A module's name, a file, or none; repeatable [default: all modules]."
)
@click.option(
    "--shapes", multiple=True, help="A file, commerce-kb, or none; repeatable [default: commerce-kb]."
)
@click.option(
    "--reasoning", type=click.Choice(get_args(Reasoning)), help="The profile of rules that commits reason by."
)
@click.option(
    "--durability",
    type=click.Choice(["disk", "os"]),
    help="Acknowledge a commit when the disk, or the system, has it.",
)
@store_option
def init(
    ontology: tuple[str, ...],
    shapes: tuple[str, ...],
    reasoning: Reasoning | None,
    durability: Durability | None,
    store: str,
) -> None:
    """Make a store with an ontology, its vocabularies and shapes; the first load does so by itself.

    The choices are kept in the store's kb.toml.
    """
    chosen: dict[str, Any] = {
        "ontology": _names(ontology),
        "shapes": _names(shapes),
        "reasoning": reasoning,
        "durability": durability,
    }
    chosen = {name: value for name, value in chosen.items() if value is not None}
    with opened(store, read_only=False) as knowledge:
        knowledge.init(replace(knowledge.settings, **chosen) if chosen else None)
        say(f"{store} is ready, at snapshot {knowledge.snapshot.name}")


def _names(given: tuple[str, ...]) -> tuple[str, ...] | None:
    """Names of modules as they are, files absolute; None where nothing was given."""
    if not given:
        return None
    files = (str(Path(name).absolute()) if is_file(name) else name for name in given)
    return tuple(name for name in files if name != "none")


@click.command(
    epilog="""
\b
Examples:
  kb load feed.ttl
  kb load products.csv offers.csv --mapping shop.yml --source shop
  kb load products.csv --currency EUR            # drafts a mapping, shows it, asks
  zcat feed.nq.gz | kb load - --input-format nq --source nightly
  kb load feed.ttl --dry-run
"""
)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--source", help="What the quads are filed under [default: the first file's stem].")
@click.option("--mapping", "-m", type=click.Path(), help="RML (.ttl) or YARRRML (.yml) mapping, for tables.")
@click.option("--currency", help="The currency of prices in tables without mapping, where no column says it.")
@click.option("--yes", "-y", is_flag=True, help="Accept the mapping that is drafted for tables without one.")
@click.option("--message", help="The commit's message.")
@click.option("--add", is_flag=True, help="Add to the source instead of replacing what it said before.")
@click.option("--private", is_flag=True, help="File quads without a graph name among the private graphs.")
@click.option("--strict", is_flag=True, help="Refuse the whole load for one violation.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--input-format", help="Format of standard input or of a file with an odd suffix: ttl, nq, ...")
@format_option("text", "json")
@store_option
def load(
    files: tuple[str, ...],
    source: str | None,
    mapping: str | None,
    currency: str | None,
    yes: bool,
    message: str | None,
    add: bool,
    private: bool,
    strict: bool,
    dry_run: bool,
    input_format: str | None,
    form: str,
    store: str,
) -> int:
    """Load RDF files, or tables through a mapping, as one commit.

    What breaks a shape goes into quarantine with its reason; the rest goes in. Exit code 1 when anything was
    held back.
    """
    options = LoadOptions(
        mode="add" if add else "replace",
        private=private,
        strict=strict,
        dry_run=dry_run,
        format=rdf_format_named(input_format) if input_format else None,
    )
    inputs = Inputs(tuple(map(Path, files)), format=options.format)
    if mapping is None and inputs.tables:
        source = source or source_name(stem_of(inputs.files[0]))
        tables = tuple(map(str, inputs.tables))
        mapping = str(accepted(tables, store=store, source=source, currency=currency, yes=yes))
    with opened(store, read_only=False) as knowledge, progress(inputs.size, "reading") as advance:
        report = knowledge.load(
            files, source=source, mapping=mapping, message=message, options=options, progress=advance
        )
    put(report, form)
    return 0 if report else 1


@click.command(
    epilog="""
\b
Examples:
  kb update 'INSERT DATA { <https://w3id.org/commerce-kb/id/brand/x> a ckb:Brand }'
  kb update changes.ru --source corrections --message "brand names corrected"
"""
)
@click.argument("text")
@click.option("--source", default="update", show_default=True, help="What unnamed quads are filed under.")
@click.option("--message", help="The commit's message.")
@format_option("text", "json")
@store_option
def update(text: str, source: str, message: str | None, form: str, store: str) -> int:
    """Run a SPARQL update (a text, a file, or - for standard input) as one commit."""
    with opened(store, read_only=False) as knowledge:
        report = knowledge.update(text_of(text), source=source, message=message)
    put(report, form)
    return 0 if report else 1
