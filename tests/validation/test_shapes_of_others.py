"""Shapes of others beside ours: in the style of DCAT-AP and of schema.org, on schema.org's vocabulary."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kb.cli import run

PREFIXES = """@prefix : <https://shop.example/> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix schema: <https://schema.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
# As application profiles of DCAT write them: a class a node shape, counts, node kinds, classes of values, severities.
CATALOGUES = """
:Dataset a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ; sh:uniqueLang true ] ,
    [ sh:path dct:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ; sh:severity sh:Violation ] ,
    [ sh:path dcat:distribution ; sh:node :Distribution ] ,
    [ sh:path dct:issued ; sh:or ( [ sh:datatype xsd:date ] [ sh:datatype xsd:dateTime ] ) ] ,
    [ sh:path dcat:theme ; sh:minCount 1 ; sh:severity sh:Warning ] .
:Distribution a sh:NodeShape ; sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] .
"""
CATALOGUE = """
:good a dcat:Dataset ; dct:title "A"@en, "B"@zh ; dct:publisher :me ; dct:issued "2026-01-01"^^xsd:date ;
  dcat:distribution [ dcat:accessURL <https://shop.example/a.csv> ] ; dcat:theme :goods . :me a foaf:Agent .
:bad a dcat:Dataset ; dct:title "A"@en, "C"@en ; dct:publisher :you ; dct:issued "yesterday" ;
  dcat:distribution [ dcat:accessURL "a.csv" ] .
"""
# As shapes of schema.org go: a union of types, aliases and codes, subclasses known from the vocabulary.
GOODS = """
schema:Product a rdfs:Class , sh:NodeShape ;
  sh:property [ sh:path schema:name ; sh:minCount 1 ; sh:datatype xsd:string ] ,
    [ sh:path schema:offers ; sh:or ( [ sh:class schema:Offer ] [ sh:class schema:Demand ] ) ] ,
    [ sh:path ( schema:offers schema:priceCurrency ) ; sh:pattern "^[A-Z]{3}$" ] .
"""
SHOP = """
:car a schema:Car ; schema:offers :offer . :offer a schema:AggregateOffer ; schema:priceCurrency "yuan" .
:tea a schema:Product ; schema:name "Tea" ; schema:offers :none .
"""


def validated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shapes: str, *data: str | Path
) -> tuple[int, set[tuple[str, str, str]]]:
    """Exit code of kb validate with these shapes, and focus node, path and component of the results."""
    rules = tmp_path / "rules.ttl"
    rules.write_text(PREFIXES + shapes, encoding="utf-8")
    files = []
    for number, one in enumerate(data):
        file = one if isinstance(one, Path) else tmp_path / f"data{number}.ttl"
        if isinstance(one, str):
            file.write_text(PREFIXES + one, encoding="utf-8")
        files.append(str(file))
    code = run(["validate", *files, "--shapes", str(rules), "--format", "json"])
    results = json.loads(capsys.readouterr().out)["results"]
    checked = run(["shapes", "check", str(rules), "--store", str(tmp_path / "none.kb")])
    assert checked == 0 and "0 errors" in capsys.readouterr().out
    return code, {
        (
            one["focus"].rpartition("/")[2][:-1],
            one.get("path", "").rpartition("/")[2].strip(">"),
            one["component"],
        )
        for one in results
    }


def test_an_application_profile_of_dcat_judges_a_catalogue(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = validated(tmp_path, capsys, CATALOGUES, CATALOGUE)
    assert code == 1
    assert found == {
        ("bad", "title", "UniqueLangConstraintComponent"),
        ("bad", "publisher", "ClassConstraintComponent"),
        ("bad", "dcat#distribution", "NodeConstraintComponent"),
        ("bad", "issued", "OrConstraintComponent"),
        ("bad", "dcat#theme", "MinCountConstraintComponent"),
    }


def test_shapes_of_schema_org_know_subclasses_from_its_vocabulary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shared_data: Callable[[str], Path]
) -> None:
    vocabulary = tmp_path / "schemaorg.ttl"
    vocabulary.write_bytes(gzip.decompress(shared_data("schemaorg/schemaorg-all-https.ttl.gz").read_bytes()))
    code, found = validated(tmp_path, capsys, GOODS, SHOP, vocabulary)
    assert code == 1
    assert found == {
        ("car", "name", "MinCountConstraintComponent"),
        ("car", "priceCurrency", "PatternConstraintComponent"),
        ("tea", "offers", "OrConstraintComponent"),
    }
