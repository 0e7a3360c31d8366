"""Findings: the results of one constraint as columns, before they become a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyoxigraph as ox

from ..columns.dictionary import Dictionary
from ..columns.kernels import Ids, Pairs, distinct, expand, heads, pack, tails
from . import components as c
from .messages import by_language, defaults, fill, parameters
from .paths import Path, Predicate
from .report import Result
from .shapes import Shape
from .triples import Term


@dataclass(frozen=True)
class Findings:
    """Aligned arrays, one row a result: `root` and `focus` nodes, `value` (0 for none).

    `root` is the node that the shape with a target was asked about; `paths`, `names` and `messages` hold, by
    row, what differs from the shape's.
    """

    shape: Shape
    constraint: c.Constraint
    root: Ids
    focus: Ids
    value: Ids
    paths: Sequence[Path | None] | None = None
    names: Sequence[dict[str, Term]] | None = None
    messages: Sequence[tuple[ox.Literal, ...]] | None = None

    def __len__(self) -> int:
        return len(self.root)

    @classmethod
    def of(cls, shape: Shape, constraint: c.Constraint, pairs: Pairs) -> Findings:
        """Findings from packed (focus, value)."""
        focus = heads(pairs)
        return cls(shape, constraint, focus, focus, tails(pairs))

    def with_paths(self, paths: Sequence[Path | None]) -> Findings:
        """These findings with a result path for each row."""
        return replace(self, paths=paths)

    def take(self, rows: np.ndarray, root: Ids) -> Findings:
        """Some rows, with other roots."""
        parts: dict[str, Any] = {
            name: None if (part := getattr(self, name)) is None else [part[row] for row in rows]
            for name in ("paths", "names", "messages")
        }
        return replace(self, root=root, focus=self.focus[rows], value=self.value[rows], **parts)

    def reached_from(self, pairs: Pairs) -> Findings:
        """These findings for every (outer focus, root) of `pairs`: as often as the root is reached."""
        order = np.argsort(self.root, kind="stable")
        numbered = pack(self.root[order], np.arange(len(order)))
        row, place = expand(numbered, tails(pairs))
        return self.take(order[place], heads(pairs)[row])


Details = Callable[[c.Constraint, Ids, Shape], Mapping[Term, tuple[Result, ...]]]
"""Gives the results of values (ids) by the shapes that a constraint refers to."""


def results(
    findings: Iterable[Findings], root_shape: Shape, dictionary: Dictionary, details: Details
) -> Iterator[Result]:
    """The findings of one shape with a target as results."""
    for block in findings:
        shape, constraint = block.shape, block.constraint
        known = parameters(constraint)
        own = constraint.messages if isinstance(constraint, c.SPARQL) else ()
        messages = own or shape.messages or defaults()[constraint.component]
        terms = _terms(dictionary, block)
        inner = details(constraint, distinct(block.value), root_shape)
        for row in range(len(block)):
            focus, value = terms[int(block.focus[row])], terms.get(int(block.value[row]))
            names = {**known, **(block.names[row] if block.names else {})}
            if value is not None:
                names["value"] = value
            said = messages
            if block.messages is not None and not own and block.messages[row]:
                said = block.messages[row]
            yield Result(
                focus,
                block.paths[row] if block.paths is not None else shape.path,
                value,
                constraint.component,
                shape.node,
                shape.identifier or root_shape.identifier,
                shape.severity,
                by_language(fill(said, {"this": focus, **names})),
                constraint.node if isinstance(constraint, c.SPARQL) else None,
                terms[int(block.root[row])],
                root_shape.node,
                inner.get(value, ()) if value is not None else (),
                by_language(fill(shape.fixes or root_shape.fixes, {"this": focus, **names})),
            )


def _terms(dictionary: Dictionary, block: Findings) -> dict[int, Term]:
    ids = np.unique(np.concatenate([block.root, block.focus, block.value]))
    return {int(one): dictionary.term(one) for one in ids if one}


def predicate_paths(predicates: Ids, dictionary: Dictionary) -> list[Path | None]:
    """One-step paths from predicate ids."""
    known = {int(one): Predicate(ox.NamedNode(dictionary.text(one)[1:-1])) for one in np.unique(predicates)}
    return [known[int(one)] for one in predicates]
