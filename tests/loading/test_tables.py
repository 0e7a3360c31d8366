"""Tables through a mapping: formats, faults, functions; what a user meets."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.errors import KbError, MappingError, SourceError, UnsupportedFormat
from kb.loading.mapping import read_mapping
from kb.loading.pseudonyms import pseudonym, secret_of
from kb.loading.tables import RejectedRow, TableOptions, map_tables

GRAPH = "https://w3id.org/commerce-kb/graph/test"
XSD = "http://www.w3.org/2001/XMLSchema#"
ROWS = [{"id": "1", "name": "Ruby"}, {"id": "2", "name": "Rosé"}]
MAPPING = """
prefixes: {ex: "http://example.com/"}
mappings:
  thing:
    sources: [[%s]]
    s: ex:$(id)
    po:
      - [ex:name, $(name), en~lang]
"""


def run(
    folder: Path,
    mapping: str,
    *,
    rejected: list[RejectedRow] | None = None,
    tables: dict[str, Path] | None = None,
    secret: bytes | None = None,
) -> list[tuple[str, str, str, str]]:
    file = folder / "mapping.yml"
    file.write_text(mapping, "utf-8")
    batches = map_tables(
        read_mapping(file),
        folder=folder,
        options=TableOptions(GRAPH, secret=secret),
        tables=tables,
        rejected=rejected,
    )
    return [tuple(quad.values()) for batch in batches for quad in batch.to_pylist()]


def text_of(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(row) for row in [list(rows[0]), *(row.values() for row in rows)]) + "\n"


def write(path: Path, rows: list[dict[str, str]]) -> None:
    """Rows in the format that the suffix of a path names."""
    kind = path.name.split(".")[1]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
        return
    texts = {
        "csv": text_of(rows),
        "tsv": text_of(rows, "\t"),
        "jsonl": "\n".join(json.dumps(row) for row in rows),
        "json": json.dumps(rows),
    }
    packers = {".gz": gzip.compress, ".zst": zstandard.compress}
    data = texts[kind].encode()
    path.write_bytes(packers[path.suffix](data) if path.suffix in packers else data)


@pytest.mark.parametrize(
    "name",
    [
        "t.csv",
        "t.tsv",
        "t.jsonl",
        "t.json",
        "t.parquet",
        "t.csv.gz",
        "t.csv.zst",
        "t.jsonl.gz",
        "t.json.gz",
        "t.tsv.zst",
    ],
)
def test_every_format_gives_the_same_quads(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, ROWS)
    assert sorted(run(tmp_path, MAPPING % name)) == [
        ("<http://example.com/1>", "<http://example.com/name>", '"Ruby"@en', f"<{GRAPH}>"),
        ("<http://example.com/2>", "<http://example.com/name>", '"Rosé"@en', f"<{GRAPH}>"),
    ]


nasty = st.text(
    st.one_of(
        st.sampled_from("\",;'\\\n\r\t {}$()<>%^`|/?#é中\U0001f484\x7f￾"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=12,
).filter(lambda text: "\x00" not in text)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(nasty, nasty), min_size=1, max_size=8))
def test_nasty_strings_come_through_as_a_naive_mapping_gives_them(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("nasty")
    with (folder / "t.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([("id", "name"), *rows])
    expected = set()
    for key, name in rows:
        if key and name:
            subject = ox.NamedNode("http://example.com/" + encoded(key))
            expected.add((str(subject), str(ox.Literal(name, language="en"))))
    found = {(s, o) for s, _, o, _ in run(folder, MAPPING % "t.csv")}
    assert found == expected


def encoded(text: str) -> str:
    """Percent-encoding as RML asks: unreserved characters of RFC 3987 stay."""
    return "".join(each if kept(each) else "".join(f"%{byte:02X}" for byte in each.encode()) for each in text)


def kept(each: str) -> bool:
    code = ord(each)
    if code < 0xA0:
        return each.isascii() and (each.isalnum() or each in "-._~")
    if code >= 0x10000:
        return code & 0xFFFF < 0xFFFE and (code < 0xE0000 or 0xE1000 <= code < 0xF0000)
    return code < 0xD800 or 0xF900 <= code < 0xFDD0 or 0xFDF0 <= code < 0xFFF0


def test_rows_that_do_not_parse_are_reported_with_their_line_and_the_others_are_kept(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(
        "id,name\n1,Ruby\n2\n3,a,b\n4,Rosé\n5,Ros\xe9\n".encode("latin-1").replace(
            b"4,Ros\xe9", "4,Rosé".encode()
        )
    )
    rejected: list[RejectedRow] = []
    found = run(tmp_path, MAPPING % "t.csv", rejected=rejected)
    assert [quad[0] for quad in found] == ["<http://example.com/1>", "<http://example.com/4>"]
    assert [(row.line, row.source) for row in rejected] == [(3, "t.csv"), (4, "t.csv"), (6, "t.csv")]
    assert (
        "too few" in rejected[0].reason and "too many" in rejected[1].reason and "UTF-8" in rejected[2].reason
    )


def test_a_line_that_is_not_json_is_reported(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"id": "1", "name": "Ruby"}\n{"id": \n{"id": "3", "name": "Rust"}\n')
    rejected: list[RejectedRow] = []
    assert len(run(tmp_path, MAPPING % "t.jsonl", rejected=rejected)) == 2
    assert [row.line for row in rejected] == [2]


def test_without_a_list_for_them_a_rejected_row_raises(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,name\n1\n")
    with pytest.raises(SourceError, match="too few columns"):
        run(tmp_path, MAPPING % "t.csv")


def test_a_value_that_is_no_iri_rejects_its_row_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,page\n1,http://a.example/\n2,no page\n3,\n")
    mapping = """
