"""Queries and updates that want all the time or all the memory there is."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

import pytest

from tests.attacks.conftest import MEMORY, ROWS, SECONDS, Target

PAIRS = "?a <urn:p> ?x . ?b <urn:p> ?y"
TRIPLES = f"{PAIRS} . ?c <urn:p> ?z"
VALUES = " ".join(f"VALUES ?v{n} {{ {' '.join(map(str, range(60)))} }}" for n in range(6))
DOUBLING = "BIND(STR(RAND()) AS ?x0) " + " ".join(
    f"BIND(CONCAT(?x{n}, ?x{n}) AS ?x{n + 1})" for n in range(36)
)
# Backtracking engines take exponential time for these.
REGEXES = [r"^(a+)+$", r"^(a|a)*$", r"^(a|aa)+$", r"(.*a){25}$", r"^(([a-z])+.)+[A-Z]([a-z])+$"]
SLOW = {408, 507}
WHERE = {
    "order by": (f"{{ SELECT * {{ {TRIPLES} }} ORDER BY ?z ?y LIMIT 5 }}", SLOW),
    "distinct": (f"{{ SELECT DISTINCT ?x ?y ?z {{ {TRIPLES} }} ORDER BY ?x LIMIT 5 }}", SLOW),
    "group by": (f"{{ SELECT ?x (COUNT(*) AS ?m) {{ {TRIPLES} }} GROUP BY ?x }}", SLOW),
    "group_concat": (f"{{ SELECT (GROUP_CONCAT(?x) AS ?m) {{ {TRIPLES} }} }}", SLOW),
    "values": (f"{VALUES} FILTER(?v0 + ?v1 + ?v2 + ?v3 + ?v4 + ?v5 > 9999)", SLOW),
    "concat": (f"{DOUBLING} FILTER(STRLEN(?x36) > 0)", SLOW),
    "replace": (
        'BIND(REPLACE(STR(RAND()), "", "0123456789") AS ?x0) '
        + " ".join(f'BIND(REPLACE(?x{n}, "", ?x{n}) AS ?x{n + 1})' for n in range(6))
        + " FILTER(STRLEN(?x6) > 0)",
        SLOW,
    ),
    "an unbounded path": (
        "?a (<urn:next>|^<urn:next>)* ?b . ?b (<urn:next>|^<urn:next>)* ?c FILTER(?a = ?c && ?a != ?b && ?a != ?a)",
        SLOW,
    ),
    "a path of everything": (
        "?a (!<urn:none>|!^<urn:none>)* ?b . ?b (!<urn:x>)+ ?c FILTER(?a = ?c && ?a != ?a)",
        SLOW,
    ),
    "exists": (f"{PAIRS} FILTER NOT EXISTS {{ ?c <urn:p> ?z FILTER(?z = CONCAT(?x, ?y)) }}", SLOW),
}


@pytest.mark.parametrize("name", WHERE)
def test_a_runaway_query_is_ended(target: Target, name: str) -> None:
    where, expected = WHERE[name]
    began = time.monotonic()
    answer = target.query(f"SELECT (COUNT(*) AS ?n) {{ {where} }}")
    assert answer.status in expected, answer.text[:300]
    assert time.monotonic() - began < SECONDS + 5
    limits = {408: ("time", SECONDS), 507: ("memory", MEMORY)}
    assert (answer.json["limit"], answer.json["value"]) == limits[answer.status]


@pytest.mark.parametrize("name", WHERE)
def test_a_runaway_update_is_ended_and_the_next_one_goes_in(target: Target, name: str) -> None:
    where, expected = WHERE[name]
    began = time.monotonic()
    answer = target.update(f"INSERT {{ <urn:run> <urn:away> ?n }} WHERE {{ {where} BIND(1 AS ?n) }}")
    assert answer.status in expected, answer.text[:300]
    assert time.monotonic() - began < SECONDS + 5
    alive = target.update(f"INSERT DATA {{ <urn:alive> <urn:p> {time.time_ns()} }}")
    assert alive.status == 200, alive.text
    assert target.query("ASK { <urn:run> <urn:away> ?n }").json["boolean"] is False


def test_an_update_of_many_parts_is_ended_and_leaves_no_copy_behind(target: Target) -> None:
    where = WHERE["values"][0]
    text = f"INSERT DATA {{ <urn:run> <urn:away> 1 }} ; DELETE {{ ?a ?b ?c }} WHERE {{ ?a ?b ?c . {where} }}"
    assert target.update(text).status in SLOW
    body = f"DELETE {{ ?a ?b ?c }} WHERE {{ ?a ?b ?c . {where} }}".encode()
    patch = target.writer.ask("PATCH", "/graph/items", body=body, Content_Type="application/sparql-update")
    assert patch.status in SLOW
    until = time.monotonic() + 5
    while (left := copies()) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []


def copies() -> list[Path]:
    found: list[Path] = []
    for folder in Path(tempfile.gettempdir()).glob("kb-worker-*"):
        with contextlib.suppress(FileNotFoundError):
            found += folder.glob("kb-update-*")
    return found


@pytest.mark.parametrize("copying", ["COPY", "ADD"])
def test_copies_of_copies_are_bounded(target: Target, copying: str) -> None:
    graph = "https://w3id.org/commerce-kb/graph/items"
    text = " ; ".join(f"{copying} <{graph}> TO <urn:copy:{n}>" for n in range(400))
    answer = target.update(text)
    assert answer.status in (400, 408, 413, 507), answer.text[:300]


@pytest.mark.parametrize("pattern", REGEXES)
def test_no_regular_expression_is_catastrophic(target: Target, pattern: str) -> None:
    escaped = pattern.replace("\\", "\\\\")
    text = f'ASK {{ FILTER(REGEX("{"a" * 5_000}!", "{escaped}")) }}'
    answer = target.query(text)
    assert (answer.status, answer.json["boolean"]) == (200, False)


@pytest.mark.parametrize(
    "pattern",
    ["(a{1000}){1000}", "((a{100}){100}){100}", "[" + "a-z" * 50_000 + "]", "(" * 2_000 + ")" * 2_000],
)
def test_a_regular_expression_that_explodes_is_refused(target: Target, pattern: str) -> None:
    answer = target.query(f'SELECT (REGEX("aaa", "{pattern}") AS ?x) {{}}')
    assert answer.status in (200, 400, 408, 507), answer.text[:300]
    if answer.status == 200:
        assert "x" not in answer.json["results"]["bindings"][0] or len(pattern) > 100_000


def test_giant_lists_are_read(target: Target) -> None:
    listed = ",".join(f"<urn:s{n}>" for n in range(20_000))
    answer = target.query(f"SELECT (COUNT(*) AS ?n) {{ ?s <urn:p> ?o FILTER(?s IN ({listed})) }}")
    assert answer.status in (200, 408)
    values = " ".join(f"<urn:s{n}>" for n in range(20_000))
    answer = target.query(f"SELECT (COUNT(*) AS ?n) {{ VALUES ?s {{ {values} }} ?s <urn:p> ?o }}")
    assert answer.status in (200, 408)
    assert answer.status == 408 or answer.json["results"]["bindings"][0]["n"]["value"] == "3000"


@pytest.mark.parametrize("literal", ["x" * 900_000, "9" * 900_000, "1." + "9" * 900_000, "1e" + "9" * 1_000])
def test_huge_literals_are_read_or_refused(target: Target, literal: str) -> None:
    quoted = literal if literal[0].isdigit() else f'"{literal}"'
    for text in (
        f"SELECT (STRLEN(STR({quoted})) AS ?n) {{}}",
        f"SELECT ({quoted} * {quoted[:100]} AS ?n) {{}}",
    ):
        assert target.query(text).status in (200, 400, 408)


def test_a_query_over_the_longest_text_is_refused(target: Target) -> None:
    assert target.query(f'ASK {{ FILTER("{"x" * 1_000_000}" = "") }}').status == 400
    body = b"query=" + b"x" * 3_000_000
    answer = target.server.ask("POST", "/sparql", body=body, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 413


def test_too_many_rows_are_refused(target: Target) -> None:
    answer = target.query(f"SELECT (1 AS ?n) {{ {PAIRS} }} LIMIT {ROWS + 1}", format="tsv")
    assert answer.status in (200, 413)
    update = target.update(f"INSERT {{ ?a <urn:run> ?y }} WHERE {{ {PAIRS} }}")
    assert update.status in (408, 413, 507), update.text[:300]


@pytest.mark.parametrize("form", ["CONSTRUCT { ?a ?x ?b . ?b <urn:q> ?a } WHERE", "DESCRIBE ?a ?b"])
def test_graphs_without_end_are_refused(target: Target, form: str) -> None:
    text = f"{form} {{ ?a <urn:next> ?z . ?b <urn:next> ?y . ?c <urn:next> ?v BIND(<urn:q> AS ?x) }}"
    try:
        answer = target.query(text, format="nt")
    except Exception:  # The answer broke off, as it must once its beginning was sent.
        return
    assert answer.status in (200, 408, 413, 507)


def test_a_page_about_everything_is_bounded(target: Target) -> None:
    for path in (
        "/find?q=" + "a" * 5_000,
        "/find?q=%25%25*%22OR%22&limit=999999999999999999999",
        "/find?q=a&limit=-5",
    ):
        assert target.server.get(path).status in (200, 400)
