"""The ontology at its IRI's path: Turtle for programs, a list of terms for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, render_template, request

from kb.errors import NotFound
from kb.querying.results import Triples

from . import ontology
from .context import tag, view
from .negotiation import GRAPHS, HTML, choose
from .sparql import written

routes = Blueprint("ontology", __name__)


@routes.get("/onto")
@routes.get("/onto/<path:name>")
def terms(name: str = "") -> Response:
    """The ontology, or one of its modules, or one of their versions."""
    found = ontology.modules(view())
    iri = f"{ontology.UMBRELLA}/{name}" if name else ontology.UMBRELLA
    module = ontology.module_at(found, iri)
    if module is None:
        names = ", ".join(one.name for one in found)
        raise NotFound(f"There is no ontology {iri}", hint=f"the modules are: {names}")
    format = choose(request.headers.get("Accept"), (*GRAPHS, HTML), name=request.args.get("format"))
    if format is not HTML:
        listed: Any = lambda: iter(module.triples)  # noqa: E731
        return tag(written(Triples(listed), format), iri, format.name)
    page = render_template(
        "ontology.html",
        module=module,
        modules=found,
        terms=module.terms(view(), language=g.language, link_language=g.forced_language),
    )
    return tag(Response(page, content_type=HTML.content_type), iri, format.name)
