"""Texts of a few kilobytes that exhaust the stack of a recursive parser."""

from __future__ import annotations

import re

import pytest

from tests.attacks.conftest import Target

DEEP = 20_000
RUNS = re.compile(r"(.{1,24}?)\1{1000,}", re.DOTALL)
QUERIES = {
    "groups": "SELECT * " + "{" * DEEP + "}" * DEEP,
    "parentheses": "SELECT * { FILTER(" + "(" * DEEP + "1" + ")" * DEEP + ") }",
    "a sum": "SELECT (1" + "+1" * DEEP + " AS ?x) {}",
    "negations": "ASK { FILTER(" + "!" * DEEP + "true) }",
    "minus signs": "ASK { FILTER(" + "-" * DEEP + "1) }",
    "minus signs before a variable": "ASK { FILTER(0 = " + "- " * DEEP + "?x) }",
    "functions": "SELECT (" + "ABS(" * DEEP + "1" + ")" * DEEP + " AS ?x) {}",
    "a chain of equals": "ASK { FILTER(1" + "=1" * DEEP + ") }",
    "NOT EXISTS": "ASK " + "{ FILTER NOT EXISTS " * DEEP + "{}" + "}" * DEEP,
    "sub-selects": "SELECT * " + "{ SELECT * " * DEEP + "{}" + "}" * DEEP,
    "optionals": "SELECT * { ?s <urn:none> ?o " + "OPTIONAL { ?s ?p ?o " * DEEP + "}" * DEEP + "}",
    "unions": "SELECT * { {?s <urn:none> ?o}" + " UNION {?s <urn:none> ?o}" * DEEP + "}",
    "triple terms": "SELECT * { ?x ?y " + "<<( <urn:a> <urn:b> " * DEEP + "1" + " )>>" * DEEP + " }",
    "reified triples": "SELECT * { ?x ?y " + "<< <urn:a> <urn:b> " * DEEP + "1" + " >>" * DEEP + " }",
    "annotations": "SELECT * { <urn:a> <urn:b> 1 " + "{| <urn:c> 1 " * DEEP + "|}" * DEEP + " }",
    "blank nodes": "SELECT * { ?x ?y " + "[ <urn:b> " * DEEP + "1" + " ]" * DEEP + " }",
    "lists": "SELECT * { ?x ?y " + "(" * DEEP + "1" + ")" * DEEP + " }",
    "a path in steps": "SELECT * { ?s <urn:a>" + "/<urn:a>" * DEEP + " ?o }",
    "a path in brackets": "SELECT * { ?s " + "(" * DEEP + "<urn:a>" + ")*" * DEEP + " ?o }",
    "inverse paths": "SELECT * { ?s " + "^" * DEEP + "<urn:a> ?o }",
    "brackets of another kind between": "SELECT * { FILTER(" + "(]" * DEEP,
    "brackets that look like an IRI": "ASK { FILTER(?a<" + "(" * DEEP + "1" + ")" * DEEP + "&&?b>?c) }",
    "brackets behind an escaped quote": "ASK { FILTER('\\'" + "'" + "(" * DEEP,
    "a prefix that multiplies": f"PREFIX p: <urn:{'a' * 20_000}> SELECT * {{ {'p:a p:b p:c . ' * 10_000} }}",
    "a base that multiplies": f"BASE <urn:{'a' * 20_000}> SELECT * {{ {'<a> <b> <c> . ' * 10_000} }}",
    "brackets behind a comment": "ASK { #\r" + "{" * DEEP,
}
JSON = {
    "objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "arrays": b'{"@graph":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "contexts": b'{"@context":' * DEEP + b"{}" + b"}" * DEEP,
}
XML = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="urn:e:">'
TURTLE = {
    "triple terms": b"<urn:s> <urn:p> " + b"<<( <urn:s> <urn:p> " * DEEP + b"1" + b" )>>" * DEEP + b" .",
    "reified triples": b"<urn:s> <urn:p> " + b"<< <urn:s> <urn:p> " * DEEP + b"1" + b" >>" * DEEP + b" .",
}
# These nest as the data does; a parser that needs no stack for it may take them.
HARMLESS = {
    "blank nodes": b"<urn:s> <urn:p> " + b"[ <urn:b> " * DEEP + b"1" + b" ]" * DEEP + b" .",
    "lists": b"<urn:s> <urn:p> " + b"(" * DEEP + b"1" + b")" * DEEP + b" .",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_nests_without_end_is_refused(target: Target, name: str) -> None:
    answer = target.query(QUERIES[name])
    assert (answer.status, answer.type) == (400, "application/problem+json")
    assert answer.json["hint"]


@pytest.mark.parametrize("name", ["groups", "a sum", "triple terms"])
def test_an_update_that_nests_without_end_is_refused(target: Target, name: str) -> None:
    where = QUERIES[name].partition("{")[2] if name != "a sum" else f"BIND(1{'+1' * DEEP} AS ?x) }}"
    assert target.update("DELETE { ?s ?p ?o } WHERE {" + where).status == 400


@pytest.mark.parametrize("name", QUERIES)
def test_what_the_guard_lets_pass_crashes_nothing(target: Target, name: str) -> None:
    """The same shapes, as deep as the guard lets them."""
    for depth in (99, 49, 30):
        answer = target.query(shallow(QUERIES[name], depth))
        assert answer.status in (200, 400, 408), answer.text


def shallow(text: str, depth: int) -> str:
    """A text whose runs of one piece are cut to a depth."""
    return RUNS.sub(lambda found: found[1] * depth, text)


@pytest.mark.parametrize("path", ["/graph/hostile", "/loads"])
@pytest.mark.parametrize("name", JSON)
def test_json_that_nests_without_end_is_refused(target: Target, name: str, path: str) -> None:
    answer = target.writer.ask("POST", path, body=JSON[name], Content_Type="application/ld+json")
    assert answer.status == 400 and "deeper" in answer.text


@pytest.mark.parametrize("path", ["/graph/hostile", "/loads"])
def test_xml_that_nests_without_end_is_refused(target: Target, path: str) -> None:
    body = XML + b"<rdf:Description><e:p>" * DEEP
    answer = target.writer.ask("POST", path, body=body, Content_Type="application/rdf+xml")
    assert answer.status == 400 and "deeper" in answer.text


@pytest.mark.parametrize("kind", ["text/turtle", "application/trig"])
@pytest.mark.parametrize("name", TURTLE)
def test_triples_in_triples_without_end_are_refused(target: Target, name: str, kind: str) -> None:
    for path in ("/graph/hostile", "/loads"):
        answer = target.writer.ask("POST", path, body=TURTLE[name], Content_Type=kind)
        assert answer.status == 400 and "deeper" in answer.text


@pytest.mark.parametrize("name", HARMLESS)
def test_deep_data_is_read_or_refused(target: Target, name: str) -> None:
    answer = target.writer.ask("PUT", "/graph/deep", body=HARMLESS[name], Content_Type="text/turtle")
    assert answer.status in (200, 201, 400)
    assert target.writer.ask("DELETE", "/graph/deep").status in (200, 404)


def test_entities_that_multiply_are_refused(target: Target) -> None:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (n + 1, b"&e%d;" % n * 10) for n in range(12))
    body = (
        b'<!DOCTYPE x [<!ENTITY e0 "ha">' + entities + b"]>" + XML + b"<e:a><e:p>&e12;</e:p></e:a></rdf:RDF>"
    )
    for path in ("/graph/hostile", "/loads"):
        for before in (b"", b"<?xml version='1.0'?>", b"\xef\xbb\xbf", b"\n \n", b"<!-- > -->"):
            answer = target.writer.ask("POST", path, body=before + body, Content_Type="application/rdf+xml")
            assert answer.status == 400 and "DOCTYPE" in answer.text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_entities_in_another_encoding_multiply_nothing(target: Target, encoding: str) -> None:
    entities = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(8))
    declared = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY a "haha">{entities}]>'
    body = (declared + XML.decode() + "<e:a><e:p>&i;</e:p></e:a></rdf:RDF>").encode(encoding)
    answer = target.writer.ask("POST", "/graph/hostile", body=body, Content_Type="application/rdf+xml")
    assert answer.status == 400