prefixes: {ex: "http://example.com/"}
mappings:
  thing:
    sources: [[t.csv]]
    s: ex:$(id)
    po:
      - [a, ex:Thing]
      - [ex:page, $(page)~iri]
"""
    rejected: list[RejectedRow] = []
    found = run(tmp_path, mapping, rejected=rejected)
    assert {s for s, *_ in found} == {"<http://example.com/1>", "<http://example.com/3>"}
    assert [row.row for row in rejected] == [2]
    assert '"no page" is not an IRI' in rejected[0].reason


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,nmae\n1,Ruby\n")
    with pytest.raises(MappingError) as caught:
        run(tmp_path, MAPPING % "t.csv")
    text = str(caught.value)
    assert "no column 'name'" in text and "did you mean 'nmae'" in text and "id, nmae" in text
    assert "mapping.yml, line 5, mapping thing" in text


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        ("t.csv", b"", SourceError, "empty"),
        ("t.csv.gz", b"", SourceError, "empty"),
        ("t.csv.gz", b"id,name\n", SourceError, "gzip"),
        ("t.csv", "id,name\n1,口红\n2,面霜\n".encode("gb18030"), SourceError, "gb18030"),
        ("t.csv", "id,name\n1,Rosé\n".encode("utf-16"), SourceError, "utf-16"),
        ("t.xlsx", b"x", UnsupportedFormat, ".csv"),
        ("t.json", b'[{"id": 1', SourceError, "Malformed JSON"),
        ("t.parquet", b"no", SourceError, "can't be read"),
    ],
)
def test_a_bad_file_gets_a_named_error(
    tmp_path: Path, name: str, content: bytes, error: type[KbError], says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=says):
        run(tmp_path, MAPPING % name)


@pytest.mark.parametrize(
    ("name", "says"), [("no.csv", "no file"), (".", "folder"), ("http://a.example/t.csv", "address")]
)
def test_what_is_no_file_gets_a_named_error(tmp_path: Path, name: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        run(tmp_path, MAPPING % f'"{name}"')


def test_a_table_given_takes_the_place_of_the_file_in_the_mapping(tmp_path: Path) -> None:
    write(tmp_path / "other.csv", ROWS)
    assert len(run(tmp_path, MAPPING % "t.csv.gz", tables={"t.csv": tmp_path / "other.csv"})) == 2
    assert len(run(tmp_path, MAPPING % "t.csv.gz", tables={"other": tmp_path / "other.csv"})) == 2


def test_a_typed_column_keeps_its_type(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1],
            "n": [1.5],
            "b": [True],
            "d": pa.array([9.90]).cast(pa.decimal128(6, 2)),
            "t": pa.array([0], pa.timestamp("s")),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    mapping = "prefixes: {ex: 'http://e.com/'}\nmappings:\n  m:\n    sources: [[t.parquet]]\n    s: ex:$(id)\n    po:\n"
    mapping += "".join(f"      - [ex:{name}, $({name})]\n" for name in ("id", "n", "b", "d", "t"))
    assert {o for *_, o, _ in run(tmp_path, mapping)} == {
        f'"1"^^<{XSD}integer>',
        f'"1.5E0"^^<{XSD}double>',
        f'"true"^^<{XSD}boolean>',
        f'"9.9"^^<{XSD}decimal>',
        f'"1970-01-01T00:00:00"^^<{XSD}dateTime>',
    }


@pytest.mark.parametrize(
    ("number", "canonical"),
    [
        ("0.5", "5.0E-1"),
        ("30.0", "3.0E1"),
        ("-1234.5", "-1.2345E3"),
        ("1e-7", "1.0E-7"),
        ("1e21", "1.0E21"),
        ("0.0", "0.0E0"),
    ],
)
def test_a_double_is_written_in_its_canonical_form(tmp_path: Path, number: str, canonical: str) -> None:
    (tmp_path / "t.jsonl").write_text(f'{{"id": "1", "name": {number}}}')
    found = run(tmp_path, (MAPPING % "t.jsonl").replace(", en~lang", ""))
    assert found[0][2] == f'"{canonical}"^^<{XSD}double>'


FUNCTION = """
prefixes: {ex: "http://example.com/"}
mappings:
  m:
    sources: [[t.csv]]
    s: ex:$(id)
    po:
      - p: ex:value
        o: {function: "ckb:%s", parameters: [[ckb:value, $(name)]]}
