"""Linting shapes: what is misspelt, ill-formed, contradictory, or judges nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb.cli import run
from kb.resources import folder
from kb.validation.lint import Lints, Vocabulary, check_shapes

from .reading import PREFIXES, data

FACTS = """:a a :C ; :price 1 ; :label "A"@en . :C a rdfs:Class ."""


def lint(tmp_path: Path, text: str, *, facts: str | None = None) -> Lints:
    path = tmp_path / "my.ttl"
    path.write_text(PREFIXES + text, encoding="utf-8")
    vocabulary = None
    if facts is not None:
        known = data(facts)
        names = {known.dictionary.text(key)[1:-1] for key in known.relations}
        vocabulary = Vocabulary(names, known)
    return check_shapes([path], vocabulary)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCounts 1 ] .", "did you mean sh:minCount?"),
        (":S a sh:NodeShap ; sh:targetClass :C .", "did you mean sh:NodeShape?"),
        (
            ":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCount 2 ; sh:maxCount 1 ] .",
            "sh:maxCount 1",
        ),
        (
            ":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minLength 2 ; sh:maxLength 1 ] .",
            "sh:maxLength 1",
        ),
        (
            ":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minExclusive 1 ; sh:maxInclusive 1.0 ] .",
            "sh:minExclusive 1",
        ),
        (":S sh:targetClass :C ; sh:datatype xsd:string ; sh:nodeKind sh:IRI .", "sh:nodeKind sh:IRI"),
        (":S sh:targetClass :C ; sh:in ( 1 2 ) ; sh:hasValue 3 .", "is not in sh:in"),
        (':S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCount "1" ] .', "one whole number"),
        (":S sh:targetClass :C ; sh:minCount 1 .", "property shape"),
        (":S a sh:PropertyShape ; sh:targetClass :C .", "has a sh:path"),
        (":S sh:targetClass :C ; sh:or :x .", "well-formed list"),
        (":S sh:targetClass :C ; sh:nodeKind :IRI .", "six kinds"),
        (':S sh:targetClass "C" .', "A target class is an IRI"),
        (
            ':S sh:targetClass :C ; sh:sparql [ sh:select "SELECT $this { $this a ?c MINUS { ?s ?p ?o } }" ] .',
            "MINUS",
        ),
        (':S sh:targetClass :C ; sh:sparql [ sh:select "SELEC $this" ] .', "does not parse"),
        (
            ":S a sh:NodeShape ; sh:targetClass :C ; sh:node :T . :T a sh:NodeShape ; sh:node :S .",
            "recursive",
        ),
        (":S sh:targetClass :C ; sh:property [ ", "don't parse"),
    ],
)
def test_what_can_not_be_meant_is_an_error(tmp_path: Path, shape: str, said: str) -> None:
    found = lint(tmp_path, shape)
    assert found.errors
    assert said in str(found)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (
            ":S sh:targetClass :C ; sh:property [ sh:path :prise ; sh:minCount 1 ] .",
            "did you mean <urn:x:price>?",
        ),
        (":S sh:targetClass :C ; sh:property [ sh:path ( :label [ sh:inversePath :odd ] ) ] .", "urn:x:odd"),
        (":S sh:targetClass :C ; sh:property [ sh:path :label ; sh:lessThan :odd ] .", "urn:x:odd"),
        (":S sh:targetClass :D ; sh:nodeKind sh:IRI .", "neither ontology nor data know it"),
        (":S sh:targetSubjectsOf :C ; sh:nodeKind sh:IRI .", "matches no node"),
        (":S a sh:NodeShape ; sh:nodeKind sh:IRI .", "has no target"),
        (":S sh:targetClass :C ; sh:deactivated true .", "deactivated"),
        (':S sh:targetClass :C ; sh:property [ sh:path :label ; sh:flags "i" ] .', "without a sh:pattern"),
    ],
)
def test_what_does_nothing_is_a_warning(tmp_path: Path, shape: str, said: str) -> None:
    found = lint(tmp_path, shape, facts=FACTS)
    assert (found.errors, bool(found)) == (0, False)
    assert said in str(found)


def test_a_sound_shape_is_left_alone(tmp_path: Path) -> None:
    shape = ":S sh:targetClass :C ; sh:property [ sh:path :price ; sh:minCount 1 ; sh:maxCount 1 ] ."
    assert lint(tmp_path, shape, facts=FACTS)


def test_the_projects_own_shapes_have_no_error() -> None:
    found = check_shapes(sorted(folder("shapes").glob("*.ttl")))
    assert not found.errors, str(found)


def test_file_and_line_are_named(tmp_path: Path) -> None:
    found = lint(
        tmp_path, "\n\n:S sh:targetClass :C ;\n  sh:property [ sh:path :p ; sh:minCount 2 ; sh:maxCount 1 ] ."
    )
    (one,) = found.found
    lines = Path(one.file).read_text().splitlines()
    assert one.line is not None
    assert lines[one.line - 1].startswith(":S ")


def test_the_command_line_lints_and_judges_by_a_file_without_a_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shapes, facts = tmp_path / "s.ttl", tmp_path / "d.ttl"
    shapes.write_text(PREFIXES + ":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:minCount 1 ] .")
    facts.write_text(PREFIXES + ":a a :C .\n:b a :C ; :p 1 .\n")
    nowhere = str(tmp_path / "none.kb")
    assert run(["--store", nowhere, "shapes", "check", str(shapes)]) == 0
    capsys.readouterr()
    output = tmp_path / "report.json"
    arguments = ["validate", str(facts), "--shapes", str(shapes), "--format", "json", "--output", str(output)]
    assert run(["--store", nowhere, *arguments]) == 1
    (one,) = json.loads(output.read_text())["results"]
    assert (one["focus"], one["file"], one["row"]) == ("<urn:x:a>", "d.ttl", 4)
    assert not Path(nowhere).exists()
    assert run(["--store", nowhere, "validate", "--since", "1", "--trend", "2"]) == 2
