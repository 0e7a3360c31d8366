"""YARRRML says the same as RML, and its errors name file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import KbError, MappingError, SyntaxFault
from kb.loading.mapping import read_mapping
from kb.loading.tables import TableOptions, map_tables

RML = """
@prefix rml: <http://w3id.org/rml/> . @prefix ex: <http://e.com/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:order rml:logicalSource [ rml:source [ rml:path "orders.csv" ] ; rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://e.com/order/{id}" ; rml:class ex:Order ; rml:graph ex:g ] ;
  rml:predicateObjectMap [ rml:predicate ex:total ;
    rml:objectMap [ rml:reference "total" ; rml:datatype xsd:decimal ] ] ;
  rml:predicateObjectMap [ rml:predicate ex:note ;
    rml:objectMap [ rml:template "no. {id}" ; rml:termType rml:Literal ] ] ;
  rml:predicateObjectMap [ rml:predicate ex:at ;
    rml:objectMap [ rml:template "b{id}" ; rml:termType rml:BlankNode ] ] ;
  rml:predicateObjectMap [ rml:predicate ex:by ; rml:objectMap [
    rml:parentTriplesMap ex:customer ; rml:joinCondition [ rml:child "customer" ; rml:parent "key" ] ] ] .
ex:customer rml:logicalSource [ rml:source [ rml:path "customers.csv" ] ; rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://e.com/customer/{key}" ] ;
  rml:predicateObjectMap [ rml:predicate ex:name ; rml:objectMap [ rml:reference "name" ; rml:language "en" ] ] .
"""
YARRRML = """
prefixes: {ex: "http://e.com/"}
sources:
  orders: [orders.csv~csv]
mappings:
  order:
    sources: orders
    graphs: ex:g
    s: ex:order/$(id)
    po:
      - [a, ex:Order]
      - [ex:total, $(total), xsd:decimal]
      - [ex:note, no. $(id)]
      - {p: ex:at, o: {value: b$(id), type: blank}}
      - p: ex:by
        o:
          mapping: customer
          condition: {function: equal, parameters: [[str1, $(customer)], [str2, $(key)]]}
  customer:
    sources: {access: customers.csv, referenceFormulation: csv}
    s: ex:customer/$(key)
    po: [[ex:name, $(name), en~lang]]
"""


def quads(folder: Path, name: str, text: str) -> set[tuple[str, ...]]:
    (folder / name).write_text(text)
    batches = map_tables(read_mapping(folder / name), folder=folder, options=TableOptions("urn:g"))
    return {tuple(quad.values()) for batch in batches for quad in batch.to_pylist()}


def test_both_languages_give_the_same_quads(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,total,customer\n1,9.90,a\n2,5,b\n")
    (tmp_path / "customers.csv").write_text("key,name\na,Ann\nb,Ben\n")
    found = quads(tmp_path, "m.yml", YARRRML)
    assert found == quads(tmp_path, "m.ttl", RML)
    assert len(found) == 12
    assert (
        "<http://e.com/order/2>",
        "<http://e.com/by>",
        "<http://e.com/customer/b>",
        "<http://e.com/g>",
    ) in found


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("sources: orders", "sources: order", "no source 'order'.*line 7"),
        ("mapping: customer", "mapping: buyer", "no triples map 'buyer'"),
        ("[ex:total, $(total), xsd:decimal]", "[ex:total]", "line 12"),
        ("type: blank", "type: bnode", "'bnode' is not a term type"),
        ("en~lang", "a-english~lang", "'a-english' is not a language tag"),
        ("function: equal", "function: like", "function: equal"),
        ("    s: ex:order/$(id)", "    s: ex:order/$(id) x", "can't be part of an IRI"),
        ("csv}", "xpath}", "'xpath' is not a reference formulation"),
    ],
)
def test_a_fault_in_a_mapping_is_named_with_its_place(tmp_path: Path, old: str, new: str, says: str) -> None:
    (tmp_path / "orders.csv").write_text("id,total,customer\n1,9.90,a\n")
    (tmp_path / "customers.csv").write_text("key,name\na,Ann\n")
    assert old in YARRRML
    with pytest.raises(MappingError, match=says):
        quads(tmp_path, "m.yml", YARRRML.replace(old, new, 1))


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("m.yml", "mappings: [", "line 1"),
        ("m.yml", "", "empty"),
        ("m.ttl", "<a> <b> .", "line 1"),
        ("m.ttl", "", "no triples map"),
        ("m.xml", "", "RML"),
    ],
)
def test_a_mapping_that_can_t_be_read_is_a_named_error(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(KbError, match=says):
        read_mapping(tmp_path / name)


def test_a_broken_mapping_is_a_syntax_fault(tmp_path: Path) -> None:
    (tmp_path / "m.yml").write_text("a: b: c")
    with pytest.raises(SyntaxFault, match="line 1, column 5"):
        read_mapping(tmp_path / "m.yml")
