"""YARRRML as a mapping.

Beyond its specification: `query` (a SELECT of DuckDB) over the files of the mapping, with `files` naming those that no
source reads alone, `queries` for SELECTs that other queries read by name, and `nulls` for the texts that mean a missing
value.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ..errors import MappingError, SyntaxFault
from .mapping import (
    Expression,
    Formulation,
    FunctionCall,
    Join,
    LogicalSource,
    Mapping,
    NamedQuery,
    ParentMap,
    PredicateObjectMap,
    Reference,
    Template,
    TermMap,
    TermType,
    TriplesMap,
    iri,
    literal,
)
from .templates import yarrrml_template

_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "ckb": "https://w3id.org/commerce-kb/onto#",
}
_TERM_TYPES = {"iri": TermType.IRI, "literal": TermType.LITERAL, "blank": TermType.BLANK}
_FORMULATIONS = {"csv": Formulation.TABLE, "parquet": Formulation.TABLE, "jsonpath": Formulation.JSON}
_CURIE = re.compile(r"([A-Za-z][\w.-]*)?:(?!//)")


def read(text: str, path: Path) -> Mapping:
    """The mapping that a YARRRML text holds; `path` is for messages."""
    try:
        document = _value(yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        where = str(path) if mark is None else f"{path}, line {mark.line + 1}, column {mark.column + 1}"
        raise SyntaxFault(f"The mapping is not YAML: {fault.problem}", where=where) from fault
    if not isinstance(document, dict):
        raise MappingError("The mapping is empty, or not a set of keys", where=str(path))
    return _Reader(path, document).mapping()


class _Text(str):
    line: int


class _Entries(dict[str, Any]):
    line: int


class _Items(list[Any]):
    line: int


def _value(node: yaml.Node | None) -> Any:
    """A YAML node as text, dict or list that know their line; scalars stay the text that was written."""
    value: Any
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")):
        return None
    if isinstance(node, yaml.ScalarNode):
        value = _Text(node.value)
    elif isinstance(node, yaml.SequenceNode):
        value = _Items(_value(each) for each in node.value)
    else:
        value = _Entries((key.value, _value(each)) for key, each in node.value)
    value.line = node.start_mark.line + 1
    return value


class _Reader:
    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self.path = path
        self.document = document
        self.prefixes = _PREFIXES | (document.get("prefixes") or {})
        self.sources = _first(document, "sources") or {}
        self.name = ""
        self.line = 1

    def mapping(self) -> Mapping:
        maps = _first(self.document, "mappings", "mapping", "m") or {}
        found = [each for name, entry in maps.items() for each in self.triples_maps(name, entry)]
        files = tuple(str(each) for each in _list(_first(self.document, "files")))
        self.name = ""
        named = self.document.get("queries") or {}
        queries = tuple(NamedQuery(name, str(self.at(sql)), self.where) for name, sql in named.items())
        return Mapping(self.path, tuple(found), files, queries, _first(self.document, "base"))

    @property
    def where(self) -> str:
        return f"{self.path}, line {self.line}" + (f", mapping {self.name}" if self.name else "")

    def fault(self, what: str, hint: str | None = None) -> MappingError:
        return MappingError(what, where=self.where, hint=hint)

    def at(self, value: Any) -> Any:
        self.line = getattr(value, "line", self.line)
        return value

    def triples_maps(self, name: str, entry: Any) -> list[TriplesMap]:
        """One triples map for each subject and source; the first bears the mapping's name."""
        self.name = name
        if not isinstance(self.at(entry), dict):
            raise self.fault("A mapping needs sources, subjects and predicateobjects")
        line = self.line
        subjects = [
            (self.term(self.at(each), TermType.IRI))
            for each in _list(_first(entry, "subjects", "subject", "s")) or [None]
        ]
        graphs = tuple(self.term(each, TermType.IRI) for each in _list(_first(entry, "graphs", "graph", "g")))
        pairs = tuple(self.pair(each) for each in _list(_first(entry, "predicateobjects", "po")))
        self.line = line
        given = _list(_first(entry, "sources", "source"))
        if not given:
            raise self.fault("A mapping needs a source")
        found: list[TriplesMap] = []
        for source in (self.source(each) for each in given):
            for subject in subjects:
                known = f"{name} {len(found) + 1}" if found else name
                found.append(TriplesMap(known, self.where, source, subject, graphs, pairs))
        return found

    def source(self, entry: Any) -> LogicalSource:
        if isinstance(entry, str):
            if entry not in self.sources:
                raise self.fault(
                    f"There is no source '{entry}'", f"the mapping has {', '.join(self.sources)}"
                )
            entry = self.at(self.sources[entry])
        if isinstance(entry, list):
            access, _, kind = str(entry[0]).partition("~")
            return self.formulated(access, kind, entry[1] if len(entry) > 1 else None, ())
        if not isinstance(entry, dict) or "access" not in entry:
            raise self.fault("A source needs 'access', the file to read")
        nulls = tuple(str(each) for each in _list(entry.get("nulls")))
        if entry.get("query"):
            return LogicalSource(entry["access"], Formulation.QUERY, str(entry["query"]), nulls)
        return self.formulated(
            entry["access"], entry.get("referenceFormulation") or "csv", entry.get("iterator"), nulls
        )

    def formulated(
        self, access: str, kind: str, iterator: str | None, nulls: tuple[str, ...]
    ) -> LogicalSource:
        formulation = _FORMULATIONS.get(kind or "csv")
        if formulation is None:
            raise self.fault(
                f"'{kind}' is not a reference formulation known here", f"use {', '.join(_FORMULATIONS)}"
            )
        return LogicalSource(str(access), formulation, iterator, nulls)

    def pair(self, entry: Any) -> PredicateObjectMap:
        self.at(entry)
        if isinstance(entry, list):
            if not 2 <= len(entry) <= 3:
                raise self.fault(
                    "A short predicate-object is [predicate, object] or [predicate, object, type]"
                )
            predicates, objects = _list(entry[0]), _list(entry[1])
            extra = str(entry[2]) if len(entry) == 3 else None
            made: list[TermMap | ParentMap] = [self.short(each, extra) for each in objects]
            graphs: list[Any] = []
        elif isinstance(entry, dict):
            predicates = _list(_first(entry, "predicates", "predicate", "p"))
            made = [self.object(each) for each in _list(_first(entry, "objects", "object", "o"))]
            graphs = _list(_first(entry, "graphs", "graph", "g"))
        else:
            raise self.fault("A predicate-object is a list, or has predicates and objects")
        if not predicates or not made:
            raise self.fault("A predicate-object needs a predicate and an object")
        return PredicateObjectMap(
            tuple(self.predicate(each) for each in predicates),
            tuple(made),
            tuple(self.term(each, TermType.IRI) for each in graphs),
        )

    def predicate(self, text: str) -> TermMap:
        return TermMap(iri(_RDF_TYPE), TermType.IRI) if text == "a" else self.term(text, TermType.IRI)

    def short(self, text: str, extra: str | None) -> TermMap:
        """An object written as text, whose type may stand beside it: `en~lang` or a datatype."""
        if extra is None:
            return self.literal_or_iri(text)
        if extra.endswith("~lang"):
            return self.typed(text, language=extra.removesuffix("~lang"))
        return self.typed(text, datatype=extra)

    def object(self, entry: Any) -> TermMap | ParentMap:
        self.at(entry)
        if isinstance(entry, str):
            return self.literal_or_iri(entry)
        if isinstance(entry, list):
            return self.short(entry[0], str(entry[1]) if len(entry) > 1 else None)
        if "mapping" in entry:
            conditions = _list(_first(entry, "condition", "conditions"))
            return ParentMap(entry["mapping"], tuple(self.join(each) for each in conditions))
        if "function" in entry:
            call = self.function(entry)
            return self.with_type(call, entry)
        if "value" not in entry:
            raise self.fault("An object needs a value, a mapping or a function")
        if entry.get("type") or not (entry.get("datatype") or entry.get("language")):
            made = self.literal_or_iri(entry["value"])
            if not entry.get("type"):
                return made
            return self.term(entry["value"], self.term_type(entry["type"]))
        return self.typed(entry["value"], datatype=entry.get("datatype"), language=entry.get("language"))

    def with_type(self, call: FunctionCall, entry: dict[str, Any]) -> TermMap:
        term_type = self.term_type(entry.get("type") or "literal")
        datatype, language = entry.get("datatype"), entry.get("language")
        return TermMap(
            call,
            term_type,
            self.term(datatype, TermType.IRI) if datatype else None,
            self.term(language, TermType.LITERAL) if language else None,
        )

    def term_type(self, name: str) -> TermType:
        if name not in _TERM_TYPES:
            raise self.fault(f"'{name}' is not a term type", f"use {', '.join(_TERM_TYPES)}")
        return _TERM_TYPES[name]

    def join(self, entry: Any) -> Join:
        self.at(entry)
        if not isinstance(entry, dict) or entry.get("function") not in ("equal", "idlab-fn:equal"):
            raise self.fault("A join needs a condition with 'function: equal'")
        sides = {str(each[0]): self.expression(str(each[1])) for each in _list(entry.get("parameters"))}
        if set(sides) != {"str1", "str2"}:
            raise self.fault("A join condition needs the parameters str1 (this source) and str2 (the other)")
        return Join(sides["str1"], sides["str2"])

    def function(self, entry: dict[str, Any]) -> FunctionCall:
        arguments = []
        for given in _list(entry.get("parameters")):
            name, value = (given["parameter"], given["value"]) if isinstance(given, dict) else given[:2]
            arguments.append((self.expand(name), self.expression(str(value))))
        return FunctionCall(self.expand(str(entry["function"])), tuple(arguments))

    def typed(self, text: str, *, datatype: str | None = None, language: str | None = None) -> TermMap:
        template = yarrrml_template(text, self.where)
        if datatype and not _references(template) and not _references(yarrrml_template(datatype, self.where)):
            return TermMap(literal(_plain(template), datatype=self.expand(datatype)), TermType.LITERAL)
        return TermMap(
            self.expression(text),
            TermType.LITERAL,
            self.term(datatype, TermType.IRI) if datatype else None,
            self.term(language, TermType.LITERAL) if language else None,
        )

    def literal_or_iri(self, text: str) -> TermMap:
        if text.endswith("~iri"):
            return self.term(text.removesuffix("~iri"), TermType.IRI)
        match = _CURIE.match(text)
        known = match is not None and (match[1] or "") in self.prefixes
        return self.term(text, TermType.IRI if known else TermType.LITERAL)

    def term(self, entry: Any, term_type: TermType) -> TermMap:
        """A term map of the given type; None is a fresh blank node."""
        self.at(entry)
        if entry is None:
            return TermMap(None, TermType.BLANK)
        if isinstance(entry, dict):
            if "function" in entry:
                call = self.function(entry)
                return TermMap(call, self.term_type(entry.get("type") or term_type.value.lower()))
            return self.term(entry.get("value"), self.term_type(entry.get("type") or term_type.value.lower()))
        for suffix, kind in (
            ("~iri", TermType.IRI),
            ("~blank", TermType.BLANK),
            ("~literal", TermType.LITERAL),
        ):
            if entry.endswith(suffix):
                return self.term(_Text(entry.removesuffix(suffix)), kind)
        text = self.expand(entry) if term_type is TermType.IRI else entry
        template = yarrrml_template(text, self.where)
        if _references(template) or term_type is TermType.BLANK:
            return TermMap(_shortest(template), term_type)
        plain = _plain(template)
        return TermMap(iri(plain) if term_type is TermType.IRI else literal(plain), term_type)

    def expression(self, text: str) -> Expression:
        template = yarrrml_template(text, self.where)
        return _shortest(template) if _references(template) else literal(_plain(template))

    def expand(self, text: str) -> str:
        match = _CURIE.match(text)
        if match is None or text.startswith("$("):
            return text
        prefix = match[1] or ""
        if prefix not in self.prefixes:
            return text
        return f"{self.prefixes[prefix]}{text[match.end() :]}"


def _first(entry: dict[str, Any], *names: str) -> Any:
    return next((entry[name] for name in names if name in entry), None)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _references(template: Template) -> bool:
    return any(isinstance(part, Reference) for part in template.parts)


def _plain(template: Template) -> str:
    return "".join(part for part in template.parts if isinstance(part, str))


def _shortest(template: Template) -> Expression:
    """A template of one reference alone is that reference."""
    only = template.parts[0] if len(template.parts) == 1 else None
    return only if isinstance(only, Reference) else template
