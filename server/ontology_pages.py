"""The ontology at its IRI's path: Turtle for programs, a list of terms for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, request

from kb.errors import NotFound
from kb.querying.results import Triples

from . import ontology
from .context import fingerprint, tag_as, view
from .negotiation import GRAPHS, HTML, choose
from .sparql import written

routes = Blueprint("ontology", __name__)


@routes.get("/onto")
@routes.get("/onto/<path:name>")
def terms(name: str = "") -> Response:
    """The ontology, or one of its modules, or one of their versions."""
    iri = f"{ontology.UMBRELLA}/{name}" if name else ontology.UMBRELLA
    offered = (*GRAPHS, HTML)
    format = choose(request.headers.get("Accept"), offered, name=request.args.get("format"))
    mark = fingerprint(iri, format.name)
    if request.if_none_match.contains_weak(mark):
        return tag_as(Response(), mark)
    found = ontology.modules(view())
    module = ontology.module_at(found, iri)
    if module is None:
        names = ", ".join(one.name for one in found)
        raise NotFound(f"There is no ontology {iri}", hint=f"the modules are: {names}")
    if format is not HTML:
        listed: Any = lambda: iter(module.triples)  # noqa: E731
        return tag_as(written(Triples(listed), format), mark)
    page = render_template(
        "ontology.html",
        module=module,
        modules=found,
        terms=module.terms(view(), language=g.language, link_language=g.forced_language),
    )
    return tag_as(Response(page, content_type=HTML.content_type), mark)
