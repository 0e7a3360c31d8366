"""Loading feeds in terms of schema.org with the built-in mapping."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb import KnowledgeBase
from kb.errors import DataError, SourceError, SyntaxFault

FEED = Path(__file__).parent / "fixtures" / "schemaorg-feed.jsonld"
OFFER = "https://w3id.org/commerce-kb/id/offer/06901234567892-moon-harbour"
PRICE = f"SELECT ?price {{ <{OFFER}> ckb:price ?price ; ckb:offersSku/ckb:variantOf/ckb:directBrand ?brand }}"
TURTLE = """
@prefix schema: <http://schema.org/> .
[] a schema:Product ; schema:name "Tin kettle" ; schema:sku "K7" ;
  schema:brand [ a schema:Brand ; schema:name "Ember" ] ; schema:category "Kitchen > Kettles" ; schema:offers
  [ a schema:Offer ; schema:price "12.50" ; schema:priceCurrency "EUR" ;
    schema:seller [ a schema:Organization ; schema:name "Hearth" ] ] .
"""


def offers(knowledge: KnowledgeBase) -> list[str]:
    return sorted(row[0].value for row in knowledge.query("SELECT ?offer { ?offer a ckb:Offer }"))


def test_a_json_ld_feed_is_loaded_in_our_terms(knowledge: KnowledgeBase) -> None:
    report = knowledge.load(FEED, mapping="schema.org")
    assert report.added
    assert [row["price"].value for row in knowledge.query(PRICE)] == ["79.9"]


def test_the_same_feed_again_changes_nothing_and_still_names_its_fault(knowledge: KnowledgeBase) -> None:
    first = knowledge.load(FEED, mapping="schema.org")
    again = knowledge.load(FEED, mapping="schema.org")
    assert (again.added, again.removed) == (0, 0)
    assert again.nodes == first.nodes


@pytest.mark.parametrize("name", ["feed.json", "feed.jsonld.gz"])
def test_json_and_packed_feeds_are_read_as_json_ld(
    knowledge: KnowledgeBase, tmp_path: Path, name: str
) -> None:
    text = FEED.read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    knowledge.load(tmp_path / name, mapping="schema.org")
    assert OFFER in offers(knowledge)


@pytest.mark.parametrize("suffix", [".ttl", ".nt"])
def test_schema_org_in_turtle_and_n_triples_is_mapped_too(
    knowledge: KnowledgeBase, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"feed{suffix}"
    form = ox.RdfFormat.TURTLE if suffix == ".ttl" else ox.RdfFormat.N_TRIPLES
    path.write_bytes(ox.serialize(ox.parse(TURTLE, format=ox.RdfFormat.TURTLE), format=form))
    assert knowledge.load(path, mapping="schema.org")
    assert offers(knowledge) == ["https://w3id.org/commerce-kb/id/offer/K7-hearth"]


def test_blank_products_keep_their_keys_from_load_to_load(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    path = tmp_path / "feed.ttl"
    path.write_text(TURTLE.replace('schema:sku "K7" ; ', ""), encoding="utf-8")
    knowledge.load(path, mapping="schema.org")
    before = offers(knowledge)
    path.write_text(path.read_text(encoding="utf-8") + "# the next day\n", encoding="utf-8")
    report = knowledge.load(path, mapping="schema.org")
    assert before and offers(knowledge) == before
    assert (report.added, report.removed) == (0, 0)


def test_blank_nodes_of_two_files_stay_apart(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    for number in (1, 2):
        document = {
            "@context": "https://schema.org",
            "@type": "Product",
            "@id": "_:p",
            "name": f"Kettle {number}",
            "sku": f"K{number}",
            "brand": {"@type": "Brand", "name": "Ember"},
            "category": "Kettles",
        }
        (tmp_path / f"{number}.jsonld").write_text(json.dumps(document), encoding="utf-8")
    knowledge.load([tmp_path / "1.jsonld", tmp_path / "2.jsonld"], mapping="schema.org")
    names = knowledge.query("SELECT ?name { ?sku ckb:variantOf ?spu ; rdfs:label ?name }")
    assert sorted(row["name"].value for row in names) == ["Kettle 1", "Kettle 2"]


def test_a_feed_without_products_is_refused_and_the_source_stays(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    knowledge.load(FEED, mapping="schema.org", source="feed")
    empty = tmp_path / "feed.jsonld"
    empty.write_text('{"@context": "https://schema.org", "@type": "Person", "name": "Ann"}', encoding="utf-8")
    with pytest.raises(DataError, match=r"no schema\.org Product"):
        knowledge.load(empty, mapping="schema.org", source="feed")
    assert OFFER in offers(knowledge)


def test_faulty_feeds_are_named(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    broken, foreign = tmp_path / "broken.jsonld", tmp_path / "foreign.jsonld"
    broken.write_text('{"@context": \n', encoding="utf-8")
    foreign.write_bytes('{"name": "Chaise longue à fleurs"}'.encode("latin-1"))
    with pytest.raises(SyntaxFault, match="line 2"):
        knowledge.load(broken, mapping="schema.org")
    with pytest.raises(SourceError, match="UTF-8"):
        knowledge.load(foreign, mapping="schema.org")


def test_a_changed_table_beside_the_given_one_makes_another_load(
    knowledge: KnowledgeBase, tmp_path: Path
) -> None:
    mapping = tmp_path / "brands.yml"
    mapping.write_text(
        "prefixes: {id: 'https://w3id.org/commerce-kb/id/'}\n"
        "mappings:\n"
        + "".join(
            f"  {table}:\n    sources: [[{table}.csv]]\n    s: id:brand/$(key)\n"
            "    po: [[a, ckb:Brand], [rdfs:label, $(name), en~lang]]\n"
            for table in ("own", "bought")
        ),
        encoding="utf-8",
    )
    (tmp_path / "own.csv").write_text("key,name\na,Aspen\n", encoding="utf-8")
    (tmp_path / "bought.csv").write_text("key,name\nb,Birch\n", encoding="utf-8")
    load = lambda: knowledge.load(tmp_path / "own.csv", mapping=mapping, source="brands")  # noqa: E731
    load()
    assert load().commit is None
    (tmp_path / "bought.csv").write_text("key,name\nb,Birch\nc,Cedar\n", encoding="utf-8")
    assert load().added
