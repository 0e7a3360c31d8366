"""What runs: the list of queries, and ending one."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, current_app, g, jsonify

from kb.tokens import Role
from kb.workers import Runs

routes = Blueprint("running", __name__)


@routes.get("/queries")
def listed() -> Response:
    """The queries that have run for a tenth of a second or longer, the oldest first."""
    found = [{**asdict(one), "age": round(one.age, 3)} for one in _runs()]
    response = jsonify(found)
    response.headers["Cache-Control"] = "no-store"
    return response


@routes.delete("/queries/<id>")
def stopped(id: str) -> tuple[str, int]:
    """End a query; who asked it gets 503."""
    _runs().stop(id)
    return "", 204


def _runs() -> Runs:
    g.caller.require(Role.ADMIN)
    runs: Runs = current_app.extensions["pool"].runs
    return runs
