"""A proof as a tree: a fact, the rule that yields it, and the proofs of its premises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace

from ..graphs import GRAPH
from .expressions import Node, short


@dataclass(frozen=True, slots=True)
class Assertion:
    """Where a triple is said: the graph, and the commit that said so; number 0 where a base took its place.

    `evidence` is what a run of mining had for it, where somebody has looked that up.
    """

    graph: str
    commit: int = 0
    id: str = ""
    time: str = ""
    message: str = ""
    evidence: str = ""

    def __str__(self) -> str:
        said = f", commit #{self.commit} of {self.time[:10]}" if self.commit else ""
        found = f": {self.evidence}" if self.evidence else ""
        return f"{self.graph.removeprefix(GRAPH)}{said}{f' ({self.message})' if self.message else ''}{found}"


@dataclass(frozen=True, slots=True)
class Proof:
    """A fact with the rule and the premises that it follows from; asserted facts have none.

    `conclusion` is a triple of terms; `rule` has the W3C names, `axiom` the axiom as text; `assertions` say where
    an asserted fact is said, where somebody has looked that up.
    """

    conclusion: tuple[Node, Node, Node]
    rule: str = ""
    axiom: str = ""
    premises: tuple[Proof, ...] = ()
    asserted: bool = False
    assertions: tuple[Assertion, ...] = ()

    @property
    def statement(self) -> str:
        """The conclusion in short names."""
        subject, predicate, value = map(short, self.conclusion)
        return f"{subject} {'a' if predicate == 'type' else predicate} {value}"

    @property
    def reason(self) -> str:
        """Why it holds: where it is asserted, or the rule with the axiom."""
        said = "; ".join(map(str, self.assertions))
        return f"asserted{said and ' in '}{said}" if self.asserted else f"{self.rule}: {self.axiom}"

    def __str__(self) -> str:
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        yield f"{'  ' * depth}{self.statement}  [{self.reason}]"
        for premise in self.premises:
            yield from premise._lines(depth + 1)

    def to_dict(self) -> dict:
        """The proof for JSON; terms in N-Triples syntax."""
        return {
            "conclusion": [str(term) for term in self.conclusion],
            "asserted": self.asserted,
            "rule": self.rule,
            "axiom": self.axiom,
            "assertions": [asdict(one) for one in self.assertions],
            "premises": [one.to_dict() for one in self.premises],
        }

    def leaves(self) -> Iterator[tuple[Node, Node, Node]]:
        """The asserted facts that it rests on."""
        if self.asserted:
            yield self.conclusion
        for premise in self.premises:
            yield from premise.leaves()

    def with_assertions(self, of: Mapping[tuple[Node, Node, Node], tuple[Assertion, ...]]) -> Proof:
        """The same proof, whose leaves say where they are asserted."""
        if self.asserted:
            return replace(self, assertions=of.get(self.conclusion, ()))
        return replace(self, premises=tuple(one.with_assertions(of) for one in self.premises))


@dataclass(frozen=True)
class Proofs:
    """Several proofs of one fact."""

    proofs: tuple[Proof, ...]

    def __str__(self) -> str:
        return "\n\n".join(map(str, self.proofs))

    def to_dict(self) -> dict:
        """The proofs for JSON."""
        return {"proofs": [one.to_dict() for one in self.proofs]}
