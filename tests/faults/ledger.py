"""What a store must hold: entities in versions, what was acknowledged of them, what was under way at a crash."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kb import KnowledgeBase
from kb.graphs import of_source

Quad = tuple[str, str, str, str]
_KEY = re.compile(r"<urn:key:(\d+):\d+>")
MINE = "SELECT ?s ?p ?o { ?s ?p ?o FILTER(STRSTARTS(STR(?s), 'urn:key:')) }"


@dataclass(frozen=True)
class Step:
    """An entity goes from one version to another; None is for not being there."""

    key: int
    before: int | None
    after: int | None
    size: int
    loads: bool = False

    @property
    def source(self) -> str:
        """The source that says it; a load has one of its own."""
        return f"load{self.key}" if self.loads else f"source{self.key % 3}"

    @property
    def message(self) -> str:
        """How the step is found in the log."""
        return f"{self.key} {self.after}"

    def quads(self, version: int | None) -> set[Quad]:
        """The entity's quads in a version."""
        return set() if version is None else set(self._quads(version))

    def _quads(self, version: int) -> Iterator[Quad]:
        graph = f"<{of_source(self.source)}>"
        for number in range(self.size):
            subject = f"<urn:key:{self.key}:{number}>"
            yield subject, f"<urn:p{number % 7}>", f'"{version} {number}"', graph
            yield subject, "<urn:size>", f'"{self.size}"', graph


def plan(
    draws: random.Random, keys: list[int], steps: int, *, size: int, loads: bool, ledger: Ledger
) -> list[Step]:
    """Steps one after another on some entities, as they stand in `ledger`; an entity keeps its size."""
    made = []
    versions = {key: ledger.state_of(key) for key in keys}
    for _ in range(steps):
        key = draws.choice(keys)
        before = versions[key]
        gone = before is not None and not loads and draws.random() < 0.3
        after = None if gone else draws.randrange(1 << 30)
        made.append(Step(key, before, after, 1 + key * 7919 % size, loads))
        versions[key] = after
    return made


@dataclass
class Ledger:
    """The version of every entity; more than one where a crash left it open."""

    versions: dict[int, set[int | None]] = field(default_factory=lambda: defaultdict(lambda: {None}))
    steps: dict[int, Step] = field(default_factory=dict)

    def state_of(self, key: int) -> int | None:
        """The version of one entity, where there is no doubt."""
        (version,) = self.versions[key]
        return version

    def acknowledge(self, step: Step) -> None:
        """A step has happened."""
        self.steps[step.key] = step
        self.versions[step.key] = {step.after}

    def attempt(self, step: Step) -> None:
        """A step may have happened, or not."""
        self.steps[step.key] = step
        self.versions[step.key] = {step.before, step.after}

    def look(self, knowledge: KnowledgeBase) -> dict[int, int | None]:
        """Compare with what a store shows: columns and Oxigraph, every entity whole in a version that it may have.

        A version that was seen once can't go again.
        """
        held: dict[int, set[Quad]] = defaultdict(set)
        for line in b"".join(knowledge.dump()).decode().splitlines():
            quad = _quad(line)
            if found := _KEY.fullmatch(quad[0]):
                held[int(found[1])].add(quad)
        assert set(held) <= set(self.steps)
        seen: dict[int, int | None] = {}
        for key, step in self.steps.items():
            whole = [one for one in self.versions[key] if step.quads(one) == held[key]]
            assert whole, f"entity {key} of {step.size}: {len(held[key])} quads, none of {self.versions[key]}"
            (seen[key],) = whole
            if seen[key] == step.after:
                self.versions[key] = {step.after}
        shown = {(str(row["s"]), str(row["p"]), str(row["o"])) for row in knowledge.query(MINE)}
        assert shown == {quad[:3] for quads in held.values() for quad in quads}
        return seen

    def settle(self, knowledge: KnowledgeBase) -> None:
        """As `look`, with the log, after which nothing is open any more."""
        seen = self.look(knowledge)
        commits = knowledge.log()
        assert [one.number for one in commits] == list(range(1, len(commits) + 1))
        last = {}
        for one in commits:
            if re.fullmatch(r"\d+ (\d+|None)", one.message):
                key, version = one.message.split()
                last[int(key)] = None if version == "None" else int(version)
        assert {key: version for key, version in seen.items() if key in last} == last
        assert all(seen[key] is None for key in set(seen) - set(last))
        self.versions.update({key: {version} for key, version in seen.items()})


def _quad(line: str) -> Quad:
    subject, predicate, rest = line.split(" ", 2)
    value, graph = rest.removesuffix(" .").rsplit(" ", 1)
    return subject, predicate, value, graph


def lines(quads: Iterable[Quad]) -> str:
    """Quads as N-Triples, without their graph."""
    return "".join(f"{s} {p} {o} .\n" for s, p, o, _ in sorted(quads))
