"""Nearest categories: the same as comparing everything with everything, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from kb import KnowledgeBase
from kb.errors import DataError
from kb.mining.neighbours import _nearest, _Shelf, mine_neighbours


def test_a_category_is_as_near_as_the_nearest_of_it_and_its_other_products() -> None:
    draws = np.random.default_rng(5)
    products, categories = [f"p{one}" for one in range(40)], [f"c{one}" for one in range(7)]
    sits_in = [categories[one] for one in draws.integers(0, 7, 40)]
    points = draws.normal(size=(47, 5)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    shelf = _Shelf(products, sits_in, categories, points, {})
    found = list(_nearest(shelf, 3))
    for product in range(40):
        near = {}
        for number, category in enumerate(categories):
            others = [one for one in range(40) if sits_in[one] == category and one != product] + [40 + number]
            near[number] = max(
                (float(points[product] @ points[one]), (products + categories)[one]) for one in others
            )
        wanted = sorted(near, key=lambda one: -near[one][0])[:3]
        rows = [one for one in found if one.product == product]
        assert [one.category for one in rows[:3]] == wanted
        assert [one.first for one in rows] == [True] + [False] * (len(rows) - 1)
        assert categories.index(sits_in[product]) in [one.category for one in rows] and len(rows) <= 4
        for row in rows:
            score, by = near[row.category]
            assert row.by == by and row.score == pytest.approx(max(0.0, score), abs=1e-5)


def test_a_store_without_categories_is_told(knowledge: KnowledgeBase) -> None:
    with pytest.raises(DataError, match="No product has a category"):
        mine_neighbours(knowledge)
