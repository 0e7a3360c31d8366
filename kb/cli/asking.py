"""Verbs that ask: query, explain, find, show."""

from __future__ import annotations

import json
import re
import sys
from importlib import resources
from typing import cast

import click
import pyoxigraph as ox

from ..errors import NotFound, UsageError
from ..formats import rdf_format_named
from ..knowledge_base import KnowledgeBase
from ..querying.arrow import TABLE_FORMATS, plain
from ..querying.plans import Choice
from ..querying.results import Solutions, Triples, Truth
from ..reasoning import Proofs
from ..values import iri, term
from .drawing import put_proof
from .options import at_option, format_option, opened, put, say, short, store_option, text_of

_COMMIT = re.compile(r"#\d+|(?=.*[a-f])(?=.*\d)[0-9a-f]{8,32}|\d{8,}-[0-9a-f]{8}")
_NEAR = 0.8
_QUESTION = re.compile(r"[A-Z]\d\d")


@click.command(
    epilog="""
\b
Examples:
  kb query 'SELECT ?s { ?s a ckb:SPU } LIMIT 5'
  kb query report.rq --format csv > report.csv
  kb query --list
  kb query G05 --param spu="label or IRI"
  kb query report.rq --explain
  kb query --at 2026-01-31 'SELECT (COUNT(*) AS ?n) { ?s a ckb:Offer }'
"""
)
@click.argument("text", required=False)
@click.option("--list", "listed", is_flag=True, help="List the competency questions.")
@click.option(
    "--param", "-p", "parameters", multiple=True, metavar="NAME=VALUE", help="A question's parameter."
)
@click.option("--no-reasoning", is_flag=True, help="Leave inferred triples out.")
@click.option(
    "--format",
    "-f",
    "form",
    help="table, json, xml, csv, tsv, arrow, parquet; ttl, nt, jsonld, rdf for triples.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "oxigraph", "columns"]),
    default="auto",
    show_default=True,
    help="Who answers a query.",
)
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Show which engine answers, why, and its steps, not the answer.",
)
@at_option
@store_option
def query(
    text: str | None,
    listed: bool,
    parameters: tuple[str, ...],
    no_reasoning: bool,
    form: str | None,
    engine: str,
    explained: bool,
    at: str | None,
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
    with opened(store, at=at) as knowledge:
        if _QUESTION.fullmatch(text):
            result = knowledge.ask(text, values, reasoning=not no_reasoning)
        else:
            bound = {name: term(value) for name, value in values.items()}
            result = knowledge.query(
                text_of(text), reasoning=not no_reasoning, parameters=bound, engine=cast(Choice, engine)
            )
        if explained:
            click.echo(str(result.plan))
        else:
            _print(result, form)


@click.command(
    epilog="""
\b
Examples:
  kb explain sku/K000011 ckb:ofBrandFamily brand/B0001
  kb explain spu/P00007 rdf:type ckb:BeautyProduct --format json
  kb explain spu/P00007 rdf:type ckb:BeautyProduct --all --at-most 3
  kb explain spu/P00008 rdf:type ckb:BeautyProduct --why-not
"""
)
@click.argument("subject")
@click.argument("predicate")
@click.argument("object")
@click.option(
    "--why-not", is_flag=True, help="Say why the triple does not hold: what the nearest rules lack."
)
@click.option("--all", "every", is_flag=True, help="Other proofs too, that differ in their last step.")
@click.option("--at-most", type=click.IntRange(1), default=10, show_default=True, help="So many with --all.")
@at_option
@format_option("text", "json")
@store_option
def explain(
    subject: str,
    predicate: str,
    object: str,
    why_not: bool,
    every: bool,
    at_most: int,
    at: str | None,
    form: str,
    store: str,
) -> None:
    """Say why a triple holds: the rule, its premises, and theirs, down to what was asserted."""
    from ..mining import with_evidence

    with opened(store, at=at) as knowledge:
        triple = _entity(subject), iri(predicate), _entity(object)
        if why_not:
            put(knowledge.explain_missing(*triple), form)
        elif every:
            proofs = knowledge.explain_all(*triple, at_most=at_most).proofs
            put_proof(Proofs(tuple(with_evidence(knowledge, one) for one in proofs)), form)
        else:
            put_proof(with_evidence(knowledge, knowledge.explain(*triple)), form)


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
@at_option
@format_option("text", "json")
@store_option
def find(text: str, kind: str | None, limit: int, at: str | None, form: str, store: str) -> int:
    """Find entities by label, alias, GTIN or model number; typing errors are forgiven. Exit code 1 for none."""
    from dataclasses import asdict

    with opened(store, at=at) as knowledge:
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
  kb show spu/P00007 --at 2026-01-31
  kb show '#3' --limit 100
  kb show 4056d00b --format rdfp > change.rdfp
"""
)
@click.argument("thing")
@click.option("--limit", type=click.IntRange(0), help="The most quads of a commit to show; 0 for all.")
@at_option
@format_option("text", "json", "rdfp")
@store_option
def show(thing: str, limit: int | None, at: str | None, form: str, store: str) -> None:
    """Show an entity (IRI, CURIE, label or code) with all that is known of it, or a commit with its patch.

    A commit is named by #NUMBER, NUMBER, id or the beginning of it. Of an entity a star marks what was inferred.
    """
    from .versions import put_changes

    with opened(store, at=at) as knowledge:
        if _COMMIT.fullmatch(thing):
            put_changes(knowledge, knowledge.show(thing), form, limit)
            return
        node = _meant(knowledge, thing)
        if node is None:
            put_changes(knowledge, knowledge.show(thing), form, limit)
            return
        _put_entity(knowledge, node, form)


def _put_entity(knowledge: KnowledgeBase, node: ox.NamedNode, form: str) -> None:
    facts = (resources.files(__package__) / "facts.rq").read_text(encoding="utf-8")
    about = {"entity": node}
    asserted = {tuple(row) for row in _rows(knowledge.query(facts, reasoning=False, parameters=about))}
    rows = _rows(knowledge.query(facts, parameters=about))
    if not rows:
        raise NotFound(f"Nothing is known of {node.value}", hint="look for it with kb find")
    if form == "json":
        found = [
            {
                "property": plain(row["property"]),
                "value": plain(row["value"]),
                "inferred": tuple(row) not in asserted,
            }
            for row in rows
        ]
        click.echo(json.dumps({"iri": node.value, "facts": found}, ensure_ascii=False, indent=2))
        return
    if form == "rdfp":
        raise UsageError("An entity is no patch", hint="use text or json; a commit is named by '#3'")
    click.echo(node.value)
    for row in rows:
        star = " " if tuple(row) in asserted else "*"
        name = f"  ({plain(row['name'])})" if row["name"] else ""
        click.echo(f"{star} {short(plain(row['property'])):28} {short(plain(row['value']))}{name}")


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


def _meant(knowledge: KnowledgeBase, thing: str) -> ox.NamedNode | None:
    """The entity of this IRI, CURIE, label or code; None where it can only be a commit.

    Raises NotFound, with what comes near.
    """
    if ":" in thing or re.fullmatch(r"[a-z-]+/\S+", thing):
        return _entity(thing)
    near = knowledge.find(thing, limit=5)
    exact = [one for one in near if _same(one.matched, thing)]
    if len(exact) == 1:
        return iri(exact[0].iri)
    if exact:
        some = ", ".join(short(one.iri) for one in exact)
        raise NotFound(f"More than one entity is called '{thing}': {some}", hint="give the IRI of one")
    if re.fullmatch(r"\d+|[0-9a-f]{4,32}", thing):
        return None
    names = ", ".join(f"'{one.label}' ({short(one.iri)})" for one in near[:3] if one.score > _NEAR)
    raise NotFound(
        f"Nothing is called '{thing}'", hint=f"did you mean {names}?" if names else "look for it with kb find"
    )


def _same(name: str, typed: str) -> bool:
    return name.strip().casefold() == typed.strip().casefold()


def _print(result: Solutions | Triples | Truth, form: str | None) -> None:
    if isinstance(result, Triples):
        result.write(sys.stdout.buffer, rdf_format_named(form or "ttl"))
        return
    form = form or ("table" if sys.stdout.isatty() else "tsv" if isinstance(result, Solutions) else "table")
    if form == "table":
        _table(result) if isinstance(result, Solutions) else click.echo(str(result))
    elif form in ("json", "xml", "csv", "tsv", *TABLE_FORMATS):
        if form in TABLE_FORMATS and sys.stdout.isatty():
            raise UsageError(f"A terminal can't show {form}", hint=f"put it into a file: > rows.{form}")
        result.write(sys.stdout.buffer, form)  # type: ignore[arg-type]
        if form in ("json", "xml"):
            click.echo()
    else:
        raise UsageError(
            f"Rows can't be written as '{form}'", hint="use table, json, xml, csv, tsv, arrow or parquet"
        )


def _table(result: Solutions) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(header_style="bold")
    for name in result.variables:
        table.add_column(name, overflow="fold")
    for row in result:
        table.add_row(*(short(plain(value)) for value in row))
    Console().print(table)
    say(f"{len(result)} rows")
