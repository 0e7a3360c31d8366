"""Verbs of mining: review."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

import click

from .options import format_option, opened, put, say, store_option

_DECISIONS: dict[str, Literal["accept", "reject"]] = {"accept": "accept", "reject": "reject"}


@click.command(
    epilog="""
\b
Examples:
  kb review list
  kb review list --kind lists-spu --limit 20 --format json
  kb review accept lists-spu-3802e72d28277342
  kb review reject lists-spu-3802e72d28277342 --note "another size"
"""
)
@click.argument("action", type=click.Choice(["list", "decided", *_DECISIONS]), default="list")
@click.argument("ids", nargs=-1)
@click.option("--kind", help="Edges of one kind only: lists-spu, in-category, ...")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="The most to list.")
@click.option("--note", default="", help="Why; kept with the decision.")
@format_option("text", "json")
@store_option
def review(
    action: str, ids: tuple[str, ...], kind: str | None, limit: int, note: str, form: str, store: str
) -> int:
    """Decide about mined edges that are not sure enough to be stated.

    `list` shows what waits, surest first; `accept` and `reject` decide about it, by id, and bind the next run, which
    also learns from them; `decided` shows the decisions.
    """
    from ..errors import UsageError
    from ..mining import decide, decisions, queue

    if (action in _DECISIONS) != bool(ids):
        needs = "one or more ids" if action in _DECISIONS else "no id"
        raise UsageError(f"kb review {action} needs {needs}", hint="see kb review list")
    with opened(store, read_only=action not in _DECISIONS) as knowledge:
        if action in _DECISIONS:
            report = decide(knowledge, ids, _DECISIONS[action], note=note)
            put(report, form)
            return 0 if report else 1
        if action == "decided":
            put_all(decisions(knowledge, kind=kind)[:limit], form, "Nothing was decided yet")
        else:
            put_all(queue(knowledge, kind=kind, limit=limit), form, "Nothing waits for review")
    return 0


def put_all(values: Sequence[Any], form: str, none: str) -> None:
    """Results, a line each, or as JSON; `none` is said where there are none."""
    if form == "json":
        click.echo(json.dumps([one.to_dict() for one in values], ensure_ascii=False, indent=2, default=str))
        return
    for one in values:
        click.echo(str(one))
    if not values:
        say(none)
