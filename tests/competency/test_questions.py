"""Every question runs with its defaults on the demo shop and gives the rows that are kept beside this test.

The rows of ``expected/`` were written once and read against what is planted in the shop; `test_truth` and
`test_independent` say which of them are derived in another way.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.errors import NotFound, UsageError
from kb.querying.competency import Question, catalogue, question

from .answers import asked, expected

EMPTY = {"B12", "B13"}
# They read what a miner writes.
MINED = {"K02", "K13"}
DUTIES = {"graph crafting", "buyer-product map", "categorising", "recommendation", "competitive analysis"}


def every(one: Question) -> str:
    return one.id


def never(text: str, *, kind: str, limit: int) -> list:
    raise AssertionError("defaults need no search")


@pytest.mark.parametrize("one", [one for one in catalogue() if one.id not in MINED], ids=every)
def test_the_answer_is_the_expected_one(shop: KnowledgeBase, one: Question) -> None:
    assert asked(shop, one.id) == expected(one.id)


@pytest.mark.parametrize("id", sorted(MINED))
def test_the_answer_is_the_expected_one_once_mined(
    shop: KnowledgeBase, mined_shop: KnowledgeBase, id: str
) -> None:
    assert asked(shop, id) == []
    assert asked(mined_shop, id) == expected(id)


def test_changes_are_added_removed_and_corrected_facts_by_class(mined_shop: KnowledgeBase) -> None:
    last = mined_shop.log()[-1].number
    mined_shop.update(
        "DELETE { GRAPH ?g { ?s rdfs:label ?old } } INSERT { GRAPH ?g { ?s rdfs:label 'Calm shawl 21'@en } } "
        "WHERE { GRAPH ?g { ?s rdfs:label ?old } "
        "FILTER(?s = <https://w3id.org/commerce-kb/id/spu/P00019> && LANG(?old) = 'en') }"
    )
    (row,) = asked(mined_shop, "G19", before=str(last), after=str(last + 1))
    assert row["class"].endswith("onto#SPU")
    assert [row[name] for name in ("added", "removed", "corrected")] == ["1", "1", "1"]
    with pytest.raises(NotFound):
        mined_shop.ask("G19", {"after": 99})
    # A caller who may not see private graphs can't name a commit that touched them.
    with pytest.raises(NotFound):
        mined_shop.ask("G19", private=False)


def test_there_are_74_questions() -> None:
    assert len(catalogue()) == 74


@pytest.mark.parametrize("one", catalogue(), ids=every)
def test_an_answer_is_empty_only_where_that_is_good_news(one: Question) -> None:
    assert bool(expected(one.id)) != (one.id in EMPTY)


@pytest.mark.parametrize("one", catalogue(), ids=every)
def test_the_file_is_plain_sparql_with_and_without_values(one: Question) -> None:
    ox.Store().query(one.text)
    bound = one.bound(one.terms({}, never))
    ox.Store().query(bound)
    for parameter in one.parameters:
        variable = re.compile(rf"\?{parameter.name}\b")
        assert variable.search(one.text) and not variable.search(bound)


@pytest.mark.parametrize("one", catalogue(), ids=every)
def test_a_chart_draws_columns_of_the_answer(shop: KnowledgeBase, one: Question) -> None:
    if one.chart:
        assert {one.chart.x, one.chart.y} <= set(expected(one.id)[0])
        assert one.chart.kind in ("bar", "line")


def test_all_five_duties_are_covered() -> None:
    assert {one.duty for one in catalogue()} == DUTIES
    assert len(catalogue()) >= 60


def test_a_title_asks_in_both_languages() -> None:
    for one in catalogue():
        assert one.title.endswith("?") and one.title_zh.endswith(("?", "?")), one.id


def test_the_documentation_lists_every_question() -> None:
    text = (Path(__file__).parents[2] / "docs" / "questions.md").read_text(encoding="utf-8")
    for one in catalogue():
        assert (
            f"| {one.id} | {one.title} | {', '.join(f'`{each.name}`' for each in one.parameters)} |" in text
        )


def test_an_entity_may_be_given_by_its_name_in_either_language(shop: KnowledgeBase) -> None:
    path = asked(shop, "G06", category="https://w3id.org/commerce-kb/id/category/lipstick")
    assert path == asked(shop, "G06", category="lipstik") == asked(shop, "G06", category="口红")


def test_a_name_of_another_kind_is_not_taken(shop: KnowledgeBase) -> None:
    with pytest.raises(NotFound, match="parameter brand of question C05"):
        shop.ask("C05", {"brand": "口红"})


def test_a_name_that_several_share_is_refused_with_the_candidates(shop: KnowledgeBase) -> None:
    with pytest.raises(UsageError, match=r"parameter spu of question G05.*spu/P00017.*spu/P00018"):
        shop.ask("G05", {"spu": "headphones"})


@pytest.mark.parametrize(
    ("id", "values", "told"),
    [
        ("C02", {"at_least": "many"}, "'many' is no number.*parameter at_least of question C02"),
        ("C02", {"since": "last week"}, "'last week' is no time.*parameter since"),
        ("C02", {"spu": "x"}, "has no parameter 'spu'.*since, split, until, at_least"),
        ("B12", {"spu": "x"}, "has no parameter 'spu'.*it has none"),
    ],
)
def test_a_value_that_does_not_fit_is_named(
    shop: KnowledgeBase, id: str, values: dict[str, str], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        shop.ask(id, values)


def test_an_unknown_question_names_those_that_come_near() -> None:
    with pytest.raises(NotFound, match="G05"):
        question("G55")


def test_a_value_can_not_break_out_of_the_query(shop: KnowledgeBase) -> None:
    assert asked(shop, "B11", reason='too small" . ?x ?y ?z #') == []


def test_without_reasoning_a_family_has_no_members(shop: KnowledgeBase) -> None:
    assert list(shop.ask("G04")) and not list(shop.ask("G04", reasoning=False))


def test_without_private_graphs_no_buyer_is_counted(shop: KnowledgeBase) -> None:
    assert list(shop.ask("B10")) and not list(shop.ask("B10", private=False))


def test_a_segment_below_the_limit_is_told_to_every_caller(shop: KnowledgeBase) -> None:
    assert len(asked(shop, "B13", fewest=31)) == 6
    assert not list(shop.ask("B13", private=False))
