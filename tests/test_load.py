"""Loading: what goes in, what is held back, what is refused, and that nothing is lost."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest
import zstandard

from kb import KnowledgeBase, LoadOptions
from kb.errors import (
    DataError,
    Forbidden,
    GateRefused,
    MappingError,
    SourceError,
    SyntaxFault,
    UnsupportedFormat,
    UsageError,
)
from tests.shop import BAD_BRAND, BRANDS, PREFIXES, turtle

BRAND = "https://w3id.org/commerce-kb/id/brand/"
COUNT = "SELECT (COUNT(DISTINCT ?b) AS ?n) { ?b a ckb:Brand }"


def brands(knowledge: KnowledgeBase) -> int:
    return int(knowledge.query(COUNT).rows[0]["n"].value)


def contents(knowledge: KnowledgeBase) -> set[bytes]:
    return set(b"".join(knowledge.dump()).splitlines())


def test_a_file_becomes_one_commit_with_its_consequences(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    report = knowledge.load(turtle(tmp_path, BRANDS), message="first brands")
    assert report
    assert report.added == 9
    assert [(one.source, one.message) for one in knowledge.log()][1:] == [("feed", "first brands")]
    family = knowledge.query(f"SELECT ?t {{ <{BRAND}sub> ckb:subBrandOf ?t }}")
    assert {row["t"].value for row in family} == {f"{BRAND}mid", f"{BRAND}top"}
    without = knowledge.query(f"SELECT ?t {{ <{BRAND}sub> ckb:subBrandOf ?t }}", reasoning=False)
    assert list(without) == []


def test_the_same_load_again_says_so_and_changes_nothing(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = turtle(tmp_path, BRANDS)
    knowledge.load(path)
    before = knowledge.snapshot.name
    again = knowledge.load(path)
    assert again.commit is None
    assert "nothing new" in str(again)
    assert knowledge.snapshot.name == before


def test_a_source_is_replaced_by_default_and_added_to_on_request(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    knowledge.load(turtle(tmp_path, BRANDS), source="feed")
    one = 'brand:new a ckb:Brand ; rdfs:label "Novel"@en .'
    knowledge.load(turtle(tmp_path, one, "b.ttl"), source="feed", options=LoadOptions(mode="add"))
    assert brands(knowledge) == 4
    report = knowledge.load(turtle(tmp_path, one, "c.ttl"), source="feed")
    assert (report.added, report.removed) == (0, 9)
    assert brands(knowledge) == 1


def test_removing_a_source_removes_what_only_it_supported(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS), source="one")
    knowledge.load(turtle(tmp_path, "brand:sub ckb:directSubBrandOf brand:mid .", "b.ttl"), source="two")
    knowledge.load(
        turtle(tmp_path, 'brand:top a ckb:Brand ; rdfs:label "Lumora"@en .', "c.ttl"), source="one"
    )
    rows = knowledge.query("SELECT ?s ?o { ?s ckb:directSubBrandOf ?o }")
    assert [tuple(term.value.removeprefix(BRAND) for term in row) for row in rows] == [("sub", "mid")]
    assert not list(knowledge.query(f"SELECT ?t {{ <{BRAND}sub> ckb:subBrandOf <{BRAND}top> . ?t ?p ?o }}"))


def test_a_triple_of_two_sources_counts_once(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS), source="one")
    knowledge.load(turtle(tmp_path, BRANDS, "b.ttl"), source="two")
    counted = knowledge.query("SELECT (COUNT(?b) AS ?n) { ?b a ckb:Brand }").rows[0]["n"].value
    assert counted == "3"
    graphs = knowledge.query(f"SELECT ?g {{ GRAPH ?g {{ <{BRAND}top> a ckb:Brand }} }}")
    assert {row["g"].value.rsplit("/", 1)[1] for row in graphs} == {"one", "two"}


def test_a_bad_node_goes_into_quarantine_and_its_neighbours_stay(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    report = knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND))
    assert not report
    assert report.nodes == (f"<{BRAND}bad>",)
    assert report.quarantined == 4
    assert brands(knowledge) == 3
    entry = knowledge.quarantine()[0]
    assert len(entry.quads.read_text().splitlines()) == 4
    assert entry.reasons(f"<{BRAND}bad>")


def test_strict_loading_refuses_all_of_it(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS))
    before = contents(knowledge)
    with pytest.raises(GateRefused, match="strict"):
        knowledge.load(turtle(tmp_path, BAD_BRAND, "bad.ttl"), options=LoadOptions(strict=True))
    assert contents(knowledge) == before
    assert len(knowledge.log()) == 2


def test_a_dry_run_tells_and_writes_nothing(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    report = knowledge.load(turtle(tmp_path, BRANDS + BAD_BRAND), options=LoadOptions(dry_run=True))
    assert (report.added, report.quarantined) == (9, 4)
    assert "would" in str(report)
    assert brands(knowledge) == 0
    assert knowledge.quarantine() == []


@pytest.mark.parametrize("suffix", [".ttl", ".trig", ".nt", ".nq", ".rdf", ".jsonld"])
@pytest.mark.parametrize("packed", ["", ".gz", ".zst"])
def test_every_format_says_the_same(
    knowledge: KnowledgeBase, tmp_path: Path, suffix: str, packed: str
) -> None:
    from kb.formats import RDF_FORMATS

    triples = [quad.triple for quad in ox.parse(PREFIXES + BRANDS, format=ox.RdfFormat.TURTLE)]
    data = ox.serialize(triples, format=RDF_FORMATS[suffix])
    data = {"": data, ".gz": gzip.compress(data), ".zst": zstandard.compress(data)}[packed]
    path = tmp_path / f"feed{suffix}{packed}"
    path.write_bytes(data)
    assert knowledge.load(path).added == 9


def test_standard_input_is_a_file_called_dash(
    knowledge: KnowledgeBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.TextIOWrapper(io.BytesIO((PREFIXES + BRANDS).encode()))
    monkeypatch.setattr(sys, "stdin", stream)
    report = knowledge.load("-", source="piped", options=LoadOptions(format=ox.RdfFormat.TURTLE))
    assert report.added == 9


def test_broken_syntax_names_file_line_column_and_fragment(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = turtle(tmp_path, BRANDS + "brand:x a ckb:Brand ; rdfs:label unquoted .\n")
    with pytest.raises(SyntaxFault) as caught:
        knowledge.load(path)
    text = str(caught.value)
    assert "feed.ttl, line 9, column" in text
    assert "«brand:x a ckb:Brand" in text
    assert brands(knowledge) == 0
    assert len(knowledge.log()) == 1


@pytest.mark.parametrize(
    ("name", "data", "error", "words"),
    [
        ("empty.ttl", b"", SourceError, "empty"),
        ("empty.ttl.gz", b"", SourceError, "empty or not compressed"),
        ("blank.ttl.gz", gzip.compress(b"", mtime=0), SourceError, "empty"),
        ("cut.ttl.gz", gzip.compress(PREFIXES.encode() * 500, mtime=0)[:-60], SourceError, "decompressed"),
        ("feed.tll", b"x", UnsupportedFormat, "did you mean .ttl"),
        (
            "latin.ttl",
            PREFIXES.encode() + 'brand:x rdfs:label "caf\xe9" .'.encode("latin-1"),
            DataError,
            "UTF-8",
        ),
        ("bomb.rdf", b'<!DOCTYPE x [<!ENTITY a "b">]><rdf/>', DataError, "DOCTYPE"),
        ("table.csv", b"a,b\n1,2\n", MappingError, "needs a mapping"),
    ],
)
def test_bad_files_have_named_errors(
    knowledge: KnowledgeBase, tmp_path: Path, name: str, data: bytes, error: type[DataError], words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(error, match=words):
        knowledge.load(path)


def test_folders_urls_and_missing_files_have_named_errors(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    for place, words in (
        (tmp_path, "folder"),
        ("http://example.org/feed.ttl", "URLs are not fetched"),
        (tmp_path / "no.ttl", "No such file"),
    ):
        with pytest.raises(SourceError, match=words):
            knowledge.load(place, source="feed")


def test_a_file_may_not_write_into_the_graphs_that_are_kept_for_it(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    path = tmp_path / "feed.nq"
    path.write_text("<urn:s> <urn:p> <urn:o> <https://w3id.org/commerce-kb/graph/inferred> .\n")
    with pytest.raises(DataError, match="keeps itself"):
        knowledge.load(path)
    with pytest.raises(UsageError, match="name of a source"):
        knowledge.load(path, source="inferred")


def test_foreign_graph_names_are_kept(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = tmp_path / "feed.nq"
    path.write_text("<urn:s> <urn:p> <urn:o> <urn:foreign> .\n")
    knowledge.load(path)
    rows = knowledge.query("SELECT ?g { GRAPH ?g { <urn:s> ?p ?o } }")
    assert [row["g"].value for row in rows] == ["urn:foreign"]


def test_private_graphs_are_absent_from_public_views(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS), source="orders", options=LoadOptions(private=True))
    everything = "SELECT * { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } FILTER(?s = brand:top) }"
    text = f"PREFIX brand: <{BRAND}> {everything}"
    assert list(knowledge.query(text))
    assert not list(knowledge.query(text, private=False))
    named = f"SELECT * FROM <https://w3id.org/commerce-kb/graph/private/orders> {{ <{BRAND}top> ?p ?o }}"
    assert list(knowledge.query(named))
    assert not list(knowledge.query(named, private=False))


def test_blank_nodes_come_in_as_skolem_iris(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, "<urn:s> <urn:p> [ <urn:q> 1 ] , [ <urn:q> 2 ] ."))
    rows = knowledge.query("SELECT ?o { <urn:s> <urn:p> ?o }")
    assert len({row["o"].value for row in rows}) == 2
    assert all("/.well-known/genid/" in row["o"].value for row in rows)


def test_terms_are_journalled_as_received_and_stored_as_oxigraph_has_them(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    knowledge.load(turtle(tmp_path, "<urn:s> <urn:p> 1.50 ."))
    assert '"1.50"^^' in (knowledge.folder.path / "journal" / "00000001.rdfp").read_text()
    assert knowledge.query("SELECT ?o { <urn:s> <urn:p> ?o }").rows[0]["o"].value == "1.5"
    otherwise = turtle(tmp_path, "<urn:s> <urn:p> 1.5 .", "b.ttl")
    again = knowledge.load(otherwise, source="feed")
    assert (again.added, again.removed) == (1, 1)
    assert knowledge.load(otherwise, source="feed").commit is None


def test_a_commit_in_python_is_reverted_by_another(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS))
    before = contents(knowledge)
    with knowledge.commit(source="manual", message="a fourth brand") as change:
        change.add(f"{BRAND}four", "rdf:type", "ckb:Brand")
        change.add(f"{BRAND}four", "rdfs:label", ox.Literal("Quartet", language="en"))
    assert change.report.added == 2
    assert brands(knowledge) == 4
    knowledge.revert(str(change.report.number))
    assert contents(knowledge) == before


def test_a_source_that_turns_private_leaves_nothing_public(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = turtle(tmp_path, BRANDS)
    knowledge.load(path, source="o")
    knowledge.load(path, source="o", options=LoadOptions(private=True))
    assert not list(knowledge.query(f"SELECT * {{ <{BRAND}top> ?p ?o }}", private=False))
    assert list(knowledge.query(f"SELECT * {{ <{BRAND}top> ?p ?o }}"))


def test_the_same_load_goes_in_again_when_it_no_longer_stands(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    path = turtle(tmp_path, BRANDS)
    knowledge.load(path)
    knowledge.update("CLEAR GRAPH <https://w3id.org/commerce-kb/graph/feed>")
    assert brands(knowledge) == 0
    assert knowledge.load(path).added == 9
    bad = turtle(tmp_path, BAD_BRAND, "bad.ttl")
    assert not knowledge.load(bad)
    assert not knowledge.load(bad)


def test_a_load_touches_no_graph_of_another_source(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS), source="one")
    path = tmp_path / "two.nq"
    path.write_text("<urn:s> <urn:p> <urn:o> <https://w3id.org/commerce-kb/graph/one> .\n")
    assert knowledge.load(path).removed == 0
    assert brands(knowledge) == 3


def test_graphs_that_a_source_no_longer_names_are_emptied(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    for graph in ("urn:g1", "urn:g2"):
        path = tmp_path / "feed.nq"
        path.write_text(f"<urn:s> <urn:p> <urn:o> <{graph}> .\n")
        knowledge.load(path)
    rows = knowledge.query("SELECT ?g { GRAPH ?g { <urn:s> <urn:p> ?o } }")
    assert [row["g"].value for row in rows] == ["urn:g2"]


def test_a_file_without_quads_does_not_empty_its_source(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS))
    with pytest.raises(SourceError, match="would empty the source 'feed'"):
        knowledge.load(turtle(tmp_path, "# nothing yet"))
    assert brands(knowledge) == 3


def test_a_node_whose_new_version_is_bad_stays_as_it_was(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS))
    before = contents(knowledge)
    worse = BRANDS.replace(
        "brand:sub a ckb:Brand ;", "brand:sub a ckb:Brand ; ckb:directSubBrandOf brand:top ;"
    )
    report = knowledge.load(turtle(tmp_path, worse))
    assert report.nodes == (f"<{BRAND}sub>",)
    assert contents(knowledge) == before
    knowledge.update(f"DELETE DATA {{ <{BRAND}sub> rdfs:label 'Lumora Mini'@en }}")
    assert contents(knowledge) == before
    assert not knowledge.validate().count("Violation")


def test_the_ontology_is_not_reverted(knowledge: KnowledgeBase) -> None:
    with pytest.raises(Forbidden, match="no revert takes away"):
        knowledge.revert("1")


def test_messages_about_private_graphs_stay_private(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = turtle(tmp_path, BRANDS)
    options = LoadOptions(private=True)
    knowledge.load(path, source="secret", message="about Alice", options=options)
    everywhere = "SELECT * { GRAPH ?g { ?s ?p ?o } FILTER(CONTAINS(STR(?o), 'Alice')) }"
    assert list(knowledge.query(everywhere))
    assert not list(knowledge.query(everywhere, private=False))


def test_a_dump_loads_into_another_store(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    knowledge.load(turtle(tmp_path, BRANDS + "<urn:s> <urn:p> [ <urn:q> 1 ] ."), source="one")
    knowledge.load(turtle(tmp_path, BRANDS, "b.ttl"), source="two", options=LoadOptions(private=True))
    dumped = tmp_path / "dump.nq"
    dumped.write_bytes(b"".join(knowledge.dump()))
    with KnowledgeBase.open(tmp_path / "other.kb") as other:
        report = other.load(dumped)
        assert report.added == 9 + 2 + 9
        again = b"".join(other.dump())
    both = [ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_QUADS)) for text in (dumped.read_bytes(), again)]
    for dataset in both:
        dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    assert both[0] == both[1]


def test_nothing_is_written_when_a_commit_block_fails(knowledge: KnowledgeBase) -> None:
    with pytest.raises(RuntimeError), knowledge.commit(source="manual", message="x") as change:
        change.add("urn:s", "urn:p", "urn:o")
        raise RuntimeError
    assert len(knowledge.log()) == 1
