"""The verbs of the demo: demo, generate."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from .options import opened, say


@click.command(
    epilog="""
\b
Examples:
  kb demo
  kb demo --port 8080
  kb demo --no-serve
"""
)
@click.option("--port", default=7878, show_default=True, help="The port to serve on.")
@click.option("--scale", default=1.0, show_default=True, help="1 is about 100,000 triples.")
@click.option("--no-serve", is_flag=True, help="Stop behind the walk.")
@click.option(
    "--store",
    type=click.Path(path_type=Path),
    default="demo.kb",
    show_default=True,
    help="The store's folder.",
)
def demo(port: int, scale: float, no_serve: bool, store: Path) -> None:
    """Build a demo shop, load it, walk through five moments, serve it until Ctrl-C."""
    from ..demo.tour import moments, prepare
    from .serving import free_port

    if not no_serve:
        free_port(port)
    made = prepare(store, scale=scale, say=say)
    if not made:
        say(f"{store} is there already; remove the folder to begin anew")
    with opened(str(store)) as knowledge:
        for number, moment in enumerate(moments(knowledge), 1):
            click.echo(f"\n{number}. {moment.title}\n")
            click.echo("\n".join(f"   {line}" for line in moment.text.splitlines()))
            click.echo(f"\n   {moment.command} --store {store}")
    click.echo(_QUERIES.format(store=store))
    if not no_serve:
        # A process of its own: the server forks, and this one has open stores and threads.
        sys.stdout.flush()
        words = ["-m", "kb", "serve", "--local-token", "--store", str(store), "--port", str(port)]
        os.execv(sys.executable, [sys.executable, *words])


_QUERIES = """
Three queries to try:
   kb query C01 --store {store}
   kb query 'SELECT ?c (COUNT(*) AS ?n) {{ ?s a ?c }} GROUP BY ?c ORDER BY DESC(?n) LIMIT 10' --store {store}
   kb query G05 --store {store}

Now yours: kb load your.csv --mapping your.yml (docs/mapping.md); before it: . .venv/bin/activate
"""


@click.command(
    epilog="""
\b
Examples:
  kb generate --scale 1 --output shop
  kb generate --scale 0.1 --faults 0.02 --seed 42 --output shop
  kb generate --noise 0.3 --output careless
  kb generate --as csv --output tables
"""
)
@click.option("--scale", default=1.0, show_default=True, help="1 is about 100,000 triples.")
@click.option("--seed", default=7, show_default=True, help="The same arguments give the same files.")
@click.option("--faults", default=0.0, show_default=True, help="The share of entities to spoil, 0 to 1.")
@click.option(
    "--noise",
    default=0.0,
    show_default=True,
    help="The share of careless listings, and of what strays, 0 to 1.",
)
@click.option(
    "--output", "-o", required=True, type=click.Path(path_type=Path), help="The folder to write to."
)
@click.option("--as", "form", type=click.Choice(["nquads", "csv"]), default="nquads", show_default=True)
def generate(scale: float, seed: int, faults: float, noise: float, output: Path, form: str) -> None:
    """Write a fictional, bilingual shop with a year of history and planted structure worth finding."""
    from ..demo import generate as write_shop

    shop = write_shop(output, scale=scale, seed=seed, faults=faults, noise=noise, form=form)  # type: ignore[arg-type]
    for path in shop.files:
        click.echo(path)
    say(f"{shop.quads:,} quads, {shop.faults:,} faults planted")
