"""SPARQL-based constraints (SHACL 5) on Oxigraph: in set form, or with VALUES where a query isn't fit for that."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyoxigraph as ox

from ..columns.kernels import Ids, contains
from ..errors import ShapesError
from . import components as c
from .findings import Findings
from .paths import Path, Predicate
from .prebinding import Query, read_query
from .scope import ValidationData
from .shapes import Shape, ShapesGraph
from .triples import Term, is_blank

OWN_STORE_ROWS = 200_000
_BATCH = 500


def wanted(shapes: ShapesGraph) -> bool:
    """Whether any shape has a SPARQL-based constraint."""
    return any(isinstance(one, c.SPARQL) for shape in shapes.shapes.values() for one in shape.constraints)


def with_store(data: ValidationData) -> ValidationData:
    """The data with a store in memory, where it has none and is small enough for one."""
    if data.store is not None or data.relations.size > OWN_STORE_ROWS:
        return data
    store = ox.Store()
    store.bulk_load(io.BytesIO(n_triples(data)), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    return replace(data, store=store, graphs=None)


def n_triples(data: ValidationData) -> bytes:
    """The data as N-Triples text."""
    lines: list[str] = []
    for predicate, relation in data.relations.items():
        name = data.dictionary.text(predicate)
        subjects = data.dictionary.decode(relation.subjects).to_pylist()
        objects = data.dictionary.decode(relation.objects).to_pylist()
        lines += [f"{one} {name} {two} .\n" for one, two in zip(subjects, objects, strict=True)]
    return "".join(lines).encode()


def gap(constraint: c.SPARQL, data: ValidationData) -> str | None:
    """Why a constraint can't be run; nothing where it can."""
    if data.store is None:
        return f"no store was given, and the data has more than {OWN_STORE_ROWS:,} triples"
    if "shapesGraph" in read_query(constraint.select, {}).variables:
        return "$shapesGraph is not offered"
    return None


def form_of(shape: Shape, constraint: c.SPARQL) -> str:
    """How a constraint runs, for the plan."""
    form = _query(shape, constraint).form
    words = {
        "set": "in set form",
        "batch": f"for {_BATCH} focus nodes at a time",
        "single": "focus node by focus node",
    }
    return f"SPARQL {words[form]}"


def findings(shape: Shape, constraint: c.SPARQL, focus: Ids, data: ValidationData) -> Findings:
    """What a constraint finds at sorted focus nodes.

    Raises ShapesError for a query that SHACL forbids or that doesn't parse.
    """
    rows = [
        solution
        for solutions in _run(shape, constraint, focus, data)
        for solution in _named(solutions)
        if "this" in solution
    ]
    if any(row.get("failure") == ox.Literal(True) for row in rows):
        raise _fault(shape, "reports a failure (?failure is true)")
    nodes = data.dictionary.encode(pa.array([str(row["this"]) for row in rows], pa.large_string()))
    kept = np.flatnonzero(contains(focus, nodes))
    rows, nodes = [rows[place] for place in kept], nodes[kept]
    given = [row.get("value", row["this"] if shape.path is None else None) for row in rows]
    value = np.zeros(len(rows), np.uint32)
    places = [place for place, one in enumerate(given) if one is not None]
    value[places] = data.dictionary.encode(
        pa.array([str(given[place]) for place in places], pa.large_string())
    )
    return Findings(
        shape,
        constraint,
        nodes,
        nodes,
        value,
        paths=[_path(row.get("path"), shape.path) for row in rows],
        names=rows,
        messages=[(said,) if isinstance(said := row.get("message"), ox.Literal) else () for row in rows],
    )


def _run(shape: Shape, constraint: c.SPARQL, focus: Ids, data: ValidationData) -> Iterator[ox.QuerySolutions]:
    query = _query(shape, constraint)
    if query.form == "set":
        yield _ask(shape, constraint.prefixes + query.text, data)
        return
    size = 1 if query.form == "single" else _BATCH
    terms = [term for term in data.dictionary.decode(focus).to_pylist() if not term.startswith("_:")]
    for start in range(0, len(terms), size):
        values = f"VALUES ?this {{ {' '.join(terms[start : start + size])} }}"
        yield _ask(shape, constraint.prefixes + query.bound_to(values), data)


def _ask(shape: Shape, text: str, data: ValidationData) -> ox.QuerySolutions:
    assert data.store is not None
    try:
        graphs: Any = None if data.graphs is None else list(data.graphs)
        found = data.store.query(text, default_graph=graphs)
    except (SyntaxError, ValueError) as error:
        raise _fault(shape, f"has a sh:select that doesn't run: {error}") from None
    if not isinstance(found, ox.QuerySolutions):
        raise _fault(shape, "has a sh:select that is no SELECT query")
    return found


def _query(shape: Shape, constraint: c.SPARQL) -> Query:
    known = {}
    if shape.path is not None:
        known["PATH"] = str(shape.path)
    if not is_blank(shape.node):
        known["currentShape"] = str(shape.node)
    query = read_query(constraint.select, known)
    if query.faults:
        raise _fault(shape, f"has a sh:select with what SHACL forbids: {', '.join(query.faults)}")
    return query


def _fault(shape: Shape, what: str) -> ShapesError:
    return ShapesError(
        f"Shape {shape.name} {what}", where="shapes graph", hint="see SHACL 5.2.1, pre-bound variables"
    )


def _named(solutions: ox.QuerySolutions) -> Iterator[dict[str, Term]]:
    names = [variable.value for variable in solutions.variables]
    for solution in solutions:
        yield {name: value for name, value in zip(names, solution, strict=True) if value is not None}


def _path(found: Term | None, default: Path | None) -> Path | None:
    return Predicate(found) if isinstance(found, ox.NamedNode) else default
