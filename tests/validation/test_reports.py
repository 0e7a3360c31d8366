"""Reports as people and programs read them: details, suggestions, formats, comparison, policy, the plan."""

from __future__ import annotations

import csv
import io
import json
from html.parser import HTMLParser
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest

from kb.errors import ShapesError
from kb.validation import ExecutionPlan, Origin, Policy, ValidationReport, validate
from kb.validation.comparison import Comparison
from kb.validation.formats import COLUMNS, FORMATS, rendered
from kb.validation.vocabulary import sh

from .reading import data, shapes

FIX = "<https://w3id.org/commerce-kb/shapes#fix>"


def report(shape: str, facts: str) -> ValidationReport:
    return validate(shapes(shape), data(facts))


@pytest.fixture
def spoiled() -> ValidationReport:
    """Two violations and a warning; a value that HTML, XML and spreadsheets would take for their own."""
    found = report(
        f""":S sh:targetClass :C ; sh:property
        [ sh:path :p ; sh:datatype xsd:integer ; {FIX} "Write {{?value}} as a number."@en , "改"@zh ] ,
        [ sh:path :q ; sh:minCount 1 ; sh:severity sh:Warning ] .""",
        """:a a :C ; :p "=1+1<script>alert(1)</script>\\u0001]]>" ; :q 1 . :b a :C ; :p "x" .""",
    )
    known = {ox.NamedNode("urn:x:a"): Origin("Alpha <b>", "feed", "feed.ttl", 7)}
    return ValidationReport(found.results, found.unchecked, known)


@pytest.mark.parametrize(
    ("constraint", "inner"),
    [
        ("sh:node :Inner", 1),
        ("sh:and ( :Inner [ sh:class :D ] )", 2),
        ("sh:or ( :Inner [ sh:class :D ] )", 2),
        ("sh:xone ( :Inner [ sh:class :D ] )", 2),
        ("sh:not :Other", 0),
    ],
)
def test_a_result_of_nested_shapes_says_what_the_value_fails(constraint: str, inner: int) -> None:
    found = report(
        f""":S sh:targetNode :a ; sh:property [ sh:path :p ; {constraint} ] .
        :Inner a sh:NodeShape ; sh:property [ sh:path :q ; sh:minCount 1 ] .
        :Other a sh:NodeShape ; sh:nodeKind sh:IRI .""",
        ":a :p :b . :b :r 1 .",
    )
    (one,) = found.results
    assert len(one.details) == inner
    assert {detail.focus for detail in one.details} <= {ox.NamedNode("urn:x:b")}
    graph = found.to_graph()
    assert len([quad for quad in graph if quad.predicate == sh("detail")]) == inner
    assert len([quad for quad in graph if quad.predicate == sh("result")]) == 1


def test_details_reach_down_as_far_as_shapes_do() -> None:
    found = report(
        """:S sh:targetNode :a ; sh:property [ sh:path :p ; sh:node :T ] .
        :T a sh:NodeShape ; sh:property [ sh:path :p ; sh:node [ sh:hasValue :nowhere ] ] .""",
        ":a :p :b . :b :p :c .",
    )
    assert found.results[0].details[0].details[0].focus == ox.NamedNode("urn:x:c")


def test_a_value_that_fits_two_of_three_alternatives_has_no_details() -> None:
    found = report(
        ":S sh:targetNode :a ; sh:xone ( [ sh:nodeKind sh:IRI ] [ sh:hasValue :a ] [ sh:class :D ] ) .",
        ":a :p :b .",
    )
    assert [one.details for one in found.results] == [()]


def test_messages_have_their_placeholders_filled_in_every_language() -> None:
    (one,) = report(
        """:S sh:targetNode :a ; sh:property [ sh:path :p ; sh:maxCount 1 ;
        sh:message "{$this} has more than {?count}"@en , "{$this}：多于 {$count}，{?nothing}"@zh , "plain" ] .""",
        ":a :p 1 , 2 .",
    ).results
    assert one.message == {"en": "urn:x:a has more than 1", "zh": "urn:x:a：多于 1，{?nothing}", "": "plain"}
    assert (one.text("zh"), one.text("fr")) == (one.message["zh"], "plain")


def test_severities_of_ones_own_and_deactivated_shapes() -> None:
    found = report(
        """:S sh:targetNode :a ; sh:severity :Grave ; sh:hasValue :b .
        :T sh:targetNode :a ; sh:deactivated true ; sh:hasValue :b .
        :U sh:targetNode :a ; sh:property [ sh:path :p ; sh:minCount 1 ; sh:deactivated true ] .""",
        ":a :q 1 .",
    )
    assert [one.severity for one in found.results] == [ox.NamedNode("urn:x:Grave")]
    assert (found.count("urn:x:Grave"), found.count("Violation")) == (1, 0)


