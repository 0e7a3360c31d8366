"""Linting shapes: what is ill-formed, contradictory, misspelt, or judges nothing."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import pyoxigraph as ox

from ..columns.batches import batches_of
from ..columns.dictionary import Dictionary
from ..columns.relations import Relations
from ..columns.rows import Rows
from ..errors import ShapesError
from . import components as c
from .engine import Validation, validate
from .paths import Inverse, Predicate, Repeated
from .paths import Path as PropertyPath
from .scope import ValidationData
from .shape_files import parsed
from .shapes import Shape, ShapesGraph, read_shapes
from .sparql import query_text
from .triples import Term, Triples, is_blank, shown
from .vocabulary import IDENTIFIER, SHACL, local_name

_OWN = Path(__file__).with_name("shapes-of-shapes.ttl")


@dataclass(frozen=True)
class Lint:
    """One thing about a shape: an error (it can't be run, or nothing can conform), or a warning."""

    level: Literal["error", "warning"]
    shape: str
    what: str
    hint: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " if self.line else f"{self.file}: " if self.file else ""
        return f"{place}{self.level}: {self.shape}: {self.what}{f'; {self.hint}' if self.hint else ''}"

    def to_dict(self) -> dict[str, object]:
        """What it says, as JSON-ready values."""
        return {key: value for key, value in vars(self).items() if value}


@dataclass(frozen=True)
class Lints:
    """Everything that was found; true where nothing was."""

    found: tuple[Lint, ...]

    @property
    def errors(self) -> int:
        """How many are errors."""
        return sum(one.level == "error" for one in self.found)

    def __bool__(self) -> bool:
        return not self.found

    def __str__(self) -> str:
        head = f"{self.errors} errors, {len(self.found) - self.errors} warnings"
        return "\n".join([*map(str, self.found), head])

    def to_dict(self) -> dict[str, object]:
        """What was found, as JSON-ready values."""
        return {"errors": self.errors, "found": [one.to_dict() for one in self.found]}


@dataclass(frozen=True)
class Vocabulary:
    """What shapes may speak of: the predicates that data or ontology use, and the data."""

    predicates: set[str]
    data: ValidationData

    def knows(self, term: ox.NamedNode) -> bool:
        """Whether the ontology or the data say anything with or about a term."""
        return term.value in self.predicates or bool(self.data.id(term))


def check_shapes(shapes: Sequence[Path] | Iterable[ox.Triple], vocabulary: Vocabulary | None = None) -> Lints:
    """Lint shapes in files (as one graph), or triples; what they speak of where a vocabulary is given.

    Raises SourceError and UnsupportedFormat for files.
    """
    given = list(shapes)
    files = [one for one in given if isinstance(one, Path)]
    triples = [one for one in given if isinstance(one, ox.Triple)]
    faults: list[Lint] = []
    for number, path in enumerate(files):
        try:
            triples += parsed(path, number)
        except ShapesError as error:
            line = re.search(r", line (\d+)", error.where or "")
            number_of_line = int(line[1]) if line else None
            faults.append(Lint("error", path.name, error.what, file=str(path), line=number_of_line))
    texts = {path: path.read_text(encoding="utf-8", errors="replace").splitlines() for path in files}
    faults += (_placed(one, node, texts) for one, node in _lints(triples, vocabulary))
    return Lints(tuple(dict.fromkeys(faults)))


def _lints(triples: list[ox.Triple], vocabulary: Vocabulary | None) -> Iterator[tuple[Lint, Term | None]]:
    graph = Triples(triples)
    yield from _unknown_terms(graph)
    ill_formed = list(_ill_formed(graph))
    yield from ill_formed
    try:
        shapes = read_shapes(triples)
    except ShapesError as error:
        if any(lint.level == "error" for lint, _ in ill_formed):
            return
        named = re.search(r"<([^>]+)>", f"{error.what} {error.where}")
        yield (
            Lint("error", error.where or "shapes graph", error.what, error.hint or ""),
            ox.NamedNode(named[1]) if named else None,
        )
        return
    owners = _owners(shapes)
    for shape in shapes.shapes.values():
        owner = owners.get(shape.node, shape)
        for lint in (*_contradictions(shape), *_properties(shape, vocabulary), *_queries(shape)):
            yield Lint(lint.level, owner.name, lint.what, lint.hint), owner.node
    yield from _targets(shapes, vocabulary)


def _unknown_terms(graph: Triples) -> Iterator[tuple[Lint, Term | None]]:
    """Terms of the SHACL namespace that SHACL does not have."""
    known = _shacl_terms()
    for one in graph.all:
        for term in (one.predicate, one.object):
            if not isinstance(term, ox.NamedNode) or not term.value.startswith(SHACL):
                continue
            name = term.value.removeprefix(SHACL)
            if name not in known:
                near = difflib.get_close_matches(name, known, 1)
                hint = f"did you mean sh:{near[0]}?" if near else "SHACL has no such term"
                owner = _owner(graph, one.subject)
                yield Lint("error", _name(graph, owner), f"sh:{name} is unknown", hint), term


@cache
def _shacl_terms() -> frozenset[str]:
    text = resources.files("kb").joinpath("w3c_terms.json").read_text(encoding="utf-8")
    components = (
        cls.__name__ for cls in _subclasses(c.Constraint) if not cls.__subclasses__() and cls is not c.Foreign
    )
    more = {f"{name}ConstraintComponent" for name in components}
    return frozenset({*json.loads(text)["sh"]["terms"], *_BEYOND_CORE, *more})


# Terms of SHACL-AF and SHACL-JS, which the list of the Core does not have.
_BEYOND_CORE = [
    "Rule",
    "TripleRule",
    "SPARQLRule",
    "rule",
    "condition",
    "subject",
    "predicate",
    "object",
    "construct",
    "order",
    "Target",
    "TargetType",
    "SPARQLTarget",
    "SPARQLTargetType",
    "target",
    "Function",
    "SPARQLFunction",
    "JSFunction",
    "JSRule",
    "JSTarget",
    "JSTargetType",
    "JSLibrary",
    "JSConstraint",
    "JSValidator",
    "js",
    "jsLibrary",
    "jsLibraryURL",
    "jsFunctionName",
    "expression",
    "this",
    "filterShape",
    "nodes",
    "union",
    "intersection",
    "path",
    "returnType",
    "ExpressionConstraintComponent",
    "JSConstraintComponent",
    "ask",
    "select",
    "update",
    "entailment",
    "shapesGraph",
    "suggestedShapesGraph",
    "NodeKind",
    "Severity",
    "Shape",
    "PrefixDeclaration",
    "Parameterizable",
    "ResultAnnotation",
    "ShapesGraph",
]


def _subclasses(cls: type) -> Iterator[type]:
    direct: list[type] = cls.__subclasses__()
    for one in direct:
        yield one
        yield from _subclasses(one)


def _ill_formed(graph: Triples) -> Iterator[tuple[Lint, Term | None]]:
    """What breaks the shapes for shapes."""
    dictionary = Dictionary()
    rows = Rows.encoded(dictionary, batches_of(graph.all, "urn:shapes"))
    relations = Relations.of({predicate: pairs for _, predicate, pairs in rows})
    report = validate(read_shapes(ox.parse(path=str(_OWN))), ValidationData(dictionary, relations))
    for one in report.results:
        owner: Any = _owner(graph, one.focus)
        path = f" {shown(one.path.iri)}" if isinstance(one.path, Predicate) else ""
        value = "" if one.value is None else f" ({shown(one.value)})"
        level: Literal["error", "warning"] = "error" if local_name(one.severity) == "Violation" else "warning"
        yield Lint(level, _name(graph, owner), f"{one.text()}{path}{value}"), owner


def _contradictions(shape: Shape) -> Iterator[Lint]:
    """Bounds between which no value lies."""
    found = {type(one): one for one in shape.constraints}
    pairs = ((c.MinCount, c.MaxCount), (c.MinLength, c.MaxLength), (c.QualifiedMinCount, c.QualifiedMaxCount))
    for low, high in pairs:
        least, most = found.get(low), found.get(high)
        if least is not None and most is not None and least.count > most.count:  # type: ignore[attr-defined]
            names = f"sh:{_parameter(low)} {least.count}, sh:{_parameter(high)} {most.count}"  # type: ignore[attr-defined]
            yield Lint("error", shape.name, f"nothing can conform: {names}", "exchange the two")
    for lower in (c.MinInclusive, c.MinExclusive):
        for upper in (c.MaxInclusive, c.MaxExclusive):
            least, most = found.get(lower), found.get(upper)
            if isinstance(least, c.Bound) and isinstance(most, c.Bound):
                both = _comparable(least.limit, most.limit)
                exclusive = lower is c.MinExclusive or upper is c.MaxExclusive
                if both and (both[0] > both[1] or (exclusive and both[0] == both[1])):
                    names = f"sh:{_parameter(lower)} {least.limit.value}, sh:{_parameter(upper)} {most.limit.value}"
                    yield Lint("error", shape.name, f"nothing can conform: {names}", "exchange the two")
    datatype, kind = found.get(c.Datatype), found.get(c.NodeKind)
    if isinstance(datatype, c.Datatype) and isinstance(kind, c.NodeKind) and "Literal" not in kind.kind:
        yield Lint("error", shape.name, f"nothing can conform: sh:datatype with sh:nodeKind sh:{kind.kind}")
    if found.get(c.Class) and (datatype or (isinstance(kind, c.NodeKind) and kind.kind == "Literal")):
        yield Lint("error", shape.name, "nothing can conform: sh:class, but values are literals")
    allowed = found.get(c.In)
    for one in shape.constraints:
        if isinstance(one, c.HasValue) and isinstance(allowed, c.In) and one.value not in allowed.values:
            yield Lint("error", shape.name, f"nothing can conform: sh:hasValue {one.value} is not in sh:in")


def _parameter(kind: type) -> str:
    return kind.__name__[0].lower() + kind.__name__[1:]


def _comparable(low: ox.Literal, high: ox.Literal) -> tuple[Any, Any] | None:
    try:
        return float(low.value), float(high.value)
    except ValueError:
        return (low.value, high.value) if low.datatype == high.datatype else None


def _properties(shape: Shape, vocabulary: Vocabulary | None) -> Iterator[Lint]:
    """Properties of paths and pairs that neither the ontology nor the data have."""
    if vocabulary is None:
        return
    named = [*(_predicates(shape.path) if shape.path else ())]
    named += [one.predicate for one in shape.constraints if isinstance(one, c.Pair)]
    for one in dict.fromkeys(named):
        if not vocabulary.knows(one):
            beginning = one.value.removesuffix(local_name(one))
            names = [
                name.removeprefix(beginning) for name in vocabulary.predicates if name.startswith(beginning)
            ]
            near = difflib.get_close_matches(local_name(one), sorted(names), 1)
            hint = f"did you mean <{beginning}{near[0]}>?" if near else "look at its spelling and namespace"
            yield Lint("warning", shape.name, f"property <{one.value}> is in neither ontology nor data", hint)


def _predicates(path: PropertyPath) -> Iterator[ox.NamedNode]:
    match path:
        case Predicate(iri):
            yield iri
        case Inverse(inner) | Repeated(inner):
            yield from _predicates(inner)
        case _:
            for part in path.paths:
                yield from _predicates(part)


def _queries(shape: Shape) -> Iterator[Lint]:
    """Queries that don't parse, or that SHACL forbids."""
    for one in shape.constraints:
        if isinstance(one, c.SPARQL):
            try:
                ox.Store().query(query_text(shape, one))
            except ShapesError as error:
                yield Lint("error", shape.name, error.what, error.hint or "")
            except (SyntaxError, ValueError) as error:
                yield Lint("error", shape.name, f"sh:select does not parse: {str(error).strip()}")


def _targets(shapes: ShapesGraph, vocabulary: Vocabulary | None) -> Iterator[tuple[Lint, Term | None]]:
    """Shapes that judge nothing."""
    run = Validation(shapes, vocabulary.data, None) if vocabulary else None
    used = {inner for one in shapes.shapes.values() for part in one.constraints for inner in part.shapes}
    for shape in shapes.shapes.values():
        if shape.deactivated:
            yield Lint("warning", shape.name, "is deactivated (sh:deactivated true)"), shape.node
        elif not shape.targets:
            if shape.node not in used:
                yield Lint("warning", shape.name, "has no target, and no shape refers to it"), shape.node
        elif (
            vocabulary
            and run
            and not any(one.kind == "foreign" or len(run.targeted(one)) for one in shape.targets)
        ):
            names = ", ".join(f"{one.kind} {shown(one.term)}" for one in shape.targets)
            known = all(vocabulary.knows(one.term) for one in shape.targets)
            hint = "" if known else "neither ontology nor data know it"
            yield Lint("warning", shape.name, f"matches no node of the data ({names})", hint), shape.node


def _owners(shapes: ShapesGraph) -> dict[Term, Shape]:
    """For anonymous parts the named shape that they belong to."""
    found: dict[Term, Shape] = {}
    for shape in shapes.shapes.values():
        if not is_blank(shape.node):
            for part in shapes.reachable(shape):
                if is_blank(part.node):
                    found.setdefault(part.node, shape)
    return found


def _owner(graph: Triples, node: Any) -> Any:
    """The named node that a blank node belongs to."""
    for _ in range(20):
        if not is_blank(node):
            break
        user = next((one.subject for one in graph.all if one.object == node), None)
        if user is None:
            break
        node = user
    return node


def _name(graph: Triples, node: Term) -> str:
    identifiers = graph.objects(node, IDENTIFIER)
    return identifiers[0].value if identifiers else shown(node)


def _placed(lint: Lint, node: Term | None, texts: dict[Path, list[str]]) -> Lint:
    """A lint with the file and line that name a node, as far as texts show it."""
    if not isinstance(node, ox.NamedNode) or is_blank(node):
        return lint
    local = re.escape(re.split(r"[/#:]", node.value)[-1])
    full = re.compile(rf"<{re.escape(node.value)}>|(?<![\w:])[\w.-]*:{local}(?![\w-])")
    begins = re.compile(rf"^(?:{full.pattern})")
    for pattern in (begins, full):
        for path, lines in texts.items():
            for number, line in enumerate(lines, 1):
                if pattern.search(line):
                    return Lint(lint.level, lint.shape, lint.what, lint.hint, str(path), number)
    return lint
