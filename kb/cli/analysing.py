"""The verb that looks at the market."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from ..graphs import DATA
from .options import at_option, opened, say, short, store_option

if TYPE_CHECKING:
    from ..insight import Insight

NAMES = (
    "top", "movers", "share", "concentration", "competitors", "price-position", "price-history", "white-space",
    "influencers", "campaigns", "seasonality",
)  # fmt: skip


@click.command(
    epilog="""
\b
Examples:
  kb insight top --category Beauty --limit 10
  kb insight movers --since 2026-06-01 --until 2026-06-29
  kb insight share --category Electronics --region cn-east
  kb insight competitors --family Ostuzeph
  kb insight price-history --sku 06909900000025 --format csv > prices.csv
"""
)
@click.argument("name", type=click.Choice(NAMES))
@click.option("--category", help="A category, with all below it: name, IRI or CURIE.")
@click.option("--family", help="A brand, with all of its family: name, IRI or CURIE.")
@click.option("--region", help="A region: name, code or IRI.")
@click.option("--since", metavar="DATE", help="Where the window begins [default: some weeks before its end].")
@click.option("--until", metavar="DATE", help="Before what it ends [default: the end of the data].")
@click.option("--merchant", help="For price-position: the merchant to compare.")
@click.option("--sku", help="For price-history: name, GTIN or IRI.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many rows.")
@click.option(
    "--format",
    "-f",
    "form",
    type=click.Choice(["table", "json", "csv"]),
    help="Default: table; csv in a pipe.",
)
@at_option
@store_option
def insight(name: str, form: str | None, at: str | None, store: str, **given: Any) -> None:
    """Look at the market: who sells, who rises, who competes, at which price, and where nobody is.

    Sales are those that panels report, or own orders where there are none. What is said to rise, fall or peak does so
    beyond noise: docs/insight.md says how that is judged. In SPARQL the same is asked by the questions C01 to C15.
    """
    from ..insight import Scope

    with opened(store, at=at) as knowledge:
        _print(knowledge.insight(name, scope=Scope(**given)), form)


def _print(found: Insight, form: str | None) -> None:
    form = form or ("table" if sys.stdout.isatty() else "csv")
    if form == "json":
        click.echo(json.dumps(found.to_dict(), ensure_ascii=False, indent=2, default=str))
    elif form == "csv":
        click.echo(found.to_csv(), nl=False)
    else:
        _table(found)


def _table(found: Insight) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=found.title, header_style="bold")
    # Names of one language are enough for a terminal.
    rows = found.rows.drop([name for name in found.rows.column_names if name.endswith("_zh")])
    for name in rows.column_names:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows.to_pylist():
        table.add_row(*(_cell(value) for value in row.values()))
    Console().print(table)
    say(f"{len(found.rows)} rows; in SPARQL: kb query {found.question}")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return "" if value is None else short(str(value).removeprefix(DATA))
