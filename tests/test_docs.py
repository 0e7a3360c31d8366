"""The documentation says what is there, and points to what is there."""

from __future__ import annotations

import inspect
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest

import kb
from kb.cli.reference import reference
from kb.errors import KbError
from tests.conftest import ROOT

API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\"")


def below(parent: type[KbError]) -> Iterator[type[KbError]]:
    yield parent
    for child in parent.__subclasses__():
        yield from below(child)


ERRORS = [error for error in below(KbError) if error.__module__ == KbError.__module__]


def test_the_reference_of_the_command_line_is_in_step() -> None:
    written = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert written == reference(), "run make docs"


@pytest.mark.parametrize("name", kb.__all__)
def test_every_public_name_is_in_the_api_documentation(name: str) -> None:
    assert getattr(kb, name)
    assert re.search(rf"`{name}\b", API)


def test_every_method_of_the_facade_is_in_the_api_documentation() -> None:
    public = [name for name in vars(kb.KnowledgeBase) if not name.startswith("_") and name != "read_only"]
    assert [name for name in public if not re.search(rf"`(KnowledgeBase\.)?{name}\b", API)] == []


def test_the_api_documentation_names_no_method_that_is_not_there() -> None:
    named = re.findall(r"^\| `(\w+)\(?[^`]*` \|", API.split("## Writing")[0], re.MULTILINE)
    assert named
    assert [name for name in named if not hasattr(kb.KnowledgeBase, name)] == []


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_documented_with_its_codes(error: type[KbError]) -> None:
    assert f"| `{error.__name__}` | {error.exit_code} | {error.status} |" in API


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    import kb.errors as module

    drawn = [line for line in (module.__doc__ or "").splitlines() if re.match(r" {4,8}[K│├└]", line)]
    names = [re.search(r"[A-Z]\w+", line) for line in drawn]
    assert [found and found[0] for found in names] == [error.__name__ for error in ERRORS]
    for line, error in zip(drawn, ERRORS, strict=True):
        status, code = re.search(r" (\d{3})$", line), re.search(r"exit (\d)$", line)
        assert status is None or int(status[1]) == error.status
        assert code is None or int(code[1]) == error.exit_code


def test_every_public_name_and_method_says_what_it_does() -> None:
    silent = []
    for name in kb.__all__:
        value = getattr(kb, name)
        members = vars(value).items() if isinstance(value, type) else ()
        methods = {key: one for key, one in members if not key.startswith("_") and inspect.isroutine(one)}
        silent += [f"{name}.{key}" for key, one in methods.items() if not inspect.getdoc(one)]
        silent += [name] * (not inspect.getdoc(value))
    assert silent == []


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        return [path for path in ROOT.rglob("*.md") if "node_modules" not in path.parts]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_points_to_something(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    broken = []
    for found in LINK.finditer(text):
        target = unquote(found[1] or found[2])
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place) if place else page
        if not file.exists() or (anchor and file.suffix == ".md" and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ +(.*?) *$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
