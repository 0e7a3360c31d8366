"""Verbs about tokens: who may use the server, and what for."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from ..tokens import Role, Tokens, role_of
from .options import format_option, say, store_option


@click.group(
    epilog="""
\b
Examples:
  kb token add --role analyst --name ann
  kb token list
  kb token remove ann
"""
)
def token() -> None:
    """Add, list and remove the tokens by which people and programs use the server."""


@token.command(
    epilog="""
\b
Examples:
  kb token add --role analyst --name ann
  kb token add --role writer --name feed --graphs https://w3id.org/commerce-kb/graph/feed --expires 90d
"""
)
@click.option(
    "--role",
    required=True,
    type=click.Choice([one.label for one in Role]),
    help="reader: public graphs; analyst: private ones too; writer: commits; admin: LOAD, maintenance.",
)
@click.option("--name", default="", help="Whose it is; commits name it as their author.")
@click.option(
    "--graphs",
    metavar="IRI",
    multiple=True,
    help="The private graphs that it opens and the only graphs that it may change; repeatable [default: all].",
)
@click.option("--expires", metavar="TIME", help="2026-12-31, 2026-12-31T18:00, or from now: 30d, 12h.")
@store_option
def add(role: str, name: str, graphs: tuple[str, ...], expires: str | None, store: str) -> None:
    """Make a token and print it, this once: the store keeps its hash alone."""
    text, made = Tokens(Path(store)).add(role_of(role), name=name, graphs=graphs, expires=expires)
    say(f"{made}\nUse it as 'Authorization: Bearer TOKEN', or sign in at /sign-in with it as the password:")
    click.echo(text)


@token.command("list")
@format_option("text", "json")
@store_option
def list_tokens(form: str, store: str) -> None:
    """List the tokens; what they are can't be shown again."""
    known = Tokens(Path(store)).all()
    if form == "json":
        shown = [{key: value for key, value in asdict(one).items() if key != "hash"} for one in known]
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for one in known:
        click.echo(str(one))
    if not known:
        say("There is no token; make one with kb token add --role analyst")


@token.command()
@click.argument("reference", metavar="ID|NAME")
@store_option
def remove(reference: str, store: str) -> None:
    """Remove a token; a running server refuses it from its next request on."""
    say(f"Removed: {Tokens(Path(store)).remove(reference)}")
