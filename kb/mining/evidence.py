"""Why a mined triple is there: the assertions behind it, with score, support and evidence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import pyoxigraph as ox

from .. import graphs
from ..knowledge_base import KnowledgeBase
from ..reasoning import Proof
from ..values import Value, node, term
from .edges import RELATION
from .runs import asked


@dataclass(frozen=True)
class Evidence:
    """What a run (or a reviewer) said about an edge."""

    kind: str
    score: float
    support: int
    evidence: str
    run: str
    method: str

    def __str__(self) -> str:
        said = f": {self.evidence}" if self.evidence else ""
        return f"{self.kind}, score {self.score:.2f}, support {self.support}, by {self.run}{said}"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def evidence_of(knowledge: KnowledgeBase, subject: Value, object: Value) -> list[Evidence]:
    """What was mined about the edge between two entities, highest score first."""
    rows = asked(knowledge, "evidence", subject=node(subject), object=term(object))  # type: ignore[arg-type]
    return [
        Evidence(
            kind=row["kind"].value.removeprefix(RELATION),
            score=float(row["score"].value),
            support=int(row["support"].value) if row["support"] else 1,
            evidence=row["evidence"].value if row["evidence"] else "",
            run=row["run"].value.removeprefix(graphs.DATA),
            method=row["method"].value if row["method"] else "",
        )
        for row in rows
    ]


def with_evidence(knowledge: KnowledgeBase, proof: Proof) -> Proof:
    """The same proof, whose leaves in graphs of runs say what those had for them."""
    subject, _, object = proof.conclusion
    mined = any(graphs.is_mined(one.graph) for one in proof.assertions)
    if mined and isinstance(subject, ox.NamedNode) and not isinstance(object, ox.Triple):
        found = "; ".join(map(str, evidence_of(knowledge, subject, object)))
        said = (
            replace(one, evidence=found if graphs.is_mined(one.graph) else "") for one in proof.assertions
        )
        return replace(proof, assertions=tuple(said))
    return replace(proof, premises=tuple(with_evidence(knowledge, one) for one in proof.premises))
