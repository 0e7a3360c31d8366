"""The verbs of the demo: demo, generate."""

from __future__ import annotations

from pathlib import Path

import click

from .options import say


@click.command(
    epilog="""
\b
Examples:
  kb generate --scale 1 --output shop
  kb generate --scale 0.1 --faults 0.02 --seed 42 --output shop
  kb generate --as csv --output tables
"""
)
@click.option("--scale", default=1.0, show_default=True, help="1 is about 100,000 triples.")
@click.option("--seed", default=7, show_default=True, help="The same arguments give the same files.")
@click.option("--faults", default=0.0, show_default=True, help="The share of entities to spoil, 0 to 1.")
@click.option(
    "--output", "-o", required=True, type=click.Path(path_type=Path), help="The folder to write to."
)
@click.option("--as", "form", type=click.Choice(["nquads", "csv"]), default="nquads", show_default=True)
def generate(scale: float, seed: int, faults: float, output: Path, form: str) -> None:
    """Write a fictional, bilingual shop with a year of history and planted structure worth finding."""
    from ..demo import generate as write_shop

    shop = write_shop(output, scale=scale, seed=seed, faults=faults, form=form)  # type: ignore[arg-type]
    for path in shop.files:
        click.echo(path)
    say(f"{shop.quads:,} quads, {shop.faults:,} faults planted")
