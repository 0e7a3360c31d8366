"""Runs: one commit each, comparable, undoable, reviewed, explained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kb import KnowledgeBase, graphs
from kb.errors import Forbidden, NotFound, UsageError
from kb.mining import (
    Edges,
    Recorder,
    RunReport,
    Triples,
    changes_of_run,
    decide,
    decisions,
    evidence_of,
    queue,
    runs,
    undo_run,
    with_evidence,
)
from kb.mining.edges import iris
from kb.terms import CKB
from tests.shop import turtle

SHOP = (
    """@prefix cat: <https://w3id.org/commerce-kb/id/category/> .
@prefix spu: <https://w3id.org/commerce-kb/id/spu/> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
id:scheme/x a skos:ConceptScheme .
cat:tea a ckb:Category ; skos:prefLabel "tea"@en , "茶"@zh ; skos:inScheme <https://w3id.org/commerce-kb/id/scheme/c> ;
  skos:notation "1" .
brand:b a ckb:Brand ; rdfs:label "Bly"@en .
""".replace("id:scheme/x", "<https://w3id.org/commerce-kb/id/scheme/c>")
    + "".join(
        f'spu:{one} a ckb:SPU ; rdfs:label "Tea {one}"@en ; ckb:directBrand brand:b ; ckb:directCategory cat:tea .\n'
        for one in "abc"
    )
)


def spu(name: str) -> str:
    return f"{graphs.DATA}spu/{name}"


@pytest.fixture
def shop(knowledge: KnowledgeBase, tmp_path: Path) -> KnowledgeBase:
    report = knowledge.load(turtle(tmp_path, SHOP), source="feed")
    assert report, str(report.validation)
    return knowledge


def record(
    knowledge: KnowledgeBase,
    edges: list[tuple[str, str, float]],
    *,
    stated: float = 0.8,
    miner: str = "substitutes",
    private: bool = False,
) -> RunReport:
    parameters = {"stated": stated}
    run = Recorder(knowledge, miner, method="for tests", parameters=parameters, private=private)
    scores = np.array([score for _, _, score in edges])
    some = Edges(
        kind="substitute",
        property=CKB.substituteFor.value,
        subjects=[spu(one) for one, _, _ in edges],
        objects=[spu(other) for _, other, _ in edges],
        scores=scores,
        supports=np.full(len(edges), 3),
        evidence=[f"seen with {score}" for _, _, score in edges],
        stated=scores >= stated,
    )
    return run.record([some], model=b"weights", figures={"pairs": len(edges)})


def substitutes(knowledge: KnowledgeBase) -> set[tuple[str, str]]:
    rows = knowledge.query("SELECT ?s ?o { ?s ckb:substituteFor ?o }", reasoning=False)
    return {(row["s"].value[-1], row["o"].value[-1]) for row in rows}


def test_a_run_is_one_commit_that_states_what_is_sure_and_queues_the_rest(shop: KnowledgeBase) -> None:
    before = len(shop.log())
    report = record(shop, [("a", "b", 0.9), ("a", "c", 0.6)])
    assert (report.stated, report.queued, len(shop.log())) == (1, 1, before + 1)
    assert substitutes(shop) == {("a", "b")}
    (run,) = runs(shop)
    assert (run.miner, run.parameters["stated"], run.model[:7]) == ("substitutes", 0.8, "sha256:")
    assert run.snapshot == shop.log()[before - 1].iri
    (waiting,) = queue(shop)
    assert (waiting.subject, waiting.object, waiting.subject_label) == (spu("a"), spu("c"), "Tea a")


def test_an_edge_found_again_stays_and_one_not_found_is_taken_back(shop: KnowledgeBase) -> None:
    first = record(shop, [("a", "b", 0.9), ("b", "c", 0.9)])
    second = record(shop, [("a", "b", 0.91), ("a", "c", 0.95)])
    assert second.again == 1
    assert substitutes(shop) == {("a", "b"), ("a", "c")}
    assert [one.run for one in evidence_of(shop, spu("a"), spu("b"))] == [f"run/{first.run}"]
    changes = changes_of_run(shop)
    assert changes.added == (("substitute", spu("a"), spu("c")),)
    assert changes.withdrawn == (("substitute", spu("b"), spu("c")),)


def test_a_score_that_moved_is_another_assertion_of_the_same_edge(shop: KnowledgeBase) -> None:
    record(shop, [("a", "b", 0.9)])
    report = record(shop, [("a", "b", 0.5)])
    assert (report.again, substitutes(shop)) == (0, set())
    assert [one.score for one in evidence_of(shop, spu("a"), spu("b"))] == [0.5]
    assert changes_of_run(shop).rescored == (("substitute", spu("a"), spu("b")),)


def test_undoing_the_last_run_brings_back_what_stood_before(shop: KnowledgeBase) -> None:
    first = record(shop, [("a", "b", 0.9), ("b", "c", 0.9)])
    stood = sorted(b"".join(shop.dump()).splitlines())
    second = record(shop, [("a", "c", 0.9), ("a", "b", 0.3)])
    with pytest.raises(UsageError, match="builds on"):
        undo_run(shop, first.run)
    undo_run(shop, second.run)
    assert sorted(b"".join(shop.dump()).splitlines()) == stood
    undo_run(shop, first.run)
    assert runs(shop) == []
    with pytest.raises(NotFound):
        undo_run(shop, first.run)


def test_decisions_are_data_and_leave_the_queue(shop: KnowledgeBase) -> None:
    record(shop, [("a", "b", 0.6), ("a", "c", 0.5)])
    first, second = queue(shop)
    decide(shop, [first.id], "accept")
    decide(shop, [second.assertion], "reject", note="another brew")
    assert queue(shop) == []
    assert {(one.object, one.accepted) for one in decisions(shop)} == {(spu("b"), True), (spu("c"), False)}
    decide(shop, [first.id], "reject")
    assert {(one.object, one.accepted) for one in decisions(shop)} == {(spu("b"), False), (spu("c"), False)}
    with pytest.raises(NotFound):
        decide(shop, ["substitute-0"], "accept")


def test_mining_writes_to_graphs_of_runs_only(shop: KnowledgeBase) -> None:
    triples = Triples()
    triples.add(iris([spu("a")]), CKB.substituteFor, iris([spu("b")])[0])
    with pytest.raises(Forbidden):
        shop.record_mined(triples.batches(graphs.of_source("feed")), run="x", message="no")


def test_the_proof_of_a_mined_triple_shows_what_speaks_for_it(shop: KnowledgeBase) -> None:
    report = record(shop, [("a", "b", 0.9)])
    proof = with_evidence(shop, shop.explain(spu("b"), "ckb:substituteFor", spu("a")))
    assert f"mined/{report.run}" in str(proof)
    assert "seen with 0.9" in str(proof)
    assert (
        proof.premises[0]
        .to_dict()["assertions"][0]["evidence"]
        .startswith("substitute, score 0.90, support 3")
    )
