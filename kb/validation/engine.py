"""The engine: a shapes graph over columns, set-at-a-time, into a report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from ..columns.kernels import Ids, distinct, heads, intersect, pack, subtract, unite
from . import components as c
from . import fallback, sparql
from .constraints import CHECKS
from .constraints.other import beyond_closed
from .findings import Findings, predicate_paths, results
from .incremental import Foci
from .report import Result, Unchecked, ValidationReport
from .scope import Scope, ValidationData, ValueNodes
from .shapes import Shape, ShapesGraph, Target
from .triples import Resource, Term
from .vocabulary import RDF_TYPE

NO_IDS: Ids = np.empty(0, np.uint32)


def validate(
    shapes: ShapesGraph, data: ValidationData, *, focus: NDArray | Foci | None = None
) -> ValidationReport:
    """Judge `data` by `shapes`; with `focus` (ids, or by shape), only as far as these are focus nodes of shapes.

    Raises ShapesError for a shape that can't be run (a forbidden form of SPARQL, a bad pattern).
    """
    if focus is not None and not isinstance(focus, dict):
        focus = dict.fromkeys((one.node for one in shapes.roots()), distinct(np.asarray(focus, np.uint32)))
    return Validation(shapes, data, focus).report()


def _ids(nodes: Ids | None) -> Ids:
    return NO_IDS if nodes is None else nodes


class Validation:
    """One run: what was found, and what is known about nodes and shapes so far."""

    def __init__(self, shapes: ShapesGraph, data: ValidationData, focus: Foci | None) -> None:
        self.shapes = shapes
        self.focus = focus
        self.data = sparql.with_store(data, shapes) if sparql.wanted(shapes) else data
        self.scope = Scope(self.data, self.failing)
        self._verdicts: dict[Resource, tuple[Ids, Ids]] = {}
        if focus and not self.data.judged.whole:
            # One look-up of types serves the targets of all shapes.
            self.data.relation(RDF_TYPE).under(distinct(np.concatenate([*map(_ids, focus.values())])))

    def report(self) -> ValidationReport:
        """Judge every shape with a target."""
        found: list[Result] = []
        gaps: list[Unchecked] = []
        roots = [one for one in self.shapes.roots() if self.focus is None or one.node in self.focus]
        elsewhere = [one for one in roots if fallback.reason(self.shapes, one)]
        if elsewhere and fallback.too_large(self.data):
            gaps += [gap for one in elsewhere for gap in fallback.targets_left_out(one)]
            gaps += fallback.rules_left_out(self.shapes)
            elsewhere = []
        left = {one.node for one in elsewhere}
        for shape in roots:
            if shape.node not in left:
                found += self.judge(shape)
                gaps += self.gaps(shape)
        if elsewhere:
            nodes = {one.node: self.focus_nodes(one) for one in elsewhere}
            found += fallback.judge(self.shapes, elsewhere, self.data, None if self.focus is None else nodes)
        notices = (fallback.notice(self.shapes, elsewhere),) if elsewhere else ()
        return ValidationReport(tuple(found), tuple(dict.fromkeys(gaps)), notices=notices)

    def judge(self, shape: Shape) -> Iterator[Result]:
        """The results of one shape with a target."""
        return self.results_of(shape, self.focus_nodes(shape), shape)

    def details(
        self, constraint: c.Constraint, values: Ids, root_shape: Shape
    ) -> Mapping[Term, tuple[Result, ...]]:
        """Why values fail the shapes that a constraint refers to; of sh:xone, those that fail all of them."""
        if not isinstance(constraint, (c.Node, c.And, c.Or, c.Xone)):
            return {}
        members = [list(self.results_of(self.shapes[one], values, root_shape)) for one in constraint.shapes]
        if isinstance(constraint, c.Xone):
            failing = set.intersection(*({one.root for one in some} for some in members))
            members = [[one for one in some if one.root in failing] for some in members]
        found: dict[Term, list[Result]] = defaultdict(list)
        for some in members:
            for one in some:
                found[one.root].append(one)
        return {node: tuple(some) for node, some in found.items()}

    def results_of(self, shape: Shape, nodes: Ids, root_shape: Shape) -> Iterator[Result]:
        """What a shape finds at sorted nodes, on the way from a shape with a target."""
        return results(self.findings(shape, nodes), root_shape, self.data.dictionary, self.details)

    def focus_nodes(self, shape: Shape) -> Ids:
        """The nodes that a shape's targets select, sorted; of those alone that it is to be judged for."""
        among = None if self.focus is None else self.focus.get(shape.node, NO_IDS)
        found = NO_IDS
        for target in shape.targets:
            found = unite(found, self.targeted(target) if among is None else self.chosen(target, among))
        return found

    def targeted(self, target: Target) -> Ids:
        """The nodes that one target selects, sorted."""
        match target.kind:
            case "node":
                return self.data.dictionary.encode([str(target.term)])
            case "class":
                return self.scope.instances(target.term, known_to_ontology=False)
            case "subjects":
                return distinct(heads(self.data.relation(target.term).pairs))
            case "objects":
                return distinct(heads(self.data.relation(target.term).inverse))
            case _:
                return NO_IDS

    def chosen(self, target: Target, nodes: Ids) -> Ids:
        """Those of `nodes` (sorted, distinct) that one target selects."""
        if self.data.judged.whole or target.kind in ("node", "foreign"):
            return intersect(self.targeted(target), nodes)
        rows = self.data.relation(target.term)
        match target.kind:
            case "class":
                return nodes[self.scope.among(target.term, nodes, known_to_ontology=False)]
            case "subjects":
                return distinct(heads(rows.under(nodes)))
            case _:
                return distinct(heads(rows.over(nodes)))

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
