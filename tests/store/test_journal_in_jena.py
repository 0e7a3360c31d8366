"""Apache Jena reads the journal's segments as what they are: RDF Patch."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox

from kb.store.journal import Commit, Journal, Record
from tests.jena import class_path
from tests.store.test_journal import TERMS, XSD, Quad, batch, read, record, segments


def rows_by_jena(java: Path, segment: Path, scratch: Path) -> list[str]:
    program = Path(__file__).with_name("PatchTokens.java")
    command = [java, "-cp", class_path(scratch), program, segment]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.split("\n")


def quads(rows: list[str], letter: str) -> set[ox.Quad]:
    text = "\n".join(row[2:] for row in rows if row.startswith(f"{letter} "))
    return set(ox.parse(text, format=ox.RdfFormat.N_QUADS))


def as_rows(some: list[Quad], letter: str) -> list[str]:
    return [f"{letter} {' '.join(quad)} ." for quad in some]


def test_jena_reads_commits_and_bases(tmp_path: Path, program: Callable[[str], Path]) -> None:
    java, folder = program("java"), tmp_path / "journal"
    journal = Journal(folder)
    odd = [("<urn:s>", "<urn:p>", term, "<urn:g>") for term in TERMS]
    commit = Commit(2, message='"two"\nlines of 买家', added=len(odd), removed=1)
    journal.append([record(1), Record(commit, [batch(*odd)], [batch(*odd[:1])]), record(3)])
    rows = rows_by_jena(java, folder / segments(folder)[0], tmp_path / "classes")
    for adds, letter in ((True, "A"), (False, "D")):
        expected = [quad for number in (1, 2, 3) for quad in read(journal, number, adds=adds)]
        assert quads(rows, letter) == quads(as_rows(expected, letter), letter)
    assert [row for row in rows if row.startswith("T")] == ["TX .", "TC ."] * 3
    assert [row for row in rows if row.startswith("H number")] == [
        f'H number "{n}"^^<{XSD}string> .' for n in (1, 2, 3)
    ]
    journal.compact([batch(*odd)], through=journal.get(3))
    rows = rows_by_jena(java, folder / segments(folder)[0], tmp_path / "classes")
    assert f'H base "3"^^<{XSD}string> .' in rows
    assert quads(rows, "A") == quads(as_rows(odd, "A"), "A")
