"""The project's own shapes: each bad fixture is found by exactly the parts of its rule, each good one by none."""

from __future__ import annotations

from functools import cache

import pytest

from kb.validation import ShapesGraph, read_shapes, validate
from tests.shapes.cases import Case, find_cases, parse, shape_files

from .reading import data


@cache
def own_shapes() -> ShapesGraph:
    return read_shapes(quad for file in shape_files() for quad in parse(file))


@pytest.mark.parametrize("case", find_cases(), ids=str)
def test_fixture_is_judged_as_stated(case: Case) -> None:
    report = validate(own_shapes(), data(case.triples()))
    parts = {shape.identifier for shape in own_shapes().roots() if shape.identifier[:7] == case.rule}
    assert not report.unchecked
    assert {one.shape_id for one in report.results} == (parts if case.breaks else set()), report
