"""The gallery of competency questions: one click from a question to its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, g, render_template, request
from kb.querying.competency import Parameter, Question, catalogue

from kb.errors import NotFound
from kb.querying.results import Solutions

from . import charts
from .context import tag, view
from .display import Labels, iris_in
from .links import with_parameters
from .negotiation import HTML, SOLUTIONS, choose
from .sparql import table, written

routes = Blueprint("gallery", __name__)

_BARS = 15
_PLAIN = ("integer", "decimal", "date", "dateTime", "string", "text")


def by_duty() -> dict[str, list[Question]]:
    """The questions under the duty that each serves, in the order of the catalogue."""
    duties: dict[str, list[Question]] = {}
    for question in catalogue():
        duties.setdefault(question.duty, []).append(question)
    return duties


@dataclass(frozen=True)
class Shown:
    """What the box of one parameter shows: a name, the kind that completes it, and the IRI behind the name."""

    text: str
    kind: str | None
    iri: str | None


def shown(
    questions: Iterable[Question], *, given: Mapping[str, str] | None = None
) -> dict[str, dict[str, Shown]]:
    """By question and parameter, what the boxes show: names in place of IRIs, defaults where nothing is given."""
    listed = list(questions)
    given = given or {}
    values = {
        (question.id, parameter.name): (parameter, str(given.get(parameter.name) or parameter.default or ""))
        for question in listed
        for parameter in question.parameters
    }
    labels = Labels.of(view(), (value for _, value in values.values()), language=g.language)
    boxes: dict[str, dict[str, Shown]] = {question.id: {} for question in listed}
    for (question, name), (parameter, value) in values.items():
        iri = value if value.startswith(("http://", "https://")) else None
        kind = None if parameter.kind in _PLAIN else parameter.kind
        boxes[question][name] = Shown(labels.name(value) if iri else value, kind, iri)
    return boxes


@routes.get("/questions/<name>")
def answer(name: str) -> Response:
    """One question with its answer as table and chart, or as data."""
    question = next((one for one in catalogue() if one.id == name), None)
    if question is None:
        raise NotFound(f"There is no question '{name}'", hint="the gallery is on the home page: /#questions")
    format = choose(request.headers.get("Accept"), (*SOLUTIONS, HTML), name=request.args.get("format"))
    given = {
        parameter.name: request.args.get(parameter.name, "").strip() or parameter.default
        for parameter in question.parameters
    }
    marks = (name, sorted(given.items()), format.name, request.args.get("part"))
    text = question.bind({one.name: _value(one, given[one.name]) for one in question.parameters})
    result = cast(Solutions, view().query(text))
    if format is not HTML:
        return tag(written(result, format), *marks)
    alone = request.args.get("part") != "answer"
    page = render_template(
        "question.html" if alone else "question_answer.html",
        question=question,
        shown=shown([question], given=given)[name],
        query=text,
        address=with_parameters(f"/questions/{name}", **given, lang=g.forced_language),
        open_in_editor=with_parameters("/", query=text, lang=g.forced_language),
        table=table(result.variables, [tuple(row) for row in result]),
        chart=drawn(question.chart, result, title=question.title),
    )
    return tag(Response(page, content_type=HTML.content_type), *marks)


def drawn(chart: str | None, solutions: Solutions, *, title: str) -> charts.Bars | charts.Line | None:
    """The chart that a question's header asks for: ``bar x=label y=units`` or ``line x=day y=price``."""
    if not chart:
        return None
    kind, *axes = chart.split()
    names = dict(axis.split("=", 1) for axis in axes)
    labels = Labels.of(view(), iris_in(row[names["x"]] for row in solutions), language=g.language)
    points = []
    for row in solutions:
        place, height = labels.cell(row[names["x"]]), row[names["y"]]
        if place is not None and height is not None:
            points.append((place.text, float(height.value)))
    return charts.line(title, points) if kind == "line" else charts.bars(title, points[:_BARS])


def _value(parameter: Parameter, given: str) -> str:
    """What a parameter is bound to: a name that somebody typed becomes the IRI of the best match.

    Raises NotFound.
    """
    if parameter.kind in _PLAIN or given.startswith(("http://", "https://")):
        return given
    hits = view().knowledge.find(given, kind=parameter.kind, limit=1, private=g.caller.private)
    if not hits:
        raise NotFound(
            f"Nothing of the kind '{parameter.kind}' is called '{given}'",
            where=parameter.label,
            hint="see /find?q=...",
        )
    return hits[0].iri
