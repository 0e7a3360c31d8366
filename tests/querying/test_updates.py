"""SPARQL Update: what a request changes, on a store with reasoning."""

from __future__ import annotations

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.errors import Forbidden, NotCovered, NotFound, QueryError
from kb.graphs import GENID, GRAPH, INFERRED, SHAPES, of_source
from kb.querying.datasets import StoreQuads
from kb.querying.updates import diff_of, ground_diff

ORGANIZATION = 'INSERT DATA { <urn:k> a ckb:Organization ; rdfs:label "K"@en, "凯"@zh }'
HEAD = f"PREFIX g: <{GRAPH}>\n"


def update(knowledge: KnowledgeBase, text: str, **options):
    return knowledge.update(HEAD + text, **options)


def asserted(knowledge: KnowledgeBase, graph: str) -> set[str]:
    """The triples of one graph as text."""
    image = knowledge.snapshot.image
    rows = (batch.to_pylist() for batch in image.rows_of(graph).batches(image.dictionary))
    return {f"{row['s']} {row['p']} {row['o']}" for some in rows for row in some}


def ask(knowledge: KnowledgeBase, pattern: str) -> bool:
    return bool(knowledge.query(f"{HEAD}ASK {{ {pattern} }}"))


def test_an_insert_goes_to_the_graph_of_its_source_and_is_one_commit(knowledge: KnowledgeBase) -> None:
    report = update(knowledge, 'INSERT DATA { <urn:x> <urn:p> "X"@en }', source="hand", message="a name")
    assert report.added == 1
    assert asserted(knowledge, of_source("hand")) == {'<urn:x> <urn:p> "X"@en'}
    assert (knowledge.log()[-1].message, knowledge.log()[-1].source) == ("a name", "hand")


def test_a_delete_without_a_graph_takes_the_triple_out_of_every_graph(knowledge: KnowledgeBase) -> None:
    update(
        knowledge,
        r"INSERT DATA { GRAPH g:a { <urn:s> <urn:p> 1.50 } GRAPH g:private\/b { <urn:s> <urn:p> 1.5 } }",
    )
    report = update(knowledge, "DELETE DATA { <urn:s> <urn:p> 1.500 }")
    assert report.removed == 2
    assert not ask(knowledge, "<urn:s> ?p ?o")


