"""The SPARQL endpoint: guard, negotiate, have it evaluated, pass it on."""

from __future__ import annotations

import io
import socket
import struct
import tempfile
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request
from pyoxigraph import RdfFormat
from werkzeug.wsgi import wrap_file

from kb.errors import UsageError
from kb.querying import guard
from kb.querying.results import Triples
from kb.querying.run import Dataset
from kb.workers import Head, Stream

from . import description_pages, protocol, writing
from .bodies import read_body
from .connections import Client
from .context import fingerprint, tag_as, view
from .display import Labels, iris_in
from .links import checked
from .negotiation import GRAPHS, HTML, SOLUTIONS, Format, choose
from .reader import View

routes = Blueprint("sparql", __name__)

_SYNTAXES = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "rdf": RdfFormat.RDF_XML,
}
_SHOWN = 1_000
# A client that takes no byte for so long has its connection closed.
_SENDING = 30


@routes.route("/sparql", methods=["GET", "POST"])
def endpoint() -> Response:
    """Answer a query or an update of the SPARQL 1.1 Protocol; without either, describe the service."""
    if request.method != "POST" and request.args.keys() <= {"format"}:
        return description_pages.service()
    asked = protocol.parse(
        request.method,
        content_type=request.headers.get("Content-Type"),
        query_string=request.query_string.decode("latin-1"),
        body=read_body(request, most=current_app.config["MAX_CONTENT_LENGTH"]),
    )
    g.text = asked.text
    if isinstance(asked, protocol.UpdateRequest):
        g.changes = True
        return writing.update(asked)
    format = format_for(asked, request.headers.get("Accept"))
    seen = view()
    seconds = _seconds()
    mark = fingerprint(asked, format.name)
    if request.if_none_match.contains_weak(mark):
        return tag_as(Response(), mark)
    dataset = dataset_for(seen, asked)
    if format is HTML:
        response = _page(asked, seen.head(asked.text, shown=_SHOWN, dataset=dataset, seconds=seconds))
    else:
        stream = seen.stream(asked.text, format.name, dataset=dataset, seconds=seconds)
        response = streamed(stream, format)
        response.headers["X-Commerce-KB-Engine"] = g.engine = stream.engine
    response.headers["X-Commerce-KB-Reasoning"] = str(asked.reasoning).lower()
    client = request.environ.get("gunicorn.socket")
    if isinstance(client, Client) and not seen.caller.known and "Authorization" not in request.headers:
        client.lasting = True
    return tag_as(response, mark)


def format_for(asked: protocol.QueryRequest, accept: str | None) -> Format:
    """The format of a query's answer; the worker bounds the query's text.

    Raises QueryError for an update, NotAcceptable.
    """
    form = guard.form_of(asked.text)
    if form is guard.Form.UPDATE:
        raise protocol.misplaced_update()
    offered = GRAPHS if form in (guard.Form.CONSTRUCT, guard.Form.DESCRIBE) else SOLUTIONS
    return choose(accept, (*offered, HTML), name=asked.format)


def dataset_for(seen: View, asked: protocol.QueryRequest) -> Dataset:
    """What a query reads: what the protocol asks for, of what its caller may see."""
    listed = (asked.default_graphs, asked.named_graphs)
    default, named = (tuple(checked(graph) for graph in graphs) for graphs in listed)
    return seen.dataset(reasoning=asked.reasoning, graphs=(default, named))


def _seconds() -> float | None:
    """The time that the client gives a query, by ``?timeout=`` or a header."""
    given = request.args.get("timeout") or request.headers.get("X-Commerce-KB-Timeout")
    if given is None:
        return None
    try:
        seconds = float(given)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"'{given}' is no time", where="timeout", hint="give seconds: timeout=5")
    return seconds


def streamed(stream: Stream, format: Format) -> Response:
    """An answer on its way: with its length where it is whole, else in chunks, the last one only if all went well.

    HTTP/1.0 has no chunks, so that a cut answer would look like a whole one: there it is waited for.
    """
    response = Response(stream, direct_passthrough=True)
    response.headers["Content-Type"] = format.content_type
    # What passes a cap is refused, or ends without its last chunk.
    response.headers["X-Commerce-KB-Cut"] = "no"
    if not stream.whole and request.environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        spool = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
        try:
            for chunk in stream:
                spool.write(chunk)
        except BaseException:
            spool.close()
            raise
        response.content_length = spool.tell()
        spool.seek(0)
        response.response = wrap_file(request.environ, spool, 65_536)
    elif stream.whole:
        response.content_length = stream.length
    else:
        let_no_send_last(request.environ.get("gunicorn.socket"))
    return response


def let_no_send_last(client: socket.socket | None) -> None:
    """Have the system give up on a client that takes no byte of what is written to it."""
    if client is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _SENDING, 0))


def written(triples: Triples, format: Format) -> Response:
    """The few triples of a page in a format."""
    sink = io.BytesIO()
    triples.write(sink, _SYNTAXES[format.name])
    return Response(sink.getvalue(), content_type=format.content_type)


def _page(asked: protocol.QueryRequest, head: Head) -> Response:
    return Response(
        render_template(
            "answer.html",
            query=asked.text,
            truth=head.truth,
            table=table(head.names, list(head.rows), count=head.count),
        ),
        content_type=HTML.content_type,
    )


def table(names: tuple[str, ...], rows: list[tuple[Any, ...]], *, count: int | None = None) -> dict[str, Any]:
    """A table for a page: column names, rows of cells (the first thousand), the number of all rows."""
    shown = rows[:_SHOWN]
    labels = Labels.of(view(), iris_in(term for row in shown for term in row), language=g.language)
    cells = [[labels.cell(term, link_language=g.forced_language) for term in row] for row in shown]
    return {
        "names": names,
        "rows": cells,
        "count": len(rows) if count is None else count,
        "shown": len(shown),
    }
