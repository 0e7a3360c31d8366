"""SPARQL Update as a ground diff: which quads a request adds and removes, without writing any."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from functools import cache

import pyoxigraph as ox

from ..conditions import Grant
from ..errors import Forbidden, KbError, NotFound, QueryError
from ..graphs import BASE
from ..store import Snapshot
from ..terms import PREFIXES
from . import guard
from .datasets import DEFAULT, Draft, Graph, Quads, SnapshotQuads, quad_in
from .documents import Documents
from .run import located
from .syntax import Load, Manage, Modify, Place, operations, sections, stored


@dataclass(frozen=True)
class GroundDiff:
    """What an update changes: quads that were not there, and quads that were; each quad names its graph."""

    added: list[ox.Quad]
    removed: list[ox.Quad]


@dataclass(frozen=True)
class Using:
    """The dataset that the protocol gives an update's WHERE (SPARQL 1.1 Protocol, 2.2.3); empty parts count."""

    default: tuple[ox.NamedNode, ...] = ()
    named: tuple[ox.NamedNode, ...] = ()


def ground_diff(
    snapshot: Snapshot,
    text: str,
    *,
    graph: str,
    documents: Documents | None = None,
    grant: Grant | None = None,
    using: Using | None = None,
) -> GroundDiff:
    """What an update request would change in a snapshot; quads without a graph go to `graph`.

    Raises QueryError (line, column, fragment; or a triple that can't be deleted), Forbidden (LOAD of what `documents`
    does not allow, SERVICE, the store's own graphs), NotFound for a graph that is not there, NotCovered beyond
    SPARQL 1.1, and what reading a document raises.
    """
    return diff_of(SnapshotQuads(snapshot, graph, grant), text, documents=documents, using=using)


def diff_of(
    dataset: Quads,
    text: str,
    *,
    documents: Documents | None = None,
    within: Graph | None = None,
    using: Using | None = None,
) -> GroundDiff:
    """What an update request would change in a dataset; each operation sees those before it.

    `within` is the one graph that it may change, and that it reads where it names no other.

    >>> from kb.querying.datasets import StoreQuads
    >>> [str(quad) for quad in diff_of(StoreQuads(ox.Store()), "INSERT DATA { <urn:s> a <urn:c> }").added]
    ['<urn:s> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:c>']
    """
    judge(text)
    with Draft(dataset) as draft:
        for operation in operations(text):
            if isinstance(operation, Modify):
                _modify(draft, _applied(operation, using), within)
            elif isinstance(operation, Load):
                _load(draft, operation, documents or Documents())
            else:
                _manage(draft, operation)
        diff = GroundDiff(*draft.difference())
    for quad in (*diff.added, *diff.removed):
        if within is not None and quad.graph_name != within:
            raise Forbidden(
                f"This request may change the graph {within} alone, and it changes {quad.graph_name}",
                hint="send it as a SPARQL update",
            )
    return diff


def _applied(operation: Modify, using: Using | None) -> Modify:
    """An operation on the dataset of the protocol.

    Raises QueryError where it names one itself.
    """
    if using is None:
        return operation
    if operation.target or operation.using or operation.using_named:
        raise QueryError(
            "The update has WITH or USING, and the request has using-graph-uri or using-named-graph-uri",
            hint="leave one of them out",
        )
    return replace(operation, using=using.default, using_named=using.named)


def judge(text: str) -> None:
    """Let the guard and Oxigraph's parser look at a request, section by section where it can't be read whole.

    Raises QueryError (line, column, fragment), Forbidden for SERVICE.
    """
    if guard.check(text, empty=guard.Form.UPDATE) is not guard.Form.UPDATE:
        raise QueryError("This is a query, not an update", hint="use kb query, or KnowledgeBase.query")
    try:
        _parse(text)
    except SyntaxError as fault:
        parts = sections(text)
        for part in parts if len(parts) > 1 else []:
            try:
                _parse(part)
            except SyntaxError as inner:
                raise located(inner, text, what="update") from None
        if len(parts) == 1:
            raise located(fault, text, what="update") from None


def _parse(text: str) -> None:
    try:
        _parser().update(text, prefixes=dict(PREFIXES), base_iri=BASE)
    except RuntimeError:
        return  # It parses; this store runs nothing.


@cache
def _parser() -> ox.Store:
    """A store that parses an update and then refuses to run it, since LOAD would fetch addresses."""
    with tempfile.TemporaryDirectory(prefix="kb-parser-") as folder:
        ox.Store(folder).flush()
        return ox.Store.read_only(folder)


