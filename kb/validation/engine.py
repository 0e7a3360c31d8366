"""The engine: a shapes graph over columns, set-at-a-time, into a report."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..columns.kernels import Ids, distinct, intersect, pack, subtract, unite
from . import components as c
from . import fallback, sparql
from .constraints import CHECKS
from .constraints.other import beyond_closed
from .findings import Findings, predicate_paths, results
from .report import Result, Unchecked, ValidationReport
from .scope import Scope, ValidationData, ValueNodes
from .shapes import Shape, ShapesGraph, Target
from .triples import Resource
from .vocabulary import local_name

NO_IDS: Ids = np.empty(0, np.uint32)


def validate(
    shapes: ShapesGraph, data: ValidationData, *, focus: np.ndarray | None = None
) -> ValidationReport:
    """Judge `data` by `shapes`; with `focus` (ids), only as far as these are focus nodes of shapes with targets.

    Raises ShapesError for a shape that can't be run (a forbidden form of SPARQL, a bad pattern).
    """
    return Validation(
        shapes, data, None if focus is None else distinct(np.asarray(focus, np.uint32))
    ).report()


class Validation:
    """One run: what was found, and what is known about nodes and shapes so far."""

    def __init__(self, shapes: ShapesGraph, data: ValidationData, focus: Ids | None) -> None:
        self.shapes = shapes
        self.focus = focus
        self.data = sparql.with_store(data) if sparql.wanted(shapes) else data
        self.scope = Scope(self.data, self.failing)
        self._verdicts: dict[Resource, tuple[Ids, Ids]] = {}

    def report(self) -> ValidationReport:
        """Judge every shape with a target."""
        found: list[Result] = []
        gaps: list[Unchecked] = []
        elsewhere = [one for one in self.shapes.roots() if fallback.reason(self.shapes, one)]
        if elsewhere and fallback.too_large(self.data):
            gaps += [gap for one in elsewhere for gap in fallback.targets_left_out(one)]
            elsewhere = []
        for shape in self.shapes.roots():
            if shape not in elsewhere:
                found += self.judge(shape)
                gaps += self.gaps(shape)
        if elsewhere:
            nodes = {one.node: self.focus_nodes(one) for one in elsewhere}
            found += fallback.judge(self.shapes, elsewhere, self.data, None if self.focus is None else nodes)
        return ValidationReport(tuple(found), tuple(dict.fromkeys(gaps)))

    def judge(self, shape: Shape) -> Iterator[Result]:
        """The results of one shape with a target."""
        return results(self.findings(shape, self.focus_nodes(shape)), shape, self.data.dictionary)

    def focus_nodes(self, shape: Shape) -> Ids:
        """The nodes that a shape's targets select, sorted."""
        found = NO_IDS
        for target in shape.targets:
            found = unite(found, self.targeted(target))
        return found if self.focus is None else intersect(found, self.focus)

    def targeted(self, target: Target) -> Ids:
        """The nodes that one target selects, sorted."""
        match target.kind:
            case "node":
                return self.data.dictionary.encode([str(target.term)])
            case "class":
                return self.scope.instances(target.term, known_to_ontology=False)
            case "subjects":
                return distinct(self.data.relation(target.term).subjects)
            case "objects":
                return distinct(self.data.relation(target.term).objects)
            case _:
                return NO_IDS

    def findings(self, shape: Shape, focus: Ids) -> list[Findings]:
        """What a shape finds at sorted, distinct focus nodes."""
        if shape.deactivated or not len(focus):
            return []
        pairs = pack(focus, focus) if shape.path is None else self.scope.walk(shape.path, focus)
        values = ValueNodes(focus, pairs, self.scope)
        found: list[Findings] = []
        for constraint in shape.constraints:
            if self.gap(constraint) is None:
                found += self.found_by(shape, constraint, values)
        return [one for one in found if len(one)]

    def found_by(self, shape: Shape, constraint: c.Constraint, values: ValueNodes) -> list[Findings]:
        """What one constraint of a shape finds."""
        match constraint:
            case c.Property():
                inner = self.findings(self.shapes[constraint.shape], values.distinct)
                return inner if shape.path is None else [one.reached_from(values.pairs) for one in inner]
            case c.SPARQL():
                return [sparql.findings(shape, constraint, values.focus, self.data)]
            case c.Closed():
                pairs, predicates = beyond_closed(constraint, values)
                block = Findings.of(shape, constraint, pairs)
                return [block.with_paths(predicate_paths(predicates, self.data.dictionary))]
            case _:
                return [Findings.of(shape, constraint, CHECKS[type(constraint)](constraint, values))]

    def failing(self, node: Resource, nodes: Ids) -> Ids:
        """Those nodes (and perhaps others, asked about before) that don't conform to a shape, sorted."""
        checked, failing = self._verdicts.get(node, (NO_IDS, NO_IDS))
        fresh = subtract(nodes, checked)
        if len(fresh):
            found = self.findings(self.shapes[node], fresh)
            bad = distinct(np.concatenate([NO_IDS, *(one.root for one in found)]))
            checked, failing = unite(checked, fresh), unite(failing, bad)
            self._verdicts[node] = checked, failing
        return failing

    def gaps(self, root: Shape) -> Iterator[Unchecked]:
        """What judging a shape leaves out."""
        for shape in self.shapes.reachable(root):
            for constraint in shape.constraints:
                reason = self.gap(constraint)
                if reason is not None:
                    yield Unchecked(
                        shape.identifier or root.identifier or root.name, constraint.component, reason
                    )

    def gap(self, constraint: c.Constraint) -> str | None:
        """Why a constraint can't be judged here; nothing where it can."""
        if isinstance(constraint, c.Foreign):
            return constraint.reason
        if isinstance(constraint, c.SPARQL):
            return sparql.gap(constraint, self.data)
        if isinstance(constraint, c.Property):
            return None
        for node in constraint.shapes:
            for shape in self.shapes.reachable(self.shapes[node]):
                for inner in shape.constraints:
                    if not inner.shapes and (reason := self.gap(inner)):
                        return f"it needs a shape that can't be judged: {reason}"
        return None


def plan_text(shapes: ShapesGraph) -> str:
    """The plan in words: shapes, targets, paths, constraints and where each of them runs."""
    lines: list[str] = []

    def describe(shape: Shape, depth: int) -> None:
        for constraint in shape.constraints:
            where = "columns"
            if isinstance(constraint, c.SPARQL):
                where = sparql.form_of(shape, constraint)
            elif isinstance(constraint, c.Foreign):
                where = f"pyshacl ({constraint.reason})"
            lines.append(f"{'  ' * depth}{local_name(constraint.component)[:-19]} [{where}]")
            for node in constraint.shapes:
                inner = shapes[node]
                lines.append(f"{'  ' * (depth + 1)}{inner.path or inner.name}")
                describe(inner, depth + 2)

    for shape in shapes.roots():
        targets = ", ".join(f"{one.kind} {local_name(one.term)}" for one in shape.targets)
        lines.append(f"{shape.name} ({targets}){f' path {shape.path}' if shape.path else ''}")
        describe(shape, 1)
    return "\n".join(lines)
