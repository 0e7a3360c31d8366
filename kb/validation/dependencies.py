"""Which shapes a change can affect: a shape's results depend on the rows of the predicates and classes it names.

The unit is the whole shape. It is left out only where none of its predicates and, of rdf:type, none of its classes
(or their subclasses) is among the changed rows; then its results are what they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from . import components as c
from .paths import Alternative, Inverse, Path, Predicate, Repeated, Sequence
from .shapes import Shape, ShapesGraph
from .vocabulary import RDF_TYPE, RDFS_SUBCLASS

_PREFIX = re.compile(r"PREFIX\s+([\w-]*):\s*<([^>]*)>", re.IGNORECASE)
_SKIPPED = re.compile(r"""\#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""")
_TERM = re.compile(
    r"(?P<iri><[^<>\s]*>)|(?P<variable>[?$]\w+)|(?P<name>[\w-]*:[\w.-]*\w)|(?P<a>\ba\b)|(?P<mark>[^\s\w])"
)


@dataclass(frozen=True)
class Changed:
    """What changed: the predicates of rows (rdf:type aside) and the classes of rdf:type rows, as IRIs."""

    predicates: frozenset[str]
    classes: frozenset[str]


@dataclass(frozen=True)
class Dependencies:
    """The IRIs that a shape names, and whether it reads rows whatever their predicate (or class)."""

    names: frozenset[str]
    any_predicate: bool = False
    any_class: bool = False

    def met_by(self, changed: Changed) -> bool:
        """Whether the change can affect the shape."""
        if RDFS_SUBCLASS.value in changed.predicates:
            return True
        predicates = bool(changed.predicates) if self.any_predicate else self.names & changed.predicates
        all_classes = self.any_class or RDF_TYPE.value in self.names
        classes = bool(changed.classes) if all_classes else self.names & changed.classes
        return bool(predicates or classes)


def affected(shapes: ShapesGraph, changed: Changed) -> ShapesGraph:
    """The shapes graph with targets only where the change can affect a shape."""
    kept = {}
    for node, shape in shapes.shapes.items():
        idle = bool(shape.targets) and not dependencies(shapes, shape).met_by(changed)
        kept[node] = replace(shape, targets=()) if idle else shape
    return ShapesGraph(kept, shapes.triples)


def dependencies(shapes: ShapesGraph, root: Shape) -> Dependencies:
    """What judging a shape with a target reads."""
    names: set[str] = set()
    any_predicate = any_class = False
    for target in root.targets:
        if target.kind == "foreign":
            return Dependencies(frozenset(), True, True)
        names.add(getattr(target.term, "value", ""))
    for shape in shapes.reachable(root):
        if shape.path is not None:
            names.update(_steps(shape.path))
        for constraint in shape.constraints:
            match constraint:
                case c.Class():
                    names.add(constraint.cls.value)
                case c.Pair():
                    names.add(constraint.predicate.value)
                case c.Closed():
                    any_predicate = any_class = True
                case c.SPARQL():
                    query = _read(constraint.prefixes + constraint.select)
                    names |= query.names
                    any_predicate |= query.any_predicate
                    any_class |= query.any_class
                case c.Foreign():
                    any_predicate = any_class = True
    return Dependencies(frozenset(names), any_predicate, any_class)


def _steps(path: Path) -> Iterator[str]:
    match path:
        case Predicate():
            yield path.iri.value
        case Inverse() | Repeated():
            yield from _steps(path.path)
        case Sequence() | Alternative():
            for one in path.paths:
                yield from _steps(one)


def _read(text: str) -> Dependencies:
    """The IRIs of a query, and whether a variable may stand as a predicate or behind ``a``."""
    prefixes = dict(_PREFIX.findall(text))
    body = _SKIPPED.sub(" 0 ", text[text.find("{") :])
    names: set[str] = set()
    run: list[str] = ["."]
    any_predicate = any_class = False
    for token in _TERM.finditer(body):
        kind, word = token.lastgroup, token.group()
        if kind == "iri":
            names.add(word[1:-1])
        elif kind == "name":
            prefix, local = word.split(":", 1)
            names.add(prefixes.get(prefix, "") + local)
        if kind == "variable":
            # The second term of a triple, or the first behind a semicolon, is its predicate.
            any_predicate |= (len(run) == 2 and run[0] in ".{}") or run == [";"]
            any_class |= run[-1] == "a"
        run = [word] if kind == "mark" else [*run, word]
    return Dependencies(frozenset(names), any_predicate, any_class)
