"""Merchants and influencers: planted types and niches are found through noise, and all of it can be undone."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

from kb import KnowledgeBase, graphs
from kb.cli import run
from kb.demo import generate
from kb.errors import DataError
from kb.mining import changes_of_run, decide, evidence_of, queue, runs, undo_run, with_evidence
from kb.mining.parties import mine_influencers, mine_merchants
from kb.mining.profiles import Mixture

RELATION = f"{graphs.VOCAB}relation/"
EDGES = (
    "SELECT ?s ?o ?score ?why {{ ?e ckb:relationKind <"
    + RELATION
    + "{}> ; ckb:relationSubject ?s ; ckb:relationObject ?o ; ckb:score ?score ; rdfs:comment ?why }}"
)
TIERLESS = f"{graphs.DATA}influencer/I00007"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[KnowledgeBase, dict]]:
    """A demo shop with noise in which one influencer says no tier, mined."""
    place = tmp_path_factory.mktemp("parties")
    files = generate(place / "files", scale=1, noise=0.3).files
    truth = json.loads((place / "files" / "truth.json").read_text(encoding="utf-8"))
    content = place / "files" / "content.nq"
    lines = content.read_text(encoding="utf-8").splitlines(keepends=True)
    tier = f"<{TIERLESS}> <https://w3id.org/commerce-kb/onto#hasTier>"
    content.write_text("".join(one for one in lines if not one.startswith(tier)), encoding="utf-8")
    chosen = [one for one in files if one.stem in ("catalog", "trade", "content") and one.suffix == ".nq"]
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        assert knowledge.load(chosen, source="demo").quarantined == 0
        for mined in (mine_merchants, mine_influencers):
            report = mined(knowledge)
            assert report, str(report)
        yield knowledge, truth


def edges(knowledge: KnowledgeBase, kind: str) -> list[dict[str, str]]:
    rows = knowledge.query(EDGES.format(kind), reasoning=False)
    return [{name: row[name].value for name in ("s", "o", "score", "why")} for row in rows]


def macro(gold: dict[str, str], found: dict[str, str]) -> float:
    order = sorted(gold)
    known, said = [gold[one] for one in order], [found.get(one, "") for one in order]
    return float(f1_score(known, said, average="macro", labels=sorted(set(known)), zero_division=0))


def test_planted_merchant_types_and_niches_are_found_through_noise(shop: tuple) -> None:
    knowledge, truth = shop
    types = {
        one["s"]: one["o"] if float(one["score"]) >= 0.5 else "generalist"
        for one in edges(knowledge, "specialises-in")
    }
    niches = {one["s"]: one["o"] for one in edges(knowledge, "niche")}
    for gold, found in ((truth["merchant_types"], types), (truth["niches"], niches)):
        commonest = Counter(gold.values()).most_common(1)[0][0]
        assert macro(gold, found) >= 0.9 > 0.2 > macro(gold, dict.fromkeys(gold, commonest))


def test_a_niche_nobody_declares_is_stated_and_another_than_the_declared_waits(shop: tuple) -> None:
    knowledge, truth = shop
    rows = knowledge.query("SELECT ?s ?o { ?s ckb:nicheCategory ?o }", reasoning=False)
    stated: dict[str, set[str]] = {}
    for row in rows:
        stated.setdefault(row["s"].value, set()).add(row["o"].value)
    assert all(len(one) == 1 for one in stated.values())
    assert len(stated) >= 0.9 * len(truth["niches"])
    drifted = truth["drifted_influencer"]
    assert stated[drifted["influencer"]] == {drifted["declares"]}
    waiting = {one.subject: one for one in queue(knowledge, kind="niche")}
    found = waiting[drifted["influencer"]]
    assert found.object == drifted["shows"] and "declares" in found.evidence
    assert not queue(knowledge, kind="in-category"), "shares are no questions"


def test_the_planted_drift_is_found_and_hardly_another(shop: tuple) -> None:
    knowledge, truth = shop
    found = {(one["s"], one["o"]): one["why"] for one in edges(knowledge, "drifts-to")}
    drifted = truth["drifted_influencer"]
    assert "before: " in found[drifted["influencer"], drifted["shows"]]
    assert len(found) <= 2


def test_a_tier_follows_from_followers(shop: tuple) -> None:
    knowledge, _ = shop
    (row,) = knowledge.query(
        f"SELECT ?tier ?n ?floor {{ <{TIERLESS}> ckb:hasTier ?tier ; ckb:followerCount ?n . "
        "?tier ckb:minFollowers ?floor }"
    )
    floors = [int(one["n"].value) for one in knowledge.query("SELECT ?n { ?tier ckb:minFollowers ?n }")]
    assert int(row["floor"].value) == max(one for one in floors if one <= int(row["n"].value))
    assert [one["s"] for one in edges(knowledge, "tier")] == [TIERLESS]


def test_shares_are_those_of_the_offers(shop: tuple) -> None:
    """Once more by SPARQL: what a merchant sells in a category, of all that it sells."""
    knowledge, _ = shop
    merchants = [one for one in edges(knowledge, "in-category") if "/merchant/" in one["s"]]
    assert {one["o"].rpartition("/")[2] for one in merchants} & {"beauty", "skincare"}
    for one in merchants[:12]:
        sold = f"?f ckb:offeredBy <{one['s']}> ; ckb:offersSku/ckb:variantOf ?spu"
        inside = f"?spu ckb:directCategory/ckb:broaderCategory* <{one['o']}>"
        (row,) = knowledge.query(
            f"SELECT (COUNT(DISTINCT ?spu) AS ?n) (COUNT(DISTINCT ?in) AS ?m) {{ {sold} "
            f"OPTIONAL {{ {inside} BIND(?spu AS ?in) }} }}",
            reasoning=False,
        )
        assert one["why"].startswith(f"{row['m'].value} of {row['n'].value} ")
        assert 0 < float(one["score"]) < 1


def test_what_was_found_is_explained(shop: tuple) -> None:
    knowledge, truth = shop
    declared = {
        row["s"].value
        for row in knowledge.query(
            f"SELECT ?s {{ GRAPH <{graphs.GRAPH}content> {{ ?s ckb:nicheCategory ?o }} }}"
        )
    }
    influencer = next(one for one in truth["niches"] if one not in declared)
    (row,) = knowledge.query(f"SELECT ?o {{ <{influencer}> ckb:nicheCategory ?o }}", reasoning=False)
    proof = with_evidence(knowledge, knowledge.explain(influencer, "ckb:activeInCategory", row["o"].value))
    assert "niche, score" in str(proof) and "products shown are" in str(proof)
    said = evidence_of(
        knowledge, f"{graphs.DATA}merchant/M0001", truth["merchant_types"][f"{graphs.DATA}merchant/M0001"]
    )
    assert {one.kind for one in said} == {"in-category", "specialises-in"}


def test_a_second_run_changes_nothing_and_runs_can_be_undone(shop: tuple, tmp_path: Path) -> None:
    knowledge, _ = shop
    store = Path(shutil.copytree(knowledge.folder.path, tmp_path / "shop.kb"))
    with KnowledgeBase.open(store) as other:
        again = mine_influencers(other)
        changes = changes_of_run(other, again.run)
        assert not (changes.added or changes.withdrawn or changes.rescored)
        for one in reversed(runs(other)):
            undo_run(other, one.name)
        assert not edges(other, "niche") and not edges(other, "in-category")


def test_an_accepted_niche_is_stated_by_the_next_run(shop: tuple, tmp_path: Path) -> None:
    knowledge, truth = shop
    store = Path(shutil.copytree(knowledge.folder.path, tmp_path / "shop.kb"))
    drifted = truth["drifted_influencer"]
    with KnowledgeBase.open(store) as other:
        (waiting,) = [one for one in queue(other, kind="niche") if one.subject == drifted["influencer"]]
        decide(other, [waiting.id], "accept")
        mine_influencers(other)
        asked = f"ASK {{ <{drifted['influencer']}> ckb:nicheCategory <{drifted['shows']}> }}"
        assert other.query(asked, reasoning=False)


def test_the_mixture_finds_what_it_was_drawn_from() -> None:
    draws = np.random.default_rng(4)
    base, stray = np.array([0.4, 0.3, 0.2, 0.1]), 0.25
    truth = draws.integers(0, 5, 200)
    counts = np.zeros((200, 4), np.int64)
    for party, field in enumerate(truth.tolist()):
        for _ in range(25):
            anywhere = field == 4 or draws.random() < stray
            counts[party, draws.choice(4, p=base) if anywhere else field] += 1
    found = Mixture.fitted(counts)
    assert (found.likely.argmax(axis=1) == truth).mean() > 0.93
    assert found.stray == pytest.approx(stray, abs=0.05)
    assert found.likely.sum(axis=1) == pytest.approx(1)
    few = found.of(np.array([[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 12]]))
    assert few[1, 4] == pytest.approx(found.likely[:, 4].mean(), abs=1e-6)
    assert few[2, 3] > 0.99 > few[0, 0]


def test_the_commands_report_figures(shop: tuple, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    knowledge, _ = shop
    store = str(shutil.copytree(knowledge.folder.path, tmp_path / "shop.kb"))
    assert run(["mine", "merchants", "--support", "4", "--store", store, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["merchants"] == 24
    asked = ["mine", "influencers", "--level", "1", "--window", "30", "--store", store, "--format", "json"]
    assert run(asked) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["influencers"] == 40


def test_a_store_without_deals_is_told(knowledge: KnowledgeBase) -> None:
    with pytest.raises(DataError, match="No merchant has offers"):
        mine_merchants(knowledge)
    with pytest.raises(DataError, match="No influencer has content"):
        mine_influencers(knowledge)
