"""Whether an answer is the one that the suite expects."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pyoxigraph as ox

from kb import graphs
from kb.querying.syntax import stored
from tests.w3c.manifests import RDF, canonical, read

_RESULTS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
_ROW = re.compile(r"(?i)\border\s+by\b")
_XSD = "http://www.w3.org/2001/XMLSchema#"
_VALUE = ox.NamedNode(f"{RDF}value")
_FORMATS = {
    "srj": ox.QueryResultsFormat.JSON,
    "srx": ox.QueryResultsFormat.XML,
    "tsv": ox.QueryResultsFormat.TSV,
}
Row = dict[str, object]


def is_expected(answer: bytes, format: str, result: Path, text: str) -> bool:
    """Whether an answer in a format (json, xml, tsv, csv, ttl) says what the file of a test says."""
    if format == "ttl":
        said = ox.parse(answer, format=ox.RdfFormat.TURTLE)
        return canonical(map(_normal, said)) == canonical(map(_normal, read(result)))
    if format == "csv":
        return _table(answer.decode()) == _table(result.read_text(encoding="utf-8"))
    names, rows = _solutions(answer, {"json": "srj", "xml": "srx"}.get(format, format))
    expected_names, expected = _expected(result)
    if not isinstance(rows, list) or not isinstance(expected, list):
        return rows == expected
    same = set(names) == set(expected_names) and canonical(_encoded(rows)) == canonical(_encoded(expected))
    ordered = _ROW.search(text.rpartition("}")[2]) and result.suffix != ".ttl"
    return same and (not ordered or _without_blanks(rows) == _without_blanks(expected))


def _table(text: str) -> tuple[list[str], list[list[tuple[str, str]]]]:
    """The columns and the rows of CSV, both sorted; a blank node's name says nothing, nor do a number's zeros."""
    names, *rows = csv.reader(io.StringIO(text))
    order = sorted(range(len(names)), key=names.__getitem__)

    def cell(value: str) -> str:
        if value.startswith(("_:", graphs.GENID)):
            return "_:"
        try:
            return str(Decimal(value).normalize())
        except InvalidOperation:
            return value

    return sorted(names), sorted([(names[one], cell(row[one])) for one in order] for row in rows)


def _expected(result: Path) -> tuple[list[str], list[Row] | bool]:
    if result.suffix != ".ttl":
        return _solutions(result.read_bytes(), result.suffix[1:])
    store = ox.Store()
    store.extend(read(result))

    def values(node, name: str) -> list:
        found = store.quads_for_pattern(node, ox.NamedNode(_RESULTS + name), None)
        return [quad.object for quad in found]

    (head,) = store.quads_for_pattern(None, ox.NamedNode(f"{RDF}type"), ox.NamedNode(f"{_RESULTS}ResultSet"))
    if truth := values(head.subject, "boolean"):
        return [], truth[0].value == "true"
    rows: list[Row] = []
    for solution in values(head.subject, "solution"):
        bound = values(solution, "binding")
        rows.append({values(one, "variable")[0].value: _term(values(one, "value")[0]) for one in bound})
    return [one.value for one in values(head.subject, "resultVariable")], rows


def _solutions(answer: bytes, format: str) -> tuple[list[str], list[Row] | bool]:
    found = ox.parse_query_results(answer, format=_FORMATS[format])
    if isinstance(found, ox.QueryBoolean):
        return [], bool(found)
    names = [one.value for one in found.variables]
    return names, [{name: _term(row[name]) for name in names if row[name] is not None} for row in found]


def _encoded(rows: Iterable[Row]) -> Iterator[ox.Quad]:
    """Solutions as triples: a blank node each, and a predicate for each variable."""
    for row in rows:
        subject = ox.BlankNode()
        yield ox.Quad(subject, ox.NamedNode(f"{RDF}type"), ox.NamedNode("urn:row"))
        for name, value in row.items():
            yield ox.Quad(subject, ox.NamedNode(f"urn:{name}"), value)  # type: ignore[arg-type]


def _without_blanks(rows: Iterable[Row]) -> list[Row]:
    return [
        {name: "_" if isinstance(one, ox.BlankNode) else one for name, one in row.items()} for row in rows
    ]


def _normal(quad: ox.Quad) -> ox.Quad:
    return ox.Quad(_term(quad.subject), quad.predicate, _term(quad.object))  # type: ignore[arg-type]


def _term(term):
    """A skolem IRI as the blank node that it stands for (RDF 1.1, 3.5), a number without idle zeros."""
    if isinstance(term, ox.NamedNode) and term.value.startswith(graphs.GENID):
        return ox.BlankNode(re.sub(r"\W", "x", term.value.removeprefix(graphs.GENID)))
    if isinstance(term, ox.Literal) and term.datatype.value.startswith(_XSD):
        return stored(ox.Quad(ox.BlankNode(), _VALUE, term)).object
    return term
