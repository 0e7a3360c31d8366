"""Columns give Oxigraph's answers: random graphs and random queries on both."""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, given, note, settings

from kb.analytics.algebra import Uncovered
from tests.analytics.engines import both, rows_of
from tests.analytics.grammar import graphs, queries

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
        found = engine.answer(query)
        if found.truth is not None:
            answer = Counter([(str(found.truth),)])
        else:
            answer = rows_of(engine.solutions(found))
    except Uncovered:
        return
    assert answer == expected
