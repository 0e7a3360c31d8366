"""Columns give Oxigraph's answers: random graphs and random queries on both."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, note, settings

from kb.analytics.algebra import Uncovered
from tests.analytics.engines import answer_of, both, rows_of
from tests.analytics.grammar import XSD, graphs, queries

# The short form is for every day; `KB_FUZZ=20000` looks for hours.
EXAMPLES = int(os.environ.get("KB_FUZZ", "300"))


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs(), queries())
def test_random_queries_have_the_same_answers(triples: list[tuple[str, str, str]], query: str) -> None:
    note(query)
    store, engine = both(triples)
    try:
        expected = rows_of(store.query(query))  # type: ignore[arg-type]
    except SyntaxError:
        return
    try:
        answer = answer_of(engine, query)
    except Uncovered:
        return
    assert answer == expected


CHAINS = {
    "alternatives of equations": " || ".join(f"?o = {number}" for number in range(500)),
    "alternatives of other conditions": " || ".join(f"?o + {number} = 4" for number in range(500)),
    "conditions": " && ".join(f"?o != {number}" for number in range(3, 500)),
    "a sum": " + ".join(["?o"] * 500) + " > 600",
    "a list": f"?o IN ({', '.join(map(str, range(2, 500)))})",
}


@pytest.mark.parametrize("name", CHAINS)
def test_operators_by_the_hundred_have_an_answer(name: str) -> None:
    numbers = [("<urn:s>", "<urn:p>", f'"{n}"^^<{XSD}integer>') for n in range(6)]
    store, engine = both([*numbers, ("<urn:s>", "<urn:p>", '"2"'), ("<urn:s>", "<urn:p>", "<urn:o>")])
    query = f"SELECT ?o {{ ?s <urn:p> ?o FILTER({CHAINS[name]}) }}"
    expected = rows_of(store.query(query))  # type: ignore[arg-type]
    assert len(expected) > 1
    try:
        assert answer_of(engine, query) == expected
    except Uncovered as reason:
        assert name == "a sum" and "deep" in str(reason)
