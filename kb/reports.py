"""What the verbs report: small typed results that print themselves and turn into plain dicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from .loading.sources import RejectedRow
from .reasoning import Account
from .validation import Origin, ValidationReport
from .writer import Outcome


@dataclass(frozen=True)
class LoadReport:
    """What a load, update or commit did. Counts are quads; `seconds` is wall time.

    `violations` and `warnings` count results of the first judgement; `quarantined` counts quads, `nodes` the
    nodes that they speak of; `left` counts violations that the store still holds; `created` says that a graph store
    request made its graph. True when all of it went in.
    """

    commit: str | None = None
    number: int | None = None
    source: str = ""
    added: int = 0
    removed: int = 0
    inferred: int = 0
    seconds: float = 0.0
    quarantined: int = 0
    nodes: tuple[str, ...] = ()
    violations: int = 0
    warnings: int = 0
    left: int = 0
    unchecked: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    rejected: tuple[RejectedRow, ...] = ()
    validation: ValidationReport | None = field(default=None, repr=False)
    dry_run: bool = False
    created: bool = False

    @classmethod
    def of(cls, outcome: Outcome, *, source: str, seconds: float) -> LoadReport:
        """The report of what the pipeline did."""
        commit, verdict, inference = outcome.commit, outcome.verdict, outcome.inference
        found = cls(source=source, seconds=seconds)
        if commit:
            found = replace(
                found,
                commit=commit.id,
                number=commit.number,
                added=commit.added,
                removed=commit.removed,
                dry_run=inference is None,
            )
        if verdict:
            found = replace(
                found,
                quarantined=len(verdict.quarantined),
                nodes=verdict.nodes,
                violations=verdict.report.count("Violation"),
                warnings=verdict.report.count("Warning"),
                left=verdict.left,
                unchecked=tuple(str(one) for one in verdict.report.unchecked),
                validation=verdict.report,
            )
        if inference:
            inferred = inference.image.inferred_public.size + inference.image.inferred_private.size
            found = replace(found, inferred=inferred, contradictions=inference.contradictions)
        return found

    def with_origins(self, origins: Mapping[str, Origin]) -> LoadReport:
        """The same report with what is known about focus nodes (by N-Triples syntax)."""
        if self.validation is None:
            return self
        nodes = dict.fromkeys(one.focus for one in self.validation.results)
        known = {node: origins[str(node)] for node in nodes if str(node) in origins}
        return replace(self, validation=replace(self.validation, origins=known))

    def with_rejected(self, rows: Sequence[RejectedRow]) -> LoadReport:
        """The same report with the rows that no quads came from."""
        return replace(self, rejected=tuple(rows))

    def __bool__(self) -> bool:
        return not (self.quarantined or self.rejected or self.left or self.contradictions)

    def __str__(self) -> str:
        counts = f"{self.added:,} quads added, {self.removed:,} removed in {self.seconds:.1f} s"
        if self.dry_run:
            lines = [f"{self.source}: would become a commit: {counts}"]
        elif self.commit:
            name = f"commit #{self.number} ({self.commit[:8]})"
            lines = [f"{self.source}: {name}: {counts}; {self.inferred:,} triples inferred in all"]
        else:
            lines = [f"{self.source}: nothing new; the store is as it was"]
        if self.quarantined:
            lines.append(
                f"In quarantine: {len(self.nodes):,} nodes with {self.quarantined:,} quads "
                f"({self.violations:,} violations); see kb quarantine"
            )
        if self.left:
            lines.append(f"Violations that remain: {self.left:,}; see kb validate")
        if self.warnings:
            lines.append(f"Warnings: {self.warnings:,}; see kb validate")
        if self.rejected:
            lines.append(f"Rows left out: {len(self.rejected):,}; the first: {self.rejected[0]}")
        lines += [f"Contradiction: {text}" for text in self.contradictions[:5]]
        lines += [f"Not checked: {text}" for text in self.unchecked]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        found = {**self.__dict__, "rejected": [asdict(row) for row in self.rejected]}
        found["validation"] = None if self.validation is None else self.validation.to_dict()
        return found


@dataclass(frozen=True)
class ReasoningReport:
    """What reasoning inferred: triples by view, and what it could not reconcile.

    `contradictions` has a sentence for each, `accounts` the first of them in full; `suspects` are likely errors in the
    data: too many individuals that would be one, keys that were left out.
    """

    public: int
    private: int
    rules: int
    seconds: float
    contradictions: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    suspects: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.contradictions

    def __str__(self) -> str:
        lines = [
            f"{self.public + self.private:,} triples inferred by {self.rules} rules in {self.seconds:.2f} s "
            f"({self.private:,} of them private)"
        ]
        lines += [f"Contradiction: {one}" for one in self.accounts]
        untold = len(self.contradictions) - len(self.accounts)
        if untold > 0:
            lines.append(f"... and {untold:,} more contradictions; see all with kb reason --all")
        lines += [f"Suspected error in the data: {one}" for one in self.suspects]
        lines += [f"Outside OWL 2 RL: {one}" for one in self.unsupported]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**self.__dict__, "accounts": [one.to_dict() for one in self.accounts]}


@dataclass(frozen=True)
class QuarantineReport:
    """What became of nodes in quarantine: those that conform, or went in, and those `held`, each with its reasons.

    True where none is held. `commit` is that of a release.
    """

    id: str
    released: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    reasons: dict[str, list[str]] = field(default_factory=dict)
    commit: str | None = None
    number: int | None = None
    added: int = 0
    removed: int = 0
    dry_run: bool = False
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return not self.held

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        if self.dry_run:
            if self.released:
                yield f"{self.id}: {len(self.released):,} nodes conform now"
                yield f"Let them in: kb quarantine release {self.id}"
        elif self.commit:
            yield (
                f"{self.id}: commit #{self.number} ({self.commit[:8]}): {len(self.released):,} nodes released, "
                f"{self.added:,} quads added, {self.removed:,} removed"
            )
        elif self.released:
            yield f"{self.id}: {len(self.released):,} nodes released; the store held all of it already"
        if self.held:
            yield f"{self.id}: {len(self.held):,} nodes stay in quarantine"
        for node in self.held:
            yield f"  {node}"
            yield from (f"    {reason}" for reason in self.reasons.get(node, ()))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dict(vars(self))
