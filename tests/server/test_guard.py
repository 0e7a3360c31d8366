"""What the guard lets through and what it refuses."""

from __future__ import annotations

import pytest

from kb.errors import Forbidden, QueryError
from kb.querying.guard import Form, Limits, check

DEEP = 3_000
HARMLESS = [
    "PREFIX ex: <http://example.org/SERVICE> SELECT ?service { ?service ex:SERVICE 'SERVICE' } # SERVICE {",
    'SELECT * { ?s ?p """SERVICE " {{{ "" \\"""" }',
    'SELECT * { ?s :SERVICE "x"@service ; service:a _:SERVICE . # ((((\n }',
    "SELECT * { ?s ?p '((((' FILTER(?a < ?b && ?c > ?d) }",
    "SELECT (1+2-3*4/5 AS ?x) { ?s <a>/<b>|^<c>* ?o }",
    "SELECT * { ?s ?p ?o FILTER(?o IN (" + "1," * 5_000 + "1)) }",
    "SELECT * {" + " ?s ?p ?o ;" * 1 + " <b> ?c ." + " ?s <p>/<q> ?o ." * 1_000 + "}",
]
DEADLY = {
    "groups": "SELECT * " + "{" * DEEP + "}" * DEEP,
    "parentheses": "SELECT * { FILTER(" + "(" * DEEP + "1" + ")" * DEEP + ") }",
    "a sum": "SELECT (1" + "+1" * DEEP + " AS ?x) {}",
    "a conjunction": "SELECT * { FILTER(true" + "&&true" * DEEP + ") }",
    "negations": "SELECT * { FILTER(" + "!" * DEEP + "true) }",
    "function calls in a sum": "SELECT (1" + "+abs(1)" * DEEP + " AS ?x) {}",
    "a property path": "SELECT * { ?s <a>" + "/<a>" * DEEP + " ?o }",
    "unions": "SELECT * { {?s <a> ?o}" + " UNION {?s <b> ?o}" * DEEP + " }",
    "optionals": "SELECT * { ?s <a> ?o" + " OPTIONAL {?s <b> ?o}" * DEEP + " }",
    "binds": "SELECT * { " + "".join(f"BIND(1 AS ?x{n}) " for n in range(DEEP)) + " }",
    "triple terms": "SELECT * { ?x ?y " + "<<( <a> <b> " * DEEP + "1" + " )>>" * DEEP + " }",
    "blank nodes": "SELECT * { ?x ?y " + "[ <b> " * DEEP + "1" + " ]" * DEEP + " }",
    "parentheses that look like an IRI": "SELECT * { FILTER(?a<"
    + "(" * DEEP
    + "1"
    + ")" * DEEP
    + "&&?b>?c) }",
    "openers hidden by closers of another kind": "SELECT * { FILTER(" + "(]" * DEEP,
}


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_queries_pass(text: str) -> None:
    assert check(text) is Form.SELECT


@pytest.mark.parametrize("name", DEADLY)
def test_texts_that_exhaust_a_parser_are_refused(name: str) -> None:
    with pytest.raises(QueryError):
        check(DEADLY[name])


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }",
        "SELECT * { service silent ?x { ?s ?p ?o } }",
        "SELECT * { ?s ?p ?o }\nSERVICE",
        "SELECT * { FILTER(?a<?b) SERVICE<http://example.org/>{} FILTER(?b>?a) }",
        "SELECT * { # comment\rSERVICE <http://example.org/> {} }",
        "SELECT * { ?s ?p 'x\\'' SERVICE <http://example.org/> {} }",
        "SELECT * { ?s ?p ex:a.SERVICE ex:b {} } SERVICE",
    ],
)
def test_service_is_refused_wherever_a_parser_would_see_it(text: str) -> None:
    with pytest.raises(Forbidden, match="SERVICE"):
        check(text)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("base <http://example.org/> prefix select: <x> ask {}", Form.ASK),
        ("PREFIX ask: <x>\nCONSTRUCT WHERE { ?s ?p ?o }", Form.CONSTRUCT),
        ("DESCRIBE <http://example.org/>", Form.DESCRIBE),
        ("# SELECT\nINSERT DATA { <a> <b> <c> }", Form.UPDATE),
        ("WITH <g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", Form.UPDATE),
        ("drop all", Form.UPDATE),
    ],
)
def test_the_form_is_the_first_keyword_behind_the_prologue(text: str, form: Form) -> None:
    assert check(text) is form


def test_a_refusal_names_line_column_and_fragment() -> None:
    with pytest.raises(QueryError) as caught:
        check("SELECT * {\n  ?s ?p ((1)) }", limits=Limits(depth=2))
    assert caught.value.where == "line 2, column 10, at '(1)) }'"


@pytest.mark.parametrize("text", ["", "  # nothing\n", "hello", "PREFIX a: <b>"])
def test_a_text_without_a_query_form_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"empty|no SPARQL query"):
        check(text)


def test_length_is_counted_in_bytes() -> None:
    with pytest.raises(QueryError, match="longer than 30 bytes"):
        check("ASK { ?s ?p '口红口红口红' }", limits=Limits(length=30))


@pytest.mark.parametrize(
    "text", ["ASK { " + '\\"' * 400_000, "ASK { " + "a." * 400_000, "ASK { " + "<a" * 400_000]
)
def test_a_text_made_to_slow_the_guard_is_judged_in_one_pass(text: str) -> None:
    """Quadratic work would take hours here, so that this test could not end."""
    with pytest.raises(QueryError):
        check(text)
        raise QueryError("passed in one pass")
