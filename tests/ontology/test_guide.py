"""docs/editing-in-protege.md, walked through step by step with the OWL API in Protégé's place."""

from __future__ import annotations

import difflib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kb import KnowledgeBase
from kb.cli import run
from kb.resources import folder
from tests.ontology.test_protege import HERE, SAMPLE, text_of
from tests.shop import BRANDS, turtle
from tests.test_ontology import RULES, errors

SHIPPED = folder("ontology")


def save(class_path: str, jobs: list[tuple[object, ...]]) -> None:
    """Open, edit and save files as Protégé does."""
    text = "\n".join("\t".join(map(str, job)) for job in jobs)
    command = ["java", "-XX:TieredStopAtLevel=1", "-cp", class_path, HERE / "Protege.java"]
    subprocess.run(command, input=text, encoding="utf-8", check=True, capture_output=True)


@pytest.fixture
def shop(made_store: Path, tmp_path: Path) -> Iterator[Path]:
    place = Path(shutil.copytree(made_store, tmp_path / "shop.kb"))
    with KnowledgeBase.open(place) as knowledge:
        knowledge.load(turtle(tmp_path, BRANDS))
    yield place


def test_the_eight_steps_of_the_guide(
    owl_api: str, shop: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    edited = Path(shutil.copytree(SHIPPED, tmp_path / "ontology"))
    store = ["--store", str(shop)]

    # 1 to 4: open, choose the module, edit, save. What names the property is renamed wherever it is loaded.
    renamed = [one for one in sorted(edited.glob("*.ttl")) if "ckb:subBrandOf" in one.read_text("utf-8")]
    save(owl_api, [(edited / "catalog.ttl", edited / "catalog.ttl", *SAMPLE)])
    save(owl_api, [(one, one, "rename", "subBrandOf", "underBrand") for one in renamed])

    # 5: format and check.
    formatter = [sys.executable, "-m", "kb.ontology.turtle", edited]
    subprocess.run(formatter, check=True)
    changed = {
        one.name for one in SHIPPED.glob("*.ttl") if one.read_bytes() != (edited / one.name).read_bytes()
    }
    assert changed == {one.name for one in renamed}
    lines = difflib.ndiff(
        (SHIPPED / "catalog.ttl").read_text("utf-8").splitlines(),
        (edited / "catalog.ttl").read_text("utf-8").splitlines(),
    )
    assert len([line for line in lines if line[0] in "+-"]) < 60
    assert {rule.stem: found for rule in RULES if (found := errors(rule, sorted(edited.glob("*.ttl"))))} == {}

    # 6: ask what it means. A question names what is gone.
    assert run(["ontology", "check", "--edit", "--no-hermit", str(edited), *store]) == 1
    told = capfd.readouterr().out
    for expected in (
        "renamed: subBrandOf -> underBrand",
        "class added: Sample",
        "underBrand: 3 gained, 0 lost",
        "subBrandOf: 0 gained, 3 lost",
        "C12: names subBrandOf, which is gone",
    ):
        assert expected in told
    assert run(["query", "ASK { ?a ckb:underBrand ?b }", *store]) == 0
    assert "no" in capfd.readouterr().out

    # 7: load.
    assert run(["ontology", "load", str(edited), "-m", "samples; a better name", *store]) == 0
    assert "commit #3" in capfd.readouterr().out
    assert run(["query", "ASK { ?a ckb:underBrand ?b }", *store]) == 0
    assert "yes" in capfd.readouterr().out

    # 8: release, and what is released is again what Protégé would save.
    release = Path(shutil.copytree(edited, tmp_path / "release"))
    assert run(["ontology", "release", "0.2.0", str(release), "--since", str(SHIPPED)]) == 0
    changes = (release / "CHANGES.md").read_text("utf-8")
    assert "## 0.2.0" in changes and "- class added: Sample" in changes
    saved = tmp_path / "saved"
    saved.mkdir()
    save(owl_api, [(one, saved / one.name) for one in sorted(release.glob("*.ttl"))])
    for one in release.glob("*.ttl"):
        assert text_of(saved / one.name) == text_of(one), one.name
    capfd.readouterr()
    assert run(["ontology", "diff", str(release), *store]) == 0
    told = capfd.readouterr().out
    assert "/catalog/0.2.0" in told and "Sample" not in told
    assert run(["ontology", "load", str(release), *store]) == 0
