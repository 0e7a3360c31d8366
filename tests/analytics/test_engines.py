"""Who asks sees the same answers of both engines, and which one gave them."""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from kb import KnowledgeBase
from kb.cli import group
from kb.errors import NotCovered, QueryError
from kb.querying.competency import catalogue
from kb.querying.results import Solutions, Triples

TYPES = "SELECT ?class (COUNT(?s) AS ?n) { ?s a ?class } GROUP BY ?class ORDER BY DESC(?n) ?class"
QUERIES = {
    "share of brand families": """
        SELECT ?family (SUM(?q * ?price) AS ?sales) (COUNT(DISTINCT ?order) AS ?orders) {
          ?order ckb:hasLine ?line . ?line ckb:lineSku ?sku ; ckb:quantity ?q ; ckb:unitPrice ?price .
          ?sku ckb:variantOf/ckb:directBrand/ckb:directSubBrandOf* ?family
        } GROUP BY ?family ORDER BY DESC(?sales) ?family""",
    "mean prices above three": """
        SELECT ?seller (AVG(?price) AS ?mean) (MIN(?price) AS ?low) (MAX(?price) AS ?high) {
          ?offer ckb:offeredBy ?seller ; ckb:price ?price FILTER(?price > 3)
        } GROUP BY ?seller HAVING (COUNT(*) > 1)""",
    "months": """
        SELECT ?year ?month (COUNT(*) AS ?n) { ?order ckb:orderedAt ?at
          BIND(YEAR(?at) AS ?year) BIND(MONTH(?at) AS ?month) } GROUP BY ?year ?month ORDER BY ?year ?month""",
    "never sold": """
        SELECT DISTINCT ?sku { ?sku ckb:variantOf ?spu FILTER NOT EXISTS { ?line ckb:lineSku ?sku } }""",
    "by label": """
        SELECT ?s (COUNT(*) AS ?n) { ?s rdfs:label ?l FILTER(REGEX(STR(?l), "^[A-M].*e", "i")) } GROUP BY ?s""",
    "labels where there are any": """
        SELECT ?spu ?de (COUNT(?sku) AS ?n) { ?sku ckb:variantOf ?spu
          OPTIONAL { ?spu rdfs:label ?de FILTER(LANG(?de) = "de") } } GROUP BY ?spu ?de""",
    "above its seller's mean": """
        SELECT ?seller (COUNT(*) AS ?n) { ?offer ckb:offeredBy ?seller ; ckb:price ?price .
          { SELECT ?seller (AVG(?p) AS ?mean) { ?o ckb:offeredBy ?seller ; ckb:price ?p } GROUP BY ?seller }
          FILTER(?price > ?mean) } GROUP BY ?seller""",
}


@pytest.fixture(scope="module")
def shop(demo_folder: Path) -> KnowledgeBase:
    return KnowledgeBase.open(demo_folder / "shop.kb", read_only=True)


def bag(result: object) -> Counter[tuple[str, ...]]:
    assert isinstance(result, Solutions)
    order = sorted(range(len(result.variables)), key=result.variables.__getitem__)
    return Counter(tuple(str(row[place]) for place in order) for row in result)


@pytest.mark.parametrize("name", QUERIES)
def test_business_queries_have_the_same_answers(shop: KnowledgeBase, name: str) -> None:
    ours, theirs = (shop.query(QUERIES[name], engine=engine) for engine in ("columns", "oxigraph"))
    assert bag(ours) == bag(theirs)
    assert len(theirs)  # type: ignore[arg-type]


def test_constructed_triples_are_the_same(shop: KnowledgeBase) -> None:
    text = """CONSTRUCT { ?seller ckb:price ?most ; a ckb:Merchant } {
      SELECT ?seller (MAX(?price) AS ?most) { ?offer ckb:offeredBy ?seller ; ckb:price ?price } GROUP BY ?seller }"""
    ours, theirs = (shop.query(text, engine=engine) for engine in ("columns", "oxigraph"))
    assert isinstance(ours, Triples) and isinstance(theirs, Triples)
    assert set(ours) == set(theirs) and len(ours) > 2
    assert ours.plan is not None and ours.plan.engine == "columns"


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("reasoning", [True, False])
def test_columns_read_what_the_caller_may_see(shop: KnowledgeBase, private: bool, reasoning: bool) -> None:
    everything = "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p"
    ours, theirs = (
        shop.query(everything, private=private, reasoning=reasoning, engine=engine)
        for engine in ("columns", "oxigraph")
    )
    assert bag(ours) == bag(theirs)


