"""Options and output that several verbs share."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import SourceError
from ..knowledge_base import KnowledgeBase

DEFAULT_STORE = "shop.kb"


def store_option(verb: Callable) -> Callable:
    """``--store`` behind the verb; before it works too."""

    def remember(ctx: click.Context, _: click.Parameter, value: str | None) -> str:
        return value or ctx.obj or os.environ.get("KB_STORE") or DEFAULT_STORE

    help_text = "The store's folder [env KB_STORE; default shop.kb]."
    return click.option("--store", type=click.Path(), callback=remember, help=help_text)(verb)


def format_option(*formats: str, default: str = "text") -> Callable:
    """``--format`` with the first names that fit."""
    return click.option(
        "--format",
        "-f",
        "form",
        type=click.Choice(formats),
        default=default,
        show_default=True,
        help="Output format.",
    )


def at_option(verb: Callable) -> Callable:
    """``--at`` for verbs that read."""
    help_text = "As of a commit or a time: 12, an id, 2026-01-31, 2026-01-31T12:00Z."
    return click.option("--at", metavar="COMMIT|TIME", help=help_text)(verb)


@contextlib.contextmanager
def opened(store: str, *, read_only: bool = True, at: str | None = None) -> Iterator[KnowledgeBase]:
    """The store of a verb, or how it was `at` a commit or a time."""
    with KnowledgeBase.open(store, read_only=read_only) as knowledge:
        yield knowledge if at is None else knowledge.at(at)


def say(text: str) -> None:
    """Talk: to standard error."""
    click.echo(text, err=True)


def put(value: Any, form: str) -> None:
    """A result: to standard output, as text or as JSON."""
    if form == "json":
        click.echo(json.dumps(value.to_dict(), ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(str(value))


@contextlib.contextmanager
def progress(total: int | None, what: str) -> Iterator[Callable[[int], None]]:
    """A progress bar of bytes with rate and remaining time, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(what, total=total)

        def advance(count: int) -> None:
            bars.advance(task, count)
            if total and bars.tasks[0].completed >= total:
                bars.update(task, description="judging, reasoning, writing")

        yield advance


@contextlib.contextmanager
def steps(names: Sequence[str]) -> Iterator[Callable[[str], None]]:
    """A progress bar of named steps, told as each begins; on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(names[0], total=len(names))
        yield lambda name: bars.update(task, description=name, completed=names.index(name))


@contextlib.contextmanager
def working() -> Iterator[Callable[[str, int, int], None]]:
    """Say what is being done and how far it is, on a terminal only."""
    if not sys.stderr.isatty():
        yield lambda what, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("", total=None)
        yield lambda what, done, total: bars.update(
            task, description=what, completed=done, total=total or None
        )


def short(text: str) -> str:
    """An IRI as CURIE where a prefix is known."""
    from ..terms import PREFIXES

    for prefix, namespace in PREFIXES.items():
        if text.startswith(namespace):
            return f"{prefix}:{text.removeprefix(namespace)}"
    return text


def text_of(argument: str) -> str:
    """An argument that is a text, a file's name, or ``-`` for standard input."""
    if argument == "-":
        return sys.stdin.read()
    if len(argument) < 4096 and "\n" not in argument and Path(argument).is_file():
        return Path(argument).read_text(encoding="utf-8")
    if argument.endswith((".rq", ".ru", ".sparql")) and not set(argument) & set(" {\n"):
        raise SourceError(f"There is no file {argument}", hint="look at its name, or give the text itself")
    return argument
