"""The ontology: its files stand on their own, it stays inside OWL 2 DL and RL, and it entails what it is for."""

from __future__ import annotations

import io
import subprocess
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import owlready2
import owlrl
import pytest
import rdflib
from pyoxigraph import (
    BlankNode,
    DefaultGraph,
    Literal,
    NamedNode,
    QuerySolutions,
    RdfFormat,
    Store,
    Triple,
    parse,
    serialize,
)

from kb.graphs import DATA
from kb.ontology_terms import module_text
from kb.resources import folder
from kb.terms import OWL, PREFIXES, RDF, RDFS, SKOS

HERE = Path(__file__).parent
ROOT = HERE.parent
ONTOLOGY = folder("ontology")
MODULES = sorted(ONTOLOGY.glob("*.ttl"))
VOCABULARIES = sorted((ONTOLOGY / "vocab").glob("*.ttl"))
RULES = sorted((HERE / "hygiene").glob("*.rq"))
ROWS = sorted((HERE / "ontology" / "inferences").glob("*.trig"))
CLASHES = [row for row in ROWS if "ckbt:clash" in row.read_text("utf-8")]
INFERENCES = [row for row in ROWS if row not in CLASHES]
TEST = "https://w3id.org/commerce-kb/test#"
UMBRELLA = "https://w3id.org/commerce-kb/onto"
EVERYTHING = tuple(f"{UMBRELLA}/{file.stem}" for file in MODULES if file.stem != "commerce")
PROFILES = ROOT / "kb" / "reasoning" / "Profiles.java"
LIGHT = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
HERMIT = Path(owlready2.__file__).parent / "hermit" / "HermiT.jar"
stem = Path.stem.fget


def triples(file: Path) -> list[Triple]:
    return [quad.triple for quad in parse(path=str(file), format=RdfFormat.TURTLE)]


@cache
def catalog() -> dict[str, Path]:
    """The catalog's entries: ontology IRI or version IRI -> file."""
    entries = ElementTree.parse(ONTOLOGY / "catalog-v001.xml").getroot()
    return {entry.attrib["name"]: ONTOLOGY / entry.attrib["uri"] for entry in entries}


def header(file: Path) -> NamedNode:
    (ontology,) = [t.subject for t in triples(file) if t.predicate == RDF.type and t.object == OWL.Ontology]
    return ontology


def with_imports(file: Path) -> set[Path]:
    imported = (catalog()[t.object.value] for t in triples(file) if t.predicate == OWL.imports)
    return {file}.union(*(with_imports(other) for other in imported))


@cache
def axioms(*needs: str) -> tuple[Triple, ...]:
    """The umbrella and the modules of the IRIs `needs` as one ontology without headers, imports and annotations."""
    files = set().union(*(with_imports(catalog()[iri]) for iri in (UMBRELLA, *needs)))
    return (
        Triple(NamedNode("urn:merged"), RDF.type, OWL.Ontology),
        *(t for f in sorted(files) for t in bare(f)),
    )


def bare(file: Path) -> Iterable[Triple]:
    """A module's axioms, its blank nodes kept apart from other modules'."""
    found = triples(file)
    annotations = {RDFS.label, RDFS.isDefinedBy} | {
        t.subject for t in found if t.object == OWL.AnnotationProperty
    }
    ontology = header(file)
    for t in found:
        if t.subject != ontology and not {t.subject, t.predicate} & annotations:
            yield Triple(of_file(t.subject, file), t.predicate, of_file(t.object, file))


def of_file(term: NamedNode | BlankNode | Literal, file: Path) -> NamedNode | BlankNode | Literal:
    return BlankNode(f"{file.stem.replace('-', '')}{term.value}") if isinstance(term, BlankNode) else term


def graph(row: Path, name: str) -> list[Triple]:
    """The triples of one named graph of a row, the row's own individuals kept apart from other rows'."""
    shared = {t.subject for t in axioms(*EVERYTHING) if t.object == OWL.NamedIndividual}

    def apart(term: NamedNode | Literal) -> NamedNode | Literal:
        if isinstance(term, NamedNode) and term.value.startswith(DATA) and term not in shared:
            return NamedNode(term.value.replace(DATA, f"{DATA}{row.stem}/", 1))
        return term

    return [
        Triple(apart(q.subject), q.predicate, apart(q.object))
        for q in parse(path=str(row), format=RdfFormat.TRIG)
        if q.graph_name == NamedNode(TEST + name)
    ]


