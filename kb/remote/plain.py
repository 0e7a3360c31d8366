"""Typed results as plain values for JSON, and back by their types: dataclasses, tuples, lists, RDF terms, paths."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from ..errors import UsageError

_TERMS = (ox.NamedNode, ox.BlankNode, ox.Literal, ox.Triple)


def to_plain(value: Any) -> Any:
    """A result as JSON has it; terms in N-Triples syntax.

    >>> from kb.querying.find import Match
    >>> to_plain([Match("urn:x", "x", None, "urn:c", 1.0, "x")])[0]["iri"]
    'urn:x'
    """
    if is_dataclass(value):
        return {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, (list, tuple)):
        return [to_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    return str(value) if isinstance(value, (*_TERMS, Path)) else value


def from_plain(kind: Any, value: Any) -> Any:
    """What `to_plain` was given, by its type; missing fields have their defaults, unknown ones are passed over.

    >>> from kb.reasoning import Proof
    >>> proof = Proof((ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("o")), asserted=True)
    >>> from_plain(Proof, to_plain(proof)) == proof
    True
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else from_plain(_chosen(arguments), value)
    if origin is tuple and arguments[-1:] != (...,):
        return tuple(from_plain(one, part) for one, part in zip(arguments, value, strict=True))
    if origin in (tuple, list):
        return origin(from_plain(arguments[0], one) for one in value)
    if origin is not None and issubclass(origin, Mapping):
        return {key: from_plain(arguments[1], one) for key, one in value.items()}
    if is_dataclass(kind):
        hints = _hints(typing.cast(Any, kind))
        given = {name: from_plain(hint, value[name]) for name, hint in hints.items() if name in value}
        return typing.cast(Any, kind)(**given)
    if kind in _TERMS:
        return term_of(value)
    return Path(value) if kind is Path else value


def term_of(text: str) -> ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple:
    """A term in N-Triples syntax.

    Raises UsageError.

    >>> term_of('"rouge"@fr').language
    'fr'
    """
    try:
        (quad,) = ox.parse(f"<urn:s> <urn:p> {text} .", format=ox.RdfFormat.N_TRIPLES, lenient=True)
    except (SyntaxError, ValueError):
        raise UsageError(
            f"'{text[:120]}' is no term", hint='write it as in N-Triples: <https://...> or "text"@en'
        ) from None
    return quad.object


def _chosen(kinds: tuple[Any, ...]) -> Any:
    """The one member of a union that says how to read a value; terms are all read in one way."""
    return next(one for one in kinds if one is not types.NoneType)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
