"""The ontology's verbs over HTTP: what they tell is what they tell beside the store, to who may know it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.errors import Forbidden, KbError, OntologyError, Outdated, UnsupportedFormat, UsageError
from kb.remote import RemoteKnowledgeBase
from kb.resources import folder
from tests.server.live import Server

BRAND = "https://w3id.org/commerce-kb/id/brand/"


@pytest.fixture(scope="module")
def served(launch: Callable[..., Server], shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A server of a copy of the shop whose ontology is edited."""
    return launch(Path(shutil.copytree(shop, tmp_path_factory.mktemp("ontology") / "shop.kb")))


@pytest.fixture
def edited(tmp_path: Path) -> Iterator[Path]:
    """The ontology's folder with another name for a property and one class more."""
    place = Path(shutil.copytree(folder("ontology"), tmp_path / "ontology"))
    for file in place.glob("*.ttl"):
        text = file.read_text("utf-8").replace("ckb:subBrandOf", "ckb:underBrand")
        file.write_text(text.replace("onto#subBrandOf", "onto#underBrand"), "utf-8")
    with (place / "catalog.ttl").open("a", encoding="utf-8") as file:
        file.write("ckb:HouseBrand a owl:Class ; rdfs:subClassOf ckb:Brand .\n")
    yield place


def connected(server: Server, role: str, **options) -> RemoteKnowledgeBase:
    token = server.bearing(role, **options).headers["Authorization"].split()[1]
    return KnowledgeBase.connect(server.address, token=token)


def test_differences_and_what_they_mean_are_told_as_beside_the_store(served: Server, edited: Path) -> None:
    with KnowledgeBase.open(served.store, read_only=True) as beside:
        told, weighed = beside.diff_ontology([edited]), beside.weigh_ontology([edited], hermit=False)
    assert "renamed: subBrandOf -> underBrand" in str(told) and weighed.consequences
    with KnowledgeBase.connect(served.address) as anybody:
        before = anybody.snapshot.name
        assert anybody.diff_ontology([edited]) == told
        assert str(anybody.diff_ontology([folder("ontology")], [edited])) == str(told)
        with pytest.raises(KbError, match="needs a token for the role analyst"):
            anybody.weigh_ontology([edited])
        assert anybody.snapshot.name == before
    with connected(served, "analyst") as analyst:
        assert analyst.weigh_ontology([edited]) == weighed
        with pytest.raises(Forbidden, match="role admin"):
            analyst.load_ontology([edited])
    with connected(served, "writer") as writer, pytest.raises(Forbidden, match="role admin"):
        writer.load_ontology([edited])
    orders = ("https://w3id.org/commerce-kb/graph/private/orders",)
    with connected(served, "analyst", graphs=orders) as one, pytest.raises(Forbidden, match="all graphs"):
        one.weigh_ontology([edited])


def test_store_s_ontology_is_checked_by_the_hermit_that_is_here(
    served: Server, program: Callable[[str], Path]
) -> None:
    program("java")
    with KnowledgeBase.connect(served.address) as anybody:
        found = anybody.check_ontology()
    assert found and found.unsupported == () and found.missing_imports == ()


def test_loaded_edit_is_a_commit_and_what_the_server_answers_by(served: Server, edited: Path) -> None:
    with connected(served, "admin") as admin:
        before = admin.snapshot.name
        with pytest.raises(Outdated):
            admin.load_ontology([edited], snapshot="00000001-00000000")
        report = admin.load_ontology([edited / "catalog.ttl", edited], message="更好的名字", snapshot=before)
        assert report.commit and admin.log()[-1].message == "更好的名字"
        assert admin.query(f"ASK {{ <{BRAND}x> ckb:underBrand ?y }}") is not None
        assert str(admin.diff_ontology([edited])) == "no difference"
        assert admin.load_ontology([edited]).commit is None


def test_faults_name_the_file_as_it_was_sent(served: Server, tmp_path: Path) -> None:
    wrong = {
        "cut.ttl": ("<urn:a> a", OntologyError, "cut.ttl, line 1"),
        "shop.owl": ("Prefix: : <urn:x#>\nOntology: <urn:x>", UnsupportedFormat, "shop.owl"),
        "none.ttl": ("<urn:a> a <urn:b> .", OntologyError, "none.ttl"),
        "bomb.rdf": ('<?xml version="1.0"?><!DOCTYPE x []><x/>', KbError, "bomb.rdf"),
    }
    with connected(served, "admin") as admin:
        for name, (text, kind, where) in wrong.items():
            (tmp_path / name).write_text(text)
            for verb in (admin.diff_ontology, admin.weigh_ontology, admin.load_ontology):
                with pytest.raises(kind) as fault:
                    verb([tmp_path / name])
                assert fault.value.where == where


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"files": []}',
        b'{"files": {"a.ttl": 1}}',
        json.dumps({"files": {"../a.ttl": "x"}}).encode(),
        json.dumps({"folder": {"/etc/a.ttl": "x"}}).encode(),
        json.dumps({"files": {"a.csv": "x"}}).encode(),
        json.dumps({"files": {f"a{number}.ttl": "" for number in range(300)}}).encode(),
    ],
)
def test_body_that_holds_no_files_is_refused(served: Server, body: bytes) -> None:
    answer = served.ask("POST", "/ontology/diff", body=body, Content_Type="application/json")
    assert (answer.status, answer.json["title"]) == (400, "Usage error"), answer.text


def test_files_of_one_name_are_not_mixed_up(served: Server, edited: Path, tmp_path: Path) -> None:
    with KnowledgeBase.connect(served.address) as anybody, pytest.raises(UsageError, match=r"catalog\.ttl"):
        anybody.diff_ontology([edited / "catalog.ttl", folder("ontology") / "catalog.ttl"])