def notes(row: Path, name: str) -> tuple[str, ...]:
    """What a row says of itself under ckbt:`name`, sorted."""
    stated = (q for q in parse(path=str(row), format=RdfFormat.TRIG) if q.graph_name == DefaultGraph())
    return tuple(sorted(q.object.value for q in stated if q.predicate.value == TEST + name))


# Files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", MODULES, ids=stem)
def test_catalog_leads_to_each_module_by_its_iri_and_its_version(file: Path) -> None:
    versions = [t.object.value for t in triples(file) if t.predicate == OWL.versionIRI]
    assert [catalog().get(iri) for iri in (header(file).value, *versions)] == [file, file]


def test_catalog_entries_are_relative_and_lead_to_files() -> None:
    assert {file.parent for file in catalog().values()} == {ONTOLOGY}
    assert set(catalog().values()) == set(MODULES)


@pytest.mark.parametrize("file", MODULES, ids=stem)
def test_imports_resolve_without_a_network(file: Path) -> None:
    assert [
        t.object.value
        for t in triples(file)
        if t.predicate == OWL.imports and t.object.value not in catalog()
    ] == []


@pytest.mark.parametrize("file", MODULES, ids=stem)
def test_module_imports_what_defines_the_terms_it_uses(file: Path) -> None:
    homes = {
        t.subject: module
        for module in MODULES
        for t in triples(module)
        if t.predicate.value.endswith("isDefinedBy")
    }
    used = {term for t in triples(file) for term in (t.subject, t.object) if term in homes}
    assert {homes[term] for term in used} - with_imports(file) == set()


@pytest.mark.parametrize("file", MODULES, ids=stem)
def test_comment_lines_are_only_those_that_protege_writes(file: Path) -> None:
    comments = [line for line in file.read_text("utf-8").splitlines() if line.startswith("#")]
    assert [c for c in comments if not c.startswith(("###", "#    "))] == []


@pytest.mark.parametrize("file", VOCABULARIES, ids=stem)
def test_vocabulary_concepts_are_labelled_typed_and_in_their_scheme(file: Path) -> None:
    found = triples(file)
    (scheme,) = [t.subject for t in found if t.object == SKOS.ConceptScheme]
    concepts = {t.subject for t in found} - {scheme}
    for concept in concepts:
        about = [t for t in found if t.subject == concept]
        labels = sorted(t.object.language for t in about if t.predicate == SKOS.prefLabel)
        (notation,) = [t.object.value for t in about if t.predicate == SKOS.notation]
        assert labels == ["en", "zh"], concept
        assert concept.value == f"{scheme.value}/{notation}"
        assert Triple(concept, SKOS.inScheme, scheme) in about
        assert [t.object for t in about if t.predicate == RDF.type and (t.object in classes())], concept


@cache
def classes() -> frozenset[NamedNode]:
    return frozenset(
        t.subject for t in axioms(*EVERYTHING) if t.predicate == RDF.type and t.object == OWL.Class
    )


@pytest.mark.parametrize("file", VOCABULARIES, ids=stem)
def test_vocabularies_use_only_declared_properties_of_the_ontology(file: Path) -> None:
    declared = {
        t.subject for t in axioms(*EVERYTHING) if t.object in (OWL.ObjectProperty, OWL.DatatypeProperty)
    }
    used = {t.predicate for t in triples(file) if "commerce-kb" in t.predicate.value}
    assert used - declared == set()


def test_each_dimension_of_a_unit_has_one_canonical_unit() -> None:
    units = Store()
    for file in VOCABULARIES:
        units.load(path=str(file), format=RdfFormat.TURTLE)
    rows = units.query("""
        PREFIX ckb: <https://w3id.org/commerce-kb/onto#>
        SELECT ?dimension (SUM(IF(?factor = 1, 1, 0)) AS ?canonical) WHERE {
          ?unit a ckb:Unit ; ckb:dimension ?dimension ; ckb:toCanonicalFactor ?factor .
          ?dimension a ckb:Dimension
        } GROUP BY ?dimension""")
    assert isinstance(rows, QuerySolutions)
    assert {
        row["dimension"].value: int(row["canonical"].value) for row in rows if row["canonical"].value != "1"
    } == {}


