"""Graph store requests on a store: what they change, what they refuse."""

from __future__ import annotations

import pytest

from kb import KnowledgeBase
from kb.errors import DataError, Forbidden, NotFound, QueryError, SyntaxFault, UnsupportedFormat, UsageError
from kb.graphs import GRAPH, SHAPES, of_source
from kb.querying.graph_store import Body

G = f"{GRAPH}g"
TURTLE = b"<urn:s> <urn:p> 1.50, [ <urn:q> 2 ] ; <urn:r> <#here> ."
UPDATE, PATCH = "application/sparql-update", "application/rdf-patch"


def held(knowledge: KnowledgeBase, graph: str = G) -> set[str]:
    """The lines of a graph's dump, without its name."""
    text = b"".join(knowledge.dump(graph=graph)).decode()
    return {line.removesuffix(f" <{graph}> .") for line in text.split("\n") if line}


def put(knowledge: KnowledgeBase, text: str, graph: str = G) -> None:
    knowledge.graph_store("PUT", graph, Body(text.encode()))


def test_put_replaces_a_graph_and_says_whether_it_was_there(knowledge: KnowledgeBase) -> None:
    report = knowledge.graph_store("PUT", G, Body(TURTLE, "text/turtle; charset=utf-8"))
    assert (report.created, report.added) == (True, 4)
    assert f"<urn:s> <urn:r> <{G}#here>" in held(knowledge)
    report = knowledge.graph_store("PUT", G, Body(b"<urn:s> <urn:p> 1.50, 7 ."))
    assert (report.created, report.added, report.removed) == (False, 1, 3)
    assert knowledge.log()[-1].message == f"PUT {G}"


def test_post_merges_with_blank_nodes_of_its_own(knowledge: KnowledgeBase) -> None:
    for _ in range(2):
        knowledge.graph_store("POST", G, Body(b"<urn:s> <urn:p> 1 ; <urn:q> _:b . _:b <urn:p> 2 ."))
    assert len(held(knowledge)) == 5
    assert not knowledge.query(f"ASK {{ GRAPH <{G}> {{ ?s ?p ?o FILTER(isBlank(?o)) }} }}")


def test_delete_empties_one_graph_and_knows_no_other(knowledge: KnowledgeBase) -> None:
    put(knowledge, "<urn:s> <urn:p> 1 .")
    put(knowledge, "<urn:s> <urn:p> 1 .", f"{GRAPH}h")
    assert knowledge.graph_store("DELETE", G).removed == 1
    for method in ("DELETE", "PATCH"):
        with pytest.raises(NotFound):
            knowledge.graph_store(method, G, Body(b"", UPDATE))
    with pytest.raises(NotFound):
        b"".join(knowledge.dump(graph=G))
    assert held(knowledge, f"{GRAPH}h") == {'<urn:s> <urn:p> "1"^^<http://www.w3.org/2001/XMLSchema#integer>'}


def test_the_default_graph_is_that_of_the_source(knowledge: KnowledgeBase) -> None:
    put(knowledge, "<urn:other> <urn:p> 1 .")
    knowledge.graph_store("PUT", body=Body(b"<urn:s> <urn:p> 1 ."), source="hand")
    assert len(held(knowledge, of_source("hand"))) == 1
    assert knowledge.graph_store("DELETE", source="hand").removed == 1
    assert knowledge.graph_store("DELETE", source="hand").commit is None
    assert held(knowledge)


def test_a_sparql_patch_reads_and_writes_its_graph_alone(knowledge: KnowledgeBase) -> None:
    put(knowledge, "<urn:s> <urn:p> 1, 2 .")
    put(knowledge, "<urn:s> <urn:p> 1 .", f"{GRAPH}h")
    body = b"DELETE { ?s ?p ?o } INSERT { ?s <urn:had> ?o } WHERE { ?s ?p ?o } ; DELETE DATA { <urn:s> <urn:had> 2 }"
    assert (knowledge.graph_store("PATCH", G, Body(body, UPDATE)).removed, len(held(knowledge))) == (2, 1)
    assert len(held(knowledge, f"{GRAPH}h")) == 1
    for text in (
        f"CLEAR GRAPH <{GRAPH}h>",
        f"INSERT DATA {{ GRAPH <{GRAPH}x> {{ <urn:s> <urn:p> 1 }} }}",
        "DROP ALL",
    ):
        with pytest.raises(Forbidden, match=f"{G}> alone"):
            knowledge.graph_store("PATCH", G, Body(text.encode(), UPDATE))
    with pytest.raises(QueryError, match="line 1"):
        knowledge.graph_store("PATCH", G, Body(b"INSERT DATA {", UPDATE))


def test_an_rdf_patch_is_carried_out_row_by_row(knowledge: KnowledgeBase) -> None:
    put(knowledge, '<urn:s> <urn:p> 1.50, "a \\u2028 b" .')
    rows = f"""H id <urn:uuid:1> .
TX .
PA "x" <urn:> .
# a comment
D <urn:s> <urn:p> "1.5"^^<http://www.w3.org/2001/XMLSchema#decimal> .
A x:s x:p "x:no \u2028 name"@en <{G}> .
A _:b x:p _:b .
D x:s x:p "gone again" .
A x:s x:p "gone again" .
D x:s x:p "gone again" .
TC .
TX .
A <urn:never> <urn:p> 1 .
TA .
"""
    with pytest.raises(SyntaxFault, match="line 13"):
        knowledge.graph_store("PATCH", G, Body(rows.encode(), PATCH))
    rows = rows.replace("<urn:p> 1 .", '<urn:p> "1" .')
    report = knowledge.graph_store("PATCH", G, Body(rows.encode(), PATCH))
    assert (report.added, report.removed) == (2, 1)
    assert '<urn:s> <urn:p> "x:no \u2028 name"@en' in held(knowledge)


@pytest.mark.parametrize(
    ("method", "graph", "body", "error"),
    [
        ("PUT", G, Body(b"x", "text/csv"), UnsupportedFormat),
        ("PUT", G, Body(b"<urn:s> <urn:p>"), SyntaxFault),
        ("PUT", G, Body(b"\xff"), SyntaxFault),
        ("PUT", G, Body(b"<urn:h> { <urn:s> <urn:p> 1 }", "application/trig"), DataError),
        ("PUT", SHAPES, Body(b""), Forbidden),
        ("PUT", "no iri", Body(b""), UsageError),
        ("PATCH", G, Body(b"A <urn:s> <urn:p> <urn:o> .", "text/turtle"), UnsupportedFormat),
        ("PATCH", G, Body(b"A <urn:s> <urn:p> <urn:o> <urn:h> .", PATCH), Forbidden),
        ("PATCH", G, Body(b"D _:b <urn:p> <urn:o> .", PATCH), DataError),
        ("PATCH", G, Body(b"A x:s <urn:p> <urn:o> .", PATCH), SyntaxFault),
        ("PATCH", G, Body(b"PA x .", PATCH), SyntaxFault),
        ("PATCH", G, Body(b"Q <urn:s> <urn:p> <urn:o> .", PATCH), SyntaxFault),
        ("PATCH", G, Body(b"\xff", PATCH), SyntaxFault),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    knowledge: KnowledgeBase, method, graph: str, body: Body, error: type[Exception]
) -> None:
    put(knowledge, "<urn:s> <urn:p> 1 .")
    before = knowledge.log()
    with pytest.raises(error):
        knowledge.graph_store(method, graph, body)
    assert knowledge.log() == before
