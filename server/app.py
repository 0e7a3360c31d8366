"""The Flask application: what every request goes through, and the routes put together."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection
from pathlib import Path

from flask import Flask, Response, g, request
from markupsafe import Markup

from kb.settings import Settings
from kb.tokens import Tokens
from kb.workers import Limits, Pool, Runs

from . import (
    access,
    changes,
    contradictions,
    description_pages,
    entity_pages,
    forgetting,
    gallery,
    graph_store,
    insight,
    loads,
    lookups,
    monitoring,
    ontology_edits,
    ontology_pages,
    operations,
    pages,
    problems,
    quarantine,
    reports,
    review,
    running,
    sparql,
    verbs,
)
from .compression import compress
from .context import PROTECTING, VARYING
from .links import href, with_parameters
from .negotiation import choose_language
from .reader import Reader
from .words import Words

_PACKAGE = Path(__file__).parent
_MOST_BYTES = 2_000_000
# For pages of other sites that were named; they ask, they don't write.
_SHARED = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, If-None-Match",
    "Access-Control-Expose-Headers": ", ".join(
        ("ETag", *(f"X-Commerce-KB-{name}" for name in ("Snapshot", "Reasoning", "Cut", "Engine")))
    ),
    "Access-Control-Max-Age": "600",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
# What is answered without a look at who asks.
_UNGUARDED = ("static", "operations.health", "operations.ready")


def create_app(
    store: Path,
    *,
    bound: str = "127.0.0.1",
    host_names: Collection[str] = (),
    origins: Collection[str] = (),
    public: bool = False,
    limits: Limits | None = None,
    runs: Path | None = None,
    read_only: bool = False,
    logs: monitoring.Logs | None = None,
) -> Flask:
    """The application that answers for a store.

    ``bound`` is the address that the server listens on: on loopback alone, or with ``public``, callers without a token
    read public graphs. ``host_names`` are names, beside those of loopback, for which requests are answered, ``origins``
    the origins of other sites whose pages may ask. ``limits`` are those of queries (else the
    store's settings say them); ``runs`` is the folder in which all processes of a server list what runs. With
    ``read_only`` nobody changes anything.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _MOST_BYTES
    app.config["BUILD"] = max(path.stat().st_mtime_ns for path in _PACKAGE.rglob("*") if path.is_file())
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["store"] = store
    app.extensions["reader"] = Reader(store)
    app.extensions["uploads"] = set()
    app.extensions["pool"] = Pool(
        store,
        limits=limits or Limits.of(Settings.of(store).limits),
        runs=Runs(runs or Path(tempfile.mkdtemp(prefix="commerce-kb-"))),
    )
    # Set by whoever starts several processes.
    counting = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    app.config["READ_ONLY"] = read_only
    monitoring.register(
        app,
        logs=logs or monitoring.Logs(),
        folder=Path(counting) if counting else None,
        began=lookups.began,
    )
    words = app.extensions["words"] = Words.load()
    door = app.extensions["door"] = access.Door(Tokens(store), bound=bound, public=public)

    @app.before_request
    def admit() -> None:
        lookups.go_on()
        g.forced_language = request.args.get("lang") if request.args.get("lang") in words.languages else None
        g.language = choose_language(request.headers.get("Accept-Language"), name=g.forced_language)
        access.check_host(request.headers.get("Host"), names=host_names)
        g.caller = access.ANONYMOUS
        access.check_origin(
            request.method,
            host=request.host,
            origin=request.headers.get("Origin"),
            site=request.headers.get("Sec-Fetch-Site"),
            allowed=origins,
        )
        if request.endpoint not in _UNGUARDED and request.method != "OPTIONS":
            g.caller = door.admit(peer=request.remote_addr, headers=dict(request.headers))

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in PROTECTING.items():
            response.headers.setdefault(name, value)
        if "snapshot" in g:
            response.headers.setdefault("X-Commerce-KB-Snapshot", g.snapshot.name)
        if request.headers.get("Origin") in origins:
            response.headers.update({**_SHARED, "Access-Control-Allow-Origin": request.headers["Origin"]})
        response.vary.update(VARYING)
        if origins:
            response.vary.add("Origin")
        return compress(request, response)

    @app.context_processor
    def offer_to_templates() -> dict[str, object]:
        def link(path: str, **parameters: str) -> str:
            return with_parameters(path, lang=g.forced_language, **parameters)

        return {
            "_": lambda text: words.say(text, g.language),
            "language": g.language,
            "link": link,
            "href": lambda iri: href(iri, language=g.forced_language),
            "other_language": "en" if g.language == "zh" else "zh",
            "switched": _switched,
            "hidden_language": _hidden_language,
            "snapshot": g.snapshot.name if "snapshot" in g else None,
            "caller": g.get("caller", access.ANONYMOUS),
            "vendor": _vendored(app),
        }

    problems.register(app)
    parts = (
        sparql,
        graph_store,
        changes,
        forgetting,
        loads,
        pages,
        gallery,
        insight,
        entity_pages,
        ontology_edits,
        ontology_pages,
        operations,
        running,
    )
    for part in (*parts, contradictions, description_pages, quarantine, reports, review, verbs):
        app.register_blueprint(part.routes)
    app.wsgi_app = lookups.Lookups(app, host_names=host_names, varying=bool(origins))  # type: ignore[method-assign,assignment]
    return app


def _switched() -> str:
    """The address of this page in the other language."""
    parameters = {key: value for key, value in request.args.items() if key != "lang"}
    return with_parameters(request.path, **parameters, lang="en" if g.language == "zh" else "zh")


def _hidden_language() -> Markup:
    """The field that keeps a chosen language when a form is sent."""
    return (
        Markup('<input type="hidden" name="lang" value="{}">').format(g.forced_language)
        if g.forced_language
        else Markup()
    )


def _vendored(app: Flask) -> bool:
    """Whether the rich query editor is installed."""
    return (Path(app.static_folder or "") / "vendor" / "yasgui.min.js").is_file()
