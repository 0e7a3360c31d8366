"""The W3C's query evaluation tests on both engines: what columns answer is what Oxigraph answers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyoxigraph as ox

from kb.analytics.algebra import Uncovered
from kb.errors import QueryError
from tests.analytics.engines import answer_of, both_of, rows_of
from tests.w3c.manifests import QUERY, TESTS, Manifest, read

ACTION = f"{TESTS}action"
# Of the tests on a default graph that Oxigraph answers, so many in a hundred.
LEAST = 85


def test_columns_give_the_answers_of_oxigraph(suite: Path, record_property) -> None:
    outcome: Counter[str] = Counter()
    why: Counter[str] = Counter()
    wrong = []
    for path in sorted(suite.parent.glob("sparql1[01]/*/manifest.ttl")):
        manifest = Manifest(path)
        for test in manifest.tests("QueryEvaluationTest"):
            query = manifest.value(test, ACTION, f"{QUERY}query")
            data = manifest.values(test, ACTION, f"{QUERY}data")
            if query is None or manifest.values(test, ACTION, f"{QUERY}graphData"):
                continue
            text = manifest.file(query).read_text(encoding="utf-8")
            store = ox.Store()
            for one in data:
                store.extend(read(manifest.file(one)))
            engine = both_of(store)
            try:
                expected = rows_of(store.query(text, base_iri="http://example.test/"))  # type: ignore[arg-type]
            except SyntaxError:
                outcome["refused by Oxigraph"] += 1
                continue
            except (OSError, RuntimeError):
                outcome["asks a service"] += 1
                continue
            try:
                answer = answer_of(engine, text)
            except (Uncovered, QueryError) as reason:
                outcome["left to Oxigraph"] += 1
                why[str(reason)] += 1
                continue
            outcome["answered by columns"] += 1
            if answer != expected:
                wrong.append(f"{manifest.file(query)}: {answer - expected} instead of {expected - answer}")
    answered, left = outcome["answered by columns"], outcome["left to Oxigraph"]
    share = 100 * answered / (answered + left)
    print(f"{answered} answered by columns, {left} left to Oxigraph: {share:.0f} %; {why.most_common()}")
    record_property("share", share)
    assert wrong == []
    assert share >= LEAST
