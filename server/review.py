"""Mined edges that wait for a decision: seen as far as their graphs are, decided about by writers."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, Response, g, jsonify, render_template, request

from kb.errors import NotFound, UsageError
from kb.mining import Candidate, Decision, decide, decisions, queue
from kb.mining.review import REVIEWS
from kb.tokens import Role

from . import writing
from .context import tag, view
from .negotiation import HTML, JSON_DOCUMENT, choose

routes = Blueprint("review", __name__)

_SHOWN = 50
_VERDICTS: dict[str, Literal["accept", "reject"]] = {"accept": "accept", "reject": "reject"}


@routes.get("/review")
def waiting() -> Response:
    """What waits, surest first; ``?kind=`` of edges, at most ``?limit=``."""
    return _shown(queue(view(), kind=_kind(), limit=_limit()), decided=False)


@routes.get("/review/decided")
def decided() -> Response:
    """The decisions that stand."""
    return _shown(decisions(view(), kind=_kind())[: _limit()], decided=True)


@routes.post("/review/<id>/<any(accept,reject):verdict>")
def judged(id: str, verdict: str) -> Response:
    """Decide about an edge, as one commit; ``?note=`` says why.

    Raises Unauthorised, Forbidden, NotFound for an edge that the caller does not see.
    """
    writing.admit()
    g.caller.grant.check(REVIEWS)
    seen = view()
    if id not in {one.id for one in queue(seen)} | {one.id for one in decisions(seen)}:
        raise NotFound(f"No edge {id} waits for review", hint="see /review")
    with writing.writer() as knowledge:
        note = request.args.get("note", "")
        return writing.reported(decide(knowledge, [id], _VERDICTS[verdict], note=note))


def _shown(found: list[Candidate] | list[Decision], *, decided: bool) -> Response:
    format = choose(request.headers.get("Accept"), (JSON_DOCUMENT, HTML), name=request.args.get("format"))
    marks: tuple[Any, ...] = (decided, _kind(), _limit(), format.name)
    if format is not HTML:
        return tag(jsonify([one.to_dict() for one in found]), *marks)
    page = render_template(
        "review.html", edges=found, decided=decided, writes=g.caller.role >= Role.WRITER, kind=_kind()
    )
    return tag(Response(page, content_type=HTML.content_type), *marks)


def _kind() -> str | None:
    return request.args.get("kind") or None


def _limit() -> int:
    given = request.args.get("limit", str(_SHOWN))
    if not given.isascii() or not given.isdigit() or not 0 < int(given) <= 1_000_000:
        raise UsageError(f"'{given}' is no number of edges", where="limit", hint="give limit=50")
    return int(given)
