"""What columns and set form don't cover, judged by pySHACL on small data: custom components, SHACL-AF, SHACL-JS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyoxigraph as ox

from ..columns.kernels import Ids
from ..errors import ShapesError
from . import components as c
from .messages import by_language
from .paths import read_path
from .report import Result, Unchecked
from .scope import ValidationData
from .shapes import Shape, ShapesGraph
from .sparql import n_triples
from .triples import Resource, Triples
from .vocabulary import OWL_CLASS, RDFS_CLASS, sh

MAX_ROWS = 200_000
_ANONYMOUS = "urn:commerce-kb:anonymous-shape:"
_RULE = sh("rule")
_TARGETS = {
    sh(name) for name in ("target", "targetNode", "targetClass", "targetSubjectsOf", "targetObjectsOf")
}


def reason(shapes: ShapesGraph, root: Shape) -> str | None:
    """Why a shape with a target has to be judged by pySHACL; nothing where columns do it."""
    if has_rules(shapes):
        return "sh:rule changes what is judged"
    if any(target.kind == "foreign" for target in root.targets):
        return "targets of SHACL-AF are not found on columns"
    for shape in shapes.reachable(root):
        for constraint in shape.constraints:
            if isinstance(constraint, c.Foreign):
                return constraint.reason
    return None


def has_rules(shapes: ShapesGraph) -> bool:
    """Whether any shape has a rule of SHACL-AF: then all shapes are judged together, with what the rules infer."""
    return shapes.has_rules


def notice(shapes: ShapesGraph, roots: list[Shape]) -> str:
    """What a report says of the shapes that were judged here."""
    why = {str(reason(shapes, one)) for one in roots}
    return f"Judged by pySHACL: {', '.join(one.name for one in roots)} ({'; '.join(sorted(why))})"


def too_large(data: ValidationData) -> bool:
    """Whether the data is beyond what pySHACL is asked to judge."""
    return data.relations.size > MAX_ROWS


def targets_left_out(root: Shape) -> Iterator[Unchecked]:
    """The targets that nobody judges where the data is too large."""
    for target in root.targets:
        if target.kind == "foreign":
            yield Unchecked(root.name, sh("target"), f"a SHACL-AF target, and more than {MAX_ROWS:,} triples")


def rules_left_out(shapes: ShapesGraph) -> Iterator[Unchecked]:
    """The rules that nobody runs where the data is too large."""
    for one in shapes.triples:
        if one.predicate == _RULE:
            yield Unchecked(
                str(one.subject), _RULE, f"a rule of SHACL-AF, and more than {MAX_ROWS:,} triples"
            )


def judge(
    shapes: ShapesGraph,
    roots: list[Shape],
    data: ValidationData,
    focus: Mapping[Resource, Ids] | None,
) -> Iterator[Result]:
    """The results of `roots` by pySHACL, of `focus` (ids by shape) alone where it is given."""
    import pyshacl
    import rdflib

    graph = _rdflib(n_triples(data))
    together = has_rules(shapes)
    for root in roots[:1] if together else roots:
        nodes: Any = None
        if focus is not None and not together:
            nodes = [rdflib.URIRef(term.value) for term in map(data.dictionary.term, focus[root.node])]
            if not nodes:
                continue
        others = set() if together else {one.node for one in shapes.roots()} - {root.node}
        kept = [
            ox.Triple(_named(one.subject, shapes), one.predicate, _named(one.object, shapes))
            for one in shapes.triples
            if not (
                one.subject in others and (one.predicate in _TARGETS or one.object in (RDFS_CLASS, OWL_CLASS))
            )
        ]
        try:
            _, report, _ = pyshacl.validate(
                graph,
                shacl_graph=_rdflib(ox.serialize(kept, format=ox.RdfFormat.N_TRIPLES)),
                advanced=True,
                focus_nodes=nodes,
            )
        except (RuntimeError, TypeError) as error:
            # A TypeError is how pySHACL ends where sh:lessThan meets an ill-typed literal.
            report = error
        if not isinstance(report, rdflib.Graph):
            raise ShapesError(f"Shape {root.name} can't be run: {report}", where="pySHACL")
        yield from _results(report.serialize(format="nt", encoding="utf-8"), shapes, root)


def _named(term: Any, shapes: ShapesGraph) -> Any:
    """Anonymous shapes get an IRI, since pySHACL renames blank nodes in its report."""
    return (
        ox.NamedNode(_ANONYMOUS + term.value)
        if isinstance(term, ox.BlankNode) and term in shapes.shapes
        else term
    )


def _unnamed(term: Any) -> Any:
    named = isinstance(term, ox.NamedNode) and term.value.startswith(_ANONYMOUS)
    return ox.BlankNode(term.value.removeprefix(_ANONYMOUS)) if named else term


def _rdflib(text: bytes | None) -> Any:
    import rdflib
    from rdflib.plugins.parsers.ntriples import NTGraphSink, W3CNTriplesParser

    class KeptNames(dict):
        """Blank nodes keep their names on the way to pySHACL and back."""

        def __contains__(self, name: object) -> bool:
            return True

        def __getitem__(self, name: str) -> rdflib.BNode:
            return rdflib.BNode(name)

    assert text is not None
    graph = rdflib.Graph()
    W3CNTriplesParser(NTGraphSink(graph), bnode_context=KeptNames()).parsestring(text.decode())
    return graph


def _results(text: bytes, shapes: ShapesGraph, root: Shape) -> Iterator[Result]:
    report = Triples(ox.parse(text, format=ox.RdfFormat.N_TRIPLES))
    for node in report.all_objects(sh("result")):
        source = _unnamed(report.one(node, sh("sourceShape")))
        path = report.one(node, sh("resultPath"))
        shape = shapes.shapes.get(source)
        messages = tuple(
            one for one in report.objects(node, sh("resultMessage")) if isinstance(one, ox.Literal)
        )
        focus = report.one(node, sh("focusNode"))
        yield Result(
            focus,
            shape.path
            if shape and shape.path
            else None
            if path is None
            else read_path(report, path, root.node),
            report.one(node, sh("value")),
            report.one(node, sh("sourceConstraintComponent")),
            source,
            (shape.identifier if shape else None) or root.identifier,
            report.one(node, sh("resultSeverity")),
            by_language(messages),
            report.one(node, sh("sourceConstraint")),
            focus,
            root.node,
            (),
            by_language((shape.fixes if shape else ()) or root.fixes),
        )
