"""Verbs about versions and what was held back: log, revert, quarantine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from .options import format_option, opened, put, say, store_option


@click.command(
    epilog="""
\b
Examples:
  kb log
  kb log --format json | jq '.[-1].message'
"""
)
@format_option("text", "json")
@store_option
def log(form: str, store: str) -> None:
    """List the commits, newest first."""
    with opened(store) as knowledge:
        commits = list(reversed(knowledge.log()))
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in commits], ensure_ascii=False, indent=2))
        return
    for one in commits:
        changed = f"+{one.added:,} -{one.removed:,}"
        click.echo(
            f"#{one.number}\t{one.id[:8]}\t{one.time[:19]}\t{one.author}\t{one.source}\t{changed}\t{one.message}"
        )


@click.command(
    epilog="""
\b
Examples:
  kb revert '#3'
  kb revert 4056d00b
"""
)
@click.argument("commit")
@format_option("text", "json")
@store_option
def revert(commit: str, form: str, store: str) -> int:
    """Undo one commit by a new one."""
    with opened(store, read_only=False) as knowledge:
        report = knowledge.revert(commit)
    put(report, form)
    return 0 if report else 1


@click.command(
    epilog="""
\b
Examples:
  kb quarantine
  kb quarantine --format json
"""
)
@format_option("text", "json")
@store_option
def quarantine(form: str, store: str) -> None:
    """List what the gate held back, and why."""
    with opened(store) as knowledge:
        entries = knowledge.quarantine()
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in entries], ensure_ascii=False, indent=2, default=str))
        return
    for entry in entries:
        click.echo(f"{entry.source} ({entry.commit[:8]}): {len(entry.nodes)} nodes, quads in {entry.quads}")
        for node in entry.nodes:
            click.echo(f"  {node}")
            for reason in entry.reasons(node):
                click.echo(f"    {reason}")
    if not entries:
        say("Nothing is in quarantine")
