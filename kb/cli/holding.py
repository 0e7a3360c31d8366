"""The verb about quarantine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..errors import UsageError
from ..knowledge_base import KnowledgeBase
from ..store.quarantine import StoredEntry
from .options import format_option, opened, put, say, store_option

_ACTIONS = ("list", "show", "fix", "release", "drop")


@click.command(
    epilog="""
\b
Examples:
  kb quarantine
  kb quarantine show 4056d00b
  kb quarantine show 4056d00b/2 --format nq > mended.nq
  kb quarantine fix 4056d00b/2 mended.nq
  kb quarantine release 4056d00b
  kb quarantine drop 4056d00b/2
  kb quarantine --format json
"""
)
@click.argument("action", type=click.Choice(_ACTIONS), default="list")
@click.argument("id", required=False)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@format_option("text", "json", "nq")
@store_option
def quarantine(action: str, id: str | None, file: Path | None, form: str, store: str) -> int:
    """See what the gate held back, mend it, let it into the graph, or throw it away.

    ID is an entry (4056d00b: what one commit left), one node of it (4056d00b/2), or the node's IRI.
    `show --format nq` writes all that the node would say; `fix` replaces that by what an RDF file says of it, and
    judges; `release` makes it a commit. What still breaks a rule stays, with the reason: exit code 1.
    """
    if (action == "list") != (id is None) or (action == "fix") != (file is not None):
        needs = {"list": "no id", "fix": "an id and a file"}.get(action, "an id, and no file")
        raise UsageError(f"kb quarantine {action} needs {needs}", hint="see kb quarantine --help")
    if form == "nq" and action != "show":
        raise UsageError("Only kb quarantine show writes N-Quads", hint="use --format text or json")
    with opened(store, read_only=action in ("list", "show")) as knowledge:
        if action == "list":
            _list(knowledge.quarantine(), form)
        elif id is not None and action == "show":
            _show(knowledge, id, form)
        elif id is not None and action == "drop":
            nodes = knowledge.quarantine_drop(id)
            say(f"{len(nodes):,} nodes thrown away")
        elif id is not None:
            release = action == "release"
            found = (
                knowledge.quarantine_release(id) if release else knowledge.quarantine_fix(id, file or Path())
            )
            put(found, form)
            return 0 if found else 1
    return 0


def _list(entries: list[StoredEntry], form: str) -> None:
    if form == "json":
        click.echo(json.dumps([one.to_dict() for one in entries], ensure_ascii=False, indent=2))
        return
    for entry in entries:
        click.echo(f"{entry.id}  source {entry.source}: {len(entry.nodes):,} nodes, quads in {entry.quads}")
        _nodes(entry)
    if not entries:
        say("Nothing is in quarantine")


def _nodes(entry: StoredEntry) -> None:
    for node in entry.nodes:
        known = entry.origins.get(node, {})
        label = f" ({known['label']})" if "label" in known else ""
        place = (
            f"  {known['file']}{':' if 'row' in known else ''}{known.get('row', '')}"
            if "file" in known
            else ""
        )
        click.echo(f"  {entry.id_of(node)}  {node}{label}{place}")
        for reason in entry.reasons(node):
            click.echo(f"    {reason}")
        for fix in entry.fixes(node):
            click.echo(f"    To mend it: {fix}")


def _show(knowledge: KnowledgeBase, id: str, form: str) -> None:
    entry = knowledge.quarantine_entry(id)
    text = entry.about(entry.nodes).decode()
    if form == "nq":
        sys.stdout.write(knowledge.quarantine_quads(id).decode())
    elif form == "json":
        click.echo(json.dumps({**entry.to_dict(), "content": text}, ensure_ascii=False, indent=2))
    else:
        _nodes(entry)
        removed = entry.about(entry.nodes, added=False).decode()
        for sign, some in (("-", removed), ("+", text)):
            for line in some.splitlines():
                click.echo(f"{sign} {line}")
