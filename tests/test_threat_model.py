"""Every threat names tests that are there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in TEXT.splitlines() if re.match(r"\| (?!threat|---)", line)]
NAMED = re.compile(r"`([^`]+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].strip())
def test_a_threat_has_an_answer_and_tests_that_are_there(row: list[str]) -> None:
    _, answer, shown = row
    assert answer.strip()
    named = NAMED.findall(shown)
    assert named
    file = ""
    for name in named:
        file, _, test = name.partition("::") if not name.startswith("::") else (file, "", name[2:])
        source = (ROOT / "tests" / file).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in source, name


def test_every_attack_stands_for_a_threat() -> None:
    files = {path.name for path in (ROOT / "tests" / "attacks").glob("test_*.py")}
    assert files == {name for name in files if f"`attacks/{name}" in TEXT}
