"""Verbs about a store's health and what is kept: doctor, rebuild, backup, restore, forget."""

from __future__ import annotations

from pathlib import Path

import click

from ..knowledge_base import KnowledgeBase
from .options import format_option, opened, put, store_option, working


@click.command(
    epilog="""
\b
Examples:
  kb doctor
  kb doctor --deep
  kb doctor --format json | jq .findings
"""
)
@click.option("--deep", is_flag=True, help="Reason anew and index names anew too; look at all snapshots.")
@format_option("text", "json")
@store_option
def doctor(deep: bool, form: str, store: str) -> int:
    """Prove that journal, columns and Oxigraph hold the same quads. Exit code 1 for a fault.

    It changes nothing, and works beside a writer. What it finds is named, with what mends it.
    """
    with opened(store) as knowledge, working() as progress:
        diagnosis = knowledge.doctor(deep=deep, progress=progress)
    put(diagnosis, form)
    return 0 if diagnosis else 1


@click.command(
    epilog="""
\b
Examples:
  kb rebuild
  kb rebuild --from snapshot
"""
)
@click.option(
    "--from",
    "beginning",
    type=click.Choice(["journal", "snapshot"]),
    default="journal",
    show_default=True,
    help="What is taken for the truth.",
)
@format_option("text", "json")
@store_option
def rebuild(beginning: str, form: str, store: str) -> None:
    """Make columns, Oxigraph's stores and consequences anew from the journal.

    The store is as it was until they are whole. Snapshots that are not pinned go. Where the journal can't be read,
    --from snapshot makes a sound snapshot its new beginning; the older commits can't be looked at any more then.
    """
    with opened(store, read_only=False) as knowledge, working() as progress:
        report = knowledge.rebuild(from_snapshot=beginning == "snapshot", progress=progress)
    put(report, form)


@click.command(
    epilog="""
\b
Examples:
  kb backup backups/2026-01-31
  kb backup shop.tar.zst
  kb backup public.tar --without-private
"""
)
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--without-private", "public", is_flag=True, help="Leave private graphs, secrets and keys out.")
@format_option("text", "json")
@store_option
def backup(destination: Path, public: bool, form: str, store: str) -> None:
    """Copy the whole store to a new folder, .tar or .tar.zst, and verify the copy; writers may work meanwhile.

    ATTENTION: the copy holds the secret of the pseudonyms and the keys of private data. Whoever has it reads all of
    it, and it remembers buyers that are forgotten later. Keep it safe, or leave them out: --without-private.

    A folder on the same disk shares files with the store: it protects from mistakes, not from a broken disk.
    """
    with opened(store) as knowledge, working() as progress:
        report = knowledge.backup(destination, private=not public, progress=progress)
    put(report, form)


@click.command(
    epilog="""
\b
Examples:
  kb restore backups/2026-01-31 --store new.kb
  kb restore shop.tar.zst --store new.kb
"""
)
@click.argument("source", type=click.Path(path_type=Path))
@format_option("text", "json")
@store_option
def restore(source: Path, form: str, store: str) -> None:
    """Make a new store of a backup, once its checksums and the doctor have proved it.

    Where something is already, nothing is restored.
    """
    with working() as progress:
        report = KnowledgeBase.restore(source, store, progress=progress)
    put(report, form)


@click.command(
    epilog="""
\b
Examples:
  kb forget nl5csccbvhkk334pzyi2eplm7t
  kb forget https://w3id.org/commerce-kb/id/buyer/nl5csccbvhkk334pzyi2eplm7t --yes
  kb forget 17850 --yes --format json
"""
)
@click.argument("buyer")
@click.option("--yes", is_flag=True, help="Don't ask whether it is meant.")
@format_option("text", "json")
@store_option
def forget(buyer: str, yes: bool, form: str, store: str) -> None:
    """Take a buyer, and all that led to them alone, out of the whole store, for ever.

    BUYER is an IRI, a pseudonym, or the platform's id that it was made from. Journal and snapshots (pinned ones too)
    are written anew, so it takes as long as a rebuild; the key of the buyer's rows is destroyed; exports with buyers
    are removed. The answer says what is beyond reach: backups, and what the buyer is called in exports elsewhere.
    """
    with opened(store, read_only=False) as knowledge:
        if not yes:
            click.confirm(f"Forget {buyer} in {store} for ever?", abort=True, err=True)
        report = knowledge.forget(buyer)
    put(report, form)
