"""The SPARQL 1.1 Protocol: from the parts of an HTTP request to what is asked. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from kb.errors import QueryError

from .faults import MethodNotAllowed, UnsupportedMediaType

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
METHODS = ("GET", "HEAD", "POST")

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


@dataclass(frozen=True)
class QueryRequest:
    """A query, the dataset that the protocol asks for, and how to answer."""

    text: str
    default_graphs: tuple[str, ...] = ()
    named_graphs: tuple[str, ...] = ()
    reasoning: bool = True
    format: str | None = None


@dataclass(frozen=True)
class UpdateRequest:
    """An update, and the dataset that the protocol gives its WHERE; None where it gives none."""

    text: str
    using: tuple[tuple[str, ...], tuple[str, ...]] | None = None


def parse(
    method: str, *, content_type: str | None, query_string: str, body: bytes
) -> QueryRequest | UpdateRequest:
    """The query or the update that a request asks for (SPARQL 1.1 Protocol, sections 2.1 and 2.2).

    Raises MethodNotAllowed, UnsupportedMediaType, and QueryError for a text that is missing, repeated or can't be
    decoded, and for an update by GET.

    >>> parse("GET", content_type=None, query_string="query=ASK%20%7B%7D&reasoning=false", body=b"")
    QueryRequest(text='ASK {}', default_graphs=(), named_graphs=(), reasoning=False, format=None)
    """
    parameters = _parameters(query_string)
    if method == "POST":
        media_type, *parameters_of_type = (part.strip().lower() for part in (content_type or "").split(";"))
        _check_charset(parameters_of_type)
        if media_type == FORM:
            parameters = _merged(parameters, _parameters(_decoded(body)))
        elif media_type == QUERY:
            parameters = _merged(parameters, {"query": [_decoded(body)]})
        elif media_type == UPDATE:
            parameters = _merged(parameters, {"update": [_decoded(body)]})
        else:
            raise UnsupportedMediaType(
                f"A query can't be read from '{content_type or 'a body without Content-Type'}'",
                hint=f"send {QUERY}, {UPDATE}, or a form ({FORM}) with the field 'query' or 'update'",
            )
    elif method not in METHODS:
        raise MethodNotAllowed(method, METHODS)
    if "update" in parameters:
        return _update(method, parameters)
    return QueryRequest(
        text=_single(parameters, "query"),
        default_graphs=tuple(parameters.get("default-graph-uri", ())),
        named_graphs=tuple(parameters.get("named-graph-uri", ())),
        reasoning=_truth(parameters, "reasoning", default=True),
        format=parameters["format"][0] if "format" in parameters else None,
    )


def _check_charset(parameters: Sequence[str]) -> None:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset" and value.strip().strip('"') not in ("utf-8", "utf8", "us-ascii"):
            raise UnsupportedMediaType(
                f"SPARQL is read as UTF-8, and the body says {value.strip()}", hint="send the text as UTF-8"
            )


def misplaced_update() -> QueryError:
    """What an update gets where a query belongs."""
    return QueryError(
        "This is an update, not a query",
        hint=f"send it by POST as {UPDATE}, or as the field 'update' of a form",
    )


def _update(method: str, parameters: Mapping[str, Sequence[str]]) -> UpdateRequest:
    if method != "POST" or "query" in parameters:
        raise misplaced_update()
    listed = tuple(tuple(parameters.get(f"using-{kind}graph-uri", ())) for kind in ("", "named-"))
    return UpdateRequest(_single(parameters, "update"), (listed[0], listed[1]) if any(listed) else None)


def _parameters(encoded: str) -> dict[str, list[str]]:
    try:
        return parse_qs(encoded, keep_blank_values=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise QueryError(
            f"The parameters can't be decoded: {error}", hint="percent-encode them as UTF-8"
        ) from error


def _merged(first: Mapping[str, Sequence[str]], second: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {key: [*first.get(key, ()), *second.get(key, ())] for key in {**first, **second}}


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueryError(
            "The body is not UTF-8", where=f"byte {error.start}", hint="send the text as UTF-8"
        ) from error


def _single(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name, ())
    if len(values) != 1:
        found = "is missing" if not values else f"is given {len(values)} times"
        raise QueryError(f"The parameter '{name}' {found}", hint=f"give it once: /sparql?{name}=SELECT...")
    return values[0]


def _truth(parameters: Mapping[str, Sequence[str]], name: str, *, default: bool) -> bool:
    value = parameters[name][-1].lower() if name in parameters else str(default).lower()
    if value not in _TRUE + _FALSE:
        raise QueryError(
            f"'{value}' is neither true nor false", where=f"the parameter '{name}'", hint=f"{name}=false"
        )
    return value in _TRUE
