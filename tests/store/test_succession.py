"""A public view that is made from an earlier snapshot's is the one that would be made anew."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.settings import Settings
from kb.store import Snapshot, oxigraph

ROUNDS = int(os.environ.get("KB_RANDOM_ROUNDS", "12"))
ID = "https://w3id.org/commerce-kb/id/brand/"
anew = Snapshot._merged


def told(store: ox.Store) -> set[str]:
    return {str(quad) for quad in store}


def brand(chance: random.Random) -> str:
    return f"{ID}{chance.randrange(12)}"


def change_something(knowledge: KnowledgeBase, chance: random.Random, round: int) -> None:
    private = not round or chance.random() < 0.4
    with knowledge.commit(source=f"s{private:d}", message="a change", private=private) as change:
        for _ in range(chance.randrange(1, 6)):
            kind = chance.choice((change.add, change.add, change.remove))
            property, object = chance.choice(
                [
                    ("ckb:directSubBrandOf", brand(chance)),
                    ("rdfs:label", ox.Literal(f"name {chance.randrange(6)}", language="en")),
                    (
                        "urn:count",
                        ox.Literal(
                            chance.choice(("5", "05", "5.0")),
                            datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal"),
                        ),
                    ),
                ]
            )
            kind(brand(chance), property, object)
        change.add(f"{ID}{round}", "urn:round", ox.Literal(round))


def test_it_is_the_one_that_would_be_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    place = tmp_path / "shop.kb"
    with KnowledgeBase.open(place) as knowledge:
        knowledge.init(Settings(shapes=()))
        for round in range(ROUNDS):
            change_something(knowledge, chance, round)
            if chance.random() < 0.2 and round:
                knowledge.revert(f"#{round + 1}")
            with KnowledgeBase.open(place, read_only=True) as reader:
                snapshot = reader.snapshot
                for inferred in (True, False):
                    view = snapshot.view(private=False, inferred=inferred)
                    assert told(view) == told(oxigraph.in_memory(anew(snapshot, inferred=inferred)))
            if round == 1:
                monkeypatch.setattr(Snapshot, "_merged", None)


def test_without_an_earlier_one_it_is_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "shop.kb"
    chance = random.Random(5)
    with KnowledgeBase.open(place) as knowledge:
        knowledge.init(Settings(shapes=()))
        for round in range(6):
            change_something(knowledge, chance, round)
            with KnowledgeBase.open(place, read_only=True) as reader:
                whole = told(reader.snapshot.view(private=False, inferred=True))
                assert whole == told(oxigraph.in_memory(anew(reader.snapshot, inferred=True)))
            for earlier in (place / "snapshots").glob("*/views"):
                shutil.rmtree(earlier)
