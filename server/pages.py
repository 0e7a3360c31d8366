"""The home page, search, the list of commits."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, render_template, request

from kb.querying.find import Match
from kb.terms import CKB

from . import gallery
from .context import CONTENT_SECURITY, tag, view
from .display import Labels
from .faults import Unauthorised
from .links import href
from .negotiation import HTML, JSON_DOCUMENT, choose

routes = Blueprint("pages", __name__)

# The one style sheet that the rich editor puts into the page; scripts stay as strict as everywhere.
_EDITOR_STYLE = "sha256-zCK2EVMoPc04mRF/g5CotUvxbJPWS+8V0b+s9ptqQIk="
_HITS = 20
_MOST_HITS = 100
_LOG = 200
_HEADLINES = tuple(
    term.value
    for term in (
        CKB.SPU,
        CKB.SKU,
        CKB.Offer,
        CKB.Brand,
        CKB.Category,
        CKB.Merchant,
        CKB.Influencer,
        CKB.Content,
        CKB.Buyer,
        CKB.Order,
    )
)


@routes.get("/")
def home() -> Response:
    """Name, search, counts, questions, editor."""
    seen = view()
    stats = seen.call("stats")
    instances = {one.iri: one.instances for one in stats.classes}
    labels = Labels.of(seen, _HEADLINES, language=g.language)
    counts = [
        (labels.name(iri), instances[iri], href(iri, language=g.forced_language))
        for iri in _HEADLINES
        if iri in instances
    ]
    duties = gallery.by_duty()
    questions = [question for listed in duties.values() for question in listed]
    page = render_template(
        "home.html",
        stats=stats,
        counts=counts,
        duties=duties,
        boxes=gallery.boxes(questions),
        title=gallery.title,
    )
    response = tag(Response(page, content_type=HTML.content_type), "home")
    response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY}; style-src 'self' '{_EDITOR_STYLE}'"
    return response


@routes.get("/find")
def find() -> Response:
    """Entities by name, alias or code: a page for people, JSON for the boxes that complete what is typed."""
    text = request.args.get("q", "").strip()
    kind = request.args.get("kind") or None
    limit = min(request.args.get("limit", _HITS, type=int), _MOST_HITS)
    format = choose(request.headers.get("Accept"), (JSON_DOCUMENT, HTML), name=request.args.get("format"))
    seen = view()
    hits = seen.find(text, kind=kind, limit=limit) if text else []
    kinds = Labels.of(seen, (hit.kind for hit in hits), language=g.language)
    if format is not HTML:
        listed = [
            {
                "iri": hit.iri,
                "label": _label(hit),
                "kind": kinds.name(hit.kind),
                "matched": hit.matched,
                "score": hit.score,
                "href": href(hit.iri, language=g.forced_language),
            }
            for hit in hits
        ]
        return tag(jsonify(listed), text, kind, limit)
    page = render_template("find.html", text=text, hits=hits, kinds=kinds, label=_label)
    return tag(Response(page, content_type=HTML.content_type), text, kind, limit)


def _label(hit: Match) -> str:
    return (hit.label_zh if g.language == "zh" else None) or hit.label


@routes.get("/sign-in")
def sign_in() -> Response:
    """Where a browser asks its user for a token, as a password; it sends it from then on."""
    if not g.caller.known:
        raise Unauthorised(
            "Sign in with a token as the password; the user's name does not matter",
            hint="kb token add --role analyst makes a token",
            browser=True,
        )
    # Whole, so that a token in the address does not stay there.
    response = Response(status=303, headers={"Location": f"{request.scheme}://{request.host}/"})
    response.autocorrect_location_header = False
    return response


@routes.get("/commits")
def commits() -> str:
    """Who changed what, when and why, newest first."""
    log = view().call("log")
    return render_template("commits.html", commits=log[: -_LOG - 1 : -1], count=len(log))
