"""An entity as people give it: by IRI, CURIE, or what it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyoxigraph as ox

from ..errors import NotFound, UsageError
from ..terms import PREFIXES
from ..values import iri
from .find import Match

Find = Callable[..., Sequence[Match]]
"""Called as ``find(text, kind=class_iri, limit=n)``: `KnowledgeBase.find`."""

_CERTAIN = 0.05


def entity_named(text: str, find: Find, *, kind: str | None, called: str, where: str) -> ox.NamedNode:
    """The entity of a class that a text means; `called` is what its class is called in an error.

    Raises NotFound when none has such a name, UsageError when several may be meant.
    """
    prefix = text.partition(":")[0].lower()
    if text.startswith("<") or prefix in ("http", "https", "urn") or prefix in PREFIXES:
        return iri(text)
    found = find(text, kind=kind, limit=5)
    if not found:
        raise NotFound(
            f"No {called} is called '{text}'", where=where, hint=f"look for it with kb find '{text}'"
        )
    first, *others = found
    rivals = [one for one in others if one.score > first.score - _CERTAIN]
    if rivals and not (first.score >= 1 > rivals[0].score):
        listed = "; ".join(f"{one.label} <{one.iri}>" for one in (first, *rivals))
        raise UsageError(
            f"'{text}' may be any of {len(rivals) + 1}", where=where, hint=f"choose one: {listed}"
        )
    return ox.NamedNode(first.iri)
