"""The tables that rules fill, against plain sets; literals that look usual, against their datatypes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.columns.dictionary import Dictionary
from kb.columns.kernels import distinct, heads, pack, tails
from kb.columns.values import XSD, well_formed
from kb.reasoning.datatypes import Datatypes
from kb.reasoning.tables import Links, Members, by_class

from .conftest import Bench

BOUND = 64
ids = st.integers(1, BOUND - 1)
links = st.lists(st.tuples(ids, ids), max_size=60)


def packed(pairs):
    rows = np.array(pairs, np.uint32).reshape(-1, 2)
    return pack(rows[:, 0], rows[:, 1])


def unpacked(pairs):
    return list(zip(heads(pairs).tolist(), tails(pairs).tolist(), strict=True))


@given(links, st.lists(links, min_size=1, max_size=3), st.booleans())
def test_links_grow_like_a_set(before, parts, turned_before):
    table = Links(distinct(packed(before)), BOUND)
    if turned_before:
        assert len(table.inverse) == len(table)
    more, fresh = table.extended([packed(part) for part in parts])
    new = {pair for part in parts for pair in part}
    assert unpacked(more.rows) == sorted({*before, *new})
    assert unpacked(fresh) == sorted(new - set(before))
    assert unpacked(more.inverse) == sorted((o, s) for s, o in {*before, *new})


@given(links, st.lists(ids, max_size=30))
def test_links_are_followed_both_ways(pairs, keys):
    table, wanted = Links(distinct(packed(pairs)), BOUND), np.array(keys, np.uint32)
    row, found = table.objects(wanted)
    onward = [(place, o) for place, key in enumerate(keys) for s, o in sorted(set(pairs)) if s == key]
    assert list(zip(row.tolist(), found.tolist(), strict=True)) == onward
    row, found = table.subjects(wanted)
    back = [(place, s) for place, key in enumerate(keys) for s, o in sorted(set(pairs)) if o == key]
    assert list(zip(row.tolist(), found.tolist(), strict=True)) == back


@pytest.mark.parametrize("bound", [BOUND, 100 * BOUND])
@given(before=st.sets(ids), parts=st.lists(st.lists(ids), min_size=1, max_size=3), other=st.sets(ids))
def test_members_grow_like_a_set_and_meet_where_sets_do(bound, before, parts, other):
    table = Members(np.array(sorted(before), np.uint32), bound)
    more, fresh = table.extended([np.array(part, np.uint32) for part in parts])
    new = {one for part in parts for one in part}
    assert more.rows.tolist() == sorted(before | new)
    assert fresh.tolist() == sorted(new - before)
    assert more.meets(Members(np.array(sorted(other), np.uint32), bound)) == bool((before | new) & other)


@given(links)
def test_types_are_parted_by_class(pairs):
    found = by_class(distinct(packed(pairs)))
    assert {(key & 0xFFFFFFFF, one) for key, rows in found.items() for one in rows.tolist()} == set(pairs)


@pytest.mark.parametrize(
    "name", ["decimal", "integer", "nonNegativeInteger", "double", "boolean", "date", "dateTime", "anyURI"]
)
@given(
    forms=st.lists(
        st.one_of(
            st.from_regex(r"[+-]?[0-9]{1,3}(\.[0-9]{0,2})?([eE][0-9])?", fullmatch=True),
            st.from_regex(
                r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9](T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](Z|\.[0-9])?)?",
                fullmatch=True,
            ),
            st.sampled_from(
                ["true", "0", "", "2024-02-29", "2023-02-29", "2023-04-31T00:00:00Z", "http://x/y z"]
            ),
        ),
        min_size=1,
        max_size=20,
        unique=True,
    )
)
def test_literals_are_well_formed_as_their_datatype_says(name, forms):
    dictionary = Dictionary()
    datatype = int(dictionary.encode([f"<{XSD}{name}>"])[0])
    literals = dictionary.encode([f'"{form}"^^<{XSD}{name}>' for form in forms])
    expected = well_formed(pa.array(forms, pa.large_string()), XSD + name)
    datatypes = Datatypes(dictionary)
    assert (~datatypes.outside(literals, datatype)).tolist() == expected.tolist()
    # Terms that come later are looked at too.
    [bad] = dictionary.encode([f'"x y"^^<{XSD}{name}>'])
    assert datatypes.outside(np.array([bad]), datatype).all()


def test_a_contradiction_between_public_facts_is_not_told_again_with_the_private_ones():
    bench = Bench(
        ":A owl:disjointWith :B . :p rdfs:domain :B .",
        ":x a :A, :B . :y a :A .",
        private=":y :p :z .",
    )
    assert [one.witnesses for one in bench.public.contradictions] == [(bench.id("x"),)]
    assert [one.witnesses for one in bench.result.contradictions] == [(bench.id("y"),)]
