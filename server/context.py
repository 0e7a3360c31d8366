"""What one request carries: who asks, in which language, and the snapshot that it sees."""

from __future__ import annotations

import hashlib

from flask import Response, current_app, g, request

from .reader import View

CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)

PROTECTING = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
VARYING = ("Accept", "Accept-Language", "Authorization")


def view() -> View:
    """What this request's caller sees; the same snapshot during the whole request."""
    if "snapshot" not in g:
        g.knowledge = current_app.extensions["reader"].open()
        g.snapshot = g.knowledge.snapshot
    pool = current_app.extensions["pool"]
    return View(g.knowledge, g.snapshot, g.caller, pool, request.environ.get("gunicorn.socket"))


def fingerprint(*parts: object) -> str:
    """An entity tag for an answer that depends on code, snapshot, caller, language and these parts alone."""
    return mark_of(current_app.config["BUILD"], view().snapshot.name, g.caller, g.language, *parts)


def mark_of(*parts: object) -> str:
    """A mark for things that are told apart by how they are written."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode(), digest_size=16).hexdigest()


def tag(response: Response, *parts: object) -> Response:
    """Give an answer its entity tag, and turn it into 304 where the client has it already."""
    return tag_as(response, fingerprint(*parts))


def tag_as(response: Response, mark: str) -> Response:
    """The same for an entity tag that is known already."""
    response.set_etag(mark)
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response
