"""Typed results as plain values for JSON, and back by their types: dataclasses, tuples, lists, RDF terms, paths.

Arrow tables go as IPC streams in Base64: their types stay what they are.
"""

from __future__ import annotations

import base64
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path as FilePath
from typing import Any

import pyarrow as pa
import pyoxigraph as ox

from ..errors import UsageError
from ..validation.paths import Path

_TERMS = (ox.NamedNode, ox.BlankNode, ox.Literal, ox.Triple)


def to_plain(value: Any) -> Any:
    """A result as JSON has it; terms in N-Triples syntax.

    >>> from kb.querying.find import Match
    >>> to_plain([Match("urn:x", "x", None, "urn:c", 1.0, "x")])[0]["iri"]
    'urn:x'
    """
    if is_dataclass(value):
        told = {one.name: to_plain(getattr(value, one.name)) for one in fields(value)}
        return {"kind": type(value).__name__, **told} if isinstance(value, Path) else told
    if isinstance(value, (list, tuple)):
        return [to_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(one) for key, one in value.items()}
    if isinstance(value, pa.Table):
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, value.schema) as writer:
            writer.write_table(value)
        return base64.b64encode(sink.getvalue()).decode("ascii")
    return str(value) if isinstance(value, (*_TERMS, FilePath)) else value


def from_plain(kind: Any, value: Any) -> Any:
    """What `to_plain` was given, by its type; missing fields have their defaults, unknown ones are passed over.

    >>> from kb.reasoning import Proof
    >>> proof = Proof((ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("o")), asserted=True)
    >>> from_plain(Proof, to_plain(proof)) == proof
    True
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else from_plain(_chosen(arguments, value), value)
    if origin is tuple and arguments[-1:] != (...,):
        return tuple(from_plain(one, part) for one, part in zip(arguments, value, strict=True))
    if origin in (tuple, list):
        return origin(from_plain(arguments[0], one) for one in value)
    if origin is not None and issubclass(origin, Mapping):
        return {from_plain(arguments[0], key): from_plain(arguments[1], one) for key, one in value.items()}
    if is_dataclass(kind):
        hints = _hints(typing.cast(Any, kind))
        given = {name: from_plain(hint, value[name]) for name, hint in hints.items() if name in value}
        return typing.cast(Any, kind)(**given)
    if kind in _TERMS:
        return term_of(value)
    if kind is pa.Table:
        return pa.ipc.open_stream(base64.b64decode(value)).read_all()
    return FilePath(value) if kind is FilePath else value


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


def _chosen(kinds: tuple[Any, ...], value: Any) -> Any:
    """The one member of a union that says how to read a value; terms are all read in one way."""
    named = value.get("kind") if isinstance(value, Mapping) else None
    known = [one for one in kinds if one is not types.NoneType]
    return next((one for one in known if one.__name__ == named), known[0])


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
