"""The routes of what the server says of itself."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pyoxigraph as ox
from flask import Blueprint, Response, make_response, redirect, request

from kb.terms import PREFIXES

from . import descriptions
from .context import tag, view
from .negotiation import GRAPHS, HTML, choose

routes = Blueprint("descriptions", __name__)


def service() -> Response:
    """What the endpoint answers where nothing is asked: its description, or the editor for a browser."""
    format = choose(request.headers.get("Accept"), (*GRAPHS, HTML), name=request.args.get("format"))
    if format is HTML:
        return make_response(redirect("/#editor"))
    seen = view()
    reasons = seen.knowledge.settings.reasoning != "none"
    return _written(descriptions.service(request.base_url, seen.call("stats"), reasons=reasons))


@routes.get("/.well-known/void")
def void() -> Response:
    """What is known of the data, in numbers."""
    return _written(descriptions.void(request.url_root, view().call("profile")))


def _written(triples: Iterable[ox.Triple]) -> Response:
    format = choose(request.headers.get("Accept"), GRAPHS, name=request.args.get("format"))
    sink = io.BytesIO()
    syntax = ox.RdfFormat.from_media_type(format.media_type)
    prefixes = {**PREFIXES, **descriptions.PREFIXES} if format.name == "ttl" else None
    ox.serialize(triples, sink, format=syntax, prefixes=prefixes)
    response = Response(sink.getvalue(), content_type=format.content_type)
    return tag(response, request.base_url, format.name)
