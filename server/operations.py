"""What those ask who keep the server running: does it live, is it ready, how is it doing."""

from __future__ import annotations

import contextlib

from flask import Blueprint, Response, current_app, g, jsonify, request

from kb.core.address import connected
from kb.errors import QueryStopped
from kb.tokens import Role

from .context import view

routes = Blueprint("operations", __name__)


@routes.get("/health")
def health() -> Response:
    """Whether a worker can read the store; 200 with the snapshot, or the problem."""
    view().query("ASK {}")
    return _fresh(jsonify({"status": "ok", "snapshot": view().snapshot.name}))


@routes.get("/ready")
def ready() -> Response:
    """Whether requests should be sent here: it lives, is not about to end; and whether it takes changes."""
    if current_app.extensions["pool"].ending:
        raise QueryStopped("The server ends", hint="ask another one")
    view().query("ASK {}")
    writes = False
    if not current_app.config["READ_ONLY"]:
        with contextlib.suppress(OSError):
            core = connected(current_app.extensions["store"])
            writes = core is not None
            if core is not None:
                core.close()
    return _fresh(jsonify({"status": "ready", "snapshot": view().snapshot.name, "writes": writes}))


@routes.get("/metrics")
def metrics() -> Response:
    """Counts for Prometheus: for this machine, or an administrator."""
    if not current_app.extensions["door"].is_near(request.remote_addr, dict(request.headers)):
        g.caller.require(Role.ADMIN)
    return _fresh(
        Response(
            current_app.extensions["monitor"].metrics.text(),
            content_type="text/plain; version=0.0.4; charset=utf-8",
        )
    )


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
