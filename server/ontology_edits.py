"""An edited ontology, sent by a program: how it differs, what it would mean, and loading it."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from kb.errors import Forbidden, KbError, UsageError
from kb.ontology.difference import SUFFIXES
from kb.remote.plain import to_plain
from kb.tokens import Role
from kb.workers import Call

from . import writing
from .bodies import read_body
from .context import view

routes = Blueprint("ontology_edits", __name__)

_MOST_BYTES = 32_000_000
_MOST_FILES = 200
_NAME = re.compile(rf"\w[\w.+-]{{0,99}}({'|'.join(map(re.escape, SUFFIXES))})")


@routes.post("/ontology/diff")
def diff() -> Response:
    """How files differ from the store's ontology, in words. Raises what `KnowledgeBase.diff_ontology` raises."""
    with _sent() as paths:
        return _told(_asked("diff_ontology", before=paths))


@routes.post("/ontology/check")
def check() -> Response:
    """What files would change here, and what that means, without HermiT.

    It draws all consequences anew and tells examples of them: not for everybody who passes. Raises Unauthorised,
    Forbidden, and what `KnowledgeBase.weigh_ontology` raises.
    """
    g.caller.require(Role.ANALYST)
    _need_all_graphs()
    with _sent() as paths:
        return _told(_asked("weigh_ontology", paths=paths, hermit=False))


@routes.post("/ontology/load")
def load() -> Response:
    """Make files the text of the ontologies that they name, as one commit.

    Raises Unauthorised, Forbidden, and what `KnowledgeBase.load_ontology` raises.
    """
    g.caller.require(Role.ADMIN)
    _need_all_graphs()
    with writing.writer() as knowledge, _sent() as paths:
        report = knowledge.load_ontology(paths, message=writing.message(), conditions=writing.conditions())
    return writing.reported(report)


def _need_all_graphs() -> None:
    if g.caller.graphs is not None:
        raise Forbidden(
            "The ontology is about all graphs", hint="show a token that is not for some graphs alone"
        )


def _asked(verb: str, **arguments: Any) -> Any:
    seen = view()
    return seen.pool.call(Call(verb, arguments, seen.past), caller=str(g.caller), client=seen.client)


def _told(found: Any) -> Response:
    response = jsonify(to_plain(found))
    response.headers["Cache-Control"] = "no-store"
    return response


@contextmanager
def _sent() -> Iterator[list[Path]]:
    """The body's texts as files, those named by themselves and the folder; errors name them as they were sent.

    Raises UsageError for a body that is not ``{"files": {name: text}, "folder": {name: text}}``.
    """
    parts = _parts(read_body(request, most=_MOST_BYTES))
    with tempfile.TemporaryDirectory() as place:
        paths = {kind: [Path(place) / kind / name for name in part] for kind, part in parts.items()}
        for kind, part in parts.items():
            (Path(place) / kind).mkdir()
            for path, text in zip(paths[kind], part.values(), strict=True):
                path.write_text(text, "utf-8")
        try:
            yield [*paths["files"], Path(place) / "folder"]
        except KbError as fault:
            if fault.where is not None:
                fault.where = re.sub(rf"{re.escape(place)}/(files|folder)/", "", fault.where)
            raise


def _parts(body: bytes) -> dict[str, dict[str, str]]:
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        sent = None
    parts = {kind: sent.get(kind, {}) if isinstance(sent, dict) else {} for kind in ("files", "folder")}
    texts: dict[str, Any] = {}
    for part in parts.values():
        texts.update(part if isinstance(part, dict) else {"": None})
    if not texts or not all(isinstance(one, str) for one in texts.values()):
        raise UsageError(
            "The body holds no files", hint='send application/json: {"files": {"catalog.ttl": "TEXT"}}'
        )
    if len(texts) > _MOST_FILES:
        raise UsageError(f"These are {len(texts)} files", hint=f"send at most {_MOST_FILES}")
    for name in texts:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"'{name[:100]}' is no name of an ontology's file", hint=f"it ends in {', '.join(SUFFIXES)}"
            )
    return parts
