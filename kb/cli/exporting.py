"""The verb that hands data out to other teams."""

from __future__ import annotations

from pathlib import Path

import click

from ..exports import FORMATS, ExportOptions
from .options import at_option, format_option, opened, put, store_option


@click.command(
    epilog="\b\nFormats:\n"
    + "\n".join(f"  {name:<12} {one.summary}" for name, one in FORMATS.items())
    + """

\b
Examples:
  kb export star-schema lake/shop
  kb export recbole datasets/shop --core 10
  kb export star-schema lake/changes --since 12
  kb export pykeen triples --at 2026-01-31
"""
)
@click.argument("kind", metavar="FORMAT", type=click.Choice(list(FORMATS)))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--core", default=5, show_default=True, help="Least interactions of each buyer and product.")
@click.option("--name", help="What the pseudonyms are made for: equal names can be joined [default: FORMAT].")
@click.option("--since", metavar="COMMIT|TIME", help="Only what changed after it (star-schema).")
@at_option
@format_option("text", "json")
@store_option
def export(
    kind: str,
    target: Path,
    core: int,
    name: str | None,
    since: str | None,
    at: str | None,
    form: str,
    store: str,
) -> None:
    """Write data for recommendation and analytics teams into the folder TARGET.

    Buyers, orders and events are under pseudonyms. Interactions are split by time, and what was known later than the
    training data is left out of the knowledge. manifest.json lists all files with rows and checksums. An earlier
    export in TARGET is replaced at the end; its numbers for entities stay.
    """
    options = ExportOptions(name=name, core=core)
    with opened(store, at=at) as knowledge:
        put(knowledge.export(kind, target, options=options, since=since), form)
