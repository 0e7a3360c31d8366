"""The market's pages: one insight with its chart and table, or as data; what is looked at is chosen by name."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from flask import Blueprint, Response, g, jsonify, render_template, request
from pyoxigraph import Literal, NamedNode

from kb.errors import UsageError
from kb.insight import INSIGHTS, Insight, Kind, Scope
from kb.querying.competency import question
from kb.terms import CKB

from . import charts
from .context import tag, view
from .display import Labels
from .links import with_parameters
from .negotiation import CSV, HTML, JSON_DOCUMENT, choose
from .sparql import table

routes = Blueprint("insight", __name__)

_BARS = 15
_MOST = 1000
# What can be chosen, the class that completes it, and what the competency questions call it.
_CHOICES = {
    "category": (CKB.Category, "category", "category"),
    "family": (CKB.Brand, "brand family", "brand"),
    "region": (CKB.Region, "region", "region"),
    "merchant": (CKB.Merchant, "merchant", "merchant"),
    "sku": (CKB.SKU, "SKU", "sku"),
}
_ONLY_FOR = {"merchant": ("price-position",), "sku": ("price-history",)}


@routes.get("/insight")
def insights() -> Response:
    """All insights, each a link."""
    view()
    return tag(
        Response(
            render_template("insights.html", kinds=INSIGHTS, title_of=_title), content_type=HTML.content_type
        )
    )


@routes.get("/insight/<name>")
def insight(name: str) -> Response:
    """One insight on the newest snapshot, for what its caller may see."""
    format = choose(
        request.headers.get("Accept"), (JSON_DOCUMENT, HTML, CSV), name=request.args.get("format")
    )
    asked = _scope()
    if name in INSIGHTS and format is HTML and _lacks(name, asked):
        return Response(_page(name, asked, None), content_type=HTML.content_type)
    found = cast(Insight, view().call("insight", name=name, scope=asked))
    marks = (name, asked, format.name)
    if format.name == "json":
        return tag(_json(found), *marks)
    if format.name == "csv":
        return tag(Response(found.to_csv(), content_type=format.content_type), *marks)
    return tag(Response(_page(name, found.scope, found), content_type=HTML.content_type), *marks)


def _json(found: Insight) -> Response:
    content = found.to_dict()
    content["rows"] = [{key: _plain(value) for key, value in row.items()} for row in content["rows"]]
    content["sparql"] = _question_link(found)
    return jsonify(content)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _scope() -> Scope:
    given = {
        name: text for name in (*_CHOICES, "since", "until") if (text := request.args.get(name, "").strip())
    }
    limit = request.args.get("limit", "20")
    if not limit.isdigit() or not 1 <= int(limit) <= _MOST:
        raise UsageError(f"'{limit}' is no number of rows", where="limit", hint=f"give 1 to {_MOST}")
    return Scope(**given, limit=int(limit))  # type: ignore[arg-type]


def _lacks(name: str, asked: Scope) -> bool:
    """Whether the insight needs something to be chosen first."""
    return (name == "competitors" and asked.family is None) or (name == "price-history" and asked.sku is None)


def _page(name: str, asked: Scope, found: Insight | None) -> str:
    kind = INSIGHTS[name]
    chosen = {one: iri for one in _CHOICES if (iri := getattr(asked, one)) is not None}
    labels = Labels.of(view(), [iri for iri in chosen.values() if ":" in iri], language=g.language)
    boxes = [
        {
            "name": one,
            "label": called,
            "completes": cls.value,
            "iri": chosen.get(one),
            "text": labels.name(chosen[one]) if ":" in chosen.get(one, "") else chosen.get(one, ""),
        }
        for one, (cls, called, _) in _CHOICES.items()
        if name in _ONLY_FOR.get(one, (name,))
    ]
    return render_template(
        "insight.html",
        name=name,
        title=_title(kind),
        kinds=INSIGHTS,
        title_of=_title,
        boxes=boxes,
        scope=asked,
        table=_table(found) if found else None,
        chart=_drawn(kind, found) if found else None,
        address=with_parameters(f"/insight/{name}", **_texts(asked), lang=g.forced_language),
        sparql=_question_link(found) if found else None,
    )


def _title(kind: Kind) -> str:
    return kind.title_zh if g.language == "zh" else kind.title


def _texts(asked: Scope) -> dict[str, str]:
    return {name: str(value) for name, value in asked.to_dict().items()}


def _question_link(found: Insight) -> str:
    """The competency question that asks the same in SPARQL, with what it has parameters for."""
    names = {one.name for one in question(found.question).parameters}
    given = {
        called: getattr(found.scope, name) for name, (_, _, called) in _CHOICES.items() if called in names
    }
    given |= {name: getattr(found.scope, name) for name in ("since", "until") if name in names}
    return with_parameters(f"/questions/{found.question}", **given)


def _table(found: Insight) -> dict[str, Any]:
    """The rows, without the names that the entity beside them shows anyway."""
    names = tuple(one for one in found.rows.column_names if one not in ("name", "name_zh"))
    rows = [tuple(_term(row[one]) for one in names) for row in found.rows.to_pylist()]
    return table(names, rows)


def _term(value: Any) -> NamedNode | Literal | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return Literal(value)
    if isinstance(value, float):
        return Literal(round(value, 1) if abs(value) >= 1000 else float(f"{value:.4g}"))
    if isinstance(value, int):
        return Literal(value)
    text = str(value)
    return NamedNode(text) if text.startswith("https://") else Literal(text)


def _drawn(kind: Kind, found: Insight) -> charts.Bars | charts.Line | None:
    across, up = kind.chart
    columns = found.rows.column_names
    if across not in columns or up not in columns:
        return None
    other = f"{across}_zh"
    points = []
    for row in found.rows.to_pylist():
        label = (row.get(other) if g.language == "zh" else None) or row[across]
        if label is not None and row[up] is not None:
            points.append((str(label), float(row[up])))
    return charts.line(_title(kind), points) if across == "day" else charts.bars(_title(kind), points[:_BARS])
