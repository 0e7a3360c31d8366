"""Verbs about the model: ontology."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import StoreMissing, UsageError
from ..graphs import CLASSIFIED
from ..modelling import WEIGHING
from ..ontology.difference import difference, read_ontology
from ..ontology.release import release
from ..reasoning import check_ontology
from ..reasoning.checking import STEPS
from .options import format_option, opened, put, say, steps, store_option

_FILE = click.Path(path_type=Path)


@click.group(
    epilog="""
\b
Examples:
  kb ontology check
  kb ontology check --edit ontology/catalog.ttl
  kb ontology diff ontology-0.1.0 ontology
  kb ontology load ontology/catalog.ttl
  kb ontology COMMAND --help shows more
"""
)
def ontology() -> None:
    """Check, compare, load and release the ontology."""


@ontology.command(
    epilog="""
\b
Examples:
  kb ontology check
  kb ontology check --write
  kb ontology check --edit ontology/catalog.ttl
  kb ontology check --edit ontology --no-hermit
  kb ontology check my-ontology.ttl what-it-imports.ttl --format json
"""
)
@click.argument("files", nargs=-1, type=_FILE)
@click.option(
    "--edit", is_flag=True, help="The files are a new text of the store's modules: what would change?"
)
@click.option("--hermit/--no-hermit", default=True, help="With --edit: ask HermiT too (Java) [default: yes].")
@click.option("--write", is_flag=True, help="Store what classification adds, as a commit.")
@format_option("text", "json")
@store_option
def check(files: tuple[Path, ...], edit: bool, hermit: bool, write: bool, form: str, store: str) -> int:
    """Check the ontology of the store, or the files of one. Exit code 1 for a fault.

    HermiT (Java) looks for contradictions and for classes that can have no member, with axioms that make it so,
    and classifies. What that adds to the rules of OWL 2 RL is part of the ontology once it is written: reasoning
    never needs Java. Violations of OWL 2 DL and RL are told by kind, with examples and a remedy, as is what the rules
    don't cover; neither is a fault.

    With --edit, what differs from the store's ontology is told in words, and what it means there: consequences
    gained and lost, shapes that name what is gone, questions that answer otherwise. Nothing is written.
    """
    if files and write:
        raise UsageError("--write is for the ontology of a store", hint="leave the files out")
    if edit and not files:
        raise UsageError("--edit is about files", hint="name the files or the folder that were edited")
    if edit:
        with opened(store) as knowledge, steps((WEIGHING, *STEPS)) as told:
            weighed = knowledge.weigh_ontology(files, hermit=hermit, progress=told)
        put(weighed, form)
        return 0 if weighed else 1
    with steps(STEPS) as told:
        if files:
            found = check_ontology(read_ontology(files), progress=told)
        else:
            with opened(store, read_only=not write) as knowledge:
                found = knowledge.check_ontology(write=write, progress=told)
    put(found, form)
    if write:
        say(f"{len(found.added)} axioms written")
    return 0 if found else 1


@ontology.command(
    epilog="""
\b
Examples:
  kb ontology diff ontology/catalog.ttl
  kb ontology diff ontology-0.1.0 ontology
  kb ontology diff before.owl after.ttl --format json
"""
)
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE, required=False)
@format_option("text", "json")
@store_option
def diff(before: Path, after: Path | None, form: str, store: str) -> int:
    """Tell in words how a version of an ontology differs from another (a file or a folder each).

    With one name: how that differs from the store's. How blank nodes are called makes no difference.
    """
    if after is not None:
        put(difference(read_ontology([before]), read_ontology([after])), form)
        return 0
    with opened(store) as knowledge:
        put(knowledge.diff_ontology([before]), form)
    return 0


@ontology.command(
    epilog="""
\b
Examples:
  kb ontology load ontology/catalog.ttl
  kb ontology load ontology -m "samples are products"
"""
)
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--message", "-m", help="What the commit says of itself.")
@format_option("text", "json")
@store_option
def load(files: tuple[Path, ...], message: str | None, form: str, store: str) -> int:
    """Make files (or folders of them) the text of the ontologies that they name, as one commit.

    A file whose ontology the store does not have adds it; of a folder such files are left out.

    Consequences follow in the same commit, and the next commit is judged with them; a server need not be started anew.
    Exit code 1 where axioms contradict the data; with "refuse" or "quarantine" under contradictions in kb.toml nothing
    is written then.
    """
    with opened(store, read_only=False) as knowledge:
        if not knowledge.folder.exists:
            raise StoreMissing(f"There is no store at {store}", hint="make one with kb load FILE or kb demo")
        classified = CLASSIFIED in knowledge.snapshot.image.graph_names()
        report = knowledge.load_ontology(files, message=message)
    put(report, form)
    if classified and report.commit:
        say("what classification had added is gone; kb ontology check --write brings it up to date")
    return 0 if report else 1


@ontology.command(
    "release",
    epilog="""
\b
Examples:
  kb ontology release 0.2.0 ontology
  kb ontology release 0.2.0 ontology --since ../last-release/ontology
""",
)
@click.argument("version")
@click.argument("folder", type=_FILE)
@click.option("--since", type=_FILE, help="The folder of the last release: CHANGES.md gets what differs.")
def release_(version: str, folder: Path, since: Path | None) -> int:
    """Give the ontologies in a folder a new version: version IRIs, prior versions, the catalog, CHANGES.md."""
    say(str(release(folder, version, since=since)))
    return 0
