"""Verbs about a store's health: quarantine."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from .options import format_option, opened, say, store_option


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
