"""Validation reports (SHACL 3.6): results as a bag, by shape, as JSON, as the W3C report graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pyoxigraph as ox

from .messages import shown_value
from .paths import Path, path_triples
from .triples import Resource, Term, is_blank
from .vocabulary import RDF_TYPE, local_name, sh

_XSD_BOOLEAN = ox.NamedNode("http://www.w3.org/2001/XMLSchema#boolean")
_COMMENT = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#comment")
EXAMPLES = 3


@dataclass(frozen=True)
class Result:
    """One validation result.

    `root` is the focus node and `root_shape` the shape with a target by which validation came here; `message`
    and `fix`, what the shape suggests, are by language (``""`` for none). `details` are the results of the value
    by the shapes that the constraint refers to (sh:detail).
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
    details: tuple[Result, ...] = ()
    fix: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def rule(self) -> str:
        """What people call the shape: its identifier, else its IRI; a part without one by shape and path."""
        if self.shape_id or not is_blank(self.source_shape):
            return self.shape_id or str(self.source_shape)
        owner = "[anonymous]" if is_blank(self.root_shape) else str(self.root_shape)
        return f"{owner} {self.path}" if self.path else owner

    def text(self, language: str = "en") -> str:
        """The message in a language, or the first there is."""
        return _said(self.message, language)

    def suggestion(self, language: str = "en") -> str:
        """What the shape suggests to do; empty where it suggests nothing."""
        return _said(self.fix, language)

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
            "fix": dict(self.fix) or None,
            "details": [one.to_dict() for one in self.details] or None,
        }
        return {key: value for key, value in parts.items() if value is not None}


def _said(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or texts.get("") or next(iter(texts.values()), "")


@dataclass(frozen=True)
class Origin:
    """What is known about a node beside the results: its label, the source that states it, a place in a file.

    >>> print(Origin("Lumora", "feed", "feed.ttl", 12))
    Lumora, source feed, feed.ttl:12
    """

    label: str = ""
    source: str = ""
    file: str = ""
    row: int | None = None

    def __str__(self) -> str:
        place = f"{self.file}:{self.row}" if self.row else self.file
        source = f"source {self.source}" if self.source else ""
        return ", ".join(part for part in (self.label, source, place) if part)

    def to_dict(self) -> dict[str, object]:
        """What is known, as JSON-ready values."""
        return {key: value for key, value in vars(self).items() if value}


@dataclass(frozen=True)
class Group:
    """All results of one shape."""

    rule: str
    results: tuple[Result, ...]

    @property
    def severity(self) -> str:
        """The severity of its results, as a local name."""
        return local_name(self.results[0].severity)


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

    `origins` holds what is known about focus nodes; `notices` say which shapes another engine has judged.

    >>> report = ValidationReport(())
    >>> bool(report), str(report)
    (True, 'Conforms: no result.')
    """

    results: tuple[Result, ...]
    unchecked: tuple[Unchecked, ...] = ()
    origins: Mapping[Term, Origin] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def conforms(self) -> bool:
        """Whether there is no result, whatever its severity."""
        return not self.results

    def __bool__(self) -> bool:
        return self.conforms

    @cached_property
    def counts(self) -> dict[str, int]:
        """Results by shape (identifier, else IRI of the shape), the most frequent first."""
        return dict(Counter(one.rule for one in self.results).most_common())

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The results by shape, the most frequent first."""
        found: dict[str, list[Result]] = {rule: [] for rule in self.counts}
        for one in self.results:
            found[one.rule].append(one)
        return tuple(Group(rule, tuple(some)) for rule, some in found.items())

    def origin(self, node: Term) -> Origin:
        """What is known about a node."""
        return self.origins.get(node, Origin())

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
        for group in self.groups:
            yield f"{group.rule}: {len(group.results):,} {group.severity}"
            for one in group.results[:EXAMPLES]:
                value = "" if one.value is None or one.value == one.focus else f" = {shown_value(one.value)}"
                path = f" {one.path}" if one.path else ""
                known = str(self.origin(one.focus))
                yield f"  {one.focus}{f' ({known})' if known else ''}{path}{value}: {one.text()}"
            if suggestion := group.results[0].suggestion():
                yield f"  To mend it: {suggestion}"
            if len(group.results) > EXAMPLES:
                yield f"  ... {len(group.results) - EXAMPLES:,} more"
        yield from self.notices
        for gap in self.unchecked:
            yield str(gap)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {
            "conforms": self.conforms,
            "counts": self.counts,
            "results": [{**one.to_dict(), **self.origin(one.focus).to_dict()} for one in self.results],
            "unchecked": [str(one) for one in self.unchecked],
            "notices": list(self.notices),
        }

    def to_graph(self) -> list[ox.Quad]:
        """The report as RDF, in the W3C's terms."""
        report = ox.BlankNode()
        conforms = ox.Literal("true" if self.conforms else "false", datatype=_XSD_BOOLEAN)
        triples: list[tuple[Any, Any, Any]] = [
            (report, RDF_TYPE, sh("ValidationReport")),
            (report, sh("conforms"), conforms),
        ]
        triples += [(report, _COMMENT, ox.Literal(notice)) for notice in self.notices]
        for one in self.results:
            triples += _result_triples(one, report, sh("result"))
        return [ox.Quad(*triple) for triple in triples]


def _result_triples(
    result: Result, owner: ox.BlankNode, link: ox.NamedNode
) -> Iterator[tuple[Any, Any, Any]]:
    node = ox.BlankNode()
    yield owner, link, node
    yield node, RDF_TYPE, sh("ValidationResult")
    for key, value in _properties(result):
        yield node, key, value
    if result.path is not None:
        head, described = path_triples(result.path)
        yield node, sh("resultPath"), head
        yield from ((part.subject, part.predicate, part.object) for part in described)
    for detail in result.details:
        yield from _result_triples(detail, node, sh("detail"))


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
