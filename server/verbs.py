"""The facade's reading verbs in JSON, for programs: `KnowledgeBase.connect` asks here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from flask import Blueprint, Response, jsonify, request

from kb.errors import NotFound, UsageError
from kb.insight import Scope
from kb.remote.plain import from_plain, term_of, to_plain
from kb.remote.verbs import NEEDED, NUMBERS, PARAMETERS, TERMS
from kb.statistics import Stats

from .context import allow_the_past, tag, view

routes = Blueprint("verbs", __name__)

_MOST = 1_000


@routes.get("/api/<verb>")
def answered(verb: str) -> Response:
    """What a verb gives to the caller, as plain values; terms in N-Triples syntax."""
    if verb not in PARAMETERS:
        raise NotFound(f"There is no verb '{verb}'", hint=f"there are {', '.join(PARAMETERS)}")
    arguments = {name: _value(name, text) for name, text in request.args.items() if name != "at"}
    if unknown := arguments.keys() - set(PARAMETERS[verb]):
        known = ", ".join(PARAMETERS[verb]) or "none"
        raise UsageError(f"'{verb}' has no parameter '{min(unknown)}'", hint=f"its parameters are: {known}")
    if missing := [name for name in PARAMETERS[verb] if name in NEEDED and name not in arguments]:
        raise UsageError(f"The parameter '{missing[0]}' is missing", hint=f"/api/{verb}?{missing[0]}=...")
    if verb == "validate_since":
        allow_the_past()
    found = view().call(verb, **arguments)
    if isinstance(found, Stats):
        # Where it lies on this machine is nobody's business.
        found = replace(found, path=Path(found.path.name))
    return tag(jsonify(to_plain(found)), request.full_path)


def _value(name: str, text: str) -> Any:
    if name in TERMS:
        return term_of(text)
    if name == "scope":
        return _scope(text)
    if name not in NUMBERS:
        return text
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= _MOST):
        raise UsageError(f"'{text[:40]}' is no number from 1 to {_MOST}", where=name)
    return int(text)


def _scope(text: str) -> Scope:
    try:
        return cast(Scope, from_plain(Scope, dict(json.loads(text))))
    except (ValueError, TypeError):
        raise UsageError("The scope is no JSON object", where="scope", hint='write {"limit": 10}') from None
