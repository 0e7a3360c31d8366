"""The SPARQL 1.1 Protocol's query operation: from the parts of an HTTP request to what is asked. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

from kb.errors import Forbidden, QueryError

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


def parse(method: str, *, content_type: str | None, query_string: str, body: bytes) -> QueryRequest:
    """The query that a request asks (SPARQL 1.1 Protocol, section 2.1).

    Raises MethodNotAllowed, UnsupportedMediaType, Forbidden for an update, and QueryError for a query that is
    missing, repeated or can't be decoded.

    >>> parse("GET", content_type=None, query_string="query=ASK%20%7B%7D&reasoning=false", body=b"")
    QueryRequest(text='ASK {}', default_graphs=(), named_graphs=(), reasoning=False, format=None)
    """
    parameters = _parameters(query_string)
    if method == "POST":
        media_type = (content_type or "").split(";")[0].strip().lower()
        if media_type == FORM:
            parameters = _merged(parameters, _parameters(_decoded(body)))
        elif media_type == QUERY:
            parameters = _merged(parameters, {"query": [_decoded(body)]})
        elif media_type == UPDATE:
            raise update_refused()
        else:
            raise UnsupportedMediaType(
                f"A query can't be read from '{content_type or 'a body without Content-Type'}'",
                hint=f"send {QUERY}, or a form ({FORM}) with the field 'query'",
            )
    elif method not in METHODS:
        raise MethodNotAllowed(method, METHODS)
    if "update" in parameters:
        raise update_refused()
    return QueryRequest(
        text=_single(parameters, "query"),
        default_graphs=tuple(parameters.get("default-graph-uri", ())),
        named_graphs=tuple(parameters.get("named-graph-uri", ())),
        reasoning=_truth(parameters, "reasoning", default=True),
        format=parameters["format"][0] if "format" in parameters else None,
    )


def update_refused() -> Forbidden:
    """What an update gets here."""
    return Forbidden(
        "This endpoint answers queries; it takes no updates",
        hint="change the knowledge base with `kb update`, `kb load` or, in Python, KnowledgeBase.update()",
    )


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
