"""What a mapping says: triples maps over logical sources, as RML-Core defines them.

RML (rml.py) and YARRRML (yarrrml.py) are two ways of writing this one model; sql.py and plans.py turn it into SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from ..errors import MappingError, SourceError, UnsupportedFormat

_SHIPPED = Path(__file__).parent.parent / "mappings"


class TermType(Enum):
    """What kind of term a term map makes; URI also encodes letters outside ASCII, UNSAFE_IRI encodes nothing."""

    IRI = "IRI"
    URI = "URI"
    UNSAFE_IRI = "UnsafeIRI"
    BLANK = "BlankNode"
    LITERAL = "Literal"


class Formulation(Enum):
    """How the references of a logical source are to be read."""

    TABLE = "table"
    JSON = "json"
    QUERY = "query"


@dataclass(frozen=True)
class Constant:
    """A term that is the same for every row, in N-Triples syntax."""

    term: str

    @property
    def is_iri(self) -> bool:
        return self.term.startswith("<")

    @property
    def text(self) -> str:
        """The IRI without brackets, or the lexical form of a literal."""
        if self.is_iri:
            return self.term[1:-1]
        quoted = self.term[1 : self.term.rindex('"')]
        return re.sub(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)", _unescaped, quoted)


@dataclass(frozen=True)
class Reference:
    """A column, or a JSONPath below the iterator."""

    name: str


@dataclass(frozen=True)
class Template:
    """Text with references in it; in an IRI their values are percent-encoded."""

    parts: tuple[str | Reference, ...]


@dataclass(frozen=True)
class FunctionCall:
    """One of the functions of functions.py over named arguments."""

    function: str
    arguments: tuple[tuple[str, Expression], ...]


Expression: TypeAlias = Constant | Reference | Template | FunctionCall


@dataclass(frozen=True)
class TermMap:
    """How a term is made; no expression means a fresh blank node for each row."""

    expression: Expression | None
    term_type: TermType
    datatype: TermMap | None = None
    language: TermMap | None = None


@dataclass(frozen=True)
class Join:
    """Child and parent rows belong together where these two are equal."""

    child: Expression
    parent: Expression


@dataclass(frozen=True)
class ParentMap:
    """Objects that are the subjects of another triples map."""

    triples_map: str
    joins: tuple[Join, ...] = ()


@dataclass(frozen=True)
class PredicateObjectMap:
    """Every predicate with every object, in every graph (none: the graphs of the subject alone)."""

    predicates: tuple[TermMap, ...]
    objects: tuple[TermMap | ParentMap, ...]
    graphs: tuple[TermMap, ...] = ()


@dataclass(frozen=True)
class LogicalSource:
    """A file and how to walk over it: rows, a JSONPath iterator, or a SQL query over the mapping's files."""

    path: str
    formulation: Formulation
    iterator: str | None = None
    nulls: tuple[str, ...] = ()


@dataclass(frozen=True)
class TriplesMap:
    """One subject for each row, with what is said of it."""

    name: str
    where: str
    source: LogicalSource
    subject: TermMap
    graphs: tuple[TermMap, ...] = ()
    predicate_objects: tuple[PredicateObjectMap, ...] = ()
    base: str | None = None


