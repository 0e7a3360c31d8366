"""What can't all be true, with proofs and what to take back."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, render_template, request

from kb.reasoning import Account

from .context import tag, view
from .display import Labels, iris_in
from .entity_pages import mentioned
from .negotiation import HTML, JSON_DOCUMENT, choose

routes = Blueprint("contradictions", __name__)

_SHOWN = 20


@routes.get("/contradictions")
def show() -> Response:
    """Contradictions among the facts that the caller sees: the first ones in full, with ``all=true`` every one."""
    format = choose(request.headers.get("Accept"), (JSON_DOCUMENT, HTML), name=request.args.get("format"))
    every = request.args.get("all") == "true"
    told = view().call("contradictions", accounts=None if every else _SHOWN)
    marks = (every, format.name)
    if format is not HTML:
        return tag(jsonify(told.to_dict()), *marks)
    terms = [term for one in told.accounts for term in _terms(one)]
    labels = Labels.of(view(), iris_in(terms), language=g.language)

    def cells(triple: tuple) -> list:
        return [labels.cell(part, link_language=g.forced_language) for part in triple]

    page = render_template("contradictions.html", report=told, cells=cells, every=every)
    return tag(Response(page, content_type=HTML.content_type), *marks)


def _terms(one: Account) -> list:
    triples = [triple for mend in one.mends for triple in mend]
    return [term for side in one.sides for term in mentioned(side)] + [
        term for triple in triples for term in triple
    ]
