"""What one request carries: who asks, in which language, and the snapshot that it sees."""

from __future__ import annotations

import hashlib

from flask import Response, current_app, g, request

from kb.errors import Forbidden
from kb.tokens import Role
from kb.workers import Call

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
    """What this request's caller sees; the same snapshot during the whole request, with ``?at=`` that of a commit.

    Raises Unauthorised, Forbidden, NotFound, UsageError for the commit.
    """
    pool = current_app.extensions["pool"]
    client = request.environ.get("gunicorn.socket")
    past = request.args.get("at", "").strip() or None
    if "snapshot" not in g:
        knowledge = current_app.extensions["reader"].open()
        if past is not None:
            allow_the_past()
            # A worker brings it back, which may take a while.
            pool.call(Call("at", {"reference": past}), caller=str(g.caller), client=client)
            knowledge = knowledge.at(past)
        g.knowledge, g.snapshot = knowledge, knowledge.snapshot
    return View(g.knowledge, g.snapshot, g.caller, pool, client, past)


def allow_the_past() -> None:
    """An older commit is brought back on disk: that is not for everybody who passes.

    Raises Unauthorised, Forbidden.
    """
    g.caller.require(Role.ANALYST)
    if g.caller.private is not True:
        raise Forbidden(
            "An older commit needs a token for all graphs", hint="ask what is there now, without the commit"
        )


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
