"""Which format and language an answer gets."""

from __future__ import annotations

import pytest

from server.faults import NotAcceptable
from server.negotiation import GRAPHS, HTML, SOLUTIONS, choose, choose_language

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        ("application/json", "json"),
        ("text/csv", "csv"),
        ("text/*", "csv"),
        ("application/sparql-results+xml, application/sparql-results+json;q=0.9", "xml"),
        ("text/csv;q=0.2, text/tab-separated-values;q=0.3", "tsv"),
        ("application/sparql-results+json;q=0, */*;q=0.1", "xml"),
        ("TEXT/CSV ; Q=1.0", "csv"),
        ("text/csv;charset=utf-8", "csv"),
        ("image/png, text/csv;q=0.001", "csv"),
        ("text/csv;q=broken, application/json;q=0.1", "json"),
    ],
)
def test_solutions_come_in_the_format_liked_best(accept: str | None, name: str) -> None:
    assert choose(accept, SOLUTIONS).name == name


def test_a_browser_gets_a_page_and_a_program_gets_data() -> None:
    assert choose(BROWSER, (*GRAPHS, HTML)) is HTML
    assert choose("*/*", (*GRAPHS, HTML)).name == "ttl"
    assert choose("application/ld+json", (*GRAPHS, HTML)).name == "jsonld"


@pytest.mark.parametrize("accept", ["image/png", "application/sparql-results+json;q=0", "text/turtle"])
def test_what_fits_nothing_is_refused_with_the_choices(accept: str) -> None:
    with pytest.raises(NotAcceptable, match="text/csv"):
        choose(accept, SOLUTIONS)


@pytest.mark.parametrize("name", ["xml", "XML", "application/sparql-results+xml", "application/xml"])
def test_a_named_format_wins_over_the_header(name: str) -> None:
    assert choose("text/csv", SOLUTIONS, name=name).name == "xml"


def test_an_unknown_format_name_is_refused_with_the_choices() -> None:
    with pytest.raises(NotAcceptable, match=r"'yaml'.*ttl \(text/turtle\)"):
        choose("*/*", GRAPHS, name="yaml")


@pytest.mark.parametrize(
    ("header", "name", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("en-GB,zh;q=0.9", None, "en"),
        ("fr", None, "en"),
        ("zh;q=0, fr", None, "en"),
        ("en", "zh", "zh"),
        ("zh", "xx", "zh"),
    ],
)
def test_language(header: str, name: str | None, language: str) -> None:
    assert choose_language(header, name=name) == language
