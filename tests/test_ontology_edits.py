"""An edited ontology reaches the store: told in words, weighed, loaded as a commit, released."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from kb import KnowledgeBase
from kb.cli import group
from kb.errors import OntologyError, UnsupportedFormat, UsageError
from kb.ontology.difference import difference, read_ontology
from kb.ontology.release import release
from kb.ontology.turtle import formatted
from kb.reasoning import OntologyCheck
from kb.reasoning.rules import Unsupported
from kb.resources import folder
from tests.shop import BRANDS, turtle

BRAND = "https://w3id.org/commerce-kb/id/brand/"
ONTO = "https://w3id.org/commerce-kb/onto#"


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A copy of the ontology's folder to edit."""
    shutil.copytree(folder("ontology"), tmp_path / "ontology")
    return tmp_path / "ontology"


@pytest.fixture
def knowledge(made_store: Path, tmp_path: Path) -> Iterator[KnowledgeBase]:
    shutil.copytree(made_store, tmp_path / "shop.kb")
    with KnowledgeBase.open(tmp_path / "shop.kb") as opened:
        opened.load(turtle(tmp_path, BRANDS))
        yield opened


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def rename(edited: Path) -> None:
    for file in edited.glob("*.ttl"):
        text = file.read_text("utf-8").replace("ckb:subBrandOf", "ckb:underBrand")
        file.write_text(text.replace("onto#subBrandOf", "onto#underBrand"), "utf-8")


def ask(knowledge: KnowledgeBase, pattern: str) -> bool:
    return bool(knowledge.query(f"PREFIX brand: <{BRAND}> ASK {{ {pattern} }}"))


def test_ontology_as_it_ships_differs_in_nothing_from_the_stores(
    knowledge: KnowledgeBase, edited: Path
) -> None:
    assert str(knowledge.diff_ontology([edited])) == "no difference"
    assert knowledge.load_ontology([edited]).commit is None


def test_renamed_term_is_told_as_renamed(edited: Path) -> None:
    rename(edited)
    found = difference(read_ontology([folder("ontology")]), read_ontology([edited]))
    assert found.renamed == ((f"{ONTO}subBrandOf", f"{ONTO}underBrand"),)
    assert not (found.added or found.removed or found.axioms_added or found.axioms_removed or found.texts)


def test_label_class_and_axiom_are_told_in_words(edited: Path) -> None:
    replace(edited / "catalog.ttl", '"品牌"@zh', '"牌子"@zh')
    with (edited / "catalog.ttl").open("a", encoding="utf-8") as file:
        file.write("ckb:Sample a owl:Class ; rdfs:subClassOf ckb:Product , [ a owl:Restriction ; ")
        file.write("owl:onProperty ckb:hasVariant ; owl:someValuesFrom ckb:SKU ] .\n")
    told = str(difference(read_ontology([folder("ontology")]), read_ontology([edited])))
    assert told.splitlines() == [
        "class added: Sample",
        'label of Brand @zh: "品牌" -> "牌子"',
        "+ Sample subClassOf (hasVariant some SKU)",
        "+ Sample subClassOf Product",
    ]


def test_weighing_tells_what_follows_no_more_and_which_questions_break(
    knowledge: KnowledgeBase, edited: Path
) -> None:
    rename(edited)
    weighed = knowledge.weigh_ontology([edited / "catalog.ttl"], hermit=False)
    counts = {one.term: (one.gained, one.lost) for one in weighed.consequences}
    assert counts == {f"{ONTO}subBrandOf": (0, 3), f"{ONTO}underBrand": (3, 0)}
    assert [one.name for one in weighed.questions] == ["C12"]
    assert ask(knowledge, "brand:sub ckb:subBrandOf brand:top"), "nothing is written"


def test_weighing_names_shapes_that_speak_of_a_term_that_is_gone(
    knowledge: KnowledgeBase, edited: Path
) -> None:
    for file in edited.glob("*.ttl"):
        replaced = file.read_text("utf-8").replace("ckb:gtin", "ckb:code").replace("onto#gtin", "onto#code")
        file.write_text(replaced, "utf-8")
    weighed = knowledge.weigh_ontology([edited], hermit=False)
    assert not weighed
    assert "names gtin" in {one.why for one in weighed.shapes}


def test_loaded_edit_changes_consequences_at_once_for_who_has_the_store_open(
    knowledge: KnowledgeBase, edited: Path
) -> None:
    with KnowledgeBase.open(knowledge.folder.path, read_only=True) as reader:
        assert ask(reader, "brand:sub ckb:subBrandOf brand:top")
        rename(edited)
        report = knowledge.load_ontology([edited], message="a better name")
        assert knowledge.log()[-1].message == "a better name"
        assert report.commit
        assert ask(reader, "brand:sub ckb:underBrand brand:top")
        assert not ask(reader, "brand:sub ckb:subBrandOf brand:top")


