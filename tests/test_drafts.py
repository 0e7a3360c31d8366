"""Commits of many threads that are looked at in one pass give what they give one after another."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyoxigraph as ox
from hypothesis import given, settings
from hypothesis import strategies as st

from kb import KnowledgeBase
from kb.columns.image import Image
from kb.drafts import Draft, judge_together
from kb.pipeline import Judged, Model, judge, rules_of
from kb.store import Commit
from kb.validation import ShapesGraph

XSD = "http://www.w3.org/2001/XMLSchema#"
SUBJECTS = [ox.NamedNode(f"urn:s{number}") for number in range(4)]
PREDICATES = [ox.NamedNode(f"urn:p{number}") for number in range(2)]
OBJECTS = [
    SUBJECTS[0],
    ox.BlankNode("b"),
    ox.Literal("1.5", datatype=ox.NamedNode(XSD + "decimal")),
    ox.Literal("1.50", datatype=ox.NamedNode(XSD + "decimal")),
    ox.Literal("5", datatype=ox.NamedNode(XSD + "byte")),
    ox.Literal("x", language="en"),
]
GRAPHS = [ox.NamedNode(f"https://w3id.org/commerce-kb/graph/{name}") for name in ("a", "b")]
QUADS = st.builds(ox.Quad, *(st.sampled_from(terms) for terms in (SUBJECTS, PREDICATES, OBJECTS, GRAPHS)))
CHANGES = st.tuples(st.lists(QUADS, max_size=4), st.lists(QUADS, max_size=3))
NO_SHAPES = Model(ShapesGraph(()), rules_of(Image()))


def drafts_of(changes: list[tuple[list[ox.Quad], list[ox.Quad]]]) -> list[Draft]:
    return [
        Draft.of(Commit(0, id=f"{number:08d}", time="2026-01-01T00:00:00Z"), added=added, removed=removed)
        for number, (added, removed) in enumerate(changes)
    ]


def in_turn(image: Image, drafts: list[Draft], number: int) -> list[Judged | None]:
    found: list[Judged | None] = []
    for draft in drafts:
        judged = judge(None, image, draft.wish(number, image), NO_SHAPES)  # type: ignore[arg-type]
        found.append(judged)
        if judged:
            image, number = judged.image, number + 1
    return found


def rows(batches) -> list[tuple[str, ...]]:
    return sorted(tuple(row.values()) for batch in batches for row in batch.to_pylist())


def told(judged: Judged | None):
    return judged and (judged.commit, rows(judged.record.added), rows(judged.record.removed))


def content(image: Image) -> dict[str, list[tuple[str, ...]]]:
    return {
        name: rows(image.as_received(image.rows_of(name)).batches(image.dictionary))
        for name in image.graph_names()
    }


@given(CHANGES, st.lists(CHANGES, min_size=2, max_size=5))
@settings(max_examples=400, deadline=None)
def test_drafts_judged_together_are_as_those_judged_in_turn(before, changes) -> None:
    start = in_turn(Image(), drafts_of([before]), 2)[-1]
    image = start.image if start else Image()
    drafts = drafts_of(changes)
    together = judge_together(image, drafts, 3)
    expected = in_turn(image, drafts, 3)
    spoken = [
        {(quad.subject, quad.predicate, str(quad.object), quad.graph_name) for quad in (*added, *removed)}
        for added, removed in changes
    ]
    if together is None:
        return
    assert not any(one & other for one in spoken for other in spoken if one is not other) or any(
        isinstance(quad.object, ox.BlankNode) for added, _ in changes for quad in added
    )
    assert [told(one) for one in together] == [told(one) for one in expected]
    last = [one.image for one in together if one]
    if last:
        assert content(last[-1]) == content([one.image for one in expected if one][-1])


def test_drafts_of_different_quads_are_judged_together() -> None:
    changes = [([ox.Quad(SUBJECTS[n], PREDICATES[0], OBJECTS[2], GRAPHS[n % 2])], []) for n in range(4)]
    together = judge_together(Image(), drafts_of(changes), 3)
    assert together and [one.commit.number for one in together if one] == [3, 4, 5, 6]


def test_drafts_about_one_quad_are_not() -> None:
    quad = ox.Quad(SUBJECTS[0], PREDICATES[0], OBJECTS[2], GRAPHS[0])
    same = ox.Quad(SUBJECTS[0], PREDICATES[0], OBJECTS[3], GRAPHS[0])
    assert judge_together(Image(), drafts_of([([quad], []), ([], [same])]), 3) is None


def test_threads_that_commit_at_once_share_snapshots_and_lose_nothing(tmp_path: Path) -> None:
    (tmp_path / "shop.kb").mkdir()
    (tmp_path / "shop.kb" / "kb.toml").write_text('ontology = []\nshapes = []\nreasoning = "none"\n')
    start = threading.Barrier(8)
    with KnowledgeBase.open(tmp_path / "shop.kb") as knowledge:
        knowledge.init()
        published = set()

        def work(thread: int) -> None:
            start.wait()
            for number in range(6):
                with knowledge.commit(source=f"thread-{thread}", message=f"{number}") as change:
                    change.add(f"urn:{thread}-{number}", "rdfs:label", f"urn:label-{number}")
                    if number:
                        change.remove(f"urn:{thread}-{number - 1}", "rdfs:label", f"urn:label-{number - 1}")
                published.add(knowledge.folder.current_name())

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        left = {str(row["s"]) for row in knowledge.query("SELECT ?s { ?s rdfs:label ?o }")}
        assert left == {f"<urn:{thread}-5>" for thread in range(8)}
        assert [one.number for one in knowledge.log()] == list(range(1, 50))
        assert len(published) < 48
        assert not knowledge.doctor().findings
