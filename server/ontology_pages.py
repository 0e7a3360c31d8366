"""The ontology at its IRI's path: Turtle for programs, a list of terms for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request

from kb.errors import NotFound
from kb.ontology.documentation import documented
from kb.pipeline import shapes_of
from kb.querying.competency import catalogue
from kb.querying.results import Solutions, Triples
from kb.terms import RDFS

from . import diagrams, ontology
from .context import fingerprint, tag_as, view
from .display import Cell, Labels, iris_in
from .negotiation import GRAPHS, HTML, choose
from .sparql import written

routes = Blueprint("ontology", __name__)


@routes.get("/onto")
@routes.get("/ontology")
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
        diagram=_overview(module) if module.name else None,
        modules=found,
        terms=module.terms(view(), language=g.language, link_language=g.forced_language),
    )
    return tag_as(Response(page, content_type=HTML.content_type), mark)


@routes.get("/ontology/<name>")
def term(name: str) -> Response:
    """One class or property: all that people want to know of it, or what the ontology says of it as RDF."""
    iri = f"{ontology.UMBRELLA}#{name}"
    format = choose(request.headers.get("Accept"), (*GRAPHS, HTML), name=request.args.get("format"))
    mark = fingerprint(iri, format.name)
    if request.if_none_match.contains_weak(mark):
        return tag_as(Response(), mark)
    everything = ontology.module_at(ontology.modules(view()), ontology.UMBRELLA)
    triples = everything.triples if everything else ()
    shapes = shapes_of(view().snapshot.image).triples
    found = documented(iri, triples, list(shapes), catalogue())
    if everything is None or found is None:
        raise NotFound(f"The ontology has no term {name}", hint="/ontology lists them all")
    if format is not HTML:
        listed: Any = lambda: iter(found.triples)  # noqa: E731
        return tag_as(written(Triples(listed), format), mark)
    groups = {
        "Above it": found.above,
        "Below it": found.below,
        "Domain": found.domains,
        "Range": found.ranges,
        "Inverse": found.inverses,
        "Its properties": found.uses,
    }
    steps = [step for chain in found.chains for step in chain]
    named = {iri, *steps, *(one for listed in groups.values() for one in listed)}
    labels = Labels.of(view(), named, language=g.language)
    page = render_template(
        "term.html",
        found=found,
        name=name,
        groups=groups,
        label=lambda one: labels.name(one, language=g.language),
        texts=ontology.Texts.of(everything.values(iri, ontology.DEFINITION)),
        examples=_examples(iri, found.kind),
        language=g.language,
    )
    return tag_as(Response(page, content_type=HTML.content_type), mark)


def _overview(module: ontology.Module) -> diagrams.Diagram | None:
    outline = module.outline
    wanted = {*outline.classes, *(iri for pair in outline.above for iri in pair)}
    wanted |= {iri for row in outline.properties for iri in row}
    labels = Labels.of(view(), wanted, language=g.language)
    words = {
        diagrams.ANYTHING: current_app.extensions["words"].say("anything", g.language),
        RDFS.subClassOf.value: current_app.extensions["words"].say("is below", g.language),
    }
    return diagrams.drawn(outline, lambda iri: words.get(iri) or labels.name(iri))


def _examples(iri: str, kind: str) -> list[list[Cell]]:
    """A few of what the term is used for in the graph, as cells of a row each."""
    one = f"?s a <{iri}>" if kind.endswith("#Class") else f"?s <{iri}> ?o"
    found = view().query(f"SELECT * WHERE {{ {one} FILTER(isIRI(?s)) }} LIMIT 3")
    rows = [[row[name] for name in found.variables] for row in found] if isinstance(found, Solutions) else []
    labels = Labels.of(view(), iris_in(term for row in rows for term in row), language=g.language)
    return [[labels.cell(term, link_language=g.forced_language) for term in row] for row in rows]
