"""A report in the formats that people and programs ask for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.etree import ElementTree

import pyoxigraph as ox

from .messages import shown_value
from .report import Result, ValidationReport
from .vocabulary import local_name

COLUMNS = (
    "severity", "rule", "focus", "label", "path", "value", "component", "message", "fix", "source", "file", "row"
)  # fmt: skip
# What starts a formula in spreadsheets that open CSV.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 65534, 65535), "�")


def rendered(report: ValidationReport, form: str) -> str:
    """A report as text of one of `FORMATS`.

    >>> rendered(ValidationReport(()), "text")
    'Conforms: no result.\\n'
    """
    return FORMATS[form](report).rstrip("\n") + "\n"


def _row(report: ValidationReport, one: Result) -> list[str]:
    known = report.origin(one.focus)
    return [
        local_name(one.severity),
        one.rule,
        str(one.focus),
        known.label,
        str(one.path or ""),
        "" if one.value is None else str(one.value),
        local_name(one.component),
        one.text(),
        one.suggestion(),
        known.source,
        known.file,
        str(known.row or ""),
    ]


def _csv(report: ValidationReport) -> str:
    """RFC 4180; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in report.results:
        cells = _row(report, one)
        writer.writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return sink.getvalue()


def _json(report: ValidationReport) -> str:
    return json.dumps(report.to_dict(), ensure_ascii=False, indent=2)


def _turtle(report: ValidationReport) -> str:
    known = {"sh": "http://www.w3.org/ns/shacl#", "xsd": "http://www.w3.org/2001/XMLSchema#"}
    triples = (one.triple for one in report.to_graph())
    text = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=known)
    assert text is not None
    return text.decode()


def _junit(report: ValidationReport) -> str:
    """A test case for each shape with results: a failure for violations, else skipped; so is what was not checked."""
    suite = ElementTree.Element("testsuite", name="kb validate", errors="0")
    failures = 0
    for group in report.groups:
        case = ElementTree.SubElement(suite, "testcase", classname="shapes", name=_xml(group.rule))
        failed = any(local_name(one.severity) == "Violation" for one in group.results)
        failures += failed
        first = group.results[0]
        outcome = ElementTree.SubElement(
            case,
            "failure" if failed else "skipped",
            message=_xml(f"{len(group.results):,} {group.severity}: {first.text()}"),
        )
        outcome.text = _xml("\n".join(_line(report, one) for one in group.results))
    for gap in report.unchecked:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname="unchecked",
            name=_xml(f"{gap.shape} {local_name(gap.component)}"),
        )
        ElementTree.SubElement(case, "skipped", message=_xml(gap.reason))
    for notice in report.notices:
        ElementTree.SubElement(suite, "testcase", classname="notice", name=_xml(notice))
    if not len(suite):
        ElementTree.SubElement(suite, "testcase", classname="shapes", name="all shapes conform")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def _line(report: ValidationReport, one: Result) -> str:
    known = str(report.origin(one.focus))
    value = "" if one.value is None or one.value == one.focus else f" = {shown_value(one.value)}"
    path = f" {one.path}" if one.path else ""
    return f"{one.focus}{f' ({known})' if known else ''}{path}{value}: {one.text()}"


def _xml(text: str) -> str:
    """A text without what XML 1.0 can't hold."""
    return text.translate(_CONTROL)


def _html(report: ValidationReport) -> str:
    import jinja2

    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(Path(__file__).with_name("report.html").read_text(encoding="utf-8"))
    return template.render(report=report, shown=shown_value, local_name=local_name)


FORMATS: Mapping[str, Callable[[ValidationReport], str]] = {
    "text": str,
    "json": _json,
    "csv": _csv,
    "turtle": _turtle,
    "html": _html,
    "junit": _junit,
}
