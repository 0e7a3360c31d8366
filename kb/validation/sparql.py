"""SPARQL-based constraints (SHACL 5) on Oxigraph: in set form, or with VALUES where a query isn't fit for that."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyoxigraph as ox

from ..columns.kernels import Ids, contains, heads, tails
from ..errors import ShapesError
from . import components as c
from .candidates import Candidates, candidates
from .findings import Findings
from .paths import Path, Predicate
from .prebinding import Query, read_query
from .query_tree import read_tree
from .scope import ValidationData
from .shapes import Shape, ShapesGraph
from .solutions import Table
from .triples import Term, is_blank

OWN_STORE_ROWS = 200_000
_SHAPES = ox.NamedNode("urn:commerce-kb:shapes-graph")
_BOUND = re.compile(r"\bbound\s*\(\s*[?$](\w+)\s*\)", re.IGNORECASE)
_BATCH = 500
# For so few focus nodes a query in set form names them too.
_FEW = 2_000


def wanted(shapes: ShapesGraph) -> bool:
    """Whether any shape has a SPARQL-based constraint."""
    return any(isinstance(one, c.SPARQL) for shape in shapes.shapes.values() for one in shape.constraints)


def with_store(data: ValidationData, shapes: ShapesGraph) -> ValidationData:
    """The data with a store in memory, where it needs one and is small enough for it.

    It needs one where it has none, and where a query asks for the shapes graph, which then lies beside the data.
    """
    asked = _asks_for_shapes(shapes)
    if (data.store is not None and not asked) or data.relations.size > OWN_STORE_ROWS:
        return data
    store = ox.Store()
    store.bulk_load(io.BytesIO(n_triples(data)), format=ox.RdfFormat.N_TRIPLES, lenient=True)
    if asked:
        store.extend(ox.Quad(one.subject, one.predicate, one.object, _SHAPES) for one in shapes.triples)
    return replace(data, store=store, graphs=None)


def _asks_for_shapes(shapes: ShapesGraph) -> bool:
    constraints = (one for shape in shapes.shapes.values() for one in shape.constraints)
    return any(isinstance(one, c.SPARQL) and "shapesGraph" in one.select for one in constraints)


def n_triples(data: ValidationData) -> bytes:
    """The data as N-Triples text."""
    lines: list[str] = []
    for predicate, rows in data.judged.items():
        name = data.dictionary.text(predicate)
        subjects = data.dictionary.decode(heads(rows.pairs)).to_pylist()
        objects = data.dictionary.decode(tails(rows.pairs)).to_pylist()
        lines += [f"{one} {name} {two} .\n" for one, two in zip(subjects, objects, strict=True)]
    return "".join(lines).encode()


def gap(constraint: c.SPARQL, data: ValidationData) -> str | None:
    """Why a constraint can't be run; nothing where it can."""
    if data.store is None:
        return f"no store was given, and the data has more than {OWN_STORE_ROWS:,} triples"
    if "shapesGraph" in constraint.select and data.relations.size > OWN_STORE_ROWS:
        return f"$shapesGraph needs a copy of the data, which has more than {OWN_STORE_ROWS:,} triples"
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
    left = Candidates(focus)
    if len(focus) and "shapesGraph" not in constraint.select:
        left = candidates(read_tree(query_text(shape, constraint)), focus, data)
        focus = left.focus
    rows = [
        solution
        for solutions in _run(shape, constraint, left, data)
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


def _run(
    shape: Shape, constraint: c.SPARQL, left: Candidates, data: ValidationData
) -> Iterator[ox.QuerySolutions]:
    focus = left.focus
    if not len(focus):
        return
    query = _query(shape, constraint)
    terms = data.dictionary.decode(focus).to_pylist() if query.form != "set" or len(focus) <= _FEW else []
    if query.form == "set" and (not terms or any(term.startswith("_:") for term in terms)):
        yield _ask(shape, constraint.prefixes + query.text, data)
        return
    if query.form == "set" and not query.root.aggregates and not query.root.grouped:
        block = _block(left.rows, data)
        if block:
            here = f"VALUES ?this {{ {' '.join(terms)} }}"
            yield _ask(shape, constraint.prefixes + query.bound_to(here, outermost=block), data)
            return
    size = 1 if query.form == "single" else _BATCH
    terms = [term for term in terms if not term.startswith("_:")]
    for start in range(0, len(terms), size):
        values = f"VALUES ?this {{ {' '.join(terms[start : start + size])} }}"
        yield _ask(shape, constraint.prefixes + query.bound_to(values), data)


def _block(rows: Table | None, data: ValidationData) -> str:
    """A VALUES block of what columns know of all solutions: the store looks up no more. Empty where it can't be.

    Only of variables that are IRIs everywhere: each row then says one solution's terms exactly.
    """
    if rows is None or not 0 < rows.size <= _FEW:
        return ""
    names, texts = [], []
    for name, ids in rows.columns.items():
        if not name.name.startswith(("[", "_:")):
            terms = data.dictionary.decode(ids).to_pylist()
            if all(map(_is_iri, set(terms))):
                names.append(f"?{name.name}")
                texts.append(terms)
    if "?this" not in names or len(names) == 1:
        return ""
    lines = " ".join(f"({' '.join(row)})" for row in dict.fromkeys(zip(*texts, strict=True)))
    return f"VALUES ({' '.join(names)}) {{ {lines} }}"


def _is_iri(term: str) -> bool:
    if not term.startswith("<"):
        return False
    try:
        ox.NamedNode(term[1:-1])
    except ValueError:
        return False
    return True


def _ask(shape: Shape, text: str, data: ValidationData) -> ox.QuerySolutions:
    try:
        graphs: Any = None if data.graphs is None else list(data.graphs)
        found = data.sparql.query(text, default_graph=graphs)
    except (SyntaxError, ValueError) as error:
        raise _fault(shape, f"has a sh:select that doesn't run: {error}") from None
    if not isinstance(found, ox.QuerySolutions):
        raise _fault(shape, "has a sh:select that is no SELECT query")
    return found


def query_text(shape: Shape, constraint: c.SPARQL) -> str:
    """A constraint's query, its prefixes and what is known of the shape put in."""
    return constraint.prefixes + _query(shape, constraint).text


def _query(shape: Shape, constraint: c.SPARQL) -> Query:
    here = None if is_blank(shape.node) else str(shape.node)
    query = _read(constraint.select, None if shape.path is None else str(shape.path), here)
    if query.faults:
        raise _fault(shape, f"has a sh:select with what SHACL forbids: {', '.join(query.faults)}")
    return query


@lru_cache(512)
def _read(select: str, path: str | None, shape: str | None) -> Query:
    given = {"PATH": path, "currentShape": shape, "shapesGraph": str(_SHAPES)}
    known = {name: text for name, text in given.items() if text is not None}
    # What is put in is bound, and BOUND takes variables only.
    return read_query(_BOUND.sub(lambda match: "(true)" if match[1] in known else match[0], select), known)


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
