"""Random updates on random small datasets change what Oxigraph's own update changes, form by form."""

from __future__ import annotations

import os
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import KbError
from kb.loading.rdf import read_rdf
from kb.querying.datasets import StoreQuads
from kb.querying.documents import Documents
from kb.querying.updates import diff_of
from tests.querying.update_grammar import (
    GRAPHS,
    XSD,
    Block,
    Operation,
    canonical,
    ground,
    joined,
    operations,
    pattern,
    pattern_of_any_graph,
)

EXAMPLES = int(os.environ.get("KB_UPDATE_EXAMPLES", "500"))


def applied(store: ox.Store, text: str, **options) -> None:
    diff = diff_of(StoreQuads(store), text, **options)
    assert not set(diff.added) & set(store) and set(diff.removed) <= set(store)
    for quad in diff.removed:
        store.remove(quad)
    store.extend(diff.added)


def two_stores(content: list[Block]) -> tuple[ox.Store, ox.Store]:
    stores = ox.Store(), ox.Store()
    for store in stores:
        store.update(f"{XSD}INSERT DATA {{ {joined(content)} }}")
    return stores


@given(content=ground, asked=st.lists(operations(pattern_of_any_graph), min_size=1, max_size=4))
@settings(max_examples=EXAMPLES)
def test_on_a_plain_dataset_the_diff_is_what_oxigraph_does(content, asked: list[Operation]) -> None:
    mine, theirs = two_stores(content)
    text = XSD + " ;\n".join(one.text for one in asked)
    applied(mine, text)
    theirs.update(text)
    assert canonical(mine) == canonical(theirs)


@given(
    content=ground,
    verb=st.sampled_from(["CREATE", "CLEAR", "DROP"]),
    graph=st.sampled_from(GRAPHS),
    before=operations(pattern),
)
@settings(max_examples=EXAMPLES // 5)
def test_what_fails_in_oxigraph_fails_here(content, verb: str, graph: str, before: Operation) -> None:
    mine, theirs = two_stores(content)
    text = f"{XSD}{before.text} ;\n{verb} GRAPH {graph}"
    try:
        theirs.update(text)
    except RuntimeError:
        with pytest.raises(KbError):
            applied(mine, text)
    else:
        applied(mine, text)
        assert canonical(mine) == canonical(theirs)


@given(content=ground, document=ground, into=st.sampled_from(["", *GRAPHS]), behind=operations(pattern))
@settings(max_examples=EXAMPLES // 10)
def test_load_is_an_insert_of_what_the_file_says(
    tmp_path_factory, content, document, into: str, behind: Operation
) -> None:
    folder: Path = tmp_path_factory.mktemp("documents")
    triples = " ".join(one.triples for one in document)
    (folder / "some file.ttl").write_text(f"{XSD}{triples}\n# an end", encoding="utf-8")
    mine, theirs = two_stores(content)
    address = (folder / "some file.ttl").as_uri()
    applied(
        mine,
        f"{XSD}LOAD <{address}>{f' INTO GRAPH {into}' if into else ''} ;\n{behind.text}",
        documents=Documents((folder,), read_rdf),
    )
    theirs.update(
        f"{XSD}INSERT DATA {{ {f'GRAPH {into} {{ {triples} }}' if into else triples} }} ;\n{behind.text}"
    )
    assert canonical(mine) == canonical(theirs)