@dataclass(frozen=True)
class NamedQuery:
    """A SELECT that later queries of the mapping read by its name."""

    name: str
    sql: str
    where: str


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file: `files` are read besides those that a logical source names (for queries over several)."""

    path: Path
    triples_maps: tuple[TriplesMap, ...]
    files: tuple[str, ...] = ()
    queries: tuple[NamedQuery, ...] = ()
    base: str | None = None

    def triples_map(self, name: str) -> TriplesMap | None:
        """The triples map of this name."""
        return next((each for each in self.triples_maps if each.name == name), None)


def mapping_named(name: str | Path) -> Path:
    """The file of a mapping: a path, or the name of one that is shipped where there is no such file.

    >>> mapping_named("shopify-taxonomy").name, mapping_named("shop.yml").name
    ('shopify-taxonomy.yml', 'shop.yml')
    """
    path = Path(name)
    shipped = _SHIPPED / f"{path.name}.yml"
    return shipped if not path.suffix and not path.exists() and shipped.is_file() else path


def read_mapping(path: Path) -> Mapping:
    """The mapping in a file: RML-Core in Turtle (.ttl, .rml) or YARRRML (.yml, .yaml).

    Raises SourceError, SyntaxFault, MappingError, or UnsupportedFormat for another suffix.
    """
    from . import rml, yarrrml

    readers = {".ttl": rml.read, ".rml": rml.read, ".yml": yarrrml.read, ".yaml": yarrrml.read}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise UnsupportedFormat(
            f"'{path.name}' is not a mapping that can be read",
            hint="write it in RML (.ttl, .rml) or YARRRML (.yml, .yaml), or name one that is shipped: "
            + ", ".join(sorted(one.stem for one in _SHIPPED.glob("*.yml"))),
        )
    try:
        text = path.read_text("utf-8-sig")
    except OSError as fault:
        raise SourceError(f"The mapping {path} can't be read: {fault.strerror}") from fault
    except UnicodeDecodeError as fault:
        raise SourceError(f"The mapping {path} is not UTF-8", where=f"byte {fault.start}") from fault
    mapping = reader(text, path)
    if not mapping.triples_maps:
        raise MappingError("The mapping holds no triples map", where=str(path))
    _check(mapping)
    return mapping


def literal(text: str, *, language: str | None = None, datatype: str | None = None) -> Constant:
    """A constant literal.

    >>> literal("a\\"b", language="en").term
    '"a\\\\"b"@en'
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    if language:
        return Constant(f'"{escaped}"@{language}')
    return Constant(f'"{escaped}"' if datatype is None else f'"{escaped}"^^<{datatype}>')


def iri(text: str) -> Constant:
    """A constant IRI."""
    return Constant(f"<{text}>")


def check_language(term: TermMap | None, where: str) -> None:
    """Raises MappingError where a constant language tag is not one of BCP 47."""
    if term is None or not isinstance(term.expression, Constant):
        return
    tag = term.expression.text
    if not re.fullmatch(LANGUAGE_TAG, tag):
        raise MappingError(
            f"'{tag}' is not a language tag", where=where, hint="write a tag of BCP 47 such as en or zh-Hans"
        )


LANGUAGE_TAG = "([A-Za-z]{2,8}|x|i)(-[A-Za-z0-9]{1,8})*"


def _check(mapping: Mapping) -> None:
    """What can be seen without the tables: term types where they may stand, parents that exist."""
    for each in mapping.triples_maps:
        _check_term(each.subject, each.where, "subject", {TermType.LITERAL})
        graphs = [*each.graphs]
        for pair in each.predicate_objects:
            graphs += pair.graphs
            for predicate in pair.predicates:
                _check_term(predicate, each.where, "predicate", {TermType.LITERAL, TermType.BLANK})
            for item in pair.objects:
                if isinstance(item, ParentMap):
                    _check_parent(mapping, each, item)
                else:
                    _check_term(item, each.where, "object", set())
        for graph in graphs:
            _check_term(graph, each.where, "graph", {TermType.LITERAL})


def _check_term(term: TermMap, where: str, role: str, forbidden: set[TermType]) -> None:
    if term.term_type in forbidden:
        raise MappingError(f"A {role} can't be a {term.term_type.value}", where=where)
    if isinstance(term.expression, Constant):
        literal_wanted = term.term_type is TermType.LITERAL
        if term.term_type is TermType.BLANK or term.expression.is_iri == literal_wanted:
            raise MappingError(
                f"The constant {term.expression.term} is not a {term.term_type.value}", where=where
            )
    if term.expression is None and term.term_type is not TermType.BLANK:
        raise MappingError(f"A {role} needs a constant, a reference or a template", where=where)
    check_language(term.language, where)


def _check_parent(mapping: Mapping, child: TriplesMap, item: ParentMap) -> None:
    parent = mapping.triples_map(item.triples_map)
    if parent is None:
        names = ", ".join(each.name for each in mapping.triples_maps)
        raise MappingError(
            f"There is no triples map '{item.triples_map}' to join with",
            where=child.where,
            hint=f"the mapping has {names}",
        )
    if not item.joins and parent.source != child.source:
        raise MappingError(
            f"A join with '{parent.name}', which reads another source, needs a condition", where=child.where
        )


def _unescaped(match: re.Match[str]) -> str:
    mark = match.group(1)
    if mark[0] in "uU":
        return chr(int(mark[1:], 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(mark, mark)
