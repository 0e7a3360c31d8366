"""The facade's reading verbs in JSON, for programs: `KnowledgeBase.connect` asks here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request

from kb.errors import NotFound, UsageError
from kb.remote.plain import term_of, to_plain
from kb.remote.verbs import NUMBERS, PARAMETERS, TERMS
from kb.statistics import Stats

from .context import tag, view

routes = Blueprint("verbs", __name__)

_MOST = 1_000


@routes.get("/api/<verb>")
def answered(verb: str) -> Response:
    """What a verb gives to the caller, as plain values; terms in N-Triples syntax."""
    if verb not in PARAMETERS:
        raise NotFound(f"There is no verb '{verb}'", hint=f"there are {', '.join(PARAMETERS)}")
    arguments = {name: _value(name, text) for name, text in request.args.items()}
    if unknown := arguments.keys() - set(PARAMETERS[verb]):
        known = ", ".join(PARAMETERS[verb]) or "none"
        raise UsageError(f"'{verb}' has no parameter '{min(unknown)}'", hint=f"its parameters are: {known}")
    needed = [name for name in PARAMETERS[verb] if name in TERMS or name == "text"]
    if missing := [name for name in needed if name not in arguments]:
        raise UsageError(f"The parameter '{missing[0]}' is missing", hint=f"/api/{verb}?{missing[0]}=...")
    found = view().call(verb, **arguments)
    if isinstance(found, Stats):
        # Where it lies on this machine is nobody's business.
        found = replace(found, path=Path(found.path.name))
    return tag(jsonify(to_plain(found)), request.full_path)


def _value(name: str, text: str) -> Any:
    if name in TERMS:
        return term_of(text)
    if name not in NUMBERS:
        return text
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST):
        raise UsageError(f"'{text[:40]}' is no number from 1 to {_MOST}", where=name)
    return int(text)
