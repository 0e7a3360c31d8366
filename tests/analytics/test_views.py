"""What an engine has learnt of one snapshot is right in the next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from kb.analytics.algebra import Uncovered
from kb.analytics.engine import Engine
from kb.analytics.planning import Plans
from kb.analytics.views import engine_of, succeeding
from kb.columns.dictionary import Dictionary
from kb.columns.image import Image
from kb.columns.kernels import pack
from kb.columns.rows import Rows
from kb.graphs import of_source
from tests.analytics.engines import answer_of
from tests.analytics.grammar import graphs, queries

Triple = tuple[str, str, str]
SEEN = {"private": True, "inferred": True}


def rows(dictionary: Dictionary, triples: Sequence[Triple]) -> Rows:
    graph = int(dictionary.encode([f"<{of_source('test')}>"])[0])
    found = Rows()
    for subject, predicate, object in triples:
        s, p, o = dictionary.encode([subject, predicate, object])
        found = found.plus(Rows({(graph, int(p)): pack([s], [o])}))
    return found


def changed(image: Image, triples: Sequence[Triple], gone: Sequence[Triple]) -> Image:
    """A later image, with a dictionary of its own as a new snapshot has one."""
    old = image.dictionary
    dictionary = Dictionary(old.segments, old.languages)
    image = Image(dictionary, image.sets, **{name: getattr(image, name) for name in ("asserted_public",)})
    added, removed = image.effective(added=rows(dictionary, triples), removed=rows(dictionary, gone))
    return image.changed(added=added, removed=removed)


def answer(engine: Engine, query: str) -> Counter | None:
    try:
        return answer_of(engine, query)
    except Uncovered:
        return None


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(graphs(), graphs(), st.lists(queries(), min_size=1, max_size=3))
def test_an_engine_that_went_on_answers_as_a_new_one(
    first: list[Triple], second: list[Triple], asked: list[str]
) -> None:
    note(asked)
    triples = [one for one in first if "_:" not in "".join(one)]
    later = [one for one in second if "_:" not in "".join(one)]
    image = changed(Image(), triples, [])
    engine = engine_of(image, **SEEN, plans=Plans())
    for step in range(3):
        for query in asked:
            try:
                known = answer(engine, query)
                fresh = answer(engine_of(image, **SEEN, plans=Plans()), query)
            except Exception as fault:
                if "does not parse" in str(fault):
                    continue
                raise
            assert known == fresh
        engine.graph.nodes  # noqa: B018
        gone = triples[step::3]
        image = changed(image, later[step::3], gone)
        followed = succeeding(engine, image)
        assert followed is not None
        engine = followed


def test_terms_that_queries_made_are_found_when_they_come_into_the_graph() -> None:
    one, more = (f'"{n}"^^<http://www.w3.org/2001/XMLSchema#integer>' for n in (1, 2))
    image = changed(Image(), [("<urn:a>", "<urn:p>", one)], [])
    engine = engine_of(image, **SEEN, plans=Plans())
    query = "SELECT ?s ?y { ?s <urn:p> ?x BIND(ABS(?x + 1) AS ?y) ?t <urn:q> ?y }"
    assert answer(engine, query) == Counter([("s", "y")])
    engine = succeeding(engine, changed(image, [("<urn:b>", "<urn:q>", more)], []))  # type: ignore[assignment]
    assert answer(engine, query) == Counter([("s", "y"), ("<urn:a>", more)])


def test_a_dictionary_of_other_terms_is_not_followed() -> None:
    image = changed(Image(), [("<urn:a>", "<urn:p>", "<urn:b>")], [])
    engine = engine_of(image, **SEEN, plans=Plans())
    answer(engine, "SELECT * { ?s ?p ?o }")
    other = Dictionary()
    other.encode(pa.array(["<urn:x>", "<urn:y>"] * 5, pa.large_string()))
    assert succeeding(engine, changed(Image(other), [("<urn:z>", "<urn:p>", "<urn:b>")], [])) is None
