"""The SPARQL 1.1 Graph Store Protocol: graphs at their own path, by ``?graph=``, and the whole dataset."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from typing import IO, Any, cast

import pyoxigraph as ox
from flask import Blueprint, Response, g, request
from werkzeug.wsgi import wrap_file

from kb import graphs
from kb.errors import NotFound, UsageError
from kb.querying import guard
from kb.querying.graph_store import EVERY_GRAPH, Body, Method

from . import access, writing
from .bodies import read_body
from .context import view
from .links import checked
from .negotiation import DATASETS, GRAPHS, N_QUADS, Format, choose

routes = Blueprint("graph_store", __name__)

METHODS = ["GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"]
_MOST_BYTES = 32_000_000
_IN_MEMORY = 8_000_000
_SYNTAXES = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdf": ox.RdfFormat.RDF_XML,
    "trig": ox.RdfFormat.TRIG,
    "nq": ox.RdfFormat.N_QUADS,
}


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
    """A graph, or all of them, in a format: written to a file before the first byte leaves."""
    offered = DATASETS if graph == EVERY_GRAPH else (*GRAPHS, N_QUADS)
    format = choose(request.headers.get("Accept"), offered, name=request.args.get("format"))
    seen = view()
    tag = f"{seen.snapshot.name}.{format.name}"
    response = Response(direct_passthrough=True)
    if not request.if_none_match.contains_weak(tag):
        spool: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
        try:
            _write(_pieces(graph), spool, format, triples=graph != EVERY_GRAPH)
        except BaseException:
            spool.close()
            raise
        length = spool.tell()
        spool.seek(0)
        response = Response(wrap_file(request.environ, cast(Any, spool), 65_536), direct_passthrough=True)
        response.content_length = length
    response.headers["Content-Type"] = format.content_type
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _pieces(graph: str | None) -> Iterator[bytes]:
    """What the caller may see of a graph, as N-Quads.

    Raises NotFound for a graph that is not there, and in the same words for one that the caller may not see.
    """
    knowledge, private = view().knowledge, g.caller.private
    if graph is not None:
        yield from knowledge.dump(graph=None if graph == EVERY_GRAPH else graph, private=private)
        return
    try:
        # The default graph is always there.
        yield from knowledge.dump(graph=graphs.of_source(writing.source()), private=private)
    except NotFound:
        return


def _write(pieces: Iterator[bytes], sink: IO[bytes], format: Format, *, triples: bool) -> None:
    if format.name == "nq":
        for piece in pieces:
            sink.write(piece)
        return
    quads = (quad for piece in pieces for quad in ox.parse(piece, format=ox.RdfFormat.N_QUADS, lenient=True))
    rows = (quad.triple for quad in quads) if triples else quads
    ox.serialize(rows, sink, format=_SYNTAXES[format.name])
