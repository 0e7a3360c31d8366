"""RML-Core in Turtle as a mapping.

Beyond the core: `rml:functionExecution` (RML-FNML) for the functions of functions.py, and queries: with
`rml:referenceFormulation rml:SQL2008Query` the iterator is a SELECT of DuckDB over the files of the mapping.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pyoxigraph as ox

from ..errors import MappingError, SyntaxFault
from .mapping import (
    Constant,
    Expression,
    Formulation,
    FunctionCall,
    Join,
    LogicalSource,
    Mapping,
    ParentMap,
    PredicateObjectMap,
    Reference,
    TermMap,
    TermType,
    TriplesMap,
    iri,
)
from .templates import rml_template

RML = "http://w3id.org/rml/"
_OLD = ("http://semweb.mmlab.be/ns/rml#", "http://www.w3.org/ns/r2rml#")
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_FORMULATIONS = {
    "CSV": Formulation.TABLE,
    "Parquet": Formulation.TABLE,
    "SQL2008Table": Formulation.TABLE,
    "SQL2008Query": Formulation.QUERY,
    "JSONPath": Formulation.JSON,
}
_TERM_TYPES = {each.value: each for each in TermType} | {"UnsafeURI": TermType.UNSAFE_IRI}

Node: TypeAlias = ox.NamedNode | ox.BlankNode
Value: TypeAlias = Node | ox.Literal


def read(text: str, path: Path) -> Mapping:
    """The mapping that a Turtle text holds; `path` is for messages and for the base of relative IRIs."""
    try:
        triples = list(ox.parse(text, format=ox.RdfFormat.TURTLE, base_iri="urn:mapping:"))
    except SyntaxError as fault:
        raise SyntaxFault(
            f"The mapping is not Turtle: {fault.msg}",
            where=f"{path}, line {fault.lineno}, column {fault.offset}",
        ) from fault
    return _Reader(path, triples).mapping()


@dataclass(frozen=True)
class _Roles:
    """How one kind of term map is written: with the long property, or as a constant with the short one."""

    long: str
    short: str


_SUBJECT = _Roles("subjectMap", "subject")
_PREDICATE = _Roles("predicateMap", "predicate")
_OBJECT = _Roles("objectMap", "object")
_GRAPH = _Roles("graphMap", "graph")
_DATATYPE = _Roles("datatypeMap", "datatype")
_LANGUAGE = _Roles("languageMap", "language")


class _Reader:
    def __init__(self, path: Path, triples: list[ox.Quad]) -> None:
        self.path = path
        self.where = str(path)
        self.objects: defaultdict[tuple[Value, str], list[Value]] = defaultdict(list)
        self.maps: dict[Node, None] = {}
        for triple in triples:
            assert not isinstance(triple.subject, ox.Triple) and not isinstance(triple.object, ox.Triple)
            predicate = triple.predicate.value
            self.objects[triple.subject, predicate].append(triple.object)
            if predicate.startswith(_OLD):
                raise MappingError(
                    f"The mapping uses an older language, <{predicate}>",
                    where=self.where,
                    hint=f"write it in RML-Core, @prefix rml: <{RML}>",
                )
            is_map = predicate == _TYPE and triple.object == ox.NamedNode(RML + "TriplesMap")
            if is_map or predicate == RML + "logicalSource":
                self.maps[triple.subject] = None

    def mapping(self) -> Mapping:
        return Mapping(self.path, tuple(self.triples_map(node) for node in self.maps))

    def all(self, node: Value, name: str) -> list[Value]:
        return self.objects.get((node, RML + name), [])

    def one(self, node: Value, name: str) -> Value | None:
        found = self.all(node, name)
        if len(found) > 1:
            raise MappingError(f"More than one rml:{name}", where=self.where)
        return found[0] if found else None

    def text(self, node: Value, name: str) -> str | None:
        found = self.one(node, name)
        return None if found is None else found.value

    def triples_map(self, node: Node) -> TriplesMap:
        name = _name(node)
        self.where = f"{self.path}, triples map <{name}>"
        subjects = self.term_maps(node, _SUBJECT, TermType.IRI)
        if len(subjects) != 1:
            raise MappingError(f"A triples map needs one subject map, not {len(subjects)}", where=self.where)
        subject_nodes = self.all(node, _SUBJECT.long)
        classes = [term for each in subject_nodes for term in self.all(each, "class")]
        graphs = [term for each in subject_nodes for term in self.term_maps(each, _GRAPH, TermType.IRI)]
        pairs = [self.predicate_object(each) for each in self.all(node, "predicateObjectMap")]
        if classes:
            pairs.insert(0, _typing(classes))
        return TriplesMap(
            name=name,
            where=self.where,
            source=self.source(node),
            subject=subjects[0],
            graphs=tuple(graphs),
            predicate_objects=tuple(pairs),
            base=self.text(node, "baseIRI"),
        )

    def source(self, node: Node) -> LogicalSource:
        logical = self.one(node, "logicalSource")
        if logical is None:
            raise MappingError("A triples map needs a logical source", where=self.where)
        source = self.one(logical, "source")
        if source is None:
            raise MappingError("A logical source needs rml:source", where=self.where)
        path = source.value if isinstance(source, ox.Literal) else self.text(source, "path")
        if path is None:
            raise MappingError(
                "The logical source names no file", where=self.where, hint="give rml:source [ rml:path … ]"
            )
        named = (self.text(logical, "referenceFormulation") or RML + "CSV").removeprefix(RML)
        if named not in _FORMULATIONS:
            known = ", ".join(f"rml:{each}" for each in _FORMULATIONS)
            raise MappingError(
                f"'{named}' is not a reference formulation known here", where=self.where, hint=f"use {known}"
            )
        nulls = tuple(term.value for term in self.all(source, "null"))
        return LogicalSource(path, _FORMULATIONS[named], self.text(logical, "iterator"), nulls)

    def predicate_object(self, node: Value) -> PredicateObjectMap:
        objects: list[TermMap | ParentMap] = []
        for each in self.all(node, _OBJECT.long):
            parent = self.one(each, "parentTriplesMap")
            objects.append(self.term_map(each, None) if parent is None else self.parent(each, parent))
        objects += [_constant(each) for each in self.all(node, _OBJECT.short)]
        return PredicateObjectMap(
            predicates=tuple(self.term_maps(node, _PREDICATE, TermType.IRI)),
            objects=tuple(objects),
            graphs=tuple(self.term_maps(node, _GRAPH, TermType.IRI)),
        )

    def parent(self, node: Value, parent: Value) -> ParentMap:
        joins = []
        for condition in self.all(node, "joinCondition"):
            child, other = self.side(condition, "child"), self.side(condition, "parent")
            joins.append(Join(child, other))
        return ParentMap(_name(parent), tuple(joins))

    def side(self, condition: Value, name: str) -> Expression:
        reference, node = self.text(condition, name), self.one(condition, name + "Map")
        expression = (
            Reference(reference) if reference is not None else self.expression(node) if node else None
        )
        if expression is None:
            raise MappingError(f"A join condition needs rml:{name} or rml:{name}Map", where=self.where)
        return expression

    def term_maps(self, node: Value, roles: _Roles, usual: TermType) -> list[TermMap]:
        long = [self.term_map(each, usual) for each in self.all(node, roles.long)]
        return long + [_constant(each) for each in self.all(node, roles.short)]

    def term_map(self, node: Value, usual: TermType | None) -> TermMap:
        """`usual` is the type where the map states none; None for objects, whose references make literals."""
        expression = self.expression(node)
        datatypes = self.term_maps(node, _DATATYPE, TermType.IRI)
        languages = self.term_maps(node, _LANGUAGE, TermType.LITERAL)
        stated = self.text(node, "termType")
        if stated is not None:
            term_type = _TERM_TYPES.get(stated.removeprefix(RML))
            if term_type is None:
                raise MappingError(f"<{stated}> is not a term type", where=self.where)
        elif isinstance(expression, Constant):
            term_type = TermType.IRI if expression.is_iri else TermType.LITERAL
        elif datatypes or languages or (usual is None and isinstance(expression, Reference | FunctionCall)):
            term_type = TermType.LITERAL
        else:
            term_type = usual or TermType.IRI
        return TermMap(
            expression, term_type, datatypes[0] if datatypes else None, languages[0] if languages else None
        )

    def expression(self, node: Value) -> Expression | None:
        constant, reference = self.one(node, "constant"), self.text(node, "reference")
        template, execution = self.text(node, "template"), self.one(node, "functionExecution")
        given = [each for each in (constant, reference, template, execution) if each is not None]
        if len(given) > 1:
            raise MappingError("A term map takes one of constant, reference, template", where=self.where)
        if constant is not None:
            return _constant(constant).expression
        if reference is not None:
            return Reference(reference)
        if template is not None:
            return rml_template(template, self.where)
        return None if execution is None else self.function(execution)

    def function(self, execution: Value) -> FunctionCall:
        function = self.text(execution, "function")
        if function is None:
            raise MappingError("A function execution needs rml:function", where=self.where)
        arguments = []
        for given in self.all(execution, "input"):
            parameter, node, value = (
                self.text(given, "parameter"),
                self.one(given, "inputValueMap"),
                self.one(given, "inputValue"),
            )
            argument = (
                _constant(value).expression if value is not None else self.expression(node) if node else None
            )
            if parameter is None or argument is None:
                raise MappingError("An input needs rml:parameter and a value", where=self.where)
            arguments.append((parameter, argument))
        return FunctionCall(function, tuple(arguments))


def _name(node: Value) -> str:
    return node.value.removeprefix("urn:mapping:")


def _constant(term: Value) -> TermMap:
    if isinstance(term, ox.NamedNode):
        return TermMap(iri(term.value), TermType.IRI)
    if isinstance(term, ox.BlankNode):
        return TermMap(None, TermType.BLANK)
    return TermMap(Constant(str(term)), TermType.LITERAL)


def _typing(classes: list[Value]) -> PredicateObjectMap:
    return PredicateObjectMap(
        predicates=(TermMap(iri(_TYPE), TermType.IRI),), objects=tuple(_constant(each) for each in classes)
    )
