"""Entities and concepts at their IRI's path, and the proofs of what is said of them."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, render_template, request
from pyoxigraph import NamedNode, RdfFormat, parse

from kb.errors import NotFound, UsageError
from kb.reasoning import Proof
from kb.values import Term

from . import entity
from .context import tag, view
from .display import Labels, iris_in
from .links import candidates, checked
from .negotiation import GRAPHS, HTML, JSON_DOCUMENT, choose
from .sparql import written

routes = Blueprint("entities", __name__)


@routes.get("/id/<path:key>")
@routes.get("/vocab/<path:key>")
def show(key: str) -> Response:
    """One entity: a page for people, RDF for programs."""
    path = f"{request.path.lstrip('/').split('/')[0]}/{key}"
    format = choose(request.headers.get("Accept"), (*GRAPHS, HTML), name=request.args.get("format"))
    for iri in candidates(path):
        if format is HTML:
            found = entity.load(view(), iri, language=g.language, link_language=g.forced_language)
            if found is not None:
                page = render_template("entity.html", entity=found, kind=entity.kind_of(iri))
                return tag(Response(page, content_type=HTML.content_type), iri, format.name)
        else:
            triples = view().triples("outgoing", entity=iri)
            if len(triples):
                return tag(written(triples, format), iri, format.name)
    raise NotFound(f"Nothing is known of {candidates(path)[0]}", hint="search for its name: /find?q=...")


@routes.get("/explain")
def explain() -> Response:
    """Why a triple holds: a proof down to what was asserted."""
    subject, predicate = (checked(_given(name)) for name in ("s", "p"))
    value = _term(_given("o"))
    format = choose(request.headers.get("Accept"), (JSON_DOCUMENT, HTML), name=request.args.get("format"))
    every = request.args.get("all") == "true"
    verb = "explain_all" if every else "explain"
    told = view().call(verb, subject=NamedNode(subject), property=NamedNode(predicate), object=value)
    marks = (subject, predicate, value, every, format.name)
    if format is not HTML:
        return tag(jsonify(told.to_dict()), *marks)
    proofs = told.proofs if every else (told,)
    terms = [term for proof in proofs for term in mentioned(proof)]
    labels = Labels.of(view(), iris_in(terms), language=g.language)

    def cells(triple: tuple) -> list:
        return [labels.cell(part, link_language=g.forced_language) for part in triple]

    page = render_template("explain.html", proof=proofs[0], proofs=proofs, cells=cells)
    return tag(Response(page, content_type=HTML.content_type), *marks)


def mentioned(proof: Proof) -> list:
    """The terms that a proof speaks of."""
    return [*proof.conclusion, *(term for premise in proof.premises for term in mentioned(premise))]


def _given(name: str) -> str:
    value = request.args.get(name)
    if not value:
        raise UsageError(
            f"The parameter '{name}' is missing",
            hint="name the triple: /explain?s=SUBJECT&p=PREDICATE&o=OBJECT",
        )
    return value


def _term(text: str) -> Term:
    """An object in N-Triples syntax, or an IRI without brackets.

    Raises UsageError.
    """
    if not text.startswith(("<", '"')):
        return NamedNode(checked(text))
    try:
        statement = next(iter(parse(f"<urn:s> <urn:p> {text} .", format=RdfFormat.N_TRIPLES)))
    except (SyntaxError, StopIteration) as error:
        raise UsageError(
            f"'{text}' is no term", hint='write it as in N-Triples: <https://...> or "text"@en'
        ) from error
    return statement.object
