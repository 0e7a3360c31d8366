"""Products find their categories: on a demo shop that has lost a part of them, and the classifier by itself."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import xxhash

from kb import KnowledgeBase, graphs
from kb.cli import run
from kb.demo import generate
from kb.errors import DataError, NotFound
from kb.mining import changes_of_run, decide, evidence_of, queue, runs, undo_run, with_evidence
from kb.mining.categories import CategoryOptions, mine_categories
from kb.mining.hierarchy import PathModel, Tree
from kb.star import star_of
from tests.shop import turtle

NONE = f"{graphs.DATA}category/uncategorised"
PLACEHOLDER = (
    f"<{NONE}> a ckb:Category ; <http://www.w3.org/2004/02/skos/core#prefLabel> 'uncategorised'@en ; "
    f"<http://www.w3.org/2004/02/skos/core#inScheme> <{graphs.DATA}scheme/mined-categories> .\n"
)
BLURRED = "brand:none a ckb:Brand ; rdfs:label 'unbranded'@en .\n" + "".join(
    f"<{graphs.DATA}spu/X{number}> a ckb:SPU ; rdfs:label '{name}'@en ; ckb:directBrand brand:none ; "
    f"ckb:directCategory <{NONE}> .\n"
    for number, name in enumerate(
        (
            "gift box of tea and a scarf",
            "a thing",
            "bag, brush or pot",
            "set for her",
            "XJ-9 kit",
            "new 2026 model",
        )
    )
)
STATED = re.compile(rf"^(<{graphs.DATA}spu/P\d+>) <\S+onto#directCategory> <(\S+)> (<\S+>) \.$", re.MULTILINE)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """A shop in which one SPU in four sits under the placeholder; and where each of them belongs."""
    place = tmp_path_factory.mktemp("lost")
    generate(place / "files", scale=2)
    catalog = place / "files" / "catalog.nq"
    truth = json.loads((place / "files" / "truth.json").read_text(encoding="utf-8"))
    # What is planted in a wrong category belongs where its title says.
    belongs = {one["spu"]: one["belongs_in"] for one in truth["miscategorised"]}
    gone: dict[str, str] = {}

    def put_away(found: re.Match[str]) -> str:
        spu, category, graph = found.groups()
        if int(spu[-6:-1]) % 4:
            return found[0]
        gone[spu[1:-1]] = belongs.get(spu[1:-1], category)
        return f"{spu} <https://w3id.org/commerce-kb/onto#directCategory> <{NONE}> {graph} ."

    catalog.write_text(STATED.sub(put_away, catalog.read_text(encoding="utf-8")), encoding="utf-8")
    with KnowledgeBase.open(place / "shop.kb") as knowledge:
        assert knowledge.load(turtle(place, PLACEHOLDER + BLURRED), source="rest")
        assert knowledge.load([catalog], source="demo").quarantined == 0
    return place / "shop.kb", gone


@pytest.fixture(scope="module")
def mined(lost: tuple[Path, dict[str, str]]) -> Path:
    """The same shop after a run."""
    place = Path(shutil.copytree(lost[0], lost[0].parent / "mined.kb"))
    with KnowledgeBase.open(place) as knowledge:
        report = mine_categories(knowledge)
        assert report, str(report)
    return place


@pytest.fixture
def shop(mined: Path, tmp_path: Path) -> KnowledgeBase:
    return KnowledgeBase.open(shutil.copytree(mined, tmp_path / "shop.kb"))


def placed(knowledge: KnowledgeBase) -> dict[str, str]:
    """The SPUs under the placeholder that have another category too."""
    asked = f"SELECT ?s ?o {{ ?s ckb:directCategory ?o , <{NONE}> FILTER(?o != <{NONE}>) }}"
    return {row["s"].value: row["o"].value for row in knowledge.query(asked, reasoning=False)}


def test_products_without_a_category_find_theirs(shop: KnowledgeBase, lost: tuple[Path, dict]) -> None:
    gone = lost[1]
    found = {one: category for one, category in placed(shop).items() if one in gone}
    assert len(found) > 0.7 * len(gone) > 50
    assert sum(gone[one] == category for one, category in found.items()) >= 0.95 * len(found)


def test_the_placeholder_gives_way_where_analysts_look(shop: KnowledgeBase) -> None:
    found = placed(shop)
    with star_of(shop.snapshot.image) as star:
        rows = star["dim_spu"].rows.to_pylist()
    told = {row["spu"]: row["category"] for row in rows}
    assert len(told) == len(rows)
    assert {one: told[one] for one in found} == found


def test_a_feed_may_say_the_placeholder_again_but_no_second_category(
    shop: KnowledgeBase, tmp_path: Path
) -> None:
    spu, category = min(placed(shop).items())
    again = turtle(tmp_path, f"<{spu}> ckb:directCategory <{NONE}> .\n", "again.ttl")
    assert shop.load(again, source="again").quarantined == 0
    others = shop.query("SELECT ?c { ?c a ckb:Category FILTER NOT EXISTS { ?n ckb:broaderCategory ?c } }")
    other = next(row["c"].value for row in others if row["c"].value not in (category, NONE))
    second = turtle(tmp_path, f"<{spu}> ckb:directCategory <{other}> .\n", "second.ttl")
    assert shop.load(second, source="second").quarantined == 1


def test_what_a_category_rests_on_is_explained(shop: KnowledgeBase) -> None:
    spu, category = min(placed(shop).items())
    (said,) = evidence_of(shop, spu, category)
    assert said.kind == "in-category" and "speak for it" in said.evidence
    proof = with_evidence(shop, shop.explain(spu, "ckb:inCategory", category))
    assert "in-category, score" in str(proof)


def test_doubtful_products_wait_and_decisions_bind(shop: KnowledgeBase) -> None:
    mine_categories(shop, options=CategoryOptions(threshold=1.0, doubt=0.05))
    assert not placed(shop), "nothing is as sure as that"
    waiting = queue(shop, kind="in-category")
    lacking = [one for one in waiting if "needs the key attribute" in one.evidence]
    assert {one.subject.rpartition("/")[2][0] for one in lacking} == {"X"}
    accepted, *_, rejected = [one for one in waiting if one not in lacking]
    decide(shop, [accepted.id], "accept")
    decide(shop, [rejected.id], "reject")
    assert mine_categories(shop)
    assert placed(shop)[accepted.subject] == accepted.object
    assert rejected.object not in {one.object for one in queue(shop) if one.subject == rejected.subject}


def test_a_second_run_changes_nothing_and_a_run_can_be_undone(
    shop: KnowledgeBase, lost: tuple[Path, dict]
) -> None:
    first = runs(shop)[-1].name
    report = mine_categories(shop)
    changes = changes_of_run(shop, report.run)
    assert not (changes.added or changes.withdrawn or changes.rescored)
    undo_run(shop, report.run)
    undo_run(shop, first)
    assert not placed(shop) and not queue(shop)


def test_the_command_reports_figures(
    lost: tuple[Path, dict], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Path(shutil.copytree(lost[0], tmp_path / "shop.kb"))
    asked = ["mine", "categories", "--threshold", "0.99", "--doubt", "0.9", "--store", str(store)]
    assert run([*asked, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["figures"]["products without a category"] == len(lost[1]) + 6
    assert told["figures"]["left without"] == len(lost[1]) + 6 - told["stated"] - told["queued"]
    strange = CategoryOptions(scheme="urn:none")
    with (
        KnowledgeBase.open(store) as knowledge,
        pytest.raises(NotFound, match="No category is in scheme"),
    ):
        mine_categories(knowledge, options=strange)


def test_a_store_without_anything_to_place_is_told(knowledge: KnowledgeBase) -> None:
    with pytest.raises(DataError, match="All products have a category"):
        mine_categories(knowledge)


def test_a_category_nobody_is_in_is_found_by_its_name() -> None:
    tree = Tree({"kettle": "kitchen", "pan": "kitchen", "lamp": "home"})
    titles = ["steel kettle 1 l", "kettle with a lid", "iron pan 20 cm", "pan for eggs"]
    names = [("kettles", "kettle"), ("pans", "pan"), ("desk lamps", "lamp")]
    model = PathModel.trained(titles, ["kettle", "kettle", "pan", "pan"], tree, names=names)
    found = [one.category for one in model.guesses(["a big kettle", "small lamp for the desk", "frying pan"])]
    assert found == ["kettle", "lamp", "pan"]
    assert model.reasons("a big kettle", "kettle")[0] == "kettle"
    barred = model.guesses(["a big kettle"], [{"kettle"}])
    assert barred[0].category != "kettle"
    with pytest.raises(DataError, match="one category at most"):
        PathModel.trained(titles, ["pan"] * 4, tree)


def test_the_beam_ends_where_looking_at_all_paths_does() -> None:
    draws = np.random.default_rng(2)
    tree = Tree(
        {
            **{f"c{one}": f"b{one // 3}" for one in range(12)},
            **{f"b{one}": f"a{one // 2}" for one in range(4)},
        }
    )
    words = [[f"w{one}x{other}" for other in range(5)] for one in range(12)]
    kinds = draws.integers(0, 12, 300).tolist()
    titles = [
        " ".join([*draws.choice(words[one], 2), *(f"n{n}" for n in draws.integers(0, 40, 3))])
        for one in kinds
    ]
    model = PathModel.trained(titles, [f"c{one}" for one in kinds], tree)
    asked = [f"w{one}x{other} w{more}x1 n3" for one, other, more in draws.integers(0, 5, (40, 3)).tolist()]
    rows = model.features.of(asked)
    every = {}
    for node, fork in model.forks.items():
        raised = np.exp(4.0 * fork.distances(rows))
        shares = raised / raised.sum(axis=1, keepdims=True)
        every |= {(node, str(child)): shares[:, at] for at, child in enumerate(fork.children)}
    leaves = {}
    for one in range(12):
        path = ("", *tree.path(f"c{one}"))
        leaves[f"c{one}"] = np.prod([every[step] for step in pairwise(path)], axis=0)
    for place, guess in enumerate(model.guesses(asked)):
        assert leaves[guess.category][place] == pytest.approx(max(one[place] for one in leaves.values()))


def test_shared_titles_reach_what_is_asked(shared_data: Callable[[str], Path]) -> None:
    """A part of the benchmark: level 1, learnt from a third."""
    packed = shared_data("flipkart-20k") / "flipkart_id_name_category.csv.gz"
    with gzip.open(packed, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    titles = [row["product_name"] for row in rows]
    named = [json.loads(row["product_category_tree"])[0].split(" >> ")[0] for row in rows]
    parts = np.array([xxhash.xxh3_64_intdigest(one.lower().encode()) % 10 for one in titles])
    common = {one for one, count in Counter(named).items() if count >= 50}
    learnt, asked = (
        [at for at in np.flatnonzero(some).tolist() if named[at] in common]
        for some in (parts < 3, parts == 7)
    )
    model = PathModel.trained([titles[one] for one in learnt], [named[one] for one in learnt], Tree({}))
    found = model.guesses([titles[one] for one in asked])
    right = np.array([one.category == named[at] for at, one in zip(asked, found, strict=True)])
    assert right.mean() > 0.93
    sure = np.array([one.score >= 0.8 for one in found])
    assert sure.mean() > 0.8 and right[sure].mean() > 0.96
