"""Literals are judged as they were written, whatever a store would make of them."""

from __future__ import annotations

import pytest

from kb.validation import validate

from .reading import data, shapes


def offending(constraint: str, values: str) -> list[str]:
    """The values of :p at :s that break a constraint on path :p."""
    graph = shapes(f":S a sh:NodeShape ; sh:targetNode :s ; sh:property [ sh:path :p ; {constraint} ] .")
    return [str(one.value) for one in validate(graph, data(f":s :p {values} .")).results]


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("byte", ["-128", "127", "+5", "007"], ["300", "-129", "c", "1.0", ""]),
        ("nonNegativeInteger", ["0", "12345678901234567890123"], ["-1", "1e3"]),
        ("decimal", ["1.50", ".5", "5.", "-0.0"], ["1e3", "NaN", "1,5"]),
        ("double", ["1E0", "INF", "-INF", "NaN", "1"], ["inf", "Infinity", "0x1"]),
        ("boolean", ["true", "0"], ["TRUE", "yes"]),
        (
            "dateTime",
            ["2024-02-29T24:00:00", "2000-02-29T00:00:00.5+14:00"],
            ["2023-02-29T00:00:00", "2024-01-01"],
        ),
        ("date", ["2024-12-31Z", "-0044-03-15"], ["2024-04-31", "2024-13-01", "24-01-01"]),
        ("anyURI", ["", "https://x.example/商品"], ["a b"]),
        ("duration", ["P1Y2M3DT4H5M6.7S", "-PT1S"], ["P", "PT", "1D"]),
    ],
)
def test_datatype_looks_at_the_lexical_form(datatype: str, good: list[str], bad: list[str]) -> None:
    written = ", ".join(f'"{form}"^^xsd:{datatype}' for form in good + bad)
    found = offending(f"sh:datatype xsd:{datatype}", written)
    assert sorted(one.split('"')[1] for one in found) == sorted(bad)


def test_a_derived_integer_is_not_an_integer() -> None:
    assert len(offending("sh:datatype xsd:integer", '"5"^^xsd:byte, 5')) == 1


def test_in_compares_terms_and_not_values() -> None:
    assert offending("sh:in ( 1.5 )", "1.5, 1.50") == ['"1.50"^^<http://www.w3.org/2001/XMLSchema#decimal>']


def test_length_and_pattern_see_the_form_as_written() -> None:
    assert len(offending("sh:maxLength 3", "1.5, 1.50")) == 1
    assert len(offending('sh:pattern "^[0-9]+[.][0-9]{2}$"', "1.5, 1.50")) == 1


def test_decimals_compare_beyond_the_precision_of_doubles() -> None:
    assert offending("sh:maxInclusive 0.1", "0.1, 0.10, 0.10000000000000000001") == [
        '"0.10000000000000000001"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    ]
    assert len(offending("sh:minExclusive 9007199254740992", "9007199254740992, 9007199254740993")) == 1


def test_instants_with_and_without_a_zone_do_not_compare() -> None:
    limit = 'sh:minInclusive "2024-01-01T00:00:00Z"^^xsd:dateTime'
    assert (
        offending(limit, '"2024-01-01T01:00:00+01:00"^^xsd:dateTime, "2024-06-01T00:00:00Z"^^xsd:dateTime')
        == []
    )
    assert (
        len(offending(limit, '"2024-06-01T00:00:00"^^xsd:dateTime, "2024-06-01"^^xsd:date, "x", :iri')) == 4
    )


def test_what_does_not_compare_violates_less_than() -> None:
    graph = shapes(":S a sh:PropertyShape ; sh:targetNode :s ; sh:path :a ; sh:lessThan :b .")
    report = validate(graph, data(':s :a 1, "x"^^xsd:integer ; :b 2, 1.0 .'))
    assert sorted(str(one.value)[:4] for one in report.results) == ['"1"^', '"x"^', '"x"^']


def test_unicode_classes_and_look_around_work_in_patterns() -> None:
    assert offending(r'sh:pattern "^\\w+$"', '"Größe", "商品", "a b"') == ['"a b"']
    assert offending(r'sh:pattern "^(?!x)a"', '"ab", "b"') == ['"b"']
    assert offending(r'sh:pattern "^A.B$" ; sh:flags "is"', '"a\\nb", "a\\nb\\n"') == ['"a\\nb\\n"']


def test_escaped_text_is_measured_unescaped() -> None:
    assert offending("sh:maxLength 5", r'"a\"\\\tb", "123456"') == ['"123456"']
