"""Verbs about shapes: validate, shapes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TextIO

import click

from ..errors import StoreMissing, UsageError
from ..judging import Trend, judge_files, lint_files
from ..knowledge_base import LoadOptions
from ..validation import ExecutionPlan, ValidationReport
from ..validation.comparison import Comparison
from ..validation.formats import FORMATS, rendered
from .options import format_option, opened, put, say, store_option, working

_FILE = click.Path(path_type=Path)


@click.command(
    epilog="""
\b
Examples:
  kb validate
  kb validate feed.ttl
  kb validate products.csv --mapping shop.yml --format junit --output report.xml
  kb validate --shapes dcat-ap.ttl --format html --output report.html
  kb validate catalogue.ttl --shapes dcat-ap.ttl
  kb validate --since 12
  kb validate --trend 20
  kb validate --plan
  kb validate --format json | jq '.results[].focus'
"""
)
@click.argument("files", nargs=-1, type=_FILE)
@click.option("--mapping", "-m", type=_FILE, help="RML (.ttl) or YARRRML (.yml) mapping, for tables.")
@click.option("--shapes", multiple=True, type=_FILE, help="Shapes to judge by, not the store's; repeatable.")
@click.option("--since", metavar="COMMIT|TIME", help="Tell what is new, gone and still there since then.")
@click.option(
    "--trend", type=click.IntRange(1), metavar="N", help="Count results as of the newest N commits."
)
@click.option("--plan", is_flag=True, help="Show what would run, and how; judge nothing.")
@format_option(*FORMATS)
@click.option("--output", "-o", type=_FILE, help="A file [default: standard output].")
@store_option
def validate(
    files: tuple[Path, ...],
    mapping: Path | None,
    shapes: tuple[Path, ...],
    since: str | None,
    trend: int | None,
    plan: bool,
    form: str,
    output: Path | None,
    store: str,
) -> int:
    """Judge the store by its shapes, or files as if they were loaded. Exit code 1 for a violation.

    Files together with --shapes are judged by these alone, without a store. --since tells new violations by exit
    code 1, --trend and --plan by none.
    """
    others = [name for name, given in (("--since", since), ("--trend", trend), ("--plan", plan)) if given]
    if len(others) > 1 or (others and files):
        raise UsageError(f"{others[0]} stands alone", hint="leave files and the other ways to look out")
    if others and form not in ("text", "json"):
        raise UsageError(f"{others[0]} can't be shown as {form}", hint="use --format text or json")
    with _sink(output) as sink:
        if others:
            return _other(since, trend, shapes, form, store, sink)
        report = _report(files, mapping, shapes, store)
        if report is None:
            say("Nothing new to judge: the store holds all of it already")
            return 0
        sink.write(rendered(report, form))
    return 1 if report.count("Violation") else 0


def _sink(output: Path | None):
    return nullcontext(sys.stdout) if output is None else output.open("w", encoding="utf-8")


def _report(
    files: Sequence[Path], mapping: Path | None, shapes: Sequence[Path], store: str
) -> ValidationReport | None:
    if files and shapes:
        return judge_files(files, shapes=shapes, mapping=mapping)
    with opened(store, read_only=not files) as knowledge:
        if files:
            return knowledge.load(files, mapping=mapping, options=LoadOptions(dry_run=True)).validation
        return knowledge.validate(shapes=shapes)


def _other(
    since: str | None, trend: int | None, shapes: Sequence[Path], form: str, store: str, sink: TextIO
) -> int:
    with opened(store) as knowledge, working() as progress:
        code = 0
        if since is not None:
            found = knowledge.validate_since(since, shapes=shapes, progress=progress)
            shown: Comparison | Trend | ExecutionPlan = found
            code = 0 if found else 1
        else:
            shown = (
                knowledge.plan(shapes=shapes) if trend is None else knowledge.trend(trend, progress=progress)
            )
    text = str(shown) if form == "text" else json.dumps(shown.to_dict(), ensure_ascii=False, indent=2)
    sink.write(f"{text}\n")
    return code


@click.command(
    epilog="""
\b
Examples:
  kb shapes check
  kb shapes check my-shapes.ttl
  kb shapes check my-shapes.ttl prefixes.ttl --format json
"""
)
@click.argument("action", type=click.Choice(["check"]))
@click.argument("files", nargs=-1, type=_FILE)
@format_option("text", "json")
@store_option
def shapes(action: str, files: tuple[Path, ...], form: str, store: str) -> int:
    """Lint the shapes of the store, or of files (as one graph). Exit code 1 for an error.

    Errors: what does not parse, terms that SHACL does not have, ill-formed shapes, bounds between which nothing
    lies. Warnings: properties that neither ontology nor data have, targets that match no node of the store, and
    what does nothing. Without a store the last two are left out.
    """
    try:
        with opened(store) as knowledge:
            found = knowledge.check_shapes(files)
    except StoreMissing:
        if not files:
            raise
        say(f"There is no store at {store}: properties and targets are not looked up")
        found = lint_files(files)
    put(found, form)
    return 1 if found.errors else 0
