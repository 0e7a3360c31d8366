"""A writer's first commit keeps up to date what the last one has left, unless the rules are others now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.pipeline import infer
from kb.reasoning import Upkeep
from kb.settings import Settings

ROOT = Path(__file__).parents[2]
ONTOLOGY = """
@prefix : <http://example.org/> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
:knows a owl:SymmetricProperty , owl:IrreflexiveProperty ; rdfs:domain :Person .
:code a owl:InverseFunctionalProperty . :Person rdfs:subClassOf :Agent ; owl:disjointWith :Shop .
:Buyer owl:equivalentClass [ a owl:Restriction ; owl:onProperty :bought ; owl:someValuesFrom :Thing ] .
"""
DATA = """
@prefix : <http://example.org/> .
:a :knows :b ; :code 1 . :c :code 1 ; :bought :d . :d a :Thing . :e a :Shop ; :knows :e .
"""
COMMIT = """
import sys
from kb import KnowledgeBase, pipeline

drawn = []
def counted(*given, materialise=pipeline.materialise, **more):
    drawn.append(1)
    return materialise(*given, **more)
pipeline.materialise = counted

iri = "http://example.org/{}".format
with KnowledgeBase.open(sys.argv[1]) as kb:
    with kb.commit(source="data", message="ten quads", private=sys.argv[2] == "private") as change:
        for n in range(8):
            change.add(iri(f"n{n}-{sys.argv[3]}"), iri("knows"), iri("a"))
        change.add(iri(f"f{sys.argv[3]}"), iri("code"), 1)
        change.remove(iri("c"), iri("code"), 1)
print(len(drawn))
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A store with one contradiction and one clique; two processes have written to it."""
    (tmp_path / "own.ttl").write_text(ONTOLOGY)
    (tmp_path / "data.ttl").write_text(DATA)
    with KnowledgeBase.open(tmp_path / "shop.kb") as kb:
        kb.init(Settings(ontology=(str(tmp_path / "own.ttl"),), shapes=()))
        kb.load(tmp_path / "data.ttl", source="data")
    return tmp_path / "shop.kb"


def committed(place: Path, kind: str, *, seed: int = 1) -> int:
    """Ten quads from a process of its own; how often it drew all consequences from scratch."""
    done = subprocess.run(
        [sys.executable, "-c", COMMIT, str(place), kind, str(seed)],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": str(seed)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def check(place: Path) -> None:
    """What is stored is what reasoning from scratch gives, and so are the contradictions that are kept."""
    with KnowledgeBase.open(place) as kb:
        fresh = infer(kb.snapshot.image)
        for name in ("inferred_public", "inferred_private"):
            mine, theirs = (
                {key: one.pairs.tolist() for key, one in getattr(image, name).items()}
                for image in (kb.snapshot.image, fresh.image)
            )
            assert mine == theirs
        kept = Upkeep.of_json(kb.snapshot.upkeep, fresh.upkeep.program)
        assert kept is not None
        for name in ("public", "private"):
            mine, theirs = (
                {(one.source, frozenset(one.facts)) for one in getattr(upkeep, name)}
                for upkeep in (kept, fresh.upkeep)
            )
            assert mine == theirs


@pytest.mark.parametrize("kind", ["public", "private"])
def test_the_next_process_keeps_up_to_date_what_the_last_one_has_left(shop, kind):
    check(shop)
    for seed in (2, 3):
        assert committed(shop, kind, seed=seed) == 0
        check(shop)


def test_the_rules_of_our_ontology_are_recognised_by_the_next_process(demo_store, tmp_path):
    demo = Path(shutil.copytree(demo_store, tmp_path / "shop.kb"))
    assert committed(demo, "public", seed=4) == 0
    check(demo)


def test_other_rules_are_followed_from_scratch(shop):
    settings = shop / "kb.toml"
    settings.write_text(settings.read_text().replace('"full"', '"none"'))
    assert committed(shop, "public") == 0
    settings.write_text(settings.read_text().replace('"none"', '"full"'))
    assert committed(shop, "private") == 2
    check(shop)


@pytest.mark.parametrize("left", [None, "", '{"rules": "others", "is_plain": true}'])
def test_without_what_the_last_writer_knew_all_is_drawn_from_scratch(shop, left):
    for note in shop.glob("snapshots/*/upkeep"):
        note.unlink()
        if left is not None:
            note.write_text(left)
    assert committed(shop, "public") == 2
    check(shop)
