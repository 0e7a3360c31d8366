"""What the shapes say of the graph: the standing report by shape, against an older commit, over commits."""

from __future__ import annotations

from itertools import groupby
from typing import cast

from flask import Blueprint, Response, g, jsonify, render_template, request

from kb.judging import Trend
from kb.validation import Result, ValidationReport
from kb.validation.comparison import Comparison
from kb.validation.messages import shown_value
from kb.validation.report import EXAMPLES, Group

from .context import allow_the_past, tag, view
from .display import Labels, iris_in
from .negotiation import HTML, JSON_DOCUMENT, choose

routes = Blueprint("reports", __name__)

_POINTS = 20


@routes.get("/reports")
def show() -> Response:
    """The report of what the caller sees; with ``?since=`` beside that of an older commit, for analysts.

    Raises Unauthorised, Forbidden, and what `KnowledgeBase.validate_since` raises.
    """
    format = choose(request.headers.get("Accept"), (JSON_DOCUMENT, HTML), name=request.args.get("format"))
    since = request.args.get("since", "").strip()
    if since:
        allow_the_past()
        return _compared(since, format is HTML)
    report = cast(ValidationReport, view().call("validate"))
    trend = cast(Trend, view().call("known_trend", count=_POINTS))
    marks = (format.name, trend)
    if format is not HTML:
        return tag(jsonify({**report.to_dict(), "trend": trend.to_dict()["commits"]}), *marks)
    page = render_template(
        "reports.html",
        report=report,
        trend=trend.points[::-1],
        groups=report.groups,
        **_words(report.results),
        origins=report.origins,
        may_compare=g.caller.private is True,
    )
    return tag(Response(page, content_type=HTML.content_type), *marks)


def _compared(since: str, as_page: bool) -> Response:
    found = cast(Comparison, view().call("validate_since", reference=since))
    marks = (since, as_page)
    if not as_page:
        return tag(jsonify(found.to_dict()), *marks)
    parts = [(name, _grouped(getattr(found, name))) for name in ("new", "gone", "still")]
    page = render_template(
        "compared.html",
        since=since,
        parts=parts,
        **_words((*found.new, *found.gone, *found.still)),
        origins=found.origins,
    )
    return tag(Response(page, content_type=HTML.content_type), *marks)


def _grouped(results: tuple[Result, ...]) -> list[Group]:
    by_rule = groupby(sorted(results, key=lambda one: one.rule), key=lambda one: one.rule)
    return [Group(rule, tuple(some)) for rule, some in by_rule]


def _words(results: tuple[Result, ...]) -> dict[str, object]:
    """What the templates show results with; only those shown as examples are looked up."""
    shown = [one for group in _grouped(results) for one in group.results[:EXAMPLES]]
    labels = Labels.of(view(), iris_in(one.focus for one in shown), language=g.language)
    return {
        "cell": lambda term: labels.cell(term, link_language=g.forced_language),
        "shown": shown_value,
        "most": EXAMPLES,
    }
