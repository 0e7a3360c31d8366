"""The facade's verbs about shapes: judge the store, compare with an earlier commit, show the plan, lint shapes."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from . import gate, graphs, pipeline
from .columns.image import Image
from .columns.relations import Relations
from .columns.rows import Rows
from .doctor.diagnosis import Progress, unwatched
from .loading.inputs import Inputs
from .loading.mapping import mapping_named
from .loading.sources import RejectedRow
from .origins import origins_in, origins_of_load
from .reports import LoadReport
from .store import Commit, Folder, Snapshot, oxigraph
from .store.quarantine import Quarantine
from .validation import ExecutionPlan, ShapesGraph, ValidationReport
from .validation.comparison import Comparison
from .validation.lint import Lints, Vocabulary, check_shapes
from .validation.shape_files import read_shape_files
from .validation.vocabulary import local_name
from .versions import PastFolder, Reference, commit_of, visible

_TREND = "trend.json"


@dataclass(frozen=True)
class TrendPoint:
    """What the shapes said of a store as of one commit, and how many nodes that commit left in quarantine."""

    number: int
    commit: str
    time: str
    message: str
    violations: int
    warnings: int
    counts: dict[str, int]
    quarantined: int


@dataclass(frozen=True)
class Trend:
    """Results over commits, oldest first."""

    points: tuple[TrendPoint, ...]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        before: TrendPoint | None = None
        for one in self.points:
            change = f" ({one.violations - before.violations:+,})" if before else ""
            held = f", {one.quarantined:,} nodes in quarantine" if one.quarantined else ""
            yield (
                f"#{one.number}\t{one.time[:19]}\t{one.violations:,} violations{change}, "
                f"{one.warnings:,} warnings{held}\t{one.message}"
            )
            before = one

    def to_dict(self) -> dict[str, object]:
        """Plain values, for JSON."""
        return {"commits": [vars(one) for one in self.points]}


class Judging(ABC):
    """What can be asked of a store's shapes; `KnowledgeBase` has them all."""

    folder: Folder

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The current snapshot."""

    def validate(
        self, *, shapes: Sequence[str | Path] = (), private: graphs.Private = True
    ) -> ValidationReport:
        """Judge everything asserted by the store's shapes, or by those in files.

        Who does not see all private graphs gets what can be said of the rest, as if these weren't there. Raises
        SourceError, UnsupportedFormat and ShapesError for the files.
        """
        return self._validated(self.snapshot, shapes, private)

    def validate_since(
        self,
        reference: Reference,
        *,
        shapes: Sequence[str | Path] = (),
        private: graphs.Private = True,
        progress: Progress = unwatched,
    ) -> Comparison:
        """What validation says now that it did not say as of a commit or a time, and the reverse.

        `progress` is told what is done, how many steps are behind it, and of how many. Raises NotFound, UsageError,
        and what `validate` raises.
        """
        commit = commit_of(visible(self.folder.journal.commits(), private=private), reference)
        progress(f"bringing back commit #{commit.number}", 0, 3)
        past = PastFolder(self.folder, commit).current()
        progress(f"judging commit #{commit.number}", 1, 3)
        before = self._validated(past, shapes, private)
        progress("judging the newest commit", 2, 3)
        after = self.validate(shapes=shapes, private=private)
        progress("comparing", 3, 3)
        return Comparison.of(before, after)

    def trend(self, count: int = 10, *, progress: Progress = unwatched) -> Trend:
        """How many results there were as of each of the newest commits.

        A commit is judged by the shapes that the store had then, once: the counts are kept in the store's folder.
        `progress` is told which commit is judged, how many are behind it, and of how many.
        """
        known = self._known_counts()
        commits = self.folder.journal.commits()[-count:]
        for done, commit in enumerate(commits):
            progress(f"judging commit #{commit.number}", done, len(commits))
            if commit.id not in known:
                known[commit.id] = self._counts(commit)
                self._keep_counts(known)
        return self.known_trend(count)

    def known_trend(self, count: int = 10, *, private: graphs.Private = True) -> Trend:
        """What `trend` has counted before of the newest commits; nothing for who does not see all private graphs."""
        known = self._known_counts() if private is True else {}
        held = Counter(
            one.commit
            for one in Quarantine(self.folder.path / "quarantine").entries()
            for _ in one.nodes
        )  # fmt: skip
        points = []
        for commit in self.folder.journal.commits()[-count:]:
            if commit.id not in known:
                continue
            counts = known[commit.id]
            points.append(
                TrendPoint(
                    commit.number,
                    commit.id,
                    commit.time,
                    commit.message,
                    counts["severities"].get("Violation", 0),
                    counts["severities"].get("Warning", 0),
                    counts["rules"],
                    held[commit.id],
                )
            )
        return Trend(tuple(points))

    def plan(self, *, shapes: Sequence[str | Path] = ()) -> ExecutionPlan:
        """How the store's shapes, or those in files, are run.

        Raises what `validate` raises.
        """
        return ExecutionPlan.of(self._shapes(self.snapshot, shapes))

    def check_shapes(self, files: Sequence[str | Path] = ()) -> Lints:
        """What is wrong or odd about shapes in files, or about the store's, beside what the store holds.

        Raises SourceError, UnsupportedFormat.
        """
        image = self.snapshot.image
        names = {image.dictionary.text(one)[1:-1] for one in image.open_predicates}
        data = gate.data_of(image, pipeline.shapes_of(image), whole=True)
        vocabulary = Vocabulary(names, data)
        if files:
            return check_shapes([Path(one) for one in files], vocabulary)
        return check_shapes(pipeline.shapes_of(image).triples, vocabulary)

    def _validated(
        self, snapshot: Snapshot, shapes: Sequence[str | Path], private: graphs.Private
    ) -> ValidationReport:
        image, rules = snapshot.image, self._shapes(snapshot, shapes)
        if private is not True:
            seen = image.view(private=private, inferred=False)
            image = replace(image, asserted_public=seen, asserted_private=Relations())
        report = gate.judged(rules, image, partial(snapshot.view, private=private, inferred=False))
        return replace(report, origins=origins_in(snapshot.image, report.results, private=private))

    def _shapes(self, snapshot: Snapshot, files: Sequence[str | Path]) -> ShapesGraph:
        if files:
            return read_shape_files([Path(one) for one in files])
        return pipeline.shapes_of(snapshot.image)

    def _counts(self, commit: Commit) -> dict[str, dict[str, int]]:
        snapshot = PastFolder(self.folder, commit).current()
        report = gate.judged(pipeline.shapes_of(snapshot.image), snapshot.image, snapshot.asserted)
        severities = Counter(local_name(one.severity) for one in report.results)
        return {"severities": dict(severities), "rules": report.counts}

    def _known_counts(self) -> dict[str, dict[str, dict[str, int]]]:
        try:
            return json.loads((self.folder.path / _TREND).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

    def _keep_counts(self, known: dict[str, dict[str, dict[str, int]]]) -> None:
        draft = self.folder.path / f".{_TREND}"
        draft.write_text(json.dumps(known, indent=1), encoding="utf-8")
        draft.replace(self.folder.path / _TREND)


def judge_files(
    files: Sequence[str | Path], *, shapes: Sequence[str | Path], mapping: str | Path | None = None
) -> ValidationReport:
    """Judge files by shapes in files, without a store; tables need a mapping.

    Raises what loading the files raises, and ShapesError.
    """
    paths = tuple(Path(one) for one in files)
    inputs = Inputs(paths, mapping_named(mapping) if mapping else None)
    rejected: list[RejectedRow] = []
    graph = graphs.of_source("files")
    batches = list(inputs.batches(graph=graph, commit="files", secret=b"", rejected=rejected))
    image = Image()
    added = Rows.encoded(image.dictionary, batches)
    image = image.changed(added=added, removed=Rows())
    judge_by = read_shape_files([Path(one) for one in shapes])
    report = gate.judged(judge_by, image, lambda: oxigraph.in_memory(iter(batches)))
    known = LoadReport(source="", validation=report)
    origins = origins_of_load(image, added, inputs, known, graph=graph, secret=b"")
    placed = known.with_origins(origins).validation
    return report if placed is None else placed


def lint_files(files: Sequence[str | Path]) -> Lints:
    """Lint shapes in files without a store: properties and targets are not looked up.

    Raises SourceError, UnsupportedFormat.
    """
    return check_shapes([Path(one) for one in files])
