"""The overview of a module: everything is drawn once, nothing upon another."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from server.diagrams import ANYTHING, Outline, drawn

NAMES = st.sampled_from([f"urn:{letter}" for letter in "abcdefgh"])
OUTLINES = st.builds(
    lambda classes, above, properties: Outline(tuple(classes), tuple(above), tuple(properties)),
    st.sets(NAMES),
    st.sets(st.tuples(NAMES, NAMES)),
    st.sets(
        st.tuples(NAMES.map(lambda one: one + "-of"), NAMES | st.just(ANYTHING), NAMES | st.just(ANYTHING))
    ),
)


@given(OUTLINES)
def test_everything_is_drawn_once_and_nothing_upon_another(outline: Outline) -> None:
    found = drawn(outline, lambda iri: iri.removeprefix("urn:") or "anything")
    if found is None:
        assert not outline.classes and not outline.properties
        return
    shown = [box.iri for box in found.tree]
    domains = {domain for _, domain, _ in outline.properties}
    assert len(shown) == len(set(shown)) and set(shown) >= {*outline.classes, *domains}
    assert {box.iri for box in found.ranges} == {to for _, _, to in outline.properties}
    assert len(found.lanes) == len(outline.properties)
    for column in (found.tree, found.ranges):
        assert all(
            low.y - high.y >= found.box for high, low in pairwise(sorted(column, key=lambda one: one.y))
        )
        assert all(found.box / 2 <= box.y <= found.height - found.box / 2 for box in column)
    heights = sorted(lane.y for lane in found.lanes)
    assert all(low - high >= found.box for high, low in pairwise(heights))
    assert found == drawn(outline, lambda iri: iri.removeprefix("urn:") or "anything")


def test_a_tree_has_no_circles_and_every_class_of_one() -> None:
    found = drawn(Outline(("a", "b"), (("a", "b"), ("b", "a")), ()), str)
    assert found is not None and found.told == ("a ⊂ b",) and found.width < 300