def test_constants_are_in_step_with_the_ontology() -> None:
    assert (ROOT / "kb" / "terms.py").read_text("utf-8") == module_text()


def test_map_of_the_model_names_each_class() -> None:
    text = (ROOT / "docs" / "ontology.md").read_text("utf-8")
    ours = {c.value.removeprefix(PREFIXES["ckb"]) for c in classes() if c.value.startswith(PREFIXES["ckb"])}
    assert {name for name in ours if f"| `{name}` |" not in text} == set()


# Hygiene --------------------------------------------------------------------------------------------------------


def errors(rule: Path, files: Iterable[Path]) -> list[str]:
    store = Store()
    for file in files:
        store.load(path=str(file), format=RdfFormat.TURTLE, to_graph=NamedNode(f"file:{file.name}"))
    found = store.query(rule.read_text("utf-8"), use_default_graph_as_union=True)
    assert isinstance(found, QuerySolutions)
    return [row["error"].value if row["error"] else "a fault without a message" for row in found]


@pytest.mark.parametrize("rule", RULES, ids=stem)
def test_ontology_keeps_the_rule(rule: Path) -> None:
    assert errors(rule, MODULES) == []


@pytest.mark.parametrize("rule", RULES, ids=stem)
def test_rule_finds_its_fault(rule: Path) -> None:
    assert errors(rule, [rule.parent / "fixtures" / f"{rule.stem}.ttl"]) != []


# Profiles and reasoners -----------------------------------------------------------------------------------------


def profile_reports(class_path: str | Path, files: Iterable[Path]) -> dict[str, list[str]]:
    """For each file the lines of its report; the last one says what was read."""
    command = ["java", *LIGHT, "-cp", class_path, PROFILES, *files]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    reports: list[list[str]] = [[]]
    for line in text.splitlines():
        reports[-1].append(line)
        if line.startswith("read: "):
            reports.append([])
    return {file.stem: report for file, report in zip(files, reports[:-1], strict=True)}


def ntriples(*parts: Iterable[Triple]) -> bytes:
    return b"".join(serialize(part, format=RdfFormat.N_TRIPLES) or b"" for part in parts)


