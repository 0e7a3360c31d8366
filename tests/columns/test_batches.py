"""Quad batches say what the quads say."""

from __future__ import annotations

import pyarrow as pa
import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.columns.batches import BLOCK_BYTES, batches_of, from_lines, lines

texts = st.text(alphabet=' <>"\\\n\t._:@^é中', max_size=16)
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


@given(quads, st.booleans())
def test_batches_go_to_text_and_back(some: list[ox.Quad], graphs: bool) -> None:
    batch = next(batches_of(some, "urn:default"))
    text = lines(batch, "A ", graphs=graphs)
    back = list(from_lines(text, "urn:default", prefix="A ", graphs=graphs))
    rows = [row for one in back for row in one.to_pylist()]
    assert rows == [row if graphs else {**row, "g": "<urn:default>"} for row in batch.to_pylist()]


def test_long_text_is_cut_in_blocks() -> None:
    line = b'<urn:s> <urn:p> "%s" .\n'
    text = b"".join(line % (b"x" * size) for size in (10, BLOCK_BYTES - 40, 3 * BLOCK_BYTES, 10, 10))
    batches = list(from_lines(text))
    assert len(batches) > 2
    assert b"".join(bytes(lines(batch, graphs=False)) for batch in batches) == text


@pytest.mark.parametrize(
    "text", ["<urn:s> <urn:p> <urn:o> .", "\n", "<urn:s> <urn:o> .\n", " <urn:a> <urn:b> .\n"]
)
def test_text_that_is_not_canonical_is_not_cut(text: str) -> None:
    with pytest.raises(ValueError, match="canonical"):
        list(from_lines(text.encode()))


def test_columns_of_strings_and_columns_with_dictionaries_give_the_same_lines() -> None:
    row = {"s": ["<urn:s>"], "p": ["<urn:p>"], "o": ['"1"'], "g": ["<urn:g>"]}
    plain = pa.RecordBatch.from_pydict(row)
    coded = next(from_lines(lines(plain)))
    assert lines(coded) == lines(plain)


@given(st.lists(st.tuples(st.text(), st.sampled_from(["", "@en", "^^<urn:type>"])), max_size=8))
def test_few_quads_are_written_as_many_are(texts: list[tuple[str, str]]) -> None:
    def literal(text: str, kind: str) -> ox.Literal:
        if kind.startswith("^^"):
            return ox.Literal(text, datatype=ox.NamedNode(kind[3:-1]))
        return ox.Literal(text, language=kind[1:]) if kind else ox.Literal(text)

    graphs = [ox.DefaultGraph(), ox.NamedNode("urn:g")]
    few = [
        ox.Quad(ox.BlankNode("b"), ox.NamedNode("urn:p"), literal(*one), graphs[place % 2])
        for place, one in enumerate(texts)
    ]
    many = few + [ox.Quad(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), ox.Literal("x"))] * 2_000
    rows = [row for batch in batches_of(few, "urn:h") for row in batch.to_pylist()]
    assert rows == [row for batch in batches_of(many, "urn:h") for row in batch.to_pylist()][: len(few)]
