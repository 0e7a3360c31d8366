"""What has changed, of what the caller may see: since a commit, by one, between two."""

from __future__ import annotations

import contextlib
import json

from flask import Blueprint, Response, g, render_template, request
from pyoxigraph import NamedNode, Quad, RdfFormat, parse

from kb.errors import UsageError
from kb.graphs import Private
from kb.store import Commit
from kb.versions import commit_of, visible

from .context import tag, view
from .display import Labels, iris_in
from .negotiation import HTML, JSON_DOCUMENT, Format, choose
from .sparql import streamed

routes = Blueprint("changes", __name__)

PATCHES = Format("patch", "application/rdf-patch")
_SHOWN, _MOST = 100, 10_000


@routes.get("/changes")
def since() -> Response:
    """The commits behind ``?since=``, oldest first, a transaction each; without it all that the journal holds.

    Of a commit that touched graphs beyond the caller's sight, what is within it. A commit that shows the caller
    nothing is passed over.
    """
    seen, private = view(), g.caller.private
    journal = seen.knowledge.folder.journal
    last = int(seen.snapshot.name.partition("-")[0])
    begin = _begin(journal.commits(), request.args.get("since"), private)
    response = streamed(seen.patches(begin, last), PATCHES)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@routes.get("/commits/<reference>")
def of_commit(reference: str) -> Response:
    """What one commit changed.

    Raises NotFound, UsageError.
    """
    return _changes(reference, None)


@routes.get("/diff")
def difference() -> Response:
    """The net difference of the states of ``?before=`` and ``?after=``, or of the newest commit.

    Raises NotFound, UsageError.
    """
    before = request.args.get("before", "").strip()
    if not before:
        raise UsageError(
            "Two states differ, and one is missing", where="before", hint="/diff?before=1&after=3"
        )
    return _changes(request.args.get("after", "").strip() or None, before)


def _changes(after: str | None, before: str | None) -> Response:
    """As a page or a document with the first quads (``?limit=``), as a patch with all of them."""
    offered = (JSON_DOCUMENT, HTML, PATCHES)
    format = choose(request.headers.get("Accept"), offered, name=request.args.get("format"))
    seen = view()
    marks = (after, before, format.name, limit := _limit())
    if format is PATCHES:
        return tag(streamed(seen.changes(after, before=before), PATCHES), *marks)
    with contextlib.closing(seen.changes(after, before=before, shown=limit)) as stream:
        document = b"".join(stream)
    if format is JSON_DOCUMENT:
        return tag(Response(document, content_type=JSON_DOCUMENT.content_type), *marks)
    told = json.loads(document)
    quads = {name: [_quad(row) for row in told[name]] for name in ("removed", "added")}
    labels = Labels.of(
        seen, iris_in(term for some in quads.values() for quad in some for term in quad), language=g.language
    )
    page = render_template(
        "changes.html",
        told=told,
        quads=quads,
        cell=lambda term: labels.cell(term, link_language=g.forced_language),
    )
    return tag(Response(page, content_type=HTML.content_type), *marks)


def _quad(row: dict[str, str]) -> tuple[object, ...]:
    """The four terms of a quad whose columns are in N-Triples syntax."""
    (found,) = parse(f"{row['s']} {row['p']} {row['o']} {row['g']} .", format=RdfFormat.N_QUADS, lenient=True)
    assert isinstance(found, Quad) and isinstance(found.graph_name, NamedNode)
    return found.subject, found.predicate, found.object, found.graph_name


def _limit() -> int:
    text = request.args.get("limit", str(_SHOWN))
    if not (text.isascii() and text.isdigit() and int(text) <= _MOST):
        raise UsageError(f"'{text[:40]}' is no number of quads", where="limit", hint=f"give 0 to {_MOST:,}")
    return int(text)


def _begin(commits: list[Commit], reference: str | None, private: Private) -> int:
    """The number behind which changes are wanted. A snapshot's name counts by its number: a hidden commit may be meant.

    Raises NotFound, UsageError.
    """
    if reference is None:
        return 0
    name = next((one for one in commits if one.name == reference), None)
    if name is not None:
        return name.number
    if reference.isdecimal() and len(reference) < 8:
        number = int(reference)
        if number > len(commits):
            raise UsageError(f"There is no commit #{number} yet", hint="see /commits")
        return number
    return commit_of(visible(commits, private=private), reference).number
