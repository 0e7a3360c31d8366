"""Validation from the user's side: reports, focus, plans, what is refused and what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyoxigraph as ox
import pytest

from kb.errors import ShapesError
from kb.validation import ExecutionPlan, sparql, validate

from .reading import data, shapes

OFFER = """:OfferShape a sh:NodeShape ; <http://purl.org/dc/terms/identifier> "X-1" ; sh:targetClass :Offer ;
  sh:property [ sh:path :price ; sh:minCount 1 ; sh:maxCount 1 ;
                sh:message "No price"@en, "没有价格"@zh ; sh:severity sh:Warning ] ;
  sh:property [ sh:path :currency ; sh:in ( "CNY" "USD" ) ] ."""


def test_a_report_names_node_value_shape_and_message() -> None:
    report = validate(shapes(OFFER), data(':a a :Offer ; :currency "XYZ" . :b a :Offer ; :price 1 .'))
    assert not report and not report.conforms
    price, currency = sorted(report.results, key=lambda one: str(one.path), reverse=True)
    assert (price.message, price.shape_id, price.value) == ({"en": "No price", "zh": "没有价格"}, "X-1", None)
    assert currency.value == ox.Literal("XYZ")
    assert report.focus_nodes() == report.focus_nodes("Warning") == (ox.NamedNode("urn:x:a"),)
    assert report.counts == {"X-1": 2}
    assert "<urn:x:a> <urn:x:currency> = XYZ" in str(report)
    assert report.to_dict()["results"][0]["shapeId"] == "X-1"


def test_the_report_graph_conforms_to_the_shapes_of_reports() -> None:
    report = validate(shapes(OFFER), data(":a a :Offer ."))
    rules = shapes("""
      [] a sh:NodeShape ; sh:targetClass sh:ValidationReport ;
        sh:property [ sh:path sh:conforms ; sh:minCount 1 ; sh:maxCount 1 ; sh:hasValue false ] ;
        sh:property [ sh:path sh:result ; sh:minCount 1 ; sh:class sh:ValidationResult ] .
      [] a sh:NodeShape ; sh:targetClass sh:ValidationResult ;
        sh:property [ sh:path sh:focusNode ; sh:minCount 1 ] ; sh:property [ sh:path sh:resultPath ; sh:minCount 1 ] ;
        sh:property [ sh:path sh:resultMessage ; sh:uniqueLang true ; sh:languageIn ( "en" "zh" ) ; sh:minCount 2 ] .
    """)
    assert validate(rules, data(report.to_graph()))


def test_focus_restricts_what_is_judged() -> None:
    rows = data(":a a :Offer . :b a :Offer .")
    only = np.array([rows.dictionary.id("<urn:x:b>"), rows.dictionary.id("<urn:x:Offer>")])
    assert validate(shapes(OFFER), rows, focus=only).focus_nodes("Warning") == (ox.NamedNode("urn:x:b"),)


def test_types_and_subclasses_of_the_ontology_count_but_are_not_judged() -> None:
    rows = data(":a a :Offer ; :price 1 ; :sku :k . :flash a :FlashOffer .")
    ontology = data(":FlashOffer rdfs:subClassOf :Offer . :k a :SKU . :hidden a :Offer .", rows.dictionary)
    graph = shapes(OFFER + " :OfferShape sh:property [ sh:path :sku ; sh:class :SKU ] .")
    report = validate(graph, replace(rows, ontology=ontology.relations))
    assert report.focus_nodes("Warning") == (ox.NamedNode("urn:x:flash"),)


@pytest.mark.parametrize(
    "link", ["sh:node :A", "sh:not :A", "sh:or ( :A :B )", "sh:property [ sh:path :p ; sh:node :A ]"]
)
def test_recursive_shapes_are_refused(link: str) -> None:
    with pytest.raises(ShapesError, match="recursive") as refusal:
        shapes(f":A a sh:NodeShape ; {link} . :B a sh:NodeShape .")
    assert "<urn:x:A>" in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (":A a sh:PropertyShape .", "sh:path"),
        (":A a sh:NodeShape ; sh:minCount 1 .", "sh:minCount"),
        (':A a sh:NodeShape ; sh:maxLength "x" .', "sh:maxLength"),
        (":A a sh:NodeShape ; sh:in :list .", "sh:in"),
        (":A a sh:NodeShape ; sh:nodeKind :Kind .", "sh:nodeKind"),
        (":A a sh:NodeShape ; sh:datatype xsd:string, xsd:integer .", "sh:datatype"),
        (":A a sh:NodeShape ; sh:property :B .", "sh:path"),
        (":A a sh:PropertyShape ; sh:path [ sh:somePath :p ] .", "sh:path"),
        (":A a sh:NodeShape ; sh:sparql [ sh:select 7, 8 ] .", "sh:select"),
        (":A a sh:NodeShape ; sh:closed 7 .", "sh:closed"),
    ],
)
def test_ill_formed_shapes_are_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ShapesError) as refusal:
        shapes(text)
    assert "<urn:x:A>" in str(refusal.value) and named in str(refusal.value)


def select(query: str, path: str = "") -> str:
    constraint = f'sh:message "{{?value}} by {{$this}}" ; sh:select """{query}"""'
    return f":S {path} sh:targetClass :C ; sh:sparql [ {constraint} ] ."


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("SELECT $this ?value WHERE { $this <urn:x:p> ?value }", "in set form"),
        ("SELECT $this ?value WHERE { $this <urn:x:p> ?value FILTER EXISTS { $this a ?c } }", "in set form"),
        ("SELECT $this ?value WHERE { BIND($this AS ?t) ?t <urn:x:p> ?value }", "at a time"),
        ("SELECT $this ?value WHERE { ?t <urn:x:p> ?value FILTER(?t = $this) }", "at a time"),
        ("SELECT $this ?value WHERE { $this <urn:x:p> ?value } LIMIT 1", "focus node by focus node"),
    ],
)
def test_every_form_of_query_finds_the_same(query: str, form: str) -> None:
    graph = shapes(select(query))
    report = validate(graph, data(":a a :C ; :p 1 . :b a :C ; :p 2 . :c :p 3 ."))
    assert form in str(ExecutionPlan.of(graph))
    assert sorted(one.message[""] for one in report.results) == ["1 by urn:x:a", "2 by urn:x:b"]


def test_a_query_on_a_property_shape_knows_its_path() -> None:
    graph = shapes(
        select("SELECT $this ?value WHERE { $this $PATH ?value }", "sh:path [ sh:inversePath :p ] ;")
    )
    report = validate(graph, data(":x a :C . :a :p :x ."))
    assert [(one.value, str(one.path)) for one in report.results] == [(ox.NamedNode("urn:x:a"), "^<urn:x:p>")]


def test_a_query_beyond_the_data_that_may_be_copied_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparql, "OWN_STORE_ROWS", 1)
    report = validate(shapes(select("SELECT $this WHERE { $this a ?c }")), data(":a a :C ; :p 1 ."))
    assert report.conforms and "no store was given" in str(report)


def test_custom_components_go_to_pyshacl_or_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = shapes("""
      :Even a sh:ConstraintComponent ; sh:parameter [ sh:path <urn:x#even> ] ;
        sh:validator [ a sh:SPARQLAskValidator ; sh:ask "ASK { FILTER(?value / 2 = FLOOR(?value / 2)) }" ] .
      :S a sh:NodeShape ; sh:targetClass :C ; sh:property [ sh:path :n ; <urn:x#even> true ; sh:minCount 1 ] .
    """)
    rows = data(":a a :C ; :n 3 . :b a :C ; :n 4 . :c a :C .")
    assert {str(one.focus) for one in validate(graph, rows).results} == {"<urn:x:a>", "<urn:x:c>"}
    monkeypatch.setattr("kb.validation.fallback.MAX_ROWS", 1)
    report = validate(graph, rows)
    assert [str(one.focus) for one in report.results] == ["<urn:x:c>"]
    assert "a custom constraint component" in str(report)
