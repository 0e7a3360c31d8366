"""Verbs about versions: log, diff, revert, snapshot; and how changes are shown."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby

import click

from ..errors import UsageError
from ..knowledge_base import KnowledgeBase
from ..terms import RDFS
from ..versions import Changes, names_of, selected
from .options import format_option, opened, put, say, short, store_option

# Of a commit or a difference, where no limit is asked for.
_QUADS_SHOWN = 40
_LABEL = str(RDFS.label)


@click.command(
    epilog="""
\b
Examples:
  kb log
  kb log --source feed --limit 5
  kb log --since 2026-01-31
  kb log --format json | jq '.[-1].message'
"""
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    help="The most to list; 0 for all [default: a page on a terminal, else all].",
)
@click.option("--source", help="Commits of this source only.")
@click.option("--since", metavar="COMMIT|TIME", help="From a time on (2026-01-31), or behind a commit.")
@format_option("text", "json")
@store_option
def log(limit: int | None, source: str | None, since: str | None, form: str, store: str) -> None:
    """List the commits, newest first."""
    with opened(store) as knowledge:
        commits = selected(knowledge.log(), source=source, since=since)
    page = shutil.get_terminal_size().lines - 3 if form == "text" and sys.stdout.isatty() else 0
    limit = page if limit is None else limit
    shown = list(reversed(commits[-limit:] if limit else commits))
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in shown], ensure_ascii=False, indent=2))
        return
    for one in shown:
        changed = f"+{one.added:,} -{one.removed:,}"
        click.echo(
            f"#{one.number}\t{one.id[:8]}\t{one.time[:19]}\t{one.author}\t{one.source}\t{changed}\t{one.message}"
        )
    if len(shown) < len(commits):
        say(f"{len(commits) - len(shown):,} older ones: kb log --limit 0")


@click.command(
    epilog="""
\b
Examples:
  kb diff 3
  kb diff '#3' '#7'
  kb diff 2026-01-31 2026-02-28 --limit 0
  kb diff 3 7 --format rdfp > change.rdfp
"""
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="[B]", required=False)
@click.option("--limit", type=click.IntRange(0), help="The most quads to show; 0 for all.")
@format_option("text", "json", "rdfp")
@store_option
def diff(before: str, after: str | None, limit: int | None, form: str, store: str) -> None:
    """Show what changed from commit A to commit B (the newest, if left out), in all.

    What came and went again between the two is not shown. Commits are named by number, id or time.
    """
    with opened(store) as knowledge:
        put_changes(knowledge, knowledge.diff(before, after), form, limit)


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
  kb snapshot list
  kb snapshot pin '#3'
  kb snapshot unpin 00000003-4056d00b
"""
)
@click.argument("action", type=click.Choice(["list", "pin", "unpin"]), default="list")
@click.argument("name", required=False)
@format_option("text", "json")
@store_option
def snapshot(action: str, name: str | None, form: str, store: str) -> None:
    """List the snapshots that are kept, keep one for good (pin), or let it go (unpin).

    A snapshot is named by its name or its commit. Those not pinned go by number and age: keep_snapshots and
    keep_seconds in kb.toml. The size is that of files that no other snapshot shares.
    """
    if (action == "list") != (name is None):
        raise UsageError(
            f"kb snapshot {action} " + ("needs a snapshot's name" if name is None else "takes no name"),
            hint="see kb snapshot list",
        )
    with opened(store) as knowledge:
        if name is not None:
            (knowledge.pin if action == "pin" else knowledge.unpin)(name)
        found = knowledge.snapshots()
    if form == "json":
        click.echo(json.dumps([one.to_dict() for one in found], indent=2))
        return
    for one in found:
        marks = " ".join(["pinned"] * one.pinned + ["current"] * one.current)
        click.echo(f"{one.name}\t#{one.number}\t{_age(one.age)}\t{one.bytes / 1e6:,.1f} MB\t{marks}".rstrip())


def put_changes(knowledge: KnowledgeBase, changes: Changes, form: str, limit: int | None) -> None:
    """A commit's patch or a difference, as text, JSON or RDF Patch (which holds the notes about commits too)."""
    if form == "rdfp":
        if limit is not None:
            raise UsageError("An RDF Patch is written whole", hint="leave --limit away")
        changes.write(sys.stdout.buffer)
        return
    if form == "json":
        click.echo(json.dumps(changes.to_dict(limit=limit or None), ensure_ascii=False, indent=2))
        return
    for line in _text(knowledge, changes, _QUADS_SHOWN if limit is None else limit or None):
        click.echo(line)  # The header stands even where the patch can't be read any more.


def _text(knowledge: KnowledgeBase, changes: Changes, limit: int | None) -> Iterator[str]:
    after = changes.after
    if changes.before is None:
        yield f"commit   #{after.number} {after.id}"
        yield f"time     {after.time}"
        yield f"author   {after.author}"
        yield f"source   {after.source}"
        yield f"message  {after.message}"
    else:
        yield f"from     #{changes.before.number} {changes.before.id[:8]} {changes.before.time[:19]}"
        yield f"to       #{after.number} {after.id[:8]} {after.time[:19]}"
    yield f"changed  {changes.added:,} quads added, {changes.removed:,} removed"
    removed = changes.head(limit and max(limit // 2, limit - changes.added), adds=False)
    added = changes.head(limit and limit - len(removed), adds=True)
    rows = [(row["g"], row["s"], sign, row) for sign, some in (("-", removed), ("+", added)) for row in some]
    rows.sort(key=lambda row: row[:3])
    terms = {term for *_, row in rows for term in (row["s"], row["o"]) if term.startswith("<")}
    names = {
        row["s"]: row["o"].partition('"')[2].rpartition('"')[0] for *_, row in rows if row["p"] == _LABEL
    }
    names |= names_of(knowledge.snapshot.image, terms) if terms else {}
    for graph, within in groupby(rows, key=lambda row: row[0]):
        yield f"\n{_term(graph)}"
        for subject, about in groupby(within, key=lambda row: row[1]):
            yield f"  {_named(subject, names)}"
            for _, _, sign, row in about:
                yield f"  {sign} {_term(row['p']):28} {_named(row['o'], names)}"
    left = changes.added + changes.removed - len(rows)
    if left > 0:
        yield f"\n{left:,} more: --limit 0 shows all, --format rdfp writes them as RDF Patch"


def _named(term: str, names: dict[str, str]) -> str:
    return f"{_term(term)}  ({names[term]})" if term in names else _term(term)


def _term(term: str) -> str:
    """A term in N-Triples syntax as people read it."""
    if term.startswith("<"):
        return short(term[1:-1])
    value, mark, datatype = term.rpartition("^^<")
    return f"{value}^^{short(datatype[:-1])}" if mark and datatype.endswith(">") else term


def _age(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"
