"""Columns give Oxigraph's answers: random graphs and random queries on both."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pyoxigraph as ox
from hypothesis import HealthCheck, given, note, settings

from kb.analytics.algebra import Uncovered
from kb.analytics.engine import Engine
from kb.analytics.graph import Graph
from kb.analytics.terms import Terms
from kb.columns.dictionary import Dictionary
from kb.columns.kernels import NO_PAIRS, distinct, pack
from tests.analytics.grammar import graphs, queries

# The short form is for every day; `KB_FUZZ=20000` looks for hours.
EXAMPLES = int(os.environ.get("KB_FUZZ", "300"))
Row = tuple[str, ...]


def both(triples: Sequence[tuple[str, str, str]]) -> tuple[ox.Store, Engine]:
    """The same graph for Oxigraph and in columns, with Oxigraph's names of blank nodes."""
    store = ox.Store()
    text = "".join(f"{' '.join(one)} .\n" for one in triples)
    store.load(text.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    kept = [tuple(map(str, quad.triple)) for quad in store]
    dictionary = Dictionary()
    ids = [dictionary.stored_of(dictionary.encode([one[end] for one in kept])) for end in range(3)]
    pairs = {int(one): distinct(np.sort(pack(ids[0], ids[2])[ids[1] == one])) for one in np.unique(ids[1])}
    graph = Graph(Terms(dictionary), lambda one: pairs.get(one, NO_PAIRS), pairs.keys)
    return store, Engine(graph)


def rows_of(found: ox.QuerySolutions | ox.QueryBoolean) -> Counter[Row]:
    if isinstance(found, ox.QueryBoolean):
        return Counter([(str(bool(found)),)])
    names = [variable.value for variable in found.variables]
    order = sorted(range(len(names)), key=names.__getitem__)
    head = tuple(names[place] for place in order)
    return Counter([head, *(tuple(shown(row[place]) for place in order) for row in found)])


def shown(term: object) -> str:
    """A term; of doubles so many digits as do not depend on the order of addition."""
    text = str(term)
    number = re.fullmatch(r'"([^"]+)"(\^\^<\S+#(double|float)>)', text)
    return f"{float(number[1]):.9g}{number[2]}" if number else text


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