def test_a_circle_of_shapes_is_refused_with_its_way_round() -> None:
    with pytest.raises(ShapesError) as refusal:
        shapes(
            """:S a sh:NodeShape ; sh:property [ sh:path :p ; sh:node :T ] .
            :T a sh:NodeShape ; sh:not :S ."""
        )
    for step in ("<urn:x:S>", "[sh:path <urn:x:p>]", "<urn:x:T>"):
        assert step in str(refusal.value)


@pytest.mark.parametrize(
    "select",
    [
        "SELECT $this WHERE { $this ?p ?o MINUS { $this :q ?o } }",
        "SELECT $this WHERE { $this ?p ?o SERVICE :s { $this :q ?o } }",
        "SELECT $this WHERE { $this ?p ?o VALUES ?o { 1 } }",
        "SELECT (1 AS $this) WHERE { ?s ?p ?o }",
        "SELECT $this WHERE { $this ?p ?o BIND(1 AS $shapesGraph) }",
        "SELECT $this WHERE { $this ?p ?o { SELECT ?o { ?s :q ?o } } }",
    ],
)
def test_what_shacl_forbids_in_queries_is_refused(select: str) -> None:
    graph = f""":S sh:targetNode :a ; sh:sparql [ sh:select "{select}" ; sh:prefixes :o ] .
    :o sh:declare [ sh:prefix "" ; sh:namespace "urn:x:"^^xsd:anyURI ] ."""
    with pytest.raises(ShapesError, match="SHACL forbids"):
        report(graph, ":a :p 1 .")


def test_a_query_sees_the_shapes_graph_beside_data_that_has_a_store() -> None:
    graph = shapes(
        """:S sh:targetSubjectsOf :p ; :most 2 ; sh:sparql [ sh:select
        "SELECT $this ?value { $this <urn:x:p> ?value . GRAPH $shapesGraph { $currentShape <urn:x:most> ?most }"""
        """ FILTER(bound($currentShape) && ?value > ?most) }" ] ."""
    )
    found = validate(graph, data(":a :p 1 , 3 . :b :p 2 ."))
    assert [(one.focus.value, one.value.value) for one in found.results] == [("urn:x:a", "3")]  # type: ignore[union-attr]
    assert found.unchecked == ()


def test_targets_and_rules_of_shacl_af_go_to_pyshacl_with_a_notice() -> None:
    graph = shapes(
        """:S a sh:NodeShape ; sh:target [ a sh:SPARQLTarget ; sh:select "SELECT ?this { ?this <urn:x:p> 1 }" ] ;
        sh:hasValue :b .
        :R a sh:NodeShape ; sh:targetNode :a ; sh:rule [ a sh:TripleRule ; sh:subject sh:this ;
        sh:predicate :q ; sh:object 1 ] .
        :T a sh:NodeShape ; sh:targetNode :a ; sh:property [ sh:path :q ; sh:maxCount 0 ] ."""
    )
    found = validate(graph, data(":a :p 1 . :b :p 2 ."))
    assert {(one.focus, one.source_shape == ox.NamedNode("urn:x:S")) for one in found.results} == {
        (ox.NamedNode("urn:x:a"), True),
        (ox.NamedNode("urn:x:a"), False),
    }
    assert "Judged by pySHACL" in str(found)
    assert "pySHACL" in str(ExecutionPlan.of(graph))


def test_text_groups_by_shape_with_counts_examples_origins_and_a_suggestion() -> None:
    many = " ".join(f':n{number} a :C ; :p "x{number}" .' for number in range(5))
    found = report(
        f':S sh:targetClass :C ; sh:property [ sh:path :p ; sh:datatype xsd:integer ; {FIX} "Mend it."@en ] .',
        many,
    )
    known = {ox.NamedNode("urn:x:n0"): Origin("Nought", "feed", "feed.csv", 3)}
    text = str(ValidationReport(found.results, (), known))
    assert "5 Violation" in text
    assert text.count("urn:x:n") == 3
    assert "(Nought, source feed, feed.csv:3)" in text
    assert "To mend it: Mend it." in text
    assert "... 2 more" in text


def test_csv_has_a_row_for_each_result_and_no_formula(spoiled: ValidationReport) -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(spoiled, "csv"))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == len(spoiled.results) == 3
    (alpha,) = [row for row in rows if row["focus"] == "<urn:x:a>"]
    assert (alpha["label"], alpha["source"], alpha["file"], alpha["row"]) == (
        "Alpha <b>",
        "feed",
        "feed.ttl",
        "7",
    )
    assert alpha["fix"].startswith("Write")
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_json_says_all_of_it(spoiled: ValidationReport) -> None:
    told = json.loads(rendered(spoiled, "json"))
    assert told["conforms"] is False
    (alpha,) = [one for one in told["results"] if one["focus"] == "<urn:x:a>"]
    assert (alpha["label"], alpha["file"], alpha["row"], alpha["fix"]["zh"]) == (
        "Alpha <b>",
        "feed.ttl",
        7,
        "改",
    )


