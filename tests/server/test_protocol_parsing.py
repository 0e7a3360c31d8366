"""What a request asks, read from its parts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from kb.errors import QueryError
from server.faults import MethodNotAllowed, UnsupportedMediaType
from server.protocol import FORM, QUERY, UPDATE, QueryRequest, UpdateRequest, parse

ASK = "ASK { ?s ?p '口红 & +' }"


def asked(method: str, *, query_string: str = "", content_type: str | None = None, body: str = "") -> Any:
    return parse(method, content_type=content_type, query_string=query_string, body=body.encode())


def test_the_three_ways_to_ask_are_one() -> None:
    encoded = urlencode({"query": ASK})
    asks = [
        asked("GET", query_string=encoded),
        asked("POST", content_type=FORM, body=encoded),
        asked("POST", content_type=f"{QUERY}; charset=utf-8", body=ASK),
    ]
    assert asks == [QueryRequest(text=ASK)] * 3


def test_the_dataset_is_taken_from_query_string_and_form() -> None:
    request = asked(
        "POST",
        query_string="default-graph-uri=http://example.org/1",
        content_type=FORM,
        body=urlencode(
            [("query", ASK), ("default-graph-uri", "http://example.org/2"), ("named-graph-uri", "urn:n")]
        ),
    )
    assert request.default_graphs == ("http://example.org/1", "http://example.org/2")
    assert request.named_graphs == ("urn:n",)


@pytest.mark.parametrize(
    ("value", "reasoning"), [("false", False), ("0", False), ("TRUE", True), ("yes", True)]
)
def test_reasoning_can_be_switched(value: str, reasoning: bool) -> None:
    assert asked("GET", query_string=f"query=x&reasoning={value}").reasoning is reasoning


@pytest.mark.parametrize(
    ("query_string", "message"),
    [
        ("", "'query' is missing"),
        ("query=a&query=b", "given 2 times"),
        ("query=a&reasoning=perhaps", "neither true nor false"),
        ("query=%ff", "can't be decoded"),
        ("query=a" + "&x=1" * 200, "can't be decoded"),
    ],
)
def test_wrong_parameters_are_named(query_string: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        asked("GET", query_string=query_string)


def test_a_body_that_is_not_utf8_is_refused_with_its_byte() -> None:
    with pytest.raises(QueryError, match="byte 4"):
        parse("POST", content_type=QUERY, query_string="", body=b"ASK \xff")


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "multipart/form-data; boundary=x"])
def test_other_bodies_are_refused_with_the_ones_that_work(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType, match="application/sparql-query"):
        asked("POST", content_type=content_type, body=ASK)


def test_other_methods_are_refused_with_the_ones_that_work() -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        asked("DELETE", query_string="query=x")
    assert caught.value.allowed == ("GET", "HEAD", "POST")


@pytest.mark.parametrize(("content_type", "body"), [(UPDATE, "CLEAR ALL"), (FORM, "update=CLEAR%20ALL")])
def test_updates_come_by_post_alone_with_the_dataset_of_the_protocol(content_type: str, body: str) -> None:
    assert asked("POST", content_type=content_type, body=body) == UpdateRequest("CLEAR ALL")
    given = asked("POST", content_type=content_type, body=body, query_string="using-graph-uri=urn:g")
    assert given == UpdateRequest("CLEAR ALL", (("urn:g",), ()))
    with pytest.raises(QueryError, match="by POST"):
        asked("GET", query_string="update=CLEAR%20ALL")
