"""Solutions as Arrow tables: the same of both engines."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings

from kb.analytics.algebra import Uncovered
from kb.querying.results import Solutions, Truth
from tests.analytics.engines import both
from tests.analytics.grammar import graphs

QUERIES = (
    "SELECT ?s ?o { ?s ?p ?o }",
    "SELECT ?o (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?o",
    "SELECT ?p (AVG(?o) AS ?mean) (MAX(?s) AS ?last) { ?s ?p ?o } GROUP BY ?p",
    "SELECT DISTINCT ?o ?x { ?s ?p ?o OPTIONAL { ?o ?p ?x } }",
    "SELECT (ISIRI(?o) AS ?is) (STR(?o) AS ?text) { ?s ?p ?o FILTER(!ISBLANK(?o)) }",
    "SELECT ?o { ?s ?p ?o FILTER(?o = 'nothing of the kind') }",
)


@pytest.mark.parametrize("query", QUERIES)
@settings(max_examples=20, deadline=None)
@given(triples=graphs())
def test_columns_make_the_table_that_rows_make(query: str, triples: list[tuple[str, str, str]]) -> None:
    store, engine = both(triples)
    expected = Solutions(lambda: store.query(query)).to_arrow()  # type: ignore[arg-type, return-value]
    try:
        found = engine.answer(query)
    except Uncovered:
        return
    table = engine.table(found).select(expected.column_names)
    assert table.schema == expected.schema
    assert sorted(map(repr, table.to_pylist())) == sorted(map(repr, expected.to_pylist()))


def test_text_behind_escapes_is_told_as_it_is() -> None:
    _, engine = both(
        [("<urn:s>", "<urn:p>", '"two\\nlines \\\\ and \\"quotes\\""'), ("<urn:t>", "<urn:p>", '"名"')]
    )
    table = engine.table(engine.answer("SELECT ?o { ?s <urn:p> ?o }"))
    assert set(table["o"].to_pylist()) == {'two\nlines \\ and "quotes"', "名"}


def test_a_table_is_read_from_its_files() -> None:
    _, engine = both([("<urn:s>", "<urn:p>", '"7"^^<http://www.w3.org/2001/XMLSchema#integer>')])
    found = engine.answer("SELECT ?o { ?s ?p ?o }")
    result = Solutions(lambda: engine.solutions(found), _table=lambda: engine.table(found))
    for form, read in (
        ("arrow", lambda file: pa.ipc.open_stream(file).read_all()),
        ("parquet", pq.read_table),
    ):
        for answer, rows in ((result, [{"o": 7}]), (Truth(True), [{"boolean": True}])):
            sink = io.BytesIO()
            answer.write(sink, form)  # type: ignore[arg-type]
            assert read(io.BytesIO(sink.getvalue())).to_pylist() == rows
