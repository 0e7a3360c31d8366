"""IRIs become local paths and come back the same."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.errors import UsageError
from kb.graphs import BASE
from server.links import candidates, checked, href, path_of

KEYS = st.text(st.characters(exclude_characters='<>"{}|^`\\#', exclude_categories=("C", "Z")), min_size=1)


@given(KEYS)
def test_a_path_leads_back_to_its_iri(key: str) -> None:
    iri = f"{BASE}id/spu/{key}"
    path = path_of(iri)
    assert path is not None and path.isascii() and "?" not in path
    assert candidates(unquote(urlsplit(path).path).removeprefix("/"))[0] == iri


@pytest.mark.parametrize(
    "iri", ["javascript:alert(1)", "data:text/html,x", "http://a b", "urn:x", 'https://x/"onclick=', ""]
)
def test_only_pages_are_linked(iri: str) -> None:
    assert href(iri) is None


def test_links_outside_stay_as_they_are_and_links_inside_carry_the_language() -> None:
    assert href("https://schema.org/Product", language="zh") == "https://schema.org/Product"
    assert href(f"{BASE}id/brand/花", language="zh") == "/id/brand/%E8%8A%B1?lang=zh"


@pytest.mark.parametrize("iri", ["x", "http://a>b", "http://a b", "http://a\n", ""])
def test_what_would_break_out_of_a_query_is_refused(iri: str) -> None:
    with pytest.raises(UsageError):
        checked(iri)
