"""Which graphs and commits the leaves of a proof come from."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyoxigraph import NamedNode

from kb import KnowledgeBase, graphs
from kb.versions.assertions import assertions_of

TRIPLE = NamedNode("urn:x:s"), NamedNode("urn:x:p"), NamedNode("urn:x:o")
SAID = "<urn:x:s> <urn:x:p> <urn:x:o>"
PUBLIC, PRIVATE = f"{graphs.GRAPH}shop", f"{graphs.PRIVATE}shop"


def test_the_commit_that_added_a_triple_last_is_named_for_each_graph_that_may_be_seen(
    made_store: Path, tmp_path: Path
) -> None:
    with KnowledgeBase.open(shutil.copytree(made_store, tmp_path / "shop.kb")) as knowledge:
        for message, verb, graph, text in (
            ("first", "INSERT", PUBLIC, SAID),
            ("gone", "DELETE", PUBLIC, SAID),
            ("again", "INSERT", PUBLIC, SAID),
            ("secret", "INSERT", PRIVATE, SAID),
            ("another", "INSERT", PUBLIC, "<urn:x:s> <urn:x:p> <urn:x:o2>"),
        ):
            knowledge.update(f"{verb} DATA {{ GRAPH <{graph}> {{ {text} }} }}", message=message)

        def said(private: bool) -> list[tuple[str, str]]:
            image, journal = knowledge.snapshot.image, knowledge.folder.journal
            found = assertions_of(image, journal, [TRIPLE], private=private)
            return sorted((one.graph, one.message) for one in found[TRIPLE])

        assert said(True) == [(PRIVATE, "secret"), (PUBLIC, "again")]
        assert said(False) == [(PUBLIC, "again")]
