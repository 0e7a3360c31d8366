"""Triples maps as plans: one SELECT of term columns each, and which of the columns make quads.

The rows of a plan come as Arrow; its quads are those columns put together, so that a subject is made once for all that
is said of it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import duckdb

from ..errors import MappingError
from ..graphs import is_own
from .jsonpath import json_path
from .mapping import (
    Expression,
    Formulation,
    FunctionCall,
    LogicalSource,
    Mapping,
    ParentMap,
    Reference,
    Template,
    TermMap,
    TriplesMap,
)
from .sources import Sources, checked_query, identifier, is_json, objects_name, query_fault, quote, table_name
from .terms_sql import XSD, Column, Scope, Term, term, text

Slot: TypeAlias = int | str
_DEFAULT_GRAPH = "<http://w3id.org/rml/defaultGraph>"
_DISTINCT_COLUMNS = 2


@dataclass(frozen=True)
class Plan:
    """A SELECT of term columns, then of the fault of the row where `has_fault`; a slot of a quad is a column or a term.

    `ordered`: the rows are those of the source, so that they may be numbered.
    """

    triples_map: TriplesMap
    sql: str
    quads: tuple[tuple[Slot, Slot, Slot, Slot], ...]
    has_fault: bool
    ordered: bool


@dataclass(frozen=True)
class Defaults:
    """What a mapping leaves open: the default graph, the base of relative IRIs, the beginning of skolem IRIs."""

    graph: str
    base: str | None
    skolem: str


def plans(mapping: Mapping, sources: Sources, defaults: Defaults) -> list[Plan]:
    """The plans of a mapping; MappingError where it does not fit its tables."""
    made: list[Plan] = []
    for number, each in enumerate(mapping.triples_maps):
        made += _Compiler(mapping, each, number, sources, defaults).plans()
    return made


class _Relation:
    """The rows of a logical source, with a column for each reference that is asked for."""

    def __init__(self, source: LogicalSource, sources: Sources, where: str, alias: str) -> None:
        self.source = source
        self.where = where
        self.alias = alias
        self.projected: dict[str, str] = {}
        self.unnested: dict[str, str] = {}
        self.numbered = False
        path = sources.files[source.path]
        as_json = source.formulation is Formulation.JSON or (
            source.formulation is Formulation.TABLE and is_json(path)
        )
        if source.formulation is Formulation.JSON and not is_json(path):
            raise MappingError(f"'{source.path}' is not JSON, so it can't be read by JSONPath", where=where)
        if as_json:
            self.types = None
            usual = "$[*]" if source.formulation is Formulation.TABLE and path.suffixes[0] == ".json" else "$"
            iterator = json_path(source.iterator or usual, where)
            step = f"json_extract(json, {quote(iterator.path)})"
            step = f"unnest({step})" if iterator.many else "json" if iterator.path == "$" else step
            self.rows = (
                f"(SELECT {step} AS j FROM {identifier(objects_name(source.path))} WHERE json IS NOT NULL)"
            )
        elif source.formulation is Formulation.QUERY:
            self.rows = f"({checked_query(source.iterator or '', where)})"
            self.types = self.described(sources.connection)
        else:
            self.rows = identifier(table_name(source.path))
            self.types = self.described(sources.connection)

    def described(self, connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
        try:
            return {
                row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {self.rows}").fetchall()
            }
        except duckdb.Error as fault:
            raise query_fault(fault, connection, self.where) from fault

    def column(self, reference: Reference) -> Column:
        return self.json_column(reference.name) if self.types is None else self.table_column(reference.name)

    def table_column(self, name: str) -> Column:
        assert self.types is not None
        if name not in self.types:
            near = difflib.get_close_matches(name, self.types, 1, 0.5)
            guess = f"; did you mean '{near[0]}'?" if near else ""
            raise MappingError(
                f"{self.source.path} has no column '{name}'{guess}",
                where=self.where,
                hint=f"its columns are {', '.join(self.types)}",
            )
        sql, datatype = _natural(identifier(name), self.types[name], name, self.where)
        for null in self.source.nulls:
            sql = f"nullif({sql}, {quote(null)})"
        return Column(self.project(sql), None if datatype is None else quote(XSD + datatype))

    def json_column(self, name: str) -> Column:
        path = json_path(name, self.where)
        value = f"json_extract(j, {quote(path.path)})"
        if path.many:
            value = self.unnested.setdefault(value, f"m{len(self.unnested)}")
            value = f"{value}.v"
        plain = f"{value} ->> '$'"
        for null in self.source.nulls:
            plain = f"nullif({plain}, {quote(null)})"
        content, kind = self.project(plain), self.project(f"json_type({value})")
        datatype = (
            f"CASE {kind} WHEN 'VARCHAR' THEN '' WHEN 'BOOLEAN' THEN '{XSD}boolean' WHEN 'DOUBLE' THEN CASE WHEN"
            f" regexp_full_match({content}, '-?[0-9]+') THEN '{XSD}integer' ELSE '{XSD}double' END"
            f" ELSE '{XSD}integer' END"
        )
        fault = (
            f"CASE WHEN {kind} IN ('ARRAY', 'OBJECT') THEN"
            f" {quote(f'{name} is not a single value; end the reference with [*] or a name')} END"
        )
        return Column(content, datatype, fault)

    def row_number(self) -> str:
        self.numbered = True
        return f"{self.alias}.n"

    def project(self, sql: str) -> str:
        """The name under which the relation gives an expression over its row."""
        return f"{self.alias}.{self.projected.setdefault(sql, f'c{len(self.projected)}')}"

    def sql(self) -> str:
        columns = [f"{sql} AS {name}" for sql, name in self.projected.items()]
        rows = self.rows
        if self.numbered:
            columns.append("n")
            rows = f"(SELECT *, row_number() OVER () AS n FROM {rows})"
        laterals = "".join(
            f", LATERAL (SELECT unnest({value}) AS v) AS {name}" for value, name in self.unnested.items()
        )
        distinct = "DISTINCT " if self.repeats() else ""
        return f"(SELECT {distinct}{', '.join(columns) or '1 AS nothing'} FROM {rows} AS s{laterals}) AS {self.alias}"

    def repeats(self) -> bool:
        """Few columns of a wider table usually repeat; then one row for each combination is enough."""
        narrow = len(self.projected) <= _DISTINCT_COLUMNS < len(self.types or ())
        return narrow and not self.numbered and self.source.formulation is Formulation.TABLE


@dataclass
class _Draft:
    """The quads that share a SELECT: those over the same repeated references, or one join."""

    relation: _Relation
    parent: _Relation | None = None
    terms: dict[str, int] = field(default_factory=dict)
    faults: dict[str, None] = field(default_factory=dict)
    quads: dict[tuple[Slot, Slot, Slot, Slot], None] = field(default_factory=dict)

    def slot(self, made: Term) -> Slot:
        self.faults.update(dict.fromkeys(made.faults))
        return (
            made.constant if made.constant is not None else self.terms.setdefault(made.sql, len(self.terms))
        )


class _Compiler:
    def __init__(
        self, mapping: Mapping, map: TriplesMap, number: int, sources: Sources, defaults: Defaults
    ) -> None:
        self.mapping = mapping
        self.map = map
        self.number = number
        self.sources = sources
        self.defaults = defaults

    def plans(self) -> list[Plan]:
        drafts: dict[frozenset[str], _Draft] = {}
        made: list[Plan] = []
        for pair in self.map.predicate_objects:
            graphs = (*self.map.graphs, *pair.graphs)
            for item in pair.objects:
                if isinstance(item, ParentMap) and item.joins:
                    draft = self.joined(item, pair.predicates, graphs)
                    made.append(self.plan(draft, item))
                    continue
                subject = self.parent(item).subject if isinstance(item, ParentMap) else item
                for predicate in pair.predicates:
                    used = self.repeated(self.map.subject, predicate, subject, *graphs)
                    draft = drafts.setdefault(used, _Draft(self.relation("r")))
                    scope = self.scope(draft.relation, self.map)
                    other = (
                        self.scope(draft.relation, self.parent(item))
                        if isinstance(item, ParentMap)
                        else scope
                    )
                    self.add(draft, scope, predicate, draft.slot(term(subject, other)), graphs)
        return [*(self.plan(draft) for draft in drafts.values()), *made]

    def add(
        self, draft: _Draft, scope: Scope, predicate: TermMap, item: Slot, graphs: tuple[TermMap, ...]
    ) -> None:
        subject, verb = draft.slot(term(self.map.subject, scope)), draft.slot(term(predicate, scope))
        named = [draft.slot(term(graph, scope)) for graph in graphs] or [_DEFAULT_GRAPH]
        for graph in named:
            name = f"<{self.defaults.graph}>" if graph == _DEFAULT_GRAPH else graph
            check_graphs([name] if isinstance(name, str) else [], self.map.where)
            draft.quads[subject, verb, item, name] = None

    def joined(self, item: ParentMap, predicates: tuple[TermMap, ...], graphs: tuple[TermMap, ...]) -> _Draft:
        parent = self.parent(item)
        draft = _Draft(self.relation("r"), _Relation(parent.source, self.sources, parent.where, "p"))
        assert draft.parent is not None
        other = draft.slot(term(parent.subject, self.scope(draft.parent, parent)))
        for predicate in predicates:
            self.add(draft, self.scope(draft.relation, self.map), predicate, other, graphs)
        return draft

    def plan(self, draft: _Draft, join: ParentMap | None = None) -> Plan:
        conditions = []
        if join is not None and draft.parent is not None:
            here, there = self.scope(draft.relation, self.map), self.scope(draft.parent, self.parent(join))
            conditions = [f"{text(each.child, here)} = {text(each.parent, there)}" for each in join.joins]
        columns = [f"{sql} AS t{index}" for sql, index in draft.terms.items()]
        if draft.faults:
            columns.append(f"coalesce({', '.join(draft.faults)}, NULL) AS fault")
        rows = draft.relation.sql()
        if draft.parent is not None:
            rows = f"{rows} JOIN {draft.parent.sql()} ON {' AND '.join(conditions)}"
        ordered = draft.parent is None and not draft.relation.repeats()
        sql = f"SELECT {', '.join(columns) or '1 AS nothing'} FROM {rows}"
        return Plan(self.map, sql, tuple(draft.quads), bool(draft.faults), ordered)

    def relation(self, alias: str) -> _Relation:
        return _Relation(self.map.source, self.sources, self.map.where, alias)

    def parent(self, item: ParentMap) -> TriplesMap:
        found = self.mapping.triples_map(item.triples_map)
        assert found is not None
        return found

    def scope(self, relation: _Relation, owner: TriplesMap) -> Scope:
        number = self.mapping.triples_maps.index(owner)
        return Scope(
            column=relation.column,
            row_key=lambda: f"('row-{number}-' || {relation.row_number()})",
            base=owner.base or self.mapping.base or self.defaults.base,
            skolem=self.defaults.skolem,
            where=owner.where,
        )

    def repeated(self, *terms: TermMap) -> frozenset[str]:
        """The references of these terms that may give several values; quads over different ones don't share rows."""
        if self.map.source.formulation is not Formulation.JSON:
            return frozenset()
        names = {name for each in terms for name in _names(each)}
        return frozenset(name for name in names if json_path(name, self.map.where).many)


