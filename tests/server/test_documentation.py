"""What is written about the server is complete."""

from __future__ import annotations

import json
import re
from pathlib import Path

from kb.querying.competency import catalogue
from server.app import create_app

ROOT = Path(__file__).parent.parent.parent


def test_every_route_is_documented(tmp_path: Path) -> None:
    documented = (ROOT / "docs" / "server.md").read_text("utf-8")
    rules = [rule.rule for rule in create_app(tmp_path / "none.kb").url_map.iter_rules()]
    assert len(rules) > 8
    assert [rule for rule in rules if f"`{rule}" not in documented] == []


def test_every_word_of_the_pages_is_translated() -> None:
    chinese = json.loads((ROOT / "server" / "words" / "zh.json").read_text("utf-8"))
    said = set()
    for template in (ROOT / "server" / "templates").glob("*.html"):
        said |= set(re.findall(r"""_\("([^"]+)"\)|_\('([^']+)'\)""", template.read_text("utf-8")))
    words = {one or other for one, other in said}
    computed = {"Classes", "Object properties", "Datatype properties"} | {
        question.duty for question in catalogue()
    }
    assert words - chinese.keys() == set()
    assert computed - chinese.keys() == set()


def test_the_editor_is_pinned_and_the_lock_names_no_registry() -> None:
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    lock = json.loads((ROOT / "package-lock.json").read_text("utf-8"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["dependencies"]["@zazuko/yasgui"])
    assert all("resolved" not in entry for entry in lock["packages"].values())
    assert all("integrity" in entry for path, entry in lock["packages"].items() if path)