@pytest.fixture(scope="module")
def reports(program: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The reports of each module opened by itself, and of all of them as one ontology (`merged`)."""
    program("java")
    merged = tmp_path_factory.mktemp("profiles") / "merged.ttl"
    merged.write_bytes(ntriples(axioms(*EVERYTHING)))
    return profile_reports(HERMIT, [*MODULES, merged])


@pytest.mark.parametrize("file", MODULES, ids=stem)
def test_module_opened_by_itself_is_in_owl_2_dl_and_rl(file: Path, reports: dict[str, list[str]]) -> None:
    *violations, read = reports[file.stem]
    assert violations == []
    assert read.startswith(f"read: {len(with_imports(file))} ontologies"), "the catalog leads to its imports"
    assert not read.endswith(" 0 axioms") or file.stem == "commerce"


def test_ontology_is_in_owl_2_dl_and_rl(reports: dict[str, list[str]]) -> None:
    *violations, read = reports["merged"]
    assert violations == []
    assert int(read.split()[-2]) > 500


def controls() -> dict[str, tuple[list[Triple], set[str], set[str]]]:
    """Constructs that somebody may add: their triples, the profiles left, and those that OWL API 3.4.3 sees left."""
    found: dict[str, tuple[list[Triple], set[str], set[str]]] = {}
    unseen: dict[str, set[str]] = defaultdict(set)
    for quad in parse(path=str(HERE / "ontology" / "controls.trig"), format=RdfFormat.TRIG):
        stated = quad.graph_name == DefaultGraph()
        name = (quad.subject if stated else quad.graph_name).value.removeprefix(TEST)
        added, violated, _ = found.setdefault(name, ([], set(), set()))
        if not stated:
            added.append(quad.triple)
        elif quad.predicate.value == f"{TEST}violates":
            violated |= {quad.object.value} - {"none"}
        else:
            unseen[name].add(quad.object.value)
    return {name: (added, left, left - unseen[name]) for name, (added, left, _) in found.items()}


@pytest.fixture(scope="module")
def control_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The ontology with each of the controls added, a file each."""
    place = tmp_path_factory.mktemp("controls")
    for name, (added, _, _) in controls().items():
        (place / f"{name}.ttl").write_bytes(ntriples([*axioms(*EVERYTHING), *added]))
    return [place / f"{name}.ttl" for name in controls()]


def profiles_left(class_path: str | Path, files: list[Path]) -> dict[str, set[str]]:
    return {
        name: {line.split("\t")[0] for line in report[:-1]}
        for name, report in profile_reports(class_path, files).items()
    }


def test_profile_check_flags_or_passes_each_control_as_listed(
    owl_api: str, control_files: list[Path]
) -> None:
    listed = {name: left for name, (_, left, _) in controls().items()}
    assert profiles_left(owl_api, control_files) == listed
    assert (len(listed), sum(not left for left in listed.values())) == (21, 4)


def test_older_profile_check_overlooks_only_what_is_listed(
    program: Callable[[str], Path], control_files: list[Path]
) -> None:
    program("java")
    assert profiles_left(HERMIT, control_files) == {name: left for name, (_, _, left) in controls().items()}


def hermit(data: Iterable[Triple]) -> list[str]:
    """The unsatisfiable classes that HermiT finds; raises owlready2's error where the data are inconsistent."""
    world = owlready2.World()
    world.get_ontology("urn:merged").load(fileobj=io.BytesIO(ntriples([*axioms(*EVERYTHING), *data])))
    owlready2.sync_reasoner_hermit(world, debug=0)
    return [unsatisfiable.iri for unsatisfiable in world.inconsistent_classes()]


def test_hermit_finds_ontology_and_all_given_data_consistent(program: Callable[[str], Path]) -> None:
    program("java")
    assert hermit(t for row in ROWS for t in graph(row, "given")) == []


@pytest.mark.parametrize("row", CLASHES, ids=stem)
def test_hermit_finds_the_contradiction(row: Path, program: Callable[[str], Path]) -> None:
    program("java")
    with pytest.raises(owlready2.OwlReadyInconsistentOntologyError):
        hermit(graph(row, "given") + graph(row, "fault"))


@cache
def closed(needs: tuple[str, ...]) -> rdflib.Graph:
    """What owlrl draws from the umbrella, the modules of `needs` and the rows that need just these, faults included.

    Rows without keys stay apart from those with keys: owlrl takes two nodes that both lack the key for one.
    """
    rows = [row for row in ROWS if notes(row, "needs") == needs]
    data = rdflib.Graph()
    for part in (axioms(*needs), *(graph(row, name) for row in rows for name in ("given", "fault"))):
        data.parse(data=ntriples(part), format="nt")
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(data)
    return data


def test_rows_are_all_there() -> None:
    assert {int(number) for row in ROWS for number in notes(row, "number")} == set(range(1, 37))


@pytest.mark.parametrize("row", INFERENCES, ids=stem)
def test_row_is_inferred(row: Path) -> None:
    expected = rdflib.Graph().parse(data=ntriples(graph(row, "expected")), format="nt")
    assert len(expected) > 0
    assert set(expected) - set(closed(notes(row, "needs"))) == set()


@pytest.mark.parametrize("row", INFERENCES, ids=stem)
def test_row_expects_nothing_that_is_given(row: Path) -> None:
    assert set(graph(row, "expected")) & set(graph(row, "given")) == set()


@pytest.mark.parametrize(
    "needs",
    sorted({notes(row, "needs") for row in ROWS}),
)
def test_contradictions_are_found_in_the_faulty_rows_alone(needs: tuple[str, ...]) -> None:
    message = rdflib.URIRef("http://www.daml.org/2002/03/agents/agent-ont#error")
    found = [str(text) for text in closed(needs).objects(None, message)]
    faulty = {row for row in CLASHES if notes(row, "needs") == needs}
    assert {row for row in ROWS if any(f"/{row.stem}/" in text for text in found)} == faulty