"""


@pytest.mark.parametrize(
    ("function", "value", "result"),
    [
        ("number", "475.8m", f'"475800000"^^<{XSD}decimal>'),
        ("number", "1.39%", f'"0.0139"^^<{XSD}decimal>'),
        ("number", "2.28E+11", f'"228000000000"^^<{XSD}decimal>'),
        ("number", "1.2万", f'"12000"^^<{XSD}decimal>'),
        ("number", "-0.50", f'"-0.5"^^<{XSD}decimal>'),
        ("number", "nan", None),
        ("gtin14", "6901234567892", '"06901234567892"'),
        ("gtin14", "12345", None),
        ("timestamp", "2010-12-01 08:26:00", f'"2010-12-01T08:26:00"^^<{XSD}dateTime>'),
        ("timestamp", "yesterday", None),
    ],
)
def test_a_function_reads_its_value_or_rejects_the_row(
    tmp_path: Path, function: str, value: str, result: str | None
) -> None:
    write(tmp_path / "t.csv", [{"id": "1", "name": value}])
    rejected: list[RejectedRow] = []
    found = run(tmp_path, FUNCTION % function, rejected=rejected)
    assert [quad[2] for quad in found] == ([] if result is None else [result])
    assert [row.row for row in rejected] == ([1] if result is None else [])


def test_a_pseudonym_is_the_same_in_sql_and_in_python(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ROWS)
    secret = secret_of(tmp_path)
    assert secret_of(tmp_path) == secret and (tmp_path / "buyer.secret").stat().st_mode & 0o777 == 0o600
    found = run(tmp_path, FUNCTION % "pseudonym", secret=secret)
    assert [quad[2] for quad in found] == [f'"{pseudonym(row["name"], secret)}"' for row in ROWS]


def test_a_pseudonym_needs_a_secret(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ROWS)
    with pytest.raises(MappingError, match="KB_BUYER_SECRET"):
        run(tmp_path, FUNCTION % "pseudonym")


def test_an_unknown_function_is_named_with_those_there_are(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ROWS)
    with pytest.raises(MappingError, match=r"no function <.*#magic>.*ckb:gtin14"):
        run(tmp_path, FUNCTION % "magic")


QUERY = """
prefixes: {ex: "http://example.com/"}
queries:
  upper: SELECT id, upper(name) AS name FROM t
mappings:
  m:
    sources:
      - {access: t.csv, query: "%s"}
    s: ex:$(id)
    po:
      - [ex:name, $(name)]
"""


def test_a_query_reads_files_and_named_queries(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ROWS)
    found = run(tmp_path, QUERY % "SELECT id, upper.name FROM t JOIN upper USING (id) WHERE id = '2'")
    assert [quad[2] for quad in found] == ['"ROSÉ"']


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT id, nam FROM t", "name"),
        ("SELECT * FROM other", "the tables are t, upper"),
        ("SELEKT", "not SQL"),
        ("DROP VIEW t", "one SELECT"),
        ("COPY t TO 'x.csv'", "one SELECT"),
        ("SELECT 1 AS id, content AS name FROM read_text('mapping.yml')", "disabled|Cannot access"),
    ],
)
def test_a_query_that_does_not_fit_gets_a_named_error(tmp_path: Path, query: str, says: str) -> None:
    write(tmp_path / "t.csv", ROWS)
    with pytest.raises(MappingError, match=says):
        run(tmp_path, QUERY % query)


def test_a_mapping_may_not_write_graphs_that_are_kept_by_the_store(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ROWS)
    for graph in (
        "https://w3id.org/commerce-kb/graph/inferred",
        "https://w3id.org/commerce-kb/graph/$(kind)",
    ):
        (tmp_path / "t.csv").write_text("id,name,kind\n1,Ruby,shapes\n")
        with pytest.raises(MappingError, match="kept by the knowledge base"):
            run(tmp_path, (MAPPING % "t.csv").replace("    s:", f"    graphs: {graph}\n    s:"))


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", ROWS)
    (tmp_path / "mapping.yml").write_text(MAPPING % "t.csv")
    seen: list[tuple[int, int]] = []
    mapping = read_mapping(tmp_path / "mapping.yml")
    list(
        map_tables(
            mapping,
            folder=tmp_path,
            options=TableOptions(GRAPH),
            progress=lambda done, total: seen.append((done, total)),
        )
    )
    assert seen[-1] == ((tmp_path / "t.csv").stat().st_size,) * 2