def _modify(draft: Draft, operation: Modify, within: Graph | None) -> None:
    if isinstance(within, ox.NamedNode) and operation.target is None:
        operation = replace(operation, target=within)
    base, default = draft.base, operation.target or draft.base.home
    removed: dict[ox.Quad, None] = {}
    anywhere: dict[ox.Triple, None] = {}
    added: dict[ox.Quad, ox.Quad] = {}
    for solution in _solutions(draft, operation):
        for _, quad in operation.delete.filled(solution):
            if quad.graph_name == DEFAULT and base.merged and operation.target is None:
                anywhere[quad.triple] = None
            else:
                removed[_in(quad, default)] = None
        for written, quad in operation.insert.filled(solution):
            added[_in(quad, default)] = _in(written, default)
    for quad in (*removed, *added):
        base.check(quad.graph_name)
    kept = []
    triples = list(anywhere)
    for triple, graphs in zip(triples, draft.holders(triples), strict=True):
        removed.update((quad_in(triple, one), None) for one in graphs)
        # What an earlier operation of the request took away is gone, although the snapshot still has it.
        if not graphs and not base.holders([triple])[0] and base.follows(triple):
            kept.append(triple)
    if kept and (operation.where is None or not removed):
        raise _not_asserted(kept[0])
    for quad in removed:
        draft.remove(quad)
    for quad, written in added.items():
        draft.add(quad, written)


def _solutions(draft: Draft, operation: Modify) -> list:
    if operation.where is None:
        return [{}]
    options: dict = {"prefixes": dict(PREFIXES), "base_iri": BASE}
    if operation.using or operation.using_named:
        options["default_graph"] = list(operation.using)
        options["named_graphs"] = list(operation.using_named)
    elif operation.target:
        options["default_graph"] = operation.target
    named = len(options) > 2 or guard.names_graphs(operation.where)
    text = f"{operation.prologue}SELECT * WHERE {operation.where}"
    wanted = sorted(operation.delete.variables | operation.insert.variables)
    try:
        solutions = draft.select(text, named=named, **options)
        known = {one.value for one in solutions.variables}  # type: ignore[attr-defined]
        names = [name for name in wanted if name in known]
        return [{name: row[name] for name in names if row[name] is not None} for row in solutions]
    except (SyntaxError, RuntimeError, OSError) as fault:
        raise QueryError(f"The update failed: {fault}") from None


def _load(draft: Draft, operation: Load, documents: Documents) -> None:
    target = operation.graph or draft.base.home
    draft.base.check(target)
    try:
        triples = documents.triples(operation.document)
    except KbError:
        if operation.silent:
            return
        raise
    for triple in triples:
        quad = quad_in(triple, target)
        draft.add(stored(quad), quad)


def _manage(draft: Draft, operation: Manage) -> None:
    if operation.verb == "create":
        _create(draft, operation)
    elif operation.target is None:
        for graph in _graphs(draft, operation.graph):
            if _exists(draft, graph, silent=operation.silent):
                _clear(draft, graph)
                if operation.verb == "drop":
                    draft.graphs.discard(graph)
    else:
        _transfer(draft, operation)


def _create(draft: Draft, operation: Manage) -> None:
    (graph,) = _graphs(draft, operation.graph)
    draft.base.check(graph)
    if graph in draft.graphs and not operation.silent:
        raise QueryError(f"The graph {graph} exists already", hint="write CREATE SILENT GRAPH")
    draft.graphs.add(graph)


def _transfer(draft: Draft, operation: Manage) -> None:
    (source,), (target,) = _graphs(draft, operation.graph), _graphs(draft, operation.target or "DEFAULT")
    draft.base.check(target)
    if source == target or not _exists(draft, source, silent=operation.silent):
        return
    quads = draft.quads(source)
    if operation.verb == "move":
        _clear(draft, source)
        draft.graphs.discard(source)
    if operation.verb != "add":
        _clear(draft, target)
        draft.graphs.discard(target)
    for quad in quads:
        moved = quad_in(quad.triple, target)
        draft.add(moved, moved)


def _clear(draft: Draft, graph: Graph) -> None:
    draft.base.check(graph)
    for quad in draft.quads(graph):
        draft.remove(quad)


def _graphs(draft: Draft, place: Place) -> list[Graph]:
    """The graphs that a reference means; DEFAULT is the graph that quads without a graph go to."""
    if isinstance(place, ox.NamedNode):
        return [place]
    named = sorted(filter(draft.base.may_change, draft.graphs - {draft.base.home}), key=str)
    return {"DEFAULT": [draft.base.home], "NAMED": named, "ALL": [draft.base.home, *named]}[place]


def _exists(draft: Draft, graph: Graph, *, silent: bool) -> bool:
    if graph in draft.graphs or graph == draft.base.home or draft.base.is_own(graph):
        return True
    if silent:
        return False
    raise NotFound(
        f"There is no graph {graph}", hint="see kb stats for the graphs there are, or write SILENT"
    )


def _in(quad: ox.Quad, default: Graph) -> ox.Quad:
    return quad_in(quad.triple, default) if quad.graph_name == DEFAULT else quad


def _not_asserted(triple: ox.Triple) -> QueryError:
    text = " ".join(map(str, triple))
    return QueryError(
        f"This can't be deleted, because no source says it: {text}",
        hint=f"it is inferred or part of the ontology; kb explain {text} names what it follows from: delete that",
    )