def check_graphs(names: Iterable[str], where: str) -> None:
    """Raises MappingError for a graph that no mapping may write."""
    for name in names:
        if is_own(name[1:-1]):
            what = f"The graph {name} is kept by the knowledge base"
            raise MappingError(what, where=where, hint="name another graph")


def rows_name(source: LogicalSource, path: Path) -> str:
    """The table that a logical source without a query reads: of columns, or of JSON values."""
    return objects_name(source.path) if is_json(path) else table_name(source.path)


def queried_tables(query: str, connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The names of tables that a query reads."""
    found = connection.execute(
        "SELECT json_extract_string(json_serialize_sql(?), '$..table_name')", [query]
    ).fetchone()
    return set(found[0] or ()) if found else set()


def _natural(sql: str, kind: str, name: str, where: str) -> tuple[str, str | None]:
    """The lexical form and datatype of a typed column, by the natural mapping of R2RML; None for text."""
    plain = f"CAST({sql} AS VARCHAR)"
    if kind in ("VARCHAR", "UUID", "JSON") or kind.startswith("ENUM"):
        return sql if kind == "VARCHAR" else plain, None
    if kind.endswith("INT") or kind in ("INTEGER", "UINTEGER", "BIGNUM"):
        return plain, "integer"
    if kind.startswith("DECIMAL"):
        return (plain if kind.endswith(",0)") else f"rtrim(rtrim({plain}, '0'), '.')"), "decimal"
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"replace(CAST({sql} AT TIME ZONE 'UTC' AS VARCHAR), ' ', 'T') || 'Z'", "dateTime"
    if kind.startswith("TIMESTAMP"):
        return f"replace({plain}, ' ', 'T')", "dateTime"
    if kind == "BLOB":
        return f"hex({sql})", "hexBinary"
    known = {"FLOAT": "double", "DOUBLE": "double", "BOOLEAN": "boolean", "DATE": "date", "TIME": "time"}
    if kind not in known:
        raise MappingError(
            f"The column '{name}' is a {kind}, which is no single value",
            where=where,
            hint="take it apart in a query, with unnest or a field",
        )
    return plain, known[kind]


def _names(item: TermMap | Expression | None) -> set[str]:
    """The names of all references in a term map."""
    match item:
        case TermMap(expression, _, datatype, language):
            return _names(expression) | _names(datatype) | _names(language)
        case Reference(name):
            return {name}
        case Template(parts):
            return {part.name for part in parts if isinstance(part, Reference)}
        case FunctionCall(_, arguments):
            return {name for _, each in arguments for name in _names(each)}
        case _:
            return set()
