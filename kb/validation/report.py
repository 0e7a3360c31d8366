"""Validation reports (SHACL 3.6): results as a bag, in words, as JSON, as the W3C report graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyoxigraph as ox

from .messages import shown_value
from .paths import Path, path_triples
from .triples import Resource, Term
from .vocabulary import RDF_TYPE, local_name, sh

_XSD_BOOLEAN = ox.NamedNode("http://www.w3.org/2001/XMLSchema#boolean")
_EXAMPLES = 3


@dataclass(frozen=True)
class Result:
    """One validation result.

    `root` is the focus node and `root_shape` the shape with a target by which validation came here; `message`
    is by language (``""`` for none).
    """

    focus: Term
    path: Path | None
    value: Term | None
    component: ox.NamedNode
    source_shape: Resource
    shape_id: str | None
    severity: ox.NamedNode
    message: Mapping[str, str] = field(hash=False)
    source_constraint: Resource | None
    root: Term
    root_shape: Resource

    def text(self, language: str = "en") -> str:
        """The message in a language, or the first there is."""
        return self.message.get(language) or self.message.get("") or next(iter(self.message.values()), "")

    def to_dict(self) -> dict[str, object]:
        """The result as JSON-ready values; absent parts are left out."""
        parts = {
            "focus": str(self.focus),
            "path": str(self.path) if self.path else None,
            "value": str(self.value) if self.value is not None else None,
            "component": local_name(self.component),
            "shape": str(self.source_shape),
            "shapeId": self.shape_id,
            "severity": local_name(self.severity),
            "message": dict(self.message),
        }
        return {key: value for key, value in parts.items() if value is not None}


@dataclass(frozen=True)
class Unchecked:
    """A constraint that was not judged, and why."""

    shape: str
    component: ox.NamedNode
    reason: str

    def __str__(self) -> str:
        return f"{self.shape}: {local_name(self.component)} not checked: {self.reason}"


@dataclass(frozen=True)
class ValidationReport:
    """All results, and what was not checked. True where the data conforms (no result of any severity).

    >>> report = ValidationReport(())
    >>> bool(report), str(report)
    (True, 'Conforms: no result.')
    """

    results: tuple[Result, ...]
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether there is no result, whatever its severity."""
        return not self.results

    def __bool__(self) -> bool:
        return self.conforms

    @cached_property
    def counts(self) -> dict[str, int]:
        """Results by shape (identifier, else IRI of the shape), the most frequent first."""
        return dict(Counter(one.shape_id or str(one.source_shape) for one in self.results).most_common())

    def count(self, severity: str = "Violation") -> int:
        """How many results have a severity, a local name of SHACL's or an IRI."""
        wanted = ox.NamedNode(severity) if ":" in severity else sh(severity)
        return sum(one.severity == wanted for one in self.results)

    def focus_nodes(self, severity: str = "Violation") -> tuple[Term, ...]:
        """The distinct nodes that results of a severity are about.

        `severity` is a local name of SHACL's or an IRI.
        """
        wanted = ox.NamedNode(severity) if ":" in severity else sh(severity)
        return tuple(dict.fromkeys(one.focus for one in self.results if one.severity == wanted))

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.conforms:
            yield "Conforms: no result."
        else:
            severities = Counter(local_name(one.severity) for one in self.results)
            yield ", ".join(f"{count} {name}" for name, count in severities.most_common())
        for shape, count in self.counts.items():
            of_shape = [one for one in self.results if (one.shape_id or str(one.source_shape)) == shape]
            yield f"{shape}: {count}"
            for one in of_shape[:_EXAMPLES]:
                value = "" if one.value is None or one.value == one.focus else f" = {shown_value(one.value)}"
                path = f" {one.path}" if one.path else ""
                yield f"  {one.focus}{path}{value}: {one.text()}"
            if count > _EXAMPLES:
                yield f"  ... {count - _EXAMPLES} more"
        for gap in self.unchecked:
            yield str(gap)

    def to_dict(self) -> dict[str, object]:
        """The report as JSON-ready values."""
        return {
            "conforms": self.conforms,
            "counts": self.counts,
            "results": [one.to_dict() for one in self.results],
            "unchecked": [str(one) for one in self.unchecked],
        }

    def to_graph(self) -> list[ox.Quad]:
        """The report as RDF, in the W3C's terms."""
        report = ox.BlankNode()
        conforms = ox.Literal("true" if self.conforms else "false", datatype=_XSD_BOOLEAN)
        triples: list[tuple[Any, Any, Any]] = [
            (report, RDF_TYPE, sh("ValidationReport")),
            (report, sh("conforms"), conforms),
        ]
        for one in self.results:
            node = ox.BlankNode()
            triples += [(report, sh("result"), node), (node, RDF_TYPE, sh("ValidationResult"))]
            triples += [(node, key, value) for key, value in _properties(one)]
            if one.path is not None:
                head, described = path_triples(one.path)
                triples.append((node, sh("resultPath"), head))
                triples += [(part.subject, part.predicate, part.object) for part in described]
        return [ox.Quad(*triple) for triple in triples]


def _properties(result: Result) -> Iterator[tuple[ox.NamedNode, Term]]:
    yield sh("focusNode"), result.focus
    yield sh("resultSeverity"), result.severity
    yield sh("sourceShape"), result.source_shape
    yield sh("sourceConstraintComponent"), result.component
    if result.value is not None:
        yield sh("value"), result.value
    if result.source_constraint is not None:
        yield sh("sourceConstraint"), result.source_constraint
    for language, text in result.message.items():
        yield sh("resultMessage"), ox.Literal(text, language=language) if language else ox.Literal(text)
