"""The SPARQL 1.1 Graph Store Protocol: graphs at their own path, by ``?graph=``, and the whole dataset."""

from __future__ import annotations

import uuid
from typing import Any, cast

import pyoxigraph as ox
from flask import Blueprint, Response, request

from kb import graphs
from kb.errors import UsageError
from kb.querying import guard
from kb.querying.graph_store import EVERY_GRAPH, Body, Method

from . import access, writing
from .bodies import read_body
from .context import tag_as, view
from .links import checked
from .negotiation import DATASETS, GRAPHS, N_QUADS, choose
from .sparql import streamed

routes = Blueprint("graph_store", __name__)

METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"]
_MOST_BYTES = 32_000_000


@routes.route("/store", methods=METHODS)
def indirect() -> Response:
    """A graph by ``?graph=IRI``, the graph of quads without one by ``?default``, all graphs without either."""
    named = request.args.getlist("graph")
    if len(named) + ("default" in request.args) > 1:
        raise UsageError("The request names several graphs", hint="write /store?graph=IRI or /store?default")
    if named:
        return _answer(checked(named[0]))
    return _answer(None if "default" in request.args else EVERY_GRAPH)


@routes.route("/graph/<path:name>", methods=METHODS)
def direct(name: str) -> Response:
    """A graph at its IRI's path."""
    return _answer(checked(f"{graphs.GRAPH}{name}"))


def _answer(graph: str | None) -> Response:
    if request.method in access.SAFE:
        return _written(graph)
    with writing.writer() as knowledge:
        body = Body(read_body(request, most=_MOST_BYTES), request.headers.get("Content-Type", ""))
        method = cast(Method, request.method)
        if method == "DELETE":
            body = Body()
        if method == "POST" and graph == EVERY_GRAPH and _is_one_graph(body):
            # To the store itself (section 5.5): a graph of its own, under a new name.
            graph = f"{graphs.GRAPH}{uuid.uuid4().hex}"
        agreed = writing.conditions()
        given: dict[str, Any] = {
            "source": writing.source(),
            "message": writing.message(),
            "conditions": agreed,
        }
        if method == "PATCH" and guard.evaluates(body.content.decode("utf-8", "replace")):
            asked = {"method": method, "graph": graph, "body": body, **given}
            report = writing.worked_out(knowledge, agreed, "preview_graph_store", **asked)
        else:
            report = knowledge.graph_store(method, graph, body, **given)
    response = writing.reported(report, 201 if report.created else 200)
    if report.created and graph:
        response.headers["Location"] = (
            f"/graph/{graph.removeprefix(graphs.GRAPH)}"
            if graph.startswith(graphs.GRAPH)
            else request.full_path
        )
    return response


def _is_one_graph(body: Body) -> bool:
    syntax = ox.RdfFormat.from_media_type(body.kind)
    return body.kind == "multipart/form-data" or (syntax is not None and not syntax.supports_datasets)


def _written(graph: str | None) -> Response:
    """A graph, or all of them, in a format; the default graph is always there."""
    offered = DATASETS if graph == EVERY_GRAPH else (*GRAPHS, N_QUADS)
    format = choose(request.headers.get("Accept"), offered, name=request.args.get("format"))
    seen = view()
    tag = f"{seen.snapshot.name}.{format.name}"
    response = Response()
    if not request.if_none_match.contains_weak(tag):
        name = graphs.of_source(writing.source()) if graph is None else graph
        every = graph == EVERY_GRAPH
        response = streamed(
            seen.dump(format.name, graph=None if every else name, empty=graph is None), format
        )
    tagged = tag_as(response, tag)
    tagged.headers["Cache-Control"] = "private, no-cache"
    return tagged
