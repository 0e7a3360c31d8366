"""Changes over HTTP: what every one of them needs, and updates. Each is one commit, wholly or not at all."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

from flask import Response, current_app, g, jsonify, request
from pyoxigraph import NamedNode

from kb import KnowledgeBase, LoadReport
from kb.conditions import Conditions
from kb.errors import Forbidden, Outdated, Overloaded, UsageError
from kb.querying import guard
from kb.querying.updates import Using
from kb.workers import Call

from . import access
from .links import checked
from .protocol import UpdateRequest

_LONGEST_MESSAGE = 1_000
# Of one update; what brings more is a load.
_MOST_QUADS = 1_000_000
_TRIES = 12


def admit() -> None:
    """Refuse a change by somebody who may not write, and any change where the server only reads.

    Raises Unauthorised, Forbidden.
    """
    if current_app.config["READ_ONLY"]:
        raise Forbidden("This server only reads", hint="send changes to the server that writes")
    if "at" in request.args:
        raise UsageError("The past is there to read only", where="at", hint="leave the parameter out")
    access.check_write(g.caller, host=request.host, origin=request.headers.get("Origin"))


@contextmanager
def writer() -> Iterator[KnowledgeBase]:
    """The knowledge base for one change of the caller, who is its author.

    Raises Unauthorised, Forbidden.
    """
    admit()
    with KnowledgeBase.open(current_app.extensions["store"]) as knowledge:
        knowledge.author = g.caller.name
        yield knowledge


def update(asked: UpdateRequest) -> Response:
    """Run a SPARQL update."""
    using = None
    if asked.using is not None:
        default, named = (tuple(NamedNode(checked(one)) for one in some) for some in asked.using)
        using = Using(default, named)
    with writer() as knowledge:
        agreed = conditions()
        given: dict[str, Any] = {
            "source": source(),
            "message": message(),
            "using": using,
            "conditions": agreed,
        }
        if guard.evaluates(asked.text):
            report = worked_out(knowledge, agreed, "preview_update", text=asked.text, **given)
        else:
            report = knowledge.update(asked.text, **given)
    return reported(report)


def worked_out(knowledge: KnowledgeBase, agreed: Conditions, verb: str, **arguments: Any) -> LoadReport:
    """Have a worker, which can be ended, work out a change; then commit it, if nobody has committed meanwhile.

    Who finds the store changed works it out anew; from the third time on such requests wait for each other.
    """
    pool = current_app.extensions["pool"]
    client = request.environ.get("gunicorn.socket")
    turns = current_app.extensions["store"] / "changing.lock"
    for left in reversed(range(_TRIES)):
        with contextlib.ExitStack() as kept:
            if left < _TRIES - 2:
                fcntl.flock(kept.enter_context(turns.open("ab")), fcntl.LOCK_EX)
            call = Call(verb, {"most": _MOST_QUADS, **arguments})
            preview = pool.call(call, caller=str(g.caller), client=client)
            try:
                return knowledge.commit_preview(preview, conditions=agreed)
            except Outdated:
                if agreed.snapshot is not None:
                    raise
                if not left:
                    break
    raise Overloaded("The store changes faster than this update can be worked out", hint="send it again")


def conditions() -> Conditions:
    """Wholly, within what the caller may do, and only at the snapshot that If-Match names.

    Raises UsageError.
    """
    named = request.headers.get("If-Match", "").strip()
    if named in ("", "*"):
        return Conditions(strict=True, grant=g.caller.grant)
    tag = named.removeprefix("W/").strip('"')
    if "," in named or not tag:
        raise UsageError(
            f"'{named}' names no snapshot",
            where="If-Match",
            hint='send one ETag, or the name in X-Commerce-KB-Snapshot: If-Match: "00000003-4f1c08aa"',
        )
    # The tag of a graph is that of its snapshot, a dot and its format.
    return Conditions(strict=True, snapshot=tag.partition(".")[0], grant=g.caller.grant)


def message() -> str | None:
    """What the commit says: the header Commit-Message, percent-encoded where it is not ASCII."""
    given = request.headers.get("Commit-Message", "").strip()
    text = unquote(given)[:_LONGEST_MESSAGE]
    return " ".join(text.split()) or None


def source(default: str = "update") -> str:
    """The source that a change is of, by ``?source=``."""
    return request.args.get("source") or default


def reported(report: LoadReport, status: int = 200) -> Response:
    """What a change did, with the snapshot that holds it."""
    response = jsonify(shown(report))
    response.status_code = status
    if report.commit is not None:
        response.headers["X-Commerce-KB-Snapshot"] = f"{report.number:08d}-{report.commit[:8]}"
    response.headers["Cache-Control"] = "no-store"
    return response


def shown(report: LoadReport) -> dict[str, Any]:
    """A report as its caller may see it: consequences and results may speak of private data."""
    found = report.to_dict()
    if g.caller.private is not True:
        for name in (
            "inferred",
            "contradictions",
            "validation",
            "unchecked",
            "left",
            "warnings",
            "violations",
        ):
            found.pop(name, None)
    return found
