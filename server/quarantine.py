"""What the gate held back: seen by analysts as far as they see its graphs, changed by writers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from flask import Blueprint, Response, g, jsonify, render_template, request

from kb import KnowledgeBase
from kb.errors import DataError, NotFound
from kb.graphs import is_visible
from kb.store.quarantine import Entry
from kb.tokens import Role

from . import writing
from .bodies import read_body
from .context import view
from .negotiation import HTML, JSON_DOCUMENT, N_QUADS, choose

routes = Blueprint("quarantine", __name__)

_MOST_BYTES = 2_000_000


@routes.get("/quarantine")
def listed() -> Response:
    """All entries, newest first."""
    return _shown(list(_seen(reversed(_knowledge().quarantine()))), whole=False)


@routes.get("/quarantine/<path:id>")
def shown(id: str) -> Response:
    """An entry, or one node of it, with its quads; as N-Quads all that its nodes would say: what to edit for a fix.

    Raises NotFound for what isn't there, or isn't for the caller.
    """
    knowledge = _knowledge()
    entry = _visible(knowledge, id)
    offered = (JSON_DOCUMENT, HTML, N_QUADS)
    format = choose(request.headers.get("Accept"), offered, name=request.args.get("format"))
    if format is not N_QUADS:
        return _shown([entry], whole=True)
    text = b"".join(knowledge.quarantine_quads(entry.id_of(node)) for node in entry.nodes)
    return Response(text, content_type=N_QUADS.content_type, headers={"Cache-Control": "no-store"})


@routes.post("/quarantine/<path:id>/<any(fix,release,drop):verb>")
def changed(id: str, verb: str) -> Response:
    """Put N-Quads in the place of what nodes would say, let nodes in, or throw them away.

    Raises Unauthorised, Forbidden, NotFound, and what the facade's verb raises.
    """
    with writing.writer() as knowledge:
        _check(_visible(knowledge, id))
        if verb == "drop":
            response = jsonify({"id": id, "dropped": list(knowledge.quarantine_drop(id))})
        elif verb == "release":
            response = jsonify(knowledge.quarantine_release(id).to_dict())
        else:
            response = jsonify(_fixed(knowledge, id).to_dict())
    response.headers["Cache-Control"] = "no-store"
    return response


def _fixed(knowledge: KnowledgeBase, id: str) -> Any:
    content = read_body(request, most=_MOST_BYTES)
    try:
        names = {one.graph_name for one in ox.parse(content, format=ox.RdfFormat.N_QUADS)}
    except (SyntaxError, ValueError) as fault:
        raise DataError(f"The body is no N-Quads: {fault}", hint="send application/n-quads") from None
    for name in names:
        if isinstance(name, ox.NamedNode):
            g.caller.grant.check(name.value)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "fix.nq"
        file.write_bytes(content)
        return knowledge.quarantine_fix(id, file)


def _check(entry: Entry) -> None:
    """Raise Forbidden where an entry's quads are meant for a graph that the caller may not change.

    All of the entry counts: what stands beside its nodes goes in with them.
    """
    for names in entry.graphs().values():
        for name in names:
            g.caller.grant.check(name)


def _knowledge() -> KnowledgeBase:
    g.caller.require(Role.ANALYST)
    return view().knowledge


def _visible(knowledge: KnowledgeBase, id: str) -> Entry:
    found = next(_seen([knowledge.quarantine_entry(id)]), None)
    if found is None:
        raise NotFound(f"Nothing in quarantine is called {id}", hint="see /quarantine")
    return found


def _seen(entries: Any) -> Iterator[Entry]:
    """Entries with those of their nodes whose quads all lie in graphs that the caller sees.

    Who does not see all private graphs is told which rules are broken, not what was found, which may come
    from elsewhere.
    """
    private = g.caller.private
    for entry in entries:
        if private is True:
            yield entry
            continue
        graphs = entry.graphs()
        kept = [
            (node, number)
            for node, number in zip(entry.nodes, entry.numbers, strict=True)
            if graphs.get(node) and all(is_visible(name, private) for name in graphs[node])
        ]
        if kept:
            nodes, numbers = zip(*kept, strict=True)
            results = [
                {"focus": one["focus"], "shape": one["shape"], "shapeId": one.get("shapeId", one["shape"])}
                | {"message": {}, "severity": one["severity"]}
                for one in entry.report["results"]
                if one["focus"] in nodes
            ]
            origins = {
                node: {key: value for key, value in said.items() if key != "label"}
                for node, said in entry.origins.items()
                if node in nodes
            }
            yield replace(entry, nodes=nodes, numbers=numbers, report={"results": results}, origins=origins)


def _shown(entries: list[Entry], *, whole: bool) -> Response:
    format = choose(request.headers.get("Accept"), (JSON_DOCUMENT, HTML), name=request.args.get("format"))
    told = [_told(one, whole=whole) for one in entries]
    if format is not HTML:
        response = jsonify(told[0] if whole else told)
    else:
        page = render_template(
            "quarantine.html", entries=told, whole=whole, writes=g.caller.role >= Role.WRITER
        )
        response = Response(page, content_type=HTML.content_type)
    # It changes without a commit.
    response.headers["Cache-Control"] = "no-store"
    return response


def _told(entry: Entry, *, whole: bool) -> dict[str, Any]:
    # Where its file lies on this machine is nobody's business.
    found = {key: value for key, value in entry.to_dict().items() if key != "quads"}
    found |= {"numbers": entry.numbers, "origins": dict(entry.origins), "report": entry.report}
    if whole:
        found["content"] = entry.about(entry.nodes).decode()
        found["removed"] = entry.about(entry.nodes, added=False).decode()
    return found
