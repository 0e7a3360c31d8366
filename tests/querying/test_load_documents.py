"""SPARQL LOAD: what it reads where the settings allow it, and what stays out of reach."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import DataError, Forbidden, SourceError, SyntaxFault
from kb.graphs import GRAPH, of_source

G = f"{GRAPH}g"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "shop.kb" / "in box"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def knowledge(inbox: Path, tmp_path: Path):
    (inbox.parent / "kb.toml").write_text(
        'ontology = []\nshapes = []\nreasoning = "none"\nload_folders = ["in box"]\n'
    )
    with KnowledgeBase.open(inbox.parent) as opened:
        opened.init()
        yield opened


def size(knowledge: KnowledgeBase, graph: str) -> int:
    return len(b"".join(knowledge.dump(graph=graph)).splitlines())


def test_a_document_is_loaded_into_the_graph_that_is_named(knowledge: KnowledgeBase, inbox: Path) -> None:
    (inbox / "é.ttl").write_text("<urn:s> <urn:p> 1, [] .")
    (inbox / "b.nt.gz").write_bytes(gzip.compress(b"<urn:s> <urn:p> <urn:o> ."))
    knowledge.update(
        f"LOAD <{(inbox / 'é.ttl').as_uri()}> INTO GRAPH <{G}> ; LOAD <{(inbox / 'b.nt.gz').as_uri()}>"
    )
    assert (size(knowledge, G), size(knowledge, of_source("update"))) == (2, 1)


def test_blank_nodes_of_two_loads_are_different(knowledge: KnowledgeBase, inbox: Path) -> None:
    (inbox / "a.ttl").write_text("_:b <urn:p> 1 .")
    load = f"LOAD <{(inbox / 'a.ttl').as_uri()}>"
    assert knowledge.update(f"{load} ; {load}").added == 2


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/a.ttl",
        "file://elsewhere.example/a.ttl",
        "file:///etc/hostname",
        "{inbox}/../kb.toml",
        "{inbox}/%2e%2e/kb.toml",
        "{inbox}/link.ttl",
        "{inbox}/a%00.ttl",
    ],
)
def test_nothing_else_is_read(knowledge: KnowledgeBase, inbox: Path, address: str) -> None:
    (inbox / "link.ttl").symlink_to(inbox.parent / "outside.ttl")
    (inbox.parent / "outside.ttl").write_text("<urn:s> <urn:p> 1 .")
    address = address.format(inbox=inbox.as_uri())
    with pytest.raises(Forbidden, match=r"load_folders in kb\.toml"):
        knowledge.update(f"LOAD <{address}>")
    assert knowledge.update(f"LOAD SILENT <{address}>").commit is None


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("missing.ttl", None, SourceError),
        ("wrong.ttl", "<urn:s> <urn:p>", SyntaxFault),
        ("named.nq", f"<urn:s> <urn:p> <urn:o> <{G}> .", DataError),
    ],
)
def test_a_document_at_fault_changes_nothing(
    knowledge: KnowledgeBase, inbox: Path, name: str, text: str | None, error: type[Exception]
) -> None:
    if text:
        (inbox / name).write_text(text)
    request = f"INSERT DATA {{ <urn:a> <urn:b> 1 }} ; LOAD <{(inbox / name).as_uri()}>"
    with pytest.raises(error):
        knowledge.update(request)
    assert len(knowledge.log()) == 1
    assert knowledge.update(request.replace("LOAD", "LOAD SILENT")).added == 1
