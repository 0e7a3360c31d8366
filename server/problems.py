"""Faults as answers: problem documents (RFC 9457) for programs, a page for browsers."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, Response, current_app, g, json, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from kb.errors import GateRefused, KbError, NotFound

from .faults import BodyTooLarge, MethodNotAllowed, TooManyGuesses, Unauthorised
from .negotiation import HTML, Format, choose

_PROBLEM = Format("problem", "application/problem+json", ("application/json",))


def register(app: Flask) -> None:
    """Let the application answer every fault in this way."""
    app.register_error_handler(KbError, _problem)
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _crash)


def _problem(fault: KbError) -> Response:
    """A fault as a problem document (RFC 9457), or as a page for a browser."""
    if not hasattr(g, "language"):
        g.language, g.forced_language = "en", None
    g.fault = type(fault).__name__
    problem = described(fault)
    try:
        wanted = choose(request.headers.get("Accept"), (_PROBLEM, HTML))
    except KbError:
        wanted = _PROBLEM
    if wanted is HTML:
        response = make_response(render_template("problem.html", problem=problem), fault.status)
    else:
        text = json.dumps({"type": "about:blank", **problem}, ensure_ascii=False)
        response = Response(text, fault.status, content_type=_PROBLEM.media_type)
    if isinstance(fault, MethodNotAllowed):
        response.headers["Allow"] = ", ".join((*fault.allowed, "OPTIONS"))
    if isinstance(fault, Unauthorised):
        scheme = "Basic" if fault.browser else "Bearer"
        response.headers["WWW-Authenticate"] = f'{scheme} realm="commerce-kb", charset="UTF-8"'
    if isinstance(fault, TooManyGuesses):
        response.headers["Retry-After"] = "60"
    response.headers["Cache-Control"] = "no-store"
    return response


def described(fault: KbError) -> dict[str, Any]:
    """A fault as a caller may hear of it; what the shapes said of private data only by who sees all of it."""
    problem: dict[str, Any] = fault.to_dict()
    if isinstance(fault, GateRefused):
        problem["hint"] = "mend the data and send it again; nothing was written"
        if g.caller.private is not True:
            problem.pop("where", None)
        elif fault.report is not None:
            problem |= {"text": str(fault.report), "report": fault.report.to_dict()}
    return problem


def _http_problem(error: HTTPException) -> Response:
    """A fault that the framework found: an unknown address, a wrong method, a body too long."""
    if error.code == 404:
        return _problem(NotFound("There is no page at this address", where=request.path, hint="start at /"))
    if error.code == 405:
        allowed = sorted(set(getattr(error, "valid_methods", None) or ()) - {"OPTIONS"})
        return _problem(MethodNotAllowed(request.method, tuple(allowed)))
    if error.code == 413:
        return _problem(
            BodyTooLarge(
                "The body is too long",
                hint=f"send at most {current_app.config['MAX_CONTENT_LENGTH']:,} bytes",
            )
        )
    if error.code is not None and error.code < 400:
        return make_response(error.get_response())
    fault = KbError(error.description or error.name)
    fault.status = error.code or 500
    return _problem(fault)


def _crash(error: Exception) -> Response:
    """A fault of ours: the log gets the trace, the client a plain sentence."""
    logging.getLogger(__name__).error("%s %s failed", request.method, request.path, exc_info=error)
    return _problem(KbError("Something went wrong in the server", hint="the server's log tells what"))
