"""The gallery of competency questions: one click from a question to its answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, Response, g, render_template, request
from pyoxigraph import NamedNode

from kb.querying.competency import Chart, Parameter, Question, catalogue, question
from kb.querying.results import Solutions
from kb.values import iri

from . import charts
from .context import tag, view
from .display import Labels, iris_in
from .links import with_parameters
from .negotiation import HTML, SOLUTIONS, choose
from .sparql import streamed, table

routes = Blueprint("gallery", __name__)

_BARS = 15
_ORDER = "GBKRC"
_NAMES_OF = re.compile(r"(?:(?P<column>\w+)_)?label(?:_zh)?")


@dataclass(frozen=True)
class Box:
    """What the box of one parameter shows: a label, the value, the class that completes it, the IRI behind it."""

    label: str
    text: str
    completes: str | None
    iri: str | None


def by_duty() -> dict[str, list[Question]]:
    """The questions under the duty that each serves."""
    duties: dict[str, list[Question]] = {}
    for one in sorted(catalogue(), key=lambda one: (_ORDER.find(one.id[0]), one.id)):
        duties.setdefault(one.duty, []).append(one)
    return duties


def title(asked: Question) -> str:
    """The question in the language of the page."""
    return asked.title_zh if g.language == "zh" else asked.title


def boxes(questions: Iterable[Question], given: Mapping[str, str] | None = None) -> dict[str, dict[str, Box]]:
    """By question and parameter, what the boxes show: names instead of IRIs, defaults where nothing is given."""
    values = {
        (asked.id, parameter.name): (parameter, (given or {}).get(parameter.name) or parameter.default)
        for asked in questions
        for parameter in asked.parameters
    }
    known = {value: iri(value).value for parameter, value in values.values() if _is_iri(parameter, value)}
    labels = Labels.of(view(), known.values(), language=g.language)
    shown: dict[str, dict[str, Box]] = {}
    for (name, place), (parameter, value) in values.items():
        label = parameter.label_zh if g.language == "zh" else parameter.label
        address = known.get(value) if parameter.kind == "entity" else None
        if address and not labels.all(address):
            address, value = None, ""  # A default of the demo shop that is not in this store.
        text = labels.name(address) if address else value
        shown.setdefault(name, {})[place] = Box(label, text, parameter.cls, address)
    return shown


@routes.get("/questions/<name>")
def answer(name: str) -> Response:
    """One question with its answer as table and chart, or as data."""
    asked = question(name)
    format = choose(request.headers.get("Accept"), (*SOLUTIONS, HTML), name=request.args.get("format"))
    given = {
        one.name: request.args[one.name] for one in asked.parameters if request.args.get(one.name, "").strip()
    }
    seen = view()
    terms = asked.terms(given, seen.find)
    text = asked.bound(terms)
    marks = (text, format.name, request.args.get("part"))
    if format is not HTML:
        return tag(streamed(seen.stream(text, format.name), format), *marks)
    result = cast(Solutions, seen.query(text))
    values = {place: term.value for place, term in terms.items()}
    page = render_template(
        "question_answer.html" if request.args.get("part") == "answer" else "question.html",
        question=asked,
        title=title(asked),
        boxes=boxes([asked], values).get(asked.id, {}),
        query=text,
        address=with_parameters(f"/questions/{asked.id}", **values, lang=g.forced_language),
        open_in_editor=with_parameters("/", query=text, lang=g.forced_language),
        table=_table(result),
        chart=drawn(asked.chart, result, title=title(asked)) if asked.chart else None,
    )
    return tag(Response(page, content_type=HTML.content_type), *marks)


def drawn(chart: Chart, solutions: Solutions, *, title: str) -> charts.Bars | charts.Line | None:
    """The chart that a question's head asks for."""
    across = f"{chart.x}_zh" if g.language == "zh" and f"{chart.x}_zh" in solutions.variables else chart.x
    labels = Labels.of(view(), iris_in(row[across] for row in solutions), language=g.language)
    points = [
        (labels.cell(row[across]).text, float(row[chart.y].value))
        for row in solutions
        if row[across] is not None and row[chart.y] is not None
    ]
    return charts.line(title, points) if chart.kind == "line" else charts.bars(title, points[:_BARS])


def _table(solutions: Solutions) -> dict[str, Any]:
    """The rows without columns that only repeat the name of an entity beside it: a page shows names anyway."""
    entities = {name for row in solutions for name in solutions.variables if isinstance(row[name], NamedNode)}
    kept = []
    for place, name in enumerate(solutions.variables):
        found = _NAMES_OF.fullmatch(name)
        named = (found["column"] or solutions.variables[0]) if found else None
        if named not in entities:
            kept.append(place)
    names = tuple(solutions.variables[place] for place in kept)
    return table(names, [tuple(row[place] for place in kept) for row in solutions])


def _is_iri(parameter: Parameter, value: str) -> bool:
    return parameter.kind == "entity" and ":" in value
