"""Forgetting a buyer, for administrators."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request

from kb.errors import UsageError
from kb.remote.plain import to_plain
from kb.tokens import Role

from . import writing

routes = Blueprint("forgetting", __name__)


@routes.post("/forget")
def forget() -> Response:
    """Forget the buyer that a JSON body names; answered when nothing of them is left.

    Raises Unauthorised, Forbidden, UsageError, and what `KnowledgeBase.forget` raises.
    """
    g.caller.require(Role.ADMIN)
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict) or not isinstance(asked.get("buyer"), str) or not asked["buyer"]:
        raise UsageError("The body names no buyer", hint='send application/json: {"buyer": "..."}')
    with writing.writer() as knowledge:
        response = jsonify(to_plain(knowledge.forget(asked["buyer"])))
    response.headers["Cache-Control"] = "no-store"
    return response