def test_reloading_the_same_file_is_no_commit(knowledge: KnowledgeBase, edited: Path) -> None:
    rename(edited)
    assert knowledge.load_ontology([edited]).commit
    assert knowledge.load_ontology([edited]).commit is None


def test_optional_module_is_loaded_where_it_is_named_and_not_of_a_folder(
    knowledge: KnowledgeBase, edited: Path
) -> None:
    assert knowledge.load_ontology([edited]).commit is None
    assert knowledge.load_ontology([edited / "align-gs1.ttl"]).added > 50
    assert ask(knowledge, "brand:sub a <https://ref.gs1.org/voc/Brand>")


def test_file_that_names_no_ontology_is_refused(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    with pytest.raises(OntologyError, match="names 0 ontologies"):
        knowledge.load_ontology([turtle(tmp_path, BRANDS)])


def test_axiom_that_is_not_whole_is_loaded_and_told(knowledge: KnowledgeBase, tmp_path: Path) -> None:
    text = "<urn:o> a owl:Ontology . <urn:A> a owl:Class ; rdfs:subClassOf [ a owl:Restriction ; owl:hasValue 1 ] ."
    file = turtle(tmp_path, f"@prefix owl: <http://www.w3.org/2002/07/owl#> .\n{text}", "cut.ttl")
    assert "<urn:A> subClassOf (no property value" in str(knowledge.diff_ontology([file]))
    assert knowledge.load_ontology([file]).commit


def test_release_sets_versions_the_catalog_and_the_changes(edited: Path, tmp_path: Path) -> None:
    rename(edited)
    found = release(edited, "0.2.0", since=folder("ontology"))
    assert (found.version, found.prior) == ("0.2.0", "0.1.0")
    for file in edited.glob("*.ttl"):
        text = file.read_text("utf-8")
        assert "0.2.0> ;" in text
        assert text.count("/0.1.0>") == 1, "the prior version alone"
        assert formatted(file) == text
    assert "/0.1.0" not in (edited / "catalog-v001.xml").read_text("utf-8")
    assert "- renamed: subBrandOf -> underBrand" in (edited / "CHANGES.md").read_text("utf-8")


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "next"])
def test_release_that_does_not_go_up_is_refused(edited: Path, version: str) -> None:
    with pytest.raises(UsageError):
        release(edited, version)


@pytest.mark.parametrize(
    ("text", "syntax"),
    [
        ("<?xml version='1.0'?>\n<Ontology xmlns='http://www.w3.org/2002/07/owl#'/>", "OWL/XML"),
        ("Prefix(:=<urn:x#>)\nOntology(<urn:x>)", "functional"),
        ("Prefix: : <urn:x#>\nOntology: <urn:x>", "Manchester"),
    ],
)
def test_syntaxes_of_owl_alone_are_refused_with_the_remedy(tmp_path: Path, text: str, syntax: str) -> None:
    file = tmp_path / "shop.owl"
    file.write_text(text, "utf-8")
    with pytest.raises(UnsupportedFormat, match=syntax) as refused:
        read_ontology([file])
    assert "Turtle" in str(refused.value.hint)


def test_owl_file_may_be_turtle(tmp_path: Path) -> None:
    file = tmp_path / "core.owl"
    shutil.copy(folder("ontology") / "core.ttl", file)
    assert (
        str(difference(read_ontology([file]), read_ontology([folder("ontology") / "core.ttl"])))
        == "no difference"
    )


def test_vocabularies_of_others_are_read_compressed(shared_data: Callable[[str], Path]) -> None:
    file = shared_data("gs1-webvoc") / "gs1Voc.ttl.gz"
    assert "class added: <https://ref.gs1.org/voc/Product>" in str(difference([], read_ontology([file])))


def test_what_rules_do_not_cover_is_counted_where_it_occurs_often() -> None:
    many = tuple(Unsupported("a facet", f"axiom {number}", "use a shape") for number in range(7000))
    told = str(OntologyCheck(True, (), (), (), many, ())).splitlines()
    assert len(told) == 6
    assert told[-1] == "not covered: a facet, 6,997 more"


def test_verbs_of_the_command_line(knowledge: KnowledgeBase, edited: Path) -> None:
    rename(edited)
    store = ["--store", str(knowledge.folder.path)]
    told = CliRunner().invoke(group, ["ontology", "diff", str(edited), *store])
    assert told.output == "renamed: subBrandOf -> underBrand\n"
    weighed = CliRunner().invoke(group, ["ontology", "check", "--edit", "--no-hermit", str(edited), *store])
    assert "underBrand: 3 gained, 0 lost" in weighed.output
    loaded = CliRunner().invoke(group, ["ontology", "load", str(edited), *store])
    assert "commit #3" in loaded.output
