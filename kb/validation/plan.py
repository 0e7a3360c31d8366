"""The plan: which shapes judge which nodes, by which constraints, and how each of them runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from . import components as c
from . import fallback, sparql
from .shapes import Shape, ShapesGraph
from .vocabulary import local_name

_COLUMNS = "columns"


@dataclass(frozen=True)
class Step:
    """A constraint: where it runs, and the shapes that it refers to."""

    component: str
    runs: str
    shapes: tuple[PlannedShape, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The step as JSON-ready values."""
        inner = {"shapes": [one.to_dict() for one in self.shapes]} if self.shapes else {}
        return {"component": self.component, "runs": self.runs, **inner}


@dataclass(frozen=True)
class PlannedShape:
    """A shape: what it selects (nothing where another shape refers to it), along which path, by which steps."""

    name: str
    targets: tuple[str, ...]
    path: str
    steps: tuple[Step, ...]

    def to_dict(self) -> dict[str, object]:
        """The shape as JSON-ready values."""
        parts = {"shape": self.name, "targets": list(self.targets), "path": self.path}
        return {key: one for key, one in parts.items() if one} | {
            "steps": [one.to_dict() for one in self.steps]
        }


@dataclass(frozen=True)
class ExecutionPlan:
    """How a shapes graph is run."""

    shapes: tuple[PlannedShape, ...]

    @classmethod
    def of(cls, shapes: ShapesGraph) -> ExecutionPlan:
        """The plan of a shapes graph.

        Raises ShapesError for a query that SHACL forbids.
        """
        return cls(tuple(_planned(shapes, one) for one in shapes.roots()))

    def to_dict(self) -> dict[str, object]:
        """The plan as JSON-ready values."""
        return {"shapes": [one.to_dict() for one in self.shapes]}

    def __str__(self) -> str:
        return "\n".join(line for one in self.shapes for line in _lines(one, 0))


def _planned(shapes: ShapesGraph, shape: Shape) -> PlannedShape:
    reason = fallback.reason(shapes, shape) if shape.targets else None
    steps = []
    for constraint in shape.constraints:
        runs = f"pySHACL on small data ({reason})" if reason else _COLUMNS
        if isinstance(constraint, c.SPARQL) and not reason:
            runs = sparql.form_of(shape, constraint)
        inner = (shapes[one] for one in constraint.shapes)
        steps.append(
            Step(
                local_name(constraint.component).removesuffix("ConstraintComponent"),
                runs,
                tuple(_planned(shapes, one) for one in inner if not one.deactivated),
            )
        )
    targets = tuple(f"{one.kind} {local_name(one.term)}" for one in shape.targets)
    return PlannedShape(shape.name, targets, str(shape.path or ""), tuple(steps))


def _lines(shape: PlannedShape, depth: int) -> Iterator[str]:
    targets = f" ({', '.join(shape.targets)})" if shape.targets else ""
    name = shape.name if shape.targets or not shape.path else ""
    path = f"path {shape.path}" if shape.path else ""
    yield "  " * depth + " ".join(part for part in (f"{name}{targets}", path) if part)
    for step in shape.steps:
        yield f"{'  ' * (depth + 1)}{step.component} [{step.runs}]"
        for inner in step.shapes:
            yield from _lines(inner, depth + 2)
