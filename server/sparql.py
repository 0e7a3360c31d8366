"""The SPARQL endpoint: guard, negotiate, ask, write."""

from __future__ import annotations

import tempfile
from typing import Any, Literal, cast

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from pyoxigraph import RdfFormat
from werkzeug.wsgi import wrap_file

from kb.errors import QueryError
from kb.querying import guard
from kb.querying.results import Solutions, Triples, Truth

from . import protocol
from .context import fingerprint, tag, view
from .display import Labels, iris_in
from .faults import MethodNotAllowed
from .links import checked
from .negotiation import GRAPHS, HTML, SOLUTIONS, Format, choose

routes = Blueprint("sparql", __name__)

_Tabular = Literal["json", "xml", "csv", "tsv"]
_SYNTAXES = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "jsonld": RdfFormat.JSON_LD,
    "rdf": RdfFormat.RDF_XML,
}
_IN_MEMORY = 8_000_000
_SHOWN = 1_000


@routes.route("/sparql", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
def endpoint() -> Response:
    """Answer a query of the SPARQL 1.1 Protocol."""
    if request.method not in protocol.METHODS:
        raise MethodNotAllowed(request.method, protocol.METHODS)
    if request.method == "GET" and not request.query_string and "text/html" in request.accept_mimetypes:
        return make_response(redirect("/#editor"))
    asked = protocol.parse(
        request.method,
        content_type=request.headers.get("Content-Type"),
        query_string=request.query_string.decode("latin-1"),
        body=request.get_data(cache=False),
    )
    form = guard.check(asked.text)
    if form is guard.Form.UPDATE:
        raise protocol.update_refused()
    offered = GRAPHS if form in (guard.Form.CONSTRUCT, guard.Form.DESCRIBE) else SOLUTIONS
    format = choose(request.headers.get("Accept"), (*offered, HTML), name=asked.format)
    seen = view()
    marks = (asked, format.name)
    if request.if_none_match.contains(fingerprint(*marks)):
        return tag(Response(), *marks)
    listed = (asked.default_graphs, asked.named_graphs)
    default, named = (tuple(checked(graph) for graph in graphs) for graphs in listed)
    result = seen.query(asked.text, reasoning=asked.reasoning, graphs=(default, named))
    response = _page(asked, result) if format is HTML else written(result, format)
    response.headers["X-Commerce-KB-Reasoning"] = str(asked.reasoning).lower()
    return tag(response, *marks)


def written(result: Solutions | Triples | Truth, format: Format) -> Response:
    """A result in a format, written whole before the first byte leaves, so that the status is the true one."""
    spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - the response closes it
    try:
        if isinstance(result, Triples):
            result.write(spool, _SYNTAXES[format.name])
        else:
            result.write(spool, cast(_Tabular, format.name))
    except (RuntimeError, OSError) as fault:
        spool.close()
        raise QueryError(f"The query failed: {fault}", hint="simplify it, or add a LIMIT") from fault
    length = spool.tell()
    spool.seek(0)
    response = Response(wrap_file(request.environ, spool, 65_536), direct_passthrough=True)
    response.headers["Content-Type"] = format.content_type
    response.content_length = length
    return response


def _page(asked: protocol.QueryRequest, result: Solutions | Triples | Truth) -> Response:
    names: tuple[str, ...] = ()
    rows: list[tuple[Any, ...]] = []
    if isinstance(result, Triples):
        names = ("subject", "predicate", "object")
        rows = [tuple(triple) for triple in result]
    elif isinstance(result, Solutions):
        names, rows = result.variables, [tuple(row) for row in result]
    return Response(
        render_template("answer.html", query=asked.text, truth=result, table=table(names, rows)),
        content_type=HTML.content_type,
    )


def table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """A table for a page: column names, rows of cells (the first thousand), the number of all rows."""
    shown = rows[:_SHOWN]
    labels = Labels.of(view(), iris_in(term for row in shown for term in row), language=g.language)
    cells = [[labels.cell(term, link_language=g.forced_language) for term in row] for row in shown]
    return {"names": names, "rows": cells, "count": len(rows), "shown": len(shown)}
