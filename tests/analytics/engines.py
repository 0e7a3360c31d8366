"""The same graph for both engines, and their answers in one form."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pyoxigraph as ox

from kb.analytics.algebra import Uncovered
from kb.analytics.engine import Engine
from kb.analytics.graph import Graph
from kb.analytics.terms import Terms
from kb.columns.dictionary import Dictionary
from kb.columns.kernels import NO_PAIRS, distinct, pack

Row = tuple[str, ...]


def both(triples: Sequence[tuple[str, str, str]]) -> tuple[ox.Store, Engine]:
    """A graph for Oxigraph and in columns."""
    store = ox.Store()
    text = "".join(f"{' '.join(one)} .\n" for one in triples)
    store.load(text.encode(), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return store, both_of(store)


def both_of(store: ox.Store) -> Engine:
    """The columns of a store's default graph, with its names of blank nodes."""
    kept = [tuple(map(str, quad.triple)) for quad in store]
    dictionary = Dictionary()
    ids = [dictionary.stored_of(dictionary.encode([one[end] for one in kept])) for end in range(3)]
    pairs = {int(one): distinct(np.sort(pack(ids[0], ids[2])[ids[1] == one])) for one in np.unique(ids[1])}
    graph = Graph(Terms(dictionary), lambda one: pairs.get(one, NO_PAIRS), pairs.keys)
    return Engine(graph)


def answer_of(engine: Engine, query: str) -> Counter[Row]:
    """What columns answer."""
    found = engine.answer(query)
    if found.truth is not None:
        return Counter([(str(found.truth),)])
    return rows_of(engine.solutions(found) if found.template is None else engine.triples(found))


def compared(triples: Sequence[tuple[str, str, str]], query: str) -> str:
    """Which engines answered, in a word.

    Raises AssertionError where both did, and differently.
    """
    store, engine = both(triples)
    try:
        expected = rows_of(store.query(query))  # type: ignore[arg-type]
    except SyntaxError:
        return "refused"
    try:
        answer = answer_of(engine, query)
    except Uncovered:
        return "left"
    assert answer == expected
    return "answered"


def rows_of(found: ox.QuerySolutions | ox.QueryBoolean | Iterable[ox.Triple]) -> Counter[Row]:
    if isinstance(found, ox.QueryBoolean):
        return Counter([(str(bool(found)),)])
    if not isinstance(found, ox.QuerySolutions):
        return Counter({tuple(shown(part) for part in triple) for triple in found})
    names = [variable.value for variable in found.variables]
    order = sorted(range(len(names)), key=names.__getitem__)
    head = tuple(names[place] for place in order)
    return Counter([head, *(tuple(shown(row[place]) for place in order) for row in found)])


def shown(term: object) -> str:
    """A term; of doubles so many digits as do not depend on the order of addition."""
    text = str(term)
    number = re.fullmatch(r'"([^"]+)"(\^\^<\S+#(double|float)>)', text)
    return f"{float(number[1]):.9g}{number[2]}" if number else text
