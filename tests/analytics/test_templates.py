"""What a template remembers of a query is what reading it anew gives."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from kb.analytics.algebra import Uncovered
from kb.analytics.planning import Plans
from kb.analytics.templates import Templates
from kb.errors import QueryError
from tests.analytics.grammar import queries


def blocks(templates: Templates, text: str) -> object:
    try:
        return templates.blocks(text)
    except Uncovered:
        return "left"


@settings(
    max_examples=150,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(queries(), st.integers(0, 5))
def test_a_text_like_one_that_was_read_has_blocks_of_its_own(text: str, turn: int) -> None:
    names = sorted(set(re.findall(r"<urn:\w+>", text)))
    others = dict(zip(names, names[turn % max(1, len(names)) :] + names, strict=False))
    exchanged = re.sub(r"<urn:\w+>", lambda found: others[found[0]], text)
    known = Templates(Plans().of)
    try:
        blocks(known, text)
        assert blocks(known, exchanged) == blocks(Templates(Plans().of), exchanged)
    except QueryError:
        assume(False)


def test_literals_that_are_looked_up_make_other_templates() -> None:
    templates = Templates(Plans().of)
    found = [templates.blocks(f"SELECT * {{ ?s <urn:p> '{one}' }}")[0][0].object for one in ("a", "b")]
    assert [one.text for one in found] == ['"a"', '"b"']  # type: ignore[union-attr]
