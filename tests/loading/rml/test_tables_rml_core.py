"""The test cases of RML-Core, all of them, against the outputs that come with them."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

from kb.errors import KbError
from kb.loading.mapping import read_mapping
from kb.loading.tables import TableOptions, map_tables

GRAPH = "urn:default"
GENID = "https://w3id.org/commerce-kb/.well-known/genid/test/"
# The older CSV cases were written for a base IRI of their own.
BASES = {"CSV": "http://example.com/base/", "JSON": "http://example.com/"}
LEFT_OUT = {
    "RMLTC0024f-CSV": "the mapping is not Turtle (the escape \\a), though an output is expected",
    "RMLTC0027b-JSON": "the expected output has an IRI with a space, which no RDF parser takes; such a row is rejected",
}
COUNTS = {"CSV": 48, "JSON": 76}


@pytest.fixture(scope="session")
def cases(
    shared_data: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("rml-core")
    for kind in COUNTS:
        with tarfile.open(shared_data("rml-core") / f"rml-core-test-cases-{kind.lower()}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return {kind: sorted(folder.glob(f"**/RMLTC*-{kind}")) for kind in COUNTS}


@pytest.mark.parametrize("kind", COUNTS)
def test_every_case_of_rml_core_gives_its_output_or_its_error(
    kind: str, cases: dict[str, list[Path]]
) -> None:
    assert len(cases[kind]) == COUNTS[kind]
    wrong = {case.name: fault for case in cases[kind] if (fault := difference(case, BASES[kind]))}
    assert wrong.keys() == {name for name in LEFT_OUT if name.endswith(kind)}, wrong


def test_the_cases_left_out_are_named_in_the_documentation() -> None:
    text = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text("utf-8")
    assert all(name in text for name in LEFT_OUT)


def difference(case: Path, base: str) -> str | None:
    """What is wrong with the outcome of a case; None when it is as expected."""
    expected = case / "output.nq"
    try:
        found = mapped(case, base)
    except KbError as error:
        return str(error) if expected.exists() else None
    if not expected.exists():
        return "an error is expected, and there is none"
    try:
        wanted = canonical(expected.read_text("utf-8"))
    except SyntaxError as fault:
        return f"the expected output does not parse: {fault}"
    return None if found == wanted else f"found {found}, wanted {wanted}"


def mapped(case: Path, base: str) -> set[str]:
    mapping = read_mapping(case / "mapping.ttl")
    options = TableOptions(GRAPH, base=base, skolem=GENID)
    text = ""
    for batch in map_tables(mapping, folder=case, options=options):
        for quad in batch.to_pylist():
            text += f"{quad['s']} {quad['p']} {quad['o']} {quad['g']} .\n".replace(f" <{GRAPH}> .", " .")
    return canonical(re.sub(f"<{re.escape(GENID)}([^>]*)>", lambda key: "_:b" + key[1].encode().hex(), text))


def canonical(text: str) -> set[str]:
    dataset = ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_QUADS))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in dataset}
