"""The W3C's SPARQL 1.1 update tests, evaluation and syntax, each through the ground diff on a plain dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.errors import QueryError
from kb.querying.datasets import StoreQuads
from kb.querying.syntax import operations
from kb.querying.updates import diff_of, judge
from tests.w3c.manifests import canonical, syntax_cases, update_cases

FOLDERS = (
    *("add", "basic-update", "clear", "copy", "delete", "delete-data", "delete-insert", "delete-where"),
    *("drop", "move", "update-silent"),
)
EVALUATED = 94


@pytest.mark.parametrize("folder", FOLDERS)
def test_updates_leave_the_dataset_that_the_suite_expects(suite: Path, folder: str) -> None:
    wrong = []
    judged = update_cases(suite / folder)
    for case in judged:
        diff = diff_of(StoreQuads(case.before), case.request)
        left = (set(case.before) - set(diff.removed)) | set(diff.added)
        if canonical(left) != canonical(case.after):
            wrong.append(case.name)
    assert judged and not wrong


def test_no_evaluation_test_of_the_suite_is_left_out(suite: Path) -> None:
    kind = "mf:UpdateEvaluationTest"
    texts = [path.read_text(encoding="utf-8") for path in suite.glob("*/manifest.ttl")]
    assert sum(len(update_cases(suite / folder)) for folder in FOLDERS) == EVALUATED
    assert sum(text.count(kind) for text in texts) == EVALUATED


@pytest.mark.parametrize("kind", ["Positive", "Negative"])
def test_updates_parse_as_the_suite_says(suite: Path, kind: str) -> None:
    cases = [
        case
        for folder in ("syntax-update-1", "syntax-update-2")
        for case in syntax_cases(suite / folder, f"{kind}UpdateSyntaxTest11")
    ]
    wrong = [
        name for name, text in cases if parses(f"BASE <http://example.test/>\n{text}") != (kind == "Positive")
    ]
    assert len(cases) == {"Positive": 42, "Negative": 13}[kind]
    assert not wrong


def parses(text: str) -> bool:
    """Whether a request gets as far as its operations."""
    try:
        judge(text)
        operations(text)
    except QueryError:
        return False
    return True