def test_turtle_is_the_report_graph_of_the_w3c(spoiled: ValidationReport) -> None:
    read = list(ox.parse(rendered(spoiled, "turtle").encode(), format=ox.RdfFormat.TURTLE))
    assert len(read) == len(spoiled.to_graph())
    assert sum(quad.object == sh("ValidationResult") for quad in read) == 3


def test_html_is_one_page_in_which_nothing_of_the_data_is_markup(spoiled: ValidationReport) -> None:
    seen: list[str] = []
    linked: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)
            linked.extend(value or "" for name, value in attrs if name in ("href", "src"))

    page = rendered(spoiled, "html")
    parser = Tags()
    parser.feed(page)
    assert "script" not in seen
    assert "b" not in seen
    assert all(link.startswith("#rule-") for link in linked)
    assert "&lt;script&gt;" in page
    assert "feed.ttl:7" in page


def test_junit_fails_a_case_for_each_shape_with_violations(spoiled: ValidationReport) -> None:
    root = ElementTree.fromstring(rendered(spoiled, "junit"))
    suite = root.find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "feed.ttl:7" in (failure.text or "")


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_without_results_is_well_formed_too(form: str) -> None:
    text = rendered(ValidationReport(()), form)
    assert text.endswith("\n")
    if form == "junit":
        assert ElementTree.fromstring(text).find("testsuite/testcase") is not None


def test_a_comparison_is_one_of_bags() -> None:
    shape = ":S sh:targetClass :C ; sh:property [ sh:path :p ; sh:datatype xsd:integer ] ."
    before = report(shape, ':a a :C ; :p "x" . :b a :C ; :p "y" .')
    after = report(shape, ':b a :C ; :p "y" , "z" .')
    found = Comparison.of(before, after)
    assert [len(part) for part in (found.new, found.gone, found.still)] == [1, 1, 1]
    assert not found
    assert str(found).startswith("1 new, 1 gone, 1 still there")
    assert Comparison.of(after, after)


def test_a_policy_looks_at_the_shape_first_and_then_at_the_severity() -> None:
    found = report(
        """@prefix dcterms: <http://purl.org/dc/terms/> .
        :S sh:targetNode :a ; dcterms:identifier "S-1" ; sh:hasValue :b . :T sh:targetNode :a ; sh:hasValue :b .
        :U sh:targetNode :a ; sh:hasValue :b ; sh:severity sh:Warning .
        :V sh:targetNode :a ; sh:hasValue :b ; sh:severity :Grave .""",
        ":a :p 1 .",
    )
    policy = Policy({"S-1": "warn", "urn:x:T": "refuse", "Warning": "quarantine", "urn:x:Grave": "refuse"})
    done = {one.rule: policy.action(one) for one in found.results}
    assert done == {"S-1": "warn", "<urn:x:T>": "refuse", "<urn:x:U>": "quarantine", "<urn:x:V>": "refuse"}
    plain = {one.rule: Policy().action(one) for one in found.results}
    assert plain == {"S-1": "quarantine", "<urn:x:T>": "quarantine", "<urn:x:U>": "warn", "<urn:x:V>": "warn"}


def test_the_plan_says_shapes_targets_steps_and_how_they_run() -> None:
    plan = ExecutionPlan.of(
        shapes(
            """:S sh:targetClass :C ; sh:property [ sh:path ( :p :q ) ; sh:minCount 1 ] ;
            sh:sparql [ sh:select "SELECT $this { $this <urn:x:p> 1 }" ] ."""
        )
    )
    (one,) = plan.shapes
    assert one.targets == ("class urn:x:C",) or one.targets[0].startswith("class")
    assert [(step.component, step.runs) for step in one.steps] == [
        ("Property", "columns"),
        ("SPARQL", "SPARQL in set form"),
    ]
    assert one.steps[0].shapes[0].path == "<urn:x:p>/<urn:x:q>"
    assert json.loads(json.dumps(plan.to_dict()))["shapes"][0]["steps"]


@pytest.mark.parametrize("form", sorted(FORMATS.keys() - {"csv"}))
def test_notices_are_told_in_every_format_that_has_a_place_for_them(form: str) -> None:
    assert "another engine judged it" in rendered(
        ValidationReport((), notices=("another engine judged it",)), form
    )


def test_a_comparison_names_the_nodes(spoiled: ValidationReport) -> None:
    found = Comparison.of(ValidationReport(()), spoiled)
    assert "Alpha" in str(found) and "Alpha <b>" in str(found.to_dict())
