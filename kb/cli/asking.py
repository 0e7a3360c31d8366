"""Verbs that ask: query, explain, find, show."""

from __future__ import annotations

import re
import sys
from importlib import resources
from typing import cast

import click
import pyoxigraph as ox

from ..errors import NotFound, UsageError
from ..formats import rdf_format_named
from ..knowledge_base import KnowledgeBase
from ..querying.results import Solutions, Triples, Truth, plain
from ..values import iri, term
from .options import format_option, opened, put, say, store_option, text_of

_QUESTION = re.compile(r"[A-Z]\d\d")


@click.command(
    epilog="""
\b
Examples:
  kb query 'SELECT ?s { ?s a ckb:SPU } LIMIT 5'
  kb query report.rq --format csv > report.csv
  kb query --list
  kb query G05 --param spu="label or IRI"
"""
)
@click.argument("text", required=False)
@click.option("--list", "listed", is_flag=True, help="List the competency questions.")
@click.option(
    "--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="A question's parameter."
)
@click.option("--no-reasoning", is_flag=True, help="Leave inferred triples out.")
@click.option("--format", "-f", "form", help="table, json, xml, csv, tsv; ttl, nt, jsonld, rdf for triples.")
@store_option
def query(
    text: str | None,
    listed: bool,
    parameters: tuple[str, ...],
    no_reasoning: bool,
    form: str | None,
    store: str,
) -> None:
    """Run a SPARQL query (a text, a file, or - for standard input) or a competency question by its id.

    On a terminal the rows come as a table, in a pipe as tab-separated values.
    """
    if listed:
        from ..querying.competency import catalogue

        for question in catalogue():
            names = " ".join(f"{one.name}=" for one in question.parameters)
            click.echo(f"{question.id}\t{question.title}" + (f"\t{names}" if names else ""))
        return
    if text is None:
        raise UsageError(
            "Nothing to ask", hint="give a query, a file, - or a question's id (kb query --list)"
        )
    values = dict(_pair(one) for one in parameters)
    with opened(store) as knowledge:
        if _QUESTION.fullmatch(text):
            result = knowledge.ask(text, values, reasoning=not no_reasoning)
        else:
            bound = {name: term(value) for name, value in values.items()}
            result = knowledge.query(text_of(text), reasoning=not no_reasoning, parameters=bound)
        _print(result, form)


@click.command(
    epilog="""
\b
Examples:
  kb explain sku/K000011 ckb:ofBrandFamily brand/B0001
  kb explain spu/P00007 rdf:type ckb:BeautyProduct --format json
"""
)
@click.argument("subject")
@click.argument("predicate")
@click.argument("object")
@format_option("text", "json")
@store_option
def explain(subject: str, predicate: str, object: str, form: str, store: str) -> None:
    """Say why a triple holds: the rule, its premises, and theirs, down to what was asserted."""
    with opened(store) as knowledge:
        put(knowledge.explain(_entity(subject), iri(predicate), _entity(object)), form)


@click.command(
    epilog="""
\b
Examples:
  kb find lipstik
  kb find 口红 --kind ckb:SPU
  kb find SE-0007 --format json
"""
)
@click.argument("text")
@click.option("--kind", help="A class, as IRI or CURIE: ckb:SPU, ckb:Brand, ...")
@click.option("--limit", default=10, show_default=True, help="The most to show.")
@format_option("text", "json")
@store_option
def find(text: str, kind: str | None, limit: int, form: str, store: str) -> int:
    """Find entities by label, alias, GTIN or model number; typing errors are forgiven. Exit code 1 for none."""
    import json
    from dataclasses import asdict

    with opened(store) as knowledge:
        matches = knowledge.find(text, kind=iri(kind).value if kind else None, limit=limit)
    if form == "json":
        click.echo(json.dumps([asdict(one) for one in matches], ensure_ascii=False, indent=2, default=str))
    else:
        for one in matches:
            click.echo(f"{one.score:.2f}\t{one.label}\t{one.iri}\t{one.matched}")
    if not matches:
        say(f"Nothing is called '{text}'")
    return 0 if matches else 1


@click.command(
    epilog="""
\b
Examples:
  kb show "Vesidwen Calm serum 9"
  kb show spu/P00007
  kb show '#3'
"""
)
@click.argument("thing")
@store_option
def show(thing: str, store: str) -> None:
    """Show an entity (IRI, CURIE or label) with all that is known of it, or a commit (#NUMBER or id).

    A star marks what was inferred.
    """
    with opened(store) as knowledge:
        if re.fullmatch(r"#\d+|(?=.*[a-f])[0-9a-f]{8,32}", thing):
            put(knowledge.folder.journal.find(thing), "text")
            return
        node = _meant(knowledge, thing)
        facts = (resources.files(__package__) / "facts.rq").read_text(encoding="utf-8")
        about = {"entity": node}
        asserted = {tuple(row) for row in _rows(knowledge.query(facts, reasoning=False, parameters=about))}
        rows = _rows(knowledge.query(facts, parameters=about))
        if not rows:
            raise NotFound(f"Nothing is known of {node.value}", hint="look for it with kb find")
        click.echo(node.value)
        for row in rows:
            star = " " if tuple(row) in asserted else "*"
            name = f"  ({plain(row['name'])})" if row["name"] else ""
            click.echo(f"{star} {_short(plain(row['property'])):28} {_short(plain(row['value']))}{name}")


def _rows(result: Solutions | Triples | Truth) -> list[ox.QuerySolution]:
    return cast(Solutions, result).rows


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"'{text}' is no parameter", hint="write --param NAME=VALUE")
    return name, value


def _entity(text: str):
    """An IRI, a CURIE, or what follows ``.../id/``."""
    from ..graphs import DATA

    return iri(text) if ":" in text else iri(DATA + text)


def _meant(knowledge: KnowledgeBase, thing: str):
    if ":" in thing or re.fullmatch(r"[a-z-]+/\S+", thing):
        return _entity(thing)
    found = knowledge.find(thing, limit=1)
    if not found:
        raise NotFound(f"Nothing is called '{thing}'", hint="give its IRI")
    return iri(found[0].iri)


def _short(text: str) -> str:
    from ..terms import PREFIXES

    for prefix, namespace in PREFIXES.items():
        if text.startswith(namespace):
            return f"{prefix}:{text.removeprefix(namespace)}"
    return text


def _print(result: Solutions | Triples | Truth, form: str | None) -> None:
    if isinstance(result, Triples):
        result.write(sys.stdout.buffer, rdf_format_named(form or "ttl"))
        return
    form = form or ("table" if sys.stdout.isatty() else "tsv" if isinstance(result, Solutions) else "table")
    if form == "table":
        _table(result) if isinstance(result, Solutions) else click.echo(str(result))
    elif form in ("json", "xml", "csv", "tsv"):
        result.write(sys.stdout.buffer, form)  # type: ignore[arg-type]
        if form in ("json", "xml"):
            click.echo()
    else:
        raise UsageError(f"Rows can't be written as '{form}'", hint="use table, json, xml, csv or tsv")


def _table(result: Solutions) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold")
    for name in result.variables:
        table.add_column(name, overflow="fold")
    for row in result:
        table.add_row(*(_short(plain(value)) for value in row))
    Console().print(table)
    say(f"{len(result)} rows")
