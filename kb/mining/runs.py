"""Runs of mining: each is one commit into a graph of its own, with the activity that made it.

An edge that a run finds again stays with the run that found it first; what a miner no longer finds is taken back in
the same commit. So a run's commit is what it changed, and undoing the run is undoing the commit.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox

from .. import graphs
from ..errors import NotFound, UsageError
from ..knowledge_base import KnowledgeBase
from ..querying.results import Result, Solutions
from ..reports import LoadReport
from ..terms import CKB, DCTERMS, PROV, RDF, RDFS, XSD
from ..values import Term
from ..versions import Changes
from .edges import RELATION, Edges, Triples, iris, texts

# A score that moved by less leaves the edge with the run that found it.
_SAME_SCORE = 0.05
_PARTS = {"kind", "subject", "object"}


class Asked(Protocol):
    """What answers queries: a knowledge base, one behind a server, what a caller of a server sees."""

    def query(
        self, text: str, *, reasoning: bool = ..., parameters: Mapping[str, Term] | None = ...
    ) -> Result: ...


def asked(
    knowledge: Asked, name: str, nodes: Sequence[str] = (), **parameters: ox.NamedNode | ox.Literal
) -> Solutions:
    """The rows of one of the package's queries; `nodes` (in N-Triples syntax) stand where it says ``# nodes``."""
    text = (resources.files(__package__) / "queries" / f"{name}.rq").read_text(encoding="utf-8")
    text = text.replace("# nodes", " ".join(nodes))
    return cast(Solutions, knowledge.query(text, parameters=parameters, reasoning=False))


@dataclass(frozen=True)
class Run:
    """A run as the graph knows it; `snapshot` is the commit (an IRI) whose state it read."""

    name: str
    miner: str
    method: str
    parameters: Mapping[str, Any]
    started: str
    ended: str
    model: str = ""
    snapshot: str = ""
    private: bool = False

    @property
    def iri(self) -> str:
        """The IRI of its activity."""
        return f"{graphs.DATA}run/{self.name}"

    @property
    def graph(self) -> str:
        """The graph that holds what it found."""
        return graphs.of_run(self.name, private=self.private)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "iri": self.iri, "graph": self.graph}

    def __str__(self) -> str:
        return f"{self.name}\t{self.miner}\t{self.ended}\t{self.method}"


@dataclass(frozen=True)
class RunReport:
    """What a run wrote: edges stated, waiting for review, `again` found as they stood; and its commit's report.

    `figures` are the miner's own numbers. True when nothing was held back.
    """

    run: str
    stated: int
    queued: int
    again: int
    figures: Mapping[str, Any]
    commit: LoadReport
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.commit)

    def __str__(self) -> str:
        lines = [
            f"{self.run}: {self.stated:,} edges stated, {self.queued:,} wait for review, {self.again:,} of all as "
            f"before, in {self.seconds:.1f} s",
            *(f"  {name}: {value:,}" if isinstance(value, int) else f"  {name}: {value}"
              for name, value in self.figures.items()),
            str(self.commit),
        ]  # fmt: skip
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**self.__dict__, "figures": dict(self.figures), "commit": self.commit.to_dict()}


@dataclass(frozen=True)
class RunChanges:
    """What a run changed against the runs before it: edges by (kind, subject, object)."""

    run: str
    added: tuple[tuple[str, str, str], ...]
    withdrawn: tuple[tuple[str, str, str], ...]
    rescored: tuple[tuple[str, str, str], ...] = ()

    def __str__(self) -> str:
        lines = [
            f"{self.run}: {len(self.added):,} edges new, {len(self.withdrawn):,} withdrawn, "
            f"{len(self.rescored):,} with another score or standing"
        ]
        for sign, edges in (("+", self.added), ("-", self.withdrawn), ("~", self.rescored)):
            lines += [f"{sign} {kind} {subject} {object}" for kind, subject, object in edges]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        names = ("kind", "subject", "object")
        return {
            "run": self.run,
            **{
                name: [dict(zip(names, edge, strict=True)) for edge in getattr(self, name)]
                for name in ("added", "withdrawn", "rescored")
            },
        }


