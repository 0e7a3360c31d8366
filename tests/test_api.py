"""The Python API as its readers use it: the README's example, results, snapshots, threads."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyoxigraph as ox
import pytest

from kb import KnowledgeBase, Solutions, Triples, Truth, term
from kb.errors import NotFound, StoreMissing, UsageError
from tests.shop import BRANDS, turtle

BRAND = "https://w3id.org/commerce-kb/id/brand/"
XSD = "http://www.w3.org/2001/XMLSchema#"
COUNT = "SELECT (COUNT(DISTINCT ?b) AS ?n) { ?b a ckb:Brand }"


def add_brand(knowledge: KnowledgeBase, key: str) -> None:
    with knowledge.commit(source="manual", message=f"brand {key}") as change:
        change.add(BRAND + key, "rdf:type", "ckb:Brand")
        change.add(BRAND + key, "rdfs:label", ox.Literal(key.title(), language="en"))


def count(knowledge: KnowledgeBase) -> int:
    result = knowledge.query(COUNT)
    assert isinstance(result, Solutions)
    return int(result.rows[0]["n"].value)


def test_the_example_of_the_readme_runs(store: Path, tmp_path: Path) -> None:
    feed = turtle(tmp_path, BRANDS)
    with KnowledgeBase.open(store) as kb:
        report = kb.load(feed, source="feed", message="nightly feed")
        assert (report.added, report.removed, report.quarantined, report.violations) == (9, 0, 0, 0)
        assert report.seconds > 0

        with kb.commit(source="feed", message="new brand") as change:
            change.add(f"{BRAND}new", "rdf:type", "ckb:Brand")
            change.add(f"{BRAND}new", "rdfs:label", ox.Literal("Novella", language="en"))
            change.remove(f"{BRAND}sub", "ckb:directSubBrandOf", f"{BRAND}mid")
        assert (change.report.added, change.report.removed) == (2, 1)

        assert kb.validate().conforms
        assert kb.reason()
        result = kb.query("SELECT ?b ?l { ?b a ckb:Brand ; rdfs:label ?l } ORDER BY ?l")
        assert [row["l"].value for row in result] == [
            "Lumora",
            "Lumora Mini",
            "Lumora Studio",
            "Novella",
            "露墨",
        ]

        assert kb.find("novela")[0].iri == f"{BRAND}new"
        proof = kb.explain(f"{BRAND}mid", "ckb:subBrandOf", f"{BRAND}top")
        assert "directSubBrandOf" in str(proof)
        with pytest.raises(NotFound):
            kb.explain(f"{BRAND}sub", "ckb:subBrandOf", f"{BRAND}top")
        assert [one.message for one in kb.log()][1:] == ["nightly feed", "new brand"]


def test_solutions_turn_into_every_form_more_than_once(knowledge: KnowledgeBase) -> None:
    result = knowledge.query(
        "SELECT ?name ?price ?count ?good { VALUES (?name ?price ?count ?good) "
        '{ ("a<b" 1.5 2 true) ("中"@zh UNDEF 3 false) } }'
    )
    assert isinstance(result, Solutions)
    assert result.variables == ("name", "price", "count", "good")
    for _ in range(2):
        rows = json.loads(result.to_json())["results"]["bindings"]
        assert [row["name"]["value"] for row in rows] == ["a<b", "中"]
        assert result.to_csv().splitlines() == ["name,price,count,good", "a<b,1.5,2,true", "中,,3,false"]
        assert result.to_tsv().splitlines()[1].split("\t")[0] == '"a<b"'
        assert "a&lt;b" in result.to_xml()
        assert len(list(result)) == len(result) == 2


def test_solutions_become_typed_tables(knowledge: KnowledgeBase) -> None:
    result = knowledge.query(
        "SELECT ?name ?price ?count ?good { VALUES (?name ?price ?count ?good) "
        '{ ("a" 1.5 2 true) ("b" UNDEF 3 false) } }'
    )
    assert isinstance(result, Solutions)
    table = result.to_arrow()
    assert table.schema.types == [pa.string(), pa.float64(), pa.int64(), pa.bool_()]
    assert table.to_pylist()[1] == {"name": "b", "price": None, "count": 3, "good": False}
    frame = result.to_pandas()
    assert list(frame.columns) == ["name", "price", "count", "good"]
    assert frame["count"].sum() == 5


def test_a_column_of_mixed_values_stays_text(knowledge: KnowledgeBase) -> None:
    result = knowledge.query('SELECT ?x { VALUES ?x { 1 "two" <urn:three> } }')
    assert isinstance(result, Solutions)
    assert result.to_arrow().to_pydict() == {"x": ["1", "two", "urn:three"]}


def test_an_empty_answer_is_an_empty_table(knowledge: KnowledgeBase) -> None:
    result = knowledge.query("SELECT ?s ?o { ?s <urn:never> ?o }")
    assert isinstance(result, Solutions)
    assert result.to_arrow().column_names == ["s", "o"]
    assert (len(result), len(result.to_pandas()), result.to_csv().split()) == (0, 0, ["s,o"])


def test_notebooks_render_an_escaped_table(knowledge: KnowledgeBase) -> None:
    shown = knowledge.query('SELECT ?x { VALUES ?x { "<script>" } }')._repr_html_()
    assert "<th>x</th>" in shown
    assert "<td>&lt;script&gt;</td>" in shown


def test_construct_gives_triples_and_ask_a_truth(knowledge: KnowledgeBase) -> None:
    add_brand(knowledge, "one")
    triples = knowledge.query(f"CONSTRUCT WHERE {{ <{BRAND}one> rdfs:label ?l }}")
    assert isinstance(triples, Triples)
    assert [triple.object for triple in triples] == [ox.Literal("One", language="en")]
    assert set(ox.parse(triples.to_turtle(), format=ox.RdfFormat.TURTLE)) == {
        ox.Quad(triple.subject, triple.predicate, triple.object) for triple in triples
    }
    yes, no = (knowledge.query(f"ASK {{ <{BRAND}{key}> a ckb:Brand }}") for key in ("one", "two"))
    assert isinstance(yes, Truth)
    assert (bool(yes), bool(no), json.loads(yes.to_json())["boolean"]) == (True, False, True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://example.org/x", ox.NamedNode("https://example.org/x")),
        ("<urn:x>", ox.NamedNode("urn:x")),
        ("ckb:SPU", ox.NamedNode("https://w3id.org/commerce-kb/onto#SPU")),
        ("xsd:date", ox.NamedNode(f"{XSD}date")),
        (True, ox.Literal("true", datatype=ox.NamedNode(f"{XSD}boolean"))),
        (False, ox.Literal("false", datatype=ox.NamedNode(f"{XSD}boolean"))),
        (7, ox.Literal("7", datatype=ox.NamedNode(f"{XSD}integer"))),
        (-(10**30), ox.Literal("-1" + "0" * 30, datatype=ox.NamedNode(f"{XSD}integer"))),
        (Decimal("9.90"), ox.Literal("9.90", datatype=ox.NamedNode(f"{XSD}decimal"))),
        (Decimal("1E+3"), ox.Literal("1000", datatype=ox.NamedNode(f"{XSD}decimal"))),
        (Decimal("1E-7"), ox.Literal("0.0000001", datatype=ox.NamedNode(f"{XSD}decimal"))),
        (2.5, ox.Literal("2.5", datatype=ox.NamedNode(f"{XSD}double"))),
        (1e300, ox.Literal("1e+300", datatype=ox.NamedNode(f"{XSD}double"))),
        (float("inf"), ox.Literal("INF", datatype=ox.NamedNode(f"{XSD}double"))),
        (float("-inf"), ox.Literal("-INF", datatype=ox.NamedNode(f"{XSD}double"))),
        (float("nan"), ox.Literal("NaN", datatype=ox.NamedNode(f"{XSD}double"))),
        (date(2026, 2, 28), ox.Literal("2026-02-28", datatype=ox.NamedNode(f"{XSD}date"))),
        (
            datetime(2026, 2, 28, 12, tzinfo=UTC),
            ox.Literal("2026-02-28T12:00:00Z", datatype=ox.NamedNode(f"{XSD}dateTime")),
        ),
        (
            datetime(2026, 2, 28, 12),
            ox.Literal("2026-02-28T12:00:00", datatype=ox.NamedNode(f"{XSD}dateTime")),
        ),
        (ox.Literal("as it is", language="en"), ox.Literal("as it is", language="en")),
        (ox.BlankNode("b"), ox.BlankNode("b")),
    ],
    ids=str,
)
def test_a_python_value_becomes_its_term(value, expected: ox.Literal | ox.NamedNode | ox.BlankNode) -> None:
    assert term(value) == expected


@pytest.mark.parametrize("text", ["just words", "no:such prefix", "", "<not an iri>"])
def test_a_string_that_is_no_iri_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(UsageError, match="Literal"):
        term(text)


def test_numbers_that_decimals_can_not_hold_are_refused() -> None:
    for odd in ("NaN", "Infinity"):
        with pytest.raises(UsageError, match="decimal"):
            term(Decimal(odd))


def test_a_result_stays_that_of_its_snapshot(knowledge: KnowledgeBase) -> None:
    add_brand(knowledge, "one")
    text = "SELECT ?b { ?b a ckb:Brand } ORDER BY ?b"
    before, unread = knowledge.query(text), knowledge.query(text)
    assert isinstance(before, Solutions)
    assert isinstance(unread, Solutions)
    old = before.to_csv()
    for key in ("two", "three", "four", "five"):
        add_brand(knowledge, key)
    assert before.to_csv() == old
    assert [row["b"].value for row in unread] == [f"{BRAND}one"]
    assert count(knowledge) == 5


def test_a_reader_sees_a_commit_of_another_at_its_next_query(store: Path) -> None:
    with KnowledgeBase.open(store) as writer, KnowledgeBase.open(store, read_only=True) as reader:
        assert count(reader) == 0
        add_brand(writer, "one")
        assert count(reader) == 1


def test_a_reader_writes_nothing(store: Path, tmp_path: Path) -> None:
    with KnowledgeBase.open(store, read_only=True) as reader:
        with pytest.raises(UsageError, match="read only"):
            add_brand(reader, "one")
        with pytest.raises(UsageError, match="read only"):
            reader.load(turtle(tmp_path, BRANDS))
        with pytest.raises(UsageError, match="read only"):
            reader.update("INSERT DATA { <urn:s> <urn:p> <urn:o> }")
        with pytest.raises(UsageError, match="read only"):
            reader.revert("#1")
        assert len(reader.log()) == 1
    with pytest.raises(StoreMissing):
        KnowledgeBase.open(tmp_path / "no.kb", read_only=True)


def test_threads_ask_while_another_writes(knowledge: KnowledgeBase) -> None:
    add_brand(knowledge, "first")
    done, faults, seen = threading.Event(), [], []

    def ask() -> None:
        try:
            while not done.is_set():
                seen.append(count(knowledge))
                assert knowledge.find("First")[0].iri == f"{BRAND}first"
                assert knowledge.explain(f"{BRAND}first", "rdf:type", "ckb:Brand")
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            add_brand(knowledge, f"more{number}")
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert faults == []
    assert set(seen) <= {1, 2, 3, 4}
    assert count(knowledge) == 4
