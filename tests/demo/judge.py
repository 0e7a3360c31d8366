"""A second opinion on the shapes: pyshacl for their Core part, Oxigraph for their SPARQL part."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
import pyshacl
from rdflib import DCTERMS, RDFS, SH, Graph, Node, URIRef

_OTHER_MODULES = ("align", "identity", "commerce")
_TARGETS = {
    SH.targetSubjectsOf: "?this <{}> ?any",
    SH.targetObjectsOf: "?any <{}> ?this",
    SH.targetClass: "?this a/<http://www.w3.org/2000/01/rdf-schema#subClassOf>* <{}>",
}


@dataclass(frozen=True)
class Finding:
    """A result: severity, the shape's identifier (CKB-NNN and a letter), the focus node."""

    severity: str
    shape: str
    node: str


def judge(store: ox.Store, repository: Path) -> set[Finding]:
    """What the shapes of the project say about a store, to which the vocabularies and the class tree are added."""
    for file in (repository / "ontology" / "vocab").glob("*.ttl"):
        store.bulk_load(path=str(file), format=ox.RdfFormat.TURTLE)
    ontology = Graph()
    for file in (repository / "ontology").glob("*.ttl"):
        if not file.name.startswith(_OTHER_MODULES):
            ontology.parse(file)
    for child, parent in ontology.subject_objects(RDFS.subClassOf):
        if isinstance(child, URIRef) and isinstance(parent, URIRef):
            store.add(ox.Quad(ox.NamedNode(child), ox.NamedNode(RDFS.subClassOf), ox.NamedNode(parent)))
    shapes = Graph()
    for file in (repository / "shapes").glob("*.ttl"):
        if file.name != "ontology-style.ttl":
            shapes.parse(file)
    return _judge_sparql(store, shapes) | _judge_core(store, shapes)


def _judge_sparql(store: ox.Store, shapes: Graph) -> set[Finding]:
    """Runs each SPARQL constraint once for all nodes and takes the constraints out of the shapes."""
    declared = {
        str(shapes.value(each, SH.prefix)): shapes.value(each, SH.namespace)
        for each in shapes.objects(None, SH.declare)
    }
    prefixes = {prefix: str(namespace) for prefix, namespace in declared.items()}
    found = set()
    for shape, constraint in list(shapes.subject_objects(SH.sparql)):
        focus = {
            row[0].value
            for property, pattern in _TARGETS.items()
            for target in shapes.objects(shape, property)
            for row in store.query(
                f"SELECT ?this {{ {pattern.format(target)} }}", use_default_graph_as_union=True
            )
        }
        select = str(shapes.value(constraint, SH.select)).replace("$this", "?this")
        rows = store.query(select, prefixes=prefixes, use_default_graph_as_union=True)
        nodes = {row["this"].value for row in rows if row["this"] is not None} & focus
        found |= {_describe(shapes, shape, node) for node in nodes}
        shapes.remove((shape, SH.sparql, constraint))
    return found


def _judge_core(store: ox.Store, shapes: Graph) -> set[Finding]:
    triples = (ox.Triple(quad.subject, quad.predicate, quad.object) for quad in store)
    data = Graph().parse(data=ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES), format="nt")
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    return {
        _describe(shapes, report.value(result, SH.sourceShape), str(node))
        for result, node in report.subject_objects(SH.focusNode)
    }


def _describe(shapes: Graph, shape: Node, node: str) -> Finding:
    while shapes.value(shape, DCTERMS.identifier) is None:
        shape = next(shapes.subjects(None, shape))
    severity = shapes.value(shape, SH.severity, default=SH.Violation)
    return Finding(str(severity).rsplit("#", 1)[1], str(shapes.value(shape, DCTERMS.identifier)), node)
