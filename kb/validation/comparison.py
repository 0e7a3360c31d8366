"""Two reports beside each other: which results are new, which are gone, which still stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .report import EXAMPLES, Origin, Result, ValidationReport
from .triples import Term
from .vocabulary import local_name


@dataclass(frozen=True)
class Comparison:
    """The results of a report as against an earlier one; true where no violation is new.

    Results are the same when focus, path, value, component, rule and severity are; they are bags.
    """

    new: tuple[Result, ...]
    gone: tuple[Result, ...]
    still: tuple[Result, ...]
    origins: Mapping[Term, Origin] = field(default_factory=dict)

    @classmethod
    def of(cls, before: ValidationReport, after: ValidationReport) -> Comparison:
        """Compare two reports."""
        new, still = _split(after.results, before.results)
        gone, _ = _split(before.results, after.results)
        return cls(new, gone, still, {**before.origins, **after.origins})

    def __bool__(self) -> bool:
        return not any(local_name(one.severity) == "Violation" for one in self.new)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{len(self.new):,} new, {len(self.gone):,} gone, {len(self.still):,} still there"
        for word, results in (("New", self.new), ("Gone", self.gone)):
            for rule, count in Counter(one.rule for one in results).most_common():
                of_rule = [one for one in results if one.rule == rule]
                yield f"{word}, {rule}: {count:,} {local_name(of_rule[0].severity)}"
                for one in of_rule[:EXAMPLES]:
                    known = str(self.origins.get(one.focus, ""))
                    yield f"  {one.focus}{f' ({known})' if known else ''}: {one.text()}"
                if count > EXAMPLES:
                    yield f"  ... {count - EXAMPLES:,} more"

    def to_dict(self) -> dict[str, object]:
        """The comparison as JSON-ready values."""
        return {
            name: [{**one.to_dict(), **self.origins.get(one.focus, Origin()).to_dict()} for one in results]
            for name, results in (("new", self.new), ("gone", self.gone), ("still", self.still))
        }


def _split(results: Iterable[Result], others: Iterable[Result]) -> tuple[tuple[Result, ...], ...]:
    """The results that are not among others, and those that are."""
    left = Counter(map(_key, others))
    apart: list[Result] = []
    shared: list[Result] = []
    for one in results:
        key = _key(one)
        (shared if left[key] else apart).append(one)
        left[key] -= bool(left[key])
    return tuple(apart), tuple(shared)


def _key(one: Result) -> tuple[object, ...]:
    path = None if one.path is None else str(one.path)
    return one.focus, path, one.value, one.component, one.rule, one.severity
