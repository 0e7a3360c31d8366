"""The verb that drafts mappings, and what ``kb load`` does with tables that come without one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..errors import MappingError
from ..knowledge_base import KnowledgeBase
from ..loading.drafting import MappingDraft
from .options import format_option, say


@click.command(
    "map",
    epilog="""
\b
Examples:
  kb map products.csv > products.yml
  kb map abt.csv buy.csv --currency USD > both.yml
  kb map products.csv --format json
""",
)
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--currency", help="The currency (ISO 4217) of prices, where no column says it.")
@format_option("yarrrml", "json", default="yarrrml")
def map_(files: tuple[str, ...], currency: str | None, form: str) -> None:
    """Draft a mapping for tables of products from names and values of their columns.

    The mapping goes to standard output; what each column was taken for, how sure that is, what was left out and some
    of the triples go to standard error.
    """
    draft = KnowledgeBase.map([Path(file) for file in files], currency=currency)
    if form == "json":
        click.echo(json.dumps(draft.to_dict(), ensure_ascii=False, indent=2))
        return
    say(str(draft))
    click.echo(draft.text, nl=False)


def accepted(files: tuple[str, ...], *, store: str, source: str, currency: str | None, yes: bool) -> Path:
    """Show a draft for tables, ask, and keep what was accepted in the store's folder.

    Raises MappingError where nobody can be asked, and click.Abort for a no.
    """
    draft: MappingDraft = KnowledgeBase.map([Path(file) for file in files], currency=currency)
    say(str(draft))
    if not yes:
        if not sys.stdin.isatty():
            raise MappingError(
                "A table needs a mapping, and there is nobody to ask whether this draft will do",
                where=", ".join(files),
                hint=f"kb map {' '.join(files)} > map.yml, look at it, kb load --mapping map.yml; or --yes",
            )
        click.confirm("Load by this mapping?", abort=True, err=True)
    place = Path(store) / "mappings" / f"{source}.yml"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(draft.text, encoding="utf-8")
    say(f"The mapping is {place}")
    return place
