"""Profiles of reasoning: which rows of the ontology's specification each of them draws."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.settings import Reasoning, Settings

from .test_inferences import PLAIN, graph

# The ontology's specification, 2.10: catalog (1-9, 23-31), content (10-19), buyer (20-22). Row 15 needs types alone,
# row 22 who created a segment too.
GROUPS = {"content": {*range(10, 20), 22} - {15}, "buyer": {20, 21, 22}}
PROFILES: dict[Reasoning, set[str]] = {
    "catalog": set(),
    "content": {"content"},
    "buyer": {"buyer"},
    "full": {"content", "buyer"},
}
# Needs a module that a store has only on request.
OPTIONAL = (30, 32)


def number(row: Path) -> int:
    return int(row.name[:2])


def groups(row: Path) -> set[str]:
    return {name for name, rows in GROUPS.items() if number(row) in rows}


@pytest.fixture(scope="module", params=PROFILES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp(request.param) / "shop.kb"
    with KnowledgeBase.open(place) as knowledge:
        knowledge.init(Settings(reasoning=request.param, shapes=()))
        yield request.param, knowledge


def drawn(knowledge: KnowledgeBase, row: Path) -> list[bool]:
    """For each triple that the row asks for, whether it follows; the row's data is gone afterwards."""
    with knowledge.commit(source="row", message=row.name) as change:
        for quad in graph(row, "given"):
            change.add(quad.subject, quad.predicate, quad.object)
    try:
        return [
            bool(knowledge.query(f"ASK {{ {one.subject} {one.predicate} {one.object} }}"))
            for one in graph(row, "expected")
            if not isinstance(one.object, ox.BlankNode)
        ]
    finally:
        knowledge.revert(str(knowledge.log()[-1].number))


def test_a_profile_draws_its_rows_and_no_others(store: tuple[Reasoning, KnowledgeBase]) -> None:
    profile, knowledge = store
    for row in PLAIN:
        if number(row) not in OPTIONAL:
            follows = drawn(knowledge, row)
            assert follows, row.name
            if groups(row) <= PROFILES[profile]:
                assert all(follows), row.name
            else:
                assert not all(follows), row.name


def test_no_profile_draws_nothing(tmp_path: Path) -> None:
    with KnowledgeBase.open(tmp_path / "plain.kb") as knowledge:
        knowledge.init(Settings(reasoning="none", shapes=()))
        assert not any(drawn(knowledge, PLAIN[0]))
        assert not knowledge.stats().inferred