class Recorder:
    """A run in the making: begin it before reading, give what was found to `record` at the end.

    `model` is hashed, not stored; `private` says that private graphs were read, so that what follows is private.
    """

    def __init__(
        self,
        knowledge: KnowledgeBase,
        miner: str,
        *,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        private: bool = False,
    ) -> None:
        self.knowledge, self.miner, self.method = knowledge, miner, method
        self.parameters, self.private = dict(parameters or {}), private
        self.started = datetime.now(UTC)
        self._clock = time.monotonic()
        commits = knowledge.log()
        self.snapshot = commits[-1].iri if commits else ""
        taken = {one.name for one in runs(knowledge)}
        stamp = f"{miner}-{self.started:%Y%m%dT%H%M%S}"
        names = (f"{stamp}{(number and f'-{number}') or ''}" for number in range(len(taken) + 1))
        self.name = next(name for name in names if name not in taken)

    @property
    def iri(self) -> str:
        """The IRI of the run's activity."""
        return f"{graphs.DATA}run/{self.name}"

    def record(
        self,
        edges: Sequence[Edges],
        extra: Triples | None = None,
        *,
        model: bytes = b"",
        figures: Mapping[str, Any] | None = None,
        partial: bool = False,
    ) -> RunReport:
        """Write edges, and triples that describe what they lead to, as one commit.

        With `partial` the run looked at a part of the input only, and takes nothing back. Raises GateRefused.
        """
        before = [] if partial else [one for one in runs(self.knowledge) if one.miner == self.miner]
        standing = _standing(self.knowledge, before)
        triples, again, kept = Triples(), 0, [one.iri for one in before]
        for some in edges:
            names = some.names()
            same = np.array(
                [
                    name in standing
                    and standing[name][1] == bool(stated)
                    and abs(standing[name][0] - score) < _SAME_SCORE
                    for name, score, stated in zip(names, some.scores, some.stated, strict=True)
                ],
                bool,
            )
            some.write(triples, self.iri, ~same)
            again += int(same.sum())
            kept += [name for name, one in zip(names, same.tolist(), strict=True) if one]
        self._describe(triples, model, dict(figures or {}))
        graph = graphs.of_run(self.name, private=self.private)
        batches = triples.batches(graph) + (extra.batches(graph) if extra is not None else [])
        stated = sum(int(one.stated.sum()) for one in edges)
        report = self.knowledge.record_mined(
            batches,
            run=self.name,
            message=f"{self.miner}: {stated:,} edges stated by {self.method}",
            replaces=[one.graph for one in before],
            kept=iris(kept),
        )
        queued = sum(map(len, edges)) - stated
        seconds = time.monotonic() - self._clock
        return RunReport(self.name, stated, queued, again, dict(figures or {}), report, seconds)

    def _describe(self, triples: Triples, model: bytes, figures: dict[str, Any]) -> None:
        """The activity: method, parameters and figures, model, input, times."""
        node, agent = iris([self.iri]), iris([f"{graphs.DATA}miner/{self.miner}"])
        said = {"parameters": self.parameters, "figures": figures, "private": self.private}
        about = json.dumps(said, default=str, sort_keys=True)
        triples.add(node, RDF.type, PROV.Activity)
        triples.add(node, DCTERMS.identifier, texts([self.name]))
        triples.add(node, RDFS.label, texts([f"{self.miner}, {self.started:%Y-%m-%d %H:%M}"], "en"))
        triples.add(node, RDFS.comment, texts([self.method], "en"))
        triples.add(node, DCTERMS.description, texts([about]))
        for property, moment in ((PROV.startedAtTime, self.started), (PROV.endedAtTime, datetime.now(UTC))):
            triples.add(node, property, ox.Literal(f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}", datatype=XSD.dateTime))
        triples.add(node, PROV.wasAssociatedWith, agent[0])
        triples.add(agent, RDF.type, PROV.SoftwareAgent)
        triples.add(agent, RDFS.label, texts([f"miner of {self.miner}"], "en"))
        triples.add(agent, DCTERMS.identifier, texts([self.miner]))
        if self.snapshot:
            triples.add(node, PROV.wasInformedBy, f"<{self.snapshot}>")
        if model:
            digest = hashlib.sha256(model).hexdigest()
            used = iris([f"{graphs.DATA}model/{digest[:32]}"])
            triples.add(node, PROV.used, used[0])
            triples.add(used, RDF.type, PROV.Entity)
            triples.add(used, DCTERMS.identifier, texts([f"sha256:{digest}"]))


def runs(knowledge: KnowledgeBase) -> list[Run]:
    """All runs that stand, oldest first; a run that was undone does not."""
    found = []
    for row in asked(knowledge, "runs"):
        about = json.loads(row["about"].value)
        found.append(
            Run(
                name=row["name"].value,
                miner=row["miner"].value,
                method=row["method"].value,
                parameters=about.get("parameters", {}),
                started=row["started"].value,
                ended=row["ended"].value,
                model=row["model"].value if row["model"] else "",
                snapshot=row["after"].value if row["after"] else "",
                private=about.get("private", False),
            )
        )
    return found


def changes_of_run(knowledge: KnowledgeBase, name: str | None = None) -> RunChanges:
    """What a run (by default the last one) changed against those before it. Raises NotFound."""
    name, reference = _commit_of(knowledge, name)
    changes = knowledge.show(reference)
    came, went = (_assertions_in(changes, adds=adds) for adds in (True, False))
    # What stays as it was of an edge with another score is in neither side, and is looked up.
    moved = {one: {**went.get(one, {}), **came[one]} for one in came if "score" in came[one] and one in went}
    halves = [one for one, said in moved.items() if not said.keys() >= _PARTS]
    if halves:
        for row in asked(knowledge, "edges", halves):
            moved[str(row["assertion"])] = {part: row[part].value for part in _PARTS}
    whole = {one: said for one, said in moved.items() if said.keys() >= _PARTS}
    added, withdrawn, rescored = (
        tuple(sorted((said["kind"].removeprefix(RELATION), said["subject"], said["object"]) for said in some))
        for some in (
            [said for one, said in came.items() if one not in moved and said.keys() >= _PARTS],
            [said for one, said in went.items() if one not in moved and said.keys() >= _PARTS],
            whole.values(),
        )
    )
    return RunChanges(name, added, withdrawn, rescored)


def undo_run(knowledge: KnowledgeBase, name: str) -> LoadReport:
    """Undo a run: what it added goes, what it took back returns.

    Raises NotFound, and UsageError when a later run of the same miner builds on it.
    """
    standing = runs(knowledge)
    run = next((one for one in standing if one.name == name), None)
    if run is None:
        raise NotFound(f"No run '{name}' stands", hint="see kb mine runs")
    later = [one.name for one in standing if one.miner == run.miner and one.started > run.started]
    if later:
        raise UsageError(f"A later run builds on {name}: {later[-1]}", hint=f"kb mine undo {later[-1]} first")
    return knowledge.revert(_commit_of(knowledge, name)[1])


def _commit_of(knowledge: KnowledgeBase, name: str | None) -> tuple[str, str]:
    """The run's name, and the id of its commit, which is the newest that was made for it."""
    commits = [one for one in knowledge.log() if one.source.startswith("mined/")]
    commits = [
        one for one in commits if not one.message.startswith("revert ") and one.source != "mined/reviews"
    ]
    for one in reversed(commits):
        if name in (None, one.source.removeprefix("mined/")):
            return one.source.removeprefix("mined/"), one.id
    what = "No run of mining" if name is None else f"No run '{name}'"
    raise NotFound(f"{what} is in the log", hint="see kb mine runs")


def _standing(knowledge: KnowledgeBase, before: Sequence[Run]) -> dict[str, tuple[float, bool]]:
    """By the IRI of each assertion that stands: its score, and whether its plain triple is stated."""
    found: dict[str, tuple[float, bool]] = {}
    for run in before:
        table = knowledge.columns(CKB.score, graph=run.graph)
        scores = pc.cast(
            pc.extract_regex(table["object"], r'^"(?P<n>[^"]*)"').combine_chunks().field(0), pa.float64()
        )
        names = pc.utf8_slice_codeunits(table["subject"], 1, -1)
        found.update(
            (name, (score, True)) for name, score in zip(names.to_pylist(), scores.to_pylist(), strict=True)
        )
    if found:
        for row in asked(knowledge, "unstated"):
            name = row["assertion"].value
            if name in found:
                found[name] = (found[name][0], False)
    return found


def _assertions_in(changes: Changes, *, adds: bool) -> dict[str, dict[str, str]]:
    """By assertion (in N-Triples syntax) what a commit added (or removed) of its kind, subject, object and score."""
    said: dict[str, dict[str, str]] = {}
    properties = (CKB.relationKind, CKB.relationSubject, CKB.relationObject, CKB.score)
    wanted = {
        str(one): part for one, part in zip(properties, ("kind", "subject", "object", "score"), strict=True)
    }
    for batch in changes.batches(adds=adds):
        keys = pa.array(list(wanted), pa.large_string())
        chosen = batch.filter(pc.is_in(batch.column("p").cast(pa.large_string()), keys))
        for s, p, o in zip(*(chosen.column(one).to_pylist() for one in "spo"), strict=True):
            said.setdefault(s, {})[wanted[p]] = o[1:-1]
    return said
