"""The house is built as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT, lacking

# From top to bottom; a part imports itself and what stands in a line below its own.
LINES = [
    ["server", "kb.cli"],
    ["kb.demo", "kb.workers", "kb.mining"],
    ["kb"],
    ["kb.knowledge_base"],
    ["kb.analysing", "kb.exporting"],
    [
        "kb.administration",
        "kb.changing",
        "kb.forgetting",
        "kb.holding",
        "kb.judging",
        "kb.modelling",
        "kb.reading",
    ],
    ["kb.remote"],
    ["kb.backup", "kb.erasure", "kb.ontology"],
    ["kb.doctor"],
    ["kb.origins", "kb.writes"],
    ["kb.versions", "kb.reports", "kb.core", "kb.exports", "kb.insight"],
    ["kb.writer"],
    ["kb.contradictions", "kb.drafts"],
    ["kb.dumps", "kb.pipeline", "kb.statistics", "kb.initial"],
    ["kb.gate"],
    ["kb.analytics"],
    ["kb.loading", "kb.reasoning", "kb.validation", "kb.querying", "kb.star"],
    ["kb.store"],
    ["kb.columns"],
    [
        "kb.formats",
        "kb.skolem",
        "kb.values",
        "kb.settings",
        "kb.ontology_terms",
        "kb.tokens",
        "kb.conditions",
        "kb.rdf_guard",
    ],
    ["kb.terms", "kb.graphs", "kb.resources"],
    ["kb.errors"],
]
DEPTH = {part: number for number, line in enumerate(LINES) for part in line}
# What may know the store among the parts that work on columns.
MAY_READ_THE_STORE = {"kb.querying"}
MODULES = sorted(path for folder in ("kb", "server") for path in (ROOT / folder).rglob("*.py"))
FOLDERS = ("ontology", "shapes", "tests", "benchmarks", "examples", "docs", "docs/decisions", "kb/queries")


def name_of(path: Path) -> str:
    """``kb/columns/image.py`` -> ``kb.columns.image``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of the drawing that a module belongs to."""
    pieces = module.split(".")
    return pieces[0] if pieces[0] == "server" else ".".join(pieces[:2])


def imported(path: Path) -> Iterator[str]:
    """The modules of this repository that a module imports, relative names resolved."""
    package = name_of(path).split(".")
    package = package if path.name == "__init__.py" else package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            start = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
            found = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (one for one in found if one.split(".")[0] in ("kb", "server"))


def module_named(name: str) -> str:
    """A dotted name cut to the module or package in it."""
    while name and not ((ROOT / name.replace(".", "/")).with_suffix(".py").exists() or is_package(name)):
        name = name.rpartition(".")[0]
    return name


def is_package(name: str) -> bool:
    return (ROOT / name.replace(".", "/") / "__init__.py").exists()


def arrows() -> list[tuple[str, str]]:
    """(importing module, imported module) for every import between modules."""
    return [(name_of(path), module_named(one)) for path in MODULES for one in imported(path)]


def test_every_part_has_its_place_in_the_drawing() -> None:
    assert {part_of(name_of(path)) for path in MODULES} - {"kb.__main__"} == set(DEPTH)


def test_imports_run_downward() -> None:
    wrong = [
        f"{one} imports {other}"
        for one, other in arrows()
        for here, there in [(part_of(one), part_of(other))]
        if here != there and one != "kb.__main__" and other != "kb" and DEPTH[here] >= DEPTH[there]
    ]
    assert {one.partition(" imports server.")[0] for one in wrong} == {"kb.cli.serving"}


def test_only_querying_knows_the_store_among_the_four_engines() -> None:
    engines = {"kb.loading", "kb.reasoning", "kb.validation"} - MAY_READ_THE_STORE
    wrong = [
        (one, other) for one, other in arrows() if part_of(one) in engines and part_of(other) == "kb.store"
    ]
    assert wrong == []


def test_the_demo_asks_the_store_as_any_user_could() -> None:
    allowed = {"kb", "kb.demo", "kb.graphs", "kb.errors"}
    used = {part_of(other) for one, other in arrows() if part_of(one) == "kb.demo"}
    assert used <= allowed


def test_nobody_imports_the_command_line() -> None:
    users = {one for one, other in arrows() if part_of(other) == "kb.cli" and part_of(one) != "kb.cli"}
    assert users <= {"kb.__main__"}


def test_imports_inside_the_packages_are_relative() -> None:
    wrong = [
        name_of(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and not node.level
        if (node.module or "").split(".")[0] == path.relative_to(ROOT).parts[0]
    ]
    assert wrong == []


@pytest.mark.parametrize("folder", ["kb", "server"])
def test_a_module_holds_one_concept(folder: str) -> None:
    long = {
        name_of(path): lines
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert set(long) <= {"kb.terms"}, "kb.terms is written by make ontology; the others hold two concepts"


def test_nothing_is_called_after_no_concept() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "base", "misc"}
    assert [str(path) for path in tracked() if path.suffix == ".py" and path.stem in empty] == []


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        lacking("git's list of the files (this is no clone)")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_knows_a_machine_or_a_registry() -> None:
    known = r"/(?:work|root|home/\w+|Users/\w+)/\w|/tmp/\w|" + "|".join(
        ("pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", r"registry\." + "yarnpkg")
    )
    wrong = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{path.relative_to(ROOT)}: {found[0]}" for found in re.finditer(known, text)]
    assert wrong == []


def test_every_package_and_folder_says_what_lives_in_it() -> None:
    packages = {path.parent for path in MODULES if path.name == "__init__.py"}
    lacking = [
        str(folder.relative_to(ROOT))
        for folder in sorted({*packages, *(ROOT / name for name in FOLDERS)})
        if not (folder / "README.md").exists()
    ]
    assert lacking == []
