"""The review queue: mined edges that are not sure enough to be stated, and what people decided about them.

A decision is an assertion of the same edge by a curator, of score 1 (accepted) or 0 (rejected), in a graph of its own;
it binds the next run and is part of what that one learns from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
import pyoxigraph as ox
import xxhash

from .. import graphs
from ..errors import NotFound
from ..knowledge_base import KnowledgeBase
from ..reports import LoadReport
from ..terms import CKB, DCTERMS, PROV, RDF, RDFS, XSD
from .edges import RELATION, Triples, iris, numbers, texts
from .runs import Asked, asked

REVIEWS = f"{graphs.MINED}reviews"
_AGENT = f"{graphs.DATA}miner/reviews"


@dataclass(frozen=True)
class Candidate:
    """An edge that waits for a decision; `run` found it."""

    assertion: str
    kind: str
    subject: str
    object: str
    score: float
    support: int
    evidence: str
    run: str
    subject_label: str = ""
    object_label: str = ""

    @property
    def id(self) -> str:
        """What it is called on the command line."""
        return self.assertion.removeprefix(f"{graphs.DATA}relation/")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {"id": self.id, **asdict(self)}

    def __str__(self) -> str:
        subject, object = self.subject_label or self.subject, self.object_label or self.object
        return f"{self.score:.2f}\t{self.id}\t{self.kind}\t{subject}\t{object}\t{self.evidence}"


@dataclass(frozen=True)
class Decision:
    """What was decided about an edge."""

    assertion: str
    kind: str
    subject: str
    object: str
    accepted: bool

    @property
    def id(self) -> str:
        """What it is called on the command line."""
        return self.assertion.removeprefix(f"{graphs.DATA}relation/")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        said = "accepted" if self.accepted else "rejected"
        return f"{said}\t{self.assertion}\t{self.kind}\t{self.subject}\t{self.object}"


def queue(knowledge: Asked, *, kind: str | None = None, limit: int | None = None) -> list[Candidate]:
    """The edges that wait for a decision, surest first."""
    found = []
    for row in asked(knowledge, "unstated"):
        code = row["kind"].value.removeprefix(RELATION)
        if row["decision"] or kind not in (None, code):
            continue
        found.append(
            Candidate(
                assertion=row["assertion"].value,
                kind=code,
                subject=row["subject"].value,
                object=row["object"].value,
                score=float(row["score"].value),
                support=int(row["support"].value) if row["support"] else 0,
                evidence=row["evidence"].value if row["evidence"] else "",
                run=row["run"].value.removeprefix(f"{graphs.DATA}run/"),
            )
        )
    return _labelled(knowledge, found[:limit])


def decisions(knowledge: Asked, *, kind: str | None = None) -> list[Decision]:
    """All decisions that stand, or those about one kind of edge."""
    return [
        Decision(
            assertion=row["assertion"].value,
            kind=row["kind"].value.removeprefix(RELATION),
            subject=row["subject"].value,
            object=row["object"].value,
            accepted=float(row["score"].value) > 0,
        )
        for row in asked(knowledge, "decisions")
        if kind in (None, row["kind"].value.removeprefix(RELATION))
    ]


def decide(
    knowledge: KnowledgeBase, ids: Sequence[str], verdict: Literal["accept", "reject"], *, note: str = ""
) -> LoadReport:
    """Decide about edges by their ids or IRIs, as one commit; a later decision replaces an earlier one.

    Raises NotFound for an edge that neither waits nor was decided about.
    """
    known: dict[str, Candidate | Decision] = {one.assertion: one for one in decisions(knowledge)}
    standing = set(known)
    known |= {one.assertion: one for one in queue(knowledge)}
    wanted = [one if ":" in one else f"{graphs.DATA}relation/{one}" for one in ids]
    for assertion in wanted:
        if assertion not in known:
            raise NotFound(f"No edge {assertion} waits for review", hint="see kb review list")
    now = datetime.now(UTC)
    stamp = f"{now:%Y%m%dT%H%M%S%f}"
    triples = Triples()
    review, agent = iris([f"{graphs.DATA}review/{stamp}"]), iris([_AGENT])
    triples.add(review, RDF.type, PROV.Activity)
    triples.add(review, RDFS.label, texts([f"review, {now:%Y-%m-%d %H:%M}"], "en"))
    triples.add(review, PROV.endedAtTime, ox.Literal(f"{now:%Y-%m-%dT%H:%M:%SZ}", datatype=XSD.dateTime))
    triples.add(review, PROV.wasAssociatedWith, agent[0])
    triples.add(agent, RDF.type, PROV.Agent)
    triples.add(agent, RDFS.label, texts(["reviewers"], "en"))
    triples.add(agent, DCTERMS.identifier, texts(["reviews"]))
    edges = [known[one] for one in wanted]
    names = iris([_decision_of(one.assertion) for one in edges])
    score = numbers(np.full(len(edges), float(verdict == "accept")), "decimal")
    triples.add(names, RDF.type, CKB.RelationAssertion)
    triples.add(names, CKB.relationKind, iris([f"{RELATION}{one.kind}" for one in edges]))
    triples.add(names, CKB.relationSubject, iris([one.subject for one in edges]))
    triples.add(names, CKB.relationObject, iris([one.object for one in edges]))
    triples.add(names, CKB.score, score)
    triples.add(names, PROV.wasGeneratedBy, review[0])
    triples.add(names, PROV.wasDerivedFrom, iris([one.assertion for one in edges]))
    if note:
        triples.add(names, RDFS.comment, texts([note] * len(edges)))
    again = standing & set(wanted)
    kept = [row["decision"].value for row in asked(knowledge, "decisions")] if again else []
    kept += [row["review"].value for row in asked(knowledge, "reviews")] if again else []
    return knowledge.record_mined(
        triples.batches(REVIEWS),
        run="reviews",
        message=f"{len(edges)} {'edge' if len(edges) == 1 else 'edges'} {verdict}ed",
        replaces=[REVIEWS] if again else [],
        kept=iris([one for one in kept if one not in {_decision_of(some) for some in again}]),
    )


def _decision_of(assertion: str) -> str:
    return f"{graphs.DATA}decision/{xxhash.xxh3_64_hexdigest(assertion.encode())}"


def _labelled(knowledge: Asked, candidates: list[Candidate]) -> list[Candidate]:
    """The same candidates with what their ends are called."""
    ends = {end for one in candidates for end in (one.subject, one.object)}
    if not ends:
        return candidates
    names: dict[str, str] = {}
    for row in asked(knowledge, "labels", iris(sorted(ends)).to_pylist()):
        if row["node"].value not in names or row["label"].language == "en":
            names[row["node"].value] = row["label"].value
    return [
        replace(one, subject_label=names.get(one.subject, ""), object_label=names.get(one.object, ""))
        for one in candidates
    ]