def test_a_delete_with_a_graph_leaves_the_others(knowledge: KnowledgeBase) -> None:
    update(knowledge, "INSERT DATA { GRAPH g:a { <urn:s> <urn:p> 1 } GRAPH g:b { <urn:s> <urn:p> 1 } }")
    update(knowledge, "WITH g:a DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert not asserted(knowledge, f"{GRAPH}a")
    assert asserted(knowledge, f"{GRAPH}b")


def test_what_a_request_has_taken_away_may_be_taken_away_again(knowledge: KnowledgeBase) -> None:
    update(knowledge, "INSERT DATA { <urn:s> <urn:p> 1 }")
    assert (
        update(knowledge, "DELETE DATA { <urn:s> <urn:p> 1 } ; DELETE DATA { <urn:s> <urn:p> 1 }").removed
        == 1
    )
    assert not ask(knowledge, "<urn:s> ?p ?o")


def test_an_inferred_triple_can_not_be_deleted(knowledge: KnowledgeBase) -> None:
    update(knowledge, ORGANIZATION)
    assert ask(knowledge, "<urn:k> a ckb:Agent")
    with pytest.raises(QueryError, match="kb explain <urn:k>"):
        update(knowledge, "DELETE DATA { <urn:k> a ckb:Agent }")
    assert update(knowledge, "DELETE WHERE { <urn:k> ?p ?o }").removed == 3
    assert not ask(knowledge, "<urn:k> ?p ?o")


def test_where_sees_consequences_and_what_earlier_operations_did(knowledge: KnowledgeBase) -> None:
    update(knowledge, ORGANIZATION)
    update(
        knowledge,
        """DELETE DATA { <urn:k> a ckb:Organization } ;
           INSERT DATA { GRAPH g:a { <urn:n> <urn:p> [ <urn:q> 7 ] } } ;
           INSERT { ?s <urn:seen> ?v } WHERE { ?s <urn:p>/<urn:q> ?v } ;
           INSERT { <urn:lost> <urn:seen> ?k } WHERE { ?k a ckb:Organization } ;
           INSERT { <urn:named> <urn:seen> ?v } WHERE { GRAPH g:a { ?b <urn:q> ?v } }""",
    )
    seen = {str(row["s"]) for row in knowledge.query("SELECT ?s { ?s <urn:seen> ?v }")}
    assert seen == {"<urn:n>", "<urn:named>"}


def test_a_blank_node_is_fresh_for_each_solution(knowledge: KnowledgeBase) -> None:
    update(knowledge, "INSERT DATA { <urn:a> <urn:p> 1 . <urn:b> <urn:p> 2 }")
    update(knowledge, "INSERT { GRAPH g:n { _:n <urn:of> ?s ; <urn:is> ?o } } WHERE { ?s <urn:p> ?o }")
    nodes = {line.split()[0] for line in asserted(knowledge, f"{GRAPH}n")}
    assert len(nodes) == 2
    assert all(node.startswith(f"<{GENID}") for node in nodes)


def test_what_would_be_no_triple_is_left_out(knowledge: KnowledgeBase) -> None:
    update(knowledge, 'INSERT DATA { <urn:a> <urn:p> "text" }')
    report = update(knowledge, "INSERT { ?o <urn:q> ?s . ?s <urn:q> ?o, ?none } WHERE { ?s <urn:p> ?o }")
    assert report.added == 1


def test_graphs_are_copied_moved_and_dropped(knowledge: KnowledgeBase) -> None:
    update(knowledge, "INSERT DATA { GRAPH g:a { <urn:s> <urn:p> 1 } }")
    update(knowledge, "COPY g:a TO g:b ; MOVE g:a TO DEFAULT ; DROP GRAPH g:b")
    assert not asserted(knowledge, f"{GRAPH}a") and not asserted(knowledge, f"{GRAPH}b")
    assert len(asserted(knowledge, of_source("update"))) == 1
    with pytest.raises(NotFound, match="SILENT"):
        update(knowledge, "CLEAR GRAPH g:nowhere")
    assert update(knowledge, "CLEAR SILENT GRAPH g:nowhere").commit is None


def test_clearing_all_leaves_ontology_shapes_and_commits(knowledge: KnowledgeBase) -> None:
    update(knowledge, "INSERT DATA { GRAPH g:a { <urn:s> <urn:p> 1 } <urn:s> <urn:p> 2 }")
    assert update(knowledge, "CLEAR ALL").removed == 2
    assert ask(knowledge, "ckb:SKU a owl:Class")
    assert len(knowledge.log()) == 3


@pytest.mark.parametrize(
    "text",
    [
        f"INSERT DATA {{ GRAPH <{INFERRED}> {{ <urn:s> <urn:p> 1 }} }}",
        f"CLEAR GRAPH <{SHAPES}>",
        f"DELETE WHERE {{ GRAPH <{SHAPES}> {{ ?s ?p ?o }} }}",
        "LOAD <file:///etc/hostname>",
        "CLEAR DEFAULT ; LOAD <http://example.test/>",
        "INSERT { ?s ?p ?o } WHERE { SERVICE <http://example.test/> { ?s ?p ?o } }",
    ],
)
def test_own_graphs_and_other_places_are_out_of_reach(knowledge: KnowledgeBase, text: str) -> None:
    with pytest.raises(Forbidden):
        knowledge.update(text)
    assert len(knowledge.log()) == 1


def test_a_fault_is_told_with_its_place(knowledge: KnowledgeBase) -> None:
    with pytest.raises(QueryError, match=r"update does not parse.*line 2, column \d+: «INSERT DATA"):
        knowledge.update("# a comment\nINSERT DATA { <urn:s> <urn:p> }")
    with pytest.raises(QueryError, match="kb query"):
        knowledge.update("ASK {}")


def test_terms_are_kept_as_they_were_written(knowledge: KnowledgeBase) -> None:
    text = "INSERT DATA { <urn:s> <urn:p> 1.50 }"
    diff = ground_diff(knowledge.snapshot, text, graph=of_source("update"))
    assert [quad.object.value for quad in diff.added] == ["1.50"]
    knowledge.update(text)
    assert ground_diff(knowledge.snapshot, text, graph=of_source("update")).added == []


@pytest.mark.parametrize("end", [";", "; # done"])
def test_a_request_may_end_with_a_semicolon(end: str) -> None:
    assert len(diff_of(StoreQuads(ox.Store()), f"INSERT DATA {{ <urn:s> <urn:p> 1 }}{end}").added) == 1


def test_what_sparql_1_1_does_not_have_is_named() -> None:
    with pytest.raises(NotCovered, match="line 1"):
        diff_of(StoreQuads(ox.Store()), "INSERT DATA { <urn:s> <urn:p> <urn:o> {| <urn:q> 1 |} }")
