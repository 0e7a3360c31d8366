"""Quad batches say what the quads say."""

from __future__ import annotations

import pyoxigraph as ox
from hypothesis import given
from hypothesis import strategies as st

from kb.columns.batches import batches_of, lines

texts = st.text(alphabet=' <>"\\\n\t._:@^é中', max_size=12)
iris = st.sampled_from(["urn:a", "urn:b", "http://example.org/é#x"]).map(ox.NamedNode)
blanks = st.sampled_from(["b0", "x-1"]).map(ox.BlankNode)
literals = st.one_of(
    texts.map(ox.Literal),
    texts.map(lambda text: ox.Literal(text, language="zh-hans")),
    texts.map(lambda text: ox.Literal(text, datatype=ox.NamedNode("urn:type"))),
)
graphs = st.one_of(st.just(ox.DefaultGraph()), iris, blanks)
quads = st.lists(
    st.builds(ox.Quad, st.one_of(iris, blanks), iris, st.one_of(iris, blanks, literals), graphs),
    min_size=1,
    max_size=8,
)


@given(quads)
def test_batches_hold_every_term_as_n_triples_has_it(some: list[ox.Quad]) -> None:
    rows = [row for batch in batches_of(some, "urn:default") for row in batch.to_pylist()]
    expected = [
        {
            "s": str(quad.subject),
            "p": str(quad.predicate),
            "o": str(quad.object),
            "g": "<urn:default>" if quad.graph_name == ox.DefaultGraph() else str(quad.graph_name),
        }
        for quad in some
    ]
    assert rows == expected


@given(quads)
def test_lines_of_batches_parse_back_to_the_same_quads(some: list[ox.Quad]) -> None:
    text = b"".join(bytes(lines(batch)) for batch in batches_of(some, "urn:default"))
    back = list(ox.parse(text, format=ox.RdfFormat.N_QUADS, rename_blank_nodes=False))
    expected = [
        ox.Quad(quad.subject, quad.predicate, quad.object, ox.NamedNode("urn:default"))
        if quad.graph_name == ox.DefaultGraph()
        else quad
        for quad in some
    ]
    assert back == expected