def test_order_and_limit_are_kept(shop: KnowledgeBase) -> None:
    ours, theirs = (
        [str(row) for row in shop.query(f"{TYPES} LIMIT 7 OFFSET 2", engine=engine)]  # type: ignore[union-attr]
        for engine in ("columns", "oxigraph")
    )
    assert ours == theirs and len(ours) == 7


def test_competency_questions_that_columns_answer_have_the_same_answers(shop: KnowledgeBase) -> None:
    answered = 0
    for question in catalogue():
        if question.between:
            continue
        terms = question.terms({}, shop.find)
        try:
            ours = shop.query(question.bound(terms), engine="columns")
        except NotCovered:
            continue
        theirs = shop.query(question.bound(terms), engine="oxigraph")
        answered += 1
        if "LIMIT" not in question.bound(terms):
            assert bag(ours) == bag(theirs), question.id
    assert answered > 10


def test_the_plan_tells_the_engine_and_its_steps(shop: KnowledgeBase) -> None:
    plan = shop.query(TYPES).plan
    assert plan is not None and plan.engine == "columns"
    assert plan.steps[0].expected == plan.steps[0].rows > 1_000


def test_look_ups_stay_with_oxigraph(shop: KnowledgeBase) -> None:
    for text in ("SELECT ?s { ?s a ckb:SPU } LIMIT 1", "SELECT (COUNT(*) AS ?n) { <urn:none> ckb:price ?p }"):
        plan = shop.query(text).plan
        assert plan is not None and plan.engine == "oxigraph", text


def test_what_columns_do_not_answer_is_told_when_they_are_asked(shop: KnowledgeBase) -> None:
    text = "SELECT (GROUP_CONCAT(?l) AS ?all) { ?s rdfs:label ?l }"
    with pytest.raises(NotCovered, match="GROUP_CONCAT"):
        shop.query(text, engine="columns")
    assert shop.query(text).plan.engine == "oxigraph"  # type: ignore[union-attr]


def test_what_oxigraph_refuses_columns_refuse(shop: KnowledgeBase) -> None:
    with pytest.raises(QueryError):
        shop.query("SELECT ?s ?o (COUNT(*) AS ?n) { ?s a ?o } GROUP BY ?s", engine="columns")


def test_the_command_line_explains(demo_folder: Path) -> None:
    place = str(demo_folder / "shop.kb")
    told = CliRunner().invoke(group, ["query", TYPES, "--explain", "--store", place])
    assert told.output.startswith("columns: ") and "GROUP BY" in told.output
    forced = CliRunner().invoke(
        group, ["query", TYPES, "--engine", "oxigraph", "--explain", "--store", place]
    )
    assert forced.output.startswith("oxigraph: ")


def test_the_command_line_writes_tables(demo_folder: Path) -> None:
    place = str(demo_folder / "shop.kb")
    told = CliRunner().invoke(group, ["query", TYPES, "--format", "parquet", "--store", place])
    as_json = CliRunner().invoke(group, ["query", TYPES, "--format", "json", "--store", place])
    rows = [int(row["n"]["value"]) for row in json.loads(as_json.stdout)["results"]["bindings"]]
    assert pq.read_table(io.BytesIO(told.stdout_bytes))["n"].to_pylist() == rows


def test_a_query_sees_its_own_snapshot(store: Path) -> None:
    with KnowledgeBase.open(store) as knowledge:
        count = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
        before = int(next(iter(knowledge.query(count, engine="columns")))["n"].value)  # type: ignore[index,union-attr]
        knowledge.update(
            'INSERT DATA { GRAPH <https://w3id.org/commerce-kb/graph/x> { <urn:a> <urn:b> "c" } }'
        )
        after = int(next(iter(knowledge.query(count, engine="columns")))["n"].value)  # type: ignore[index,union-attr]
    assert after == before + 1


@pytest.mark.parametrize("condition", ["?x = ?y", "?x != ?y", "isIRI(?x)", 'CONTAINS(STR(?x), "urn")'])
def test_triple_terms_are_no_iris(knowledge: KnowledgeBase, tmp_path: Path, condition: str) -> None:
    file = tmp_path / "statements.ttl"
    file.write_text(
        "<urn:a> <urn:says> <<( <urn:s> <urn:p> 1 )>> . <urn:b> <urn:says> <<( <urn:s> <urn:p> 1.0 )>>, <urn:c> ."
    )
    knowledge.load(file)
    text = f"SELECT ?a ?b {{ ?a <urn:says> ?x . ?b <urn:says> ?y FILTER({condition}) }}"
    theirs = knowledge.query(text, engine="oxigraph")
    try:
        ours = knowledge.query(text, engine="columns")
    except NotCovered:
        ours = knowledge.query(text)  # Left to Oxigraph.
    assert bag(ours) == bag(theirs)
